"""The payroll pane: every concert there is to pay, and how its payroll stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from gcms_tui.console.list_pane import ERROR, FILTER, ListPane
from gcms_tui.console.pane import CopyAsked, Loader, Pane
from gcms_tui.console.payroll import concert_lines
from gcms_tui.console.payroll import state as states
from gcms_tui.console.payroll.concert_list import ConcertListing
from gcms_tui.console.payroll.concert_page import ConcertPage, concert_text
from gcms_tui.console.payroll.source import Acting, ConcertsLoaded, ConcertsSource, NotRead
from gcms_tui.console.payroll.state import ConcertRow, ConcertsState
from gcms_tui.console.present import ago
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import here
from gcms_tui.console.widgets.brief import Brief
from gcms_tui.console.widgets.document import PlainDocument
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.errors import GcmsError
from gcms_tui.operations.payroll.concerts import ConcertState

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.payroll.run import PayrollRun
    from gcms_tui.operations.payroll.desk import PayrollDesk

_TICK_S = 60.0
"""How often ages are told anew."""
_WRITING = ("new", "hold", "act")
_OF_A_CONCERT = ("open", "new", "copy", "provenance")
_NOT_OPENED = {
    ConcertState.PAID: "it is paid",
    ConcertState.PARTLY_PAID: "some of it is paid already, and it is not known why",
    ConcertState.UNKNOWN: "whether it is paid is not known",
}


class PayrollPane(ListPane):
    """Mode `payroll`. The concerts are read when it is first gone to, after something was done, and when asked."""

    TITLE = "Payroll"
    DETAIL = PlainDocument
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="payroll.open", tooltip="The concert's payroll run, step by step"),
        Binding("o", "new", "New run", id="payroll.new", tooltip="Open a payroll run for the concert"),
        Binding("h", "hold", "Hold", id="payroll.hold", tooltip="Hold every payroll, or lift what holds it"),
        Binding("a", "act", "Act as", id="payroll.act", tooltip="Play one of the practice platform's people"),
        FILTER,
        Binding("r", "refresh", "Refresh", id="payroll.refresh", tooltip="Read the concerts again"),
        Binding("p", "provenance", "Source", id="payroll.provenance", tooltip="Where what is told comes from"),
        Binding("c", "copy", "Copy", id="payroll.copy", tooltip="Copy what is told of the focused concert"),
        ERROR,
    ]

    def __init__(self, services: ConsoleServices, look: Look) -> None:
        self.concerts = ConcertListing(look, id="list")
        self.brief = Brief(look, id="preview")
        super().__init__(services, look, self.concerts, self.brief)
        self.state = ConcertsState()
        self.acting = Acting(services.open_payroll)
        self._loader = Loader(self, "payroll")
        self._source = ConcertsSource(self.acting)
        self._wanted = ""
        """The concert that the cursor is to be put on once it is listed."""
        self._detailed: str | None = None

    def on_mount(self) -> None:
        self.draw()
        self.concerts.focus()
        self.set_interval(_TICK_S, self.draw)

    def first_painted(self) -> None:
        self.load()

    def on_screen_resume(self) -> None:
        if self._painted and self._loader.asked_again:
            self.load()

    def looked_at(self) -> None:
        """The screen over this one hears it in its place."""
        front = self.app.screen
        if front is not self and isinstance(front, Pane):
            front.looked_at()

    # -- reading ----------------------------------------------------------------------------------------------------

    def load(self, *, by_hand: bool = False) -> None:
        """Read the concerts off the loop; where they are being read, once more after that."""
        whom = self.acting.whom
        self._loader.ask(lambda: self._source.load(whom), by_hand=by_hand)
        self.draw()
        self.refresh_bindings()

    def on_concerts_loaded(self, message: ConcertsLoaded) -> None:
        self.acting.opened(message.whom, message.desk)
        self.state = ConcertsState(message.listed, message.looks, message.holds, message.unheard)
        if not message.unheard:
            self.console_app.holds_are(message.holds)
        self._ended()
        if any(row.key == self._wanted for row in self.concerts.rows):
            self.concerts.cursor, self._wanted = self._wanted, ""

    def on_not_read(self, message: NotRead) -> None:
        message.stop()
        self.acting.failed(message.whom)
        self.state = states.failed(self.state, here(message.error))
        self._ended()
        if message.by_hand and self.in_front:
            self.action_error()

    def _ended(self) -> None:
        self.draw()
        self.refresh_bindings()
        if self._loader.asked_again and self.is_current:
            self.load()

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        now, state, reading = self.services.now(), self.state, self._loader.busy
        shown = states.rows(state, self.wanted)
        filtered = (self.wanted, len(shown)) if self.wanted else None
        self.headline.parts = concert_lines.headline(state, self.look, reading=reading, filtered=filtered)
        notes = state.listed.notes if state.listed is not None else ()
        warn = self.look.palette.warn
        self.banner.said = (
            *self.failure_lines(),
            *concert_lines.hold_lines(state.holds, state.unheard, self.look),
            *(Text(self.look.glyphs.text(note, 300), warn, no_wrap=True) for note in notes),
        )
        self.concerts.empty = concert_lines.nothing(state, self.look, reading=reading, filtered=bool(self.wanted))
        self.concerts.faded = state.error is not None
        self.concerts.show(shown)
        self._draw_detail()
        self.status_bar.acting = self.acting.whom
        self.say(
            Status(
                title=f"4 {self.TITLE}",
                data="" if state.read_at is None else f"read {ago(now - state.read_at)}",
                stale=state.error is not None,
                refresh=("reading",) if reading else ("refresh on demand", "on demand"),
            )
        )

    def _draw_detail(self) -> None:
        row = self.focused_row
        if row is None:
            nothing = self.concerts.empty or Text()
            self.detail.show(lambda width: [nothing], keep_place=False)
            self.brief.said, self._detailed = (), None
            return
        read_only = self._read_only is not None
        page = ConcertPage(row, self.state, read_only, self.services.now(), self.look)
        self.detail.show(page.page, keep_place=self._detailed == row.key)
        self._detailed = row.key
        self.brief.said = concert_lines.brief(row, self.look, read_only=read_only)

    @property
    def desk(self) -> PayrollDesk | None:
        return self.acting.desk

    # -- the focused concert ----------------------------------------------------------------------------------------

    @property
    def failure(self) -> GcmsError | None:
        return self.state.error

    @property
    def focused_row(self) -> ConcertRow | None:
        return next((row for row in self.concerts.rows if row.key == self.concerts.cursor), None)

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
        desk = self.desk
        if desk is not None and desk.bench is None:
            return f"read-only: {desk.read_only_reason or self.services.read_only_reason}"
        return f"read-only: {self.services.read_only_reason}" if self.services.read_only else None

    def refusal(self, action: str) -> str | None:
        row, desk = self.focused_row, self.desk
        if action in _WRITING and self._read_only is not None:
            return self._read_only
        if action in (*_WRITING, *_OF_A_CONCERT) and desk is None:
            return "the concerts have not been read"
        match action:
            case "refresh" if self._loader.busy:
                return "they are being read"
            case "act" if desk is not None and not desk.may_act:
                return "everybody is who they are logged in as"
            case _ if action in _OF_A_CONCERT and row is None:
                return "no concert is focused"
            case "open" if row is not None and row.run is None:
                return "it has no payroll run: o opens one"
            case "new" if row is not None:
                return "its run is open: Enter goes on with it" if states.is_active(row.run) else self._not_opened(row)
        return super().refusal(action)

    @staticmethod
    def _not_opened(row: ConcertRow) -> str | None:
        return _NOT_OPENED.get(row.concert.state)

    def pointless(self, action: str) -> bool:
        if action in _WRITING and self._read_only is not None:
            return True
        return action in ("act", "refresh") or super().pointless(action)

    def something_is_open(self) -> bool:
        return bool(self.wanted or self.detail.has_focus)

    # -- actions ----------------------------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Leave the detail; then clear the filter."""
        if not self.detail.has_focus:
            self.wanted = ""
        self.concerts.focus()
        self.draw()
        self.refresh_bindings()

    def action_refresh(self) -> None:
        self.load(by_hand=True)

    def action_open(self) -> None:
        if self.focused_row is not None and self.focused_row.run is not None:
            self._walk(self.focused_row.run)

    def _walk(self, run: PayrollRun) -> None:
        from gcms_tui.console.payroll.wizard import WizardScreen

        if self.desk is not None:
            screen = WizardScreen(self.services, self.look, self.acting, self.desk, run.run_id)
            self.app.push_screen(screen, lambda left: self.load())  # by then something may have been done

    def action_new(self) -> None:
        from gcms_tui.console.payroll.open_dialog import OpenDialog

        row, desk = self.focused_row, self.desk
        if row is not None and desk is not None:
            dialog = OpenDialog(self.services, self.look, desk, row.concert, self.state.holds)
            self.app.push_screen(dialog, lambda run: self._opened(run, tried=dialog.tried))

    def _opened(self, run: PayrollRun | None, *, tried: bool) -> None:
        if run is not None:
            self._wanted = f"concert {run.concert_id}"
            self._walk(run)
        elif tried:
            self.load()

    def action_hold(self) -> None:
        from gcms_tui.console.payroll.doing import hold_dialog

        if self.desk is not None:
            self.app.push_screen(hold_dialog(self.desk, self.services, self.look), self._done)

    def _done(self, changed: bool | None) -> None:
        if changed:
            self.load()

    def action_act(self) -> None:
        from gcms_tui.console.payroll.doing import acting_dialog

        if self.desk is not None:
            self.app.push_screen(acting_dialog(self.desk, self.services, self.look), self.act_as)

    def act_as(self, whom: str | None) -> None:
        """Go on as somebody else; empty: as oneself. None: as before."""
        if whom is not None and whom != self.acting.whom:
            self.acting.switch(whom)
            self.load(by_hand=True)

    def action_provenance(self) -> None:
        from gcms_tui.console.payroll.provenance import ConcertOrigin

        row, listed = self.focused_row, self.state.listed
        if row is not None and listed is not None:
            self.app.push_screen(ConcertOrigin(self.look, self.services.settings, row, listed.taken_at))

    def action_copy(self) -> None:
        row = self.focused_row
        if row is not None:
            text = concert_text(row, self.state, self.services.now(), self.look)
            self.app.post_message(CopyAsked(text, f"concert {row.concert.concert_id[:60]}"))
