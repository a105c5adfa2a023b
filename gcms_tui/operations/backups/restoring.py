"""One table brought back from one backup: shown, confirmed, carried out under guard, and compared."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from gcms_tui.core.backups.backup_set import RESTORED
from gcms_tui.core.backups.made import Made
from gcms_tui.core.backups.restore import Differences, Way
from gcms_tui.core.errors import GcmsError, Refused, StatementFailed
from gcms_tui.core.identifier import Relation
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.plan import Plan, PlanKind
from gcms_tui.operations.backups.book import BackupBook
from gcms_tui.operations.backups.looks import NAME_TAKEN, TableLooks
from gcms_tui.operations.backups.restore_plans import RestorePlanner
from gcms_tui.operations.backups.tables import parsed
from gcms_tui.operations.writing.guarded_write import Ended, GuardedWrites, OnStep, Outcome, harmless
from gcms_tui.operations.writing.ports import JournalBook, PlanShelf

BATCH = "restore-"
"""Kept as one of a batch, such a plan is applied by nothing but `restore`, which compares afterwards."""


@dataclass(frozen=True, slots=True)
class Restored:
    """How it ended, and what comparing told."""

    ended: Ended
    verdict: Verdict
    """OK where the table is as the backup; UNKNOWN where nobody could look."""
    words: str
    differences: Differences | None = None


class Restoring:
    """Built only where writing is allowed. Blocking I/O. Raises `GcmsError`."""

    def __init__(
        self,
        book: BackupBook,
        looks: TableLooks,
        planner: RestorePlanner,
        writes: GuardedWrites,
        *,
        plans: PlanShelf,
        journal: JournalBook,
    ) -> None:
        self._book = book
        self._looks = looks
        self._planner = planner
        self._writes = writes
        self._plans = plans
        self._journal = journal

    def plan(self, table: str, backup: str, way: Way | None = None) -> Plan:
        """What would be done, by the way that is asked for, else by the one that what is there allows.

        Raises `Refused`: guard `not_ours` (the journal knows of no write that made it), `other_table`, `backup_gone`,
        `backup_changed`, `empty_backup`, `columns_differ`, `kinds_differ`, `way`, `nothing_to_restore`, `not_a_table`,
        `rows_hidden`.
        """
        relation = parsed(table)
        made = self._made(backup)
        if not relation.may_be(made.table):
            raise Refused(
                "Of another table",
                f"{made.clone} is a backup of {made.table}, not of {relation}.",
                "gcms-tui backup list names what there is.",
                guard="other_table",
            )
        plan = self._planner.plan(made, way)
        self._plans.keep(plan, batch=f"{BATCH}{secrets.token_hex(4)}")
        return plan

    def shown(self, plan_id: str, table: str, backup: str) -> Plan:
        """The plan that was shown for them. Raises `Refused`: guards `plan` (it is another), `not_ours`."""
        plan = self._plans.get(plan_id).plan
        whole = plan.kind is PlanKind.RESTORE and Relation.parse(plan.table).may_be(parsed(table))
        if not whole or Relation.parse(plan.source) != self._made(backup).clone:
            raise Refused(
                "Another plan",
                f"Plan {plan.short_id} does not bring {table[:200]} back from {backup[:200]}.",
                f"Show it again: gcms-tui backup restore {table[:200]} --from {backup[:200]}",
                guard="plan",
            )
        return plan

    def restore(self, plan_id: str, typed: str, reason: str, on_step: OnStep = lambda _: None) -> Restored:
        """Carry out exactly the plan that was shown, then compare the table with the backup.

        Raises as `GuardedWrites.apply`; as `plan` where the backup is no longer sound; `Unavailable` where a statement
        was not answered: it is in doubt then.
        """
        on_step = harmless(on_step)
        plan = self._plans.get(plan_id).plan
        if plan.kind is not PlanKind.RESTORE:
            raise Refused(
                "Another plan", f"Plan {plan.short_id} restores nothing.", "gcms-tui scd2 plans", guard="plan"
            )
        if plan.look is None:  # nothing of it is looked at once more by the write itself
            self._planner.require_sound(self._made(plan.source))
        try:
            ended = self._writes.apply(plan.plan_id, typed, reason, on_step)
        except StatementFailed as error:
            if error.code != NAME_TAKEN:
                raise
            raise Refused(
                "The name is taken",
                error.message,
                f"Nothing was restored. Look who made it, then show it again: gcms-tui backup restore {plan.table} …",
                guard="name_taken",
            ) from error
        if ended.outcome is not Outcome.APPLIED:
            return Restored(ended, Verdict.UNKNOWN, "nobody knows yet whether it was carried out")
        return self._compared(ended, on_step)

    def _compared(self, ended: Ended, on_step: OnStep) -> Restored:
        plan = ended.plan
        on_step(f"comparing {plan.table} with {plan.source}")
        try:
            found = self._looks.differences(Relation.parse(plan.table), Relation.parse(plan.source))
            restored = Restored(ended, Verdict.OK if found.alike else Verdict.FAIL, found.words, found)
        except GcmsError as error:
            restored = Restored(ended, Verdict.UNKNOWN, f"it could not be compared: {error.message}")
        said = {"table": plan.table, "backup": plan.source, "verdict": restored.verdict.name, "words": restored.words}
        try:
            self._journal.append(RESTORED, ended.write_id, said)
        except GcmsError as error:
            on_step(f"what was compared is not in the journal: {error.message}")
        return restored

    def _made(self, backup: str) -> Made:
        """By its name, with its schema or without. Raises `Refused` (guard `not_ours`)."""
        wanted = parsed(backup, schema="ANY")
        bare = "." not in backup
        for made in self._book.made():
            if made.clone.may_be(wanted) or (bare and made.clone.name.upper() == wanted.name.upper()):
                return made
        raise Refused(
            "Not one of ours",
            f"The journal knows of no write that made {backup[:200]}, whatever its name looks like.",
            "gcms-tui backup list names what there is; another store's backups are restored from its own console.",
            guard="not_ours",
        )
