"""The runbook over a real store: procedures and incidents are the real ones, what they look at and start is not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from textual.pilot import Pilot

from gcms_tui.adapters.docs_server import DocsServer
from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.runbook.pane import RunbookPane
from gcms_tui.console.runbook.procedure import ProcedureScreen
from gcms_tui.console.services import ConsoleServices
from gcms_tui.core.incidents.contacts import contacts
from gcms_tui.core.procedures.run import ProcedureRun
from gcms_tui.core.run import Person
from gcms_tui.core.settings import ContactSettings
from gcms_tui.operations.incidents.desk import IncidentDesk
from gcms_tui.operations.procedures.desk import ProcedureDesk
from tests.console.driving import comes_to_rest, until
from tests.console.small_payroll import SameClock
from tests.console.small_platform import services
from tests.operations.incidents import scene as incidents
from tests.operations.procedures import scene as procedures

READ_ONLY = "gcms.toml does not allow writing"


@dataclass
class SmallRunbook:
    """A store, its clock, and the two desks over it."""

    directory: Path
    read_only: bool = False
    unread: Exception | None = None
    """What opening the incidents ends with."""
    contacts: ContactSettings = field(default_factory=ContactSettings)

    def __post_init__(self) -> None:
        clock = SameClock()
        self.clock = clock.small
        why = READ_ONLY if self.read_only else ""
        self.procedures = procedures.Scene(self.directory, clock=clock, read_only=why)
        self.incidents = incidents.Scene(self.directory, clock=clock)

    def desk(self) -> ProcedureDesk:
        none: Any = None
        writer = None if self.read_only else self.docs()
        return ProcedureDesk(self.procedures.book(), self.procedures.steps(), none, self.docs(), writer)

    def docs(self) -> DocsServer:
        return DocsServer(self.directory, Person("ana", "ops-1"), self.clock)

    def incident_desk(self) -> IncidentDesk:
        if self.unread is not None:
            raise self.unread
        scene = self.incidents
        return IncidentDesk(
            scene.book(),
            None if self.read_only else scene.acts(),
            scene.notices(),
            scene.watch(),
            scene.path,
            contacts(self.contacts, self.clock().date()),
            ZoneInfo("UTC"),
            lambda: None,
            self.clock,
            READ_ONLY if self.read_only else "",
        )

    def services(self, **given: Any) -> ConsoleServices:
        made = services(self.directory, clock=self.clock, **{"read_only": self.read_only, **given})
        return replace(made, open_runbook=self.desk, open_incidents=self.incident_desk)

    def app(self, **given: Any) -> ConsoleApp:
        return ConsoleApp(self.services(**given))

    # -- what was done before ---------------------------------------------------------------------------------------

    def opened(self, name: str, user: str = "ana") -> str:
        return self.procedures.book(user).open(name).run_id

    def run(self, run_id: str) -> ProcedureRun:
        return self.procedures.book().get(run_id)

    def incident(self, title: str = "Airbyte does not answer", user: str = "erin") -> str:
        return self.incidents.acts(user).open_by_hand(title, section="E3").incident.incident_id


# -- to be imported by name: a module's tests have them then -----------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> SmallRunbook:
    return SmallRunbook(tmp_path)


# -- the way to a screen, and what it says -----------------------------------------------------------------------------


async def runbook_pane(pilot: Pilot[Any]) -> RunbookPane:
    """The pane, with what it has read."""
    await pilot.press("5")
    await until(pilot, lambda: isinstance(pilot.app.screen, RunbookPane), "the runbook pane")
    pane = pilot.app.screen
    assert isinstance(pane, RunbookPane)
    await board(pilot, pane)
    return pane


async def board(pilot: Pilot[Any], pane: RunbookPane) -> None:
    def known() -> bool:
        return (pane.state.board or pane.state.error) is not None and not pane._loader.busy

    await comes_to_rest(pilot, known, "the board")


async def procedure(pilot: Pilot[Any]) -> ProcedureScreen:
    """The procedure in front, with what it has read."""
    await until(pilot, lambda: isinstance(pilot.app.screen, ProcedureScreen), "the procedure")
    screen = pilot.app.screen
    assert isinstance(screen, ProcedureScreen)
    await at_rest(pilot, screen)
    return screen


async def at_rest(pilot: Pilot[Any], screen: ProcedureScreen) -> None:
    """It reads nothing, and does nothing."""

    def quiet() -> bool:
        known = screen.standing is not None or screen.failure is not None
        return known and screen.doing is None and not screen._loader.busy and not screen._worker.busy

    await comes_to_rest(pilot, quiet, "the end of the reading")


async def opened_procedure(pilot: Pilot[Any], name: str) -> ProcedureScreen:
    """From the board to a procedure."""
    pane = await runbook_pane(pilot)
    pane.board.cursor = f"procedure {name}"
    await pilot.press("enter")
    return await procedure(pilot)
