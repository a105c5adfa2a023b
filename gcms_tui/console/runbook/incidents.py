"""Incidents: those that are open with their clocks, the closed ones below, and what can be done about each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message

from gcms_tui.console.list_pane import ERROR, FILTER
from gcms_tui.console.pane import CopyAsked, Loader, LoadFailed
from gcms_tui.console.present import ago
from gcms_tui.console.runbook.incident_page import incident_lines
from gcms_tui.console.runbook.over_board import OverBoard
from gcms_tui.console.runbook.words import incident_state, since
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part
from gcms_tui.console.widgets.brief import Brief
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.incidents.clock import StepState, clock
from gcms_tui.core.incidents.incident import Incident
from gcms_tui.core.procedures.cadence import Calendar

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.console.runbook.incident_dialogs import IncidentDialog
    from gcms_tui.operations.incidents.book import Listed
    from gcms_tui.operations.incidents.desk import IncidentDesk

_EVERY_S = 15.0
"""How often it is read anew while somebody looks: a clock runs."""
_STATE, _SEVERITY, _AGE, _WITH = 11, 6, 13, 10
_OF_ONE = ("note", "take", "hand_over", "close", "postmortem", "delay", "copy_delay", "copy")
_WRITING = ("new", "note", "take", "hand_over", "close")


@dataclass
class IncidentsRead(Message):
    """They were read."""

    listed: Listed


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One incident, or a heading."""

    key: str
    heading: str = ""
    incident: Incident | None = None
    overdue: bool = False
    age: str = ""
    """How long it is, or was, open."""


class IncidentList(RowList[IncidentRow]):
    """State and title at any width."""

    def draw(self, row: IncidentRow, width: int, *, current: bool) -> Text:
        palette, glyphs, one = self.look.palette, self.look.glyphs, row.incident
        if one is None:
            return Text(f" {row.heading}", f"bold {palette.accent}")
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        state = incident_state(one, overdue=row.overdue, look=self.look)
        line.append(cell(state.plain, _STATE, glyphs.ellipsis), state.style).append(" ")
        columns = ((_AGE, row.age), (_WITH, one.owner or "nobody"), (_SEVERITY, one.severity.value))
        shown = [(cells, said) for cells, said in columns if width >= 70]
        room = width - line.cell_len - sum(cells + 2 for cells, _ in shown) - 1
        line.append(cell(glyphs.text(one.title, 300), max(room, 0), glyphs.ellipsis), palette.text)
        for cells, said in shown:
            line.append("  " + cell(glyphs.text(said, 60), cells, glyphs.ellipsis), palette.muted)
        return line


class IncidentsScreen(OverBoard):
    """Over the board. They are read from the store alone."""

    TITLE = "Incidents"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "note", "Note", id="incident.note", tooltip="Write into its log"),
        Binding("a", "take", "Take", id="incident.take", tooltip="Take it: the escalation stops"),
        Binding("h", "hand_over", "Hand over", id="incident.hand_over", tooltip="Give it to somebody by their login"),
        Binding("x", "close", "Close", id="incident.close", tooltip="Close it, with the cause and what was done"),
        Binding("m", "postmortem", "Post-mortem", id="incident.postmortem", tooltip="Copy it as Markdown"),
        Binding("d", "delay", "Tell payroll", id="incident.delay", tooltip="Send the payroll team word of a delay"),
        Binding(
            "D", "copy_delay", "Copy that", id="incident.copy_delay", tooltip="Copy the word of a delay", show=False
        ),
        Binding("o", "new", "Open one", id="incident.new", tooltip="Open an incident by hand"),
        FILTER,
        Binding("r", "refresh", "Refresh", id="incident.refresh", tooltip="Read them again"),
        Binding("c", "copy", "Copy", id="incident.copy", tooltip="Copy what is told of it"),
        ERROR,
    ]

    def __init__(
        self, services: ConsoleServices, look: Look, desk: IncidentDesk, calendar: Calendar, wanted: str = ""
    ) -> None:
        self.incidents = IncidentList(look, id="list")
        self.brief = Brief(look, id="preview")
        super().__init__(services, look, self.incidents, self.brief)
        self.desk = desk
        self.calendar = calendar
        self.listed: Listed | None = None
        self._error: GcmsError | None = None
        self._loader = Loader(self, "incidents")
        self._read_at = services.now()
        self._cursor = wanted
        """The one that the cursor is to be put on once it is listed."""
        self._detailed: str | None = None

    def on_mount(self) -> None:
        self.incidents.focus()
        self.load()
        self.set_interval(_EVERY_S, self._tick)

    def on_screen_resume(self) -> None:
        if self.listed is not None:
            self.load()

    def looked_at(self) -> None:
        self.load()

    def _tick(self) -> None:
        if self.is_current and self.app.app_focus:
            self.load()

    def load(self) -> None:
        """Off the loop; where they are being read, once more after that."""
        desk = self.desk
        self._loader.ask(lambda: IncidentsRead(desk.book.all()))
        self.draw()

    def on_incidents_read(self, message: IncidentsRead) -> None:
        self.listed, self._error, self._read_at = message.listed, None, self.services.now()
        opened = tuple(one for one in message.listed.incidents if one.is_open)
        self.console_app.incidents_are(type(message.listed)(opened, message.listed.unreadable))
        self.draw()
        if any(row.key == self._cursor for row in self.incidents.rows):
            self.incidents.cursor, self._cursor = self._cursor, ""
        self._ended()

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self._error = message.error
        self.draw()
        self._ended()

    def _ended(self) -> None:
        self.refresh_bindings()
        if self._loader.asked_again:
            self.load()

    # -- drawing ----------------------------------------------------------------------------------------------------

    def _rows(self) -> tuple[IncidentRow, ...]:
        now, listed = self.services.now(), self.listed
        made: list[IncidentRow] = []
        for title, wanted in (("Open", True), ("Closed", False)):
            found = [one for one in (listed.incidents if listed else ()) if one.is_open is wanted and self._keeps(one)]
            made += [IncidentRow(f"heading {title}", title)] if found else []
            for one in found:
                overdue = any(step.state is StepState.OVERDUE for step in clock(one, now))
                until = one.closed.by.at if one.closed is not None else now
                made.append(IncidentRow(one.incident_id, "", one, overdue, since(one.opened.at, until)))
        return tuple(made)

    def _keeps(self, one: Incident) -> bool:
        text = f"{one.incident_id} {one.title} {one.state} {one.owner} {one.severity.value}".casefold()
        return all(word in text for word in self.wanted.casefold().split())

    def draw(self) -> None:
        now, palette, listed = self.services.now(), self.look.palette, self.listed
        number = sum(one.is_open for one in listed.incidents) if listed is not None else 0
        unknown = "the incidents have not been read" if self._error is not None else "reading the incidents"
        said = f"{counted(number, 'incident')} open" if listed is not None else unknown
        parts = [Part((Text(said, f"bold {palette.warn}" if number else palette.muted),), 0)]
        if self.wanted:
            parts.append(Part((Text(f"/{self.look.glyphs.text(self.wanted, 30)}", palette.accent),), 1))
        self.headline.parts = tuple(parts)
        unread = listed.unreadable if listed is not None else ()
        lines = (Text(f"? {self.look.glyphs.text(one, 300)}", palette.unknown, no_wrap=True) for one in unread)
        self.banner.said = (*self.failure_lines(), *lines)
        nothing = "Nothing matches the filter. Esc clears it." if self.wanted else "There has been no incident."
        if listed is None:
            nothing = "Reading them." if self._error is None else "They could not be read: e says why, r tries again."
        self.incidents.empty = Text(f" {nothing}", palette.muted)
        self.incidents.show(self._rows())
        self._draw_detail()
        data = "" if listed is None else f"read {ago(now - self._read_at)}"
        self.say(Status(title=f"5 {self.TITLE}", data=data, stale=self._error is not None, refresh=("every 15 s",)))

    def _draw_detail(self) -> None:
        one = self.incident
        if one is None:
            nothing = self.incidents.empty or Text()
            self.detail.show(lambda width: [nothing], keep_place=False)
            self.brief.said, self._detailed = (), None
            return
        self.detail.show(lambda width: self._page(one, width), keep_place=self._detailed == one.incident_id)
        self._detailed = one.incident_id
        steps = [step for step in self.desk.clock(one) if step.state in (StepState.OVERDUE, StepState.WAITING)]
        words = f"escalation {steps[0].words}" if steps else "its escalation has stopped"
        self.brief.said = (Text(words, self.look.palette.text), Text(one.incident_id, self.look.palette.muted))

    def _page(self, one: Incident, width: int) -> list[Text]:
        return incident_lines(one, self.desk.clock(one), self.desk.path, self.calendar, self.look, min(width, 110) - 1)

    # -- the focused one --------------------------------------------------------------------------------------------

    @property
    def failure(self) -> GcmsError | None:
        return self._error

    @property
    def incident(self) -> Incident | None:
        found = (row.incident for row in self.incidents.rows if row.key == self.incidents.cursor)
        return next(found, None)

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self._draw_detail()
        self.refresh_bindings()

    def refusal(self, action: str) -> str | None:
        one = self.incident
        if action in _WRITING and self.desk.acts is None:
            return f"read-only: {self.desk.read_only_reason}"
        if action in _OF_ONE and one is None:
            return "there is none"
        if action in _WRITING and action != "new" and one is not None and not one.is_open:
            return "it is closed"
        if action == "take" and one is not None and one.acknowledged is not None:
            return f"{one.acknowledged.person.user} has taken it"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        if (action in _WRITING and self.desk.acts is None) or (action in _OF_ONE and self.incident is None):
            return True
        return action == "refresh" or super().pointless(action)

    # -- actions ----------------------------------------------------------------------------------------------------

    def action_refresh(self) -> None:
        self.load()

    def action_copy(self) -> None:
        one = self.incident
        if one is not None:
            text = "\n".join(line.plain.rstrip() for line in self._page(one, 110))
            self.app.post_message(CopyAsked(text, one.incident_id))

    def action_postmortem(self) -> None:
        one = self.incident
        if one is not None:
            self.app.post_message(CopyAsked(self.desk.postmortem(one), f"post-mortem of {one.incident_id}"))

    def action_copy_delay(self) -> None:
        one = self.incident
        if one is not None:
            notice = self.desk.delay_notice(one)
            self.app.post_message(CopyAsked(f"{notice.title}\n\n{notice.body}", f"delay by {one.incident_id}"))

    def action_delay(self) -> None:
        from gcms_tui.console.runbook.incident_dialogs import DelayDialog

        self._of_focused(DelayDialog)

    def _push(self, dialog: type[IncidentDialog], incident_id: str) -> None:
        made = dialog(self.services, self.look, self.desk, incident_id)
        self.app.push_screen(made, lambda tried: self._done(made.incident_id))

    def _done(self, incident_id: str) -> None:
        self._cursor = incident_id
        self.load()

    def action_new(self) -> None:
        from gcms_tui.console.runbook.incident_dialogs import OpenDialog

        self._push(OpenDialog, "")

    def action_note(self) -> None:
        from gcms_tui.console.runbook.incident_dialogs import NoteDialog

        self._of_focused(NoteDialog)

    def action_take(self) -> None:
        from gcms_tui.console.runbook.incident_dialogs import TakeDialog

        self._of_focused(TakeDialog)

    def action_hand_over(self) -> None:
        from gcms_tui.console.runbook.incident_dialogs import HandOverDialog

        self._of_focused(HandOverDialog)

    def action_close(self) -> None:
        from gcms_tui.console.runbook.incident_dialogs import CloseDialog

        self._of_focused(CloseDialog)

    def _of_focused(self, dialog: type[IncidentDialog]) -> None:
        if self.incident is not None:
            self._push(dialog, self.incident.incident_id)
