"""Step 8: the fact is cloned under the day's name, and the clone proven to be what was signed."""

from __future__ import annotations

from gcms_tui.core.errors import GcmsError, MissingRelation, Refused, StatementFailed, Unavailable, UsageError
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.archive import NAME_THE_FACT, Lasting, archive_name, carried_out, difference, suffixes
from gcms_tui.core.payroll.events import ARCHIVED
from gcms_tui.core.payroll.payment import Frozen
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.steps import Step as PayrollStep
from gcms_tui.core.run import Person
from gcms_tui.core.settings import PayrollSettings
from gcms_tui.core.writing.plan import Plan, PlanKind, Step
from gcms_tui.operations.backups.looks import NAME_TAKEN, TableLooks
from gcms_tui.operations.payroll.book import AtStep, Payrolls
from gcms_tui.operations.payroll.payments import PaymentReader
from gcms_tui.operations.ports import Clock, QueryLibrary, Warehouse
from gcms_tui.operations.writing.guarded_write import Ended, GuardedWrites, OnStep, Outcome, harmless
from gcms_tui.operations.writing.ports import JournalBook, KeptPlan, PlanShelf

INCIDENT = "incident"
"""The cause of the hold that an archive sets which is not what was signed."""


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
        self._looks = TableLooks(warehouse, queries)
        self._queries = queries
        self._writes = writes
        self._plans = plans
        self._journal = journal
        self._person = person
        self._clock = clock

    def plan(self, run_id: str, *, suffix: str = "") -> Plan:
        """The clone `<fact>_<YYYYMMDD>` of the payment's day, with `suffix` behind it; the plan says of which kind.

        Raises `Refused`: guard `name_taken` (offering a suffix that is free, or to adopt the clone where it is this
        run's own), `suffix`, `in_doubt`, `archived` (it is, and proven), `not_a_table`, and the gates; `GcmsError`
        where it cannot be looked.
        """
        with self._book.at(run_id, PayrollStep.ARCHIVE) as at:
            self._require_to_do(at.run)
            plan = self._planned(at.run, suffix.strip())
            # Kept as one of a batch, of the run, it is applied by nothing but `archive`.
            self._plans.keep(plan, batch=at.run.run_id)
            return plan

    def archive(
        self, run_id: str, plan_id: str, typed: str, reason: str, on_step: OnStep = lambda _: None
    ) -> tuple[PayrollRun, Ended]:
        """Carry out the plan, then compare the clone's rows of the concert with what was signed. Where they differ the
        step fails and payroll is held.

        Raises as `GuardedWrites.apply`; `Refused` with guard `plan` where it is none of this run's, `name_taken`,
        `plan_used` (and how its clone is taken over), `rows_moved` (the table is no longer as it was shown),
        `archived`; `Unavailable` where the clone was made and cannot be read: then `adopt`.
        """
        on_step = harmless(on_step)
        with self._book.at(run_id, PayrollStep.ARCHIVE) as at:
            self._require_to_do(at.run)
            plan = self._plan_of(at.run, plan_id)
            self._require_as_shown(at.run, plan)
            try:
                ended = self._writes.apply(plan.plan_id, typed, reason, on_step)
            except StatementFailed as error:
                if error.code != NAME_TAKEN:
                    raise
                # Taken meanwhile, or by a table that the role which reads may not see.
                raise self._taken(at.run, Relation.parse(plan.subject)) from error
            if ended.outcome is not Outcome.APPLIED:
                return at.run, ended
            return self._compared(at, plan, ended.write_id, on_step), ended

    def adopt(self, run_id: str) -> PayrollRun:
        """Take over the clone of an archive plan of this run that was cut off before it was noted.

        Raises `Refused`: guard `in_doubt` where the write has to be settled first, `nothing_to_adopt`, `archived`, and
        the gates; `Unavailable` where the clone cannot be read.
        """
        with self._book.at(run_id, PayrollStep.ARCHIVE) as at:
            self._require_to_do(at.run)
            for kept in self._not_noted(at.run):
                if self._was_carried_out(at.run, kept):
                    return self._compared(at, kept.plan, kept.used_by, lambda _: None)
            raise Refused(
                "Nothing to take over",
                f"No clone of {at.run.run_id} was made that is not noted.",
                f"Archive it: gcms-tui payroll archive {at.run.run_id}",
                guard="nothing_to_adopt",
            )

    # -- the plan ----------------------------------------------------------------------------------------------------

    def _plan_of(self, run: PayrollRun, plan_id: str) -> Plan:
        kept = self._plans.get(plan_id)
        if kept.plan.kind is not PlanKind.ARCHIVE or kept.batch != run.run_id:
            raise Refused(
                "Another plan",
                f"Plan {kept.plan.short_id} does not archive {run.run_id}.",
                f"Make one: gcms-tui payroll archive {run.run_id}",
                guard="plan",
            )
        if kept.used_by:
            raise Refused(
                "Used already",
                f"Plan {kept.plan.short_id} was used by {kept.used_by}.",
                f"Where its clone was made and not noted, take it over: gcms-tui payroll archive {run.run_id} --adopt",
                guard="plan_used",
            )
        return kept.plan

    def _require_as_shown(self, run: PayrollRun, plan: Plan) -> None:
        for changed in self._changed_since(run, Relation.parse(run.fact)):
            if changed not in plan.warnings:
                raise Refused(
                    "It is no longer as it was shown",
                    changed,
                    f"Look at it again: gcms-tui payroll archive {run.run_id}",
                    guard="rows_moved",
                )

    def _planned(self, run: PayrollRun, suffix: str) -> Plan:
        fact = Relation.parse(run.fact)
        lasting = self._looks.required_kind(fact, NAME_THE_FACT)
        clone = self._free_name(run, suffix)
        count = self._queries.get("row_count")
        return Plan(
            PlanKind.ARCHIVE,
            target=self._book.target,
            table=str(fact),
            subject=str(clone),
            confirmation=run.concert_id,
            steps=(Step(self._queries.get(lasting.query).render({"table": fact, "backup": clone})),),
            made_at=self._clock(),
            made_by=self._person,
            alike=(count.render({"table": fact}), count.render({"table": clone})),
            reason=f"what concert {run.concert_id} was paid from, in a {lasting.value} clone of the whole table",
            warnings=(*lasting.warnings, *self._changed_since(run, fact)),
        )

    def _free_name(self, run: PayrollRun, suffix: str) -> Relation:
        try:
            clone = self._name(run, suffix)
        except ValueError as error:
            raise Refused("Not a suffix", f"{error}.", "Take the concert's number, or 2.", guard="suffix") from None
        if not self._looks.is_there(clone):
            return clone
        for kept in self._not_noted(run):
            if kept.plan.subject == str(clone) and self._was_carried_out(run, kept):
                raise Refused(
                    "The name is taken",
                    f"{clone} is the clone that {kept.used_by} of this run made, and was cut off before it was noted.",
                    f"Take it over: gcms-tui payroll archive {run.run_id} --adopt",
                    guard="name_taken",
                )
        raise self._taken(run, clone)

    def _name(self, run: PayrollRun, suffix: str) -> Relation:
        assert run.recorded is not None, "the gate is open"
        return archive_name(Relation.parse(run.fact), run.recorded.date, suffix)

    def _taken(self, run: PayrollRun, clone: Relation) -> Refused:
        others = ((suffix, self._name(run, suffix)) for suffix in suffixes(run.concert_id))
        suffix = next((suffix for suffix, name in others if name != clone and not self._looks.is_there(name)), "")
        return Refused(
            "The name is taken",
            f"{clone} is there already, and an archive is never written over.",
            f"gcms-tui payroll archive {run.run_id} --suffix {suffix}" if suffix else "Choose a suffix.",
            guard="name_taken",
        )

    def _changed_since(self, run: PayrollRun, fact: Relation) -> tuple[str, ...]:
        signed, found = _signed(run), self._reader.read(run.concert_id, fact=fact).frozen
        if signed.fingerprint == found.fingerprint:
            return ()
        return (
            f"{fact} is no longer what was signed: {difference(signed, found)}. Its clone would not be either: the "
            "step would fail, and payroll be held. Bring the table back first, as it was at the payment: by time "
            "travel within a day, past a rebuild by renaming it and UNDROP; then plan again.",
        )

    # -- what has been done ------------------------------------------------------------------------------------------

    def _require_to_do(self, run: PayrollRun) -> None:
        """Raises `Refused` where there is a proven archive. One that was dropped since may be made again."""
        archived = run.archived
        if archived is not None and archived.alike and self._looks.is_there(Relation.parse(archived.table)):
            raise Refused(
                "It is archived",
                f"{archived.table} is what was signed: {archived.write_id} made it.",
                f"Go on with the next step: gcms-tui payroll show {run.run_id}",
                guard="archived",
            )

    def _not_noted(self, run: PayrollRun) -> tuple[KeptPlan, ...]:
        """This run's plans that a write has used and that its entries say nothing of, newest first."""
        noted = {entry.said.get("write") for entry in run.entries if entry.kind == ARCHIVED}
        try:
            kept = self._plans.batch(run.run_id)
        except UsageError:
            return ()
        return tuple(
            item
            for item in reversed(kept)
            if item.plan.kind is PlanKind.ARCHIVE and item.used_by and item.used_by not in noted
        )

    def _was_carried_out(self, run: PayrollRun, kept: KeptPlan) -> bool:
        """Raises `Refused` where nobody knows."""
        try:
            done = carried_out(self._journal.about(kept.used_by))
        except UsageError:  # broken off before its intent was written down: nothing was sent
            return False
        if done is None:
            raise Refused(
                "A write is in doubt",
                f"{kept.used_by}, which clones to {kept.plan.subject}, has no outcome.",
                "Have it settled: gcms-tui journal doubts --settle, then: gcms-tui payroll archive "
                f"{run.run_id} --adopt",
                guard="in_doubt",
            )
        return done

    # -- the proof ---------------------------------------------------------------------------------------------------

    def _compared(self, at: AtStep, plan: Plan, write_id: str, on_step: OnStep) -> PayrollRun:
        """Held before it is noted: a run that was cut off in between is held all the same, and can be adopted."""
        run, signed = at.run, _signed(at.run)
        on_step(f"comparing {plan.subject} with what was signed")
        found = self._read_back(run, plan)
        alike = found.fingerprint == signed.fingerprint
        if not alike:
            words = f"{plan.subject} is not what was signed for concert {run.concert_id}: {difference(signed, found)}"
            at.require_held()
            if not any(hold.reason.startswith(f"{plan.subject} ") for hold in self._book.holds.open()):
                self._book.holds.set(INCIDENT, words)
            on_step(f"ALARM: {words}. {self._whence(run, plan, found)}")
        elif found.payees != signed.payees:
            on_step("a name, an address or the concert's title was changed since; what was paid is the same")
        return at.note(
            ARCHIVED,
            {
                "write": write_id,
                "table": plan.subject,
                "kind": Lasting.of(plan.steps[0].statement.query).value,
                "fingerprint": found.fingerprint,
                "alike": alike,
            },
        )

    def _read_back(self, run: PayrollRun, plan: Plan) -> Frozen:
        try:
            return self._reader.read(run.concert_id, fact=Relation.parse(plan.subject)).frozen
        except GcmsError as error:
            granted = "A clone has no grants of its own: grant SELECT on it to the role that reads. "
            raise Unavailable(
                "The archive is not proven",
                f"{plan.subject} was made, and cannot be read: {error.message}",
                (granted if isinstance(error, MissingRelation) else "")
                + f"Then take it over: gcms-tui payroll archive {run.run_id} --adopt",
            ) from error

    def _whence(self, run: PayrollRun, plan: Plan, found: Frozen) -> str:
        """Where the difference comes from, as far as the table itself tells, and what to do."""
        after = f"Then archive again under another name: gcms-tui payroll archive {run.run_id} --suffix …"
        try:
            now = self._reader.read(run.concert_id, fact=Relation.parse(plan.table)).frozen
        except GcmsError:
            return f"Find out what changed it. {after}"
        if now.fingerprint == found.fingerprint:
            return (
                f"{plan.table} holds the same: it was changed or built anew after the release. Compare what was "
                f"released with it, and bring it back as it was. {after}"
            )
        return (
            f"{plan.table} reads otherwise: somebody wrote meanwhile, or a policy hides its clone's values from the "
            f"role that reads. {after}"
        )


def _signed(run: PayrollRun) -> Frozen:
    assert run.frozen is not None, "the gate is open"
    return run.frozen
