"""The wall as it is, for whom time goes by so much faster: argv[1] is where the number of its queries is written."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partialmethod
from pathlib import Path
from typing import Any

from gcms_tui.adapters.snowflake import SnowflakeWarehouse
from gcms_tui.cli import wiring
from gcms_tui.cli.main import run
from gcms_tui.console.pane import Pane
from gcms_tui.console.wall import WallPane
from gcms_tui.core.query import Answer, Statement

SPEED = 480
"""Eight hours are a minute."""


class FastClock:
    """Starts now."""

    def __init__(self) -> None:
        self._began, self._monotonic = datetime.now(UTC), time.monotonic()

    def __call__(self) -> datetime:
        return self._began + timedelta(seconds=(time.monotonic() - self._monotonic) * SPEED)


class CountedReads:
    """The warehouse's answers, dated by the clock of this console, and how many there were."""

    def __init__(self, path: Path, clock: FastClock) -> None:
        self._path, self._clock, self._lock, self._count = path, clock, threading.Lock(), 0
        self._read = SnowflakeWarehouse.read

    def read(self, warehouse: SnowflakeWarehouse, statement: Statement) -> Answer:
        with self._lock:
            self._count += 1
            self._path.write_text(str(self._count), encoding="utf-8")
        return replace(self._read(warehouse, statement), taken_at=self._clock())


class FastPane(WallPane):
    """Its timers are as fast as its clock."""

    def set_timer(self, delay: float, *arguments: Any, **named: Any) -> Any:
        return Pane.set_timer(self, delay / SPEED, *arguments, **named)

    def set_interval(self, interval: float, *arguments: Any, **named: Any) -> Any:
        return Pane.set_interval(self, interval / SPEED, *arguments, **named)


def _counted(warehouse: SnowflakeWarehouse, counted: CountedReads, statement: Statement) -> Answer:
    return counted.read(warehouse, statement)


def main(result: Path, arguments: list[str]) -> int:
    clock = FastClock()
    counted = CountedReads(result, clock)
    for module in pkgutil.iter_modules(wiring.__path__, f"{wiring.__name__}."):
        loaded: Any = importlib.import_module(module.name)
        if hasattr(loaded, "utc_now"):
            loaded.utc_now = clock
    SnowflakeWarehouse.read = partialmethod(_counted, counted)  # type: ignore[assignment, method-assign]
    import gcms_tui.console.wall as wall

    wall.WallPane = FastPane  # type: ignore[misc]
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
