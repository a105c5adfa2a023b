"""Which lines of a block of a log are wanted: by filter, by search, or because something failed there.

A block is bytes of whole lines. Everything here is arithmetic on blocks; `log_worker` walks files with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from gcms_tui.core.log_line import ENTRY, LEVELS, Level, parse_line
from gcms_tui.core.log_pattern import Pattern
from gcms_tui.core.log_view import LogFilter

Range = tuple[int, int]
"""Where something begins and ends in a block; of a line, without its line break."""

_FOLDING = ("\u017f".encode(), "\u212a".encode(), "\u0130".encode(), "\u0131".encode())
"""Letters outside of ASCII that `re` takes for s, k and i where the case is ignored."""
_FAILURE_WORDS = (b"[error", b'"error"', b" ERROR", b" FAIL", b"mERROR", b"mFAIL")
"""With a colour before it, a word follows the `m` that ends the colour."""
_HEADER_START = b"===== "
_KNOWN = 4_096
_PER_LETTER = 512
"""A letter that comes more often than once in so many bytes is not worth looking for by itself."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a block must know of the lines before it."""

    kept: bool = False
    """The entry that is under way is shown."""
    inside: bool = False
    """The last header was that of the invocation asked for."""


class Needle:
    """A word to look for, by its rarest letter: to find one letter is several times as fast as to find a word."""

    def __init__(self, word: bytes, sample: bytes) -> None:
        self._word = word
        self._shift = min(range(len(word)), key=lambda place: sample.count(word[place : place + 1]))
        self._letter = word[self._shift : self._shift + 1]
        if sample.count(self._letter) * _PER_LETTER > len(sample):
            self._letter = b""

    def find(self, block: bytes, start: int, end: int) -> int:
        """As `bytes.find` of the word."""
        if not self._letter:
            return block.find(self._word, start, end)
        at = start + self._shift
        for _ in range(8 + (end - start) // _PER_LETTER):
            at = block.find(self._letter, at, end)
            if at < 0:
                return -1
            if block.startswith(self._word, at - self._shift, end):
                return at - self._shift
            at += 1
        return block.find(self._word, at - self._shift, end)  # the letter is not rare here


class Matcher(Protocol):
    def lines(self, block: bytes, ranges: list[Range]) -> Iterator[Range]:
        """The lines in `ranges` that match, in order."""
        ...


class Search:
    """Lines that a pattern matches."""

    def __init__(self, pattern: Pattern) -> None:
        self._pattern = pattern
        self._needles: list[Needle] | None = None if pattern.branches else []

    def lines(self, block: bytes, ranges: list[Range]) -> Iterator[Range]:
        pattern, needles = self._pattern, self._rarest(block)
        if not needles or (pattern.ignore_case and not block.isascii() and any(letter in block for letter in _FOLDING)):
            candidates = (line for start, end in ranges for line in lines_in(block, start, end))
        else:
            haystack = block.lower() if pattern.ignore_case else block
            candidates = (line for start, end in ranges for line in lines_holding(haystack, needles, start, end))
            if pattern.certain:
                return candidates
        return (line for line in candidates if pattern.matches(block[line[0] : line[1]]))

    def _rarest(self, block: bytes) -> list[Needle]:
        """Of each alternative's words the one that is rarest in the first block seen: the one to look for."""
        if self._needles is None:
            sample = block.lower() if self._pattern.ignore_case else block
            words = [min(words, key=lambda word: (sample.count(word), -len(word))) for words in self._pattern.branches]
            self._needles = [Needle(word, sample) for word in words]
        return self._needles


class Failures:
    """Errors, and result lines of nodes that failed."""

    def lines(self, block: bytes, ranges: list[Range]) -> Iterator[Range]:
        needles = [Needle(word, block[:4096]) for word in _FAILURE_WORDS if word in block]
        candidates = (line for start, end in ranges for line in lines_holding(block, needles, start, end))
        return (line for line in candidates if parse_line(block[line[0] : line[1]]).failure)


class Selection:
    """A filter and a matcher together; either may be absent."""

    def __init__(self, wanted: LogFilter, matcher: Matcher | None = None) -> None:
        self.filter = wanted
        self._matcher = matcher
        self._level = wanted.level
        self._thread = None if wanted.thread is None else wanted.thread.encode()
        self._invocation = None if wanted.invocation_id is None else wanted.invocation_id.encode()
        self._needed = _needed_words(wanted)
        self._known: dict[tuple[bytes, bytes | None], bool] = {}
        """Levels and threads seen, and whether they pass."""

    def count(self, block: bytes, carried: Carried) -> tuple[int, Carried]:
        """How many lines are wanted; an unfinished last line counts as one."""
        ranges, after = self.kept(block, carried)
        if self._matcher is None:
            number = sum(block.count(b"\n", start, end) for start, end in ranges)
            return number + bool(ranges and ranges[-1][1] == len(block) and not block.endswith(b"\n")), after
        return sum(1 for _ in self._matcher.lines(block, ranges)), after

    def lines(self, block: bytes, carried: Carried) -> tuple[list[Range], Carried]:
        """The wanted lines, in order."""
        ranges, after = self.kept(block, carried)
        if self._matcher is None:
            return [line for start, end in ranges for line in lines_in(block, start, end)], after
        return list(self._matcher.lines(block, ranges)), after

    def kept(self, block: bytes, carried: Carried) -> tuple[list[Range], Carried]:
        """The ranges of whole lines that pass the filter."""
        if not block:
            return [], carried
        if not self.filter:
            return [(0, len(block))], carried
        if not carried.kept and self._hopeless(block, carried):
            return [], carried
        ranges: list[Range] = []
        begin, kept, inside = 0, carried.kept, carried.inside
        for match in ENTRY.finditer(b"\n" + block):
            start = match.start()
            then, inside = self._at_entry(match.groups(), block, start, kept, inside)
            if then != kept:
                if kept and start > begin:
                    ranges.append((begin, start))
                begin, kept = start, then
        if kept and begin < len(block):
            ranges.append((begin, len(block)))
        return ranges, Carried(kept, inside)

    def _hopeless(self, block: bytes, carried: Carried) -> bool:
        """Nothing in the block can pass, which most blocks tell at a glance."""
        if self._invocation is not None and not carried.inside and self._invocation not in block:
            return True
        if self._needed and not any(word in block for word in self._needed):
            # A header may still end the invocation that was asked for.
            return self._invocation is None or _HEADER_START not in block
        return False

    def _at_entry(
        self, groups: Sequence[bytes | None], block: bytes, start: int, kept: bool, inside: bool
    ) -> tuple[bool, bool]:
        """`kept` and `inside` once the entry has begun that stands at `start`; `groups` are those of `ENTRY`."""
        level, thread, invocation, _ = groups
        if level is not None:
            passes = self._known.get((level, thread))
            if passes is None:
                known = LEVELS.get(level.decode("ascii", "replace"))
                passes = self._passes(known, self._thread in (None, thread))
                if len(self._known) < _KNOWN:
                    self._known[level, thread] = passes
            return passes and (inside or self._invocation is None), inside
        if invocation is not None:
            inside = invocation == self._invocation
            return (inside or self._invocation is None) and self._passes(Level.INFO, self._thread is None), inside
        line = parse_line(_line_at(block, start))
        if line.continuation:
            return kept, inside
        wanted = self.filter
        mine = wanted.invocation_id is None or line.invocation_id == wanted.invocation_id
        return mine and self._passes(line.level, wanted.thread in (None, line.thread)), inside

    def _passes(self, level: Level | None, thread: bool) -> bool:
        return thread and (self._level is None or (level is not None and level >= self._level))

    def carried_from(self, line: bytes, inside: bool) -> Carried | None:
        """How things stand after `line`, whatever came before; None where it does not begin an entry.

        `inside`: whether the last header before it was that of the invocation asked for.
        """
        match = ENTRY.match(b"\n" + line)
        if match is None or (match["json"] is not None and parse_line(line).continuation):
            return None
        return Carried(*self._at_entry(match.groups(), line, 0, False, inside))

    @property
    def minds_invocation(self) -> bool:
        return self._invocation is not None


def _line_at(block: bytes, start: int) -> bytes:
    end = block.find(b"\n", start)
    return block[start : end if end >= 0 else len(block)]


def _needed_words(wanted: LogFilter) -> tuple[bytes, ...]:
    """One of these stands in every entry that passes; empty where that is not known."""
    if wanted.thread is not None and re.fullmatch(r"[\w .:()-]+", wanted.thread, re.ASCII):
        return (wanted.thread.encode(),)
    if wanted.level is not None and wanted.level >= Level.WARN:
        words = [word for word, level in LEVELS.items() if level >= wanted.level]
        return tuple(form.encode() for word in words for form in (f"[{word}", f'"{word}"'))
    return ()


def lines_in(block: bytes, start: int, end: int) -> Iterator[Range]:
    """Each line between two line beginnings, without its line break."""
    while start < end:
        stop = block.find(b"\n", start, end)
        stop = end if stop < 0 else stop
        yield start, stop
        start = stop + 1


def lines_holding(block: bytes, needles: list[Needle], start: int, end: int) -> Iterator[Range]:
    """The lines that hold one of `needles`, in order, each once."""
    if len(needles) == 1:
        yield from _lines_with(block, needles[0], start, end)
        return
    places = {needle: needle.find(block, start, end) for needle in needles}
    while places := {needle: place for needle, place in places.items() if place >= 0}:
        place = min(places.values())
        first = block.rfind(b"\n", start, place) + 1 or start
        stop = block.find(b"\n", place, end)
        if stop < 0:
            yield first, end
            return
        yield first, stop
        for needle, at in places.items():
            if at <= stop:
                places[needle] = needle.find(block, stop + 1, end)


def _lines_with(block: bytes, needle: Needle, start: int, end: int) -> Iterator[Range]:
    at, find = start, needle.find
    while (place := find(block, at, end)) >= 0:
        first = block.rfind(b"\n", at, place) + 1 or at
        stop = block.find(b"\n", place, end)
        if stop < 0:
            yield first, end
            return
        yield first, stop
        at = stop + 1
