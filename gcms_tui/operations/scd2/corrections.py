"""The monthly review of retroactive corrections, with a note on what they came from."""

from __future__ import annotations

from datetime import timedelta

from gcms_tui.core.conclusion import whole
from gcms_tui.core.scd2.corrections import TOLERANCE, Review, minutes_of, months_of
from gcms_tui.operations.ports import Clock, QueryLibrary, Warehouse
from gcms_tui.operations.scd2.browse import provenance
from gcms_tui.operations.scd2.notes import Note, Notes
from gcms_tui.operations.scd2.tables import Scd2Tables
from gcms_tui.operations.writing.ports import JournalBook

CORRECTIONS = "scd2.corrections"
"""The journal's kind of a note on a review."""


class Corrections:
    """Blocking I/O; safe from several threads. `read_only_reason`: who forbids writing; empty where it is allowed."""

    def __init__(
        self,
        tables: Scd2Tables,
        warehouse: Warehouse,
        queries: QueryLibrary,
        *,
        journal: JournalBook,
        clock: Clock,
        read_only_reason: str = "",
    ) -> None:
        self._tables = tables
        self._warehouse = warehouse
        self._queries = queries
        self._clock = clock
        self._notes = Notes(journal, CORRECTIONS, read_only_reason)

    def review(self, name: str, tolerance: timedelta = TOLERANCE) -> Review:
        """The last twelve months with any. Raises `GcmsError` where the table cannot be read."""
        table = self._tables.get(name)
        counting = table.render(self._queries.get("row_count"))
        counted = self._warehouse.read(counting)
        asked = table.render(self._queries.get("scd2_late_corrections"), {"tolerance_minutes": minutes_of(tolerance)})
        answer = self._warehouse.read(asked)
        return Review(
            table=str(table.relation),
            tolerance=tolerance,
            rows=whole(counted.records()[0]["row_count"]),
            months=months_of(answer.records(), self._clock().date()),
            taken_at=answer.taken_at,
            provenance=(provenance(asked, answer), provenance(counting, counted)),
        )

    def note(self, name: str, text: str, review: Review | None = None) -> Note:
        """Write down what the corrections came from, beside what `review` says.

        Raises `Refused` (guard `note`) for a blank one, and (guard `read_only`) where nothing may be written.
        """
        self._notes.require_open(text)
        seen = review or self.review(name)
        months = [f"{month.label}: {month.corrections} of {month.keys} keys" for month in seen.months]
        return self._notes.write(seen.table, None, text, {"report": [seen.words, *months]})

    def notes(self, name: str) -> tuple[Note, ...]:
        """Oldest first."""
        return self._notes.of(str(self._tables.get(name).relation), None)
