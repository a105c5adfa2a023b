"""Which sessions of dbt wrote to a table around some moments, by the warehouse's own history of statements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations

from gcms_tui.core.conclusion import counted
from gcms_tui.core.finding import Scalar

REACHES_BACK = timedelta(days=7)
"""The warehouse tells no more of its history."""
NONE_VISIBLE = "none visible to this role"

_WRITES = frozenset({"INSERT", "MERGE", "UPDATE", "DELETE", "CREATE_TABLE_AS_SELECT", "TRUNCATE_TABLE", "COPY"})
_NODE = re.compile(r'"node_id": ?"(?P<node>[^"]{1,500})"')
_COMMENT = 4_000
"""dbt's comment stands at the end of a statement, or at its beginning."""
_IDS_KEPT = 5


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time around a moment at which a version was written."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One session's statements that wrote to the table. A run builds a table in one session."""

    session_id: str
    user: str
    first_at: datetime
    last_at: datetime | None
    """None while one of them runs."""
    statements: int
    kinds: tuple[str, ...]
    query_ids: tuple[str, ...]
    """The first few."""

    def overlaps(self, other: Session) -> bool:
        return (other.last_at is None or self.first_at < other.last_at) and (
            self.last_at is None or other.first_at < self.last_at
        )


@dataclass(frozen=True, slots=True)
class Sessions:
    """Those that wrote, and why there are none where there are none."""

    words: str
    found: tuple[Session, ...] = ()
    overlapping: tuple[tuple[str, str], ...] = ()
    """Ids of two that wrote at the same time."""


def sessions_of(
    records: Sequence[Mapping[str, Scalar]], node: str, table_name: str, windows: Sequence[Window]
) -> Sessions:
    """From the rows of `dbt_query_history`. `node` is dbt's id of what builds the table; empty where not known."""
    if not records:
        return Sessions(NONE_VISIBLE)
    by_session: dict[str, list[Mapping[str, Scalar]]] = {}
    for record in records:
        if _wrote(record, node, table_name) and _within(record, windows):
            by_session.setdefault(str(record["session_id"]), []).append(record)
    found = sorted((_session(*item) for item in by_session.items()), key=lambda one: (one.first_at, one.session_id))
    both = tuple(
        (first.session_id, second.session_id) for first, second in combinations(found, 2) if first.overlaps(second)
    )
    if not found:
        return Sessions(f"{NONE_VISIBLE} that wrote to the table around these moments")
    said = f"{counted(len(found), 'session')} wrote to the table around these moments"
    return Sessions(
        f"{said}; {counted(len(both), 'pair')} of them at the same time" if both else said, tuple(found), both
    )


def _wrote(record: Mapping[str, Scalar], node: str, table_name: str) -> bool:
    if str(record["query_type"]).upper() not in _WRITES:
        return False
    text = str(record["query_text"] or "")
    signed = _NODE.findall(text[-_COMMENT:]) or _NODE.findall(text[:_COMMENT])
    if not signed:
        return True  # it names the table and writes: better one too many to look at
    said = signed[-1]
    return bool(said == node) if node else said.lower().split(".")[-1] == table_name.lower()


def _within(record: Mapping[str, Scalar], windows: Iterable[Window]) -> bool:
    first, last = _moment(record["start_time"]), _ended(record)
    return first is not None and any(
        first <= window.last and (last is None or window.first <= last) for window in windows
    )


def _session(session_id: str, records: Sequence[Mapping[str, Scalar]]) -> Session:
    began = [at for record in records if (at := _moment(record["start_time"])) is not None]
    ended = [_ended(record) for record in records]
    known = [at for at in ended if at is not None]
    return Session(
        session_id,
        str(records[0]["user_name"]),
        min(began),
        max(known) if len(known) == len(ended) else None,
        len(records),
        tuple(sorted({str(record["query_type"]) for record in records})),
        tuple(str(record["query_id"]) for record in records[:_IDS_KEPT]),
    )


def _ended(record: Mapping[str, Scalar]) -> datetime | None:
    """None while it runs: the warehouse then says 1970."""
    at = _moment(record["end_time"])
    return None if at is None or at.year < 2000 else at


def _moment(value: Scalar) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value
