"""Walking a log file block by block, forwards and backwards, with memory for a few blocks whatever its size."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TypeVar

from gcms_tui.adapters.log_checkpoints import Checkpoints
from gcms_tui.adapters.log_scan import Carried, Selection
from gcms_tui.core.log_line import ENTRY

BLOCK = 256 * 1024
"""Bytes that are looked through at a time where something is to be found soon."""
STRIDE = 512 * 1024
"""And where everything is to be looked through."""
LONGEST = 8 * 1024 * 1024
"""Of a longer line, what comes after is neither filtered nor searched."""

T = TypeVar("T")
Piecewise = Generator[None, None, T]
"""Work that stops after every block, so that something more urgent may come in between."""
Place = tuple[int, int]
"""Where a line begins in the file, and its size without the line break."""


@dataclass(frozen=True, slots=True)
class Block:
    start: int
    data: bytes
    """Whole lines; of one that is longer than `LONGEST` the beginning."""
    next: int
    """Where the line after it begins."""
    finished: bool = True
    """The last line has its line break."""

    def place(self, start: int, stop: int) -> Place:
        """A line of the block in the file."""
        cut = stop == len(self.data) and self.next - self.start > len(self.data)
        return self.start + start, (self.next - self.start - self.finished if cut else stop) - start


class LogReader:
    """A file's bytes up to `limit`, which grows as the file does."""

    def __init__(self, fd: int, limit: int = 0) -> None:
        self.fd = fd
        self.limit = limit

    def block(self, at: int, size: int = BLOCK, until: int | None = None) -> Block:
        """Whole lines from `at`, where a line begins, on: about `size` bytes, and none that begins at `until`."""
        until = self.limit if until is None else min(until, self.limit)
        data = os.pread(self.fd, min(size, until - at), at)
        while not (end := data.rfind(b"\n") + 1) and at + len(data) < until and len(data) < LONGEST:
            more = os.pread(self.fd, min(len(data) * 2, LONGEST - len(data), until - at - len(data)), at + len(data))
            if not more:
                break
            data += more
        if end and at + len(data) < until:
            return Block(at, data[:end], at + end)
        if at + len(data) >= until or not data:
            return Block(at, data, max(at + len(data), until), data.endswith(b"\n"))
        following = self._line_after(at + len(data), until)
        return Block(at, data, following or until, following is not None)

    def _line_after(self, at: int, until: int) -> int | None:
        while at < until and (data := os.pread(self.fd, min(BLOCK, until - at), at)):
            if (place := data.find(b"\n")) >= 0:
                return at + place + 1
            at += len(data)
        return None

    def line_start(self, offset: int) -> int:
        """Where the line begins that holds the byte at `offset`."""
        end = min(offset, self.limit)
        while end > 0:
            begin = max(end - BLOCK, 0)
            place = os.pread(self.fd, end - begin, begin).rfind(b"\n")
            if place >= 0:
                return begin + place + 1
            end = begin
        return 0

    def start_before(self, end: int, size: int = BLOCK) -> int:
        """Where a line begins, about `size` bytes before `end` and surely before it."""
        begin = max(end - size, 0)
        if begin == 0:
            return 0
        place = os.pread(self.fd, end - 1 - begin, begin).find(b"\n")
        return begin + place + 1 if place >= 0 else self.line_start(begin)


class Scan:
    """One selection of a file's lines: counted from the beginning on, and found from anywhere at once."""

    def __init__(self, reader: LogReader, selection: Selection, checkpoints: Checkpoints | None = None) -> None:
        self._reader = reader
        self.selection = selection
        self._checkpoints = checkpoints or Checkpoints()
        self.at = 0
        """Whole lines are counted up to here."""
        self._count = 0
        self._carried = Carried()
        self._tail: tuple[int, int, int] = (0, 0, 0)
        self._header: tuple[int, int, bool] = (0, 0, False)
        """Between these offsets no header stands; and whether the one before them was that of the invocation."""

    @property
    def done(self) -> bool:
        return self._tail[:2] == (self.at, self._reader.limit) or self.at == self._reader.limit

    @property
    def count(self) -> int:
        """An unfinished last line counts as it stands, once all before it is counted."""
        tail = self._tail[2] if self._tail[:2] == (self.at, self._reader.limit) else 0
        return self._count + tail

    def step(self) -> None:
        """Count one block more."""
        block = self._reader.block(self.at, STRIDE)
        whole = block.data if block.finished else block.data[: block.data.rfind(b"\n") + 1]
        if whole:
            number, self._carried = self.selection.count(whole, self._carried)
            self._count += number
            self.at = block.next if block.finished else self.at + len(whole)
            self._checkpoints.add(self.at, self._count, self._carried)
        else:
            self._tail = (self.at, self._reader.limit, self.selection.count(block.data, self._carried)[0])

    # -- finding ----------------------------------------------------------------------------------------------------

    def page(self, offset: int, before: int, after: int) -> Piecewise[tuple[list[Place], int | None, bool, bool]]:
        """Up to `before` wanted lines that begin before `offset`, and up to `after` that begin there or later.

        Also how many come before the first of them, and whether nothing comes before the first and after the last.
        """
        earlier: list[Place] = []
        later: list[Place] = []
        starts, ends = offset <= 0, offset >= self._reader.limit
        if before:
            starts = True
            for places in self._backwards(offset):
                earlier += places
                if len(earlier) > before:
                    starts = False
                    break
                yield
        if after:
            ends = True
            for places in self._onwards(offset):
                later += places
                if len(later) > after:
                    ends = False
                    break
                yield
        lines = [*reversed(earlier[:before]), *later[:after]]
        rank = (yield from self.rank(lines[0][0])) if lines else None
        return lines, rank, starts, ends

    def seek(self, offset: int, direction: int) -> Piecewise[tuple[int, int | None] | None]:
        """The nearest wanted line that begins at `offset` or later, or for -1 before it; and its rank."""
        for places in self._onwards(offset) if direction > 0 else self._backwards(offset):
            if places:
                return places[0][0], (yield from self.rank(places[0][0]))
            yield
        return None

    def rank(self, offset: int) -> Piecewise[int | None]:
        """How many wanted lines come before the one at `offset`; None where they are not counted so far."""
        if offset > self.at:
            return None
        number = self._checkpoints.at_or_before(offset)
        at, count = self._checkpoints.offset(number), self._checkpoints.count(number)
        carried = self._checkpoints.carried(number)
        while at < offset:
            block = self._reader.block(at, until=offset)
            found, carried = self.selection.count(block.data, carried)
            at, count = block.next, count + found
            yield
        return count

    def line(self, rank: int) -> Piecewise[int | None]:
        """Where the wanted line begins that has `rank` such lines before it; None where there is none yet."""
        number = self._checkpoints.before_line(rank)
        left = rank - self._checkpoints.count(number)
        for places in self._onwards(self._checkpoints.offset(number)):
            if left < len(places):
                return places[left][0]
            left -= len(places)
            yield
        return None

    def _onwards(self, offset: int) -> Iterator[list[Place]]:
        """The wanted lines that begin at `offset` or later, block by block."""
        at, carried = self._reader.line_start(offset), None
        while at < self._reader.limit:
            if at < self.at:
                here = self._checkpoints.at_or_before(at)
                busy = self._checkpoints.next_busy(here)
                if busy > here or carried is None:
                    at, carried = self._checkpoints.offset(busy), self._checkpoints.carried(busy)
            elif carried is None:
                carried = self._carried_at(at)
            block = self._reader.block(at)
            lines, carried = self.selection.lines(block.data, carried)
            yield [place for place in (block.place(*line) for line in lines) if place[0] >= offset]
            at = block.next

    def _backwards(self, offset: int) -> Iterator[list[Place]]:
        """The wanted lines that begin before `offset`, the nearest first, block by block."""
        end = min(offset, self._reader.limit)
        while end > 0:
            if end <= self.at:
                here = self._checkpoints.at_or_before(end - 1)
                busy = self._checkpoints.last_busy(here)
                if busy < 0:
                    return
                end = self._checkpoints.offset(busy + 1) if busy < here else end
                begin, carried = self._checkpoints.offset(busy), self._checkpoints.carried(busy)
            else:
                begin = self._reader.start_before(end)
                carried = self._carried_at(begin)
            yield self._reversed(begin, end, carried)
            end = begin

    def _reversed(self, begin: int, end: int, carried: Carried) -> list[Place]:
        places: list[Place] = []
        while begin < end:
            block = self._reader.block(begin)
            lines, carried = self.selection.lines(block.data, carried)
            places += [block.place(*line) for line in lines]
            begin = block.next
        return [place for place in reversed(places) if place[0] < end]

    # -- what a line's surroundings say about it --------------------------------------------------------------------

    def _carried_at(self, offset: int) -> Carried:
        """How things stand where a line begins that is not counted yet."""
        if not self.selection.filter:
            return Carried()
        end = offset
        while end > 0:
            begin = self._reader.start_before(end, BLOCK // 4)
            text = os.pread(self._reader.fd, min(end - begin, LONGEST), begin)
            stop = len(text) - text.endswith(b"\n")
            while stop >= 0:
                start = text.rfind(b"\n", 0, stop) + 1
                inside = self._inside(begin + start)
                if (carried := self.selection.carried_from(text[start:stop], inside)) is not None:
                    return carried
                stop = start - 1
            end = begin
        return Carried()

    def _inside(self, offset: int) -> bool:
        """Whether the last header before `offset`, where a line begins, is that of the invocation asked for."""
        if not self.selection.minds_invocation:
            return False
        begin, end, inside = self._header
        if begin < offset <= end:
            return inside
        found, invocation = header_before(self._reader, offset)
        inside = invocation == self.selection.filter.invocation_id
        self._header = (found, offset, inside)
        return inside


def header_before(reader: LogReader, offset: int) -> tuple[int, str | None]:
    """Where the last header begins before the line at `offset`, and whose it is; (-1, None) where there is none."""
    end = offset
    while end > 0:
        begin = reader.start_before(end)
        text = b"\n" + os.pread(reader.fd, min(end - begin, LONGEST), begin)
        place = len(text)
        while (place := text.rfind(b"===== ", 0, place)) >= 0:
            start = text.rfind(b"\n", 0, place)
            match = ENTRY.match(text, start)
            if match is not None and match["invocation"] is not None:
                return begin + start, match["invocation"].decode()
            place = start + 1
        end = begin
    return -1, None
