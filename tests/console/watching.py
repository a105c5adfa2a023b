"""A console with the live view of one run in front."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.run import RunScreen
from tests.console.driving import until
from tests.console.scripted_run import ScriptedRun
from tests.console.small_platform import services
from tests.console.small_runs import SmallDesk, small_desk


class Watching:
    """A console with the live view of one run in front."""

    def __init__(self, state: Path, scripted: ScriptedRun, **given: Any) -> None:
        self.scripted = scripted
        self.small: SmallDesk = small_desk(state, scripted, read_only=given.get("read_only", False))
        self.app = ConsoleApp(
            services(state, runs=self.small.desk, clock=self.small.clock, **{"read_only": False, **given})
        )

    async def open(self, pilot: Pilot[Any]) -> RunScreen:
        screen = RunScreen(self.app.services, self.app.look, self.small.desk, self.scripted.record.run_id)
        await self.app.push_screen(screen)
        await until(pilot, lambda: screen.seen is not None or screen.failure is not None, "the first look")
        return screen

    async def seen(self, pilot: Pilot[Any], screen: RunScreen) -> None:
        """Wait until the screen has seen where the run is."""
        wanted = self.scripted.run, len(self.scripted.progress().finished)

        def up_to_date() -> bool:
            look = screen.seen
            return look is not None and (look.run, len(look.progress.finished)) == wanted

        await until(pilot, up_to_date, "a look at where the run is")
