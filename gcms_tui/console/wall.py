"""The wall: the verdict for a whole room, which runs for weeks, changes nothing and costs next to nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from gcms_tui.console import board_state
from gcms_tui.console.board_state import BoardState, Overall, overall, stale_after
from gcms_tui.console.pane import Loader, LoadFailed
from gcms_tui.console.present import age_text
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.timed_pane import TimedPane
from gcms_tui.console.wall_page import Foot, Shown, around_lines, page
from gcms_tui.console.wall_source import Looked, WallSource
from gcms_tui.console.widgets.lines import Lines
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import HealthReport
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.wall import LONGEST_SLEEP, aged, wait
from gcms_tui.operations.wall import Seen

TICK_S = 60.0
"""How often ages are told anew, without asking anybody."""
BARS = 2
"""Lines that are not the wall's own: the bars at the top and at the bottom."""


class WallPane(TimedPane):
    """Mode `wall`."""

    TITLE = "Wall"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "refresh_all", "Refresh", id="wall.refresh", tooltip="Run every check now"),
        Binding("e", "error", "Error", id="wall.error", tooltip="The last failure in full"),
    ]

    def __init__(self, services: ConsoleServices, look: Look) -> None:
        super().__init__(services, look)
        self.lines = Lines(id="wall")
        self.state = BoardState()
        self.seen: Seen | None = None
        self._known: HealthReport | None = None
        self._loader = Loader(self, "wall")
        self._source = WallSource(services)

    def compose(self) -> ComposeResult:
        yield self.status_bar
        yield self.lines
        yield self.key_bar

    def on_mount(self) -> None:
        last = self.services.last_report()
        self._known = last if last is not None and last.target == self.services.target else None
        self.state = board_state.known(self._known)
        self.draw()
        self.set_interval(TICK_S, self.draw)

    def first_painted(self) -> None:
        self.console_app.look_for_doubts()
        self.look_again()

    # -- looking ----------------------------------------------------------------------------------------------------

    def look_again(self, *, by_hand: bool = False) -> None:
        """See, off the loop, whether there is anything to look at, unless that is under way."""
        if self._loader.start(lambda: self._source.look(self._known, by_hand=by_hand), by_hand=by_hand):
            self._look_begins()
            self.draw()
            self.refresh_bindings()

    def on_looked(self, message: Looked) -> None:
        seen = self.seen = message.seen
        state = replace(self.state, names=seen.names, error=None if seen.why else self.state.error)
        self.state = board_state.finish(state, seen.report, seen.series, whole=bool(seen.why), notes=seen.notes)
        self._ended(failures=0 if self.state.error is None else self._failures)

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.state = board_state.fail(self.state, message.error)
        self._ended(failures=self._failures + 1)
        if message.by_hand:
            self.action_error()

    def _ended(self, *, failures: int) -> None:
        self._failures = failures
        every = self.services.refresh_s
        self._look_in(None if every is None else wait(timedelta(seconds=every), failures).total_seconds())

    def on_unmount(self) -> None:
        self._source.abandon()

    # -- drawing ----------------------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self.draw()

    def draw(self) -> None:
        now, settings = self.services.now(), self.services.settings
        older = aged(self.state.findings.values(), settings.sources, settings.payroll, now)
        state = replace(self.state, findings={finding.name: finding for finding in older})
        whole = overall(state, now, self._believed_for())
        shown = Shown(whole, older, state.series, now, self._beside(whole), self._foot())
        self.lines.show(lambda width: page(shown, self.look, width, max(self.size.height - BARS, 1)))
        self.say(
            Status(
                title=f"W {self.TITLE}",
                data="no data" if whole.age is None else f"data {age_text(whole.age)} old",
                stale=whole.stale,
                refresh=self._refresh_text(),
            )
        )

    def _believed_for(self) -> timedelta:
        """While it sleeps because nothing can have changed, what was found still is so."""
        usual = stale_after(self.services.refresh_s)
        return usual + LONGEST_SLEEP if self._asleep else usual

    @property
    def _asleep(self) -> bool:
        seen, every = self.seen, self.services.refresh_s
        if seen is None or every is None or self._overdue or self.state.error is not None:
            return False
        return self.services.now() - seen.at <= stale_after(every)

    def _beside(self, whole: Overall) -> tuple[str, ...]:
        if self._loader.busy:
            return ("looking",)
        if self._overdue:
            return ("paused: not in focus",)
        if self.state.error is not None:
            return (self.state.error.title,)
        if self.seen is None:
            return ()
        if self.seen.wakes_at is None:
            return ("looks when asked: r",)
        wakes = f"next look {self.seen.wakes_at:%a %H:%M} UTC"
        if self.seen.why:
            return f"looked: {self.seen.why}", wakes
        every = timedelta(seconds=self.services.refresh_s or 0.0)  # before it has passed no sign is looked for
        young = whole.age is not None and whole.age < every
        return "asleep: not due yet" if young else "asleep: no sign of change", wakes

    def _foot(self) -> tuple[Foot, ...]:
        notes = tuple(Foot("note", note, Verdict.WARN) for note in self.state.notes[:2])
        if self.seen is None:
            return notes
        return (*notes, *around_lines(self.seen.around, self.seen.cost))

    # -- actions ----------------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        if action == "refresh_all" and self._loader.busy:
            return "a check is running"
        if action == "error" and self.state.error is None:
            return "nothing has failed"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        return action == "error" or super().pointless(action)

    @property
    def failure(self) -> GcmsError | None:
        return self.state.error

    def action_refresh_all(self) -> None:
        self.look_again(by_hand=True)

    def action_error(self) -> None:
        from gcms_tui.console.dialogs import ErrorDialog

        if self.state.error is not None:
            self.app.push_screen(ErrorDialog(self.look, self.state.error))
