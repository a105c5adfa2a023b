"""Backups as the journal knows them, beside what stands in the warehouse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.archive import Lasting
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.doubt import Verdict as Became
from gcms_tui.core.writing.journal import INTENT, OUTCOME, SETTLED, Entry
from gcms_tui.core.writing.plan import PlanKind


@dataclass(frozen=True, slots=True)
class Made:
    """A clone that a write of ours has made."""

    clone: Relation
    table: Relation
    target: str
    write_id: str
    made_at: datetime
    user: str
    host: str
    kind: str
    """`permanent` or `transient`."""
    rows: int | None
    """As it was counted then; None where the write was settled by looking."""


class Standing(StrEnum):
    """How the journal and the warehouse agree on a backup."""

    THERE = "there"
    GONE = "gone"
    """The journal knows it, and it is not there, or the role may not see it."""
    CHANGED = "changed"
    """It holds another number of rows than it was made with."""
    NOT_OURS = "not ours"
    """Its name looks so, and the journal knows of no write that made it."""
    NOT_SEEN = "not seen"
    """The warehouse could not be asked."""

    @property
    def verdict(self) -> Verdict:
        return _VERDICTS[self]


_VERDICTS = {Standing.THERE: Verdict.OK, Standing.CHANGED: Verdict.WARN, Standing.NOT_OURS: Verdict.WARN,
             Standing.GONE: Verdict.FAIL, Standing.NOT_SEEN: Verdict.UNKNOWN}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Backup:
    """One of the list."""

    clone: str
    table: str
    standing: Standing
    kind: str
    rows: int | None
    """As it holds now; where it is not there, as it was made with."""
    made_at: datetime | None
    whose: str
    """Who made it, as the journal knows; else the role that owns it."""
    run_id: str = ""
    """The set that it belongs to."""


def fold_made(entries: Iterable[Entry], target: str) -> tuple[Made, ...]:
    """Clones of a target that are known to have been made, newest first. `entries` newest first, as they are read. An
    intent that somebody edited so that it names no table is passed over: the journal's chain tells of that."""
    ended: dict[str, tuple[str, int | None]] = {}
    found: list[Made] = []
    for entry in entries:
        said = entry.said
        if entry.kind in (OUTCOME, SETTLED) and Became.APPLIED in (said.get("outcome"), said.get("verdict")):
            rows = said.get("rows")
            ended[entry.subject] = (entry.at, rows if isinstance(rows, int) else None)
        elif entry.kind == INTENT and entry.subject in ended and said.get("kind") == PlanKind.BACKUP:
            clone, table = _relation(said.get("key")), _relation(said.get("table"))
            if said.get("target") != target or clone is None or table is None:
                continue
            at, rows = ended.pop(entry.subject)
            found.append(
                Made(
                    clone=clone,
                    table=table,
                    target=target,
                    write_id=entry.subject,
                    made_at=datetime.fromisoformat(at),
                    user=entry.user,
                    host=entry.host,
                    kind=_kind(said.get("statements")),
                    rows=rows,
                )
            )
    return tuple(found)


def _relation(name: object) -> Relation | None:
    try:
        return Relation.parse(str(name))
    except ValueError:
        return None


def _kind(statements: object) -> str:
    texts = statements if isinstance(statements, list) else []
    transient = any(str(text).upper().startswith("CREATE TRANSIENT") for text in texts)
    return (Lasting.TRANSIENT if transient else Lasting.PERMANENT).value
