"""A payroll run at its first three steps, over a real store, with dbt and the warehouse in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.adapters.store.opening import Store
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import NodeResult, RunResults
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.gates import StepState
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.query import Statement
from gcms_tui.core.run import Run, RunEnd
from gcms_tui.core.run_preview import SelectedNode
from gcms_tui.operations.payroll.checklist import Checklist
from gcms_tui.operations.run_desk import RunDesk
from gcms_tui.operations.runs import DbtRuns, Place
from tests.operations.memory import HOUR, NOW, MemoryDbt, ShippedQueries
from tests.operations.payroll.scene import CONCERT, Row, Scene
from tests.operations.run_memory import ANA, PROJECT, TARGET, MemoryJournal, MemoryLauncher, MemoryShelf, history

FCT, MUSICIAN, CONCERTS, UP = (
    "model.gcms.fct_musician_payment", "model.gcms.dim_musician", "model.gcms.dim_concert", "model.gcms.up",
)  # fmt: skip
MODELS = (FCT, MUSICIAN, CONCERTS, UP)
TESTS = tuple(f"test.gcms.grave_{number}" for number in range(3))
SOURCES = ("attendance", "musician", "concert")


def node(unique_id: str, schema: str, *above: str, tags: tuple[str, ...] = ()) -> Node:
    kind, _, name = unique_id.split(".")[:3]
    relation = f"gcms.{schema}.{name}" if schema else None
    return Node(
        unique_id, kind, name, name, ("gcms", schema or "gold", name), frozenset(tags), above, relation_name=relation
    )


MANIFEST = Manifest(
    "manifest.json",
    "v12",
    {
        item.unique_id: item
        for item in (
            node(UP, "silver", "source.gcms.raw.attendance"),
            node(FCT, "gold", UP),
            node(MUSICIAN, "gold", "source.gcms.raw.musician"),
            node(CONCERTS, "gold", "source.gcms.raw.concert"),
            *(node(name, "", FCT, tags=("critical",)) for name in TESTS),
        )
    },
    sources={
        f"source.gcms.raw.{name}": Node(
            f"source.gcms.raw.{name}", "source", name, name, relation_name=f"gcms.raw.supabase_{name}"
        )
        for name in (*SOURCES, "instrument")
    },
)


def selected(command: DbtCommand) -> tuple[SelectedNode, ...]:
    return tuple(SelectedNode(name, name.partition(".")[0], name.split(".")[2]) for name in (*MODELS, *TESTS))


class OneStore(Scene):
    """Each person's store is opened once."""

    def store(self, user: str = "erin", host: str = "ops-1") -> Store:
        opened: dict[tuple[str, str], Store] = self.__dict__.setdefault("opened_stores", {})
        if (user, host) not in opened:
            opened[user, host] = super().store(user, host)
        return opened[user, host]


@dataclass
class Stage:
    """A payroll run, and dbt in memory: a run of it is started, ended as a test wishes, and settled."""

    scene: Scene
    shelf: MemoryShelf = field(default_factory=MemoryShelf)
    project: MemoryDbt = field(default_factory=lambda: MemoryDbt(the_manifest=MANIFEST))
    loaded: dict[str, Row | GcmsError] = field(default_factory=dict)
    """What a source answers, where it is not loaded an hour ago."""

    def __post_init__(self) -> None:
        self.launcher = MemoryLauncher(self.shelf, selected)
        self.scene.warehouse.answers["source_freshness"] = self._load
        self.scene.warehouse.answers["payroll_concert_discrepancies"] = []
        self.run_id = self.scene.opened().run_id

    def _load(self, statement: Statement) -> list[Row]:
        found = next((item for name, item in self.loaded.items() if name.upper() in statement.sql), None)
        if isinstance(found, GcmsError):
            raise found
        return [found or {"row_count": 10, "last_loaded_at": NOW - HOUR}]

    def checklist(self, user: str = "erin") -> Checklist:
        scene = self.scene
        runs = DbtRuns(
            Place(PROJECT, TARGET, "target"),
            launcher=self.launcher,
            shelf=self.shelf,
            history=history(self.shelf, scene.clock),
            journal=MemoryJournal(),
            person=ANA,
            clock=scene.clock,
        )
        return Checklist(
            scene.settings,
            book=scene.book(user),
            reader=scene.reader(),
            warehouse=scene.warehouse,
            queries=ShippedQueries(),
            project=self.project,
            runs=RunDesk(runs, None, None, self.shelf, Path("dbt.log")),  # type: ignore[arg-type]  # not asked here
            clock=scene.clock,
        )

    def freshness(self) -> PayrollRun:
        return self.checklist().freshness(self.run_id)

    def up_to(self, step: Step) -> None:
        """Every step before it has passed."""
        with self.scene.book().alone(self.run_id, "a test") as at:
            for earlier in step.earlier:
                said: dict[str, Any] = {"step": earlier.value, "passed": True, "words": "passed"}
                if earlier is Step.TESTS:
                    said["frozen"] = self.scene.reader().read(CONCERT).frozen.document()
                at.note(events.CHECKED, said)

    def start(self, step: Step) -> Run:
        checklist = self.checklist()
        if step is Step.MODELS:
            return checklist.start_models(self.run_id, checklist.preview_models(self.run_id))
        return checklist.start_tests(self.run_id, checklist.preview_tests(self.run_id))

    def settle(self, step: Step, run: Run) -> PayrollRun:
        checklist = self.checklist()
        settle = checklist.settle_models if step is Step.MODELS else checklist.settle_tests
        return settle(self.run_id, run.run_id)

    def end(self, run: Run, changed: Mapping[str, str] | None = None, **end: Any) -> Run:
        """The dbt run ends; every node of it did well, but for those in `changed`."""
        command = run.record.command.subcommand
        good = dict.fromkeys(MODELS, "success") if command == "run" else dict.fromkeys(TESTS, "pass")
        statuses = {**good, **(changed or {})}
        nodes = tuple(
            NodeResult(name, status, failures=2 if status == "fail" else None) for name, status in statuses.items()
        )
        code = int(any(status not in ("success", "pass", "warn") for status in statuses.values()))
        ended = replace(run, alive=False, end=RunEnd(NOW, **{"exit_code": code, **end}))
        told = RunResults("run_results.json", run.run_id, NOW, command, TARGET, "v6", nodes)
        self.shelf.the_manifests[run.run_id] = MANIFEST
        return self.shelf.add(ended, told)

    def done(self, step: Step, changed: Mapping[str, str] | None = None) -> PayrollRun:
        """Started, ended and settled."""
        run = self.start(step)
        self.end(run, changed)
        return self.settle(step, run)

    def refused(self, step: Step, run: Run) -> str:
        with pytest.raises(Refused) as caught:
            self.settle(step, run)
        return caught.value.guard

    def state(self, step: Step) -> StepState:
        book = self.scene.book()
        return book.looks(book.get(self.run_id))[step.number - 1].state
