"""How a line of a log looks: its time, its level in a word, its thread where there is room, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
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


@dataclass(frozen=True, slots=True)
class DrawnLine:
    raw: RawLine
    line: LogLine
    message: str
    """Safe to draw, and on one line."""


class LineDrawer:
    """Draws lines in one look."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self.plain = True
        """Nothing in this file has a time and a level so far: nothing is indented either."""

    def take(self, raw: RawLine) -> DrawnLine:
        """`raw` taken apart. However long the line is, only its beginning is looked at."""
        line = parse_line(raw.head)
        text = line.message.replace("\t", "    ") if len(line.message) <= _LONGEST else line.message[:_LONGEST]
        message = self._look.glyphs.text(text)
        if len(line.message) > _LONGEST or raw.size > len(raw.head):
            message += f"{self._look.glyphs.ellipsis} {raw.size:,} bytes"
        if line.header:
            message = f"invocation {self._look.glyphs.text(line.invocation_id or '', 40)}"
        return DrawnLine(raw, line, message)

    def gutter(self, *, current: bool, chosen: bool, found: bool) -> Text:
        """The one cell at the left: the cursor, the range, or a match."""
        palette, glyphs = self._look.palette, self._look.glyphs
        if current:
            return Text.assemble((glyphs.cursor, palette.accent))
        if chosen:
            return Text.assemble(("+", f"bold {palette.accent}"))
        if found:
            return Text.assemble(("*", f"bold {palette.warn}"))
        return Text(" ")

    def rows(
        self,
        drawn: DrawnLine,
        width: int,
        *,
        wrap: bool,
        left: int = 0,
        marks: Sequence[tuple[int, int]] = (),
    ) -> list[Text]:
        """The line in `width` cells without the gutter: one row, or as many as it takes where it wraps."""
        width = max(width - 1, 1)
        head = self._head(drawn.line, width)
        room = max(width - head.cell_len, 8)
        message = self._message(drawn, marks)
        if drawn.line.header:
            message.append(" " + self._look.glyphs.rule * max(room - message.cell_len - 1, 0), self._look.palette.line)
        if not wrap:
            return [head.append_text(message[left:] if left else message)]
        first, *others = flow(message, room) or [Text()]
        margin = " " * head.cell_len
        return [head.append_text(first), *(Text(margin).append_text(row) for row in others)]

    def _message(self, drawn: DrawnLine, marks: Sequence[tuple[int, int]]) -> Text:
        palette, line = self._look.palette, drawn.line
        style = {Level.ERROR: palette.strong, Level.WARN: palette.strong, Level.DEBUG: palette.muted}
        tint = f"bold {palette.accent}" if line.header else palette.muted if line.continuation else palette.text
        message = Text(drawn.message, tint if line.level is None else style.get(line.level, palette.text))
        for start, end in marks:
            message.stylize(f"bold underline {palette.ground} on {palette.warn}", start, end)
        return message

    def _head(self, line: LogLine, width: int) -> Text:
        palette = self._look.palette
        roomy = width >= _ROOMY
        if line.continuation and self.plain:
            return Text(" ")
        if line.continuation:
            return Text(" " * (_TIME + _LEVEL + 3 + (_THREAD + 1 if roomy else 0)))
        tint = {Level.ERROR: f"bold {palette.fail}", Level.WARN: f"bold {palette.warn}", Level.INFO: palette.text}
        word = "" if line.level is None else _WORD[line.level]
        if line.header:
            word = self._look.glyphs.rule * _LEVEL
        head = Text.assemble(
            (self._look.glyphs.text(line.moment, _TIME + 20)[:_TIME].ljust(_TIME), palette.faint),
            " ",
            (word.ljust(_LEVEL), palette.line if line.header else tint.get(line.level or Level.DEBUG, palette.faint)),
            " ",
        )
        if roomy:
            thread = self._look.glyphs.text(line.thread.removesuffix(" ("), _THREAD)
            head.append(f"{thread:<{_THREAD}} ", palette.faint)
        return head.append(" ")
