"""A set of backups: every table cloned under one run id, each counted alike, before a refresh may begin."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from gcms_tui.core.backups.backup_set import BEGUN, CLONED, COMPLETE, BackupSet, Cloned
from gcms_tui.core.backups.names import clone_name, set_id
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError, MissingRelation, Refused, StatementFailed, Unavailable, UsageError
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.archive import carried_out
from gcms_tui.core.payroll.typed import reason_given
from gcms_tui.core.writing.doubt import Settlement, Verdict
from gcms_tui.core.writing.journal import OUTCOME
from gcms_tui.core.writing.plan import Plan
from gcms_tui.operations.backups.book import BackupBook
from gcms_tui.operations.backups.looks import NAME_TAKEN, Cloner, TableLooks, kind_of
from gcms_tui.operations.backups.tables import BackupTables
from gcms_tui.operations.ports import Clock
from gcms_tui.operations.writing.doubts import Doubts
from gcms_tui.operations.writing.guarded_write import GuardedWrites, OnStep, Outcome, harmless, writers_of
from gcms_tui.operations.writing.ports import JournalBook, KeptPlan, Leases, PlanShelf

LEASE = "a set of backups"
"""Held under the name of a writer: dbt does not begin between two tables of a set."""
_NEW = "Begin another set: gcms-tui backup create --new"


@dataclass(frozen=True, slots=True)
class Item:
    """One table of a set that is about to be made."""

    table: Relation
    clone: Relation
    plan: Plan | None = None
    """None where there is nothing to make, or a write has to be settled first."""
    done: Cloned | None = None
    """Its clone is there."""
    noted: bool = False
    """The set's entries know of it."""
    doubt: str = ""
    """The write that was cut off, and of which nobody knows what became of it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A set as it would be made."""

    run_id: str
    items: tuple[Item, ...]
    taken_up: BackupSet | None = None
    """The one that was interrupted; None for a new one."""

    @property
    def confirmation(self) -> str:
        """What has to be typed."""
        return counted(len(self.items), "table")


class BackupSets:
    """Built only where writing is allowed. Blocking I/O. Raises `GcmsError`."""

    def __init__(
        self,
        book: BackupBook,
        tables: BackupTables,
        looks: TableLooks,
        cloner: Cloner,
        writes: GuardedWrites,
        *,
        plans: PlanShelf,
        journal: JournalBook,
        leases: Leases,
        doubts: Doubts,
        clock: Clock,
        suffix: str,
    ) -> None:
        self._book = book
        self._tables = tables
        self._looks = looks
        self._cloner = cloner
        self._writes = writes
        self._plans = plans
        self._journal = journal
        self._leases = leases
        self._doubts = doubts
        self._clock = clock
        self._suffix = suffix

    def propose(self, *, new: bool = False) -> Draft:
        """What would be cloned to which names: the set that was interrupted, taken up, or a new one.

        Raises `MissingRelation` where a table is not there, `Refused`: guard `not_a_table`, `name_taken`, `tables`.
        """
        begun = None if new else self._book.interrupted(self._clock())
        run_id = begun.run_id if begun else set_id(self._clock(), secrets.token_hex(3))
        tables = tuple(map(Relation.parse, begun.tables)) if begun else self._tables.all()
        return Draft(run_id, tuple(self._item(table, run_id, begun) for table in tables), begun)

    def create(
        self,
        draft: Draft,
        typed: str,
        reason: str,
        on_step: OnStep = lambda _: None,
        asked_to_stop: Callable[[], bool] = lambda: False,
    ) -> BackupSet:
        """Clone one table after the other, until the set is complete or something stands against it; proposed again,
        it goes on there.

        Raises as `GuardedWrites.apply`; `Refused` with guard `confirmation`, `reason`, `lease`, `name_taken`,
        `in_doubt`, `stopped`, `overtaken` (dbt was started since a set was begun that is to be taken up).
        """
        on_step = harmless(on_step)
        _require_confirmed(draft, typed)
        reason = reason_given(reason)
        lease = self._leases.take(f"{writers_of(self._book.target)}{LEASE}", f"backups {draft.run_id}")
        try:
            begun = draft.taken_up and self._book.get(draft.run_id)
            if begun is None:
                self._begin(draft, reason)
            elif self._book.overtaken(begun):  # between the first look and the lease
                raise _OVERTAKEN
            for number, item in enumerate(draft.items, 1):
                if asked_to_stop():
                    raise _STOPPED
                on_step(f"table {number} of {len(draft.items)}: {item.table}")
                # What another console has done meanwhile is seen, and not done again.
                now = item if begun is None else self._item(item.table, draft.run_id, begun)
                self._finish(now, draft.run_id, reason, on_step)
                lease.require_held()
            self._journal.append_once(COMPLETE, draft.run_id, self._said(draft.run_id))
            return self._book.get(draft.run_id)
        finally:
            with suppress(GcmsError):  # a lease that cannot be given back dies by itself
                lease.release()

    # -- what is there -----------------------------------------------------------------------------------------------

    def _item(self, table: Relation, run_id: str, begun: BackupSet | None) -> Item:
        clone = clone_name(table, self._suffix, run_id)
        noted = next((one for one in begun.cloned if one.table == str(table)), None) if begun else None
        if noted is not None and self._holds(clone) == noted.rows:
            return Item(table, clone, done=noted, noted=True)
        for kept in self._used(run_id, table):
            found = self._left_by(kept, table, clone)
            if found is not None:
                return found
        if self._looks.kind(clone) is not None:
            raise _taken(clone)
        return Item(table, clone, plan=self._cloner.plan(table, clone, f"before the refresh, {run_id}"))

    def _left_by(self, kept: KeptPlan, table: Relation, clone: Relation) -> Item | None:
        """What a write of this set left of it; None where it did nothing, or what it did is gone again."""
        try:
            entries = self._journal.about(kept.used_by)
        except UsageError:  # broken off before its intent was written down: nothing was sent
            return None
        done = carried_out(entries)
        if done is None:
            return Item(table, clone, doubt=kept.used_by)
        rows = self._holds(clone) if done else None
        if rows is None:
            return None
        said = next((entry.said for entry in entries if entry.kind == OUTCOME), {})
        # Where it was settled by looking nobody has counted: then the table itself tells, if it has stood still.
        proven = said["rows"] if said.get("proven") is True else self._looks.rows(table)
        if rows != proven:
            raise _taken(clone)
        cloned = Cloned(str(table), str(clone), rows, kind_of(kept.plan).value, kept.used_by)
        return Item(table, clone, done=cloned)

    def _used(self, run_id: str, table: Relation) -> tuple[KeptPlan, ...]:
        """Plans of the set for this table that a write has used, newest first."""
        try:
            kept = self._plans.batch(run_id)
        except UsageError:
            return ()
        return tuple(one for one in reversed(kept) if one.plan.table == str(table) and one.used_by)

    def _holds(self, clone: Relation) -> int | None:
        """How many rows; None where it is not there."""
        try:
            return self._looks.rows(clone)
        except MissingRelation:
            return None

    # -- what is done ------------------------------------------------------------------------------------------------

    def _begin(self, draft: Draft, reason: str) -> None:
        tables = [str(item.table) for item in draft.items]
        self._journal.append(BEGUN, draft.run_id, {"target": self._book.target, "tables": tables, "reason": reason})

    def _finish(self, item: Item, run_id: str, reason: str, on_step: OnStep) -> None:
        if item.doubt:
            self._settle(item.doubt, on_step)
            item = self._item(item.table, run_id, self._book.get(run_id))
        done = item.done or self._cloned(item, run_id, reason)
        if not item.noted:
            self._journal.append(CLONED, run_id, done.document())

    def _cloned(self, item: Item, run_id: str, reason: str) -> Cloned:
        plan = item.plan
        assert plan is not None, "it has been settled, and there is no clone"
        self._plans.keep(plan, batch=run_id)
        try:
            ended = self._writes.apply(plan.plan_id, plan.confirmation, reason)
        except StatementFailed as error:
            if error.code != NAME_TAKEN:
                raise
            raise _taken(item.clone) from error  # meanwhile, or by a table that the role may not see
        if ended.outcome is not Outcome.APPLIED or ended.note:
            raise Unavailable("The outcome is not known", ended.note, "gcms-tui journal doubts --settle")
        said = next(entry.said for entry in self._journal.about(ended.write_id) if entry.kind == OUTCOME)
        return Cloned(plan.table, plan.subject, int(said["rows"]), kind_of(plan).value, ended.write_id)

    def _settle(self, write_id: str, on_step: OnStep) -> Settlement:
        """A clone is there or it is not: looking tells. Raises `Refused` where nobody can tell yet."""
        on_step(f"looking what became of {write_id}")
        found = self._doubts.settle(write_id)
        if found.verdict not in (Verdict.APPLIED, Verdict.NOT_APPLIED):
            raise Refused(
                "A write is in doubt",
                f"{write_id}: {found.verdict.value}; {'; '.join(found.evidence)}.",
                "Try again when it has ended.",
                guard="in_doubt",
            )
        return found

    def _said(self, run_id: str) -> dict[str, object]:
        """What the entry says that completes a set. Raises `GcmsError` where it is not."""
        found = self._book.get(run_id)
        if found.missing:
            raise GcmsError(
                "The journal was changed",
                f"{run_id} lacks {', '.join(found.missing)}: somebody has edited it.",
                "gcms-tui journal verify tells more.",
            )
        return {"target": found.target, "tables": {one.table: one.document() for one in found.cloned}}


_STOPPED = Refused(
    "Stopped", "Somebody asked it to stop, between two tables.", "Created again it goes on there.", guard="stopped"
)
_OVERTAKEN = Refused(
    "dbt ran meanwhile",
    "dbt was started after the set was begun: its tables would be of before that run and of after it.",
    _NEW,
    guard="overtaken",
)


def _require_confirmed(draft: Draft, typed: str) -> None:
    if typed != draft.confirmation:
        raise Refused(
            "Not confirmed",
            f"{typed[:80]!r} is not what was to be typed." if typed else "Nothing was typed.",
            f"Type: {draft.confirmation}",
            guard="confirmation",
        )


def _taken(clone: Relation) -> Refused:
    return Refused(
        "The name is taken",
        f"{clone} is there already and is not known to be like its table; a backup is never written over.",
        _NEW,
        guard="name_taken",
    )
