"""Where the wall's answers come from, as the loader's thread drives it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta

from textual.message import Message

from gcms_tui.console.services import ConsoleServices, HealthExaminer
from gcms_tui.core.finding import HealthReport
from gcms_tui.operations.wall import Seen, Watch


@dataclass
class Looked(Message):
    """A look has ended."""

    seen: Seen


class WallSource:
    """Opens examiner and desk when they are first needed. `look` belongs to the loader's thread."""

    def __init__(self, services: ConsoleServices) -> None:
        self._services = services
        self._examiner: HealthExaminer | None = None
        self._watch: Watch | None = None

    def look(self, known: HealthReport | None, *, by_hand: bool) -> Message:
        """`known`: what the console that was left last has found, for the first look."""
        services = self._services
        if self._examiner is None:
            self._examiner = services.open_health()
        if self._watch is None:
            self._watch = Watch(
                self._examiner,
                services.open_wall(),
                services.settings,
                every=None if services.refresh_s is None else timedelta(seconds=services.refresh_s),
                clock=services.now,
                known=known,
            )
        return Looked(self._watch.look(by_hand=by_hand))

    def abandon(self) -> None:
        """End what is under way without waiting for it."""
        if self._examiner is not None:
            threading.Thread(target=self._examiner.close, name="wall-close", daemon=True).start()
