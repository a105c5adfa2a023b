"""Partial updates that send no more than what has changed.

Textual draws a changed region from the left edge of its widget on. For a column of ages that is the whole board, again
every minute; over a bad line, or on a wall for weeks, that counts.
"""

from __future__ import annotations

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate


class TightUpdate(ChopsUpdate):
    """An update that is cut on both sides."""

    def render_segments(self, console: Console) -> str:
        sequences: list[str] = []
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                left, right = max(x, x1), min(end, x2)
                if strip is None or left >= right:
                    continue
                sequences.append(Control.move_to(left, y).segment.text)
                sequences.append(strip.crop(left - x, right - x).render(console))
        return "".join(sequences)


def tight(update: ChopsUpdate) -> TightUpdate:
    return TightUpdate(update.chops, update.spans, update.chop_ends)
