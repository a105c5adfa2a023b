"""Follows the events of one run as they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from gcms_tui.adapters.last_health import StateError
from gcms_tui.core.run_progress import Progress, ProgressReader

_BLOCK = 1024 * 1024


class EventsWatch:
    """One thread at a time. A run that has said nothing yet has no file: its progress is empty."""

    def __init__(self, events: Path, selected: Sequence[str], began: datetime) -> None:
        self._path = events
        self._reader = ProgressReader(selected, began)
        self._stream: BinaryIO | None = None

    def look(self) -> Progress:
        try:
            if self._stream is None and self._path.exists():
                self._stream = self._path.open("rb", buffering=0)
            while self._stream is not None and (block := self._stream.read(_BLOCK)):
                self._reader.feed(block)
        except OSError as error:
            raise StateError(
                "The run's events cannot be read",
                f"{self._path}: {error.strerror or type(error).__name__}",
                "Look at the file's permissions.",
            ) from None
        return self._reader.snapshot()

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
