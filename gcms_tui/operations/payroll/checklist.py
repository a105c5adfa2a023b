"""The first three steps: the sources' freshness, the models, the critical tests, which freeze the data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

from gcms_tui.core.conclusion import counted
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import ArtifactError, RunResults
from gcms_tui.core.errors import GcmsError, Refused, StatementFailed, Unavailable, UsageError
from gcms_tui.core.finding import EVIDENCE_LIMIT
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.models import judge_models
from gcms_tui.core.payroll.problems import accuracy_problems, payment_problems
from gcms_tui.core.payroll.run import PayrollRun, PayrollState
from gcms_tui.core.payroll.sources import SourceLook, ancestry, builds, judge_sources
from gcms_tui.core.payroll.started import Started, outdated, settled, started, unsettled
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.payroll.tests_passed import JudgedTests, Wanted, judge_tests
from gcms_tui.core.run import Run
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.run_retry import selectors
from gcms_tui.core.settings import Settings
from gcms_tui.operations import judged_run
from gcms_tui.operations.payroll.book import AtStep, Payrolls
from gcms_tui.operations.payroll.holding import CRITICAL_TEST
from gcms_tui.operations.payroll.payments import PaymentReader, PaymentsRead
from gcms_tui.operations.payroll.source_looks import SourceReader
from gcms_tui.operations.ports import Clock, DbtProject, QueryLibrary, Warehouse
from gcms_tui.operations.run_desk import RunDesk
from gcms_tui.operations.runs import DbtRuns

_SAID = 5
"""So many problems are told in a step's words; the journal has all of them."""


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
        self._holds_for = timedelta(hours=settings.payroll.checks_hold_h)

    @property
    def runs(self) -> DbtRuns:
        """Where the step's dbt run is watched, and cancelled."""
        return self._runs.runs

    # -- 1 -----------------------------------------------------------------------------------------------------------

    def freshness(self, run_id: str) -> PayrollRun:
        """Step 1: look at every source that the fact and both dimensions descend from. Raises `Refused`, `GcmsError`
        where nothing at all could be looked at."""
        within = self._settings.payroll.source_within_h
        with self._book.at(run_id, Step.FRESHNESS) as at:
            looks, problems = self._sources()
            passed, words = judge_sources(looks, problems, within, self._clock())
            said = {
                "sources": [look.document() for look in looks],
                "within_h": str(within),
                "query_ids": [look.query_id for look in looks if look.query_id],
            }
            return _note(at, Step.FRESHNESS, passed, words, said)

    def _sources(self) -> tuple[tuple[SourceLook, ...], tuple[str, ...]]:
        try:
            above = ancestry(self._project.manifest(), self._tables)
        except ArtifactError as error:
            return (), (f"which sources payroll descends from is not known: {error.message} ({error.next_step})",)
        reader = SourceReader(self._settings, self._warehouse, self._queries, self._project)
        return reader.look(above.sources), above.problems

    # -- 2 -----------------------------------------------------------------------------------------------------------

    def preview_models(self, run_id: str) -> Preview:
        """Step 2: `run` of the fact with all that it depends on, and of both dimensions; the tests are the next step's.
        A `build` would pass over the fact where a test further up fails, and leave the one of before to be looked at.

        Raises `Refused`.
        """
        return self._preview(run_id, Step.MODELS)

    def start_models(self, run_id: str, preview: Preview) -> Run:
        """Start exactly what was shown. It is watched as any run is; when it has ended, `settle_models`."""
        with self._book.at(run_id, Step.MODELS) as at:
            return self._start(at, Step.MODELS, preview)

    def settle_models(self, run_id: str, dbt_run: str) -> PayrollRun:
        """Judge the dbt run that has ended; one that was judged already changes nothing.

        Raises `Refused`: guards `not_this_step`, `running`, `outdated` (it began before the ground of the step fell),
        `another_host`, and the gates.
        """
        if settled(known := self._book.get(run_id), dbt_run):
            return known
        with self._ended(run_id, Step.MODELS, dbt_run) as (at, item, run):
            if settled(at.run, dbt_run):
                return at.run
            results, manifest = self._left(run)
            payroll, why = self._payroll_nodes(manifest)
            judged = judge_models(run, results, manifest, payroll)
            words = why if judged.passed and why else judged.words
            said = {"run": dbt_run, "argv": list(item.argv)}
            return _note(at, Step.MODELS, judged.passed and not why, words, said)

    # -- 3 -----------------------------------------------------------------------------------------------------------

    def preview_tests(self, run_id: str) -> Preview:
        """Step 3: `test` of the fact, of all that it depends on, and of both dimensions: a service that is counted
        twice breaks no rule of the fact where another one was missed. Raises `Refused`."""
        return self._preview(run_id, Step.TESTS)

    def start_tests(self, run_id: str, preview: Preview) -> Run:
        """As `start_models`. What the data is before they begin is remembered with it."""
        with self._book.at(run_id, Step.TESTS) as at:
            before = self._reader.of(at.run).frozen
            return self._start(at, Step.TESTS, preview, fingerprint=before.fingerprint, payees=before.payees)

    def settle_tests(self, run_id: str, dbt_run: str) -> PayrollRun:
        """Judge the tests, and the concert's payments by our own checks; where all is well, freeze them. Where a
        critical test failed payroll is held.

        Raises as `settle_models`, and `Refused`: guards `dbt_running` (another dbt may be changing the data), `fact`.
        """
        if settled(known := self._book.get(run_id), dbt_run):
            return known
        with self._ended(run_id, Step.TESTS, dbt_run) as (at, item, run):
            if settled(at.run, dbt_run):
                return at.run
            tested = self._tested(run)
            if tested.critical:
                self._hold(tested, dbt_run)
            if not tested.problems:
                self.runs.require_quiet()
            read, problems, query_ids = self._payments(at.run)
            problems = [*tested.problems, *_changed(item, read), *problems]
            said: dict[str, Any] = {
                "run": dbt_run,
                "argv": list(item.argv),
                "tests": tested.passed,
                "baseline": tested.least,
                "critical": list(tested.critical),
                "problems": problems,
                "query_ids": query_ids,
            }
            if read is None or problems:
                return _note(at, Step.TESTS, False, _some(problems), said)
            said["frozen"] = read.frozen.document()
            words = f"{counted(tested.passed, 'test')} passed; {counted(len(read.payments), 'payment')} frozen"
            return _note(at, Step.TESTS, True, words, said)

    def _tested(self, run: Run) -> JudgedTests:
        results, manifest = self._left(run)
        nodes, why = self._payroll_nodes(manifest)
        if why:
            return JudgedTests(0, (why,))
        wanted = Wanted(
            fact=nodes[0],
            tables=nodes,
            baseline=self._settings.payroll.baseline_tests,
            before=self._tests_before(),
        )
        return judge_tests(run, results, manifest, wanted)

    def _tests_before(self) -> int:
        """How many passed in the newest payroll that was closed."""
        for run in self._book.all():
            if run.state is PayrollState.CLOSED and (check := run.checks.get(Step.TESTS)) is not None:
                number = check.said.get("tests")
                return number if isinstance(number, int) else 0
        return 0

    def _hold(self, tested: JudgedTests, dbt_run: str) -> None:
        """Unless it is held for such a test already, by somebody who saw it before."""
        holds = self._book.holds
        if not any(hold.hold_id and hold.cause == CRITICAL_TEST for hold in holds.open()):
            holds.set(CRITICAL_TEST, f"{', '.join(tested.critical)} failed in {dbt_run}")

    def _payments(self, run: PayrollRun) -> tuple[PaymentsRead | None, list[str], list[str]]:
        """The payments, what of them must not be paid, and the queries' ids."""
        payroll = self._settings.payroll
        try:
            read = self._reader.of(run)
        except (Refused, Unavailable, StatementFailed):
            raise
        except GcmsError as error:  # what came is no money
            return None, [error.message], []
        asked = self._queries.get("payroll_concert_discrepancies").render(
            {"fact": payroll.fact, "source_payment": payroll.source_payment},
            {"concert_id": run.concert_id, "tolerance": payroll.tolerance, "limit": EVIDENCE_LIMIT},
        )
        answer = self._warehouse.read(asked)
        problems = [*payment_problems(read.payments), *accuracy_problems(answer.records())]
        return read, problems, [asked for asked in (read.query_id, answer.query_id) if asked]

    # -- both --------------------------------------------------------------------------------------------------------

    def pending(self, run_id: str, step: Step | None = None) -> Run | None:
        """The dbt run of step 2 or 3, or of `step` alone, that was started for it and is not settled: under way, or
        ended while nobody looked. So a wizard is taken up again. None also where another host has it."""
        run = self._book.get(run_id)
        if run.state is not PayrollState.ACTIVE or run.released is not None:
            return None
        for item in unsettled(run, self._clock(), self._holds_for):
            if step in (None, item.step):
                with suppress(UsageError):
                    return self._runs.shelf.run(item.dbt_run)
        return None

    def step_of(self, run_id: str, dbt_run: str) -> Step | None:
        """Which step it was started for; None where it was for none of this run."""
        run = self._book.get(run_id)
        return next((item.step for item in started(run) if item.dbt_run == dbt_run), None)

    @property
    def _tables(self) -> tuple[Relation, Relation, Relation]:
        payroll = self._settings.payroll
        return payroll.fact, payroll.dim_musician, payroll.dim_concert

    def _command(self, step: Step) -> DbtCommand:
        """Raises `Refused` (guard `models`) where the project's models cannot be named, `ArtifactError`."""
        manifest = self._project.manifest()
        nodes, why = self._payroll_nodes(manifest)
        names = [selectors((unique_id,), manifest.nodes)[0] for unique_id in nodes]
        if why or not all(names):
            raise Refused(
                "dbt does not know them",
                f"{why or 'Names of the models mean several nodes'}.",
                "Correct fact, dim_musician and dim_concert under [payroll] in gcms.toml, or run dbt parse.",
                guard="models",
            )
        fact, *dimensions = (name for (name,) in names)
        return DbtCommand("run" if step is Step.MODELS else "test", (f"+{fact}", *dimensions))

    def _payroll_nodes(self, manifest: Manifest | ArtifactError) -> tuple[tuple[str, ...], str]:
        """dbt's ids of the fact and both dimensions, and why they are not known where they are not."""
        if isinstance(manifest, ArtifactError):
            return (), f"what dbt builds is not known: {manifest.message}"
        found = []
        for table in self._tables:
            nodes = builds(manifest, table)
            if len(nodes) != 1:
                many = "no model builds" if not nodes else f"{len(nodes)} models build"
                return (), f"{many} {table} by the manifest"
            found.append(nodes[0].unique_id)
        return tuple(found), ""

    def _preview(self, run_id: str, step: Step) -> Preview:
        if refusal := self._book.refusal(self._book.get(run_id), step):
            raise refusal
        return self.runs.preview(self._command(step))

    def _start(self, at: AtStep, step: Step, preview: Preview, **data: str) -> Run:
        if preview.command != self._command(step):
            raise Refused(
                "Another command",
                f"dbt {' '.join(preview.command.words)} is not what {step.number} {step.named} runs.",
                "Look at a new preview, and start that.",
                guard="preview",
            )
        said = {"step": step.value, "run": preview.run_id, "argv": list(preview.argv), **data}
        at.note(events.STARTED, said)
        try:
            return self.runs.start(preview, preview.confirmation)
        except GcmsError as error:
            with suppress(GcmsError):  # what was to be told is the error itself
                at.note(events.STARTED, {**said, "not_started": f"{error.title}: {error.message}"})
            raise

    @contextmanager
    def _ended(self, run_id: str, step: Step, dbt_run: str) -> Iterator[tuple[AtStep, Started, Run]]:
        """The payroll run, held at `step`, with the dbt run that is to be judged."""
        with self._book.at(run_id, step) as at:
            item = next((item for item in started(at.run) if item.dbt_run == dbt_run and item.step is step), None)
            again = f"Start it again: gcms-tui payroll step {at.run.run_id} {step.value}"
            if item is None:
                raise Refused(
                    "Not of this step",
                    f"{dbt_run} was not started for {step.number} {step.named} of {at.run.run_id}.",
                    again,
                    guard="not_this_step",
                )
            why = outdated(at.run, item, self._clock(), self._holds_for)
            if why and not settled(at.run, dbt_run):
                raise Refused("It no longer counts", f"{dbt_run}: {why}.", again, guard="outdated")
            yield at, item, judged_run.ended(self._runs.shelf, item.dbt_run, item.by.person.host)

    def _left(self, run: Run) -> tuple[RunResults | ArtifactError, Manifest | ArtifactError]:
        """What the dbt run left: its own, and of no other invocation."""
        shelf = self._runs.shelf
        results = judged_run.results(shelf, run)
        try:
            return results, shelf.manifest(run.run_id)
        except ArtifactError as error:
            return results, error


def _note(at: AtStep, step: Step, passed: bool, words: str, said: dict[str, Any]) -> PayrollRun:
    return at.note(events.CHECKED, {"step": step.value, "passed": passed, "words": words, **said})


def _changed(item: Started, read: PaymentsRead | None) -> list[str]:
    if read is None or item.data == (read.frozen.fingerprint, read.frozen.payees):
        return []
    return ["the data changed while the tests ran: what they passed is not what is there now"]


def _some(problems: list[str]) -> str:
    more = f"; and {len(problems) - _SAID} more" if len(problems) > _SAID else ""
    return "; ".join(problems[:_SAID]) + more
