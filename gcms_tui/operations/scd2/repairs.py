"""Repairing SCD2 tables: plans are made and kept, applied under guard, taken back, and proven."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError, Refused, Unavailable, UsageError
from gcms_tui.core.scd2.scan import GroupOrder
from gcms_tui.core.scd2.table import InForce
from gcms_tui.core.writing.doubt import intent_of, rows_left
from gcms_tui.core.writing.journal import INTENT
from gcms_tui.core.writing.plan import Plan, PlanKind, Row
from gcms_tui.operations.scd2.browse import Scd2Browser
from gcms_tui.operations.scd2.planning import Planner
from gcms_tui.operations.scd2.tables import Scd2Table, Scd2Tables
from gcms_tui.operations.writing.guarded_write import Ended, GuardedWrites, OnStep, Outcome, harmless
from gcms_tui.operations.writing.ports import JournalBook, KeptPlan, PlanShelf

BATCH_PREFIX = "batch-"
"""What a batch's id begins with, and no plan's does."""
BATCH_MOST = 500
"""Groups of one batch at most: each was looked at, and each is applied in a transaction of its own."""
_AT_ONCE = 8
"""Keys that are read side by side."""


@dataclass(frozen=True, slots=True)
class RefusedKey:
    """A key for which there is no plan."""

    natural_key: str
    refused: Refused


@dataclass(frozen=True, slots=True)
class Batch:
    """Plans for many keys of one table."""

    batch_id: str
    table: str
    plans: tuple[Plan, ...]
    refused: tuple[RefusedKey, ...] = ()
    more: bool = False
    """There are groups beyond the most that one batch takes."""

    @property
    def confirmation(self) -> str:
        """What has to be typed."""
        return batch_confirmation(len(self.plans))


def batch_confirmation(keys: int) -> str:
    """What has to be typed for a batch of so many."""
    return counted(keys, "key")


@dataclass(frozen=True, slots=True)
class BatchEnded:
    """What became of a batch."""

    batch_id: str
    backup: str
    applied: tuple[Ended, ...]
    skipped: tuple[str, ...] = ()
    """Keys that had been done before."""
    missed: tuple[str, ...] = ()
    """Keys whose plan had been used before and is not known to have been applied: it was refused, or is in doubt."""
    stopped_at: str = ""
    """The key at which it stopped; empty where it came to the end."""
    surprise: GcmsError | None = None
    """Why it stopped."""
    left: tuple[str, ...] = field(default=())
    """Keys that were not come to."""


class Scd2Repairs:
    """Built only where writing is allowed. Blocking I/O.

    What proposes keeps the plan on the shelf and answers it; what applies takes a plan by its id. Raises `GcmsError`.
    """

    def __init__(
        self,
        tables: Scd2Tables,
        browser: Scd2Browser,
        planner: Planner,
        writes: GuardedWrites,
        *,
        plans: PlanShelf,
        journal: JournalBook,
    ) -> None:
        self._tables = tables
        self._browser = browser
        self._planner = planner
        self._writes = writes
        self._plans = plans
        self._journal = journal

    def convention(self, name: str) -> InForce:
        """What the table's closed versions end by."""
        return self._planner.convention(self._tables.get(name))

    def propose(self, name: str, natural_key: str, *, keep: str | None = None, supersede: bool = False) -> Plan:
        """The repair of one key. Raises `Refused` with the guard's name where the rules forbid it."""
        table = self._tables.get(name)
        plan = self._planner.repair(table, natural_key, self._planner.convention(table), keep=keep, supersede=supersede)
        return self._kept(plan)

    def propose_collapse(self, name: str, natural_key: str, scd_id: str) -> Plan:
        """Keep one of the rows that share an id."""
        return self._kept(self._planner.collapse(self._tables.get(name), natural_key, scd_id))

    def propose_undo(self, write_id: str) -> Plan:
        """Take back a repair or a collapse that was applied. Raises `Refused`, `UsageError`."""
        entries = self._journal.about(write_id)
        begun = next((entry for entry in entries if entry.kind == INTENT), None)
        if begun is None:
            raise UsageError("No such repair", f"{write_id!r} is no write.", "gcms-tui journal list --kind write.")
        try:
            intent, left = intent_of(begun), rows_left(entries)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise GcmsError(
                "The journal was changed",
                f"What it says of {begun.subject} cannot be read: somebody has edited it.",
                "gcms-tui journal verify tells more.",
            ) from None
        if intent.get("kind") not in _UNDONE:
            raise Refused(
                "Cannot be taken back",
                f"{begun.subject} is no repair and no collapse, but of the kind {intent.get('kind')}.",
                "Repair the key as it is now.",
                guard="not_undoable",
            )
        if left is None:
            raise Refused(
                "Not applied",
                f"{begun.subject} is not known to have been applied: there is nothing to take back.",
                "Where it is in doubt, have it settled first: gcms-tui journal doubts --settle.",
                guard="not_applied",
            )
        return self._undo_of(begun.subject, self._plans.get(intent["plan"]), left)

    def propose_batch(
        self, name: str, *, containing: str = "", order: GroupOrder = GroupOrder.KEY, most: int = BATCH_MOST
    ) -> Batch:
        """A plan for every duplicate group whose key holds `containing`; those that are refused say why."""
        table = self._tables.get(name)
        in_force = self._planner.convention(table)
        page = self._browser.groups(name, order=order, containing=containing, size=min(most, BATCH_MOST))
        batch_id = f"{BATCH_PREFIX}{secrets.token_hex(4)}"
        with ThreadPoolExecutor(_AT_ONCE) as several:  # one after the other they would take minutes
            made = list(several.map(partial(self._planned, table, in_force), (one.natural_key for one in page.groups)))
        plans = [plan for plan in made if isinstance(plan, Plan)]
        refused = [plan for plan in made if isinstance(plan, RefusedKey)]
        for plan in plans:
            self._plans.keep(plan, batch=batch_id)
        return Batch(batch_id, str(table.relation), tuple(plans), tuple(refused), page.after is not None)

    def _planned(self, table: Scd2Table, in_force: InForce, natural_key: str) -> Plan | RefusedKey:
        try:
            return self._planner.repair(table, natural_key, in_force, backup=False)
        except Refused as error:
            return RefusedKey(natural_key, error)

    def kept(self, reference: str) -> KeptPlan:
        """A plan as it was shown. Raises `UsageError`."""
        return self._plans.get(reference)

    def apply(self, reference: str, typed: str, reason: str, on_step: OnStep = lambda _: None) -> Ended:
        """Carry out a plan. See `GuardedWrites.apply`. Raises `Refused` (guard `batch`) for one of a batch."""
        kept = self._plans.get(reference)
        if kept.batch:
            raise Refused(
                "One of a batch",
                f"Plan {kept.plan.short_id} makes no backup of its own: {kept.batch} makes one for all of its keys.",
                "Apply the batch, or plan the key by itself.",
                guard="batch",
            )
        return self._writes.apply(kept.plan.plan_id, typed, reason, on_step)

    def apply_batch(
        self,
        batch_id: str,
        typed: str,
        reason: str,
        on_step: OnStep = lambda _: None,
        asked_to_stop: Callable[[], bool] = lambda: False,
    ) -> BatchEnded:
        """Back the table up once, then each plan in its own transaction, until the first surprise, or until somebody
        has asked it to stop, which ends it behind the key that it is at.

        Applied again it goes on where it stopped: plans that were used are passed over.
        """
        on_step = harmless(on_step)
        kept = self._plans.batch(batch_id)
        if typed != (wanted := batch_confirmation(len(kept))):
            raise Refused("Not confirmed", f"{typed[:80]!r} is not it.", f"Type: {wanted}", guard="confirmation")
        done = [one.plan.subject for one in kept if one.used_by and self._was_applied(one.used_by)]
        missed = [one.plan.subject for one in kept if one.used_by and one.plan.subject not in done]
        ended = BatchEnded(batch_id, "", (), tuple(done), tuple(missed))
        open_plans = [one.plan for one in kept if not one.used_by]
        if not open_plans:
            return ended
        self._writes.check(open_plans[0].plan_id, open_plans[0].confirmation, reason)  # before a clone is made
        ended = replace(ended, backup=self._backup_for(open_plans[0], reason, on_step))
        for number, plan in enumerate(open_plans, 1):
            on_step(f"key {number} of {len(open_plans)}")
            surprise: GcmsError | None = _STOPPED if asked_to_stop() else None
            if surprise is None:
                try:
                    one = self._writes.apply(plan.plan_id, plan.confirmation, reason)
                    ended = replace(ended, applied=(*ended.applied, one))
                    surprise = _unknown(one)
                except GcmsError as error:
                    surprise = error
            if surprise is not None:
                begun = number - 1 if surprise is _STOPPED else number
                left = tuple(other.subject for other in open_plans[begun:])
                return replace(ended, stopped_at=plan.subject, surprise=surprise, left=left)
        return ended

    def _was_applied(self, write_id: str) -> bool:
        """As far as the journal knows."""
        try:
            return rows_left(self._journal.about(write_id)) is not None
        except (UsageError, AttributeError, KeyError, TypeError, ValueError):
            return False

    def _backup_for(self, plan: Plan, reason: str, on_step: OnStep) -> str:
        on_step("backing up")
        backup = self._kept(self._planner.backup_of(self._tables.get(plan.table)))
        ended = self._writes.apply(backup.plan_id, backup.confirmation, reason)
        if ended.note:
            raise Refused(
                "No journal, no write", ended.note, "Make the journal writable, then apply it again.", guard="journal"
            )
        return ended.backup

    def _undo_of(self, write_id: str, done: KeptPlan, left: Sequence[Row]) -> Plan:
        return self._kept(self._planner.undo(self._table_of(done.plan), done.plan, write_id, left))

    def _table_of(self, plan: Plan) -> Scd2Table:
        return self._tables.get(plan.table)

    def _kept(self, plan: Plan) -> Plan:
        self._plans.keep(plan)
        return plan


_UNDONE = (PlanKind.REPAIR, PlanKind.COLLAPSE)
_STOPPED = Refused(
    "Stopped", "Somebody asked it to stop, between two keys.", "Applied again it goes on there.", guard="stopped"
)


def _unknown(ended: Ended) -> GcmsError | None:
    """What is surprising about the end of a write; None where it is known and on record."""
    if ended.outcome is Outcome.APPLIED and not ended.note:
        return None
    return Unavailable("The outcome is not known", ended.note, "gcms-tui journal doubts --settle")
