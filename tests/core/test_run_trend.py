"""How long nodes take. Definitions are checked against slow ones that follow their words."""

from __future__ import annotations

import statistics
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.dbt_log import Invocation, NodeOutcome
from gcms_tui.core.run_progress import NodeProgress
from gcms_tui.core.run_trend import (
    EARLIER_NEEDED,
    expected_duration,
    node_trends,
    pass_rate_words,
    percentile,
    regression,
    remaining_seconds,
    run_success_words,
    usual_seconds,
)
from tests.core.dbt_samples import HOUR, NOW, TARGET, invocation, outcome

SECONDS = st.floats(0.01, 10_000)


def ran(*seconds: float, name: str = "model.gcms.dim", status: str = "success") -> list[Invocation]:
    return [
        invocation(place, "run", NodeOutcome(status, name, name.partition(".")[0], value))
        for place, value in enumerate(seconds)
    ]


@given(st.lists(SECONDS, min_size=1, max_size=60), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_enough_do_not_exceed(values: list[float], share: int) -> None:
    enough = [value for value in values if 100 * sum(other <= value for other in values) >= share * len(values)]
    assert percentile(values, share) == min(enough)


def test_of_nothing_there_is_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 95)


@given(st.lists(SECONDS, min_size=1, max_size=40))
def test_a_trend_says_mean_p95_max_and_last(seconds: list[float]) -> None:
    (trend,) = node_trends(ran(*seconds), {"model.gcms.dim": "dim_alias"})
    assert (trend.runs, trend.points, trend.last_s, trend.max_s) == (
        len(seconds), tuple(seconds), seconds[-1], max(seconds),
    )  # fmt: skip
    assert trend.mean_s == pytest.approx(statistics.fmean(seconds))
    assert trend.p95_s == percentile(seconds, 95)
    assert (trend.name, trend.resource_type) == ("dim_alias", "model")


@pytest.mark.parametrize("status", ["error", "skipped", "runtime error", "no-op", "reused", "mended"])
def test_what_was_not_executed_whole_has_no_time(status: str) -> None:
    assert node_trends(ran(1.0, status=status)) == ()


def test_a_failing_test_was_executed_whole() -> None:
    (trend,) = node_trends(ran(1.0, name="test.gcms.t.1f", status="fail"))
    assert trend.name == "t"


def test_what_the_log_only_describes_is_not_followed() -> None:
    described = invocation(1, "run", NodeOutcome("success", "sql table model GOLD.dim", "model", 2.0))
    assert node_trends([described]) == ()


@pytest.mark.covers("Monthly 4", "T4")
@pytest.mark.parametrize(
    ("seconds", "slow"),
    [
        ([4.0, 4.1, 3.9, 4.0, 4.2, 9.0], True),
        ([4.0, 4.1, 3.9, 4.0, 4.2, 5.1], False),
        ([4.0, 4.1, 3.9, 4.0, 4.2, 5.4], True),
        ([4.0, 90.0, 4.1, 3.9, 4.0, 4.2, 9.0], True),
        ([4.0, 90.0, 4.1, 3.9, 4.0, 4.2, 4.1], False),
        ([1.0, 9.0, 2.0, 8.0, 3.0, 7.0, 12.0], False),
        ([0.1, 0.1, 0.1, 0.1, 0.1, 0.9], False),
        ([0.1, 0.1, 0.1, 0.1, 0.1, 1.2], True),
        ([4.0, 4.0, 4.0, 4.0, 400.0], False),
    ],
)
def test_a_node_has_become_slow_where_it_stands_out_of_its_past(seconds: list[float], slow: bool) -> None:
    assert regression(seconds)[0] is slow


def test_too_short_a_past_is_said() -> None:
    assert f"{EARLIER_NEEDED} are needed" in regression([1.0, 50.0])[1]


@given(st.lists(SECONDS, min_size=6, max_size=40), st.floats(1.001, 100))
def test_slower_still_is_still_slow_and_no_slower_than_usual_never_is(before: list[float], factor: float) -> None:
    usual = before[-20:]
    assert not regression([*before, statistics.median(usual)])[0]
    last = max(before) * factor
    if regression([*before, last])[0]:
        assert regression([*before, last * 2])[0]
        assert last > statistics.median(usual) + 1.0


@given(st.lists(SECONDS, min_size=5, max_size=20), SECONDS)
def test_the_order_of_the_past_does_not_matter(before: list[float], last: float) -> None:
    assert regression([*before, last]) == regression([*reversed(before), last])


def test_regressed_nodes_come_first_then_the_slowest() -> None:
    slow = ran(*[50.0] * 6, name="model.gcms.slow")
    slower = ran(*[1.0] * 5, 9.0, name="model.gcms.slower_now")
    quick = ran(*[2.0] * 6, name="model.gcms.quick")
    assert [trend.name for trend in node_trends([*slow, *slower, *quick])] == ["slower_now", "slow", "quick"]


USUAL = {"model.gcms.a": 10.0, "model.gcms.b": 4.0, "model.gcms.c": 4.0}


@pytest.mark.parametrize(
    ("nodes", "threads", "expected"),
    [
        (["model.gcms.a"], 4, 10.0),
        (["model.gcms.a", "model.gcms.b", "model.gcms.c"], 4, 10.0),
        (["model.gcms.a", "model.gcms.b", "model.gcms.c"], 1, 18.0),
        (["model.gcms.b", "model.gcms.c"], 2, 4.0),
        (["model.gcms.a", "model.gcms.new"], None, 20.0),
        (["model.gcms.a", "model.gcms.new", "model.gcms.newer"], 1, None),
        ([], 4, None),
    ],
)
def test_a_command_takes_as_long_as_its_longest_node_or_all_shared_out(
    nodes: list[str], threads: int | None, expected: float | None
) -> None:
    assert expected_duration(nodes, USUAL, threads) == expected


@given(st.lists(SECONDS, min_size=1, max_size=30), st.integers(1, 16))
def test_no_schedule_of_independent_nodes_is_quicker_than_the_bound_nor_twice_as_slow(
    seconds: list[float], threads: int
) -> None:
    """Graham: list scheduling takes at most 2 - 1/m times the optimum, which is no quicker than the bound."""
    free = [0.0] * threads
    for value in sorted(seconds, reverse=True):
        soonest = free.index(min(free))
        free[soonest] += value
    names = [f"model.gcms.n{place}" for place in range(len(seconds))]
    bound = expected_duration(names, dict(zip(names, seconds, strict=True)), threads)
    assert bound is not None
    assert bound <= max(free) * 1.000001
    assert max(free) <= bound * 2


def progress(name: str, status: str, running_s: float = 0.0) -> NodeProgress:
    began = NOW - timedelta(seconds=running_s) if status == "running" else None
    return NodeProgress(f"model.gcms.{name}", name, "model", status, started_at=began)


def test_what_is_left_shrinks_with_what_has_been_done() -> None:
    nodes = [progress("a", "running", 4.0), progress("b", "waiting"), progress("c", "success")]
    assert remaining_seconds(nodes, USUAL, 1, NOW, 3) == 10.0
    assert remaining_seconds(nodes, USUAL, 2, NOW, 3) == 6.0
    assert remaining_seconds([progress("a", "running", 60.0)], USUAL, 1, NOW, 1) == 0.0
    assert remaining_seconds([progress("a", "success")], USUAL, 1, NOW, 1) == 0.0


def done(place: int, thread: str, began_s: float, ended_s: float, status: str = "success") -> NodeProgress:
    """Finished in this run, seconds ago."""
    began, ended = NOW - timedelta(seconds=began_s), NOW - timedelta(seconds=ended_s)
    name = f"t{place}"
    return NodeProgress(f"model.gcms.{name}", name, "model", status, thread, began, ended, elapsed_s=0.1)


def test_a_run_that_takes_longer_than_usual_is_expected_to_go_on_so() -> None:
    """Each node usually takes 0.1 s; in this run its thread has been busy with it for 2 s from the last one's end."""
    usual = {f"model.gcms.t{place}": 0.1 for place in range(62)}
    finished = [done(place, f"Thread-{place % 4}", 14 - 2 * (place // 4) - 0.5, 14 - 2 * (place // 4) - 2) for place in
                range(28)]  # fmt: skip
    waiting = [NodeProgress(f"model.gcms.t{place}", f"t{place}", "model", "waiting") for place in range(28, 62)]
    left = remaining_seconds([*finished, *waiting], usual, 4, NOW, 62)
    assert left == pytest.approx(34 * 2 / 4)
    assert remaining_seconds(waiting, usual, 4, NOW, 34) == pytest.approx(34 * 0.1 / 4)


def test_one_slow_beginning_does_not_tell_of_all() -> None:
    usual = {f"model.gcms.t{place}": 1.0 for place in range(6)}
    waking = done(0, "Thread-1", 60, 20)
    quick = [done(place, "Thread-1", 20 - place, 19 - place) for place in range(1, 5)]
    waiting = [NodeProgress("model.gcms.t5", "t5", "model", "waiting")]
    assert remaining_seconds([waking, *waiting], usual, 1, NOW, 2) == 1.0
    assert remaining_seconds([waking, *quick, *waiting], usual, 1, NOW, 6) == pytest.approx(1.0)
    skipped = [done(place, "", 20, 20, "skipped") for place in range(1, 5)]
    assert remaining_seconds([waking, *skipped, *waiting], usual, 1, NOW, 6) == 1.0


def test_what_cannot_be_told_is_not_told() -> None:
    assert remaining_seconds([], USUAL, 1, NOW, None) is None
    assert remaining_seconds([progress("new", "running")], USUAL, 1, NOW, 1) is None
    assert remaining_seconds([progress("a", "waiting")], USUAL, 1, NOW, 3) is None


def test_the_usual_is_the_median_of_the_newest_twenty() -> None:
    assert usual_seconds(ran(*[100.0] * 30, *[2.0] * 20)) == {"model.gcms.dim": 2.0}


def test_run_success_counts_models_and_leaves_the_skipped_apart() -> None:
    runs = [invocation(n, "run", *[outcome("success", f"model.a.x{m}") for m in range(10)]) for n in range(10)]
    assert run_success_words(runs, TARGET, "the last 30 days").startswith("OK: 100.0 % of 100 model executions")
    runs.append(invocation(11, "build", outcome("error", "model.a.y"), outcome("skipped", "model.a.z")))
    runs.append(invocation(12, "build", outcome("error", "model.a.y"), target="dev"))
    words = run_success_words(runs, TARGET, "the last 30 days")
    assert words == ("OK: 99.0 % of 101 model executions succeeded in 11 runs of the last 30 days; 1 failed, 1 skipped")
    bad = run_success_words(runs[9:], TARGET, "the last 2 days")
    assert bad.startswith("FAIL: 90.9 %")
    assert run_success_words([], TARGET, "the last 2 days").startswith("UNKNOWN: no model was executed")


def test_passing_tests_are_a_share_of_executions_and_critical_failures_are_told() -> None:
    runs = [
        invocation(1, "test", outcome("pass", "test.a.x"), outcome("fail", "test.a.y"), outcome("skipped", "test.a.z")),
        invocation(
            2, "build", outcome("success", "model.a.m"), outcome("pass", "test.a.x"), outcome("pass", "test.a.y")
        ),
        invocation(3, "compile", outcome("pass", "test.a.x")),
        invocation(4, "test", outcome("fail", "test.a.x"), age=HOUR, target="dev"),
    ]
    words = pass_rate_words(runs, TARGET, "the last 30 days", frozenset())
    assert words == "WARN: 75.0 % of 4 test executions passed in 2 runs of the last 30 days"
    grave = pass_rate_words(runs, TARGET, "the last 30 days", frozenset({"test.a.y"}))
    assert grave.startswith("FAIL: 75.0 %")
    assert grave.endswith("; 1 failure of critical tests")
    assert pass_rate_words(runs[1:2], TARGET, "x", frozenset({"test.a.y"})).startswith("OK: 100.0 %")
    assert pass_rate_words([], TARGET, "the last 30 days", frozenset()).startswith("UNKNOWN: no test was executed")
