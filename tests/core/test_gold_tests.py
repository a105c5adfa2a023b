from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.conclusion import Conclusion
from gcms_tui.core.dbt_log import DbtLog, Invocation
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import ArtifactError, NodeResult, RunResults
from gcms_tui.core.gold_tests import Tally, judge_gold_tests
from gcms_tui.core.trusted_tests import MOST_TEST_RUNS, invocations_that_test
from gcms_tui.core.verdict import Verdict
from tests.core.dbt_samples import (
    HOUR,
    MISSING,
    NOW,
    TARGET,
    gold_test,
    invocation,
    log,
    manifest,
    outcome,
    result,
    results,
)

PROJECT = manifest(gold_test("plain"), gold_test("grave", "critical"), gold_test("other", folder="bronze"))
OURS = log(invocation(1, "test"))


def ran(plain: str = "pass", grave: str = "pass", other: str = "pass") -> tuple[NodeResult, ...]:
    return (
        result("test.gcms.plain", plain, 1),
        result("test.gcms.grave", grave, 7, "GCMS.TEST_RESULTS.grave"),
        result("test.gcms.other", other),
    )


def judged(
    artifact: RunResults | ArtifactError,
    dbt_log: DbtLog | ArtifactError = OURS,
    project: Manifest | ArtifactError = PROJECT,
) -> tuple[Conclusion, Tally | None]:
    return judge_gold_tests(artifact, project, dbt_log, TARGET, NOW)


def test_all_passing_is_ok() -> None:
    conclusion, tally = judged(results(1, "test", *ran()))
    assert conclusion.verdict is Verdict.OK
    assert (conclusion.value, conclusion.unit) == (0, "failing")
    assert conclusion.summary == "all 2 gold tests passed 1 h ago"
    assert tally == Tally(passed=3, total=3, failed=0, critical_failed=0, unclear=0)


def test_a_failure_is_named_critical_ones_first_with_where_its_rows_are() -> None:
    conclusion, tally = judged(results(1, "build", *ran("fail", "fail")))
    assert conclusion.verdict is Verdict.FAIL
    assert conclusion.value == 2
    assert "2 of 2 gold tests failed 1 h ago: grave (critical, 7 rows), and 1 more" in conclusion.summary
    assert "STOP payroll" in conclusion.next_step
    assert [row[:5] for row in conclusion.evidence.rows] == [
        ("grave", True, "fail", 7, "GCMS.TEST_RESULTS.grave"),
        ("plain", False, "fail", 1, None),
    ]
    assert tally == Tally(passed=1, total=3, failed=2, critical_failed=1, unclear=0)


def test_a_test_that_could_not_be_run_has_failed() -> None:
    assert judged(results(1, "test", *ran(grave="error")))[0].verdict is Verdict.FAIL
    assert judged(results(1, "test", *ran(plain="runtime error")))[0].verdict is Verdict.FAIL


@pytest.mark.parametrize("status", ["skipped", "success", "mended", "PASS", ""])
def test_only_pass_is_a_pass(status: str) -> None:
    conclusion, tally = judged(results(1, "test", *ran(plain=status)))
    assert conclusion.verdict is Verdict.UNKNOWN
    assert tally is None
    assert judged(results(1, "test", *ran(plain=status, grave="fail")))[0].verdict is Verdict.FAIL


def test_a_warning_is_a_warning() -> None:
    conclusion, tally = judged(results(1, "test", *ran(plain="warn")))
    assert conclusion.verdict is Verdict.WARN
    assert tally is not None
    assert (tally.passed, tally.failed, tally.unclear) == (2, 0, 0)


def test_fewer_than_the_manifest_holds_is_unknown_unless_one_failed() -> None:
    passed, failed = result("test.gcms.plain", "pass"), result("test.gcms.plain", "fail", 1)
    conclusion, _ = judged(results(1, "test", passed))
    assert conclusion.verdict is Verdict.UNKNOWN
    assert "1 did not run" in conclusion.summary
    assert conclusion.evidence.rows[0][:3] == ("grave", True, "did not run")
    assert judged(results(1, "test", failed))[0].verdict is Verdict.FAIL


def test_no_test_at_all_is_unknown() -> None:
    assert judged(results(1, "test"))[0].verdict is Verdict.UNKNOWN
    assert judged(results(1, "test", *ran()), project=manifest())[0].verdict is Verdict.UNKNOWN
    assert judged(results(1, "test", *ran()), project=MISSING)[0].verdict is Verdict.UNKNOWN
    assert judged(MISSING)[0].verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("command", ["generate", "compile", "run", "show", "retry", ""])
@pytest.mark.parametrize("status", ["success", "fail"])
def test_what_another_command_wrote_is_no_test_result(command: str, status: str) -> None:
    conclusion, _ = judged(results(1, command, *ran(status, status)))
    assert conclusion.verdict is Verdict.UNKNOWN
    assert "no test has run since" in conclusion.summary


def test_the_target_must_be_ours_and_known() -> None:
    unsaid = results(1, "test", *ran(), target=None)
    assert judged(results(1, "test", *ran(), target="dev"))[0].verdict is Verdict.UNKNOWN
    assert judged(unsaid, log(invocation(1, "test", target=None)))[0].verdict is Verdict.UNKNOWN
    assert judged(unsaid, log(invocation(1, "test", target="dev")))[0].verdict is Verdict.UNKNOWN
    assert judged(unsaid)[0].verdict is Verdict.OK, "the log names the target of the same invocation"


def test_an_artifact_that_the_log_does_not_know_is_foreign() -> None:
    conclusion, _ = judged(results(2, "test", *ran("fail")))
    assert conclusion.verdict is Verdict.UNKNOWN
    assert "may come from elsewhere" in conclusion.summary


@pytest.mark.parametrize("success", [True, False, None])
def test_a_later_run_that_left_no_results_makes_the_artifact_old(success: bool | None) -> None:
    """A parse failure exits 2 and leaves the green run_results.json of before."""
    later = log(invocation(1, "test"), invocation(2, "build", success=success, target=None))
    conclusion, _ = judged(results(1, "test", *ran()), later)
    assert conclusion.verdict is Verdict.UNKNOWN
    assert "from before it" in conclusion.summary


def test_commands_that_leave_the_results_alone_do_not_matter() -> None:
    later = [invocation(2, "ls"), invocation(3, "debug"), invocation(4, "run", target="dev", success=False)]
    assert judged(results(1, "test", *ran()), log(invocation(1, "test"), *later))[0].verdict is Verdict.OK


def test_without_a_log_failures_count_and_passes_do_not() -> None:
    assert judged(results(1, "test", *ran()), MISSING)[0].verdict is Verdict.UNKNOWN
    assert judged(results(1, "test", *ran(grave="fail")), MISSING)[0].verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("age", "verdict"),
    [(24 * HOUR, Verdict.OK), (24.01 * HOUR, Verdict.UNKNOWN), (-HOUR, Verdict.UNKNOWN)],
)
def test_a_pass_wears_off_after_a_day(age: timedelta, verdict: Verdict) -> None:
    assert judged(results(1, "test", *ran(), age=age))[0].verdict is verdict


def test_a_failure_does_not_wear_off() -> None:
    assert judged(results(1, "test", *ran("fail"), age=1000 * HOUR))[0].verdict is Verdict.FAIL


def test_without_any_tag_a_failing_gold_test_stops_payroll() -> None:
    untagged = manifest(gold_test("plain"), gold_test("grave"), gold_test("other", folder="bronze"))
    conclusion, tally = judged(results(1, "test", *ran(plain="fail", other="fail")), project=untagged)
    assert "plain (critical, 1 row)" in conclusion.summary
    assert "STOP payroll" in conclusion.next_step
    assert tally is not None
    assert (tally.failed, tally.critical_failed) == (2, 1)


# -- several runs, each with files of its own ---------------------------------------------------------------

FIRST = results(1, "test", *ran("fail", "pass"), age=3 * HOUR)
AGAIN = results(2, "test", result("test.gcms.plain", "pass"))


def over_runs(
    *kept: RunResults, dbt_log: DbtLog, newest: RunResults | ArtifactError | None = None
) -> tuple[Conclusion, Tally | None]:
    return judge_gold_tests(newest or kept[-1], PROJECT, dbt_log, TARGET, NOW, kept)


def test_running_only_the_failed_tests_again_completes_the_picture() -> None:
    both = log(invocation(1, "test", age=3 * HOUR), invocation(2, "test"))
    assert over_runs(FIRST, dbt_log=log(invocation(1, "test", age=3 * HOUR)))[0].verdict is Verdict.FAIL
    conclusion, tally = over_runs(FIRST, AGAIN, dbt_log=both)
    assert conclusion.verdict is Verdict.OK
    assert conclusion.summary == "all 2 gold tests passed at most 3 h ago"
    assert tally == Tally(passed=3, total=3, failed=0, critical_failed=0, unclear=0)


def test_the_newest_result_of_each_test_counts_and_not_the_best() -> None:
    broken = results(2, "test", result("test.gcms.plain", "fail", 2))
    passed = results(1, "test", *ran(), age=3 * HOUR)
    conclusion, _ = over_runs(passed, broken, dbt_log=log(invocation(1, "test", age=3 * HOUR), invocation(2, "test")))
    assert conclusion.verdict is Verdict.FAIL
    assert "1 of 2 gold tests failed 1 h ago: plain" in conclusion.summary


@pytest.mark.parametrize("building", ["run", "build", "seed", "snapshot", "run-operation", "retry", "clone"])
@pytest.mark.parametrize("success", [True, False, None])
def test_what_may_have_changed_tables_makes_earlier_tests_old(building: str, success: bool | None) -> None:
    both = log(invocation(1, "test", age=3 * HOUR), invocation(2, building, success=success))
    conclusion, tally = over_runs(FIRST, dbt_log=both)
    assert conclusion.verdict is Verdict.UNKNOWN
    assert "from before it" in conclusion.summary
    assert tally is None


@pytest.mark.parametrize("nameless", [invocation(2, "", success=None), invocation(2, "", outcome("success"))])
def test_a_command_that_is_not_named_may_have_changed_tables_too(nameless: Invocation) -> None:
    assert over_runs(FIRST, dbt_log=log(invocation(1, "test"), nameless))[0].verdict is Verdict.UNKNOWN


def test_a_builds_own_tests_count_and_those_of_before_it_do_not() -> None:
    both = log(invocation(1, "test", age=3 * HOUR), invocation(2, "build"))
    whole = results(2, "build", result("model.gcms.dim", "success"), *ran())
    assert over_runs(FIRST, whole, dbt_log=both)[0].verdict is Verdict.OK
    part = results(2, "build", result("test.gcms.plain", "pass"))
    conclusion, _ = over_runs(results(1, "test", *ran(), age=3 * HOUR), part, dbt_log=both)
    assert conclusion.verdict is Verdict.UNKNOWN
    assert "1 did not run" in conclusion.summary


@pytest.mark.parametrize("command", ["compile", "docs generate", "show", "ls", "source freshness", "clean"])
@pytest.mark.parametrize("success", [True, False])
def test_what_only_reads_neither_tests_nor_makes_tests_old(command: str, success: bool) -> None:
    both = log(invocation(1, "test", age=3 * HOUR), invocation(2, command, success=success))
    green = results(1, "test", *ran(), age=3 * HOUR)
    compiled = results(2, command, *ran("success", "success", "success"))
    assert over_runs(green, compiled, dbt_log=both)[0].verdict is Verdict.OK
    assert over_runs(compiled, dbt_log=log(invocation(2, command, success=success)))[0].verdict is Verdict.UNKNOWN


def test_a_later_test_that_left_no_results_hides_what_it_would_have_found() -> None:
    crashed = invocation(2, "test", success=False, error="Compilation Error\n nope")
    conclusion, _ = over_runs(results(1, "test", *ran(), age=3 * HOUR), dbt_log=log(invocation(1, "test"), crashed))
    assert conclusion.verdict is Verdict.UNKNOWN
    assert "failed (Compilation Error nope) and left no results" in conclusion.summary
    mended = log(invocation(1, "test", age=3 * HOUR), crashed, invocation(3, "test"))
    assert over_runs(FIRST, results(3, "test", *ran()), dbt_log=mended)[0].verdict is Verdict.OK


def test_an_empty_selection_changes_nothing() -> None:
    empty = log(invocation(1, "test", age=3 * HOUR), invocation(2, "build", nothing_to_do=True))
    assert over_runs(results(1, "test", *ran(), age=3 * HOUR), dbt_log=empty)[0].verdict is Verdict.OK


@pytest.mark.parametrize("command", ["test", "build"])
def test_one_that_is_going_on_is_said_to_run(command: str) -> None:
    going_on = replace(invocation(2, command, success=None), running=True)
    conclusion, _ = over_runs(results(1, "test", *ran()), dbt_log=log(invocation(1, "test"), going_on))
    assert conclusion.verdict is Verdict.UNKNOWN
    assert f"dbt {command} is running" in conclusion.summary


def test_another_targets_runs_neither_count_nor_make_old() -> None:
    dev = results(2, "test", *ran("fail", "fail"), target="dev")
    both = log(invocation(1, "test"), invocation(2, "build", target="dev"))
    assert over_runs(results(1, "test", *ran()), dev, dbt_log=both, newest=dev)[0].verdict is Verdict.OK


def test_a_part_that_is_too_old_spoils_the_whole() -> None:
    old = results(1, "test", *ran(), age=25 * HOUR)
    both = log(invocation(1, "test", age=25 * HOUR), invocation(2, "test"))
    conclusion, _ = over_runs(old, AGAIN, dbt_log=both)
    assert conclusion.verdict is Verdict.UNKNOWN
    assert "1 of 2 gold tests ran 1 d 1 h ago: too long ago to count" in conclusion.summary


def test_of_many_test_runs_the_newest_are_asked_for() -> None:
    many = log(*(invocation(number, "test") for number in range(2 * MOST_TEST_RUNS)))
    asked = [item.invocation_id for item in invocations_that_test(many, TARGET)]
    assert asked == [f"id-{number}" for number in range(MOST_TEST_RUNS, 2 * MOST_TEST_RUNS)]


def test_kept_results_count_where_the_projects_own_file_is_gone() -> None:
    assert over_runs(results(1, "test", *ran()), dbt_log=OURS, newest=MISSING)[0].verdict is Verdict.OK


def test_the_artifact_names_a_command_that_the_log_does_not() -> None:
    nameless = log(invocation(1, "", outcome("pass", "test.gcms.plain")))
    assert judged(results(1, "test", *ran()), nameless)[0].verdict is Verdict.OK
    assert judged(results(1, "run", *ran()), nameless)[0].verdict is Verdict.UNKNOWN


STATUSES = st.sampled_from(["pass", "pass", "pass", "warn", "fail", "error", "skipped"])
RUNS = st.lists(
    st.tuples(
        st.sampled_from(["test", "build", "run", "compile"]),
        st.dictionaries(st.sampled_from(["test.gcms.plain", "test.gcms.grave", "test.gcms.other"]), STATUSES),
    ),
    min_size=1,
    max_size=6,
)


@given(RUNS)
def test_it_is_green_only_where_every_gold_test_passed_since_the_last_change(
    runs: list[tuple[str, dict[str, str]]],
) -> None:
    """Against a table of tests that every change of the tables empties."""
    table: dict[str, str] = {}
    kept = []
    for number, (command, statuses) in enumerate(runs):
        if command in ("build", "run"):
            table = {}
        if command in ("build", "test"):
            table |= statuses
        kept.append(results(number, command, *(result(name, status) for name, status in statuses.items())))
    dbt_log = log(*(invocation(number, command) for number, (command, _) in enumerate(runs)))
    conclusion, _ = over_runs(*kept, dbt_log=dbt_log)
    gold = [table.get("test.gcms.plain"), table.get("test.gcms.grave")]
    if "fail" in gold or "error" in gold:
        assert conclusion.verdict is Verdict.FAIL
    elif None in gold or "skipped" in gold:
        assert conclusion.verdict is Verdict.UNKNOWN
    else:
        assert conclusion.verdict is (Verdict.WARN if "warn" in gold else Verdict.OK)
