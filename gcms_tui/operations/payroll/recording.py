"""Step 7: exactly the payments of the signed file are recorded as paid in Supabase."""

from __future__ import annotations

from datetime import date

from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.run import Person
from gcms_tui.core.settings import SupabaseSettings
from gcms_tui.core.writing.plan import Plan
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.payments import PaymentReader
from gcms_tui.operations.payroll.ports import PayrollFiles, SupabaseReader
from gcms_tui.operations.ports import Clock, QueryLibrary
from gcms_tui.operations.writing.guarded_write import Ended, GuardedWrites, OnStep
from gcms_tui.operations.writing.ports import JournalBook, PlanShelf


class Recording:
    """Blocking I/O."""

    def __init__(
        self,
        settings: SupabaseSettings,
        *,
        book: Payrolls,
        reader: PaymentReader,
        files: PayrollFiles,
        supabase: SupabaseReader,
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
        self._files = files
        self._supabase = supabase
        self._queries = queries
        self._writes = writes
        self._plans = plans
        self._journal = journal
        self._person = person
        self._clock = clock

    def plan(self, run_id: str, paid_on: date) -> Plan | None:
        """The guarded write, kept on the shelf; None where Supabase has all of it as paid already: then `adopt`.

        Raises `Refused`: guards `date` (in the future, or before the concert), `ids`, `sum`, `partly_paid`,
        `nothing_visible` (no row: a policy may hide them), and the gates; `Unavailable`.
        """
        raise NotImplementedError

    def record(
        self, run_id: str, plan_id: str, typed: str, reason: str, on_step: OnStep = lambda _: None
    ) -> tuple[PayrollRun, Ended]:
        """Carry out the plan that was shown; see `GuardedWrites.apply`. Where the outcome is in doubt the step stays
        open until that is settled."""
        raise NotImplementedError

    def adopt(self, run_id: str) -> PayrollRun:
        """Note that it is recorded already: by a write of this run that was in doubt, or cut off before it was noted,
        or by hand. Nothing is written to Supabase. Raises `Refused` where it is not all recorded."""
        raise NotImplementedError
