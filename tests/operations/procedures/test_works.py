"""What steps do without a desk of their own: holding payroll, serving the documentation."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gcms_tui.core.procedures.docs import Served
from gcms_tui.core.run import Person
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.payroll.holding import Holds
from gcms_tui.operations.procedures.works import DocsServing, Holding
from tests.operations.memory import NOW
from tests.operations.procedures.scene import Scene, refused
from tests.operations.run_memory import TARGET


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.mark.covers("E1 1")
def test_payroll_is_held_once_also_where_the_test_holds_it_by_itself(scene: Scene) -> None:
    holds = Holds(TARGET, journal=scene.store().journal, person=Person("ana", "ops-1"), critical=lambda: "grave failed")
    run, holding = scene.book().open("critical-test"), Holding(holds, TARGET)

    first = holding.carry_out(run, holding.offer(run), "", "")
    again = holding.carry_out(run, holding.offer(run), "", "")

    assert first.verdict is Verdict.OK
    assert first.ids == again.ids
    assert [hold.hold_id for hold in holds.open() if hold.hold_id] == [first.ids["hold"]]
    assert "already" in holding.offer(run).lines[0]


@dataclass
class MemoryServer:
    served: list[str] = field(default_factory=list)

    def serving(self) -> Served | None:
        return None

    def serve(self, directory: str) -> Served:
        self.served.append(directory)
        return Served("ops-1", "ana", 8001, 1, directory, NOW)

    def stop(self) -> Served | None:
        return None


@pytest.mark.covers("Weekly 5")
def test_what_the_step_before_has_generated_is_served_with_its_tunnel(scene: Scene) -> None:
    run_id = scene.book().open("weekly").run_id
    for gate in ("backup",):
        scene.carried_out(run_id, gate)
    scene.steps().check(run_id, "counts-before")
    scene.ran(run_id, "full-refresh")
    server = MemoryServer()
    serving = DocsServing(server, scene.shelf)
    assert refused(lambda: serving.offer(scene.book().get(run_id))) == "docs"

    run = scene.ran(run_id, "docs")
    outcome = serving.carry_out(run, serving.offer(run), "", "")

    assert run.did["docs"].verdict is Verdict.OK
    assert server.served == [f"/runs/{run.did['docs'].ids['run']}/target"]
    assert "from your own machine: ssh -N -L 8001:127.0.0.1:8001 ana@ops-1" in outcome.evidence
    assert any("runbook docs --stop" in line for line in outcome.evidence)
