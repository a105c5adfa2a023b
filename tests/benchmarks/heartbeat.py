"""The console as it is, with a pulse in its event loop: argv[1] is where the longest missed beats are written."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path, PurePath
from typing import ClassVar

from gcms_tui.cli.main import main
from gcms_tui.console import app as console

BEAT_S = 0.005


class Watched(console.ConsoleApp):
    """Counts how long the loop was away, from the first paint until it is asked to leave."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [  # Textual looks for a relative one beside the subclass
        Path(console.__file__).parent / path for path in console.ConsoleApp.CSS_PATH
    ]
    stalls: list[float]
    _pulse: asyncio.Task[None]

    def on_ready(self) -> None:
        self.stalls = []
        self._pulse = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(BEAT_S)
            if self._exit:
                return
            self.stalls.append(time.monotonic() - began - BEAT_S)

    def on_unmount(self) -> None:
        Path(sys.argv[1]).write_text(json.dumps(sorted(self.stalls, reverse=True)[:5]), encoding="utf-8")


if __name__ == "__main__":
    console.ConsoleApp = Watched  # type: ignore[misc]
    main(sys.argv[2:])
