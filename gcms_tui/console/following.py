"""A step's dbt run, followed to its end and then judged: off the loop, and by one thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from gcms_tui.console.pane import Loader, unexpected
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.run import Run, RunState

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations import runs
    from gcms_tui.operations.run_desk import RunDesk

LOOK_S, SLOW_LOOK_S = 0.5, 1.0
"""From the end of one look to the next; the second on a slow line."""


@dataclass
class DbtSeen(Message):
    """How far the dbt run is."""

    look: runs.Look


@dataclass
class RunsOpened(Message):
    """dbt's runs are there; one of them is to be looked at."""

    desk: RunDesk
    run_id: str


@dataclass
class Judging(Message):
    """The dbt run has ended, and is being judged."""


def is_under_way(run: Run) -> bool:
    return run.state in (RunState.RUNNING, RunState.CANCELLING)


class FollowedRun:
    """One dbt run. Let go of, it judges nothing: whoever comes next finds the run as pending."""

    def __init__(self, receiver: MessagePump, dbt: runs.DbtRuns, run: Run, look_s: float = LOOK_S) -> None:
        self.run = run
        """As it was last seen."""
        self.look: runs.Look | None = None
        self.judging = False
        self._dbt = dbt
        self._look_s = look_s
        self._let_go = threading.Event()
        self._loader = Loader(receiver, "step's dbt run")

    # -- what a subclass does ---------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Judge it. Raises `GcmsError`."""
        raise NotImplementedError

    def ended(self, error: GcmsError | None = None) -> Message:
        """What is told when it was judged, or let go of; `error`: why it could not be."""
        raise NotImplementedError

    # -- following --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._loader.start(self._follow)

    def let_go(self) -> None:
        """Soon; a judgement under way is finished."""
        self._let_go.set()

    def seen(self, look: runs.Look) -> None:
        self.look, self.run = look, look.run

    def _follow(self) -> Message:
        try:
            self._watch()
            if self._let_go.is_set():
                return self.ended()
            self._loader.post(Judging())
            self.settle()
        except GcmsError as error:
            return self.ended(error)
        except Exception as error:  # noqa: BLE001 (told as this step's failure, like any other)
            return self.ended(unexpected(error))
        return self.ended()

    def _watch(self) -> None:
        run_id = self.run.run_id
        watch = self._dbt.watch(run_id)
        try:
            while not self._let_go.is_set():
                look = self._dbt.look(run_id, watch)
                self._loader.post(DbtSeen(look))
                if not is_under_way(look.run):
                    return
                self._let_go.wait(self._look_s)
        finally:
            watch.close()
