"""Versions on an axis of time: where each begins and ends, what overlaps, and which dates stand above it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.scd2.axis import Axis, Overlap, Shape, Span, axis
from gcms_tui.core.scd2.version import Convention, Version

DAY_BEFORE, SAME_INSTANT = Convention.DAY_BEFORE, Convention.SAME_INSTANT


def day(text: str) -> str:
    return f"{text} 00:00:00.000000000" if len(text) == 10 else text


def version(begin: str | None, end: str | None = None) -> Version:
    return Version(
        "id", None if begin is None else day(begin), None if end is None else day(end), end is None, None, None
    )


def drawn(laid: Axis) -> list[str]:
    lines = []
    for span in laid.spans:
        fill = {Shape.VALID: "=", Shape.EMPTY: "o", Shape.INVERTED: "~", Shape.UNKNOWN: "?"}[span.shape]
        cells = [" "] * span.start + [fill] * (span.end - span.start)
        if span.cut is not None:
            cells[span.cut : span.end] = "." * (span.end - span.cut)
        if span.is_open:
            cells[-1] = ">"
        lines.append("".join(cells))
    return lines


def test_validity_is_drawn_to_scale_and_open_ends_reach_the_edge() -> None:
    laid = axis(
        [version("2026-01-11"), version("2026-01-06", "2026-01-11"), version("2026-01-01", "2026-01-06")],
        24,
        SAME_INSTANT,
    )
    assert drawn(laid) == ["                    ===>", "          ==========", "=========="]
    assert laid.overlaps == () and laid.to_scale
    assert [(tick.column, tick.label) for tick in laid.ticks] == [(0, "2026-01-01"), (20, "2026-01-11")]


def test_two_current_versions_overlap_to_the_edge_and_what_would_be_cut_is_known() -> None:
    current = [version("2026-01-11"), version("2026-01-01")]
    laid = axis(current, 24, DAY_BEFORE, {1: day("2026-01-10")})
    assert laid.overlaps == (Overlap(20, 24, 2),)
    assert drawn(laid) == ["                    ===>", "==================.....>"]
    superseded = axis(current, 24, DAY_BEFORE, {1: day("2025-12-31")})
    assert superseded.spans[1].cut == superseded.spans[1].start, "nothing of it would be left"


def test_degenerate_ranges_are_marks_and_no_overlap() -> None:
    laid = axis(
        [
            version("2026-01-11"),
            version("2026-01-05", "2026-01-04"),
            version("2026-01-05", "2026-01-05"),
            version("2026-01-09", "2026-01-02"),
            version(None),
        ],
        24,
        DAY_BEFORE,
    )
    shapes = [span.shape for span in laid.spans]
    # Where a version ends the day before the next begins, one that ends on its first day is valid for that day.
    assert shapes == [Shape.VALID, Shape.EMPTY, Shape.VALID, Shape.INVERTED, Shape.UNKNOWN]
    assert laid.spans[1].end - laid.spans[1].start == 1 and laid.overlaps == ()
    assert axis([version("2026-01-05", "2026-01-04")], 10, SAME_INSTANT).spans[0].shape is Shape.INVERTED


def test_all_in_one_instant() -> None:
    laid = axis([version("2026-01-05")] * 3, 30, DAY_BEFORE)
    assert laid.spans == (Span(0, 30, is_open=True),) * 3 and laid.overlaps == (Overlap(0, 30, 3),)
    assert [tick.label for tick in laid.ticks] == ["2026-01-05"]


def test_an_end_in_the_year_9999_is_none_and_compresses_nothing() -> None:
    laid = axis(
        [version("2026-01-11", "9999-12-31"), version("2026-01-01", "2026-01-11")],
        24,
        SAME_INSTANT,
    )
    assert drawn(laid) == ["                    ===>", "===================="]


def test_beginnings_that_would_share_a_cell_stand_at_equal_distances() -> None:
    instants = [f"2026-01-05 08:00:0{second}.000000000" for second in range(3)]
    laid = axis([version("1900-01-01", "2026-01-04"), *(version(one) for one in instants)], 40, DAY_BEFORE)
    starts = [span.start for span in laid.spans]
    assert not laid.to_scale and starts == sorted(set(starts))
    labels = [tick.label for tick in laid.ticks]
    assert labels == ["1900-01-01 00:00:00", "2026-01-05 08:00:02"], "as exact as tells them apart"
    nanoseconds = axis([version(f"2026-01-05 08:00:00.00000000{place}") for place in range(3)], 40, DAY_BEFORE)
    assert len({span.start for span in nanoseconds.spans}) == 3


def test_overlaps_that_touch_are_one_and_say_how_many_at_most() -> None:
    laid = axis(
        [version("2026-01-01", "2026-01-11"), version("2026-01-03", "2026-01-07"), version("2026-01-05", "2026-01-09")],
        20,
        SAME_INSTANT,
    )
    assert laid.overlaps == (Overlap(4, 16, 3),)


@pytest.mark.parametrize("columns", [0, 1, 2, 7])
def test_no_room_is_no_reason_to_fail(columns: int) -> None:
    laid = axis(
        [version("2026-01-01", "2026-01-05"), version("2026-01-05"), version("2026-01-09")], columns, DAY_BEFORE
    )
    assert all(0 <= span.start < span.end <= columns for span in laid.spans)


MOMENTS = st.sampled_from(
    [
        None,
        *(day(one) for one in ("0001-01-01", "1900-01-01", "2026-01-04", "2026-01-05", "2026-02-01", "9999-12-31")),
        "2026-01-05 00:00:00.000000001",
        "2026-01-05 23:59:59.999999999",
    ]
)


@given(
    st.lists(st.tuples(MOMENTS, MOMENTS), max_size=50),
    st.integers(0, 200),
    st.sampled_from(Convention),
    st.dictionaries(st.integers(0, 49), MOMENTS.filter(bool)),
)
def test_whatever_the_versions_the_axis_holds_them(
    ranges: list[tuple[str | None, str | None]], columns: int, convention: Convention, ends: dict[int, str]
) -> None:
    versions = [version(begin, end) for begin, end in ranges]
    laid = axis(versions, columns, convention, ends)
    if not columns or not versions:
        assert not laid.spans
        return
    assert len(laid.spans) == len(versions)
    for one, span in zip(versions, laid.spans, strict=True):
        assert 0 <= span.start < span.end <= columns
        assert span.cut is None or span.start <= span.cut < span.end
        assert not span.is_open or span.end == columns
        assert span.shape is not Shape.VALID or one.is_open or not one.is_empty(convention)
    pairs = any(
        one.overlaps(other, convention) for place, one in enumerate(versions) for other in versions[place + 1 :]
    )
    assert bool(laid.overlaps) == pairs
    for overlap in laid.overlaps:
        assert 0 <= overlap.start < overlap.end <= columns and overlap.versions >= 2
    ends_at = 0
    for tick in laid.ticks:
        assert tick.at >= ends_at and tick.at + len(tick.label) <= columns
        assert tick.at <= tick.column <= tick.at + len(tick.label)
        ends_at = tick.at + len(tick.label) + 1


def test_what_would_stay_valid_for_one_day_is_still_seen() -> None:
    two = [version("2026-01-05"), version("2026-01-06")]
    one_day = axis(two, 24, DAY_BEFORE, {0: day("2026-01-05")}).spans[0]
    never = axis(two, 24, DAY_BEFORE, {0: day("2026-01-04")}).spans[0]
    assert (one_day.cut, never.cut) == (one_day.start + 1, never.start)
