"""A payroll's files in two plain directories, for tests of what is done with them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gcms_tui.adapters.last_health import StateError
from gcms_tui.core.payroll.files import FileSeen


class Killed(BaseException):
    """The process was killed here."""


@dataclass
class DiskFiles:
    directory: Path
    host: str = "ops-1"
    writable: bool = True
    """The outbox is."""
    killed: bool = False
    """Just after the move."""

    def prepare(self, run_id: str, files: Mapping[str, bytes]) -> Path:
        place = self.place("prepared", run_id)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for name, content in files.items():
            (place / name).write_bytes(content)
        return place

    def prepared(self, run_id: str) -> tuple[FileSeen, ...]:
        return _seen(self.place("prepared", run_id))

    def released(self, run_id: str) -> tuple[FileSeen, ...]:
        return _seen(self.place("outbox", run_id))

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def release(self, run_id: str) -> Path:
        if not self.writable:
            raise StateError("Cannot release", "the outbox cannot be written.", "Make it writable.")
        place = self.place("outbox", run_id)
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            self.place("prepared", run_id).rename(place)
        if self.killed:
            raise Killed
        return place

    def withdraw(self, run_id: str, why: str) -> None:
        for where in ("prepared", "outbox"):
            if self.place(where, run_id).exists():
                self.place(where, run_id).rename(self.place(where, f"withdrawn-{run_id}"))

    def place(self, where: str, run_id: str) -> Path:
        return self.directory / where / run_id


def _seen(place: Path) -> tuple[FileSeen, ...]:
    files = sorted(place.iterdir()) if place.is_dir() else []
    return tuple(FileSeen(file, hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size) for file in files)
