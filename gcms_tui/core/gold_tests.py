"""Do the tests that guard gold pass: all of them, on our target, and lately?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gcms_tui.core.conclusion import Conclusion, counted, unknown
from gcms_tui.core.dbt_log import DbtLog
from gcms_tui.core.dbt_manifest import Manifest, Node, critical_tests, gold_tests
from gcms_tui.core.dbt_results import TESTING_COMMANDS, ArtifactError, NodeResult, RunResults
from gcms_tui.core.finding import Evidence, Scalar
from gcms_tui.core.freshness import CLOCK_SKEW, age_words
from gcms_tui.core.verdict import Verdict

TESTED_WITHIN = timedelta(hours=24)
"""A pass counts for this long; a failure until a later pass."""

FAILED = frozenset({"fail", "error", "runtime error"})

_NEXT_TEST = "Runbook, Daily 3: run dbt test --select gold, with the target named by --target."
_NEXT_FAILING = (
    "Runbook, Troubleshooting: read the failing rows in the table given, mend the cause upstream, then build and test "
    "again."
)
_NEXT_CRITICAL = (
    "Runbook, Emergency Procedures, Critical Test Failure: STOP payroll; read the failing rows in the table given, "
    "find the cause, escalate after 30 minutes."
)


@dataclass(frozen=True, slots=True)
class Tally:
    """Every test of the trusted run, of gold and of the other layers."""

    passed: int
    total: int
    failed: int
    """Failed or could not be run."""
    critical_failed: int
    unclear: int
    """Skipped, missing, or of a status that is no verdict."""


@dataclass(frozen=True, slots=True)
class _Tested:
    test: Node
    result: NodeResult | None
    critical: bool

    @property
    def status(self) -> str:
        return self.result.status if self.result else "did not run"

    @property
    def rank(self) -> tuple[int, bool, str]:
        """Failures first, then what is unclear, then warnings; critical ones before others."""
        place = 0 if self.status in FAILED else 2 if self.status == "warn" else 3 if self.status == "pass" else 1
        return place, not self.critical, self.test.alias


def judge_gold_tests(
    results: RunResults | ArtifactError,
    manifest: Manifest | ArtifactError,
    log: DbtLog | ArtifactError,
    target: str,
    now: datetime,
) -> tuple[Conclusion, Tally | None]:
    """Any failure is FAIL; a test that did not run, or a run that cannot be trusted, is UNKNOWN.

    Where the project tags no test critical, every gold test counts as critical.
    """
    for artifact in (results, manifest):
        if isinstance(artifact, ArtifactError):
            return unknown(artifact.message, artifact.next_step), None
    assert isinstance(results, RunResults) and isinstance(manifest, Manifest)
    if distrust := not_a_test_run(results, log, target):
        return unknown(distrust, _NEXT_TEST), None
    wanted = gold_tests(manifest)
    if not wanted:
        return unknown("the project has no test on a gold model", "Runbook, Daily 3: write tests for gold."), None
    ran = {result.unique_id: result for result in results.results}
    critical = critical_tests(manifest)
    tested = sorted(
        (_Tested(test, ran.get(test.unique_id), test.unique_id in critical) for test in wanted),
        key=lambda item: item.rank,
    )
    conclusion = _judge(tested, now - results.generated_at)
    if not isinstance(log, DbtLog) and conclusion.verdict is not Verdict.FAIL:
        conclusion = unknown(f"whether a later test failed cannot be told: {log.message}", log.next_step)
    if conclusion.verdict is Verdict.UNKNOWN:
        return conclusion, None
    return conclusion, _tally(results, critical, tested)


def not_a_test_run(results: RunResults, log: DbtLog | ArtifactError, target: str) -> str:
    """Why this artifact does not speak for the tests of `target`; empty where it does.

    A log that cannot be read proves nothing against it, and nothing for it either.
    """
    if results.command not in TESTING_COMMANDS:
        said = f"of dbt {results.command}" if results.command else "of an unnamed command"
        return f"run_results.json is {said}: no test has run since"
    ours = log.invocation(results.invocation_id) if isinstance(log, DbtLog) else None
    tested = results.target or (ours.target if ours else None)
    if tested is None:
        return "run_results.json does not say which target was tested"
    if tested != target:
        return f"the last tests ran on target {tested}, not on {target}"
    if isinstance(log, ArtifactError):
        return ""
    if ours is None:
        return "run_results.json is of an invocation that dbt.log does not know: it may come from elsewhere"
    later = [item for item in log.after(results.invocation_id) if item.overwrites_results and item.may_be_of(target)]
    if later:
        how = {True: "succeeded", False: "failed", None: "has not ended"}[later[-1].success]
        return (
            f"a later dbt {later[-1].command or 'command'} {how} without leaving results: the tests are from before it"
        )
    return ""


def _judge(tested: Sequence[_Tested], age: timedelta) -> Conclusion:
    failing = [item for item in tested if item.status in FAILED]
    warned = [item for item in tested if item.status == "warn"]
    passed = [item for item in tested if item.status == "pass"]
    unclear = len(tested) - len(failing) - len(warned) - len(passed)
    evidence = _evidence([item for item in tested if item.status != "pass"])
    ago = f"{age_words(max(age, timedelta()))} ago"
    if failing:
        critical = any(item.critical for item in failing)
        return Conclusion(
            Verdict.FAIL,
            f"{len(failing)} of {counted(len(tested), 'gold test')} failed {ago}: {_named(failing)}",
            len(failing), "failing", evidence, _NEXT_CRITICAL if critical else _NEXT_FAILING,
        )  # fmt: skip
    if unclear:
        statuses = Counter(item.status for item in tested if item.status not in ("pass", "warn"))
        said = ", ".join(f"{number} {status}" for status, number in statuses.items())
        return unknown(
            f"{counted(unclear, 'gold test')} of {len(tested)} without a verdict: {said}", _NEXT_TEST, evidence
        )
    if age < -CLOCK_SKEW:
        return unknown(f"the tests ran {age_words(-age)} in the future; a clock is wrong", "Compare the clocks.")
    if age > TESTED_WITHIN:
        return unknown(f"the gold tests ran {ago}: too long ago to count", _NEXT_TEST, evidence)
    if warned:
        return Conclusion(
            Verdict.WARN,
            f"{len(warned)} of {counted(len(tested), 'gold test')} warned {ago}: {_named(warned)}",
            0, "failing", evidence, _NEXT_FAILING,
        )  # fmt: skip
    return Conclusion(Verdict.OK, f"all {counted(len(tested), 'gold test')} passed {ago}", 0, "failing")


def _named(items: Sequence[_Tested]) -> str:
    first = items[0]
    rows = first.result.failures if first.result else None
    said = [word for word in ("critical" if first.critical else "", _rows(rows)) if word]
    detail = f" ({', '.join(said)})" if said else ""
    more = f", and {len(items) - 1} more" if len(items) > 1 else ""
    return f"{first.test.alias}{detail}{more}"


def _rows(failures: int | None) -> str:
    return "" if failures is None else counted(failures, "row")


def _evidence(items: Sequence[_Tested]) -> Evidence:
    return Evidence.of(
        ("test", "critical", "status", "failures", "failing_rows_in", "message"), [_row(item) for item in items]
    )


def _row(item: _Tested) -> tuple[Scalar, ...]:
    result = item.result
    return (
        item.test.alias,
        item.critical,
        item.status,
        result.failures if result else None,
        result.relation_name if result else None,
        " ".join(result.message.split()) if result else "",
    )


def _tally(results: RunResults, critical: frozenset[str], gold: Sequence[_Tested]) -> Tally:
    tests = {
        result.unique_id: result.status for result in results.results if result.resource_type in ("test", "unit_test")
    }
    tests |= {item.test.unique_id: item.status for item in gold}
    statuses = Counter(tests.values())
    failed = [unique_id for unique_id, status in tests.items() if status in FAILED]
    return Tally(
        passed=statuses["pass"],
        total=len(tests),
        failed=len(failed),
        critical_failed=len(critical.intersection(failed)),
        unclear=len(tests) - statuses["pass"] - statuses["warn"] - len(failed),
    )
