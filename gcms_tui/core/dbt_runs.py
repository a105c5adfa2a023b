"""dbt's last run, and how many model executions succeed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gcms_tui.core.conclusion import Conclusion, counted, unknown
from gcms_tui.core.dbt_log import DbtLog, Invocation, NodeOutcome
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import WORKING_COMMANDS, ArtifactError, NodeResult, RunResults
from gcms_tui.core.finding import Evidence, Scalar
from gcms_tui.core.freshness import CLOCK_SKEW, age_words, hours
from gcms_tui.core.verdict import Verdict

RUN_WITHIN = timedelta(hours=24)
"""dbt is expected to run once in this time."""

SUCCEEDED = frozenset({"success", "pass", "warn", "no-op", "reused"})
"""Statuses that do not fail a run. A word that is not here and not `skipped` counts as a failure."""

_NEXT_FAILED = (
    "Runbook, Troubleshooting: start with the first failing node, read its message, mend the cause, then run dbt build "
    "from that node on. A failing critical test: Emergency Procedures, Critical Test Failure."
)
_NEXT_STALE = "Runbook, Daily 1: look why the scheduled run did not start, then run dbt build."
_NEXT_UNKNOWN = "Runbook, Daily 1: run dbt build and look again."


@dataclass(frozen=True, slots=True)
class ModelRuns:
    """Model executions over the invocations that the log tells of."""

    succeeded: int
    failed: int
    skipped: int
    invocations: int
    since: datetime | None
    """When the oldest of these invocations began."""

    @property
    def executed(self) -> int:
        return self.succeeded + self.failed


def model_runs(log: DbtLog, target: str, since: datetime | None = None) -> ModelRuns:
    """Invocations that are of another target, older than `since`, or that execute no models, do not count."""
    outcomes: list[NodeOutcome] = []
    counting: list[Invocation] = []
    for invocation in log.invocations:
        if since is not None and invocation.started_at < since:
            continue
        models = [outcome for outcome in invocation.outcomes if outcome.resource_type == "model"]
        if invocation.working and invocation.may_be_of(target) and models:
            counting.append(invocation)
            outcomes += models
    succeeded = sum(outcome.status in SUCCEEDED for outcome in outcomes)
    skipped = sum(outcome.status == "skipped" for outcome in outcomes)
    return ModelRuns(
        succeeded,
        len(outcomes) - succeeded - skipped,
        skipped,
        len(counting),
        counting[0].started_at if counting else None,
    )


def judge_last_run(
    log: DbtLog | ArtifactError,
    results: RunResults | ArtifactError,
    manifest: Manifest | None,
    target: str,
    now: datetime,
) -> Conclusion:
    """The newest invocation that builds or tests, from the log and, where it is the same one, from run_results.json."""
    if isinstance(log, ArtifactError):
        return _from_results_alone(log, results, manifest, target, now)
    last = last_working(log, target)
    if last is None:
        return unknown(f"dbt.log knows no run or test of target {target}{_other_targets(log, target)}", _NEXT_UNKNOWN)
    same = results if isinstance(results, RunResults) and results.invocation_id == last.invocation_id else None
    nodes = _results(same, manifest) if same else _outcomes(last.outcomes, manifest)
    conclusion = _judge(_Run.of(last, same), nodes, now)
    unmended = _outcomes(_still_failing(log, target), manifest)
    if conclusion.verdict is not Verdict.OK or not unmended:
        return conclusion
    return replace(
        conclusion,
        verdict=Verdict.WARN,
        summary=f"{conclusion.summary}; but an earlier run failed, and this has not passed since: {_named(unmended)}",
        evidence=Evidence.of(_COLUMNS, unmended),
        next_step=_NEXT_FAILED,
    )


def last_working(log: DbtLog, target: str) -> Invocation | None:
    """The newest invocation that builds or tests on our target, or may."""
    return next((item for item in reversed(log.invocations) if item.working and item.may_be_of(target)), None)


def _still_failing(log: DbtLog, target: str) -> list[NodeOutcome]:
    """Nodes whose newest outcome is a failure: a later run of other nodes says nothing of them."""
    newest: dict[tuple[str, str], NodeOutcome] = {}
    for invocation in log.invocations:
        if invocation.working and invocation.may_be_of(target):
            ran = (outcome for outcome in invocation.outcomes if outcome.status != "skipped")
            newest.update({(outcome.resource_type, outcome.name): outcome for outcome in ran})
    return [outcome for outcome in newest.values() if outcome.status not in SUCCEEDED]


@dataclass(frozen=True, slots=True)
class _Run:
    """What is known of the last run, wherever from."""

    label: str
    """`dbt test`."""
    at: datetime
    exactly: bool
    success: bool | None
    error: str
    nothing_to_do: bool
    interleaved: bool
    running: bool | None

    @classmethod
    def of(cls, invocation: Invocation, results: RunResults | None) -> _Run:
        """The log has times without dates; the artifact of the same invocation has them."""
        at = results.generated_at if results else invocation.ended_at or invocation.started_at
        return cls(
            label=f"dbt {invocation.command}".strip(),
            at=at,
            exactly=results is not None or invocation.started_exactly,
            success=invocation.success,
            error=invocation.error,
            nothing_to_do=invocation.nothing_to_do,
            interleaved=invocation.interleaved and results is None,
            running=invocation.running,
        )


_Row = tuple[Scalar, ...]
_COLUMNS = ("node", "type", "status", "message")


def _judge(run: _Run, nodes: Sequence[_Row], now: datetime) -> Conclusion:
    age = now - run.at
    ago = f"{'' if run.exactly else 'at least '}{age_words(max(age, timedelta()))} ago"
    failing = [row for row in nodes if row[2] not in SUCCEEDED and row[2] != "skipped"]
    skipped = [row for row in nodes if row[2] == "skipped"]
    evidence = Evidence.of(_COLUMNS, [*failing, *skipped])
    if run.success is False or failing:
        how = f"begun {ago}, is running and has failed nodes" if run.running else f"failed {ago}"
        return Conclusion(
            Verdict.FAIL, f"{run.label} {how}: {_why(run, failing)}", max(hours(age), 0.0), "h", evidence,
            _NEXT_FAILED,
        )  # fmt: skip
    if run.success is None:
        return _without_end(run, ago, evidence)
    if run.nothing_to_do or not nodes:
        return unknown(
            f"{run.label} {ago} selected nothing: it says nothing of the platform",
            "Runbook, Daily 1: look at the selection it was given, and run dbt build.",
        )
    if run.interleaved:
        return unknown(
            f"two dbt commands wrote dbt.log at once {ago}: which of them did what cannot be told",
            "Runbook, SCD2 Corruption, Root cause: one at a time; look for duplicates, then run dbt build alone.",
            evidence,
        )
    if age < -CLOCK_SKEW:
        return unknown(
            f"{run.label} ended {age_words(-age)} in the future; a clock is wrong",
            "Compare the clocks of this machine and of the one that runs dbt.",
        )
    done = f"{run.label} succeeded {ago}: {counted(len(nodes) - len(skipped), 'node')}"
    if age > RUN_WITHIN:
        return Conclusion(
            Verdict.WARN, f"no run since: {done}", hours(age), "h", evidence, _NEXT_STALE
        )  # fmt: skip
    if not run.exactly:
        return unknown(
            f"{done}, but dbt.log gives times without dates, and a later command hides which day it was",
            "Runbook, Daily 1: run dbt build; with DBT_LOG_FORMAT_FILE=json the log is exact.",
            evidence,
        )
    return Conclusion(Verdict.OK, done, max(hours(age), 0.0), "h", evidence)


def _without_end(run: _Run, ago: str, evidence: Evidence) -> Conclusion:
    if run.running:
        return unknown(
            f"{run.label}, begun {ago}, is running", "Runbook, Daily 1: wait for it to end and look again.", evidence
        )
    if run.running is False:
        return unknown(
            f"{run.label}, begun {ago}, was lost: {_why(run, ())}",
            "Runbook, Daily 1: its statements may still run in the warehouse; wait for them, then run dbt build.",
            evidence,
        )
    return unknown(
        f"{run.label}, begun {ago}, has no end in dbt.log: it still runs, or was killed",
        "Runbook, Daily 1: wait for it to end and look again; where no dbt process is alive, run dbt build.",
        evidence,
    )


def _from_results_alone(
    log: ArtifactError, results: RunResults | ArtifactError, manifest: Manifest | None, target: str, now: datetime
) -> Conclusion:
    """Without the log a later failure may hide: a failure still counts, a success does not."""
    if isinstance(results, ArtifactError):
        return unknown(f"neither dbt.log nor run_results.json can be read: {log.message}", log.next_step)
    if results.command in WORKING_COMMANDS and results.target in (None, target):
        nodes = _results(results, manifest)
        failing = [row for row in nodes if row[2] not in SUCCEEDED and row[2] != "skipped"]
        if failing:
            run = _Run(f"dbt {results.command}", results.generated_at, True, False, "", False, False, None)
            return _judge(run, nodes, now)
    return unknown(
        f"dbt.log cannot be read, so whether a later run failed cannot be told: {log.message}", log.next_step
    )


def _results(results: RunResults, manifest: Manifest | None) -> list[_Row]:
    return [_row(node.unique_id, node.status, _first_line(node), manifest) for node in results.results]


def _outcomes(outcomes: Sequence[NodeOutcome], manifest: Manifest | None) -> list[_Row]:
    return [_row(outcome.name, outcome.status, "", manifest, outcome.resource_type) for outcome in outcomes]


def _row(unique_id: str, status: str, message: str, manifest: Manifest | None, kind: str = "") -> _Row:
    label = manifest.label(unique_id) if manifest else unique_id
    return (label, kind or unique_id.partition(".")[0], status, message)


def _first_line(node: NodeResult) -> str:
    """dbt repeats the node's name on the first line of an error; the second says what happened."""
    lines = [line.strip() for line in node.message.splitlines() if line.strip()]
    return " ".join(lines[:2])


def _why(run: _Run, failing: Sequence[_Row]) -> str:
    if failing:
        return _named(failing)
    if run.error:
        return " ".join(run.error.split())
    return "the command as a whole, and no node says why"


def _named(failing: Sequence[_Row]) -> str:
    more = f", and {len(failing) - 1} more" if len(failing) > 1 else ""
    return f"{failing[0][0]} ({failing[0][2]}){more}"


def _other_targets(log: DbtLog, target: str) -> str:
    others = sorted({item.target for item in log.invocations if item.target not in (None, target)})  # type: ignore[type-var]
    return f"; it knows of {', '.join(str(other) for other in others)}" if others else ""
