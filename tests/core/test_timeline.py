"""Threads as lanes over an axis of columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.run_progress import NodeProgress
from gcms_tui.core.timeline import Timeline, clock, timeline

BEGAN = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def node(name: str, start: float, end: float | None, status: str = "success", thread: str = "Thread-1") -> NodeProgress:
    ended = None if end is None else after(end)
    return NodeProgress(name, name, "model", status, thread, after(start), ended)


def drawn(laid: Timeline) -> list[str]:
    """Each lane as text: a node's first letter in each of its columns."""
    lines = []
    for lane in laid.lanes:
        line = [" "] * laid.columns
        for bar in lane.bars:
            line[bar.start : bar.start + bar.width] = [bar.node.name[0]] * bar.width
        lines.append("".join(line))
    return lines


def test_each_thread_has_a_lane_and_each_node_its_time() -> None:
    nodes = [
        node("a", 0, 5),
        node("b", 5, 10),
        node("c", 2, 4, thread="Thread-10"),
        node("d", 0, 10, thread="Thread-2"),
    ]
    laid = timeline(nodes, after(10), 20)
    assert [lane.thread for lane in laid.lanes] == ["Thread-1", "Thread-2", "Thread-10"]
    assert drawn(laid) == ["aaaaaaaaaabbbbbbbbbb", "dddddddddddddddddddd", "    cccc            "]
    assert laid.span_s == 10 and laid.began == BEGAN


def test_what_runs_ends_now() -> None:
    nodes = [node("a", 0, 5), node("b", 5, None, "running")]
    assert drawn(timeline(nodes, after(10), 10)) == ["aaaaabbbbb"]
    assert drawn(timeline(nodes, after(20), 10)) == ["aabbbbbbbb"]


def test_a_short_node_is_seen() -> None:
    nodes = [node("a", 0, 60), node("b", 60, 60.01), node("c", 99, 100)]
    assert drawn(timeline(nodes, after(100), 10)) == ["aaaaaab  c"]


def test_of_many_in_one_column_the_failing_one_is_seen() -> None:
    nodes = [node(f"s{number}", number * 0.1, number * 0.1 + 0.1) for number in range(100)]
    nodes[57] = node("f", 5.7, 5.8, "error")
    laid = timeline(nodes, after(10), 10)
    assert "f" in drawn(laid)[0] and laid.lanes[0].hidden == 90
    shown = {bar.node.name for bar in laid.lanes[0].bars}
    assert len(shown) + laid.lanes[0].hidden == len(nodes)


def test_a_hidden_node_takes_the_empty_column_beside_it() -> None:
    nodes = [node("a", 0, 0.2), node("b", 0.2, 0.3), node("c", 9, 10)]
    laid = timeline(nodes, after(10), 10)
    assert drawn(laid) == ["ab       c"] and laid.lanes[0].hidden == 0


def test_what_waits_or_has_no_thread_is_not_in_it() -> None:
    waiting = NodeProgress("w", "w", "model", "waiting")
    assert timeline([waiting], after(1), 10) == Timeline(10, None, 0.0, (), ())
    assert timeline([], after(1), 10).lanes == () and timeline([node("a", 0, 1)], after(1), 0).lanes == ()


@pytest.mark.parametrize(
    ("span", "columns", "labels"),
    [
        (10, 60, ["0:00", "0:02", "0:04", "0:06", "0:08"]),
        (600, 60, ["0:00", "2:00", "4:00", "6:00", "8:00"]),
        (86_400, 50, ["0:00", "12:00:00"]),
        (10, 6, ["0:00"]),
        (10, 3, []),
    ],
)
def test_ticks_stand_at_round_times(span: float, columns: int, labels: list[str]) -> None:
    laid = timeline([node("a", 0, span)], after(span), columns)
    assert [tick.label for tick in laid.ticks] == labels
    assert all(tick.column + len(tick.label) <= columns for tick in laid.ticks)


def test_a_clock_says_hours_only_where_there_are_any() -> None:
    assert [clock(seconds) for seconds in (0, 65, 3_600, 90_061)] == ["0:00", "1:05", "1:00:00", "25:01:01"]


@given(
    st.lists(
        st.tuples(
            st.floats(0, 10_000),
            st.floats(0, 500),
            st.sampled_from(["success", "error", "skipped", "running", "new word"]),
            st.sampled_from(["Thread-1", "Thread-2", "", "MainThread"]),
        ),
        max_size=40,
    ),
    st.integers(-3, 90),
    st.floats(-10, 20_000),
)
def test_bars_never_overlap_nor_leave_the_axis(
    given_nodes: list[tuple[float, float, str, str]], columns: int, now: float
) -> None:
    nodes = [
        node(f"n{number}", start, None if status == "running" else start + took, status, thread)
        for number, (start, took, status, thread) in enumerate(given_nodes)
    ]
    laid = timeline(nodes, after(now), columns)
    for lane in laid.lanes:
        edge = 0
        for bar in lane.bars:
            assert bar.start >= edge and bar.width >= 1
            edge = bar.start + bar.width
        assert edge <= columns
    if laid.lanes:
        shown = sum(len({id(bar.node) for bar in lane.bars}) + lane.hidden for lane in laid.lanes)
        assert shown == sum(bool(one.thread) for one in nodes), "every node is drawn or counted"
