"""The runbook pane: which procedures are due or under way, and which incidents are open."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from gcms_tui.console.list_pane import ERROR, FILTER, ListPane
from gcms_tui.console.pane import CopyAsked, Loader, LoadFailed, Pane
from gcms_tui.console.present import ago
from gcms_tui.console.runbook import board_page
from gcms_tui.console.runbook import state as states
from gcms_tui.console.runbook.board_list import BoardList
from gcms_tui.console.runbook.board_page import READABLE, BoardPage
from gcms_tui.console.runbook.source import BoardLoaded, BoardSource
from gcms_tui.console.runbook.state import BoardRow, BoardState
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.brief import Brief
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.incidents.desk import IncidentDesk
    from gcms_tui.operations.procedures.desk import ProcedureDesk

_EVERY_S = 60.0
"""From one reading to the next while somebody looks, and how often ages are told anew: it asks the store alone."""


class RunbookPane(ListPane):
    """Mode `runbook`. The board is read when it is first gone to, after something was done, and every minute."""

    TITLE = "Runbook"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="runbook.open", tooltip="The procedure's steps, or the incident"),
        Binding("o", "start", "Start", id="runbook.start", tooltip="Start the procedure: from then on it is recorded"),
        Binding("i", "incidents", "Incidents", id="runbook.incidents", tooltip="Every incident, closed ones too"),
        Binding(
            "s", "pipeline", "Pipeline", id="runbook.pipeline", tooltip="Airbyte, Supabase, where the data stopped"
        ),
        Binding("b", "backups", "Backups", id="runbook.backups", tooltip="Sets, counts, and bringing a table back"),
        Binding("t", "contacts", "Contacts", id="runbook.contacts", tooltip="Whom to call, and what is not filled in"),
        Binding("u", "commands", "Useful", id="runbook.commands", tooltip="The runbook's useful commands, and logs"),
        FILTER,
        Binding("r", "refresh", "Refresh", id="runbook.refresh", tooltip="Read the board again"),
        Binding("c", "copy", "Copy", id="runbook.copy", tooltip="Copy what is told of the focused row"),
        ERROR,
    ]

    def __init__(self, services: ConsoleServices, look: Look) -> None:
        self.board = BoardList(look, id="list")
        self.brief = Brief(look, id="preview")
        super().__init__(services, look, self.board, self.brief)
        self.state = BoardState()
        self.desk: ProcedureDesk | None = None
        self.incidents: IncidentDesk | None = None
        self._loader = Loader(self, "runbook")
        self._source = BoardSource(services)
        self._detailed: str | None = None
        self._coming_to: tuple[str, str, str] | None = None
        """As `come_to` was told, until the board has been read."""

    def on_mount(self) -> None:
        self.draw()
        self.board.focus()
        self.set_interval(_EVERY_S, self._tick)

    def first_painted(self) -> None:
        self.load()

    def on_screen_resume(self) -> None:
        if self._painted:
            self.load()

    def come_to(self, name: str, about: str, came_from: str) -> None:
        """Go to a procedure as soon as the board has been read: to the one under way, else to its steps, to be started
        `about` a node. Esc leads back to the mode `came_from`."""
        self._coming_to = (name, about, came_from)
        if self._painted:
            self.load()

    def _tick(self) -> None:
        if self.is_current and self.app.app_focus:
            self.load()
        else:
            self.draw()

    def looked_at(self) -> None:
        """The screen over this one hears it in its place."""
        front = self.app.screen
        if front is not self and isinstance(front, Pane):
            front.looked_at()

    # -- reading ----------------------------------------------------------------------------------------------------

    def load(self, *, by_hand: bool = False) -> None:
        """Read the board off the loop; where it is being read, once more after that."""
        if self._loader.ask(self._source.load, by_hand=by_hand):
            self.draw()
            self.refresh_bindings()

    def on_board_loaded(self, message: BoardLoaded) -> None:
        self.desk, self.incidents = message.desk, message.incidents
        self.state = BoardState(message.board)
        if message.listed is not None:
            self.console_app.incidents_are(message.listed)
        self._ended()
        self._arrive()

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.state = states.failed(self.state, message.error)
        self._ended()
        wanted, self._coming_to = message.by_hand or self._coming_to is not None, None
        if wanted and self.is_current:
            self.action_error()

    def _ended(self) -> None:
        self.draw()
        self.refresh_bindings()
        if self._loader.asked_again and self.is_current:
            self.load()

    def _arrive(self) -> None:
        """Where somebody comes to a procedure, and has not gone elsewhere meanwhile."""
        wanted, self._coming_to = self._coming_to, None
        front = self.app.screen
        if wanted is None or self.console_app.pane is not self or not isinstance(front, Pane):
            return
        from gcms_tui.console.runbook.procedure import ProcedureScreen

        name, about, came_from = wanted
        if isinstance(front, ProcedureScreen) and front.name_of == name:
            front.about = about
            front.draw()
        else:
            self.walk(name, about=about, came_from=came_from)

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        now, state, reading = self.services.now(), self.state, self._loader.busy
        shown = states.rows(state, self.wanted)
        filtered = (self.wanted, sum(not row.heading for row in shown)) if self.wanted else None
        self.headline.parts = board_page.headline(state, self.look, reading=reading, filtered=filtered)
        board, unknown = state.board, self.look.palette.unknown
        notes = (*board.edited, *board.unread) if board is not None else ()
        said = (Text(f"? {self.look.glyphs.text(note, 300)}", unknown, no_wrap=True) for note in notes)
        self.banner.said = (*self.failure_lines(), *said)
        self.board.empty = board_page.nothing(state, self.look, reading=reading)
        self.board.faded = state.error is not None
        self.board.show(shown)
        self._draw_detail()
        self.say(
            Status(
                title=f"5 {self.TITLE}",
                data="" if board is None else f"read {ago(now - board.read_at)}",
                stale=state.error is not None,
                refresh=("reading",) if reading else ("every minute", "1 min"),
            )
        )

    def _draw_detail(self) -> None:
        page, row = self._page(), self.focused_row
        if page is None or row is None:
            nothing = self.board.empty or Text()
            self.detail.show(lambda width: [nothing], keep_place=False)
            self.brief.said, self._detailed = (), None
            return
        self.detail.show(page.page, keep_place=self._detailed == row.key)
        self._detailed = row.key
        self.brief.said = board_page.brief(row, self.look, read_only=self._read_only is not None)

    def _page(self) -> BoardPage | None:
        row, desk = self.focused_row, self.desk
        if row is None or desk is None:
            return None
        path = self.incidents.path if self.incidents is not None else ()
        read_only = self._read_only is not None
        return BoardPage(row, desk.book.calendar, path, self.services.now(), read_only, self.look)

    # -- the focused row --------------------------------------------------------------------------------------------

    @property
    def failure(self) -> GcmsError | None:
        return self.state.error

    @property
    def focused_row(self) -> BoardRow | None:
        return next((row for row in self.board.rows if row.key == self.board.cursor), None)

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self._draw_detail()
        self.refresh_bindings()

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        if self.refusal("open") is None:
            self.action_open()

    # -- what can be done -------------------------------------------------------------------------------------------

    @property
    def _read_only(self) -> str | None:
        """Why nothing may be written; None where it may."""
        why = self.desk.book.read_only_reason if self.desk is not None else ""
        why = why or (self.services.read_only_reason if self.services.read_only else "")
        return f"read-only: {why}" if why else None

    def refusal(self, action: str) -> str | None:
        row = self.focused_row
        if action == "start" and self._read_only is not None:
            return self._read_only
        match action:
            case "refresh" if self._loader.busy:
                return "it is being read"
            case "open" | "start" | "copy" if self.desk is None or row is None:
                return "the board has not been read"
            case "incidents" | "contacts" if self.incidents is None:
                return "the incidents have not been read"
            case "start" if row is not None:
                return self._not_started(row)
        return super().refusal(action)

    @staticmethod
    def _not_started(row: BoardRow) -> str | None:
        if row.procedure is None:
            return "it is an incident"
        if row.line is None:
            return "it is opened in pane 4"
        return "it is under way: Enter goes on with it" if row.line.active is not None else None

    def pointless(self, action: str) -> bool:
        if action == "start" and self._read_only is not None:
            return True
        return action == "refresh" or super().pointless(action)

    def something_is_open(self) -> bool:
        return bool(self.wanted or self.detail.has_focus)

    # -- actions ----------------------------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Leave the detail; then clear the filter."""
        if not self.detail.has_focus:
            self.wanted = ""
        self.board.focus()
        self.draw()
        self.refresh_bindings()

    def action_refresh(self) -> None:
        self.load(by_hand=True)

    def action_open(self) -> None:
        row = self.focused_row
        if row is None:
            return
        if row.incident is not None:
            self._to_incidents(row.incident.incident_id)
        elif row.line is None:
            self.app.switch_mode("payroll")
        elif row.procedure is not None:
            known = row.line.active or row.line.last
            self.walk(row.procedure.name, known.run_id if known is not None else "")

    def walk(self, name: str, run_id: str = "", about: str = "", came_from: str = "") -> None:
        """Go to a procedure; without a run its steps are only looked at. Esc leads back to the mode `came_from`."""
        from gcms_tui.console.runbook.procedure import ProcedureScreen

        def gone(_: None) -> None:
            if came_from:
                self.app.switch_mode(came_from)

        if self.desk is not None:
            screen = ProcedureScreen(self.services, self.look, self.desk, name, run_id, about)
            self.app.push_screen(screen, gone)

    def action_start(self) -> None:
        from gcms_tui.console.runbook.doing import StartDialog

        row = self.focused_row
        if row is not None and row.procedure is not None and self.desk is not None:
            name, dialog = row.procedure.name, StartDialog(self.services, self.look, self.desk, row.procedure)
            self.app.push_screen(dialog, lambda tried: self._started(name, dialog.run_id))

    def _started(self, name: str, run_id: str) -> None:
        if run_id:
            self.walk(name, run_id)
        else:
            self.load()

    def action_incidents(self) -> None:
        self._to_incidents("")

    def _to_incidents(self, incident_id: str) -> None:
        from gcms_tui.console.runbook.incidents import IncidentsScreen

        if self.incidents is not None and self.desk is not None:
            calendar = self.desk.book.calendar
            self.app.push_screen(IncidentsScreen(self.services, self.look, self.incidents, calendar, incident_id))

    def action_contacts(self) -> None:
        from gcms_tui.console.runbook.contacts import ContactsDialog

        if self.incidents is not None:
            self.app.push_screen(ContactsDialog(self.look, self.incidents.contacts))

    def action_pipeline(self) -> None:
        from gcms_tui.console.runbook.pipeline import PipelineScreen

        self.app.push_screen(PipelineScreen(self.services, self.look))

    def action_backups(self) -> None:
        from gcms_tui.console.runbook.backups import BackupsScreen

        self.app.push_screen(BackupsScreen(self.services, self.look))

    def action_commands(self) -> None:
        from gcms_tui.console.runbook.useful import UsefulDialog

        self.app.push_screen(UsefulDialog(self.look, self.services.settings))

    def action_copy(self) -> None:
        page = self._page()
        if page is not None:
            text = "\n".join(line.plain.rstrip() for line in page.page(READABLE)).rstrip()
            self.app.post_message(CopyAsked(text, page.row.key))
