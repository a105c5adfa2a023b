"""The guarded write, in its one order, for every kind of plan.

Preconditions, lease, intent in the journal, backup clone, BEGIN, the rows read again and compared, the statements and
their counts, the rows read again and proven, COMMIT or ROLLBACK, outcome in the journal. No person is asked anything
between BEGIN and COMMIT.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import CommitUnknown, GcmsError, Refused, StatementFailed
from gcms_tui.core.writing.journal import INTENT, OUTCOME
from gcms_tui.core.writing.plan import Plan, Row, rows_of, same_rows
from gcms_tui.core.writing.plan_json import row_document
from gcms_tui.operations.ports import Clock
from gcms_tui.operations.writing.ports import JournalBook, KeptPlan, Lease, Leases, PlanShelf, WriteAccess, WriteSession

OnStep = Callable[[str], None]
"""Hears in a few words what is being done, from whichever thread does it."""

Guard = Callable[[Plan], None]
"""Raises `Refused` where something stands against this plan just now."""

AfterApplied = Callable[[WriteSession], str]
"""Told of a write that was applied and journalled, with its session, before that is closed. Answers what is to be known
of it, in a line; an empty text where all is well."""


class Outcome(StrEnum):
    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    IN_DOUBT = "in_doubt"
    """COMMIT was sent, and nobody knows what became of it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a write ended."""

    write_id: str
    plan: Plan
    outcome: Outcome
    rows_after: tuple[Row, ...] = ()
    """As the transaction left them."""
    backup: str = ""
    """The clone that was made first."""
    note: str = ""
    """What else is to be known: why it is in doubt, or that the outcome could not be journalled."""


class GuardedWrites:
    """Built only where writing is allowed. Blocking I/O; one write at a time for each table, held by a lease."""

    def __init__(
        self,
        target: str,
        *,
        access: WriteAccess,
        plans: PlanShelf,
        leases: Leases,
        journal: JournalBook,
        clock: Clock,
        guards: Sequence[Guard] = (),
        after_applied: AfterApplied = lambda _: "",
    ) -> None:
        self._target = target
        self._access = access
        self._plans = plans
        self._leases = leases
        self._journal = journal
        self._clock = clock
        self._guards = tuple(guards)
        self._after_applied = after_applied

    def apply(self, reference: str, typed: str, reason: str, on_step: OnStep = lambda _: None) -> Ended:
        """Carry out exactly the plan that was shown.

        Raises `Refused` naming the guard where nothing was written (`confirmation`, `reason`, `target`, `plan_used`,
        `expired`, `lease`, `dbt_running`, `backup`, `journal`, `rows_moved`, `row_count`, `postcondition`),
        `Unavailable` where the link was lost before COMMIT, other `GcmsError`s where the warehouse refused. A COMMIT
        without an answer is `Ended` in doubt.
        """
        on_step("checking")
        plan = self.check(reference, typed, reason)
        self._ask_guards(plan)
        lease = self._leases.take(lease_name(plan), f"{plan.kind.value} of {plan.subject[:80]}")
        try:
            self._ask_guards(plan)  # who began between the first look and the lease is seen now
            return self._write(plan, reason, lease, on_step)
        finally:
            with suppress(GcmsError):  # a lease that cannot be given back dies by itself
                lease.release()

    # -- before anything is sent -------------------------------------------------------------------------------------

    def check(self, reference: str, typed: str, reason: str) -> Plan:
        """What `apply` looks at before it asks anybody else. Raises `Refused`."""
        return self._confirmed(self._plans.get(reference), typed, reason)

    def _confirmed(self, kept: KeptPlan, typed: str, reason: str) -> Plan:
        plan = kept.plan
        if plan.target != self._target:
            raise Refused(
                "Another target",
                f"The plan is for {plan.target}, and this console works on {self._target}.",
                f"gcms-tui --target {plan.target} …",
                guard="target",
            )
        if kept.used_by:
            raise Refused(
                "Used already",
                f"Plan {plan.short_id} was used by {kept.used_by}.",
                "Look at the table again, and make a new plan where one is needed.",
                guard="plan_used",
            )
        now = self._clock()
        if not plan.made_at <= now < plan.expires_at:
            raise Refused(
                "The plan has expired",
                f"It was made {plan.made_at:%Y-%m-%d %H:%M} UTC and held until {plan.expires_at:%H:%M} UTC.",
                "Make it again: it is shown as the table is now.",
                guard="expired",
            )
        if not typed or typed not in (plan.confirmation, plan.subject):  # a key may be an empty text
            raise Refused(
                "Not confirmed",
                f"{typed[:80]!r} is not what was to be typed." if typed else "Nothing was typed.",
                f"Type: {plan.confirmation}",
                guard="confirmation",
            )
        if not reason.strip():
            raise Refused(
                "No reason given", "A write wants a reason.", "Say in a few words why it is done.", guard="reason"
            )
        return plan

    def _ask_guards(self, plan: Plan) -> None:
        for guard in self._guards:
            guard(plan)

    # -- the write ---------------------------------------------------------------------------------------------------

    def _write(self, plan: Plan, reason: str, lease: Lease, on_step: OnStep) -> Ended:
        write_id = self._new_id()
        on_step("connecting")
        session = self._access.open(write_id)
        try:
            attempt = _Attempt(write_id, plan, session, self._journal, lease, on_step, self._ask_guards)
            self._plans.claim(plan.plan_id, write_id, self._clock())
            on_step("writing the intent into the journal")
            attempt.intend(reason)
            ended = attempt.carry_out(reason)
            if ended.outcome is Outcome.APPLIED:
                self._tell_applied(session, on_step)
            return ended
        finally:
            session.close()

    def _tell_applied(self, session: WriteSession, on_step: OnStep) -> None:
        """The write stands, whatever becomes of this: what went wrong is a step's words, and casts no doubt on it."""
        try:
            note = self._after_applied(session)
        except Exception as error:  # noqa: BLE001 - a failure of it must not read as one of the write
            note = f"after the write: {type(error).__name__}: {error}"
        if note:
            on_step(note)

    def _new_id(self) -> str:
        return f"{self._clock():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def lease_name(plan: Plan) -> str:
    """One writer for each table of a target."""
    return f"{writers_of(plan.target)}{plan.table}"


def writers_of(target: str) -> str:
    """What the names of all writers' leases of a target begin with."""
    return f"{LEASES}{target}:"


LEASES = "write:"
BACKUP_OF = "backup-"
"""What the id of the backup that is made for a write begins with; the write's own id follows."""


class _Attempt:
    """One plan under way over one session."""

    def __init__(
        self,
        write_id: str,
        plan: Plan,
        session: WriteSession,
        journal: JournalBook,
        lease: Lease,
        on_step: OnStep,
        ask_guards: Guard,
    ) -> None:
        self.write_id = write_id
        self.plan = plan
        self.session = session
        self.journal = journal
        self.lease = lease
        self.on_step = on_step
        self.ask_guards = ask_guards
        self.requests = tuple(str(uuid.uuid4()) for _ in plan.steps)
        self.commit_request = str(uuid.uuid4())
        self._committing = False
        self._carried_out = False
        self._recorded = False

    def intend(self, reason: str) -> None:
        """Raises `GcmsError` where the journal does not take it: then nothing may happen."""
        plan, identity = self.plan, self.session.identity
        self.journal.append(
            INTENT,
            self.write_id,
            {
                "plan": plan.plan_id,
                "kind": plan.kind.value,
                "target": plan.target,
                "table": plan.table,
                "key": plan.subject,
                "reason": reason.strip(),
                "statements": [step.statement.sql for step in plan.steps],
                "requests": [*self.requests, self.commit_request],
                "query_tag": self.session.query_tag,
                "session": {"user": identity.user, "role": identity.role, "id": identity.session_id},
                "before": [row_document(row) for row in plan.before],
                "after": [row_document(row) for row in plan.after],
                "backup": plan.backup.subject if plan.backup else "",
                "takeover": self.lease.takeover,
                "undoes": plan.undoes,
            },
        )

    def carry_out(self, reason: str) -> Ended:
        try:
            backup = self._back_up(reason)
            self.lease.require_held()
            if self.plan.look is None:
                return self._without_transaction()
            rows = self._in_transaction()
        except CommitUnknown as error:
            note = f"{error.message} The write is in doubt until the table has been looked at: gcms-tui journal doubts."
            self.on_step("no answer to COMMIT")
            return Ended(self.write_id, self.plan, Outcome.IN_DOUBT, backup=self._backup_name, note=note)
        except BaseException as error:
            self._did_not(error)
            raise
        note = self._record(
            {"outcome": Outcome.APPLIED.value, "after": [row_document(row) for row in rows], "rows": self.plan.rows}
        )
        return Ended(self.write_id, self.plan, Outcome.APPLIED, rows, backup, note)

    @property
    def _backup_name(self) -> str:
        return self.plan.backup.subject if self.plan.backup else ""

    def _back_up(self, reason: str) -> str:
        plan = self.plan.backup
        if plan is None:
            return ""
        self.on_step(f"backing up to {plan.subject}")
        write_id = f"{BACKUP_OF}{self.write_id}"
        attempt = _Attempt(write_id, plan, self.session, self.journal, self.lease, lambda _: None, self.ask_guards)
        attempt.intend(reason)
        try:
            note = attempt.carry_out(reason).note
        except GcmsError as error:
            raise Refused(
                "No backup, no write",
                f"{plan.subject} could not be made: {error.title}: {error.message}",
                error.next_step or "Make the backup possible, then plan again.",
                guard="backup",
            ) from error
        if note:  # then the outcome of what comes next could not be written down either
            raise Refused("No journal, no write", note, "Make the journal writable, then plan again.", guard="journal")
        return plan.subject

    def _without_transaction(self) -> Ended:
        """DDL, each statement of which commits by itself; proven by statements that have to answer alike."""
        plan, session = self.plan, self.session
        for step, request in zip(plan.steps, self.requests, strict=True):
            session.run(step.statement, request)
        self._carried_out = True
        answers = [session.read(statement) for statement in plan.alike]
        alike = all(answer.rows == answers[0].rows for answer in answers[1:])
        rows = answers[0].rows[0][0] if answers and answers[0].rows else None
        note = self._record({"outcome": Outcome.APPLIED.value, "rows": rows, "proven": alike})
        if not alike:
            said = " and ".join(str(answer.rows[0][0]) if answer.rows else "nothing" for answer in answers)
            raise Refused(
                "The clone is not like the table",
                f"{plan.table} and {plan.subject} answer {said}: somebody wrote meanwhile.",
                "Wait until nobody writes, then plan again.",
                guard="postcondition",
            )
        return Ended(self.write_id, plan, Outcome.APPLIED, backup=plan.subject, note=note)

    def _in_transaction(self) -> tuple[Row, ...]:
        session = self.session
        self.on_step("BEGIN")
        session.begin()
        try:
            self._require_as_planned()
            self._run_steps()
            rows = self._proven()
            self.lease.require_held()
            self.ask_guards(self.plan)  # a dbt run that began meanwhile would not have seen these rows
        except BaseException:
            with suppress(GcmsError):  # a session that is gone has ended its transaction; COMMIT was never sent
                session.rollback()
            raise
        self.on_step("COMMIT")
        self._committing = True
        session.commit(self.commit_request)
        return rows

    def _require_as_planned(self) -> None:
        self.on_step("reading the rows again")
        if not same_rows(self._look(), self.plan.before):
            raise Refused(
                "The rows have moved",
                f"{self.plan.subject[:80]} in {self.plan.table} is no longer as the plan saw it; nothing was written.",
                "Plan again: what is there now is shown.",
                guard="rows_moved",
            )

    def _run_steps(self) -> None:
        steps = self.plan.steps
        for number, (step, request) in enumerate(zip(steps, self.requests, strict=True), 1):
            self.on_step(f"statement {number} of {len(steps)}")
            written = self.session.run(step.statement, request)
            if step.rows is not None and (written.rows != step.rows or written.multi_joined):
                raise Refused(
                    "Another number of rows",
                    f"Statement {number} ({step.statement.source}) touched {counted(written.rows, 'row')}"
                    + (f", {written.multi_joined} of them several times" if written.multi_joined else "")
                    + f", and the plan says {step.rows}; everything was rolled back.",
                    "Look at the rows again; somebody else may write to the table.",
                    guard="row_count",
                )

    def _proven(self) -> tuple[Row, ...]:
        self.on_step("proving the rows")
        rows = self._look()
        if not same_rows(rows, self.plan.after, but=self.plan.set_when_applied):
            raise Refused(
                "Not as planned",
                f"After the statements {self.plan.subject[:80]} was not as the plan says; everything was rolled back.",
                "Look at the rows again; somebody else may write to the table.",
                guard="postcondition",
            )
        return rows

    def _look(self) -> tuple[Row, ...]:
        assert self.plan.look is not None
        return rows_of(self.session.read(self.plan.look), self.plan.named, self.plan.written)

    # -- the outcome -------------------------------------------------------------------------------------------------

    def _did_not(self, error: BaseException) -> None:
        """Nothing was written, and it is known: COMMIT was not sent, or the warehouse said no. What was sent and not
        answered may have been carried out, and DDL that was answered has been: that stays in doubt."""
        unanswered = self._committing or self.plan.look is None
        if self._recorded or self._carried_out or (unanswered and not isinstance(error, Refused | StatementFailed)):
            return
        said: dict[str, Any] = {"outcome": Outcome.NOT_APPLIED.value, "why": f"{type(error).__name__}: {error}"[:2000]}
        if isinstance(error, Refused) and error.guard:
            said["guard"] = error.guard
        self._record(said)

    def _record(self, payload: dict[str, Any]) -> str:
        """Answers why the outcome could not be journalled: the write is then in doubt, and settled by looking."""
        self.on_step("writing the outcome into the journal")
        self._recorded = True
        try:
            self.journal.append(OUTCOME, self.write_id, payload)
        except GcmsError as error:
            return f"The outcome could not be journalled ({error.message}): it will be asked for at the next start."
        return ""


def time_of(write_id: str) -> datetime | None:
    """When a write began, by its id; None where it is no write's id."""
    with suppress(ValueError):
        return datetime.strptime(f"{write_id[:15]}+0000", "%Y%m%d-%H%M%S%z")
    return None
