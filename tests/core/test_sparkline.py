"""The heights of a line of history."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.finding import Scalar
from gcms_tui.core.sparkline import levels


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([None, "x", True], [None, None, None]),
        ([0, 0, 0], [0, 0, 0]),
        ([0, Decimal("3.5"), 7], [0, 4, 7]),
        ([5, None, 10], [0, None, 7]),
        ([float("nan"), 1.0, float("inf")], [None, 0, None]),
    ],
)
def test_from_the_lowest_to_the_highest(values: list[Scalar], expected: list[int | None]) -> None:
    assert levels(values, 8) == expected


def test_a_slight_movement_stays_low() -> None:
    assert levels([3.16, 3.17, 3.18], 8) == [0, 0, 1]


@given(st.lists(st.none() | st.integers(-(10**9), 10**9) | st.floats() | st.decimals(allow_nan=False)))
def test_every_level_is_within_the_height(values: list[Scalar]) -> None:
    assert all(level is None or 0 <= level < 8 for level in levels(values, 8))
