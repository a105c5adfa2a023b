"""The one thread that writes. Leaving the console waits for it: a write is never cancelled halfway."""

from __future__ import annotations

import threading
from collections.abc import Callable

from textual.message import Message

from gcms_tui.console.pane import Loader

WRITING_S = 60.0
"""How long leaving waits at most for a write under way: its own limits are tighter. What is not heard of then is in
doubt, and told first at the next start."""


class Writer:
    """One write at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()

    @property
    def busy(self) -> bool:
        """A write is under way."""
        return not self._idle.is_set()

    def start(self, loader: Loader, work: Callable[[], Message]) -> bool:
        """Run `work` as `Loader.start` does. False while a write is under way."""
        with self._lock:
            if self.busy:
                return False
            self._idle.clear()
        started = False
        try:
            started = loader.start(lambda: self._held(work))
        finally:
            if not started:
                self._idle.set()
        return started

    def wait(self, seconds: float = WRITING_S) -> bool:
        """Until nothing is written any more, at most so long. True where it is so."""
        return self._idle.wait(seconds)

    def _held(self, work: Callable[[], Message]) -> Message:
        try:
            return work()
        finally:
            self._idle.set()
