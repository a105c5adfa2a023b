"""The health pane: the verdict board, the focused finding in full, and when to look again."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from gcms_tui.console import board_state, gold_tests
from gcms_tui.console.board_state import Row, overall
from gcms_tui.console.detail import Detail
from gcms_tui.console.gold_tests import DeskOpened, GoldTests, TestsEnded
from gcms_tui.console.headline import Preview, Progress, doubt_lines, headline
from gcms_tui.console.health_looks import LookingPane, is_of_versions, table_of
from gcms_tui.console.list_pane import ERROR, FILTER
from gcms_tui.console.pane import CopyAsked
from gcms_tui.console.present import age_text, finding_text
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


class HealthPane(LookingPane):
    """Mode `health`."""

    TITLE = "Health"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Detail", id="health.open", tooltip="Show the finding under the cursor in full"),
        Binding("v", "versions", "Versions", id="health.versions", tooltip="To its table in the SCD2 pane"),
        Binding("r", "refresh_all", "Refresh", id="health.refresh", tooltip="Run every check again"),
        Binding("R", "refresh_one", "This one", id="health.refresh_one", tooltip="Run the focused check again"),
        FILTER,
        Binding("i", "incident", "Incident", id="health.incident", tooltip="Open an incident of the focused finding"),
        Binding("p", "provenance", "Source", id="health.provenance", tooltip="The SQL as it was run, and when"),
        Binding("t", "run_tests", "Test", id="health.run_tests", tooltip="Run dbt's gold tests, after a preview"),
        Binding("c", "copy", "Copy", id="health.copy", tooltip="Copy the focused finding"),
        ERROR,
    ]

    def __init__(self, services: ConsoleServices, look: Look) -> None:
        self.board = Board(look, services.now, id="list")
        self.preview = Preview(look, id="preview")
        super().__init__(services, look, self.board, self.preview)
        self._tests = GoldTests(self, services.open_runs)
        self._notice_read = False
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

    def on_unmount(self) -> None:
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
            case "versions" if not is_of_versions(self.board.cursor):
                return "it is for a finding about an SCD2 table"
            case "incident" if self.services.read_only:
                return f"read-only: {self.services.read_only_reason}"
            case "incident" if finding is not None and finding.verdict is Verdict.OK:
                return "the finding is OK"
            case "copy" | "provenance" | "incident" if finding is None:
                return "no answered finding is focused"
            case "provenance" if finding is not None and not finding.provenance:
                return "nothing was read for this finding"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        other = action == "run_tests" and self.board.cursor != gold_tests.FINDING
        return action in ("open", "versions", "incident") or other or super().pointless(action)

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

        name = table_of(self.board.cursor or "")
        await self.app.switch_mode("scd2")
        pane = self.console_app.pane
        if isinstance(pane, Scd2Pane):
            pane.come_to(name)

    def action_incident(self) -> None:
        from gcms_tui.console.runbook.finding_dialog import FindingDialog

        if self.focused_finding is not None:
            dialog = FindingDialog(self.services, self.look, self.focused_finding)

            def gone(tried: bool | None) -> None:
                self.call_later(dialog.lead)

            self.app.push_screen(dialog, gone)

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
