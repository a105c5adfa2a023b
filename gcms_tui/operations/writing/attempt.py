"""One plan under way over one session: from its intent in the journal to its outcome there."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import CommitUnknown, GcmsError, Refused, StatementFailed, StatementTimeout
from gcms_tui.core.writing.journal import INTENT, OUTCOME
from gcms_tui.core.writing.plan import Plan, PlanKind, Row, rows_of, same_rows
from gcms_tui.core.writing.plan_json import row_document
from gcms_tui.operations.writing.ports import JournalBook, Lease, WriteSession

OnStep = Callable[[str], None]
"""Hears in a few words what is being done, from whichever thread does it. What it raises is its own affair: a terminal
that has gone must not break a write off."""

Guard = Callable[[Plan], None]
"""Raises `Refused` where something stands against this plan just now."""

BACKUP_OF = "backup-"
"""What the id of the backup that is made for a write begins with; the write's own id follows."""


_IN_DOUBT = "Nobody knows whether it was carried out; looking tells: gcms-tui journal doubts --settle."


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


class Attempt:
    """Used once."""

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
        self._defining = False
        self._stands: list[str] = []
        self._carried_out = False

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
            if not self.plan.in_transaction:
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
        attempt = Attempt(write_id, plan, self.session, self.journal, self.lease, lambda _: None, self.ask_guards)
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
        """DDL, each statement of which commits by itself; proven by the look, or by statements that have to answer
        alike."""
        plan, session = self.plan, self.session
        if plan.look is not None:
            self._require_as_planned()
            self.lease.require_held()
            self.ask_guards(plan)  # nothing can be rolled back: who began meanwhile must be seen now
        self._defining = True
        for step, request in zip(plan.steps, self.requests, strict=True):
            session.run(step.statement, request)
            self._stands.append(step.statement.sql)
        self._carried_out = True
        if plan.look is not None:
            return self._proven_as_it_stands()
        answers = [session.read(statement) for statement in plan.alike]
        alike = all(answer.rows == answers[0].rows for answer in answers[1:])
        rows = answers[0].rows[0][0] if answers and answers[0].rows else None
        note = self._record({"outcome": Outcome.APPLIED.value, "rows": rows, "proven": alike})
        if not alike:
            said = " and ".join(str(answer.rows[0][0]) if answer.rows else "nothing" for answer in answers)
            raise Refused(
                "The clone is not like the table",
                f"{plan.table} and {plan.source or plan.subject} answer {said}: somebody wrote meanwhile.",
                "Wait until nobody writes, then plan again.",
                guard="postcondition",
            )
        made = "" if plan.kind is PlanKind.RESTORE else plan.subject
        return Ended(self.write_id, plan, Outcome.APPLIED, backup=made, note=note)

    def _proven_as_it_stands(self) -> Ended:
        """What DDL has done is done, and a refusal would say that nothing was: where it is not as planned that is on
        record, and whoever asked for it compares."""
        plan, rows = self.plan, self._look()
        proven = same_rows(rows, plan.after, but=plan.set_when_applied)
        said = {"outcome": Outcome.APPLIED.value, "after": [row_document(row) for row in rows], "proven": proven}
        return Ended(self.write_id, plan, Outcome.APPLIED, rows, self._backup_name, self._record(said))

    def _in_transaction(self) -> tuple[Row, ...]:
        session = self.session
        self.on_step("BEGIN")
        session.begin()
        try:
            if self.plan.lock is not None:
                self.on_step("locking the rows")
                session.run(self.plan.lock, str(uuid.uuid4()))
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
        answered may have been carried out, as may DDL that was cancelled for its time, and DDL that was answered has
        been: that stays in doubt, and whoever is told of the error is told so too."""
        sent = self._committing or self._defining
        said_no = isinstance(error, Refused | StatementFailed) and not isinstance(error, StatementTimeout)
        if self._carried_out or (sent and not said_no):
            if isinstance(error, GcmsError):
                error.next_step = f"{_IN_DOUBT} {error.next_step}".strip()
            return
        said: dict[str, Any] = {"outcome": Outcome.NOT_APPLIED.value, "why": f"{type(error).__name__}: {error}"[:2000]}
        if self._stands and self.plan.defines:
            said["stands"] = self._stands
            if isinstance(error, GcmsError):
                error.next_step = f"{error.next_step} What was done before it stands: {'; '.join(self._stands)}".strip()
        if isinstance(error, Refused) and error.guard:
            said["guard"] = error.guard
        self._record(said)

    def _record(self, payload: dict[str, Any]) -> str:
        """Answers why the outcome could not be journalled: the write is then in doubt, and settled by looking."""
        self.on_step("writing the outcome into the journal")
        try:
            self.journal.append(OUTCOME, self.write_id, payload)
        except GcmsError as error:
            return f"The outcome could not be journalled ({error.message}): it will be asked for at the next start."
        return ""
