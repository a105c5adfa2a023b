"""The rows of a spot check: a line each, amounts beside the musician's id, and names only where they are revealed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from rich.cells import cell_len
from rich.text import Text

from gcms_tui.console.columns import GAP, MARK
from gcms_tui.console.payroll.person_words import change_percent, money, percent_text
from gcms_tui.console.present import DASH
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.console.writing.plan_page import symbol
from gcms_tui.core.payroll.run import Tick, TickVerdict
from gcms_tui.core.personal import MASK
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.payroll.spot_checks import SheetRow

_TICK = 10
_LETTERS = 60
"""Letters of outside text that are looked at before it is cut to its column."""
_ID_MOST, _KIND_MOST, _NAME_MOST = 12, 14, 30
_REASONS_LEAST = 12
HEAD = "§head"


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """One row as it is shown. It holds a name and amounts: it is kept out of every text but the screen's."""

    sheet: SheetRow | None
    """None: the names of the columns."""
    tick: Tick | None = None
    asking: bool = False
    """What was said of it is being written into the journal."""
    revealed: bool = False

    @property
    def key(self) -> str:
        return HEAD if self.sheet is None else self.sheet.row

    @property
    def heading(self) -> str:
        return "" if self.sheet is not None else HEAD

    @property
    def name(self) -> str:
        return self._personal(None if self.sheet is None else self.sheet.payment.full_name)

    @property
    def email(self) -> str:
        return self._personal(None if self.sheet is None else self.sheet.payment.email)

    @property
    def change(self) -> Decimal | None:
        """Of the net amount since the last payment of the kind, in percent."""
        sheet = self.sheet
        if sheet is None or sheet.previous is None:
            return None
        return change_percent(sheet.payment.net_amount, sheet.previous.net_amount)

    def _personal(self, value: str | None) -> str:
        """That there is none is no secret: it is a reason to look."""
        if value is None or not value.strip():
            return "none"
        return value if self.revealed else MASK


class SheetList(RowList[Line]):
    """Shows the drawn rows."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self._widths: tuple[int, ...] = ()
        self._reasons = 0

    def measure(self) -> bool:
        before = self._widths, self._reasons
        drawn = [self._cells(row) for row in self._rows]
        widths = [max((cell_len(cells[place]) for cells in drawn), default=0) for place in range(6)]
        most = (_ID_MOST, _NAME_MOST if any(row.revealed for row in self._rows) else 0, _KIND_MOST)
        widths[:3] = [min(width, limit) for width, limit in zip(widths[:3], most, strict=True)]
        room = self.scrollable_content_region.width - MARK - _TICK
        for place in (1, 2):  # what the page below tells too goes first
            if sum(width + GAP for width in widths if width) + _REASONS_LEAST > room:
                widths[place] = 0
        self._widths = tuple(widths)
        self._reasons = max(room - sum(width + GAP for width in widths if width) - GAP, 0)
        return before != (self._widths, self._reasons)

    def draw(self, row: Line, width: int, *, current: bool) -> Text:
        palette, glyphs = self.look.palette, self.look.glyphs
        cells = self._cells(row)
        head = row.sheet is None
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        said, tint = ("", palette.faint) if head else tick_words(row.tick, row.asking, self.look)
        line.append(cell(said, _TICK, glyphs.ellipsis), tint)
        styles = (palette.strong, palette.text, palette.muted, palette.muted, palette.text, self._tint(row))
        for place, (value, size, style) in enumerate(zip(cells, self._widths, styles, strict=True)):
            if size:
                shown = cell(value, size, glyphs.ellipsis, right=place >= 3)
                line.append(" " * GAP).append(shown, palette.faint if head else style)
        if self._reasons:
            reasons = "why it is here" if row.sheet is None else ", ".join(row.sheet.reasons)
            shown = cell(glyphs.text(reasons, _LETTERS), self._reasons, glyphs.ellipsis)
            line.append(" " * GAP).append(shown, palette.faint if head else palette.muted)
        return line

    def _cells(self, row: Line) -> tuple[str, ...]:
        """Id, name, pay type, services, net amount, change."""
        text, sheet = self.look.glyphs.text, row.sheet
        if sheet is None:
            return "musician", "name", "pay type", "services", "net", "change"
        payment = sheet.payment
        return (
            text(sheet.row, _LETTERS),
            text(row.name, _LETTERS),
            text(payment.pay_type or "none", _LETTERS),
            services_text(payment.attended_services, payment.required_services),
            "NULL" if payment.net_amount is None else money(payment.net_amount),
            percent_text(row.change) if sheet.previous is not None else "first",
        )

    def _tint(self, row: Line) -> str:
        changed = row.sheet is not None and "changed" in row.sheet.reasons
        return self.look.palette.warn if changed else self.look.palette.muted


def tick_words(tick: Tick | None, asking: bool, look: Look) -> tuple[str, str]:
    """Mark and word of what was said of a row, and their colour."""
    palette = look.palette
    if asking:
        return f"{look.glyphs.waiting} writing", palette.accent
    if tick is None:
        return f"{look.glyphs.dot} to look", palette.muted
    if tick.verdict is TickVerdict.QUERY:
        return f"{symbol(Verdict.FAIL, look)} query", f"bold {palette.fail}"
    word = "ok" if tick.verdict is TickVerdict.OK else "answered"
    return f"{symbol(Verdict.OK, look)} {word}", palette.ok


def services_text(attended: int | None, required: int | None) -> str:
    return "/".join(DASH if number is None else str(number) for number in (attended, required))


def matching(lines: Iterable[Line], wanted: str) -> tuple[Line, ...]:
    """Those that hold every word. A masked name is not searched: a hit would tell whose row it is."""
    words = wanted.casefold().split()
    return tuple(line for line in lines if line.sheet is None or all(word in _searched(line) for word in words))


def _searched(line: Line) -> str:
    sheet = line.sheet
    if sheet is None:
        return ""
    said = "open" if line.tick is None else line.tick.verdict.value
    personal = (line.name, line.email) if line.revealed else ()
    return " ".join((sheet.row, sheet.payment.pay_type or "", said, *sheet.reasons, *personal)).casefold()
