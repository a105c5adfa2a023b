"""A writing dialog over a console, on the way from its plan to its proof."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.writing import verifying
from gcms_tui.console.writing.batch_dialog import BatchDialog
from gcms_tui.console.writing.plan_dialog import PlanDialog
from gcms_tui.core.writing.plan import Plan
from tests.console.driving import typed, until
from tests.console.small_platform import services
from tests.console.small_writing import KEY, TABLE, SmallWriting

REASON = "late webhook"


def look_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "_LOOK_EVERY_S", 0.01)


class Asked:
    """A dialog over a console, and what came of it."""

    def __init__(
        self,
        state: Path,
        small: SmallWriting,
        make: Callable[[], Plan] | None = None,
        *,
        batch: bool = False,
        **services_of: Any,
    ) -> None:
        self.small = small
        given = {"read_only": False, "clock": small.clock, "runs": small.dbt.desk, "scd2": small.desk, **services_of}
        prepared = services(state, **given)
        self.app = ConsoleApp(prepared)
        self.answers: list[Any] = []
        self.dialog: Any = (
            BatchDialog(prepared, self.app.look, small.desk, lambda: small.repairs.propose_batch(TABLE))
            if batch
            else PlanDialog(prepared, self.app.look, small.desk, make or small.propose)
        )

    async def open(self, pilot: Pilot[Any], *, armed: bool = True) -> Any:
        await pilot.pause()
        self.app.push_screen(self.dialog, self.answers.append)
        await until(pilot, lambda: self.dialog.made or self.dialog.error, "the plan")
        await self.armed(pilot, wanted=armed)
        return self.dialog

    async def armed(self, pilot: Pilot[Any], *, wanted: bool = True) -> None:
        await until(pilot, lambda: self.dialog.armed or not wanted, "the end of the first moment")

    async def confirm(self, pilot: Pilot[Any], words: str = KEY) -> None:
        """Type what is to be typed, and come to the answer."""
        await pilot.press("tab")
        await typed(pilot, words)
        await pilot.press("enter")
        await typed(pilot, REASON)
        await pilot.press("enter")
        await self.armed(pilot)

    async def over(self, pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: self.dialog.over or self.dialog.failure, "the end of the write")

    async def proven(self, pilot: Pilot[Any]) -> None:
        """Let the tests run to their end."""
        await until(pilot, lambda: self.dialog.proof.run_id, "the tests")
        scripted = self.small.dbt.shelf.scripted[self.dialog.proof.run_id]
        scripted.advance(scripted.steps)
        await until(pilot, lambda: self.dialog.proof.tests is not None, "their end")

    def shown(self, width: int = 100) -> str:
        return "\n".join(line.plain for line in self.dialog.page(width))


def told(app: ConsoleApp, words: str) -> bool:
    """In the corner."""
    return any(words in one.message for one in app._notifications)


def kinds(small: SmallWriting) -> list[str]:
    return [entry.kind for entry in small.book.kept if not entry.subject.startswith("backup-")]
