"""How long nodes take, whether one has become slow, how long a run may take, and how often runs succeed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gcms_tui.core.conclusion import counted
from gcms_tui.core.dbt_log import DbtLog, Invocation
from gcms_tui.core.dbt_runs import SUCCEEDED, model_runs
from gcms_tui.core.metrics import judge_run_success, percent
from gcms_tui.core.run_progress import NodeProgress
from gcms_tui.core.run_summary import short_name
from gcms_tui.core.verdict import Verdict

EARLIER_NEEDED = 5
"""A node is compared with its past where it has at least so many earlier runs in the window."""
SLOWER_BY_SPREADS = 3.0
SMALLEST_SPREAD = 0.1
"""As a share of the median: a node that always takes exactly the same is still allowed to waver."""
SLOWER_BY_AT_LEAST_S = 1.0
"""Below this nobody waits longer, and the warehouse's own moods are larger."""
_USUAL_OF = 20
"""How many of the newest runs make up what is usual."""
_FINISHED_NEEDED = 3
"""With fewer, one slow beginning (a warehouse that wakes up) would tell of all."""
_MAD_TO_SIGMA = 1.4826
"""The median absolute deviation of normally distributed values, times this, is their standard deviation."""

_TIMED = SUCCEEDED - {"no-op", "reused"} | {"fail", "partial success"}
"""Statuses of nodes that were executed whole: an error ends early, and its time says nothing."""


@dataclass(frozen=True, slots=True)
class NodeTrend:
    """One node's execution times over the window."""

    unique_id: str
    name: str
    resource_type: str
    runs: int
    mean_s: float
    p95_s: float
    max_s: float
    last_s: float
    regressed: bool
    """The newest is markedly slower than what was usual before it: see `regression`."""
    points: tuple[float, ...]
    """Seconds, oldest first."""
    note: str = ""
    """What the newest was compared with, or why it could not be, in words."""


@dataclass(frozen=True, slots=True)
class Trend:
    """The runbook's performance review."""

    since: datetime
    runs: int
    nodes: tuple[NodeTrend, ...]
    """Regressed first, then the slowest."""
    run_success: str
    """K1 in words, with window and n."""
    test_pass: str
    """K2 in words, with window and n."""


def node_seconds(invocations: Iterable[Invocation]) -> dict[tuple[str, str], list[float]]:
    """Times by node (unique id, type), oldest first as the invocations are; only of nodes executed whole."""
    times: dict[tuple[str, str], list[float]] = {}
    for invocation in invocations:
        for outcome in invocation.outcomes:
            # What the log only describes, and does not name, is no node that could be followed.
            if (
                outcome.seconds is not None
                and outcome.status in _TIMED
                and outcome.name.startswith(f"{outcome.resource_type}.")
            ):
                times.setdefault((outcome.name, outcome.resource_type), []).append(outcome.seconds)
    return times


def node_trends(invocations: Iterable[Invocation], names: Mapping[str, str] | None = None) -> tuple[NodeTrend, ...]:
    """Every node that was executed, the regressed first and then the slowest; `names` has better ones by unique id."""
    trends = []
    for (unique_id, kind), seconds in node_seconds(invocations).items():
        regressed, note = regression(seconds)
        trends.append(
            NodeTrend(
                unique_id=unique_id,
                name=(names or {}).get(unique_id) or short_name(unique_id),
                resource_type=kind,
                runs=len(seconds),
                mean_s=statistics.fmean(seconds),
                p95_s=percentile(seconds, 95),
                max_s=max(seconds),
                last_s=seconds[-1],
                regressed=regressed,
                points=tuple(seconds),
                note=note,
            )
        )
    return tuple(sorted(trends, key=lambda trend: (not trend.regressed, -trend.mean_s, trend.unique_id)))


def percentile(values: Sequence[float], share: int) -> float:
    """The smallest of `values` that at least `share` percent of them do not exceed (nearest rank).

    It is always one that was measured; of fewer than 20, p95 is the maximum. Raises `ValueError` for no values.
    """
    if not values:
        raise ValueError("no values")
    rank = math.ceil(len(values) * share / 100)
    return sorted(values)[max(rank, 1) - 1]


def regression(seconds: Sequence[float]) -> tuple[bool, str]:
    """Whether the newest of `seconds` is markedly slower than those before it, and what was compared, in words.

    It is where it exceeds the median of up to 20 before it by more than three of their spreads and by more than one
    second. The spread is the median absolute deviation (scaled to a standard deviation), but at least a tenth of the
    median. One earlier outlier therefore moves neither. At least five earlier ones are needed.
    """
    *before, last = seconds
    usual = before[-_USUAL_OF:]
    if len(usual) < EARLIER_NEEDED:
        return False, f"{counted(len(usual), 'earlier run')}: {EARLIER_NEEDED} are needed to compare"
    median = statistics.median(usual)
    spread = _MAD_TO_SIGMA * statistics.median(abs(value - median) for value in usual)
    limit = max(median + SLOWER_BY_SPREADS * max(spread, SMALLEST_SPREAD * median), median + SLOWER_BY_AT_LEAST_S)
    compared = f"{last:.1f} s, usual {median:.1f} s (median of {len(usual)}), slow above {limit:.1f} s"
    return last > limit, compared


def usual_seconds(invocations: Iterable[Invocation]) -> dict[str, float]:
    """The median of the newest times of each node, by unique id."""
    return {
        unique_id: statistics.median(seconds[-_USUAL_OF:])
        for (unique_id, _), seconds in node_seconds(invocations).items()
    }


def expected_duration(unique_ids: Sequence[str], usual: Mapping[str, float], threads: int | None) -> float | None:
    """How long these nodes take at the least, in seconds; None where more than half of them have no past.

    A bound, not a schedule: all work shared out evenly among the threads, or the longest node alone if that is more.
    Waiting for one another, parsing and connecting come on top. A node without a past counts as the median of the
    others.
    """
    return _bound([usual.get(unique_id) for unique_id in unique_ids], threads)


def remaining_seconds(
    nodes: Sequence[NodeProgress], usual: Mapping[str, float], threads: int | None, now: datetime, total: int | None
) -> float | None:
    """How long the nodes that have not finished will take at the least: the bound of `expected_duration` over what is
    left of each, and for each that has not begun what this run spends on a node beyond its usual time
    (`overrun_seconds`). 0.0 where all have finished; None where it cannot be told.

    A node that runs longer than it usually does counts as about to finish. `total` is how many nodes dbt said there
    are: those that it has not named yet count as nodes without a past.
    """
    left: list[float | None] = []
    overrun = overrun_seconds(nodes, usual)
    for node in nodes:
        if node.finished:
            continue
        whole = usual.get(node.unique_id)
        if whole is None:
            left.append(None)
        elif node.status == "running" and node.started_at is not None:
            left.append(max(whole - max((now - node.started_at).total_seconds(), 0.0), 0.0))
        else:
            left.append(whole + overrun)
    left += [None] * max((total or 0) - len(nodes), 0)
    return _bound(left, threads) if left else 0.0 if total else None


def overrun_seconds(nodes: Sequence[NodeProgress], usual: Mapping[str, float]) -> float:
    """What a node of this run takes beyond its usual time: the median over those that have finished, at least 0.

    From when its thread was free for it until it had finished: dbt's own work and waiting for others are in it, and so
    is a warehouse that is slower today. 0.0 where fewer than three with a past have finished.
    """
    free_at: dict[str, datetime] = {}
    beyond = []
    for node in sorted(nodes, key=lambda node: (node.started_at is None, node.started_at)):
        if node.started_at is None or node.finished_at is None or not node.finished or node.status == "skipped":
            continue
        whole = usual.get(node.unique_id)
        if whole is not None:
            took = node.finished_at - min(free_at.get(node.thread, node.started_at), node.started_at)
            beyond.append(took.total_seconds() - whole)
        free_at[node.thread] = node.finished_at
    return max(statistics.median(beyond), 0.0) if len(beyond) >= _FINISHED_NEEDED else 0.0


def _bound(seconds: Sequence[float | None], threads: int | None) -> float | None:
    known = [value for value in seconds if value is not None]
    if not known or 2 * len(known) < len(seconds):
        return None
    stand_in = statistics.median(known)
    every = [stand_in if value is None else value for value in seconds]
    return max(sum(every) / max(threads or 1, 1), max(every))


def run_success_words(invocations: Sequence[Invocation], target: str, window: str) -> str:
    """K1 over the window: which share of model executions succeeded. What was skipped was not executed."""
    runs = model_runs(DbtLog("", tuple(invocations)), target)
    if not runs.executed:
        skipped = f"; {counted(runs.skipped, 'model')} skipped" if runs.skipped else ""
        return f"{Verdict.UNKNOWN.name}: no model was executed in {window}{skipped}"
    judged = judge_run_success(runs)
    return (
        f"{judged.verdict.name}: {judged.value} % of {counted(runs.executed, 'model execution')} succeeded in "
        f"{counted(runs.invocations, 'run')} of {window}; {runs.failed:,} failed, {runs.skipped:,} skipped"
    )


def pass_rate_words(invocations: Sequence[Invocation], target: str, window: str, critical: frozenset[str]) -> str:
    """K2 over the window: which share of test executions passed; any failure of a critical test is told apart."""
    tested = [
        [outcome for outcome in invocation.outcomes if outcome.resource_type in ("test", "unit_test")]
        for invocation in invocations
        if invocation.working and invocation.may_be_of(target)
    ]
    executed = [outcome for outcomes in tested for outcome in outcomes if outcome.status != "skipped"]
    if not executed:
        return f"{Verdict.UNKNOWN.name}: no test was executed in {window}"
    passed = sum(outcome.status == "pass" for outcome in executed)
    grave = sum(outcome.name in critical and outcome.status not in SUCCEEDED for outcome in executed)
    verdict = Verdict.FAIL if grave else Verdict.OK if passed == len(executed) else Verdict.WARN
    said = f"; {counted(grave, 'failure')} of critical tests" if grave else ""
    return (
        f"{verdict.name}: {percent(passed, len(executed))} % of {counted(len(executed), 'test execution')} passed in "
        f"{counted(sum(map(bool, tested)), 'run')} of {window}{said}"
    )
