"""One dbt run, live: how far it is, its nodes, its timeline and what dbt says, from wherever it has come to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.widget import Widget

from gcms_tui.console.live_words import UNFINISHED, failed
from gcms_tui.console.pane import CopyAsked, Loader
from gcms_tui.console.present import ago
from gcms_tui.console.run_head import Head, as_a_whole, before_anything
from gcms_tui.console.run_node import NodePage, Sql, node_text
from gcms_tui.console.run_source import SqlRead
from gcms_tui.console.run_views import Views
from gcms_tui.console.run_watched import WatchedRun
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.troubleshooting import CARD, NO_CARD, card_of_node, open_card
from gcms_tui.console.widgets.document import Document
from gcms_tui.console.widgets.lanes import Lanes
from gcms_tui.console.widgets.lines import Lines
from gcms_tui.console.widgets.message_list import MessageList
from gcms_tui.console.widgets.node_list import ORDERS, NodeList, NodeRows
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.procedures.matching import Match
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.run_progress import Message, NodeProgress
from gcms_tui.operations.run_desk import RunDesk

_MANY = 1_000
"""Nodes from which on the timeline is laid out less often."""


class RunScreen(WatchedRun):
    """Lies over the runs pane. Leaving it leaves the run alone."""

    TITLE = "Run"
    CSS_PATH = "run.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-medium"), (30, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="run.open", tooltip="The node in full: its message and its SQL"),
        Binding("o", "rows", "Rows", id="run.rows", tooltip="The rows that failed this test"),
        CARD,
        Binding("x", "cancel", "Cancel", id="run.cancel", tooltip="Ask the run to stop"),
        Binding("n", "view('nodes')", "Nodes", id="run.nodes", show=False, tooltip="The nodes, failing first"),
        Binding("t", "view('timeline')", "Timeline", id="run.timeline", show=False, tooltip="Which node ran when"),
        Binding("m", "view('messages')", "Messages", id="run.messages", show=False, tooltip="What dbt says"),
        Binding("f", "failing", "Failing", id="run.failing", tooltip="The failing tests, with their rows"),
        Binding("R", "retry", "Retry", id="run.retry", tooltip="See what did not succeed, and run it again"),
        Binding("L", "log", "Log", id="run.log", tooltip="The run's log"),
        Binding("s", "order", "Order", id="run.order", tooltip="Nodes: failing first, as begun, slowest first"),
        Binding("r", "refresh", "Look now", id="run.refresh", tooltip="Look at the run now"),
        Binding("p", "provenance", "Source", id="run.provenance", tooltip="What was executed, from which state, where"),
        Binding("c", "copy", "Copy", id="run.copy", tooltip="Copy the node or the message under the cursor"),
        Binding("e", "error", "Error", id="run.error", tooltip="What went wrong, in full"),
    ]

    def __init__(self, services: ConsoleServices, look: Look, desk: RunDesk, run_id: str) -> None:
        super().__init__(services, look, desk, run_id)
        self.focused_id: str | None = None
        """The node that is looked at, in whichever view."""
        self.order = ORDERS[0]
        self.view = "nodes"
        self._sql: dict[str, Sql] = {}
        self._sql_reader = Loader(self, "run sql")
        self._rows = NodeRows()
        self._detailed: str | None = None
        self._known_nodes: tuple[NodeProgress, ...] = ()
        self._by_id: dict[str, NodeProgress] = {}
        self._lanes_at: datetime | None = None
        self.head = Lines(id="head")
        self.views = Views(look, id="views")
        self.nodes = NodeList(look, id="nodes")
        self.lanes = Lanes(look, id="timeline")
        self.messages = MessageList(look, id="messages")
        self.detail = Document(id="detail")

    def compose(self) -> ComposeResult:
        yield self.status_bar
        yield self.head
        yield self.views
        with Container(id="body"):
            yield self.nodes
            with Vertical(id="side"):
                yield self.lanes
                yield self.messages
            yield self.detail
        yield self.key_bar

    def on_mount(self) -> None:
        self.add_class("-nodes")
        self.nodes.focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        if self.seen is None:
            self._draw_before_anything()
            return
        run, progress, now = self.seen.run, self.progress, self.now
        head = Head(
            run, progress, self.seen.remaining_s, self.orphans, self.failure, now, self.app.size.height, self.look
        )
        self.head.show(head.lines)
        self.nodes.empty = Text(f" {self._nothing()}", self.look.palette.muted)
        self.nodes.show(self._rows.rows(progress.nodes, self.order, now))
        if self._timeline_shown:
            self._draw_lanes(now)
        said = "dbt has said nothing yet." if self.alive else "Nothing is kept of what dbt said; L shows the log."
        self.messages.empty = Text(f" {said}", self.look.palette.muted)
        self.messages.tell(progress.messages)
        self.views.tell_of(self.view, len(progress.nodes), len(progress.messages), self.order)
        self._draw_detail()
        self._say_status()

    def _draw_lanes(self, now: datetime) -> None:
        """Of a run with many nodes once a second is often enough."""
        nodes, lanes = self.progress.nodes, self.lanes
        fresh = self._lanes_at is not None and abs(now - self._lanes_at) < timedelta(seconds=1)
        if len(nodes) > _MANY and lanes.rows and fresh and self.alive:
            return
        self._lanes_at = now
        foreign = self.run is not None and self.run.record.foreign
        said = "Started elsewhere: when its nodes ran is not known." if foreign else "No node has begun."
        lanes.empty = Text(f" {said}", self.look.palette.muted)
        lanes.tell(nodes, now, self.focused_id)
        if self.has_class("-wide") and self.has_class("-tall"):
            lanes.styles.height = len(lanes.rows) + 1
        else:
            lanes.styles.clear_rule("height")

    def _draw_before_anything(self) -> None:
        said = before_anything(self.run_id, self.failure, self.look)
        self.head.show(lambda width: said)
        self._say_status()

    def _nothing(self) -> str:
        if self.alive:
            return "dbt has not begun with a node yet: it starts, and reads the project."
        if self.run is not None and self.run.record.foreign:
            return "What became of its nodes is not known: neither results nor a log tell of them."
        return "No node was executed."

    def _say_status(self) -> None:
        stale = self.failure is not None
        data = f"seen {ago(self.services.now() - self._seen_at)}" if stale else ""
        live = ("live",) if self.alive else ("ended", "")
        self.say(Status(title="2 Runs", data=data, stale=stale, refresh=("retrying",) if stale else live))

    @property
    def _timeline_shown(self) -> bool:
        if self.has_class("-detail"):
            return False
        if self.has_class("-wide"):
            return self.has_class("-tall") or self.view != "messages"
        return self.view == "timeline"

    def _draw_detail(self) -> None:
        node = self.focused_node
        if not self.has_class("-detail") or node is None:
            return
        page = self._page(node)
        self.detail.show(page.page, keep_place=self._detailed == node.unique_id)
        self._detailed = node.unique_id

    def _page(self, node: NodeProgress) -> NodePage:
        return NodePage(
            node,
            self._sql.get(node.unique_id),
            reading=node.unique_id not in self._sql,
            alive=self.alive,
            cut_off=node.status == UNFINISHED,
            rows_kept=self.refusal("rows") is None,
            card=self.card,
            now=self.now,
            look=self.look,
        )

    # -- what is looked at ------------------------------------------------------------------------------------------

    @property
    def focused_node(self) -> NodeProgress | None:
        if self.focused_id is None:
            return None
        if self._known_nodes is not self.progress.nodes:
            self._known_nodes = self.progress.nodes
            self._by_id = {node.unique_id: node for node in self.progress.nodes}
        return self._by_id.get(self.focused_id)

    @property
    def card(self) -> Match | None:
        """The runbook's, for the node."""
        return card_of_node(self.focused_node, self.run, self.services.settings)

    @property
    def focused_message(self) -> Message | None:
        return next((row.message for row in self.messages.rows if row.key == self.messages.cursor), None)

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self._focus_node(self.nodes.cursor)

    def on_lanes_picked(self, message: Lanes.Picked) -> None:
        self.nodes.choose(message.unique_id)

    def _focus_node(self, unique_id: str | None) -> None:
        if unique_id == self.focused_id:
            return
        self.focused_id = unique_id
        if self._timeline_shown:
            self.lanes.choose(unique_id)
        if self.has_class("-detail"):
            self._read_sql()
            self._draw_detail()
        self.refresh_bindings()

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        self.action_open()

    def ended(self) -> None:
        """What was not kept while it ran may have been kept with its end."""
        self._sql = {unique_id: sql for unique_id, sql in self._sql.items() if isinstance(sql, str)}
        if self.has_class("-detail"):
            self._read_sql()

    def _read_sql(self) -> None:
        unique_id = self.focused_id
        if unique_id is not None and unique_id not in self._sql:
            self._sql_reader.start(lambda: self._source.sql(unique_id))

    def on_sql_read(self, message: SqlRead) -> None:
        self._sql[message.unique_id] = message.sql
        self._read_sql()
        self._draw_detail()

    # -- what can be done -------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        run, node = self.run, self.focused_node
        if run is None and action not in ("back", "refresh", "error", "view", "order"):
            return "the run has not been read yet"
        match action:
            case "cancel" | "retry" if self.services.read_only:
                return f"read-only: {self.services.read_only_reason}"
            case "cancel" if not self.alive:
                return "it has ended"
            case "cancel" if run is not None and run.state is RunState.CANCELLING:
                return "it was asked already, and has not stopped yet"
            case "retry" if self.alive:
                return "it has not ended"
            case "rows" if node is None or node.resource_type not in ("test", "unit_test") or not _tells(node):
                return "no failing test is focused"
            case "failing" if not any(_tells(one) for one in self._tests()):
                return "no test has failed"
            case "rows" | "failing" if self.alive:
                return "its rows can be read when the run has ended"
            case "open" if self.has_class("-detail") and not self.messages.has_focus:
                return "it is open"
            case "open" | "copy" if node is None and not self.messages.has_focus:
                return "no node is focused"
            case "card" if self.card is None:
                return "no node is focused" if node is None else NO_CARD
            case "error" if self._error() is None:
                return "nothing has failed as a whole"
        return None

    def pointless(self, action: str) -> bool:
        return action in ("open", "error", "rows", "failing", "card") or (action == "cancel" and not self.alive)

    def something_is_open(self) -> bool:
        return True

    def _tests(self) -> list[NodeProgress]:
        return [node for node in self.progress.nodes if node.resource_type in ("test", "unit_test")]

    def _error(self) -> GcmsError | None:
        """What went wrong with the look, or with the command as a whole."""
        if self.failure is not None or self.run is None:
            return self.failure
        return as_a_whole(self.run, self.progress, self.now)

    # -- actions ----------------------------------------------------------------------------------------------------

    def action_view(self, view: str) -> None:
        self.remove_class("-detail", f"-{self.view}").add_class(f"-{view}")
        self.view = view
        widgets: dict[str, Widget] = {"nodes": self.nodes, "timeline": self.lanes, "messages": self.messages}
        self.call_after_refresh(self.draw)
        widgets[view].focus()
        self.refresh_bindings()

    def action_open(self) -> None:
        from gcms_tui.console.dialogs import ErrorDialog

        message = self.focused_message
        if self.messages.has_focus and message is not None:
            if message.unique_id not in {node.unique_id for node in self.progress.nodes}:
                self.app.push_screen(ErrorDialog(self.look, GcmsError("What dbt said", message.text)))
                return
            self.nodes.choose(message.unique_id)
            self._focus_node(message.unique_id)
        if self.focused_id is None:
            return
        self.nodes.choose(self.focused_id)
        self.add_class("-detail")
        self._read_sql()
        self._draw_detail()
        self.detail.focus()
        self.refresh_bindings()

    def action_rows(self) -> None:
        from gcms_tui.console.failing import FailingTestsScreen

        self.app.push_screen(FailingTestsScreen(self.services, self.look, self.desk, self.run_id, self.focused_id))

    def action_failing(self) -> None:
        from gcms_tui.console.failing import FailingTestsScreen

        self.app.push_screen(FailingTestsScreen(self.services, self.look, self.desk, self.run_id))

    async def action_card(self) -> None:
        await open_card(self, self.card)

    def action_cancel(self) -> None:
        from gcms_tui.console.run_cancel import CancelDialog

        if self.run is not None:
            self.app.push_screen(CancelDialog(self.services, self.look, self.desk, self.run))

    def action_retry(self) -> None:
        from gcms_tui.console.run_preview import PreviewDialog

        dialog = PreviewDialog(self.services, self.look, self.desk, lambda: self.desk.runs.retry(self.run_id))
        self.app.push_screen(dialog, self._watch_instead)

    def _watch_instead(self, run: Run | None) -> None:
        """The run that was started takes this one's place."""
        if run is not None:
            self.app.switch_screen(RunScreen(self.services, self.look, self.desk, run.run_id))

    def action_log(self) -> None:
        from gcms_tui.console.run_foreign import log_screen

        if self.run is not None:
            self.app.push_screen(log_screen(self.services, self.look, self.desk, self.run))

    def action_order(self) -> None:
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        self.draw()

    def action_refresh(self) -> None:
        self.look_again(by_hand=True)

    def action_provenance(self) -> None:
        from gcms_tui.console.run_provenance import RunProvenance

        if self.run is not None:
            directory = self.desk.shelf.directory(self.run_id)
            self.app.push_screen(RunProvenance(self.look, self.run, directory, None))

    def action_copy(self) -> None:
        node, message = self.focused_node, self.focused_message
        if self.messages.has_focus and message is not None:
            self.app.post_message(CopyAsked(message.text, "message"))
        elif node is not None:
            self.app.post_message(CopyAsked(node_text(self._page(node)), node.name))

    def action_error(self) -> None:
        from gcms_tui.console.dialogs import ErrorDialog

        error = self._error()
        if error is not None:
            self.app.push_screen(ErrorDialog(self.look, error))

    def action_back(self) -> None:
        """Close the node; then leave. The run does not notice."""
        if self.has_class("-detail"):
            self.action_view(self.view)
            return
        if self.seen is not None and self.alive:
            self.console_app.tell("The run goes on. Open it again from the list of runs.")
        self.dismiss(None)


def _tells(test: NodeProgress) -> bool:
    """It has something to show for itself."""
    return failed(test.status) or test.status == "warn"
