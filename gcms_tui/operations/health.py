"""The morning check: every check at once, each answered or unknown, and the key metrics that follow from them."""

from __future__ import annotations

import difflib
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import TypeVar

from gcms_tui.core import metrics
from gcms_tui.core.conclusion import Conclusion, unknown
from gcms_tui.core.dbt_runs import ModelRuns
from gcms_tui.core.errors import GcmsError, UsageError
from gcms_tui.core.finding import Finding, HealthReport, Point, Provenance
from gcms_tui.core.gold_tests import Tally
from gcms_tui.core.payroll_accuracy import Agreement
from gcms_tui.core.settings import Settings
from gcms_tui.operations import checks
from gcms_tui.operations.checks import Check, Outcome, Remembered
from gcms_tui.operations.ports import Clock, DbtProject, HealthHistory, LastHealth, QueryLibrary, Warehouse
from gcms_tui.operations.questions import DbtFiles, Link, Questions

_MOST_CHECKS_AT_ONCE = 64
M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class _Answered:
    finding: Finding
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Metric:
    """A figure that follows from what the checks of the same pass have found."""

    name: str
    section: str
    target: str
    alert: str
    needs: str
    """The name of the check that it derives from, or the beginning of their names."""
    judge: Callable[[Mapping[str, _Answered]], Conclusion]


class Health:
    """The health of one target. `examine` may be called from any thread, one call at a time."""

    def __init__(
        self,
        settings: Settings,
        target: str,
        warehouse: Warehouse,
        project: DbtProject,
        queries: QueryLibrary,
        clock: Clock,
        history: HealthHistory,
        last: LastHealth,
    ) -> None:
        self._settings = settings
        self._target = target
        self._warehouse = warehouse
        self._project = project
        self._queries = queries
        self._clock = clock
        self._history = history
        self._last = last
        self._remembered = Remembered()

    def names(self) -> tuple[str, ...]:
        """Every finding that `examine` would answer, in the runbook's order. Reads dbt's manifest, nothing else."""
        return _names(*self._plan(DbtFiles(self._project)))

    def examine(
        self, only: tuple[str, ...] | None = None, on_finding: Callable[[Finding], None] | None = None
    ) -> HealthReport:
        """Look now, at everything or at the findings named in `only`, and keep what was found.

        `on_finding` hears each finding as it comes, in the calling thread. Raises `UsageError` for an unknown name;
        whatever else goes wrong is an UNKNOWN finding, or a note of the report.
        """
        files = DbtFiles(self._project)
        planned, derived = self._plan(files)
        names = _names(planned, derived)
        wanted = _wanted(only, names)
        derived = [metric for metric in derived if metric.name in wanted]
        planned = [
            check
            for check in planned
            if check.name in wanted or any(check.name.startswith(metric.needs) for metric in derived)
        ]
        answered: dict[str, _Answered] = {}
        for answer in self._answers(planned, derived, files):
            answered[answer.finding.name] = answer
            if on_finding and answer.finding.name in wanted:
                on_finding(answer.finding)
        findings = tuple(answered[name].finding for name in names if name in wanted)
        report = HealthReport(self._target, self._clock(), findings)
        report = replace(report, notes=files.notes())
        return replace(report, notes=report.notes + self._keep(report, whole=not only))

    def series(self, name: str) -> tuple[Point, ...]:
        """Past values of one finding, oldest first. Raises `GcmsError` where they cannot be read."""
        return self._history.series(self._target, name)

    def close(self) -> None:
        """End the connections; a running `examine` then ends soon, with what it has."""
        self._warehouse.close()

    def _plan(self, files: DbtFiles) -> tuple[list[Check], list[_Metric]]:
        settings, target, clock, remembered = self._settings, self._target, self._clock, self._remembered
        sources = {source.table: source for source in settings.sources}
        versioned, why_none = checks.scd2_tables(settings, files)
        named = checks.table_names(sources)
        planned = [
            checks.last_run_check(target, clock),
            *(checks.freshness_check(named[table], source, remembered) for table, source in sources.items()),
            checks.gold_tests_check(target, clock),
            checks.fact_check(settings.payroll, sources.values(), remembered, self._rows_before),
            *(checks.scd2_check(name, found, remembered) for name, found in versioned.items()),
            checks.payroll_check(settings.payroll),
        ]
        return planned, _metrics(why_none)

    def _answers(self, planned: list[Check], derived: list[_Metric], files: DbtFiles) -> Iterable[_Answered]:
        """Each check's answer as it comes, and each metric as soon as all that it derives from is there."""
        answered: dict[str, _Answered] = {}
        waiting = {metric.name: metric for metric in derived}
        needs = {
            metric.name: {check.name for check in planned if check.name.startswith(metric.needs)} for metric in derived
        }
        reads = ThreadPoolExecutor(max(self._settings.snowflake.connections, 1), "read")
        workers = ThreadPoolExecutor(max(min(len(planned), _MOST_CHECKS_AT_ONCE), 1), "check")
        try:
            link = Link(self._warehouse, self._queries, reads)
            running: list[Future[_Answered]] = [
                workers.submit(self._answer, check, Questions(link, files)) for check in planned
            ]
            for future in as_completed(running):
                answer = future.result()
                answered[answer.finding.name] = answer
                yield answer
                for name in [name for name in waiting if needs[name] <= answered.keys()]:
                    yield self._derive(waiting.pop(name), {need: answered[need] for need in needs[name]})
            for metric in waiting.values():  # nothing at all to derive from
                yield self._derive(metric, {})
        finally:
            for executor in (workers, reads):
                executor.shutdown(wait=False, cancel_futures=True)

    def _answer(self, check: Check, questions: Questions) -> _Answered:
        began = time.monotonic()
        try:
            outcome = check.judge(questions)
        except GcmsError as error:
            outcome = Outcome(unknown(f"{error.title}: {error.message}", error.next_step or _NEXT_DOCTOR))
        except Exception as error:  # noqa: BLE001 - a bug in one check must not take the others' answers away
            outcome = Outcome(_bug(error))
        elapsed_ms = round((time.monotonic() - began) * 1000)
        finding = self._finding(check, outcome.conclusion, questions.provenance(), elapsed_ms)
        return _Answered(finding, outcome)

    def _derive(self, metric: _Metric, needed: Mapping[str, _Answered]) -> _Answered:
        try:
            conclusion = metric.judge(needed)
        except Exception as error:  # noqa: BLE001 - as above
            conclusion = _bug(error)
        provenance = [origin for answer in needed.values() for origin in answer.finding.provenance]
        elapsed_ms = max((answer.finding.elapsed_ms for answer in needed.values()), default=0)
        finding = self._finding(metric, conclusion, tuple(dict.fromkeys(provenance)), elapsed_ms)
        return _Answered(finding, Outcome(conclusion))

    def _finding(
        self, asked: Check | _Metric, conclusion: Conclusion, provenance: tuple[Provenance, ...], elapsed_ms: int
    ) -> Finding:
        return Finding(
            name=asked.name,
            section=asked.section,
            verdict=conclusion.verdict,
            summary=conclusion.summary,
            taken_at=self._clock(),
            value=conclusion.value,
            unit=conclusion.unit,
            target=asked.target,
            alert=asked.alert,
            elapsed_ms=elapsed_ms,
            provenance=provenance,
            evidence=conclusion.evidence,
            next_step=conclusion.next_step,
        )

    def _rows_before(self) -> int | None:
        """What the last look at this target counted in the fact."""
        report = self._last.load()
        fact = report.finding(f"fact.{self._settings.payroll.fact.name.lower()}") if report else None
        if report is None or fact is None or report.target != self._target:
            return None
        if "row_count" not in fact.evidence.columns or not fact.evidence.rows:
            return None
        rows = fact.evidence.rows[0][fact.evidence.columns.index("row_count")]
        return rows if isinstance(rows, int) else None

    def _keep(self, report: HealthReport, *, whole: bool) -> tuple[str, ...]:
        """Keep the report for the next look; what goes wrong in that is told, and changes no verdict."""
        notes = []
        before = None if whole else self._last.load()
        latest = before.updated(report) if before and before.target == report.target else report
        for keep, kept in ((self._last.save, latest), (self._history.record, report)):
            try:
                keep(kept)
            except GcmsError as error:
                notes.append(f"{error.title}: {error.message}")
        return tuple(dict.fromkeys(notes))


_NEXT_DOCTOR = "gcms-tui doctor tells what can be reached and what cannot."


def _bug(error: Exception) -> Conclusion:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return unknown(
        f"internal error in {place.name}, line {place.lineno} of {place.filename.rpartition('/')[2]}: {error!r}",
        "The other findings stand. Please report this with the statement shown.",
    )


def _names(planned: list[Check], derived: list[_Metric]) -> tuple[str, ...]:
    return (*(check.name for check in planned), *(metric.name for metric in derived))


def _wanted(only: tuple[str, ...] | None, names: tuple[str, ...]) -> set[str]:
    for name in only or ():
        if name not in names:
            near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
            raise UsageError(
                "No such finding",
                f"{name!r} is none of the findings.",
                f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(names)}.",
            )
    return set(only or names)


def _metrics(why_no_scd2: str) -> list[_Metric]:
    def run_success(needed: Mapping[str, _Answered]) -> Conclusion:
        return metrics.judge_run_success(_measure(needed, ModelRuns))

    def test_pass(needed: Mapping[str, _Answered]) -> Conclusion:
        return metrics.judge_test_pass(_measure(needed, Tally), needed["tests.gold"].finding)

    def oldest_source(needed: Mapping[str, _Answered]) -> Conclusion:
        return metrics.judge_oldest_source([answer.finding for answer in needed.values()])

    def duplicates(needed: Mapping[str, _Answered]) -> Conclusion:
        known = {
            name: answer.outcome.measure for name, answer in needed.items() if isinstance(answer.outcome.measure, int)
        }
        return metrics.judge_duplicates([answer.finding for answer in needed.values()], known, why_no_scd2)

    def agreement(needed: Mapping[str, _Answered]) -> Conclusion:
        return metrics.judge_agreement(_measure(needed, Agreement), needed["payroll.accuracy"].finding)

    target, alert = metrics.RUN_SUCCESS_TARGET, metrics.RUN_SUCCESS_ALERT
    return [
        _Metric("metric.run_success", "K1", f">= {target} %", f"< {alert} %", "dbt.last_run", run_success),
        _Metric("metric.test_pass", "K2", "100 %", "any critical fails", "tests.gold", test_pass),
        _Metric("metric.freshness", "K3", "< 24 h", "> 48 h", "freshness.", oldest_source),
        _Metric("metric.scd2", "K4", "0", "any duplicate", "scd2.", duplicates),
        _Metric("metric.payroll_accuracy", "K5", "100 %", "any discrepancy", "payroll.accuracy", agreement),
    ]


def _measure(needed: Mapping[str, _Answered], kind: type[M]) -> M | None:
    return next(
        (answer.outcome.measure for answer in needed.values() if isinstance(answer.outcome.measure, kind)), None
    )
