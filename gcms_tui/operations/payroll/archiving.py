"""Step 8: the fact is cloned under the day's name, and the clone proven to be what was signed."""

from __future__ import annotations

from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.run import Person
from gcms_tui.core.settings import PayrollSettings
from gcms_tui.core.writing.plan import Plan
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.payments import PaymentReader
from gcms_tui.operations.ports import Clock, QueryLibrary, Warehouse
from gcms_tui.operations.writing.guarded_write import Ended, GuardedWrites, OnStep
from gcms_tui.operations.writing.ports import JournalBook, PlanShelf


class Archiving:
    """Blocking I/O."""

    def __init__(
        self,
        settings: PayrollSettings,
        *,
        book: Payrolls,
        reader: PaymentReader,
        warehouse: Warehouse,
        queries: QueryLibrary,
        writes: GuardedWrites,
        plans: PlanShelf,
        journal: JournalBook,
        person: Person,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._book = book
        self._reader = reader
        self._warehouse = warehouse
        self._queries = queries
        self._writes = writes
        self._plans = plans
        self._journal = journal
        self._person = person
        self._clock = clock

    def plan(self, run_id: str, *, suffix: str = "") -> Plan:
        """The clone `<fact>_<YYYYMMDD>` of the payment's day, with `suffix` behind it; the plan says of which kind.

        Raises `Refused`: guard `name_taken` (offering a suffix that is free), `suffix`, and the gates.
        """
        raise NotImplementedError

    def archive(
        self, run_id: str, plan_id: str, typed: str, reason: str, on_step: OnStep = lambda _: None
    ) -> tuple[PayrollRun, Ended]:
        """Carry out the plan, then compare the clone's rows of the concert with what was signed. Where they differ the
        step fails and payroll is held."""
        raise NotImplementedError

    def adopt(self, run_id: str) -> PayrollRun:
        """Take over the clone of an archive plan of this run that was cut off before it was noted. Raises `Refused`."""
        raise NotImplementedError
