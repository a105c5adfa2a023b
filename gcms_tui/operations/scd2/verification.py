"""After a write: the defect scan of its key, then the table's own dbt tests, both recorded with the write."""

from __future__ import annotations

from gcms_tui.core.conclusion import whole
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.scd2.proof import KeyCheck, TestCheck, judge_tests
from gcms_tui.core.scd2.table import InForce
from gcms_tui.core.scd2.version import Convention
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.ports import QueryLibrary, Warehouse
from gcms_tui.operations.run_desk import RunDesk
from gcms_tui.operations.runs import DbtRuns
from gcms_tui.operations.scd2.tables import Scd2Tables
from gcms_tui.operations.writing.ports import JournalBook

VERIFIED = "scd2.verified"
"""The journal's kind of what was looked at after a write."""

_COUNTED = {
    "overlap": "overlaps",
    "current_but_closed": "current_but_closed",
    "closed_but_open": "closed_but_open",
    "null_flag": "null_flags",
    "null_id": "null_ids",
    "null_begin": "null_begins",
}


class Verification:
    """Blocking I/O. The tests are a run of dbt's like any other: watched, cancelled and kept as those are."""

    def __init__(
        self, tables: Scd2Tables, warehouse: Warehouse, queries: QueryLibrary, runs: RunDesk, journal: JournalBook
    ) -> None:
        self._tables = tables
        self._warehouse = warehouse
        self._queries = queries
        self._runs = runs
        self._journal = journal

    @property
    def runs(self) -> DbtRuns:
        """Where the test run is watched."""
        return self._runs.runs

    def check_key(self, name: str, natural_key: str, in_force: InForce) -> KeyCheck:
        """Raises `GcmsError` where it cannot be looked at."""
        table = self._tables.get(name)
        asked = table.render(self._queries.get("scd2_key_integrity"), {"natural_key_value": natural_key})
        row = {column: whole(value) for column, value in self._warehouse.read(asked).records()[0].items()}
        counts = {name: row[column] for name, column in _COUNTED.items()}
        day_before = in_force.convention is Convention.DAY_BEFORE
        counts["overlap"] += row["instant_overlaps"] if day_before else 0
        counts["inversion"] = row["inverted_by_over_a_day" if day_before else "inverted"]
        counts["shared_scd_id"] = row["row_count"] - row["ids"] - counts["null_id"]
        counts["no_current"] = int(row["current_count"] == 0)
        counts["duplicate_current"] = int(row["current_count"] > 1)
        return KeyCheck(row["row_count"], row["current_count"], {name: n for name, n in counts.items() if n})

    def preview_tests(self, name: str) -> Preview:
        """`dbt test --select <table>`. Raises `Refused` where dbt does not know the table."""
        model = self._tables.model_of(self._tables.get(name))
        return self._runs.runs.preview(DbtCommand("test", (model,)))

    def start_tests(self, preview: Preview) -> Run:
        """Raises `Refused` where no test is selected, or another run holds the lease."""
        return self._runs.runs.start(preview, preview.confirmation)

    def tests_of(self, run_id: str) -> TestCheck:
        """What they said. UNKNOWN where nothing is known: of a run that was cut off the results tell of those tests
        alone that had ended by then."""
        try:
            state = self._runs.shelf.run(run_id).state
            if state not in (RunState.SUCCEEDED, RunState.FAILED):
                return TestCheck(Verdict.UNKNOWN, f"the test run did not come to its end: {state.value}", run_id)
            return judge_tests(self._runs.shelf.results(run_id), run_id)
        except GcmsError as error:
            return TestCheck(Verdict.UNKNOWN, error.message, run_id)

    def record(self, write_id: str, key: KeyCheck | None, tests: TestCheck) -> None:
        """Beside the write in the journal. Raises `GcmsError`."""
        said: dict[str, object] = {
            "tests": {"verdict": tests.verdict.name, "words": tests.words, "run": tests.run_id},
        }
        if key is not None:
            said["key"] = {"verdict": key.verdict.name, "words": key.words, "defects": dict(key.defects)}
        self._journal.append(VERIFIED, write_id, said)


def not_run(error: GcmsError) -> TestCheck:
    """The tests could not even be started."""
    return TestCheck(Verdict.UNKNOWN, f"not run: {error.title}: {error.message}")
