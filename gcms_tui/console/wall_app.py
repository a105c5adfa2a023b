"""The console opened on the wall, or on the wall as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.driver import Driver

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.wall_replay import Record, ReplayScreen


class WallConsole(ConsoleApp):
    """Begins on the wall; every pane is there as well."""

    DEFAULT_MODE: ClassVar[str] = "wall"


class ReplayConsole(ConsoleApp):
    """Has a file of records in place of the panes: it connects to nothing, and needs no configuration."""

    DEFAULT_MODE: ClassVar[str] = "replay"

    def __init__(
        self,
        path: Path,
        read: Callable[[Path], Record],
        services: ConsoleServices,
        driver_class: type[Driver] | None = None,
    ) -> None:
        super().__init__(services, driver_class)
        self.add_mode("replay", lambda: ReplayScreen(self.services, self.look, path, read))

    def refusal(self, action: str) -> str | None:
        return "this console was opened on a record" if action == "pane" else super().refusal(action)
