"""Procedures in a real store, with the checks, dbt and the other desks in memory.

`steps(user, host)` gives the same store to another person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store.opening import Store, open_store
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_results import NodeResult, RunResults
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.finding import Finding, HealthReport
from gcms_tui.core.procedures.cadence import calendar
from gcms_tui.core.procedures.catalogue import procedure
from gcms_tui.core.procedures.gates import StepLook as Look
from gcms_tui.core.procedures.run import ProcedureRun
from gcms_tui.core.procedures.step import Selection
from gcms_tui.core.run import Person, Run, RunEnd
from gcms_tui.core.run_preview import SelectedNode
from gcms_tui.core.settings import Settings
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.procedures.book import Procedures
from gcms_tui.operations.procedures.ports import Offer, Outcome, StepLook, StepWork
from gcms_tui.operations.procedures.steps import Steps
from gcms_tui.operations.runs import DbtRuns, Place
from tests.operations.memory import NOW, Clock
from tests.operations.run_memory import PROJECT, TARGET, MemoryJournal, MemoryLauncher, MemoryShelf, history

TEST, MODEL = "test.gcms.grave", "model.gcms.fct"
ANSWERS = (
    "dbt.last_run", "freshness.attendance", "freshness.payment", "fact.fct_musician_payment", "scd2.br_attendance_scd2",
    "metric.freshness", "metric.scd2", "payroll.accuracy", "metric.payroll_accuracy",
)  # fmt: skip


@dataclass
class MemoryHealth:
    """Every finding OK, but for those in `bad`."""

    bad: dict[str, Verdict] = field(default_factory=dict)
    known: tuple[str, ...] = ANSWERS
    asked: list[tuple[str, ...]] = field(default_factory=list)
    error: GcmsError | None = None

    def names(self) -> tuple[str, ...]:
        return self.known

    def examine(self, only: tuple[str, ...] | None = None) -> HealthReport:
        if self.error:
            raise self.error
        self.asked.append(only or self.known)
        found = [Finding(name, "", self.bad.get(name, Verdict.OK), f"{name} said", NOW) for name in only or self.known]
        return HealthReport(TARGET, NOW, tuple(found))


@dataclass
class MemoryDesk:
    """Looks and works, as it is told."""

    outcome: Outcome = Outcome(Verdict.OK, "done", ("table: 10 rows",), {"backup": "b-1"})
    error: GcmsError | None = None
    confirmation: str = ""
    carried_out: list[tuple[str, str]] = field(default_factory=list)

    def look(self, run: ProcedureRun | None) -> Outcome:
        return self._answer()

    def offer(self, run: ProcedureRun) -> Offer:
        return Offer(("CREATE TABLE …",), self.confirmation)

    def carry_out(self, run: ProcedureRun, offer: Offer, typed: str, reason: str) -> Outcome:
        answer = self._answer()
        self.carried_out.append((run.run_id, typed))
        return answer

    def _answer(self) -> Outcome:
        if self.error:
            raise self.error
        return self.outcome


@dataclass
class Scene:
    directory: Path
    clock: Clock = field(default_factory=Clock)
    health: MemoryHealth = field(default_factory=MemoryHealth)
    desk: MemoryDesk = field(default_factory=MemoryDesk)
    shelf: MemoryShelf = field(default_factory=MemoryShelf)
    shelves: dict[str, MemoryShelf] = field(default_factory=dict)
    """Of other hosts."""
    stores: dict[tuple[str, str], Store] = field(default_factory=dict)
    named: list[Selection] = field(default_factory=list)
    """Which of the project's models were asked for."""
    read_only: str = ""

    def __post_init__(self) -> None:
        self.launcher = MemoryLauncher(self.shelf, _selected)

    def store(self, user: str = "ana", host: str = "ops-1") -> Store:
        if (user, host) not in self.stores:
            settings = replace(Settings(), state_dir=self.directory / "state")
            self.stores[user, host] = open_store(settings, {}, Person(user, host), self.clock)
        return self.stores[user, host]

    def book(self, user: str = "ana", host: str = "ops-1", target: str = TARGET) -> Procedures:
        store = self.store(user, host)
        return Procedures(
            target,
            journal=store.journal,
            leases=store.leases,
            clock=self.clock,
            calendar=calendar("UTC", ()),
            read_only_reason=self.read_only,
        )

    def steps(self, user: str = "ana", host: str = "ops-1") -> Steps:
        shelf = self.shelf if host == "ops-1" else self.shelves.setdefault(host, MemoryShelf())
        launcher = self.launcher if host == "ops-1" else MemoryLauncher(shelf, _selected, number=100)
        runs = DbtRuns(
            Place(PROJECT, TARGET, "target"),
            launcher=launcher,
            shelf=shelf,
            history=history(shelf, self.clock),
            journal=MemoryJournal(),
            person=Person(user, host),
            clock=self.clock,
        )
        looks: dict[str, StepLook] = {"counts-before": self.desk, "counts-after": self.desk, "airbyte": self.desk}
        works: dict[str, StepWork] = {"backup": self.desk, "sync": self.desk, "docs-serve": self.desk}
        return Steps(
            self.book(user, host),
            health=self.health,
            runs=runs,
            shelf=shelf,
            looks=looks,
            works=None if self.read_only else works,
            models=self.models,
        )

    def models(self, wanted: Selection) -> tuple[str, ...]:
        self.named.append(wanted)
        return {Selection.SCD2: ("br_attendance_scd2",), Selection.FACT: ("fct_pay",)}[wanted]

    def edit(self, statement: str) -> None:
        """Past the journal's own protection, as somebody with the database's password may."""
        with self.store().database.transaction(StateError, alone=True) as connection:
            connection.exec_driver_sql("DROP TRIGGER journal_no_update")
            connection.exec_driver_sql("DROP TRIGGER journal_no_delete")
            connection.exec_driver_sql(statement)

    # -- stretches of the way ----------------------------------------------------------------------------------------

    def end(self, run: Run, *, status: str = "pass", exit_code: int | None = None, signal: int | None = None) -> None:
        """The dbt run ends; its tests with `status`, its models with success."""
        command = run.record.command.subcommand
        names = {"test": (TEST,), "run": (MODEL,), "build": (MODEL, TEST)}.get(command, ())
        nodes = tuple(NodeResult(name, status if name == TEST or status != "pass" else "success") for name in names)
        code = exit_code if exit_code is not None else int(status in ("fail", "error"))
        ended = replace(run, alive=False, end=RunEnd(NOW, None if signal else code, signal))
        self.shelf.add(ended, RunResults("run_results.json", run.run_id, NOW, command, TARGET, "v6", nodes))

    def ran(self, run_id: str, step: str, **end: str) -> ProcedureRun:
        """Started, ended and settled."""
        steps = self.steps()
        preview = steps.preview(run_id, step)
        self.end(steps.start(run_id, step, preview, preview.confirmation), **end)  # type: ignore[arg-type]
        return steps.settle(run_id, step)

    def carried_out(self, run_id: str, step: str) -> ProcedureRun:
        steps = self.steps()
        return steps.carry_out(run_id, step, steps.offer(run_id, step))

    def look(self, run_id: str, step: str) -> Look:
        book = self.book()
        run = book.get(run_id)
        return next(item for item in book.looks(run) if item.step == procedure(run.procedure).step(step))


def _selected(command: DbtCommand) -> tuple[SelectedNode, ...]:
    names = {"test": (TEST,), "run": (MODEL,)}.get(command.subcommand, (MODEL, TEST))
    return tuple(SelectedNode(name, name.partition(".")[0], name.split(".")[2]) for name in names)


def refused(what: Callable[[], object]) -> str:
    """By which guard."""
    with pytest.raises(Refused) as caught:
        what()
    return caught.value.guard
