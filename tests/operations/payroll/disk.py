"""The real files of a payroll run, with an outbox that may fail, and a process that may be killed after the move."""

from __future__ import annotations

from pathlib import Path

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.payroll_files import PayrollFiles


class Killed(BaseException):
    """The process was killed here."""


class DiskFiles(PayrollFiles):
    def __init__(self, directory: Path, host: str = "ops-1", *, writable: bool = True, killed: bool = False) -> None:
        super().__init__(directory / "prepared", directory / "outbox", host)
        self.directory = directory
        self.writable = writable
        """The outbox is."""
        self.killed = killed
        """Just after the move."""

    def release(self, run_id: str) -> Path:
        if not self.writable:
            raise StateError("Cannot release", "the outbox cannot be written.", "Make it writable.")
        place = super().release(run_id)
        if self.killed:
            raise Killed
        return place

    def place(self, where: str, run_id: str) -> Path:
        return self.directory / where / run_id
