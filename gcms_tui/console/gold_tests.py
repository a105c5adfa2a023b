"""Running the gold tests from the health board: off the loop, and the board looks again when they have ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from gcms_tui.console.pane import Loader
from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:  # names only: the first paint does not wait for them
    from gcms_tui.core.run_preview import Preview
    from gcms_tui.operations.run_desk import RunDesk

FINDING = "tests.gold"
ASKED_AGAIN = ("dbt.last_run", FINDING, "metric.run_success", "metric.test_pass")
"""The findings that a run of the tests may change."""
_GOLD_TESTS = ("test", "--select", "gold")
_LOOK_EVERY_S = 1.0


@dataclass
class DeskOpened(Message):
    """The tests can be asked for."""

    desk: RunDesk


@dataclass
class TestsEnded(Message):
    """They have run to their end, or their end cannot be seen: then `error` says why."""

    error: GcmsError | None = None


class GoldTests:
    """One run of the tests at a time. Left alone it goes on: the run is nobody's child."""

    def __init__(self, receiver: MessagePump, open_runs: Callable[[], RunDesk]) -> None:
        self._open = open_runs
        self._loader = Loader(receiver, "gold tests")
        self._left = threading.Event()

    @property
    def busy(self) -> bool:
        return self._loader.busy

    def open(self) -> None:
        self._loader.start(lambda: self._told(lambda: DeskOpened(self._open())))

    def wait(self, desk: RunDesk, run_id: str) -> None:
        """Post `TestsEnded` when the run has ended."""
        self._loader.start(lambda: self._told(lambda: self._ended(desk, run_id)))

    def leave(self) -> None:
        self._left.set()

    def _ended(self, desk: RunDesk, run_id: str) -> Message:
        while not desk.shelf.run(run_id).state.ended and not self._left.wait(_LOOK_EVERY_S):
            pass
        return TestsEnded()

    def _told(self, work: Callable[[], Message]) -> Message:
        try:
            return work()
        except GcmsError as error:
            return TestsEnded(error)


def preview(desk: RunDesk) -> Preview:
    """Asks dbt; for a thread."""
    return desk.runs.preview(desk.runs.parse(_GOLD_TESTS))
