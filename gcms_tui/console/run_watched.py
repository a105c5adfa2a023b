"""A run that is watched: when to look at it, and what is known of it. What is drawn of it is the screen's."""

from __future__ import annotations

from datetime import datetime

from textual.timer import Timer

from gcms_tui.console.live_words import settled
from gcms_tui.console.pane import Loader, LoadFailed, Pane
from gcms_tui.console.run_source import Looked, OrphansTold, RunSource
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.run_progress import Progress
from gcms_tui.operations import runs
from gcms_tui.operations.run_desk import RunDesk

_POLL_S, _SLOW_POLL_S = 0.3, 1.0
"""From the end of one look to the next."""
_RETRY_S = 3.0
"""After a look that failed."""
_TICK_S = 1.0
_LEFT_BEHIND = (RunState.CANCELLED, RunState.KILLED, RunState.LOST)
"""After these, statements may still run in the warehouse."""


class WatchedRun(Pane):
    """Looks while the run lives and the screen is in front, and not otherwise."""

    def __init__(self, services: ConsoleServices, look: Look, desk: RunDesk, run_id: str) -> None:
        super().__init__(services, look)
        self.desk = desk
        self.run_id = run_id
        self.seen: runs.Look | None = None
        self.progress = Progress()
        self.failure: GcmsError | None = None
        """Why the newest look failed."""
        self.orphans = ""
        """What may still run in the warehouse, once that was asked."""
        self._loader = Loader(self, "run")
        self._asker = Loader(self, "run orphans")
        self._source = RunSource(desk, run_id)
        self._next: Timer | None = None
        self._tick: Timer | None = None
        self._seen_at = services.now()
        self._in_front = True

    def draw(self) -> None:
        """Tell everything anew."""
        raise NotImplementedError

    def ended(self) -> None:
        """The run has been seen to end."""

    def action_error(self) -> None:
        """What failed, in full."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self._tick = self.set_interval(_TICK_S, self.tick)
        self.draw()
        self.look_again()

    @property
    def run(self) -> Run | None:
        return self.seen.run if self.seen is not None else None

    @property
    def alive(self) -> bool:
        """It may still change; before the first look nobody knows."""
        return self.run is None or self.run.state in (RunState.RUNNING, RunState.CANCELLING)

    def look_again(self, *, by_hand: bool = False) -> None:
        """Look off the loop, unless a look is under way."""
        if self._loader.start(self._source.look, by_hand=by_hand):
            self._stop_waiting()

    def on_looked(self, message: Looked) -> None:
        before, lived = self.run, self.alive
        self.seen, self.failure, self._seen_at = message.look, None, self.services.now()
        self.progress = settled(message.look.run, message.look.progress)
        self._look_again_in(_SLOW_POLL_S if self.services.slow_link else _POLL_S)
        if message.look.run.state in _LEFT_BEHIND and (before is None or before.state is not message.look.run.state):
            self._asker.start(self._source.orphans)
        self._tell_the_bar(message.look.run)
        if lived and not self.alive:
            self.ended()
        self.draw()
        self.refresh_bindings()

    def on_orphans_told(self, message: OrphansTold) -> None:
        self.orphans = message.said
        self.draw()

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.failure = message.error
        self._look_again_in(_RETRY_S)
        self.draw()
        self.refresh_bindings()
        if message.by_hand:
            self.action_error()

    def _look_again_in(self, seconds: float) -> None:
        self._stop_waiting()
        if self.alive and self._in_front:
            self._next = self.set_timer(seconds, self.look_again)

    def _stop_waiting(self) -> None:
        if self._next is not None:
            self._next.stop()
            self._next = None

    def on_screen_suspend(self) -> None:
        self._in_front = False
        self._stop_waiting()
        if self._tick is not None:
            self._tick.pause()

    def on_screen_resume(self) -> None:
        self._in_front = True
        if self._tick is not None:
            self._tick.resume()
        if self.seen is not None and self.alive:
            self.look_again()

    def on_unmount(self) -> None:
        self._source.abandon()

    def _tell_the_bar(self, run: Run) -> None:
        others = tuple(one for one in self.console_app.dbt_running if one.run_id != run.run_id)
        mine = (run,) if self.alive else ()
        if (*mine, *others) != self.console_app.dbt_running:
            self.console_app.dbt_is((*mine, *others))

    @property
    def now(self) -> datetime:
        """The time at which the run is: for one that has ended, its end, or the last that is known of it."""
        run = self.run
        if run is None or self.alive:
            return self.services.now()
        if run.end is not None:
            return run.end.ended_at
        known = [moment for node in self.progress.nodes for moment in (node.finished_at, node.started_at) if moment]
        return max([*known, self.progress.ended_at or run.record.started_at])

    def tick(self) -> None:
        """Another second has passed: only what counts seconds reads otherwise."""
        if self.seen is not None and self.alive:
            self.draw()
