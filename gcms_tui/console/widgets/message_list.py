"""What dbt said, as it says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.run_progress import Message
from gcms_tui.core.verdict import Verdict

_LETTERS = 400
_TIMED = 60
"""From this width on the time of day is shown."""


@dataclass(frozen=True, slots=True)
class MessageRow:
    number: int
    """Counted from the first that was seen: the oldest go, and the others keep theirs."""
    message: Message

    @property
    def key(self) -> str:
        return str(self.number)

    @property
    def heading(self) -> str:
        return ""


def numbered(before: Sequence[MessageRow], messages: Sequence[Message]) -> tuple[MessageRow, ...]:
    """`messages`, of which the first ones are the last ones of `before`."""
    if not messages:
        return ()
    known = {id(row.message): row.number for row in before}
    place = next((at for at in range(len(messages) - 1, -1, -1) if id(messages[at]) in known), None)
    following = before[-1].number + 1 if before else 1
    first = following if place is None else known[id(messages[place])] - place
    return tuple(MessageRow(first + at, message) for at, message in enumerate(messages))


class MessageList(RowList[MessageRow]):
    """Follows the newest while the cursor is on it, and stays where it is put otherwise."""

    QUIET = True

    def tell(self, messages: Sequence[Message]) -> None:
        rows = numbered(self.rows, messages)
        follow = not self.rows or self.cursor == self.rows[-1].key
        self.show(rows)
        if rows and follow:
            self.cursor = rows[-1].key

    def draw(self, row: MessageRow, width: int, *, current: bool) -> Text:
        palette, glyphs, message = self.look.palette, self.look.glyphs, row.message
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        if width >= _TIMED:
            line.append(f"{message.at:%H:%M:%S} ", palette.faint)
        mark, style = {
            "error": (Verdict.FAIL, palette.fail),
            "warn": (Verdict.WARN, palette.warn),
            "raw": (Verdict.UNKNOWN, palette.unknown),
        }.get(message.level, (None, palette.text))
        symbol = "" if mark is None else mark.ascii_symbol if glyphs.ascii else mark.symbol
        line.append(f"{symbol or ' '} ", style)
        text = Text(glyphs.text(message.text.strip(), _LETTERS), style)
        room = max(width - line.cell_len - 1, 0)
        if text.cell_len > room:
            text.truncate(max(room - len(glyphs.ellipsis), 0))
            text.append(glyphs.ellipsis)
        return line.append_text(text)
