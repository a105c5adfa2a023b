"""The first three steps: the sources' freshness, the models, the critical tests, which freeze the data."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.run import Run
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.settings import Settings
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.payments import PaymentReader
from gcms_tui.operations.ports import Clock, DbtProject, QueryLibrary, Warehouse
from gcms_tui.operations.run_desk import RunDesk
from gcms_tui.operations.runs import DbtRuns


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a step's dbt run is given, and what it was started with."""

    preview: Preview
    argv: tuple[str, ...]


class Checklist:
    """Built only where writing is allowed. Blocking I/O. A step that found something wrong is in the journal as well,
    as not passed: the run that is answered says so."""

    def __init__(
        self,
        settings: Settings,
        *,
        book: Payrolls,
        reader: PaymentReader,
        warehouse: Warehouse,
        queries: QueryLibrary,
        project: DbtProject,
        runs: RunDesk,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._book = book
        self._reader = reader
        self._warehouse = warehouse
        self._queries = queries
        self._project = project
        self._runs = runs
        self._clock = clock

    @property
    def runs(self) -> DbtRuns:
        """Where the step's dbt run is watched, and cancelled."""
        return self._runs.runs

    def freshness(self, run_id: str) -> PayrollRun:
        """Step 1: look at every source that the fact and both dimensions descend from. Raises `Refused`, `GcmsError`
        where nothing at all could be looked at."""
        raise NotImplementedError

    def preview_models(self, run_id: str) -> Preview:
        """Step 2: `build` of the fact with all that it depends on, and of both dimensions. Raises `Refused`."""
        raise NotImplementedError

    def start_models(self, run_id: str, preview: Preview) -> Run:
        """Start exactly what was shown. It is watched as any run is; when it has ended, `settle_models`."""
        raise NotImplementedError

    def settle_models(self, run_id: str, dbt_run: str) -> PayrollRun:
        """Judge the dbt run that has ended. Raises `Refused` where it was not this step's, or has not ended."""
        raise NotImplementedError

    def preview_tests(self, run_id: str) -> Preview:
        """Step 3: `test` of the fact and both dimensions. Raises `Refused`."""
        raise NotImplementedError

    def start_tests(self, run_id: str, preview: Preview) -> Run:
        raise NotImplementedError

    def settle_tests(self, run_id: str, dbt_run: str) -> PayrollRun:
        """Judge the tests, and the concert's payments by our own checks; where all is well, freeze them. Where a
        critical test failed payroll is held."""
        raise NotImplementedError

    def pending(self, run_id: str) -> Run | None:
        """The dbt run of step 2 or 3 that was started for it and is not settled: under way, or ended while nobody
        looked. So a wizard is taken up again."""
        raise NotImplementedError
