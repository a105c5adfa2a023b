"""The keys of one table that are concerned, page by page: however many there are, a few pages are in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.timer import Timer

from gcms_tui.console.list_pane import ERROR, FILTER, ListPane
from gcms_tui.console.pane import CopyAsked, Loader, LoadFailed
from gcms_tui.console.present import ago
from gcms_tui.console.scd2 import key_lines
from gcms_tui.console.scd2.key_list import KeyList, rows_of
from gcms_tui.console.scd2.pages import KeyRow, Pages
from gcms_tui.console.scd2.source import Asked, KeysRead, KeysSource
from gcms_tui.console.scd2.words import BROWSED, DUPLICATES
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.brief import Brief
from gcms_tui.console.widgets.filter_line import FilterLine
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.scd2.scan import GroupOrder, TableScan

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.scd2.desk import Scd2Desk
    from gcms_tui.operations.scd2.tables import Listed

_TYPING_S = 0.3
"""From the last letter of the filter to the question."""
_TICK_S = 60.0
"""How often ages are told anew."""
_ORDERS = tuple(GroupOrder)


class GroupsScreen(ListPane):
    """Over the pane; Esc leads back to it. `defects`: the classes that were found, of which the first is shown."""

    TITLE = "Keys"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Versions", id="groups.open", tooltip="The key's versions on a line of time"),
        Binding("d", "defect", "Class", id="groups.defect", tooltip="Keys with a defect of the next class"),
        Binding("o", "order", "Order", id="groups.order", tooltip="By key, most versions first, newest first"),
        FILTER,
        Binding("B", "batch", "Plan all", id="groups.batch", tooltip="A plan for every key that the filter leaves"),
        Binding("r", "refresh", "Refresh", id="groups.refresh", tooltip="Ask for this page again"),
        Binding("p", "provenance", "Source", id="groups.provenance", tooltip="The question as it was asked, and when"),
        Binding("c", "copy", "Copy", id="groups.copy", tooltip="Copy the keys in memory as a table"),
        ERROR,
    ]

    def __init__(
        self,
        services: ConsoleServices,
        look: Look,
        desk: Scd2Desk,
        table: Listed,
        scan: TableScan | None,
        defects: tuple[str, ...] = (),
    ) -> None:
        self.keys = KeyList(look, id="list")
        self.brief = Brief(look, id="preview")
        super().__init__(services, look, self.keys, self.brief)
        self.desk = desk
        self.table = table
        self.scan = scan
        self.defects = defects or BROWSED
        self.asked = Asked(self.defects[0], GroupOrder.KEY)
        """What is wanted; what is shown may still be of something else."""
        self.pages = Pages()
        self.shown: Asked | None = None
        """What the pages in memory are of."""
        self.error: GcmsError | None = None
        self._loader = Loader(self, "scd2 keys")
        self._source = KeysSource(desk, table.name, services.now)
        self._asking: Asked | None = None
        self._typing: Timer | None = None
        self._stale = False
        self._detailed: str | None = None

    def on_mount(self) -> None:
        self.keys.focus()
        self._load(0)
        self.set_interval(_TICK_S, self.draw)

    # -- reading ----------------------------------------------------------------------------------------------------

    def _load(self, number: int, *, by_hand: bool = False) -> None:
        """Read the page of that number, unless one is being read."""
        asked, starts = self.asked, self.pages.starts
        if asked != self.shown:
            number, starts = 0, (None,)
        start = starts[number]
        if self._loader.start(lambda: self._source.read(asked, number, start), by_hand=by_hand):
            self._asking = asked
            self.draw()
            self.refresh_bindings()

    def on_keys_read(self, message: KeysRead) -> None:
        if message.asked == self.asked:
            self.error, self._stale = None, False
            fresh = message.asked != self.shown
            self.pages = (Pages() if fresh else self.pages).placed(message.number, message.page)
            self.shown = message.asked
            if fresh:
                self.keys.scroll_to(0, 0, animate=False, force=True)
        self._ended()
        if not self.pages.rows and self.pages.first and self.shown == self.asked:
            self._load(0)  # the keys of this page have gone, and there may be others before it

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.error = message.error
        self._ended()
        if message.by_hand:
            self.action_error()

    def _ended(self) -> None:
        self.draw()
        self.refresh_bindings()
        if self._asking != self.asked:
            self._load(0)
        elif self.error is None:
            self._turn_page()

    def _turn_page(self) -> None:
        """The cursor has come to the end of what is in memory."""
        pages, cursor = self.pages, self.keys.cursor
        if self.shown != self.asked:
            return
        if pages.near_end(cursor):
            self._load(pages.next)
        elif pages.near_begin(cursor):
            self._load(pages.first - 1)

    def has_been_written(self, table: str) -> None:
        """Somebody wrote to a table from this console: asked again when this screen is back."""
        self._stale = self._stale or table == self.table.table

    def on_screen_resume(self) -> None:
        if self._stale and self._loader.busy:
            self._asking = None
        elif self._stale:
            self.action_refresh()

    # -- the filter -------------------------------------------------------------------------------------------------

    def on_input_changed(self, message: FilterLine.Changed) -> None:
        """The warehouse is asked once the typing pauses."""
        self._stop_typing()
        self._typing = self.set_timer(_TYPING_S, self._filter)

    def on_filter_line_ended(self, message: FilterLine.Ended) -> None:
        self.call_later(self._filter)

    def _stop_typing(self) -> None:
        if self._typing is not None:
            self._typing.stop()
            self._typing = None

    def _filter(self) -> None:
        self._stop_typing()
        self._ask(replace(self.asked, containing=self.wanted))

    def _ask(self, asked: Asked) -> None:
        if asked != self.asked:
            self.asked = asked
            self._load(0)
            self.draw()
            self.refresh_bindings()

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        reading, current = self._loader.busy, self.shown == self.asked
        counts = {} if self.scan is None else self.scan.defects
        classes = [(name, counts.get(name)) for name in self.defects]
        pages = self.pages if current else Pages()
        self.keys.defect = self.asked.defect
        self.keys.empty = key_lines.nothing(self.asked, self.look, reading=reading, failed=self.error is not None)
        self.keys.show(rows_of(pages, reading=reading))
        self.headline.parts = key_lines.headline(self.asked, classes, pages, self.keys.cursor, self.look)
        self.banner.said = self.failure_lines()
        self._draw_detail()
        taken = min((page.taken_at for page in pages.pages), default=None)
        self.say(
            Status(
                title=f"3 {self.look.glyphs.text(self.table.name, 40)}",
                data="" if taken is None else f"read {ago(self.services.now() - taken)}",
                stale=self._stale or self.error is not None,
                refresh=("asking",) if reading else ("",),
            )
        )

    def _draw_detail(self) -> None:
        row, nothing = self.focused_row, self.keys.empty or Text()
        if row is None:
            self.detail.show(lambda width: [nothing], keep_place=False)
            self.brief.said, self._detailed = (), None
            return
        asked, look = self.asked, self.look
        read_at = self.pages.pages[0].taken_at if self.pages.pages else None
        self.detail.show(
            lambda width: key_lines.page(row, asked, read_at, look, width), keep_place=self._detailed == row.key
        )
        self._detailed = row.key
        self.brief.said = key_lines.brief(row, asked, look)

    # -- the focused key --------------------------------------------------------------------------------------------

    @property
    def failure(self) -> GcmsError | None:
        return self.error

    @property
    def focused_row(self) -> KeyRow | None:
        return next((row for row in self.keys.rows if row.key == self.keys.cursor and not row.heading), None)

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self.draw()
        self.refresh_bindings()
        if self.error is None:
            self._turn_page()

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        self.action_open()

    # -- actions ----------------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        match action:
            case "open" if self.focused_row is None:
                return "no key is focused"
            case "copy" | "provenance" if not self.pages.pages or self.shown != self.asked:
                return "nothing has been read"
            case "order" | "filter" if self.asked.defect != DUPLICATES:
                return "keys of this class come in their own order, all of them"
            case "batch" if self.desk.bench is None:
                return f"read-only: {self.services.read_only_reason}"
            case "batch" if self.asked.defect != DUPLICATES or not self.keys.rows:
                return "there are no duplicates here to repair"
            case "defect" if len(self.defects) < 2:
                return "the scan has found no other class"
            case "refresh" if self._loader.busy:
                return "it is being read"
        return None if action == "back" else super().refusal(action)

    def pointless(self, action: str) -> bool:
        if action == "batch" and self.desk.bench is None:
            return True
        return action in ("error", "filter") and self.refusal(action) is not None

    def action_back(self) -> None:
        """Leave the detail; then clear the filter; then back to the tables."""
        if self.detail.has_focus:
            self.keys.focus()
        elif self.wanted:
            self.wanted = ""
            self._filter()
        else:
            self.dismiss(None)

    def action_refresh(self) -> None:
        number = self.pages.number_of(self.keys.cursor)
        if number is None:
            self._load(0, by_hand=True)
            return
        self.pages = replace(self.pages, pages=self.pages.pages[number - 1 - self.pages.first :][:1], first=number - 1)
        self._load(number - 1, by_hand=True)

    def action_order(self) -> None:
        order = _ORDERS[(_ORDERS.index(self.asked.order) + 1) % len(_ORDERS)]
        self._ask(replace(self.asked, order=order))

    def action_defect(self) -> None:
        defect = self.defects[(self.defects.index(self.asked.defect) + 1) % len(self.defects)]
        containing = self.wanted if defect == DUPLICATES else ""
        order = self.asked.order if defect == DUPLICATES else GroupOrder.KEY
        self._ask(Asked(defect, order, containing))

    def action_open(self) -> None:
        from gcms_tui.console.scd2.key import KeyScreen

        row = self.focused_row
        if row is not None:
            self.app.push_screen(KeyScreen(self.services, self.look, self.desk, self.table, row.natural_key, self.scan))

    def action_batch(self) -> None:
        from gcms_tui.console.writing.batch_dialog import BatchDialog

        bench, name, containing = self.desk.bench, self.table.name, self.wanted
        if bench is not None:
            dialog = BatchDialog(
                self.services, self.look, self.desk, lambda: bench.repairs.propose_batch(name, containing=containing)
            )
            self.app.push_screen(dialog)

    def action_provenance(self) -> None:
        from gcms_tui.console.scd2.provenance import Origin

        number = self.pages.number_of(self.keys.cursor)
        if self.pages.pages:
            page = self.pages.pages[0 if number is None else number - 1 - self.pages.first]
            self.app.push_screen(Origin(self.look, f"keys of {self.table.table}", page.taken_at, page.provenance))

    def action_copy(self) -> None:
        text = key_lines.keys_text(self.table.table, self.asked, self.pages)
        self.app.post_message(CopyAsked(text, f"keys of {self.table.name}"))
