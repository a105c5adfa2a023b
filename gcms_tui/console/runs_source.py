"""Reads runs off the loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from gcms_tui.console.pane import unexpected
from gcms_tui.console.run_words import run_verdict
from gcms_tui.core.dbt_results import RunResults
from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.run_desk import RunDesk
    from gcms_tui.operations.run_history import Summary
    from gcms_tui.operations.run_ports import RunWatch
    from gcms_tui.operations.runs import Look


@dataclass
class RunsLoaded(Message):
    """The list, and a look at each run that is under way."""

    desk: RunDesk
    summaries: tuple[Summary, ...]
    looks: dict[str, Look]
    notes: tuple[str, ...]


@dataclass
class RunsLooked(Message):
    """A look at each run that was under way."""

    looks: dict[str, Look]


@dataclass
class ResultsRead(Message):
    """What one run has left, or why it has left nothing."""

    run_id: str
    results: RunResults | GcmsError


class RunsSource:
    """Holds the desk and a watch for each run that is under way. Its methods block: one thread at a time."""

    def __init__(self, open_runs: Callable[[], RunDesk]) -> None:
        self._open = open_runs
        self._watches: dict[str, RunWatch] = {}

    def load(self) -> RunsLoaded:
        """Raises `GcmsError` where the runs cannot be read at all."""
        desk = self._open()
        summaries = desk.history.summaries()
        alive = [one.run.run_id for one in summaries if run_verdict(one) is None]
        return RunsLoaded(desk, summaries, self._look(desk, alive), desk.history.notes())

    def look(self, desk: RunDesk, alive: Iterable[str]) -> RunsLooked:
        return RunsLooked(self._look(desk, alive))

    def results(self, desk: RunDesk, run_id: str) -> ResultsRead:
        try:
            return ResultsRead(run_id, desk.shelf.results(run_id))
        except GcmsError as error:
            return ResultsRead(run_id, error)
        except Exception as error:  # noqa: BLE001 (told of this run: it would be asked for again without end)
            return ResultsRead(run_id, unexpected(error))

    def _look(self, desk: RunDesk, alive: Iterable[str]) -> dict[str, Look]:
        wanted = set(alive)
        for run_id in self._watches.keys() - wanted:
            self._watches.pop(run_id).close()
        looks = {}
        for run_id in wanted:
            if run_id not in self._watches:
                self._watches[run_id] = desk.runs.watch(run_id)
            looks[run_id] = desk.runs.look(run_id, self._watches[run_id])
        return looks

    def close(self) -> None:
        """When nothing is loading any more, or never will be again."""
        while self._watches:
            self._watches.popitem()[1].close()
