"""A row of past values in the space of a few letters."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.text import Text

from gcms_tui.console.theme import Look
from gcms_tui.core.finding import Point
from gcms_tui.core.verdict import Verdict


def sparkline(points: Sequence[Point], width: int, look: Look, style: str = "") -> Text:
    """The newest `width` points, oldest first; what was not OK has its verdict's colour, unless `style` names one.

    A moment without a figure is a gap. Values that are all equal lie on the ground: nothing has moved.
    """
    shown = points[-width:] if width > 0 else ()
    figures = [_figure(point) for point in shown]
    levels = _levels(figures, len(look.glyphs.sparks))
    text = Text(" " * (width - len(shown)))
    for point, level in zip(shown, levels, strict=True):
        glyph = look.glyphs.gap if level is None else look.glyphs.sparks[level]
        quiet = look.palette.faint if point.verdict is Verdict.OK else look.colour(point.verdict)
        text.append(glyph, style or quiet)
    return text


def _figure(point: Point) -> float | None:
    value = point.value
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    figure = float(value)  # only its height on the screen comes of this
    return figure if figure - figure == 0 else None


def _levels(figures: Sequence[float | None], steps: int) -> list[int | None]:
    present = [figure for figure in figures if figure is not None]
    if not present:
        return [None] * len(figures)
    low, high = min(present), max(present)
    if low == high:
        return [None if figure is None else 0 for figure in figures]
    scale = (steps - 1) / (high - low)
    return [None if figure is None else round((figure - low) * scale) for figure in figures]
