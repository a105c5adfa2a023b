"""A report over a pane that a person reads and closes with a note: what both of its kinds have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from gcms_tui.console.dialogs import ErrorDialog, error_page
from gcms_tui.console.headline import Headline
from gcms_tui.console.pane import CopyAsked, Loader, LoadFailed, Pane
from gcms_tui.console.present import ago
from gcms_tui.console.scd2.provenance import Origin
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part
from gcms_tui.console.widgets.document import Document, flow
from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.finding import Provenance
    from gcms_tui.operations.scd2.desk import Scd2Desk
    from gcms_tui.operations.scd2.notes import Note

R = TypeVar("R")

_TICK_S = 60.0
"""How often its age is told anew."""


@dataclass
class ReportRead(Message):
    """What was found out, and the notes on it."""

    report: object
    notes: tuple[Note, ...]
    noted: bool = False
    """A note was just written."""


class NotedScreen(Pane, Generic[R]):
    """Esc leads back. A subclass reads the report, says it as lines, and writes the note."""

    CSS_PATH: ClassVar[list[str]] = ["noted.tcss"]  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "note", "Note", id="noted.note", tooltip="Write into the journal what the cause was"),
        Binding("c", "copy", "Copy", id="noted.copy", tooltip="Copy the report with its notes"),
        Binding("p", "provenance", "Source", id="noted.provenance", tooltip="Where each part of it was read"),
        Binding("r", "refresh", "Refresh", id="noted.refresh", tooltip="Look again"),
        Binding("e", "error", "Error", id="noted.error", tooltip="The last failure in full"),
    ]

    def __init__(self, services: ConsoleServices, look: Look, desk: Scd2Desk, what: str) -> None:
        """`what` it is about, as it is called in a heading."""
        super().__init__(services, look)
        self.desk = desk
        self.what = what
        self.report: R | None = None
        self.notes: tuple[Note, ...] = ()
        self.error: GcmsError | None = None
        self._loader = Loader(self, "scd2 report")
        self.headline = Headline(look, id="headline")
        self.page = Document(self._page, id="report")

    # -- what a subclass says ---------------------------------------------------------------------------------------

    def look_it_up(self) -> R:
        """Blocking I/O; raises `GcmsError`."""
        raise NotImplementedError

    def read_notes(self) -> tuple[Note, ...]:
        """Blocking I/O; raises `GcmsError`."""
        raise NotImplementedError

    def write_note(self, report: R, text: str) -> None:
        """Blocking I/O; raises `GcmsError`."""
        raise NotImplementedError

    def said(self, report: R) -> Part:
        """The headline's first word."""
        raise NotImplementedError

    def told(self, report: R, width: int) -> list[Text]:
        """The report as lines."""
        raise NotImplementedError

    def plain(self, report: R) -> tuple[str, ...]:
        """The report as it is copied; its first line stands in the dialog of the note too."""
        raise NotImplementedError

    def origins(self, report: R) -> tuple[datetime, tuple[Provenance, ...]]:
        """When it was taken, and from where."""
        raise NotImplementedError

    # -- reading ----------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield self.status_bar
        yield self.headline
        yield self.page
        yield self.key_bar

    def on_mount(self) -> None:
        self.page.focus()
        self.action_refresh()
        self.set_interval(_TICK_S, self.draw)

    def action_refresh(self) -> None:
        self._loader.start(lambda: ReportRead(self.look_it_up(), self.read_notes()))
        self.draw()

    def on_report_read(self, message: ReportRead) -> None:
        self.report, self.notes, self.error = message.report, message.notes, None  # type: ignore[assignment]
        self.draw()
        if message.noted:
            self.console_app.tell("The note is in the journal.")

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        again = self.report is not None
        self.error = message.error
        self.draw()
        if again:
            self.action_error()

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        self.headline.parts = self._headline()
        self.page.show(self._page)
        reading = ("reading",) if self._loader.busy else ("",)
        self.say(Status(title=self.TITLE or "", refresh=reading, stale=self.error is not None))
        self.refresh_bindings()

    def _headline(self) -> tuple[Part, ...]:
        palette, glyphs = self.look.palette, self.look.glyphs
        about = Part((Text(glyphs.text(self.what, 200), palette.text), Text(glyphs.text(self.what, 30))), 1)
        if self.report is None:
            said = "looking" if self._loader.busy else "not known"
            return Part((Text(said, palette.accent),), 0), about
        age = ago(self.services.now() - self.origins(self.report)[0])
        return self.said(self.report), about, Part((Text(f"looked {age}", palette.muted),), 2)

    def _page(self, width: int) -> Sequence[Text]:
        palette = self.look.palette
        if self.report is None:
            if self.error is not None:
                return [Text(), *error_page(self.error, self.look, width)]
            return [Text(), Text(" Looking.", palette.muted)]
        return [Text(), *self.told(self.report, width), *self._noted(width)]

    def _noted(self, width: int) -> list[Text]:
        palette, glyphs = self.look.palette, self.look.glyphs
        lines = [Text(), heading("Notes", self.look)]
        if not self.notes:
            reason = "nothing may be written here" if self.services.read_only else "n writes one, and closes it"
            return [*lines, Text(f" none: {reason}", palette.muted)]
        for note in self.notes:
            who = glyphs.text(f"{note.at[:16].replace('T', ' ')} UTC  {note.user}@{note.host}", 200)
            lines += flow(Text(who, palette.faint), width - 1, " ")
            lines += flow(Text(glyphs.text(note.text, 4_000), palette.text), width - 3, "   ")
        return lines

    # -- actions ----------------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        match action:
            case "note" if self.services.read_only:
                return f"nothing may be written: {self.services.read_only_reason}"
            case "note" | "copy" | "provenance" if self.report is None:
                return "there is no report"
            case "note" | "refresh" if self._loader.busy:
                return "it is being read"
            case "error" if self.error is None:
                return "nothing has failed"
        return None if action == "back" else super().refusal(action)

    def pointless(self, action: str) -> bool:
        return action == "error"

    def action_back(self) -> None:
        self.dismiss(None)

    def action_error(self) -> None:
        if self.error is not None:
            self.app.push_screen(ErrorDialog(self.look, self.error))

    def action_copy(self) -> None:
        if self.report is not None:
            noted = (f"note, {note.at[:19]} UTC, {note.user}@{note.host}: {note.text}" for note in self.notes)
            lines = (self.what, *self.plain(self.report), *noted)
            self.app.post_message(CopyAsked("\n".join(lines), f"the {self.TITLE}".lower()))

    def action_provenance(self) -> None:
        if self.report is not None:
            taken_at, (first, *further) = self.origins(self.report)
            self.app.push_screen(Origin(self.look, self.what, taken_at, first, further=tuple(further)))

    def action_note(self) -> None:
        from gcms_tui.console.scd2.note import NoteDialog

        report = self.report
        if report is not None:
            said = (self.what, self.plain(report)[0], "The note is kept in the journal, with the report as you see it.")
            dialog = NoteDialog(self.look, "Note", said, placeholder="what the cause was")
            self.app.push_screen(dialog, lambda text: self._write(report, text))

    def _write(self, report: R, text: str | None) -> None:
        """What is noted goes with the report that was seen, whatever has been read since."""
        if text is not None:
            self._loader.start(lambda: self._written(report, text))
            self.draw()

    def _written(self, report: R, text: str) -> ReportRead:
        self.write_note(report, text)
        return ReportRead(report, self.read_notes(), noted=True)


def heading(said: str, look: Look) -> Text:
    return Text(f" {said}", f"bold {look.palette.accent}")
