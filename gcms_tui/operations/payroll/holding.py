"""Holds: set by whoever sees why, or by a failing critical test; lifted by a second person."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.payroll.events import HELD, LIFTED, hold_subject
from gcms_tui.core.payroll.hold import Hold, open_holds
from gcms_tui.core.payroll.roles import account
from gcms_tui.core.payroll.typed import typed
from gcms_tui.core.run import Person
from gcms_tui.operations.writing.ports import JournalBook

CRITICAL_TEST = "critical test"
BY_HAND = "by hand"


class Holds:
    """Those of one target. Reading is free to all; `read_only_reason` forbids the rest. Blocking I/O."""

    def __init__(
        self,
        target: str,
        *,
        journal: JournalBook,
        person: Person,
        critical: Callable[[], str],
        read_only_reason: str = "",
    ) -> None:
        """`critical`: which critical tests fail by the newest trusted results, in words; empty where none does, or
        where it is not known: the tests step does not pass then."""
        self._subject = hold_subject(target)
        self._journal = journal
        self._person = person
        self._critical = critical
        self._read_only_reason = read_only_reason

    def open(self) -> tuple[Hold, ...]:
        """What holds payroll now. Raises `GcmsError` where the journal cannot be read."""
        failing = self._critical()
        running = (Hold("", CRITICAL_TEST, failing),) if failing else ()
        return (*self._set(), *running)

    def set(self, cause: str, reason: str) -> Hold:
        """Hold every payroll of this target. Raises `Refused` (guards `read_only`, `reason`)."""
        self._require_writing(reason)
        hold_id = f"hold-{secrets.token_hex(3)}"
        self._journal.append(HELD, self._subject, {"hold": hold_id, "cause": cause, "reason": typed(reason)})
        return next(hold for hold in self._set() if hold.hold_id == hold_id)

    def lift(self, hold_id: str, reason: str) -> Hold:
        """Raises `Refused`: guard `second_person` where whoever set it asks, `critical_test` where one still fails,
        `reason`; `UsageError` where there is no such hold."""
        self._require_writing(reason)
        hold = next((hold for hold in self._set() if hold.hold_id == hold_id), None)
        if hold is None or hold.by is None:
            raise UsageError("No such hold", f"{hold_id!r} is none that is set.", "gcms-tui payroll list")
        if account(hold.by.person.user) == account(self._person.user):
            raise Refused(
                "A second person is wanted",
                f"{hold.hold_id} was set by {hold.by.person.user}: whoever sets a hold does not lift it.",
                "Ask somebody else to look, and to lift it under their own login.",
                guard="second_person",
            )
        if failing := self._critical():
            raise Refused(
                "A critical test still fails",
                failing,
                "Mend the cause, build, and run the tests; then lift it.",
                guard="critical_test",
            )
        self._journal.append(LIFTED, self._subject, {"hold": hold.hold_id, "reason": typed(reason)})
        return hold

    def _set(self) -> tuple[Hold, ...]:
        return open_holds(self._journal.of((self._subject,)).get(self._subject, ()))

    def _require_writing(self, reason: str) -> None:
        if self._read_only_reason:
            raise Refused("Read-only", f"Nothing may be written here: {self._read_only_reason}.", guard="read_only")
        if not typed(reason):
            raise Refused("No reason given", "It wants a reason.", "Say in a few words why.", guard="reason")
