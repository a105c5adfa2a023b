"""The health pane: the verdict board, the focused finding in full, and when to look again."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.timer import Timer

from gcms_tui.console import board_state, gold_tests
from gcms_tui.console.board_state import BoardState, Row, overall, stale_after
from gcms_tui.console.cadence import next_look
from gcms_tui.console.detail import Detail
from gcms_tui.console.gold_tests import DeskOpened, GoldTests, TestsEnded
from gcms_tui.console.headline import Preview, Progress, doubt_lines, headline
from gcms_tui.console.health_source import Answered, Begun, HealthSource, Loaded
from gcms_tui.console.list_pane import ERROR, FILTER, ListPane
from gcms_tui.console.pane import CopyAsked, Loader, LoadFailed
from gcms_tui.console.present import age_text, ago, finding_text, interval_text
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status, Writes
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.board import Board
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import Finding
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:
    from gcms_tui.core.run import Run

_TICK_S = 60.0
"""How often ages are told anew. They read in minutes, and an idle screen is to stay idle."""

_VERSIONS = "scd2."
"""What the findings about one SCD2 table each are called by."""


def _is_of_versions(name: str | None) -> bool:
    return name is not None and (name.startswith(_VERSIONS) or name == "metric.scd2")


class HealthPane(ListPane):
    """Mode `health`."""

    TITLE = "Health"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Detail", id="health.open", tooltip="Show the finding under the cursor in full"),
        Binding("v", "versions", "Versions", id="health.versions", tooltip="To its table in the SCD2 pane"),
        Binding("r", "refresh_all", "Refresh", id="health.refresh", tooltip="Run every check again"),
        Binding("R", "refresh_one", "This one", id="health.refresh_one", tooltip="Run the focused check again"),
        FILTER,
        Binding("p", "provenance", "Source", id="health.provenance", tooltip="The SQL as it was run, and when"),
        Binding("t", "run_tests", "Test", id="health.run_tests", tooltip="Run dbt's gold tests, after a preview"),
        Binding("c", "copy", "Copy", id="health.copy", tooltip="Copy the focused finding"),
        ERROR,
    ]

    def __init__(self, services: ConsoleServices, look: Look) -> None:
        self.board = Board(look, services.now, id="list")
        self.preview = Preview(look, id="preview")
        super().__init__(services, look, self.board, self.preview)
        self.state = BoardState()
        self._ttl = stale_after(services.refresh_s)
        self._loader = Loader(self, "health")
        self._source = HealthSource(services, self._loader)
        self._tests = GoldTests(self, services.open_runs)
        self._ask_again: tuple[str, ...] = ()
        """Findings that are from before something that may have changed them."""
        self._connection = "not connected"
        self._reached_at = services.now()
        """When the warehouse last answered; means something only where it is called connected."""
        self._by_hand = False
        self._asked = 0
        self._notice_read = False
        self._failures = 0
        self._overdue = False
        self._next: Timer | None = None
        self._detailed: tuple[Row, str] | None = None

    def on_mount(self) -> None:
        last = self.services.last_report()
        self.state = board_state.known(last if last is not None and last.target == self.services.target else None)
        self.draw()
        self.board.focus()
        self.set_interval(_TICK_S, self.tick)

    def first_painted(self) -> None:
        self.console_app.look_for_doubts()
        self.look_again()

    def writes_are(self, writes: Writes) -> None:
        if writes != self.status_bar.writes:
            super().writes_are(writes)
            self.draw()

    # -- looking ----------------------------------------------------------------------------------------------------

    def look_again(self, only: tuple[str, ...] | None = None, *, by_hand: bool = False) -> None:
        """Start a look off the loop, unless one is under way."""
        if self._loader.start(lambda: self._source.look(only)):
            self._by_hand, self._overdue, self._asked = by_hand, False, 0
            self._ask_again = () if only is None else tuple(name for name in self._ask_again if name not in only)
            if self._next is not None:
                self._next.stop()
            if self._connection != "connected":
                self._connection = "connecting"
            self.draw()
            self.refresh_bindings()

    def on_begun(self, message: Begun) -> None:
        self.state = board_state.begin(self.state, message.names, message.only)
        self._asked = len(self.state.pending)
        self.draw()

    def on_answered(self, message: Answered) -> None:
        self.state = board_state.answer(self.state, message.finding)
        if board_state.reached_warehouse((message.finding,)):
            self._connection, self._reached_at = "connected", message.finding.taken_at
        self.draw()

    def on_loaded(self, message: Loaded) -> None:
        self.state = board_state.finish(
            self.state, message.report, message.series, notes=message.notes, whole=message.whole
        )
        reached = board_state.reached_warehouse(message.report.findings)
        if reached is not None:
            self._connection = "connected" if reached else "no answer"
        elif self._connection == "connecting":
            self._connection = "not connected"
        self._ended(well=any(finding.verdict is not Verdict.UNKNOWN for finding in message.report.findings))

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.state = board_state.fail(self.state, message.error)
        self._connection = "not connected"
        self._ended(well=False)
        if self._by_hand:
            self.action_error()

    def _ended(self, *, well: bool) -> None:
        self._failures = 0 if well else self._failures + 1
        delay = next_look(self.services.refresh_s, self._failures)
        if self._next is not None:
            self._next.stop()
        self._next = None if delay is None else self.set_timer(delay, self.due)
        self.draw()
        self.refresh_bindings()
        if self._ask_again:  # it happened while the board was looking, and what it saw may be from before
            self.look_again(self._ask_again)

    def due(self) -> None:
        """It is time to look again; but nothing is asked while nobody looks."""
        if self.app.app_focus and self.console_app.pane is self:
            self.look_again()
        else:
            self._overdue = True
            self.draw()

    def looked_at(self) -> None:
        if self._overdue:
            self.look_again()
        elif self._ask_again:
            self.look_again(self._ask_again)

    def has_been_written(self, table: str) -> None:
        """Somebody wrote to a table from this console: what is said of versions is asked again when this is back."""
        versions = (name for name in self.state.findings if _is_of_versions(name))
        self._ask_again = tuple(dict.fromkeys((*self._ask_again, *versions)))

    def on_screen_resume(self) -> None:
        self.looked_at()

    def on_unmount(self) -> None:
        self._source.abandon()
        self._tests.leave()

    # -- drawing ----------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Tell the ages anew, and what has become stale."""
        rows = self._rows()
        if rows == self.board.rows:
            self.board.tell_ages()
        self._draw_with(rows)

    def draw(self) -> None:
        self._draw_with(self._rows())

    def _rows(self) -> tuple[Row, ...]:
        return board_state.rows(self.state, self.services.now(), self._ttl, self.wanted)

    def _draw_with(self, rows: tuple[Row, ...]) -> None:
        whole = overall(self.state, self.services.now(), self._ttl)
        self.headline.parts = headline(whole, self.look, self._progress(), self._filtered(rows))
        self.banner.said = self._said()
        self.board.empty = self._nothing(0)[0]
        self.board.show(rows)
        self._draw_detail()
        self.say(
            Status(
                title=f"1 {self.TITLE}",
                connection=self._connection_text(),
                data="no data" if whole.age is None else f"data {age_text(whole.age)} old",
                stale=whole.stale,
                refresh=self._refresh_text(),
            )
        )

    def _progress(self) -> Progress | None:
        return Progress(self._asked - len(self.state.pending), self._asked) if self._loader.busy else None

    def _filtered(self, rows: tuple[Row, ...]) -> tuple[str, int, int] | None:
        shown = sum(not row.heading for row in rows)
        return (self.wanted, shown, len({*self.state.findings, *self.state.pending})) if self.wanted else None

    def _draw_detail(self) -> None:
        row = self.focused_row
        if row is None:
            self.detail.show(self._nothing, keep_place=False)
            self.preview.finding, self._detailed = None, None
            return
        same = self._detailed is not None and self._detailed[0].key == row.key
        age = "" if row.finding is None else age_text(self.services.now() - row.finding.taken_at)
        if (row, age) != self._detailed:
            self.detail.show(Detail(row, self.services.now(), self.look).page, keep_place=same)
        self._detailed = (row, age)
        self.preview.finding = row.finding

    def _nothing(self, width: int) -> list[Text]:
        palette = self.look.palette
        if self.wanted:
            return [Text(" Nothing matches the filter. Esc clears it.", palette.muted)]
        if self._loader.busy:
            return [Text(" Looking for the first time.", palette.muted)]
        return [Text(" Nothing has been checked yet. Press r.", palette.muted)]

    def _connection_text(self) -> str:
        """Past the time for which an answer counts, the link is as old as the last one."""
        quiet = self.services.now() - self._reached_at
        old = self._connection == "connected" and quiet > self._ttl
        return f"last answer {ago(quiet)}" if old else self._connection

    def _refresh_text(self) -> tuple[str, ...]:
        every = self.services.refresh_s
        if self._loader.busy:
            return ("checking",)
        if self._overdue:
            return "paused while not in focus", "paused"
        if every is None:
            return "refresh on demand", "on demand"
        if self._failures:
            return (f"retry in {interval_text(next_look(every, self._failures) or 0)}",)
        return (f"every {interval_text(every)}",)

    def _said(self) -> tuple[Text, ...]:
        """What is to be known before the board is read."""
        glyphs, warn = self.look.glyphs, self.look.palette.warn
        notes = tuple(Text(glyphs.text(note, 300), warn, no_wrap=True) for note in self.state.notes)
        return (*doubt_lines(self.console_app.doubts, self.look), *self.failure_lines(), *notes, *self._notice())

    def _notice(self) -> tuple[Text, ...]:
        if not self.services.notice or self._notice_read:
            return ()
        return (Text(self.look.glyphs.text(self.services.notice, 300), self.look.palette.warn),)

    @property
    def failure(self) -> GcmsError | None:
        return self.state.error

    # -- the focused finding ----------------------------------------------------------------------------------------

    @property
    def focused_row(self) -> Row | None:
        return next((row for row in self.board.rows if row.key == self.board.cursor), None)

    @property
    def focused_finding(self) -> Finding | None:
        row = self.focused_row
        return None if row is None else row.finding

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self._draw_detail()
        self.refresh_bindings()

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        self.action_open()

    # -- actions ----------------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        finding = self.focused_finding
        match action:
            case "refresh_all" | "refresh_one" if self._loader.busy:
                return "a check is running"
            case "refresh_one" | "open" if self.focused_row is None:
                return "no finding is focused"
            case "open" if self.detail.has_focus:
                return "it is open"
            case "run_tests":
                return self._no_tests()
            case "versions" if not _is_of_versions(self.board.cursor):
                return "it is for a finding about an SCD2 table"
            case "copy" | "provenance" if finding is None:
                return "no answered finding is focused"
            case "provenance" if finding is not None and not finding.provenance:
                return "nothing was read for this finding"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        other = action == "run_tests" and self.board.cursor != gold_tests.FINDING
        return action in ("open", "versions") or other or super().pointless(action)

    def something_is_open(self) -> bool:
        return bool(self.detail.has_focus or self.has_class("-detail") or self.wanted or self._notice())

    def action_refresh_all(self) -> None:
        self.look_again(by_hand=True)

    def action_refresh_one(self) -> None:
        if self.board.cursor is not None:
            self.look_again((self.board.cursor,), by_hand=True)

    # -- running the gold tests -------------------------------------------------------------------------------------

    def _no_tests(self) -> str | None:
        if self.board.cursor != gold_tests.FINDING:
            return f"it is for the finding {gold_tests.FINDING}"
        if self.services.read_only:
            return f"read-only: {self.services.read_only_reason}"
        return "the gold tests are running" if self._tests.busy else super().refusal("run_tests")

    def action_run_tests(self) -> None:
        self._tests.open()
        self.refresh_bindings()

    def on_desk_opened(self, message: DeskOpened) -> None:
        from gcms_tui.console.run_preview import PreviewDialog

        desk = message.desk

        def started(run: Run | None) -> None:
            if run is not None:
                self._tests.wait(desk, run.run_id)
            self.refresh_bindings()

        dialog = PreviewDialog(self.services, self.look, desk, lambda: gold_tests.preview(desk))
        self.app.push_screen(dialog, started)

    def on_tests_ended(self, message: TestsEnded) -> None:
        self.refresh_bindings()
        if message.error is not None:
            from gcms_tui.console.dialogs import ErrorDialog

            self.app.push_screen(ErrorDialog(self.look, message.error))
        elif self._loader.busy:
            self._ask_again = tuple(dict.fromkeys((*self._ask_again, *gold_tests.ASKED_AGAIN)))
        else:
            self.look_again(gold_tests.ASKED_AGAIN)

    def action_open(self) -> None:
        self.add_class("-detail")
        self.detail.focus()

    async def action_versions(self) -> None:
        from gcms_tui.console.scd2.tables import Scd2Pane

        name = (self.board.cursor or "").removeprefix(_VERSIONS)
        await self.app.switch_mode("scd2")
        pane = self.console_app.pane
        if isinstance(pane, Scd2Pane):
            pane.come_to(name)

    def action_provenance(self) -> None:
        from gcms_tui.console.dialogs import ProvenanceDialog

        if self.focused_finding is not None:
            self.app.push_screen(ProvenanceDialog(self.look, self.focused_finding))

    def action_copy(self) -> None:
        if self.focused_finding is not None:
            self.app.post_message(CopyAsked(finding_text(self.focused_finding), self.focused_finding.name))

    def action_back(self) -> None:
        """Close the detail; then clear the filter; then hide the notice."""
        if self.has_class("-detail") or self.detail.has_focus:
            self.remove_class("-detail")
        elif self.wanted:
            self.wanted = ""
        else:
            self._notice_read = True
        self.board.focus()
        self.draw()
        self.refresh_bindings()
