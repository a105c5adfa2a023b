"""The console with a plan to be confirmed, for a real terminal: `python -m tests.console.writing_entry DIR`.

The write waits until `DIR/go` is there; what was journalled stands in `DIR/kinds`.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path, PurePath
from typing import ClassVar

from gcms_tui.console import app, terminal
from gcms_tui.console.app import ConsoleApp, run_console
from gcms_tui.core.writing.journal import Entry
from tests.console.small_platform import services
from tests.console.small_writing import small_writing


class FileGate(threading.Event):
    """Open once a file is there."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def wait(self, timeout: float | None = None) -> bool:
        while not self._path.exists():
            time.sleep(0.02)
        return True


class WritingConsole(ConsoleApp):
    """Shows the plan at once."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [Path(app.__file__).with_name(str(name)) for name in ConsoleApp.CSS_PATH]

    def look_for_doubts(self) -> None:
        from gcms_tui.console.writing.plan_dialog import PlanDialog

        desk = self.services.open_scd2()
        if not self.writer.busy and len(self.screen_stack) == 1:
            make = desk.required_bench().repairs.propose
            self.push_screen(PlanDialog(self.services, self.look, desk, lambda: make("", "27-14-311")))


def main(root: Path) -> int:
    small = small_writing(root)
    small.access.gate = FileGate(root / "go")

    def heard(entry: Entry) -> None:
        with (root / "kinds").open("a") as file:
            file.write(f"{entry.kind} {json.loads(entry.payload).get('outcome', '')}\n")

    small.book.heard = heard
    terminal.LEAVING_S = 0.2
    prepared = services(root, scd2=small.desk, runs=small.dbt.desk, clock=small.clock, read_only=False)
    return run_console(prepared, WritingConsole)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
