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
    newest: RunResults | None = None,
) -> Conclusion:
    """The newest invocation that builds or tests, from the log and, where it is the same one, from `results`.

    `newest` is run_results.json as it lies in the project. One of an invocation that the log does not know can only
    make it worse.
    """
    if isinstance(log, ArtifactError):
        return _from_results_alone(log, results, manifest, target, now)
    last = last_working(log, target)
    if newest is not None and log.invocation(newest.invocation_id) is None:
        since = (last.ended_at or last.started_at) if last else None
        if (since is None or newest.generated_at > since) and (failed := _failure(newest, manifest, target, now)):
            return failed
    if last is None:
        return unknown(f"dbt.log knows no run or test of target {target}{_other_targets(log, target)}", _NEXT_UNKNOWN)
    same = results if isinstance(results, RunResults) and results.invocation_id == last.invocation_id else None
    nodes = _results(same, manifest) if same else _outcomes(last.outcomes, manifest)
    conclusion = _judge(_Run.of(last, same), nodes, now)
    unmended = _outcomes(_still_failing(log, target), manifest)
    if conclusion.verdict is not Verdict.OK:
        return conclusion
    if verdict_and_why := _last_build_not_whole(log, target):
        verdict, why = verdict_and_why
        return replace(conclusion, verdict=verdict, summary=f"{conclusion.summary}; but {why}", next_step=_NEXT_FAILED)
    if not unmended:
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
    """Nodes that failed or were skipped, and have not succeeded since: a later run of others says nothing of them."""
    newest: dict[tuple[str, str], NodeOutcome] = {}
    for invocation in log.invocations:
        if not invocation.working or not invocation.may_be_of(target):
            continue
        for outcome in invocation.outcomes:
            key = (outcome.resource_type, outcome.name)
            before = newest.get(key)
            if outcome.status != "skipped" or before is None or before.status in SUCCEEDED:
                newest[key] = outcome
    left = [outcome for outcome in newest.values() if outcome.status not in SUCCEEDED]
    return sorted(left, key=lambda outcome: outcome.status == "skipped")


def _last_build_not_whole(log: DbtLog, target: str) -> tuple[Verdict, str] | None:
    """Where the newest command that builds went wrong as a whole: no node tells of that, and no later test does."""
    building = [
        item for item in log.invocations if item.working and item.command != "test" and item.may_be_of(target)
    ]  # fmt: skip
    if not building:
        return None
    last = building[-1]
    failing = any(outcome.status not in SUCCEEDED and outcome.status != "skipped" for outcome in last.outcomes)
    said = f"the last dbt {last.command or 'command'} before it"
    if last.success is False and not failing:
        return Verdict.WARN, f"{said} failed: {' '.join(last.error.split()) or 'the command as a whole'}"
    if last.success is None:
        how = "is running" if last.running else "was lost" if last.running is False else "has no end in dbt.log"
        return Verdict.UNKNOWN, f"{said} {how}"
    return None


def _failure(results: RunResults, manifest: Manifest | None, target: str, now: datetime) -> Conclusion | None:
    """What results alone say against the platform; None where they say nothing against it."""
    if results.command not in WORKING_COMMANDS or results.target not in (None, target):
        return None
    nodes = _results(results, manifest)
    if all(row[2] in SUCCEEDED or row[2] == "skipped" for row in nodes):
        return None
    run = _Run(f"dbt {results.command}", results.generated_at, True, False, "", False, False, None)
    return _judge(run, nodes, now)


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
    if failed := _failure(results, manifest, target, now):
        return failed
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
