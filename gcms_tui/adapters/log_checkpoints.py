"""How many wanted lines come before certain places of a log: enough to find any of them, in little memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from gcms_tui.adapters.log_scan import Carried

SPACING = 512 * 1024 - 64 * 1024
MOST = 16_384
"""Checkpoints kept; past that every second one is dropped. 17 bytes each, whatever the file's size."""


class Checkpoints:
    """Line beginnings, in order; the first one is the file's own."""

    def __init__(self, most: int = MOST, spacing: int = SPACING) -> None:
        self._most = most
        self._spacing = spacing
        self._offsets = array("Q", [0])
        self._counts = array("Q", [0])
        self._carried = bytearray(1)

    def __len__(self) -> int:
        return len(self._offsets)

    def add(self, offset: int, count: int, carried: Carried) -> None:
        """`count` wanted lines begin before `offset`, where a line begins."""
        if offset < self._offsets[-1] + self._spacing:
            return
        self._offsets.append(offset)
        self._counts.append(count)
        self._carried.append(carried.kept + 2 * carried.inside)
        if len(self._offsets) > self._most:
            self._offsets, self._counts, self._carried = self._offsets[::2], self._counts[::2], self._carried[::2]
            self._spacing *= 2

    def at_or_before(self, offset: int) -> int:
        """The number of the last checkpoint that is not behind `offset`."""
        return bisect_right(self._offsets, offset) - 1

    def before_line(self, rank: int) -> int:
        """The number of the checkpoint after which the wanted line comes that has `rank` such lines before it."""
        return bisect_right(self._counts, rank) - 1

    def offset(self, number: int) -> int:
        return self._offsets[number]

    def count(self, number: int) -> int:
        return self._counts[number]

    def carried(self, number: int) -> Carried:
        bits = self._carried[number]
        return Carried(kept=bool(bits & 1), inside=bool(bits & 2))

    def next_busy(self, number: int) -> int:
        """The first checkpoint from `number` on that is followed by a wanted line before the next one.

        The last one where there is none: what follows it is not told.
        """
        return min(bisect_right(self._counts, self._counts[number]) - 1, len(self._counts) - 1)

    def last_busy(self, number: int) -> int:
        """The last checkpoint up to `number` that is followed by a wanted line before the next one; -1: none.

        Of the last checkpoint it is not told, so that is taken for busy.
        """
        if number >= len(self._counts) - 1:
            return number
        return bisect_left(self._counts, self._counts[number + 1]) - 1
