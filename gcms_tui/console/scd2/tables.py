"""The SCD2 pane: every table that holds versions, and what one scan of each has found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message

from gcms_tui.console.board_state import stale_after
from gcms_tui.console.list_pane import ERROR, FILTER, ListPane
from gcms_tui.console.pane import CopyAsked, Loader, LoadFailed
from gcms_tui.console.present import ago
from gcms_tui.console.scd2 import state as states
from gcms_tui.console.scd2 import table_lines
from gcms_tui.console.scd2.source import TableScanned, TablesListed, TablesSource
from gcms_tui.console.scd2.state import TableRow, TablesState
from gcms_tui.console.scd2.table_list import TableList
from gcms_tui.console.scd2.table_page import TablePage, table_text
from gcms_tui.console.scd2.words import BROWSED
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.brief import Brief
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.scd2.desk import Scd2Desk

_TICK_S = 60.0
"""How often ages are told anew."""
_OF_A_TABLE = ("open", "scan", "corrections", "copy", "provenance")


class Scd2Pane(ListPane):
    """Mode `scd2`. Scans when it is first gone to, and then only when asked: a scan reads the whole table."""

    TITLE = "SCD2"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Keys", id="scd2.open", tooltip="The keys of the table that are concerned"),
        Binding("r", "scan", "Scan", id="scd2.scan", tooltip="Scan the focused table again"),
        Binding("R", "scan_all", "Scan all", id="scd2.scan_all", tooltip="Scan every table again"),
        FILTER,
        Binding("m", "corrections", "Corrections", id="scd2.corrections", tooltip="Retroactive corrections, by month"),
        Binding("p", "provenance", "Source", id="scd2.provenance", tooltip="The scan as it was run, and when"),
        Binding("c", "copy", "Copy", id="scd2.copy", tooltip="Copy what is told of the focused table"),
        ERROR,
    ]

    def __init__(self, services: ConsoleServices, look: Look) -> None:
        self.tables = TableList(look, id="list")
        self.brief = Brief(look, id="preview")
        super().__init__(services, look, self.tables, self.brief)
        self.state = TablesState()
        self.desk: Scd2Desk | None = None
        self._loader = Loader(self, "scd2")
        self._source = TablesSource(services.open_scd2)
        self._ttl = stale_after(services.refresh_s)
        self._by_hand: set[str] = set()
        """Tables whose scan a person asked for: they hear it when it fails."""
        self._detailed: str | None = None
        self._coming_to = ""

    def on_mount(self) -> None:
        self.draw()
        self.tables.focus()
        self.set_interval(_TICK_S, self.draw)

    def first_painted(self) -> None:
        self._list()

    def come_to(self, name: str) -> None:
        """Put the cursor on a table, as soon as it is listed; the filter does not hide it."""
        self._coming_to, self.wanted = name, ""
        self.draw()

    # -- reading ----------------------------------------------------------------------------------------------------

    def _list(self) -> None:
        """Find out which tables there are, and then scan them."""
        self._start(self._source.tables)

    def _start(self, work: Callable[[], Message]) -> None:
        if self._loader.start(work):
            self.draw()
            self.refresh_bindings()

    def _scan_next(self) -> None:
        desk, waiting = self.desk, self.state.pending
        if desk is not None and waiting:
            name = waiting[0]
            self._start(lambda: self._source.scan(desk, name))

    def _scan(self, names: tuple[str, ...], *, first: bool = False) -> None:
        """After those that wait already; `first`: before them."""
        checkable = {table.name for table in self.state.listed or () if not table.problem}
        self.state = states.wanted(self.state, tuple(name for name in names if name in checkable), first=first)
        self._scan_next()
        self.draw()
        self.refresh_bindings()

    def on_tables_listed(self, message: TablesListed) -> None:
        self.desk = message.desk
        self._by_hand.discard("")
        self.state = states.listed(self.state, message.tables)
        self._scan(tuple(table.name for table in message.tables))

    def on_table_scanned(self, message: TableScanned) -> None:
        self.state = states.scanned(self.state, message.name, message.found, message.in_force)
        asked_for = message.name in self._by_hand
        self._by_hand.discard(message.name)
        self._scan_next()
        self.draw()
        self.refresh_bindings()
        if isinstance(message.found, GcmsError) and asked_for and self.is_current:
            self._show_error(message.found)

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.state = replace(self.state, error=message.error)
        self.draw()
        self.refresh_bindings()
        if self._by_hand:
            self._by_hand.clear()
            self.action_error()

    def has_been_written(self, table: str) -> None:
        """Somebody wrote to a table from this console: it is scanned when this screen is back."""
        for listed in self.state.listed or ():
            if listed.table == table:
                self.state = states.written(self.state, listed.name)

    def on_screen_resume(self) -> None:
        self._scan(tuple(name for name, known in self.state.known.items() if known.written), first=True)

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        now, state = self.services.now(), self.state
        rows = states.rows(state, now, self._ttl)
        shown = states.rows(state, now, self._ttl, self.wanted) if self.wanted else rows
        reading = self._loader.busy
        filtered = (self.wanted, len(shown)) if self.wanted else None
        self.headline.parts = table_lines.headline(state, rows, self.look, reading=reading, filtered=filtered)
        self.banner.said = self.failure_lines() if state.error is not None else ()
        self.tables.empty = table_lines.nothing(state, self.look, reading=reading, filtered=bool(self.wanted))
        self.tables.show(shown)
        if any(row.key == self._coming_to for row in shown):
            self.tables.cursor, self._coming_to = self._coming_to, ""
        self._draw_detail(now)
        oldest = min((row.known.scan.taken_at for row in rows if row.known.scan is not None), default=None)
        self.say(
            Status(
                title=f"3 {self.TITLE}",
                data="" if oldest is None else f"scanned {ago(now - oldest)}",
                stale=any(row.stale for row in rows),
                refresh=("scanning",) if state.pending else ("refresh on demand", "on demand"),
            )
        )

    def _draw_detail(self, now: datetime) -> None:
        row = self.focused_row
        if row is None:
            nothing = self.tables.empty or Text()
            self.detail.show(lambda width: [nothing], keep_place=False)
            self.brief.said, self._detailed = (), None
            return
        self.detail.show(TablePage(row, now, self.look).page, keep_place=self._detailed == row.key)
        self._detailed = row.key
        self.brief.said = table_lines.brief(row, self.look)

    # -- the focused table ------------------------------------------------------------------------------------------

    @property
    def failure(self) -> GcmsError | None:
        if self.state.error is not None:
            return self.state.error
        return None if self.focused_row is None else self.focused_row.known.error

    @property
    def focused_row(self) -> TableRow | None:
        return next((row for row in self.tables.rows if row.key == self.tables.cursor), None)

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self._draw_detail(self.services.now())
        self.refresh_bindings()

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        self.action_open()

    # -- actions ----------------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        row = self.focused_row
        if action in _OF_A_TABLE and action != "scan" and self.desk is None:
            return "the tables are not known yet"
        match action:
            case "scan" | "scan_all" if self.desk is None and self._loader.busy:
                return "the tables are being found out"
            case "scan" if self.desk is None:
                return None  # whoever failed to find them tries again
            case _ if action in _OF_A_TABLE and row is None:
                return "no table is focused"
            case "open" | "scan" | "corrections" if row is not None and row.listed.problem:
                return "it cannot be checked"
            case "scan" if row is not None and row.scanning:
                return "it is being scanned"
            case "provenance" if row is not None and row.known.scan is None:
                return "it has not been scanned"
        return super().refusal(action)

    def something_is_open(self) -> bool:
        return bool(self.wanted or self.detail.has_focus)

    def action_back(self) -> None:
        """Leave the detail; then clear the filter."""
        if not self.detail.has_focus:
            self.wanted = ""
        self.tables.focus()
        self.draw()
        self.refresh_bindings()

    def action_scan(self) -> None:
        row = self.focused_row
        if self.desk is None:
            self.action_scan_all()
        elif row is not None:
            self._by_hand.add(row.key)
            self._scan((row.key,), first=True)

    def action_scan_all(self) -> None:
        """The tables are found out anew as well: one may have come."""
        if self._loader.busy:
            self._scan(tuple(table.name for table in self.state.listed or ()))
        else:
            self._by_hand.add("")
            self._list()

    def action_open(self) -> None:
        from gcms_tui.console.scd2.groups import GroupsScreen

        row = self.focused_row
        if self.desk is not None and row is not None and not row.listed.problem:
            scan = row.known.scan
            found = () if scan is None else tuple(name for name in BROWSED if name in scan.found)
            self.app.push_screen(GroupsScreen(self.services, self.look, self.desk, row.listed, scan, found))

    def action_corrections(self) -> None:
        from gcms_tui.console.scd2.corrections import CorrectionsScreen

        if self.desk is not None and self.focused_row is not None:
            self.app.push_screen(CorrectionsScreen(self.services, self.look, self.desk, self.focused_row.key))

    def action_provenance(self) -> None:
        from gcms_tui.console.scd2.provenance import Origin

        row = self.focused_row
        if row is not None and row.known.scan is not None:
            scan = row.known.scan
            self.app.push_screen(Origin(self.look, row.key, scan.taken_at, scan.provenance, scan.elapsed_ms))

    def action_copy(self) -> None:
        row = self.focused_row
        if row is not None:
            self.app.post_message(CopyAsked(table_text(row, self.services.now(), self.look), f"table {row.key}"))

    def action_error(self) -> None:
        if self.failure is not None:
            self._show_error(self.failure)

    def _show_error(self, error: GcmsError) -> None:
        from gcms_tui.console.dialogs import ErrorDialog

        self.app.push_screen(ErrorDialog(self.look, error))
