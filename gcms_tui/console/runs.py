"""The runs pane: every dbt run there was, those under way live, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.timer import Timer

from gcms_tui.console import runs_lines, runs_state
from gcms_tui.console.list_pane import ERROR, FILTER, ListPane
from gcms_tui.console.pane import CopyAsked, Loader, LoadFailed
from gcms_tui.console.present import ago
from gcms_tui.console.run_page import RunPage, run_text
from gcms_tui.console.run_words import run_verdict
from gcms_tui.console.runs_source import ResultsRead, RunsLoaded, RunsLooked, RunsSource
from gcms_tui.console.runs_state import RunRow, RunsState
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.brief import Brief
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.console.widgets.run_list import RunList
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_results import RunResults
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.run import Run, RunState

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.run_preview import Preview
    from gcms_tui.operations.run_desk import RunDesk
    from gcms_tui.operations.run_history import Summary

_TICK_S = 60.0
"""How often ages are told anew."""
_POLL_S = 1.0
"""From the end of one look at what is under way to the next, where it is seen."""
_SLOW_POLL_S = 15.0
"""The same behind another screen, whose bar at the top says that dbt runs."""
_RESULTS_KEPT = 20
"""Each may hold thousands of nodes."""
_WRITING = ("cancel", "retry", "only_failed")
_OF_A_RUN = ("open", "failing", "retry", "log", "copy", "provenance")


class RunsPane(ListPane):
    """Mode `runs`."""

    TITLE = "Runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="runs.open", tooltip="Open the run: its nodes, its timeline, its messages"),
        Binding("s", "start", "Start", id="runs.start", tooltip="Choose a dbt command and see what it would do"),
        Binding("x", "cancel", "Cancel", id="runs.cancel", tooltip="Ask the run to stop"),
        Binding("f", "failing", "Failing", id="runs.failing", tooltip="The run's failing tests, with their rows"),
        Binding("R", "retry", "Retry", id="runs.retry", tooltip="See what did not succeed, and run it again"),
        Binding("L", "log", "Log", id="runs.log", tooltip="The run's log"),
        FILTER,
        Binding("F", "only_failed", "Only failed", id="runs.only_failed", tooltip="Run the failed tests again"),
        Binding("T", "trend", "Trend", id="runs.trend", tooltip="How long nodes take, and what has become slower"),
        Binding("D", "project_log", "dbt.log", id="runs.project_log", tooltip="The project's own dbt.log"),
        Binding("r", "refresh", "Refresh", id="runs.refresh", tooltip="Read the list of runs again"),
        Binding("p", "provenance", "Source", id="runs.provenance", tooltip="Where what is told of the run comes from"),
        Binding("c", "copy", "Copy", id="runs.copy", tooltip="Copy the focused run"),
        ERROR,
    ]

    def __init__(self, services: ConsoleServices, look: Look) -> None:
        self.runs = RunList(look, id="list")
        self.brief = Brief(look, id="preview")
        super().__init__(services, look, self.runs, self.brief)
        self.state = RunsState()
        self.desk: RunDesk | None = None
        self._loader = Loader(self, "runs")
        self._reader = Loader(self, "run results")
        self._source = RunsSource(services.open_runs)
        self._results: dict[str, RunResults | GcmsError] = {}
        """Of the ended runs that were focused last: they do not change any more. What could not be read is read again
        with the list, by hand."""
        self._next: Timer | None = None
        self._detailed: str | None = None
        self._wanted_run: str | None = None
        """Where the cursor is to be put once the list has it."""

    def on_mount(self) -> None:
        self.draw()
        self.runs.focus()
        self.set_interval(_TICK_S, self.draw)

    def first_painted(self) -> None:
        self.load()

    def on_screen_resume(self) -> None:
        if self._painted:
            self.load()

    def looked_at(self) -> None:
        self.load()

    def on_unmount(self) -> None:
        if not self._loader.busy:
            self._source.close()

    # -- reading ----------------------------------------------------------------------------------------------------

    def load(self, *, by_hand: bool = False) -> None:
        """Read the list off the loop; where something is being read, once that has ended."""
        if self._loader.ask(self._source.load, by_hand=by_hand):
            self._stop_polling()
            self.draw()
            self.refresh_bindings()

    @property
    def poll_s(self) -> float | None:
        """Seconds to the next look at what is under way; None where nothing is."""
        if not self.state.alive:
            return None
        return _POLL_S if self.app.screen is self and self.app.app_focus else _SLOW_POLL_S

    def poll(self) -> None:
        """Look at what is under way, while somebody looks at the terminal."""
        desk, alive = self.desk, self.state.alive
        if not self.app.app_focus:
            self._poll_later()
        elif desk is not None and alive:
            self._loader.start(lambda: self._source.look(desk, alive))

    def on_runs_loaded(self, message: RunsLoaded) -> None:
        self.desk = message.desk
        self.state = runs_state.loaded(message.summaries, message.looks, message.notes, self.services.now())
        self._ended()
        if any(one.run.run_id == self._wanted_run for one in message.summaries):
            self.runs.cursor, self._wanted_run = self._wanted_run, None

    def on_runs_looked(self, message: RunsLooked) -> None:
        before = self.state.alive
        self.state = runs_state.looked(self.state, message.looks)
        self._loader.asked_again = self._loader.asked_again or self.state.alive != before
        self._ended()

    def on_results_read(self, message: ResultsRead) -> None:
        self._results[message.run_id] = message.results
        if len(self._results) > _RESULTS_KEPT:
            del self._results[next(iter(self._results))]
        self._draw_detail()

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.state = replace(self.state, error=message.error)
        self._ended()
        if message.by_hand:
            self.action_error()

    def _ended(self) -> None:
        self._poll_later()
        self.console_app.dbt_is(tuple(one.run for one in self.state.summaries if run_verdict(one) is None))
        self.draw()
        self.refresh_bindings()
        if self._loader.asked_again:
            self.load()

    def _poll_later(self) -> None:
        self._stop_polling()
        if self.poll_s is not None:
            self._next = self.set_timer(self.poll_s, self.poll)

    def _stop_polling(self) -> None:
        if self._next is not None:
            self._next.stop()
            self._next = None

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        now, state = self.services.now(), self.state
        rows = runs_state.rows(state, now, self.wanted)
        filtered = (self.wanted, sum(not row.heading for row in rows)) if self.wanted else None
        self.headline.parts = runs_lines.headline(state, now, self.look, reading=self._loader.busy, filtered=filtered)
        warn = self.look.palette.warn
        notes = (Text(self.look.glyphs.text(note, 300), warn, no_wrap=True) for note in state.notes)
        self.banner.said = (*self.failure_lines(), *notes)
        self.runs.empty = self._nothing()
        self.runs.show(rows)
        self._draw_detail()
        self.say(
            Status(
                title=f"2 {self.TITLE}",
                data="" if state.read_at is None or state.alive else f"read {ago(now - state.read_at)}",
                stale=state.error is not None,
                refresh=("live",) if state.alive else ("refresh on demand", "on demand"),
            )
        )

    def _nothing(self) -> Text:
        return runs_lines.nothing(
            self.state,
            self.look,
            reading=self._loader.busy,
            filtered=bool(self.wanted),
            read_only=self.services.read_only,
        )

    def _draw_detail(self) -> None:
        row = self.focused_row
        if row is None or row.summary is None:
            nothing = self._nothing()
            self.detail.show(lambda width: [nothing], keep_place=False)
            self.brief.said, self._detailed = (), None
            return
        self._read_results(row.summary.run)
        self.detail.show(self._page(row, row.summary).page, keep_place=self._detailed == row.key)
        self._detailed = row.key
        self.brief.said = runs_lines.brief(row.summary, self.look)

    def _page(self, row: RunRow, summary: Summary) -> RunPage:
        look = row.look
        progress, remaining_s = (look.progress, look.remaining_s) if look else (None, None)
        return RunPage(summary, self._results.get(row.key), progress, remaining_s, self.services.now(), self.look)

    def _read_results(self, run: Run) -> None:
        """Once the run has ended. Whichever is focused when they come asks for its own."""
        desk = self.desk
        if desk is not None and run.run_id not in self._results and (run.state.ended or run.record.foreign):
            self._reader.start(lambda: self._source.results(desk, run.run_id))

    # -- the focused run --------------------------------------------------------------------------------------------

    @property
    def failure(self) -> GcmsError | None:
        return self.state.error

    @property
    def focused_row(self) -> RunRow | None:
        return next((row for row in self.runs.rows if row.key == self.runs.cursor), None)

    @property
    def focused_run(self) -> Run | None:
        row = self.focused_row
        return None if row is None or row.summary is None else row.summary.run

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        self._draw_detail()
        self.refresh_bindings()

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        self.action_open()

    # -- actions ----------------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        run = self.focused_run
        if action in (*_WRITING, *_OF_A_RUN, "start", "trend", "project_log") and self.desk is None:
            return "the runs have not been read"
        match action:
            case "refresh" if self._loader.busy:
                return "they are being read"
            case "cancel" | "retry" | "only_failed" if self.services.read_only:
                return f"read-only: {self.services.read_only_reason}"
            case _ if action in _OF_A_RUN and run is None:
                return "no run is focused"
            case "cancel" if run is None or run.state is not RunState.RUNNING:
                return "it was asked already" if run and run.state is RunState.CANCELLING else "it is not running"
            case "retry" if run is not None and not run.state.ended:
                return "it has not ended"
            case "failing" if run is not None and run.state in (RunState.RUNNING, RunState.CANCELLING):
                return "it has not ended"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        if action in _WRITING and self.services.read_only:
            return True
        return action in ("cancel", "refresh") or super().pointless(action)

    def something_is_open(self) -> bool:
        return bool(self.wanted or self.detail.has_focus)

    def action_back(self) -> None:
        """Leave the detail; then clear the filter."""
        if not self.detail.has_focus:
            self.wanted = ""
        self.runs.focus()
        self.draw()
        self.refresh_bindings()

    def action_refresh(self) -> None:
        self._results = {key: read for key, read in self._results.items() if isinstance(read, RunResults)}
        self.load(by_hand=True)

    def action_open(self) -> None:
        if self.focused_run is not None:
            self._open(self.focused_run.run_id)

    def _open(self, run_id: str) -> None:
        from gcms_tui.console.run import RunScreen

        if self.desk is not None:
            self.app.push_screen(RunScreen(self.services, self.look, self.desk, run_id))

    def action_start(self) -> None:
        from gcms_tui.console.chooser import Chooser

        desk = self.desk
        if desk is not None:
            self.app.push_screen(Chooser(self.services, self.look, desk), self._chosen)

    def _chosen(self, command: DbtCommand | None) -> None:
        desk = self.desk
        if command is not None and desk is not None:
            self._preview(lambda: desk.runs.preview(command))

    def action_retry(self) -> None:
        desk, run = self.desk, self.focused_run
        if desk is not None and run is not None:
            self._preview(lambda: desk.runs.retry(run.run_id))

    def action_only_failed(self) -> None:
        if self.desk is not None:
            self._preview(self.desk.runs.only_failed_tests)

    def _preview(self, make: Callable[[], Preview]) -> None:
        from gcms_tui.console.run_preview import PreviewDialog

        if self.desk is not None:
            self.app.push_screen(PreviewDialog(self.services, self.look, self.desk, make), self._started)

    def _started(self, run: Run | None) -> None:
        if run is not None:
            self._wanted_run = run.run_id
            self._open(run.run_id)

    def action_cancel(self) -> None:
        from gcms_tui.console.run_cancel import CancelDialog

        if self.desk is not None and self.focused_run is not None:
            self.app.push_screen(CancelDialog(self.services, self.look, self.desk, self.focused_run))

    def action_failing(self) -> None:
        from gcms_tui.console.failing import FailingTestsScreen

        if self.desk is not None and self.focused_run is not None:
            screen = FailingTestsScreen(self.services, self.look, self.desk, self.focused_run.run_id)
            self.app.push_screen(screen)

    def action_log(self) -> None:
        from gcms_tui.console.run_foreign import log_screen

        if self.desk is not None and self.focused_run is not None:
            self.app.push_screen(log_screen(self.services, self.look, self.desk, self.focused_run))

    def action_project_log(self) -> None:
        from gcms_tui.console.log import LogScreen
        from gcms_tui.console.run_foreign import PROJECT_LOG

        if self.desk is not None:
            self.app.push_screen(LogScreen(self.services, self.look, self.desk.project_log, title=PROJECT_LOG))

    def action_trend(self) -> None:
        from gcms_tui.console.trend import TrendScreen

        if self.desk is not None:
            self.app.push_screen(TrendScreen(self.services, self.look, self.desk))

    def action_copy(self) -> None:
        row = self.focused_row
        if row is not None and row.summary is not None:
            self.app.post_message(CopyAsked(run_text(self._page(row, row.summary)), f"run {row.key}"))

    def action_provenance(self) -> None:
        from gcms_tui.console.run_provenance import RunProvenance

        if self.desk is not None and self.focused_run is not None:
            run, shelf = self.focused_run, self.desk.shelf
            self.app.push_screen(
                RunProvenance(self.look, run, shelf.directory(run.run_id), self._results.get(run.run_id))
            )
