"""The guarded write, in its one order, for every kind of plan.

Preconditions, lease, intent in the journal, backup clone, BEGIN, the rows read again and compared, the statements and
their counts, the rows read again and proven, COMMIT or ROLLBACK, outcome in the journal. No person is asked anything
between BEGIN and COMMIT.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.identifier import one_table
from gcms_tui.core.payroll.typed import reason_given
from gcms_tui.core.writing.doubt import intent_of
from gcms_tui.core.writing.plan import Plan, PlanKind
from gcms_tui.operations.ports import Clock
from gcms_tui.operations.writing.attempt import BACKUP_OF as BACKUP_OF
from gcms_tui.operations.writing.attempt import Attempt
from gcms_tui.operations.writing.attempt import Ended as Ended
from gcms_tui.operations.writing.attempt import Guard as Guard
from gcms_tui.operations.writing.attempt import OnStep as OnStep
from gcms_tui.operations.writing.attempt import Outcome as Outcome
from gcms_tui.operations.writing.ports import JournalBook, KeptPlan, Lease, Leases, PlanShelf, WriteAccess, WriteSession

AfterApplied = Callable[[WriteSession], str]
"""Told of a write that was applied and journalled, with its session, before that is closed. Answers what is to be known
of it, in a line; an empty text where all is well."""


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
        `expired`, `lease`, `dbt_running`, `in_doubt`, `backup`, `journal`, `rows_moved`, `row_count`, `postcondition`),
        `Unavailable` where the link was lost before COMMIT, other `GcmsError`s where the warehouse refused. A COMMIT
        without an answer is `Ended` in doubt.
        """
        on_step = harmless(on_step)
        on_step("checking")
        plan = self.check(reference, typed, reason)
        self._ask_guards(plan)
        lease = self._leases.take(lease_name(plan), f"{plan.kind.value} of {plan.subject[:80]}")
        try:
            self._ask_guards(plan)  # who began between the first look and the lease is seen now
            self._require_settled(plan)
            return self._write(plan, reason_given(reason), lease, on_step)
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
        reason_given(reason)
        return plan

    def _ask_guards(self, plan: Plan) -> None:
        for guard in self._guards:
            guard(plan)

    def _require_settled(self, plan: Plan) -> None:
        """Raises `Refused` where an earlier write of the same rows is in doubt: what this one does would be taken for
        what that one did."""
        for entry in self._journal.open_intents():
            with suppress(ValueError):  # one that somebody edited says of no rows that it is theirs
                if _touches(intent_of(entry), plan):
                    raise Refused(
                        "A write is in doubt",
                        f"{entry.subject} of {entry.user}@{entry.host} has no outcome, and is of the same rows.",
                        "Have it settled first: gcms-tui journal doubts --settle.",
                        guard="in_doubt",
                    )

    # -- the write ---------------------------------------------------------------------------------------------------

    def _write(self, plan: Plan, reason: str, lease: Lease, on_step: OnStep) -> Ended:
        write_id = self._new_id()
        on_step("connecting")
        session = self._access.open(write_id)
        try:
            attempt = Attempt(write_id, plan, session, self._journal, lease, on_step, self._ask_guards)
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


def harmless(on_step: OnStep) -> OnStep:
    """The same, and whatever it raises is passed over."""

    def told(words: str) -> None:
        with suppress(Exception):
            on_step(words)

    return told


def _touches(intent: Mapping[str, Any], plan: Plan) -> bool:
    """Whether that write and this plan are of the same rows. A restore is of all that its table has."""
    if intent.get("target") != plan.target or one_table(str(intent.get("table"))) != one_table(plan.table):
        return False
    kinds = {intent.get("kind"), plan.kind.value}
    return intent.get("key") == plan.subject or (PlanKind.RESTORE.value in kinds and not kinds & _CLONES)


_CLONES = frozenset({PlanKind.BACKUP.value, PlanKind.ARCHIVE.value})


def lease_name(plan: Plan) -> str:
    """One writer for each table of a target."""
    return lease_of(plan.target, plan.table)


def lease_of(target: str, table: str) -> str:
    return f"{writers_of(target)}{one_table(table)}"


def writers_of(target: str) -> str:
    """What the names of all writers' leases of a target begin with."""
    return f"{LEASES}{target}:"


LEASES = "write:"
