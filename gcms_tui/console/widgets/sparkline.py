"""A row of past values in the space of a few letters."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from gcms_tui.console.theme import Look
from gcms_tui.core.finding import Point
from gcms_tui.core.sparkline import levels
from gcms_tui.core.verdict import Verdict


def sparkline(points: Sequence[Point], width: int, look: Look, style: str = "") -> Text:
    """The newest `width` points, oldest first; what was not OK has its verdict's colour, unless `style` names one.

    A moment without a figure is a gap. Values that are all equal lie on the ground: nothing has moved.
    """
    shown = points[-width:] if width > 0 else ()
    heights = levels([point.value for point in shown], len(look.glyphs.sparks))
    text = Text(" " * (width - len(shown)))
    for point, level in zip(shown, heights, strict=True):
        glyph = look.glyphs.gap if level is None else look.glyphs.sparks[level]
        quiet = look.palette.faint if point.verdict is Verdict.OK else look.colour(point.verdict)
        text.append(glyph, style or quiet)
    return text
