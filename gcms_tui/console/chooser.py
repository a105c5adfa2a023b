"""Choosing a dbt command: the runbook's own, or one that is typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.geometry import Size
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input

from gcms_tui.console import completion
from gcms_tui.console.completion import Kind, Last, last_word
from gcms_tui.console.key_bar import KeyBar
from gcms_tui.console.pane import Loader, LoadFailed, unexpected
from gcms_tui.console.run_words import words_text
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.brief import Brief
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.core.dbt_command import RUNBOOK_COMMANDS, DbtCommand
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.query import Access

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.run_desk import RunDesk

_ACCESS, _TITLE, _SECTION = 5, 35, 12
_MATCHES = 50
_WIDEST, _HIGHEST = 120, 30


@dataclass(frozen=True, slots=True)
class Entry:
    """One command that may be started here."""

    title: str
    section: str
    said: tuple[str, ...]
    """What it is for, and what the runbook says in its place."""
    command: DbtCommand

    @property
    def key(self) -> str:
        return " ".join(self.command.words)

    @property
    def heading(self) -> str:
        return ""


@dataclass
class Offered(Message):
    """What may be started here."""

    commands: tuple[DbtCommand, ...]


@dataclass
class Completed(Message):
    """Selectors that begin as the word does."""

    word: str
    matches: tuple[str, ...]


@dataclass
class Parsed(Message):
    """What was typed is a command."""

    typed: str
    command: DbtCommand


@dataclass
class NotParsed(Message):
    """What was typed is none."""

    typed: str
    error: GcmsError


class EntryList(RowList[Entry]):
    """READ or WRITE, the title, and the words that would be typed."""

    def draw(self, row: Entry, width: int, *, current: bool) -> Text:
        palette, glyphs = self.look.palette, self.look.glyphs
        writes = row.command.access is Access.WRITE
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        line.append(cell(row.command.access.name, _ACCESS), f"bold {palette.warn}" if writes else palette.ok)
        roomy = width >= 84
        title = _TITLE if roomy else min(_TITLE, max(width - _ACCESS - 4, 0))
        line.append("  " + cell(glyphs.text(row.title, 60), title, glyphs.ellipsis), palette.strong)
        if roomy:
            line.append(" " + cell(glyphs.text(row.section, 30), _SECTION, glyphs.ellipsis), palette.faint)
        room = width - line.cell_len - 3
        if room >= 12:
            words = f"dbt {words_text(row.command)}"
            line.append("  " + cell(glyphs.text(words, 200), room, glyphs.ellipsis).rstrip(), palette.muted)
        return line


class CommandLine(Input):
    """What is typed behind `dbt`. Tab, and Right at its end, take what is offered."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "take", "Complete", id="line.take", tooltip="Take the completion that is marked"),
        Binding("right", "take_or_right", "Right", id="line.right", show=False, tooltip="Take it, or move right"),
        Binding("down", "offer(1)", "Next match", id="line.next", show=False, tooltip="Mark the next completion"),
        Binding("up", "offer(-1)", "Match before", id="line.previous", show=False, tooltip="Mark the one before"),
        Binding("escape,shift+tab", "leave", "List", id="line.leave", tooltip="Back to the list"),
    ]

    @dataclass
    class Wants(Message):
        """A key of the line: take what is marked, mark another, or leave."""

        what: str
        steps: int = 0

    def __init__(self) -> None:
        super().__init__(placeholder="or type: test --select fct_musician_payment", id="line", compact=True)
        self.select_on_focus = False

    def action_take(self) -> None:
        self.post_message(self.Wants("take"))

    def action_take_or_right(self) -> None:
        if self.cursor_position == len(self.value):
            self.action_take()
        else:
            self.action_cursor_right()

    def action_offer(self, steps: int) -> None:
        self.post_message(self.Wants("offer", steps))

    def action_leave(self) -> None:
        self.post_message(self.Wants("leave"))


class Chooser(ModalScreen[DbtCommand | None]):
    """Answers with a command to preview, or None. Nothing starts from here."""

    CSS_PATH: ClassVar[list[str]] = ["dialogs.tcss", "chooser.tcss"]  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Preview", id="chooser.choose", tooltip="See what the command would do"),
        Binding(
            "tab,slash", "edit", "Edit", id="chooser.edit", tooltip="Type a command, from the one under the cursor"
        ),
        Binding("escape", "close", "Close", id="chooser.close", tooltip="Back to the runs"),
    ]

    def __init__(self, services: ConsoleServices, look: Look, desk: RunDesk) -> None:
        super().__init__()
        self.look = look
        self._services = services
        self._desk = desk
        self._asker, self._matcher, self._parser = (Loader(self, name) for name in ("commands", "matches", "parse"))
        self._matches: tuple[str, ...] = ()
        self._complaint = False
        """What is wrong with the line is shown, until it is changed: no match takes its place."""
        self._marked = 0
        self._asked = ""
        self.entries = EntryList(look, id="entries")
        self.line = CommandLine()
        self._about = Brief(look, id="about")
        self._offer = Brief(look, id="offer")

    def compose(self) -> ComposeResult:
        frame = Vertical(id="dialog")
        frame.border_title = Text(" Start a dbt command ")
        with frame:
            yield self.entries
            yield self._about
            yield self.line
            yield self._offer
            yield KeyBar(self.look)

    def on_mount(self) -> None:
        self._fit(self.app.size)
        self.entries.empty = Text(" Reading what may be started here.", self.look.palette.muted)
        self.entries.focus()
        self._asker.start(lambda: Offered(self._desk.runs.commands()))

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size)

    def _fit(self, size: Size) -> None:
        frame = self.query_one("#dialog")
        small = size.width < 60 or size.height < 16
        frame.set_class(small, "-small")
        frame.styles.width = size.width if small else min(size.width - 4, _WIDEST)
        frame.styles.height = size.height if small else min(size.height - 2, _HIGHEST)

    # -- the runbook's own ------------------------------------------------------------------------------------------

    def on_offered(self, message: Offered) -> None:
        self.entries.show(entries(message.commands))
        self.entries.empty = Text(" Nothing may be started here.", self.look.palette.muted)
        self._tell_about()

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self._tell_about()

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        self.action_choose()

    @property
    def focused_entry(self) -> Entry | None:
        return next((row for row in self.entries.rows if row.key == self.entries.cursor), None)

    def _tell_about(self) -> None:
        palette, glyphs, entry = self.look.palette, self.look.glyphs, self.focused_entry
        said = [] if entry is None else [Text(glyphs.text(part, 400), palette.text) for part in entry.said[:1]]
        if entry is not None and len(entry.said) > 1:
            said.append(Text(glyphs.text(entry.said[1], 400), palette.muted))
        if self._services.read_only:
            why = f"Commands that write are not offered: read-only, {self._services.read_only_reason}."
            said = [*said[:1], Text(glyphs.text(why, 300), palette.warn)]
        self._about.said = tuple(said)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action in ("edit", "choose") and self.line.has_focus)

    def action_choose(self) -> None:
        if self.focused_entry is not None:
            self.dismiss(self.focused_entry.command)

    def action_edit(self) -> None:
        """The line begins with the words under the cursor, where nothing stands in it yet."""
        if not self.line.value and self.focused_entry is not None:
            self.line.value = words_text(self.focused_entry.command)
        self.line.focus()
        self.line.cursor_position = len(self.line.value)

    # -- the line ---------------------------------------------------------------------------------------------------

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self._complaint = False
        last = last_word(self.line.value)
        if last.kind is Kind.SELECTOR:
            self._look_up()
        else:
            self._show(completion.known_words(last, self.line.value) if last.text else ())

    def _look_up(self) -> None:
        """Ask for selectors off the loop. One question at a time; the newest word is asked for when that ends."""
        word = last_word(self.line.value).text
        if self._matcher.start(lambda: Completed(word, self._desk.runs.completions(word, _MATCHES))):
            self._asked = word

    def on_completed(self, message: Completed) -> None:
        last = last_word(self.line.value)
        if last.kind is not Kind.SELECTOR or self._complaint:
            return
        if last.text == message.word:
            self._show(tuple(match for match in message.matches if match != last.text))
        else:
            self._look_up()

    def _show(self, matches: Sequence[str]) -> None:
        self._matches, self._marked = tuple(matches), 0
        self._tell_matches()

    def _tell_matches(self) -> None:
        palette, glyphs = self.look.palette, self.look.glyphs
        line = Text()
        for place, match in enumerate(self._matches[self._marked :]):
            shown = glyphs.text(match, 80)
            line.append("  " if place else "")
            line.append(f"[{shown}]" if not place else shown, f"bold {palette.accent}" if not place else palette.muted)
        number = len(self._matches)
        where = (
            f"{self._marked + 1} of {number}{' or more' if number == _MATCHES else ''}   Tab takes it, Down the next"
        )
        self._offer.said = (line, Text(where, palette.faint)) if self._matches else ()

    def on_command_line_wants(self, message: CommandLine.Wants) -> None:
        if message.what == "leave":
            self.entries.focus()
        elif self._matches and message.what == "offer":
            self._marked = (self._marked + message.steps) % len(self._matches)
            self._tell_matches()
        elif self._matches:
            last: Last = last_word(self.line.value)
            self.line.value = completion.completed(self.line.value, last, self._matches[self._marked])
            self.line.cursor_position = len(self.line.value)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self._parse()

    def _parse(self) -> None:
        """Whether the line is a command; where another one is being read, after that."""
        line = self.line.value
        self._parser.ask(lambda: self._parsed(line))

    def _parsed(self, line: str) -> Message:
        try:
            return Parsed(line, self._desk.runs.parse(completion.split(line.removeprefix("dbt "))))
        except GcmsError as error:
            return NotParsed(line, error)
        except Exception as error:  # noqa: BLE001 (told as what is wrong with this line)
            return NotParsed(line, unexpected(error))

    def on_parsed(self, message: Parsed) -> None:
        """A line that was changed meanwhile is another one."""
        if message.typed == self.line.value:
            self.dismiss(message.command)
        elif self._parser.asked_again:
            self._parse()

    def on_not_parsed(self, message: NotParsed) -> None:
        if message.typed == self.line.value:
            self._complaint = True
            self._failed(message.error)
        elif self._parser.asked_again:
            self._parse()

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self._failed(message.error)

    def _failed(self, error: GcmsError) -> None:
        self._matches = ()
        self._offer.said = _told(error, self.look)

    def action_close(self) -> None:
        self.dismiss(None)


def _told(error: GcmsError, look: Look) -> tuple[Text, Text]:
    palette, glyphs = look.palette, look.glyphs
    said = Text(glyphs.text(f"{error.title}: {error.message}", 400), palette.fail)
    return said, Text(f"{glyphs.arrow} {glyphs.text(error.next_step, 400)}", palette.text)


def entries(commands: Sequence[DbtCommand]) -> tuple[Entry, ...]:
    """Those that may be started, with the runbook's titles."""
    titled = {" ".join(one.command.words): one for one in RUNBOOK_COMMANDS}
    found = []
    for command in commands:
        known = titled.get(" ".join(command.words))
        if known is None:
            found.append(Entry(command.subcommand, "", (), command))
        else:
            said = tuple(part for part in (known.purpose, known.instead) if part)
            found.append(Entry(known.title, known.section, said, command))
    return tuple(found)
