"""A payroll in a real store, over a warehouse in memory, for tests of its operations.

`desk(user, host)` gives the same store to another person; the journal, the leases and the index are the real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store.opening import Store, open_store
from gcms_tui.core.finding import Scalar
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.gates import Limits
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.run import Person
from gcms_tui.core.settings import Settings
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.holding import Holds
from gcms_tui.operations.payroll.payments import PaymentReader
from tests.operations.memory import NOW, Clock, ShippedQueries

TARGET = "sandbox"
CONCERT = "7"
LIMITS = Limits(checks=timedelta(hours=24), signing=timedelta(hours=96))
Row = dict[str, Scalar]


def payment(musician: int, net: str = "100.00", **other: Any) -> Row:
    """A row as `payroll_export` answers it."""
    amount = Decimal(net)
    row: Row = {
        "concert_id": int(CONCERT),
        "musician_id": musician,
        "full_name": f"Musician {musician}",
        "email": f"m{musician}@example.org",
        "concert": "Sibelius 2",
        "concert_date": date(2026, 2, 20),
        "pay_type": "per_service",
        "attended_services": 4,
        "required_services": 5,
        "gross_amount": amount,
        "deductions": Decimal("0.00"),
        "net_amount": amount,
        "calculated_at": NOW - timedelta(hours=1),
        "musician_matches": 1,
        "concert_matches": 1,
    }
    return {**row, **other}


@dataclass
class MemoryWarehouse:
    """Answers each query by its name: with rows, or with what a function of the statement answers."""

    answers: dict[str, list[Row] | Callable[[Statement], list[Row]]] = field(default_factory=dict)
    asked: list[Statement] = field(default_factory=list)

    def read(self, statement: Statement) -> Answer:
        self.asked.append(statement)
        found = self.answers[statement.query]
        rows = found(statement) if callable(found) else found
        columns = tuple(rows[0]) if rows else ()
        return Answer(columns, tuple(tuple(row.values()) for row in rows), f"q-{len(self.asked)}", NOW, 1)

    def close(self) -> None:
        pass


@dataclass
class Scene:
    directory: Path
    warehouse: MemoryWarehouse = field(default_factory=MemoryWarehouse)
    clock: Clock = field(default_factory=Clock)
    settings: Settings = field(default_factory=Settings)
    critical: str = ""
    """Which critical tests fail."""

    def __post_init__(self) -> None:
        # An anchor of its own: a copied store has the same id, and would be held to where the other one is.
        store = replace(
            self.settings.store, anchor_file=self.settings.store.anchor_file or self.directory / "anchor.json"
        )
        self.settings = replace(self.settings, state_dir=self.directory / "state", store=store)
        self.warehouse.answers.setdefault("payroll_export", [payment(number) for number in range(1, 21)])

    def store(self, user: str = "erin", host: str = "ops-1") -> Store:
        return open_store(self.settings, {}, Person(user, host), self.clock)

    def holds(self, user: str = "erin", host: str = "ops-1") -> Holds:
        person = Person(user, host)
        return Holds(TARGET, journal=self.store(user, host).journal, person=person, critical=lambda: self.critical)

    def book(self, user: str = "erin", host: str = "ops-1") -> Payrolls:
        store = self.store(user, host)
        return Payrolls(
            TARGET,
            index=store.payroll,
            journal=store.journal,
            leases=store.leases,
            holds=self.holds(user, host),
            limits=LIMITS,
            clock=self.clock,
        )

    def edit(self, statement: str) -> None:
        """Past the journal's own protection, as somebody with the database's password may."""
        with self.store().database.transaction(StateError, alone=True) as connection:
            connection.exec_driver_sql("DROP TRIGGER journal_no_update")
            connection.exec_driver_sql(statement)

    def reader(self) -> PaymentReader:
        return PaymentReader(self.settings.payroll, self.warehouse, ShippedQueries())

    def opened(self) -> PayrollRun:
        return self.book().open(CONCERT, "Sibelius 2", date(2026, 2, 20), str(self.settings.payroll.fact))

    def passed(self, *steps: Step) -> PayrollRun:
        """A run on which the first three steps, or those given of them, have passed; the data is frozen."""
        run = self.opened()
        for step in steps or (Step.FRESHNESS, Step.MODELS, Step.TESTS):
            self.checked(run, step)
        return self.book().get(run.run_id)

    def checked(self, run: PayrollRun, step: Step, passed: bool = True) -> PayrollRun:
        said: dict[str, Any] = {"step": step.value, "passed": passed, "words": f"{step.value} was looked at"}
        if step is Step.TESTS and passed:
            said["frozen"] = self.reader().read(run.concert_id).frozen.document()
        with self.book().alone(run.run_id, "a test") as at:
            return at.note(events.CHECKED, said)

    def ticked(self, *rows: str) -> PayrollRun:
        """As `passed`, the spot check drawn and every row of it looked at."""
        run = self.passed()
        rows = rows or ("1", "2")
        with self.book().alone(run.run_id, "a test") as at:
            at.note(events.SAMPLED, {"rows": [{"row": row, "reasons": ["sample"]} for row in rows], "variance": {}})
            for row in rows:
                at.note(events.TICKED, {"row": row, "verdict": "ok", "note": ""})
            return at.run
