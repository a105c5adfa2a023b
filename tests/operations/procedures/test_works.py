"""What steps do without a desk of their own: holding payroll, serving the documentation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import ArtifactError
from gcms_tui.core.identifier import Relation
from gcms_tui.core.procedures.docs import Served
from gcms_tui.core.procedures.events import DONE
from gcms_tui.core.procedures.step import Selection
from gcms_tui.core.run import Person
from gcms_tui.core.settings import Settings
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.payroll.holding import Holds
from gcms_tui.operations.procedures.models import ProjectModels
from gcms_tui.operations.procedures.works import DocsServing, Holding
from gcms_tui.operations.scd2.tables import Scd2Tables
from tests.operations.memory import NOW, MemoryDbt, MemoryWarehouse, ShippedQueries
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

    def stop(self, shown: Served | None = None) -> Served | None:
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


@pytest.mark.covers("E1 2")
def test_the_fix_of_a_critical_test_is_proven_on_all_that_payroll_is_paid_from(scene: Scene) -> None:
    run_id = scene.book().open("critical-test").run_id
    with scene.book().at(run_id, "stop") as at:
        at.note(DONE, {"step": "stop", "verdict": "OK", "words": "held", "evidence": [], "ids": {}})
    steps = scene.steps()
    for step in ("identify", "verify"):
        shown = steps.preview(run_id, step)
        assert shown.command.select == ("tag:critical", "fct_pay") and shown.command.store_failures
        for less in (replace(shown.command, store_failures=False), replace(shown.command, exclude=("fct_pay",))):
            other = steps.runs.preview(less)
            assert refused(lambda other=other, step=step: steps.start(run_id, step, other)) == "preview"  # type: ignore[misc]
    assert set(scene.named) == {Selection.FACT}  # the SCD2 tables are no matter of theirs


FACT = Relation("GOLD", "FCT_PAY")
NODE = Node("model.g.pay", "model", "pay", "fct_pay", relation_name="P.GOLD.FCT_PAY", fqn=("g", "gold", "pay"))


@pytest.mark.parametrize(
    ("manifest", "named"),
    [
        (Manifest("m", "v12", {NODE.unique_id: NODE}), "pay"),
        (ArtifactError("No manifest", "run dbt parse"), "fct_pay"),
        (Manifest("m", "v12", {}), ""),
    ],
)
def test_the_model_of_the_fact_is_named_as_dbt_knows_it(manifest: Manifest | ArtifactError, named: str) -> None:
    project = MemoryDbt(the_manifest=manifest)
    tables = Scd2Tables(Settings(), project, MemoryWarehouse(), ShippedQueries())
    models = ProjectModels(project, tables, FACT)
    if named:
        assert models(Selection.FACT) == (named,)
    else:
        assert refused(lambda: models(Selection.FACT)) == "models"
