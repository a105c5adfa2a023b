"""What the SCD2 pane knows, and the rows that follow from it. Pure: no Textual, no clock of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gcms_tui.console.present import age_text
from gcms_tui.console.scd2.words import DEFECTS, DUPLICATES
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.verdict import Verdict, worst

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.scd2.scan import TableScan
    from gcms_tui.core.scd2.table import InForce
    from gcms_tui.operations.scd2.tables import Listed


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one table."""

    scan: TableScan | None = None
    """The newest that succeeded."""
    in_force: InForce | None = None
    """The convention that its closed versions follow."""
    error: GcmsError | None = None
    """Why the newest scan failed."""
    written: bool = False
    """Somebody has written since the scan."""


@dataclass(frozen=True, slots=True)
class TablesState:
    listed: tuple[Listed, ...] | None = None
    """None before they were asked for."""
    known: Mapping[str, Known] = field(default_factory=dict)
    pending: tuple[str, ...] = ()
    """Tables to be scanned, in this order; the first is being scanned."""
    error: GcmsError | None = None
    """Why the tables could not be listed."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One table."""

    key: str
    listed: Listed
    known: Known
    verdict: Verdict
    duplicates: str
    """In words: `3 keys duplicate`; empty where nothing is known."""
    others: str
    """The other classes that were found, or why nothing is known."""
    age: str
    scanning: bool = False
    stale: bool = False

    @property
    def heading(self) -> str:
        return ""


def listed(state: TablesState, tables: tuple[Listed, ...]) -> TablesState:
    """What is known of a table that is still there stays."""
    names = {table.name for table in tables}
    known = {name: known for name, known in state.known.items() if name in names}
    return replace(state, listed=tables, known=known, error=None)


def wanted(state: TablesState, names: tuple[str, ...], *, first: bool = False) -> TablesState:
    """Some tables are to be scanned; `first`: before those that wait already, but behind the one under way."""
    new = tuple(name for name in names if name not in state.pending[:1])
    under_way, waiting = state.pending[:1], tuple(name for name in state.pending[1:] if name not in new)
    return replace(state, pending=(*under_way, *new, *waiting) if first else (*under_way, *waiting, *new))


def scanned(state: TablesState, name: str, found: TableScan | GcmsError, in_force: InForce | None) -> TablesState:
    """One scan has ended. What was known before a failed one stays, and counts as old."""
    before = state.known.get(name, Known())
    known = replace(before, error=found) if isinstance(found, GcmsError) else Known(found, in_force)
    pending = tuple(one for one in state.pending if one != name)
    return replace(state, known={**state.known, name: known}, pending=pending)


def written(state: TablesState, name: str) -> TablesState:
    """Somebody has written to a table: what is known of it is old."""
    before = state.known.get(name, Known())
    return replace(state, known={**state.known, name: replace(before, written=True)})


def rows(state: TablesState, now: datetime, ttl: timedelta, words: str = "") -> tuple[TableRow, ...]:
    """In the order they are listed. `words` keeps tables that hold all of them, in their name or in what is wrong."""
    made = (_row(state, table, now, ttl) for table in state.listed or ())
    return tuple(row for row in made if _matches(row, words))


def _row(state: TablesState, table: Listed, now: datetime, ttl: timedelta) -> TableRow:
    known = state.known.get(table.name, Known())
    scan = known.scan
    stale = scan is not None and (known.written or known.error is not None or not _fresh(now - scan.taken_at, ttl))
    duplicates, others = _found(scan)
    if known.error is not None:
        duplicates, others = "", f"scan failed: {known.error.title}"
    return TableRow(
        key=table.name,
        listed=table,
        known=known,
        verdict=verdict(table, known),
        duplicates=duplicates,
        others=table.problem and f"cannot be checked: {table.problem}" or others,
        age="" if scan is None else age_text(now - scan.taken_at, young="now"),
        scanning=table.name in state.pending[:1],
        stale=stale,
    )


def _fresh(age: timedelta, ttl: timedelta) -> bool:
    from gcms_tui.core.freshness import CLOCK_SKEW

    return -CLOCK_SKEW <= age <= ttl


def _found(scan: TableScan | None) -> tuple[str, str]:
    if scan is None:
        return "", "not looked at yet"
    if not scan.rows:
        return "", "no versions at all: nothing is known"
    others = [f"{number:,} {DEFECTS[name].short}" for name, number in scan.found.items() if name != DUPLICATES]
    number = scan.defects[DUPLICATES]
    return f"{counted(number, 'key')} duplicate" if number else "none duplicate", ", ".join(others)


def verdict(table: Listed, known: Known) -> Verdict:
    """Nothing looked at, nothing in it, or a look that failed: UNKNOWN."""
    if table.problem or known.error is not None or known.scan is None or not known.scan.rows:
        return Verdict.UNKNOWN
    return Verdict.FAIL if known.scan.found else Verdict.OK


def overall(rows: tuple[TableRow, ...]) -> Verdict:
    """Of all tables; one that is old, or being looked at, takes the green away."""
    return worst(Verdict.UNKNOWN if row.stale and row.verdict is Verdict.OK else row.verdict for row in rows)


def _matches(row: TableRow, words: str) -> bool:
    text = f"{row.listed.table} {row.key} {row.verdict.name} {row.duplicates} {row.others}".casefold()
    return all(word in text for word in words.casefold().split())
