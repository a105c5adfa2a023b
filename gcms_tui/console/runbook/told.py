"""A screen over the board that reads something once, and when asked: rows with a verdict, each told in full beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message

from gcms_tui.console.list_pane import ERROR, FILTER
from gcms_tui.console.pane import CopyAsked, Loader, LoadFailed
from gcms_tui.console.present import ago
from gcms_tui.console.runbook.over_board import OverBoard
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import by_key
from gcms_tui.console.widgets.bars import Part
from gcms_tui.console.widgets.brief import Brief
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.console.writing.plan_page import labelled
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.verdict import Verdict

READABLE = 110
_VERDICT = 9
_NAME_MOST = 46

KEYS: tuple[BindingType, ...] = (
    FILTER,
    Binding("r", "refresh", "Refresh", id="told.refresh", tooltip="Read it again"),
    Binding("c", "copy", "Copy", id="told.copy", tooltip="Copy what is told of the focused row"),
    ERROR,
)
"""What every such screen has, behind its own keys: on a narrow terminal the last ones are not told."""


@dataclass(frozen=True, slots=True)
class ToldRow:
    """One line, and what is known behind it."""

    key: str
    heading: str = ""
    verdict: Verdict = Verdict.OK
    name: str = ""
    words: str = ""
    next_step: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that was read."""

    rows: tuple[ToldRow, ...]
    taken_at: datetime
    summary: str
    verdict: Verdict
    notes: tuple[str, ...] = field(default=())
    """What could not be read."""


@dataclass
class ToldRead(Message):
    """It was read."""

    told: Told


class ToldList(RowList[ToldRow]):
    """Verdict and name at any width."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self.faded = False

    def draw(self, row: ToldRow, width: int, *, current: bool) -> Text:
        palette, glyphs = self.look.palette, self.look.glyphs
        if row.heading:
            return Text(f" {row.heading}", f"bold {palette.accent}")
        faint = palette.faint if self.faded else ""
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        line.append(cell(glyphs.verdict(row.verdict), _VERDICT), faint or self.look.colour(row.verdict)).append(" ")
        name = min(_NAME_MOST, max(width - line.cell_len, 0) if width < 60 else width // 2 - _VERDICT)
        line.append(_ends(glyphs.text(row.name, 200), name, glyphs.ellipsis), faint or palette.text)
        room = width - line.cell_len - 3
        if room < 1:
            return line
        return line.append("  ").append(cell(glyphs.text(row.words, 300), room, glyphs.ellipsis), palette.muted)


def _ends(name: str, cells: int, ellipsis: str) -> str:
    """A name in `cells` cells: of one that is too long both ends, for what tells backups apart stands last."""
    spare = cells - cell_len(ellipsis)
    if cell_len(name) > cells and spare > 1:
        name = f"{name[: spare // 2]}{ellipsis}{name[-(spare - spare // 2) :]}"
    return cell(name, cells, ellipsis)


class ToldScreen(OverBoard):
    """A subclass reads, in `look_up`, and has keys of its own before `KEYS`."""

    READING: ClassVar[str] = "Reading."
    NOTHING: ClassVar[str] = "There is nothing."

    def __init__(self, services: ConsoleServices, look: Look) -> None:
        self.rows = ToldList(look, id="list")
        self.brief = Brief(look, id="preview")
        super().__init__(services, look, self.rows, self.brief)
        self.told: Told | None = None
        self.doing: str = ""
        """What goes on, in words; empty where nothing does."""
        self._error: GcmsError | None = None
        self._loader = Loader(self, "told")
        self._detailed: str | None = None

    def look_up(self) -> Told:
        """Blocks. Raises `GcmsError`."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.rows.focus()
        self.load()
        self.set_interval(60.0, self.draw)

    # -- reading ----------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Off the loop; where it is being read, once more after that."""
        self._loader.ask(self._read)
        self.draw()
        self.refresh_bindings()

    def _read(self) -> Message:
        return ToldRead(self.look_up())

    def on_told_read(self, message: ToldRead) -> None:
        self.told, self._error = message.told, None
        self._ended()

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self._error = message.error
        self._ended()

    def _ended(self) -> None:
        self.draw()
        self.refresh_bindings()
        if self._loader.asked_again:
            self.load()

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        look, told, reading = self.look, self.told, self._loader.busy
        parts = [Part((Text(self.READING, look.palette.accent),), 0)]
        if told is not None:
            verdict = Text(look.glyphs.verdict(told.verdict), f"bold {look.colour(told.verdict)}")
            summary = Text(look.glyphs.text(told.summary, 200), look.palette.text)
            parts = [Part((verdict,), 0), Part((summary,), 1)]
        if self.wanted:
            parts.append(Part((Text(f"/{look.glyphs.text(self.wanted, 30)}", look.palette.accent),), 1))
        self.headline.parts = tuple(parts)
        notes = told.notes if told is not None else ()
        lines = [Text(f"? {look.glyphs.text(one, 300)}", look.palette.unknown, no_wrap=True) for one in notes]
        if self.doing:
            lines.insert(0, Text(look.glyphs.text(self.doing, 300), look.palette.accent, no_wrap=True))
        self.banner.said = (*self.failure_lines(), *lines)
        said = "Nothing matches the filter. Esc clears it." if self.wanted else self.NOTHING
        unread = self.READING if reading else "It could not be read: e says why, r tries again."
        self.rows.empty = Text(f" {said if told is not None else unread}", look.palette.muted)
        self.rows.faded = self._error is not None
        self.rows.show(self._kept())
        self._draw_detail()
        data = "" if told is None else f"read {ago(self.services.now() - told.taken_at)}"
        refresh = ("reading",) if reading else ("refresh on demand", "on demand")
        self.say(Status(title=f"5 {self.TITLE}", data=data, stale=self._error is not None, refresh=refresh))

    def _kept(self) -> tuple[ToldRow, ...]:
        """What the filter keeps, and the headings above it."""
        words, kept, above = self.wanted.casefold().split(), list[ToldRow](), None
        for row in self.told.rows if self.told is not None else ():
            if row.heading:
                above = row
            elif all(word in f"{row.name} {row.words} {row.verdict.name}".casefold() for word in words):
                kept += [row] if above is None else [above, row]
                above = None
        return tuple(kept)

    def _draw_detail(self) -> None:
        row = self.row
        if row is None:
            nothing = self.rows.empty or Text()
            self.detail.show(lambda width: [nothing], keep_place=False)
            self.brief.said, self._detailed = (), None
            return
        self.detail.show(self._page_of(row), keep_place=self._detailed == row.key)
        self._detailed = row.key
        first, palette = Text(self.look.glyphs.text(row.words, 300), self.look.palette.text), self.look.palette
        step = self.look.glyphs.text(by_key(row.next_step), 300)
        self.brief.said = (first, Text(f"{self.look.glyphs.arrow} {step}", palette.muted)) if step else (first,)

    def _page_of(self, row: ToldRow) -> Callable[[int], Sequence[Text]]:
        return lambda width: told_page(row, self.look, min(width, READABLE) - 1)

    # -- the focused row --------------------------------------------------------------------------------------------

    @property
    def failure(self) -> GcmsError | None:
        return self._error

    @property
    def row(self) -> ToldRow | None:
        return next((row for row in self.rows.rows if row.key == self.rows.cursor), None)

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self._draw_detail()
        self.refresh_bindings()

    def refusal(self, action: str) -> str | None:
        match action:
            case "refresh" if self._loader.busy:
                return "it is being read"
            case "copy" if self.row is None:
                return "nothing is focused"
        return super().refusal(action)

    def action_refresh(self) -> None:
        self.load()

    def action_copy(self) -> None:
        if self.row is not None:
            text = "\n".join(line.plain.rstrip() for line in self._page_of(self.row)(READABLE))
            self.app.post_message(CopyAsked(text, self.row.name))


def told_page(row: ToldRow, look: Look, wide: int) -> list[Text]:
    """Verdict and words first, then what to do, then what is known."""
    palette, text = look.palette, look.glyphs.text
    title = Text(look.glyphs.verdict(row.verdict), f"bold {look.colour(row.verdict)}")
    lines = flow(title.append(f"  {text(row.name, 300)}", f"bold {palette.strong}"), wide, " ")
    lines += [*flow(Text(text(row.words, 2_000), palette.text), wide, " "), Text()]
    if row.next_step:
        step = Text(f"{look.glyphs.arrow} {text(by_key(row.next_step), 1_000)}", palette.accent)
        lines += [*flow(step, wide, " "), Text()]
    for label, value in row.pairs:
        lines += labelled(label, value, look, wide) if value else []
    lines += [Text()] if row.lines else []
    for said in row.lines:
        lines += flow(Text(f"{look.glyphs.dot} {text(said, 600)}", palette.text), wide, " ")
    return lines
