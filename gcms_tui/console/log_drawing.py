"""How a line of a log looks: its time, its level in a word, its thread where there is room, and what it says.

Lines pour in by the thousand, and every one that comes into view is drawn: so a line is a few pieces of text with their
styles, and no Rich text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from gcms_tui.console.theme import Look
from gcms_tui.core.log_line import Level, LogLine, parse_line
from gcms_tui.core.log_view import RawLine

_LONGEST = 4_000
"""Characters of a message that are drawn. Copying and saving give all of it."""
_ROOMY = 100
"""From this width on the thread is told."""
_THREAD = 12
_TIME = 8
_LEVEL = 5
_WORD = {Level.DEBUG: "DEBUG", Level.INFO: "INFO", Level.WARN: "WARN", Level.ERROR: "ERROR"}

Piece = tuple[str, str]
"""Text, and its style in Rich's words."""


@dataclass(frozen=True, slots=True)
class DrawnLine:
    raw: RawLine
    line: LogLine
    message: str
    """Safe to draw, and on one line."""
    moment: str
    thread: str


class LineDrawer:
    """Draws lines in one look."""

    def __init__(self, look: Look) -> None:
        self._look = look
        palette = look.palette
        self._level_style = {
            Level.ERROR: f"bold {palette.fail}",
            Level.WARN: f"bold {palette.warn}",
            Level.INFO: palette.text,
        }
        self._message_style = {
            Level.ERROR: palette.strong,
            Level.WARN: palette.strong,
            Level.INFO: palette.text,
            Level.DEBUG: palette.muted,
        }
        self._found = f"bold underline {palette.ground} on {palette.warn}"
        self.plain = True
        """Nothing in this file has a time and a level so far: nothing is indented either."""

    def take(self, raw: RawLine) -> DrawnLine:
        """`raw` taken apart. However long the line is, only its beginning is looked at."""
        line = parse_line(raw.head)
        text = line.message if len(line.message) <= _LONGEST else line.message[:_LONGEST]
        message = self._safe(text.replace("\t", "    "))
        if len(line.message) > _LONGEST or raw.size > len(raw.head):
            message += f"{self._look.glyphs.ellipsis} {raw.size:,} bytes"
        if line.header:
            message = f"invocation {line.invocation_id}"
        thread = self._safe(line.thread.removesuffix(" ("))[:_THREAD]
        return DrawnLine(raw, line, message, self._safe(line.moment[:_TIME]), thread)

    def _safe(self, text: str) -> str:
        return text if text.isascii() and text.isprintable() else self._look.glyphs.text(text)

    def gutter(self, *, current: bool, chosen: bool, found: bool) -> Piece:
        """The one cell at the left: the cursor, the range, or a match."""
        palette = self._look.palette
        if current:
            return self._look.glyphs.cursor, palette.accent
        if chosen:
            return "+", f"bold {palette.accent}"
        return ("*", f"bold {palette.warn}") if found else (" ", "")

    def height(self, drawn: DrawnLine, width: int) -> int:
        """Rows that the line takes where it wraps, in `width` cells without the gutter."""
        return len(_folded(drawn.message, self._room(drawn.line, width)))

    def row(
        self,
        drawn: DrawnLine,
        width: int,
        *,
        row: int = 0,
        wrap: bool = False,
        left: int = 0,
        marks: Sequence[tuple[int, int]] = (),
    ) -> list[Piece]:
        """One row of the line in exactly `width` cells. Where it wraps `row` tells which, else `left` cells are off."""
        head = self._head(drawn, width) if row == 0 else [(" " * self._indent(drawn.line, width), "")]
        room = self._room(drawn.line, width)
        cut = False
        if wrap:
            start, end = _folded(drawn.message, room)[row]
        else:
            start = min(left, len(drawn.message))
            end = len(drawn.message)
            if end - start > room or cell_len(drawn.message[start:]) > room:
                end, cut = start + _fitting(drawn.message[start:], room - 1), True
        pieces = [*head, *self._message(drawn, start, end, marks)]
        used = cell_len(drawn.message[start:end])
        if cut:
            pieces.append((self._look.glyphs.ellipsis, self._look.palette.faint))
            used += 1
        elif drawn.line.header and room - used > 1:
            pieces.append((" " + self._look.glyphs.rule * (room - used - 1), self._look.palette.line))
            used = room
        pieces.append((" " * (room - used), ""))
        return pieces

    def _message(self, drawn: DrawnLine, start: int, end: int, marks: Sequence[tuple[int, int]]) -> Iterator[Piece]:
        palette, line = self._look.palette, drawn.line
        style = f"bold {palette.accent}" if line.header else palette.muted if line.continuation else palette.text
        if line.level is not None:
            style = self._message_style[line.level]
        at = start
        for first, last in marks:
            first, last = max(first, at), min(last, end)
            if first < last:
                yield drawn.message[at:first], style
                yield drawn.message[first:last], self._found
                at = last
        yield drawn.message[at:end], style

    def _indent(self, line: LogLine, width: int) -> int:
        if line.continuation and self.plain:
            return 1
        return _TIME + _LEVEL + 3 + (_THREAD + 1 if width >= _ROOMY else 0)

    def _room(self, line: LogLine, width: int) -> int:
        return max(width - self._indent(line, width), 8)

    def _head(self, drawn: DrawnLine, width: int) -> list[Piece]:
        palette, line = self._look.palette, drawn.line
        if line.continuation:
            return [(" " * self._indent(line, width), "")]
        style = palette.faint
        word = ""
        if line.header:
            word, style = self._look.glyphs.rule * _LEVEL, palette.line
        elif line.level is not None:
            word, style = _WORD[line.level], self._level_style.get(line.level, palette.faint)
        head = [(f"{drawn.moment:<{_TIME}} ", palette.faint), (f"{word:<{_LEVEL}} ", style)]
        if width >= _ROOMY:
            head.append((f"{set_cell_size(drawn.thread, _THREAD)} ", palette.faint))
        return [*head, (" ", "")]


def _fitting(text: str, room: int) -> int:
    """How many characters of `text` fit in `room` cells."""
    if text.isascii():
        return min(len(text), room)
    low, high = 0, min(len(text), room)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cell_len(text[:middle]) <= room else (low, middle - 1)
    return low


def _folded(text: str, room: int) -> list[tuple[int, int]]:
    """Where the rows begin and end that `text` takes in `room` cells; broken at a space where there is one."""
    rows: list[tuple[int, int]] = []
    at = 0
    while at < len(text):
        end = at + max(_fitting(text[at : at + room], room), 1)
        if end < len(text) and (space := text.rfind(" ", at + 1, end + 1)) > at + room // 2:
            rows.append((at, space))
            at = space + 1
        else:
            rows.append((at, end))
            at = end
    return rows or [(0, 0)]
