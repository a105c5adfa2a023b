"""Histories in which the newest artifact is green and something is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gcms_tui.core.conclusion import Conclusion
from gcms_tui.core.dbt_log import Invocation, NodeOutcome
from gcms_tui.core.dbt_results import RunResults
from gcms_tui.core.gold_tests import Tally
from gcms_tui.core.trusted_tests import STILL_BUILDING_WITHIN
from gcms_tui.core.verdict import Verdict
from tests.core.dbt_samples import HOUR, NOW, invocation, log, outcome, result, results
from tests.core.test_gold_tests import PROJECT, judged, over_runs, ran

WHOLE = results(1, "test", *ran(), age=5 * HOUR)
"""All gold tests passed, five hours ago."""
PART = results(3, "test", result("test.gcms.grave", "pass"))
"""One of them passed again, an hour ago."""


def between(*told: Invocation, artifact: RunResults = PART) -> tuple[Conclusion, Tally | None]:
    """What is said after `WHOLE`, then what the log alone tells of, then `artifact`."""
    newest = invocation(3, "test", outcome("pass", "test.gcms.grave"))
    dbt_log = log(invocation(1, "test", age=5 * HOUR), *told, newest)
    return over_runs(WHOLE, artifact, dbt_log=dbt_log)


def lost(*outcomes: NodeOutcome, **how: Any) -> Invocation:
    """A test run three hours ago whose results were overwritten, or never written."""
    return invocation(2, "test", *outcomes, **{"age": 3 * HOUR, "success": False, **how})


def test_a_failure_that_only_the_log_tells_of_counts() -> None:
    assert between()[0].verdict is Verdict.OK
    conclusion, _ = between(lost(outcome("fail", "test.gcms.plain")))
    assert conclusion.verdict is Verdict.FAIL
    assert "1 of 2 gold tests failed 3 h ago: plain" in conclusion.summary
    mended = results(3, "test", result("test.gcms.plain", "pass"))
    assert between(lost(outcome("fail", "test.gcms.plain")), artifact=mended)[0].verdict is Verdict.OK


@pytest.mark.parametrize(
    "unclear",
    [
        lost(error="Compilation Error"),
        lost(success=None),
        lost(outcome("pass", "test.gcms.other"), success=None),
        lost(outcome("fail", "PASS plain"), success=False),
        lost(outcome("fail", "test.gcms.plain"), target=None),
        lost(outcome("fail", "test.gcms.plain"), interleaved=True),
        lost(outcome("pass", "test.gcms.plain"), success=True, exactly=False),
    ],
)
def test_a_run_that_left_no_results_hides_what_passed_before_it(unclear: Invocation) -> None:
    """Also where a later run of other tests left results: `plain` was not among them."""
    conclusion, tally = between(unclear)
    assert conclusion.verdict is Verdict.UNKNOWN
    assert "1 hidden by a later run without results" in conclusion.summary
    assert tally is None


def test_passes_that_the_log_tells_exactly_count_without_an_artifact() -> None:
    assert between(lost(outcome("pass", "test.gcms.plain"), success=True))[0].verdict is Verdict.OK


@pytest.mark.parametrize(
    ("running", "age", "verdict"),
    [
        (True, 30 * HOUR, Verdict.UNKNOWN),
        (None, 2 * HOUR, Verdict.UNKNOWN),
        (None, STILL_BUILDING_WITHIN + HOUR, Verdict.OK),
        (False, 2 * HOUR, Verdict.OK),
    ],
)
def test_tests_beside_a_command_that_may_still_build_say_nothing(
    running: bool | None, age: timedelta, verdict: Verdict
) -> None:
    building = replace(invocation(1, "run", success=None, age=age), running=running)
    conclusion, _ = over_runs(results(2, "test", *ran()), dbt_log=log(building, invocation(2, "test")))
    assert conclusion.verdict is verdict
    assert verdict is Verdict.OK or "has not been tested" in conclusion.summary


def test_tests_that_began_before_a_build_had_ended_say_nothing() -> None:
    began, ended = NOW - 3 * HOUR, NOW - HOUR / 2
    building = replace(invocation(1, "run"), started_at=began, ended_at=ended)
    conclusion, _ = over_runs(results(2, "test", *ran()), dbt_log=log(building, invocation(2, "test", age=2 * HOUR)))
    assert conclusion.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(("command", "age", "verdict"), [
    ("test", HOUR, Verdict.UNKNOWN), ("run", HOUR, Verdict.UNKNOWN), ("compile", HOUR, Verdict.OK),
    ("test", 9 * HOUR, Verdict.OK),
])  # fmt: skip
def test_an_artifact_of_a_log_elsewhere_makes_what_is_older_old(command: str, age: timedelta, verdict: Verdict) -> None:
    elsewhere = results(9, command, *ran("fail"), age=age)
    dbt_log = log(invocation(1, "test", age=5 * HOUR))
    assert over_runs(WHOLE, dbt_log=dbt_log, newest=elsewhere)[0].verdict is verdict


def test_of_two_artifacts_the_one_that_was_written_later_counts_whatever_day_the_log_guesses() -> None:
    failed = results(1, "test", *ran("fail"), age=HOUR)
    yesterday = results(2, "test", *ran(), age=20 * HOUR)
    dbt_log = log(invocation(1, "test", age=HOUR), invocation(2, "test", age=HOUR / 2, exactly=False))
    assert over_runs(failed, yesterday, dbt_log=dbt_log)[0].verdict is Verdict.FAIL


def test_a_manifest_that_does_not_know_what_ran_after_it_is_too_old() -> None:
    """A new test that guards gold may be among them."""
    new = results(1, "test", *ran(), result("test.gcms.new", "fail", 3))
    old = replace(PROJECT, generated_at=NOW - 2 * HOUR)
    assert judged(new, project=old)[0].verdict is Verdict.UNKNOWN
    assert judged(new, project=replace(PROJECT, generated_at=NOW - HOUR / 2))[0].verdict is Verdict.OK, "removed since"
    assert judged(results(1, "test", *ran()), project=old)[0].verdict is Verdict.OK


def test_an_old_pass_of_another_layer_is_not_among_those_that_passed() -> None:
    both = log(invocation(1, "test", age=30 * HOUR), invocation(2, "test"))
    gold = results(2, "test", *ran()[:2])
    assert over_runs(results(1, "test", *ran(), age=30 * HOUR), gold, dbt_log=both)[1] == Tally(2, 2, 0, 0, 0)
    failed = results(1, "test", *ran(other="fail"), age=30 * HOUR)
    assert over_runs(failed, gold, dbt_log=both)[1] == Tally(2, 3, 1, 0, 0)
