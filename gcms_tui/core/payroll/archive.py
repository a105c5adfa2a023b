"""The archive of a payroll: what it is called, how long it lasts, and what it has to be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum

from gcms_tui.core.conclusion import counted
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.payment import Frozen
from gcms_tui.core.writing.doubt import Verdict
from gcms_tui.core.writing.journal import OUTCOME, SETTLED, Entry

NAME_THE_FACT = "Name the table that payroll is paid from: fact under [payroll] in gcms.toml."
"""What to do where the one that is named is a view."""

_SUFFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,39}")
_MOST = 100
"""So many archives of one day and concert are more than there can be."""


class Lasting(StrEnum):
    """What kind of table it is: its table's own, for a transient one cannot be cloned to a permanent one."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"

    @property
    def query(self) -> str:
        """The one that makes it."""
        return "clone_transient_table" if self is Lasting.TRANSIENT else "clone_table"

    @property
    def warnings(self) -> tuple[str, ...]:
        if self is Lasting.PERMANENT:
            return ()
        return (
            "The table is transient, as dbt builds them, and so is its clone: it has no Fail-safe, and at most a day "
            "of time travel. Once it is dropped it is gone.",
        )

    @classmethod
    def of(cls, query: str) -> Lasting:
        """Made by the query of that name."""
        return next((item for item in cls if item.query == query), cls.PERMANENT)


def archive_name(fact: Relation, day: date, suffix: str = "") -> Relation:
    """`<fact>_<YYYYMMDD>` beside the fact, with `_<suffix>` behind it. Raises `ValueError` for a suffix that would want
    quoting."""
    if suffix and not _SUFFIX.fullmatch(suffix):
        raise ValueError(f"{suffix[:60]!r} is not made of letters, digits and _ alone, at most 40 of them")
    name = f"{fact.name}_{day:%Y%m%d}" + (f"_{suffix}" if suffix else "")
    return Relation(fact.schema, name.upper() if fact.name == fact.name.upper() else name, fact.database)


def suffixes(concert_id: str) -> Iterator[str]:
    """What may stand behind a name that is taken, the best first."""
    if _SUFFIX.fullmatch(concert_id):
        yield concert_id
    yield from (str(number) for number in range(2, _MOST))


def carried_out(entries: Iterable[Entry]) -> bool | None:
    """Whether a write was, by its entries; None where nobody knows yet."""
    for entry in entries:
        if entry.kind in (OUTCOME, SETTLED):
            said = entry.said
            return Verdict.APPLIED in (said.get("outcome"), said.get("verdict"))
    return None


def difference(signed: Frozen, found: Frozen) -> str:
    """How what was found differs from what was signed: by the totals, never by one person's amount."""
    before, now = signed.totals, found.totals
    if not now.entries:
        return "it holds no payment of the concert"
    if (before.entries, before.net) != (now.entries, now.net):
        return (
            f"it holds {counted(now.entries, 'payment')} over {now.net:,.2f}; signed were {before.entries:,} over "
            f"{before.net:,.2f}"
        )
    return "a payment is another one, though the totals are the same"
