"""Looking at the board's findings: when, at which of them, how it ended, and how the link to the warehouse is."""

from __future__ import annotations

from typing import Any

from textual.widget import Widget

from gcms_tui.console import board_state
from gcms_tui.console.board_state import BoardState, stale_after
from gcms_tui.console.cadence import next_look
from gcms_tui.console.health_source import Answered, Begun, HealthSource, Loaded
from gcms_tui.console.list_pane import ListPane
from gcms_tui.console.pane import Loader, LoadFailed
from gcms_tui.console.present import ago, interval_text
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.timed_pane import TimedPane
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.verdict import Verdict

_VERSIONS = "scd2."
"""What the findings about one SCD2 table each are called by."""


def is_of_versions(name: str | None) -> bool:
    return name is not None and (name.startswith(_VERSIONS) or name == "metric.scd2")


def table_of(name: str) -> str:
    """The table that a finding about versions is of; `metric.scd2` is of all of them, and stays as it is."""
    return name.removeprefix(_VERSIONS)


class LookingPane(ListPane, TimedPane):
    """Asks by itself, and draws nothing: that is for whoever is made of it."""

    def __init__(self, services: ConsoleServices, look: Look, listing: RowList[Any], below: Widget) -> None:
        super().__init__(services, look, listing, below)
        self.state = BoardState()
        self._ttl = stale_after(services.refresh_s)
        self._loader = Loader(self, "health")
        self._source = HealthSource(services, self._loader)
        self._ask_again: tuple[str, ...] = ()
        """Findings that are from before something that may have changed them."""
        self._connection = "not connected"
        self._reached_at = services.now()
        """When the warehouse last answered; means something only where it is called connected."""
        self._asked = 0

    def look_again(self, only: tuple[str, ...] | None = None, *, by_hand: bool = False) -> None:
        """Start a look off the loop, unless one is under way."""
        if self._loader.start(lambda: self._source.look(only), by_hand=by_hand):
            self._look_begins()
            self._asked = 0
            self._ask_again = () if only is None else tuple(name for name in self._ask_again if name not in only)
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
        if message.finding.name == self.listing.cursor:
            self.refresh_bindings()

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
        if message.by_hand:
            self.action_error()

    def _ended(self, *, well: bool) -> None:
        self._failures = 0 if well else self._failures + 1
        self._look_in(next_look(self.services.refresh_s, self._failures))
        if self._ask_again:  # it happened while the board was looking, and what it saw may be from before
            self.look_again(self._ask_again)

    def looked_at(self) -> None:
        if self._ask_again and not self._overdue:
            self.look_again(self._ask_again)
        else:
            super().looked_at()

    def has_been_written(self, table: str) -> None:
        """Somebody wrote to a table from this console: what is said of versions is asked again when this is back."""
        versions = (name for name in self.state.findings if is_of_versions(name))
        self._ask_again = tuple(dict.fromkeys((*self._ask_again, *versions)))

    def on_unmount(self) -> None:
        self._source.abandon()

    # -- in words ---------------------------------------------------------------------------------------------------

    def _connection_text(self) -> str:
        """Past the time for which an answer counts, the link is as old as the last one."""
        quiet = self.services.now() - self._reached_at
        old = self._connection == "connected" and quiet > self._ttl
        return f"last answer {ago(quiet)}" if old else self._connection

    def _next_text(self, every_s: float) -> str:
        if self._failures:
            return f"retry in {interval_text(next_look(every_s, self._failures) or 0)}"
        return super()._next_text(every_s)
