"""How high each of a row of values stands: for a line of history in the space of a few letters."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from gcms_tui.core.finding import Scalar

QUIET_SHARE = 0.05
"""A movement smaller than this share of the largest value does not use the whole height: it is no news."""


def levels(values: Sequence[Scalar], steps: int) -> list[int | None]:
    """A level from 0, the lowest value's, to at most `steps` - 1; None where there is no figure."""
    figures = [_figure(value) for value in values]
    present = [figure for figure in figures if figure is not None]
    if not present:
        return [None] * len(figures)
    # Halved, so that no difference of two figures is beyond what a float holds.
    low = min(present) / 2
    span = max(max(present) / 2 - low, QUIET_SHARE * max(abs(figure) for figure in present) / 2)
    if not span:
        return [None if figure is None else 0 for figure in figures]
    return [None if figure is None else round((figure / 2 - low) / span * (steps - 1)) for figure in figures]


def _figure(value: Scalar) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    figure = float(value)  # only its height comes of this
    return figure if figure - figure == 0 else None
