"""Health as it was: one report a line, in files for their owner alone, so that a wall can be seen again.

A file is of one day (in UTC) and is closed when it is full; the oldest go first. Of two walls that keep at the same
moment each adds whole lines.
"""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.private_file import LARGEST, make_directory
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.finding import HealthReport
from gcms_tui.core.health_json import report_from_json, report_json

DIRECTORY = "records"
KEPT_FOR = timedelta(days=30)
FILE_AT_MOST = 8 * 1024 * 1024
ALL_AT_MOST = 64 * 1024 * 1024
_LINE_AT_MOST = 1024 * 1024
_NAME = re.compile(r"health-(\d{4}-\d{2}-\d{2})-(\d{3})\.jsonl")
_MOST_PARTS = 999


@dataclass(frozen=True, slots=True)
class Record:
    """What a file of records holds."""

    reports: tuple[HealthReport, ...]
    """In the order in which they were kept."""
    damaged: tuple[str, ...] = ()
    """Lines that are no report, in words."""


class HealthRecords:
    """Those of one state directory."""

    def __init__(self, state_dir: Path, *, file_at_most: int = FILE_AT_MOST, all_at_most: int = ALL_AT_MOST) -> None:
        self._directory = state_dir / DIRECTORY
        self._file_at_most = file_at_most
        self._all_at_most = all_at_most

    def keep(self, report: HealthReport) -> None:
        """Add the report, and let go what is too old or too much. Raises `StateError`; then nothing of it was added."""
        text = json.dumps(report_json(report, report.taken_at), ensure_ascii=False, allow_nan=False)
        line = text.encode("utf-8", errors="backslashreplace") + b"\n"
        if len(line) > _LINE_AT_MOST:
            raise StateError("Health is not kept for replay", f"It is {len(line):,} bytes long.", "The findings stand.")
        try:
            make_directory(self._directory)
            path = self._file_of(report.taken_at, len(line))
            if path is not None:
                _append(path, line)
            self._tidy(report.taken_at)
        except OSError as error:
            raise StateError(
                "Health is not kept for replay",
                f"{self._directory}: {error.strerror or type(error).__name__}",
                "Make room, or correct the permissions. The findings stand.",
            ) from None

    def _file_of(self, moment: datetime, size: int) -> Path | None:
        """The day's newest that has room; None where one day has filled as many as there may be."""
        day = f"{moment:%Y-%m-%d}"
        parts = [path for path in self._files() if path.name.startswith(f"health-{day}-")]
        if parts and parts[-1].stat().st_size + size <= self._file_at_most:
            return parts[-1]
        number = int(parts[-1].stem.rpartition("-")[2]) + 1 if parts else 1
        return self._directory / f"health-{day}-{number:03d}.jsonl" if number <= _MOST_PARTS else None

    def _files(self) -> list[Path]:
        """Oldest first."""
        return sorted(path for path in self._directory.iterdir() if _NAME.fullmatch(path.name))

    def _tidy(self, now: datetime) -> None:
        files = self._files()
        sizes = {path: path.stat().st_size for path in files}
        oldest, total = f"health-{now - KEPT_FOR:%Y-%m-%d}", sum(sizes.values())
        for path in files[:-1]:  # what was added just now stays
            if path.name >= oldest and total <= self._all_at_most:
                break
            path.unlink(missing_ok=True)
            total -= sizes[path]


def read_record(path: Path) -> Record:
    """What a file of records holds. Raises `Unavailable` where it cannot be read, or holds no report at all."""
    reports: list[HealthReport] = []
    damaged: list[str] = []
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            told = os.fstat(descriptor)
            if not stat.S_ISREG(told.st_mode) or told.st_size > LARGEST:
                raise _unreadable(path, "is no file of records" if told.st_size <= LARGEST else "is too large for one")
            number = 0
            while line := stream.readline(_LINE_AT_MOST + 1):
                number += 1
                whole = line.endswith(b"\n")
                try:
                    if len(line) > _LINE_AT_MOST:
                        raise ValueError("it is too long")
                    reports.append(report_from_json(line.decode("utf-8")))
                except (ValueError, OverflowError) as error:
                    damaged.append(f"line {number} is damaged: {str(error)[:120]}")
                while not whole and (line := stream.readline(_LINE_AT_MOST)):
                    whole = line.endswith(b"\n")
    except OSError as error:
        raise _unreadable(path, error.strerror or type(error).__name__) from None
    if not reports:
        raise _unreadable(path, f"holds no report{f': {damaged[0]}' if damaged else ''}")
    return Record(tuple(reports), tuple(damaged))


def _append(path: Path, line: bytes) -> None:
    """In one piece, after a line that a crash has cut off if need be."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        if os.write(descriptor, line) < len(line):
            raise OSError(0, "the disk is full")
    finally:
        os.close(descriptor)


def _unreadable(path: Path, why: str) -> Unavailable:
    return Unavailable(
        "The record cannot be replayed",
        f"{path}: {why}.",
        f"Name a file of {DIRECTORY}/ in the console's state directory.",
    )
