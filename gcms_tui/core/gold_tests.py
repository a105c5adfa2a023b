"""Do the tests that guard gold pass: all of them, on our target, and lately?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gcms_tui.core.conclusion import Conclusion, counted, unknown
from gcms_tui.core.dbt_log import DbtLog
from gcms_tui.core.dbt_manifest import Manifest, Node, critical_tests, gold_tests
from gcms_tui.core.dbt_results import FAILED, ArtifactError, RunResults
from gcms_tui.core.finding import Evidence, Scalar
from gcms_tui.core.freshness import CLOCK_SKEW, age_words
from gcms_tui.core.trusted_tests import TEST_TYPES, Ran, newest_results, trusted_steps
from gcms_tui.core.verdict import Verdict

TESTED_WITHIN = timedelta(hours=24)
"""A pass counts for this long; a failure until a later pass."""

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
    """Every test of the trusted runs by its newest result, of gold and of the other layers."""

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
    ran: Ran | None
    critical: bool

    @property
    def status(self) -> str:
        return self.ran.result.status if self.ran else "did not run"

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
    kept: Iterable[RunResults] = (),
) -> tuple[Conclusion, Tally | None]:
    """Any failure is FAIL; a test that did not run, or runs that cannot be trusted, are UNKNOWN.

    `results` are the newest; `kept` are those of the `invocations_that_test`, as far as they are kept. Each test's
    newest result counts, of every trusted run that began no earlier than the newest invocation that may have changed
    tables: running a few tests again after all of them gives a whole picture, and a later `run` makes it an old one.
    A run among them that left no results counts as far as the log tells of its tests, and hides what it may have
    found besides. Where the project tags no test critical, every gold test counts as critical.
    """
    if isinstance(manifest, ArtifactError):
        return unknown(manifest.message, manifest.next_step), None
    given = [item for item in (results, *kept) if isinstance(item, RunResults)]
    if not given and isinstance(results, ArtifactError):
        return unknown(results.message, results.next_step), None
    steps, distrust = trusted_steps(given, log, target, now)
    if distrust:
        return unknown(distrust, _NEXT_TEST), None
    wanted = gold_tests(manifest)
    if not wanted:
        return unknown("the project has no test on a gold model", "Runbook, Daily 3: write tests for gold."), None
    ran = newest_results(steps, target)
    critical = critical_tests(manifest)
    tested = sorted(
        (_Tested(test, ran.get(test.unique_id), test.unique_id in critical) for test in wanted),
        key=lambda item: item.rank,
    )
    conclusion = _judge(tested, now)
    if not isinstance(log, DbtLog) and conclusion.verdict is not Verdict.FAIL:
        conclusion = unknown(f"whether a later test failed cannot be told: {log.message}", log.next_step)
    if conclusion.verdict is not Verdict.FAIL and (why := _manifest_is_older(ran, manifest)):
        conclusion = unknown(why, "Run dbt parse, so that the manifest is that of the project as it is.")
    if conclusion.verdict is Verdict.UNKNOWN:
        return conclusion, None
    return conclusion, _tally(ran, critical, tested, now)


def _manifest_is_older(ran: Mapping[str, Ran], manifest: Manifest) -> str:
    """Why the manifest may lack tests that guard gold; empty where nothing says so."""
    if (made := manifest.generated_at) is None:
        return ""
    new = [
        name
        for name, item in ran.items()
        if item.result.resource_type in TEST_TYPES and name not in manifest.nodes and item.at > made
    ]
    return f"the manifest is older than {counted(len(new), 'test')} that ran: {new[0]}" if new else ""


def _judge(tested: Sequence[_Tested], now: datetime) -> Conclusion:
    failing = [item for item in tested if item.status in FAILED]
    warned = [item for item in tested if item.status == "warn"]
    unclear = [item for item in tested if item.status not in (*FAILED, "pass", "warn")]
    evidence = _evidence([item for item in tested if item.status != "pass"])
    if failing:
        critical = any(item.critical for item in failing)
        return Conclusion(
            Verdict.FAIL,
            f"{len(failing)} of {counted(len(tested), 'gold test')} failed {_ago(failing[:1], now)}: "
            f"{_named(failing)}",
            len(failing), "failing", evidence, _NEXT_CRITICAL if critical else _NEXT_FAILING,
        )  # fmt: skip
    if unclear:
        statuses = Counter(item.status for item in unclear)
        said = ", ".join(f"{number} {status}" for status, number in statuses.items())
        return unknown(
            f"{counted(len(unclear), 'gold test')} of {len(tested)} without a verdict: {said}", _NEXT_TEST, evidence
        )
    ages = [now - item.ran.at for item in tested if item.ran]
    if min(ages) < -CLOCK_SKEW:
        return unknown(f"the tests ran {age_words(-min(ages))} in the future; a clock is wrong", "Compare the clocks.")
    old = [item for item, age in zip(tested, ages, strict=True) if age > TESTED_WITHIN]
    if old:
        which = "the gold tests" if len(old) == len(tested) else f"{len(old)} of {counted(len(tested), 'gold test')}"
        return unknown(f"{which} ran {_ago(old, now)}: too long ago to count", _NEXT_TEST, evidence)
    if warned:
        return Conclusion(
            Verdict.WARN,
            f"{len(warned)} of {counted(len(tested), 'gold test')} warned {_ago(warned[:1], now)}: {_named(warned)}",
            0, "failing", evidence, _NEXT_FAILING,
        )  # fmt: skip
    return Conclusion(Verdict.OK, f"all {counted(len(tested), 'gold test')} passed {_ago(tested, now)}", 0, "failing")


def _ago(items: Sequence[_Tested], now: datetime) -> str:
    """How long ago they ran: the one that ran first, where they did not run together."""
    moments = {item.ran.at for item in items if item.ran}
    words = f"{age_words(max(now - min(moments), timedelta()))} ago"
    return f"at most {words}" if len(moments) > 1 else words


def _named(items: Sequence[_Tested]) -> str:
    first = items[0]
    rows = first.ran.result.failures if first.ran else None
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
    result = item.ran.result if item.ran else None
    return (
        item.test.alias,
        item.critical,
        item.status,
        result.failures if result else None,
        result.relation_name if result else None,
        " ".join(result.message.split()) if result else "",
    )


def _tally(ran: Mapping[str, Ran], critical: frozenset[str], gold: Sequence[_Tested], now: datetime) -> Tally:
    """Tests of the other layers count while their passes do: `TESTED_WITHIN`."""
    tests = {
        unique_id: item.result.status
        for unique_id, item in ran.items()
        if item.result.resource_type in TEST_TYPES
        and (now - item.at <= TESTED_WITHIN or item.result.status not in ("pass", "warn"))
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
