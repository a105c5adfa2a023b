"""Step 7: exactly the payments of the signed file are recorded as paid in Supabase."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll import mark_paid
from gcms_tui.core.payroll.events import RECORDED
from gcms_tui.core.payroll.export_file import MANIFEST, read_entries
from gcms_tui.core.payroll.mark_paid import Matched, Statements
from gcms_tui.core.payroll.payment import ControlTotals
from gcms_tui.core.payroll.run import Exported, PayrollRun
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.run import Person
from gcms_tui.core.settings import SupabaseSettings
from gcms_tui.core.writing.doubt import rows_left
from gcms_tui.core.writing.journal import INTENT, Entry
from gcms_tui.core.writing.kept_plan import KeptPlan
from gcms_tui.core.writing.plan import Cell, Plan, PlanKind
from gcms_tui.operations.payroll.book import AtStep, Payrolls
from gcms_tui.operations.payroll.payments import PaymentReader
from gcms_tui.operations.payroll.ports import PayrollFiles, SupabaseReader
from gcms_tui.operations.ports import Clock, QueryLibrary
from gcms_tui.operations.writing.guarded_write import Ended, GuardedWrites, OnStep, Outcome
from gcms_tui.operations.writing.ports import JournalBook, PlanShelf

_PAGE = 200


@dataclass(frozen=True, slots=True)
class _Signed:
    """What was signed, and what is to be said of how it was found."""

    entries: tuple[tuple[str, Decimal], ...] = field(repr=False)
    warnings: tuple[str, ...] = ()


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
        """`supabase` had better read as the login that writes: what a policy hides from that one, the plan sees."""
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
        `nothing_visible` (no row: a policy may hide them), `tampered`, `another_host` (the file is not here, and the
        warehouse is no longer what was signed), `rows_moved`, `recorded` (Supabase no longer has it), and the gates;
        `Unavailable`.
        """
        with self._book.at(run_id, Step.RECORD) as at:
            run = at.run
            mark_paid.require_date(paid_on, self._clock(), run.concert_date)
            signed = self._signed(run)
            matched = self._matched(run, signed)
            if matched.all_paid:
                return None
            _require_unrecorded(run)
            mark_paid.require_unpaid(matched)
            plan = mark_paid.plan_of(
                run,
                matched,
                paid_on,
                self._statements(run, matched, paid_on),
                table=self._settings.payment_table,
                made_at=self._clock(),
                made_by=self._person,
                warnings=signed.warnings,
            )
            assert plan.look is not None
            mark_paid.require_same(plan, self._supabase.read(plan.look))
            # Kept as one of a batch, of the run, it is applied by nothing but `record`.
            self._plans.keep(plan, batch=at.run.run_id)
            return plan

    def shown(self, run_id: str, plan_id: str, paid_on: date) -> KeptPlan:
        """The plan that was shown for this day. Raises `Refused` (guard `plan`) where it is another."""
        kept = self._plan_of(self._book.get(run_id), plan_id)
        plan = kept.plan
        days = {str(row["payment_date"]) for row in plan.after}
        if days != {paid_on.isoformat()}:
            raise Refused(
                "Another day",
                f"Plan {plan.short_id} records them as paid on {', '.join(sorted(days))}, and not on {paid_on}.",
                f"Plan it: gcms-tui payroll record {run_id} --date {paid_on}",
                guard="plan",
            )
        return kept

    def record(
        self, run_id: str, plan_id: str, typed: str, reason: str, on_step: OnStep = lambda _: None
    ) -> tuple[PayrollRun, Ended]:
        """Carry out the plan that was shown; see `GuardedWrites.apply`. Where the outcome is in doubt the step stays
        open until that is settled.

        Raises `Refused` as `apply`, and with the guards `plan` (of another run), `recorded`, `journal`, and the
        gates.
        """
        with self._book.at(run_id, Step.RECORD) as at:
            _require_unrecorded(at.run)
            plan = self._plan_of(at.run, plan_id).plan
            self._book.require_whole_journal()
            at.require_held()
            ended = self._writes.apply(plan.plan_id, typed, reason, on_step)
            if ended.outcome is not Outcome.APPLIED:
                return at.run, ended
            [day] = {row["payment_date"] for row in plan.after}
            try:
                return _noted(at, date.fromisoformat(str(day)), ended.write_id, plan.plan_id), ended
            except GcmsError as error:  # it stands in Supabase whatever becomes of the note
                said = f"It is recorded in Supabase, and the run does not know it yet ({error.message}): adopt it."
                return at.run, replace(ended, note=" ".join(filter(None, (ended.note, said))))

    def adopt(self, run_id: str) -> PayrollRun:
        """Note that it is recorded already: by a write of this run that was in doubt, or cut off before it was noted,
        or by hand. Nothing is written to Supabase.

        Raises `Refused` where it is not all recorded: guards `not_recorded`, `partly_paid`, `date` (on several days),
        `in_doubt` (a write of this run that has to be settled first), those of `plan`, and the gates.
        """
        with self._book.at(run_id, Step.RECORD) as at:
            if at.run.recorded is not None:
                return at.run
            intents = self._settled_intents(at.run)
            day = mark_paid.recorded_on(self._matched(at.run, self._signed(at.run)))
            write = next((entry for entry in intents if day.isoformat() in self._days_left(entry.subject)), None)
            if write is None:
                return _noted(at, day)
            return _noted(at, day, write.subject, str(write.said["plan"]))

    # -- what was signed ---------------------------------------------------------------------------------------------

    def _signed(self, run: PayrollRun) -> _Signed:
        exported, frozen = run.exported, run.frozen
        assert exported is not None and frozen is not None, "the gates see to it"
        content = self._manifest(run.run_id, exported)
        if content is not None:
            try:
                entries = read_entries(content)
            except ValueError as error:
                raise _tampered(MANIFEST, str(error)) from None
            return _Signed(entries, self._changes(run))
        read = self._reader.read(run.concert_id)
        if not frozen.same(read.frozen):
            raise Refused(
                "The file is on another host",
                f"{exported.file} is not here, and the warehouse no longer holds what was signed.",
                f"Record it where the file was released: on {run.released.host if run.released else exported.host}.",
                guard="another_host",
            )
        entries = tuple((item.musician_id, item.net_amount or Decimal(0)) for item in read.payments)
        return _Signed(entries, ("The released file is not on this host: its entries are read from the warehouse.",))

    def _manifest(self, run_id: str, exported: Exported) -> bytes | None:
        """The manifest of the released file; None where it is not on this host. What else of it lies here is proven
        too: whoever pays may have taken the rest."""
        wanted = {**exported.files, MANIFEST: exported.manifest}
        seen = {file.path.name: file for file in self._files.released(run_id)}
        for name, digest in wanted.items():
            if name in seen and seen[name].sha256 != digest:
                raise _tampered(name, "it is not what was exported")
        if MANIFEST not in seen:
            return None
        content = self._files.read(seen[MANIFEST].path)
        if hashlib.sha256(content).hexdigest() != exported.manifest:
            raise _tampered(MANIFEST, "it is not what was exported")
        return content

    def _changes(self, run: PayrollRun) -> tuple[str, ...]:
        """What is signed is what is recorded, also where the warehouse has moved on; that is only told."""
        try:
            now = self._reader.read(run.concert_id).frozen
        except GcmsError as error:
            return (f"Whether the warehouse still holds what was signed is not known: {error.message}",)
        if run.frozen is not None and run.frozen.same(now):
            return ()
        return ("The warehouse's data has changed since the release: what was signed is what is recorded.",)

    # -- what Supabase holds -----------------------------------------------------------------------------------------

    def _matched(self, run: PayrollRun, signed: _Signed) -> Matched:
        assert run.frozen is not None, "the gates see to it"
        asked = self._queries.get("supabase_payments").render(
            {"payment": self._payments}, {"concert_id": run.concert_id}
        )
        held = mark_paid.held_payments(self._supabase.read(asked))
        return mark_paid.match(signed.entries, run.frozen.totals, held)

    def _statements(self, run: PayrollRun, matched: Matched, paid_on: date) -> Statements:
        names = {"payment": self._payments}
        musicians = mark_paid.ids_text(item.musician_id for item in matched.payments)
        payments = mark_paid.ids_text(item.payment_id for item in matched.payments)
        whose = {"concert_id": run.concert_id, "musician_ids": musicians}
        return Statements(
            lock=self._queries.get("lock_payments").render(names, whose),
            look=self._queries.get("signed_payments").render(names, whose),
            mark=self._queries.get("mark_paid").render(
                names, {"payment_date": paid_on, "concert_id": run.concert_id, "payment_ids": payments}
            ),
        )

    @property
    def _payments(self) -> Relation:
        return Relation.parse_postgres(self._settings.payment_table)

    # -- the run's own writes ----------------------------------------------------------------------------------------

    def _plan_of(self, run: PayrollRun, plan_id: str) -> KeptPlan:
        kept = self._plans.get(plan_id)
        plan = kept.plan
        if (plan.kind, plan.subject) != (PlanKind.MARK_PAID, run.run_id):
            raise Refused(
                "Another plan",
                f"Plan {plan.short_id} is a {plan.kind.value} of {plan.subject[:80]}, and not of {run.run_id}.",
                f"Plan it: gcms-tui payroll record {run.run_id} --date DAY",
                guard="plan",
            )
        return kept

    def _settled_intents(self, run: PayrollRun) -> list[Entry]:
        """Those of this run's writes. Raises `Refused` (guard `in_doubt`) where it is not known what became of one."""
        open_ones = {entry.subject for entry in self._journal.open_intents()}
        intents = self._intents(run)
        for entry in intents:
            if entry.subject in open_ones:
                raise Refused(
                    "A write is in doubt",
                    f"{entry.subject} of {entry.user}@{entry.host} has no outcome, and is of this run.",
                    "Have it settled first: gcms-tui journal doubts --settle.",
                    guard="in_doubt",
                )
        return intents

    def _days_left(self, write_id: str) -> set[Cell]:
        """The day that a write has left in Supabase; empty where it has left nothing."""
        try:
            return {row["payment_date"] for row in rows_left(self._journal.about(write_id)) or ()}
        except (AttributeError, KeyError, TypeError, ValueError):
            return set()  # somebody edited it: it proves nothing

    def _intents(self, run: PayrollRun) -> list[Entry]:
        """Those of this run, newest first: none is older than the run itself."""
        opened, before, found = run.entries[0].sequence, None, []
        while page := self._journal.entries(_PAGE, before=before, kind=INTENT):
            found += [
                entry
                for entry in page
                if (entry.said.get("kind"), entry.said.get("key")) == (PlanKind.MARK_PAID.value, run.run_id)
            ]
            before = page[-1].sequence
            if before < opened:
                break
        return found


def _noted(at: AtStep, day: date, write_id: str = "", plan_id: str = "") -> PayrollRun:
    """`write_id` empty: nobody of this run has written it."""
    assert at.run.frozen is not None, "the gates see to it"
    totals: ControlTotals = at.run.frozen.totals
    return at.note(
        RECORDED,
        {
            "write": write_id,
            "plan": plan_id,
            "date": day.isoformat(),
            "entries": totals.entries,
            "net": format(totals.net, "f"),
            "already": not write_id,
        },
    )


def _require_unrecorded(run: PayrollRun) -> None:
    if run.recorded is not None:
        raise Refused(
            "Recorded already",
            f"It was recorded as paid on {run.recorded.date} by {run.recorded.by.person.user}; nothing is done again.",
            "Where Supabase no longer says so, find out who changed it: gcms-tui payroll verify " + run.run_id,
            guard="recorded",
        )


def _tampered(name: str, why: str) -> Refused:
    return Refused(
        "The file was changed",
        f"{name} of the released files: {why}.",
        "Pay nothing of it, and find out who changed it.",
        guard="tampered",
    )
