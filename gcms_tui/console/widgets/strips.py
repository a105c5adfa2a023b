"""Rich text as a line that Textual's line API can draw."""

from __future__ import annotations

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip


def strip(line: Text, console: Console, base: Style, width: int, left: int = 0) -> Strip:
    """`width` cells of `line` from the cell `left` on, over the style `base`."""
    own = console.get_style(line.style)  # Text.render leaves it out where the text has no spans
    segments = Segment.apply_style(line.render(console), base + own)
    return Strip(segments, line.cell_len).crop_extend(left, left + width, base)
