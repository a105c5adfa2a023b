"""The console opened on one log file: `gcms-tui log FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.driver import Driver

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.log import LogScreen
from gcms_tui.console.services import ConsoleServices


class LogConsole(ConsoleApp):
    """Has the log in place of the panes: it connects to nothing, and needs no configuration."""

    DEFAULT_MODE: ClassVar[str] = "log"

    def __init__(self, path: Path, services: ConsoleServices, driver_class: type[Driver] | None = None) -> None:
        super().__init__(services, driver_class)
        self.add_mode("log", lambda: LogScreen(self.services, self.look, path, alone=True))

    def refusal(self, action: str) -> str | None:
        return "this console was opened on a log" if action == "pane" else super().refusal(action)
