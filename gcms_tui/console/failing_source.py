"""Reads failing tests and their rows off the loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from gcms_tui.console.glyphs import Glyphs
from gcms_tui.console.widgets.row_table import TableText, table_text
from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.failing_tests import FailingRows, FailingTest
    from gcms_tui.operations.run_desk import RunDesk


@dataclass
class TestsRead(Message):
    """The failing tests of the run."""

    tests: tuple[FailingTest, ...]
    ran: int
    """How many tests ran; of a run with failing ones at least these."""
    target: str
    """The run's; empty where it is not known."""


@dataclass
class RowsRead(Message):
    """One test's rows and SQL, or why there are none."""

    unique_id: str
    rows: FailingRows | GcmsError
    table: TableText
    sql: str | GcmsError | None


class FailingSource:
    """Its methods block: one thread at a time."""

    def __init__(self, desk: RunDesk, run_id: str, glyphs: Glyphs) -> None:
        self._failing = desk.failing
        self._shelf = desk.shelf
        self._run_id = run_id
        self._glyphs = glyphs

    def tests(self) -> TestsRead:
        """Raises `GcmsError` where the run left no results of its own."""
        tests = self._failing.of(self._run_id)
        target = self._shelf.run(self._run_id).record.target
        return TestsRead(tests, len(tests) or self._failing.ran(self._run_id), target)

    def rows(self, unique_id: str) -> RowsRead:
        rows: FailingRows | GcmsError
        try:
            rows = self._failing.rows(self._run_id, unique_id)
        except GcmsError as error:
            rows = error
        return self._read(unique_id, rows)

    def revealed(self, unique_id: str) -> RowsRead:
        """With personal columns unmasked, which stands in the journal before this returns. Raises `GcmsError`."""
        return self._read(unique_id, self._failing.rows(self._run_id, unique_id, reveal=True))

    def _read(self, unique_id: str, rows: FailingRows | GcmsError) -> RowsRead:
        return RowsRead(unique_id, rows, self._table(rows), self._sql(unique_id))

    def _table(self, rows: FailingRows | GcmsError) -> TableText:
        if isinstance(rows, GcmsError):
            return TableText()
        quiet = () if rows.revealed else rows.personal
        return table_text(rows.rows.columns, rows.rows.rows, self._glyphs, quiet)

    def _sql(self, unique_id: str) -> str | GcmsError | None:
        try:
            return self._failing.sql(self._run_id, unique_id)
        except GcmsError as error:
            return error
