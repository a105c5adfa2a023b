from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gcms_tui.core.conclusion import Conclusion
from gcms_tui.core.dbt_log import DbtLog, Invocation
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import ArtifactError, RunResults
from gcms_tui.core.dbt_runs import judge_last_run, model_runs
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


def judged(
    log: DbtLog | ArtifactError, artifact: RunResults | ArtifactError = MISSING, known: Manifest | None = None
) -> Conclusion:
    return judge_last_run(log, artifact, known, TARGET, NOW)


GOOD = outcome("success")


def test_a_recent_success_is_ok() -> None:
    conclusion = judged(log(invocation(1, "build", GOOD, outcome("pass", "test.gcms.t"))))
    assert conclusion.verdict is Verdict.OK
    assert (conclusion.value, conclusion.unit) == (1.0, "h")
    assert conclusion.summary == "dbt build succeeded 1 h ago: 2 nodes"


@pytest.mark.parametrize(("age", "verdict"), [(24 * HOUR, Verdict.OK), (24.01 * HOUR, Verdict.WARN)])
def test_no_run_within_a_day_is_a_warning(age: timedelta, verdict: Verdict) -> None:
    conclusion = judged(log(invocation(1, "build", GOOD, age=age)))
    assert conclusion.verdict is verdict
    assert ("no run since" in conclusion.summary) == (verdict is Verdict.WARN)


def test_a_failed_run_fails_and_names_the_first_failing_node_however_old_it_is() -> None:
    bad = (outcome("error", "model.gcms.a"), outcome("skipped", "model.gcms.b"), outcome("fail", "test.x.t"))
    conclusion = judged(log(invocation(1, "build", GOOD, *bad, success=False, age=400 * HOUR)))
    assert conclusion.verdict is Verdict.FAIL
    assert "model.gcms.a (error), and 1 more" in conclusion.summary
    assert [row[0] for row in conclusion.evidence.rows] == ["model.gcms.a", "test.x.t", "model.gcms.b"]


def test_the_newest_one_counts_and_not_the_last_good_one() -> None:
    broken = invocation(2, "test", success=False, error="Compilation Error\n x")
    runs = log(invocation(1, "build", GOOD, age=2 * HOUR), broken)
    conclusion = judged(runs, results(1, "build", result("model.gcms.dim", "success")))
    assert conclusion.verdict is Verdict.FAIL, "the artifact of the run before still says success"
    assert "Compilation Error x" in conclusion.summary


def test_what_builds_nothing_is_no_run() -> None:
    others = [
        invocation(n, name) for n, name in enumerate(("ls", "debug", "docs generate", "compile", "source freshness"), 2)
    ]
    assert judged(log(invocation(1, "build", GOOD), *others)).verdict is Verdict.OK
    assert judged(log(*others)).verdict is Verdict.UNKNOWN


def test_another_targets_run_is_not_ours_but_one_that_does_not_say_may_be() -> None:
    ours = invocation(1, "build", GOOD)
    assert judged(log(ours, invocation(2, "run", success=False, target="dev"))).verdict is Verdict.OK
    assert judged(log(ours, invocation(2, "run", success=False, target=None))).verdict is Verdict.FAIL
    alone = judged(log(invocation(2, "run", GOOD, target="dev")))
    assert alone.verdict is Verdict.UNKNOWN
    assert "it knows of dev" in alone.summary


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (invocation(1, "build", GOOD, success=None), "has no end"),
        (invocation(1, "", GOOD, success=None), "has no end"),
        (invocation(1, "build", nothing_to_do=True), "selected nothing"),
        (invocation(1, "build"), "selected nothing"),
        (invocation(1, "build", GOOD, interleaved=True), "two dbt commands"),
        (invocation(1, "build", GOOD, exactly=False), "times without dates"),
        (invocation(1, "build", GOOD, age=-HOUR), "in the future"),
    ],
)
def test_what_cannot_be_told_is_unknown(last: Invocation, said: str) -> None:
    conclusion = judged(log(last))
    assert conclusion.verdict is Verdict.UNKNOWN
    assert said in conclusion.summary
    assert conclusion.next_step


def test_a_run_of_ours_is_known_to_go_on_or_to_be_lost() -> None:
    begun = invocation(2, "build", GOOD, success=None)
    going_on = judged(log(invocation(1, "build", GOOD), replace(begun, running=True)))
    assert going_on.verdict is Verdict.UNKNOWN
    assert going_on.summary == "dbt build, begun 1 h ago, is running"
    lost = judged(log(invocation(1, "build", GOOD), replace(begun, running=False, error="its keeper died")))
    assert lost.verdict is Verdict.UNKNOWN
    assert "was lost: its keeper died" in lost.summary
    bad = outcome("error", "model.gcms.a")
    failing = judged(log(replace(invocation(1, "build", bad, success=None), running=True)))
    assert failing.verdict is Verdict.FAIL
    assert "is running and has failed nodes: model.gcms.a" in failing.summary


def test_the_artifact_of_the_same_run_tells_what_the_log_cannot() -> None:
    """Which day it was, who did what while another wrote, and the messages."""
    vague = invocation(1, "build", GOOD, exactly=False, interleaved=True)
    assert judged(log(vague), results(1, "build", result("model.gcms.dim", "success"))).verdict is Verdict.OK
    failing = judged(
        log(invocation(1, "test", success=False)),
        results(1, "test", result("test.gcms.t", "fail", 2)),
        manifest(gold_test("t")),
    )
    assert failing.evidence.rows == (("t", "test", "fail", "message of test.gcms.t"),)


def test_an_artifact_of_another_run_is_not_mixed_in() -> None:
    foreign = results(9, "build", result("model.gcms.dim", "error"))
    assert judged(log(invocation(1, "build", GOOD)), foreign).verdict is Verdict.OK


def test_a_status_that_is_not_known_is_no_success() -> None:
    assert judged(log(invocation(1, "build", outcome("mended")))).verdict is Verdict.FAIL


def test_without_a_log_a_failure_counts_and_a_success_does_not() -> None:
    assert judged(MISSING).verdict is Verdict.UNKNOWN
    good, bad = (results(1, "build", result("model.gcms.dim", status)) for status in ("success", "error"))
    assert judged(MISSING, good).verdict is Verdict.UNKNOWN
    assert judged(MISSING, bad).verdict is Verdict.FAIL
    assert judged(MISSING, results(1, "generate", result("model.gcms.dim", "error"))).verdict is Verdict.UNKNOWN
    dev = results(1, "build", result("model.gcms.dim", "error"), target="dev")
    assert judged(MISSING, dev).verdict is Verdict.UNKNOWN


def test_hostile_messages_pass_through_as_data() -> None:
    text = "[/b]\x1b[31m" + "x" * 10_000 + "\n😀"
    node = result("model.gcms.dim", "error")
    conclusion = judged(log(invocation(1, "build", success=False)), results(1, "build", replace(node, message=text)))
    assert conclusion.evidence.rows[0][3] == text.replace("\n", " ")


def test_what_began_before_the_window_does_not_count() -> None:
    runs = log(invocation(1, "run", outcome("error"), age=50 * HOUR), invocation(2, "run", outcome("success")))
    assert model_runs(runs, TARGET, NOW - 24 * HOUR).failed == 0
    assert model_runs(runs, TARGET).failed == 1


def test_model_executions_are_counted_over_the_log() -> None:
    three = (outcome("success", "model.a.x"), outcome("error", "model.a.y"), outcome("skipped", "model.a.z"))
    runs = model_runs(
        log(
            invocation(1, "run", *three, age=3 * HOUR),
            invocation(2, "test", outcome("fail", "test.a.t")),
            invocation(3, "run", outcome("success", "model.a.x"), target="dev"),
            invocation(4, "compile", outcome("success", "model.a.x")),
            invocation(5, "build", outcome("success", "model.a.x"), outcome("success", "seed.a.s"), success=None),
        ),
        TARGET,
    )
    assert (runs.succeeded, runs.failed, runs.skipped, runs.executed, runs.invocations) == (2, 1, 1, 3, 2)
    assert runs.since == NOW - 3 * HOUR
    assert model_runs(log(), TARGET).executed == 0


def test_a_good_run_of_other_nodes_does_not_hide_what_still_fails() -> None:
    failed = invocation(1, "test", outcome("fail", "test.gcms.critical"), GOOD, success=False, age=2 * HOUR)
    conclusion = judged(log(failed, invocation(2, "run", outcome("success", "model.gcms.dim_concert"))))
    assert conclusion.verdict is Verdict.WARN
    assert "has not passed since: test.gcms.critical (fail)" in conclusion.summary
    assert [row[0] for row in conclusion.evidence.rows] == ["test.gcms.critical"]


@pytest.mark.parametrize("ending", ["pass", "warn"])
def test_what_has_passed_since_is_mended(ending: str) -> None:
    failed = invocation(1, "test", outcome("fail", "test.gcms.critical"), success=False, age=2 * HOUR)
    conclusion = judged(log(failed, invocation(2, "test", outcome(ending, "test.gcms.critical"))))
    assert conclusion.verdict is Verdict.OK


def test_being_skipped_mends_nothing() -> None:
    failed = invocation(1, "build", outcome("error", "model.gcms.a"), success=False, age=2 * HOUR)
    later = invocation(2, "build", GOOD, outcome("skipped", "model.gcms.a"))
    assert judged(log(failed, later)).verdict is Verdict.WARN


def test_what_was_skipped_and_has_not_been_executed_since_is_not_mended() -> None:
    failed = invocation(
        1, "build", outcome("error", "model.gcms.a"), outcome("skipped", "model.gcms.b"), success=False, age=2 * HOUR
    )
    conclusion = judged(log(failed, invocation(2, "run", outcome("success", "model.gcms.a"))))
    assert conclusion.verdict is Verdict.WARN
    assert "has not passed since: model.gcms.b (skipped)" in conclusion.summary
    both = (outcome("success", "model.gcms.a"), outcome("success", "model.gcms.b"))
    assert judged(log(failed, invocation(2, "run", *both))).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("success", "running", "verdict", "said"),
    [
        (False, None, Verdict.WARN, "the last dbt build before it failed: Compilation Error x"),
        (None, True, Verdict.UNKNOWN, "the last dbt build before it is running"),
        (None, False, Verdict.UNKNOWN, "the last dbt build before it was lost"),
        (None, None, Verdict.UNKNOWN, "the last dbt build before it has no end"),
    ],
)
def test_tests_that_pass_do_not_hide_a_build_that_went_wrong_as_a_whole(
    success: bool | None, running: bool | None, verdict: Verdict, said: str
) -> None:
    error = "Compilation Error\n x" if success is False else ""
    broken = replace(invocation(1, "build", success=success, error=error, age=3 * HOUR), running=running)
    tests = invocation(2, "test", outcome("pass", "test.gcms.t"), age=2 * HOUR)
    conclusion = judged(log(broken, tests))
    assert conclusion.verdict is verdict
    assert said in conclusion.summary
    assert judged(log(broken, tests, invocation(3, "run", GOOD))).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("artifact", "verdict"),
    [
        (results(9, "build", result("model.gcms.dim", "error"), age=HOUR / 2), Verdict.FAIL),
        (results(9, "build", result("model.gcms.dim", "error"), age=2 * HOUR), Verdict.OK),
        (results(9, "build", result("model.gcms.dim", "error"), age=HOUR / 2, target="dev"), Verdict.OK),
        (results(9, "compile", result("model.gcms.dim", "error"), age=HOUR / 2), Verdict.OK),
        (results(9, "build", result("model.gcms.dim", "success"), age=HOUR / 2), Verdict.OK),
    ],
)
def test_a_newer_artifact_of_a_command_that_logs_elsewhere_can_only_make_it_worse(
    artifact: RunResults, verdict: Verdict
) -> None:
    own = results(1, "build", result("model.gcms.dim", "success"))
    assert judge_last_run(log(invocation(1, "build", GOOD)), own, None, TARGET, NOW, artifact).verdict is verdict
