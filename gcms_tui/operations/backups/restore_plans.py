"""From a table and a backup to the plan that brings it back: by which way, and what stands against it."""

from __future__ import annotations

import secrets
from typing import Any

from gcms_tui.core.backups.made import Made
from gcms_tui.core.backups.names import before_name, beside_name, restore_id
from gcms_tui.core.backups.restore import STATE, Differences, Way, columns_differ, state_after, state_before
from gcms_tui.core.errors import MissingRelation, Refused
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.archive import Lasting
from gcms_tui.core.run import Person
from gcms_tui.core.writing.plan import Plan, PlanKind, Step
from gcms_tui.operations.backups.looks import Cloner, TableLooks
from gcms_tui.operations.ports import Clock, QueryLibrary

_MASKED = (
    "Rows are read out of the backup: where a masking policy hides a column from the role that writes, the mask is "
    "what would be written, unnoticed. Write with a role that sees the values."
)
_UNDROPPED = (
    "What comes back is the table that was dropped last under this name, which need not be what the backup holds: both "
    "are compared afterwards. A transient table can be had for a day at most."
)
_UNGRANTED = (
    "A clone has no grants of its own: but for future grants of its schema nobody else may read the table until they "
    "are given again."
)


class RestorePlanner:
    """Makes plans; writes nothing."""

    def __init__(
        self,
        target: str,
        looks: TableLooks,
        cloner: Cloner,
        queries: QueryLibrary,
        *,
        person: Person,
        clock: Clock,
        suffix: str,
    ) -> None:
        self._target = target
        self._looks = looks
        self._cloner = cloner
        self._queries = queries
        self._person = person
        self._clock = clock
        self._suffix = suffix

    def plan(self, made: Made, way: Way | None = None) -> Plan:
        """See `Restoring.plan`."""
        table, backup = made.table, made.clone
        kind = self.require_sound(made)
        present = self._looks.kind(table)
        gone = (Way.CLONE, Way.UNDROP)
        if present is None:
            if way not in (None, *gone):
                raise _no_way(f"{table} is not there: there is nothing to {way} with", f"--by {Way.CLONE}")
            return self._returned(made, table, backup, kind, way or Way.CLONE)
        if way in gone:
            raise _no_way(f"{table} is there, and {way} is for one that is gone", "Leave out --by.")
        differ = columns_differ(self._looks.columns(table), self._looks.columns(backup))
        if differ:
            raise Refused(
                "The columns differ",
                f"{table} and {backup} do not have the same columns: {differ}.",
                f"Bring the table's definition back first (git, dbt run), or move the table away and clone: "
                f"gcms-tui backup restore {table} --from {backup} --by {Way.CLONE}",
                guard="columns_differ",
            )
        found = self._looks.differences(table, backup)
        if found.alike:
            raise Refused("Nothing to restore", f"{table} and {backup} hold the same rows.", guard="nothing_to_restore")
        chosen, why, warnings = self._way(table, backup, present, kind, way)
        if chosen is Way.INSERT:
            self._require_all_seen(backup, found.backup_rows)
        return self._replaced(made, table, backup, present, found, chosen, why, warnings)

    # -- what stands against it --------------------------------------------------------------------------------------

    def require_sound(self, made: Made) -> Lasting:
        """The backup's kind. Raises `Refused` where it is gone, empty, or not what was made."""
        backup = made.clone
        kind = self._looks.kind(backup)
        try:
            rows = self._looks.rows(backup) if kind else None
        except MissingRelation:
            rows = None
        if kind is None or rows is None:
            raise Refused(
                "The backup is gone",
                f"{backup}, made {made.made_at:%Y-%m-%d %H:%M} UTC by {made.user}, is not there, or this role may not "
                "see it.",
                "Bring it back where it was dropped lately (UNDROP TABLE), or take another: gcms-tui backup list",
                guard="backup_gone",
            )
        if rows == 0:
            raise Refused(
                "The backup is empty", f"{backup} holds no rows.", "Take another: gcms-tui backup list",
                guard="empty_backup",
            )  # fmt: skip
        if made.rows not in (None, rows):
            raise Refused(
                "The backup has changed",
                f"{backup} was made with {made.rows:,} rows and holds {rows:,}: somebody has written to it, or made it "
                "anew.",
                "Find out who, and take another: gcms-tui backup list",
                guard="backup_changed",
            )
        return kind

    def _require_all_seen(self, backup: Relation, seen: int) -> None:
        """Raises `Refused` where rows of the backup would not come back, because they are hidden from whoever reads."""
        stored = self._looks.stored_rows(backup)
        if stored is not None and stored > seen:
            raise Refused(
                "Rows are hidden",
                f"{backup} holds {stored:,} rows, and this role sees {seen:,}: a row access policy hides the others, "
                "which would be lost.",
                f"Write with a role that sees them all, or swap: --by {Way.SWAP}",
                guard="rows_hidden",
            )

    def _way(
        self, table: Relation, backup: Relation, present: Lasting, kind: Lasting, way: Way | None
    ) -> tuple[Way, str, tuple[str, ...]]:
        """By which way, why, and what is to be known of it."""
        if way is Way.SWAP and present is not kind:
            raise Refused(
                "Of two kinds",
                f"{table} is {present.value} and {backup} is {kind.value}: swapped, the table would be {kind.value}.",
                f"Put the rows back instead: --by {Way.INSERT}",
                guard="kinds_differ",
            )
        readers = self._looks.readers(table)
        if way is Way.INSERT:
            return way, "as it was asked for", (_MASKED,)
        if way is Way.SWAP:
            return way, "as it was asked for", (_swapped(readers),)
        if present is not kind:
            return Way.INSERT, f"the table is {present.value}, and the backup {kind.value}", (_MASKED,)
        if readers is None:
            return Way.INSERT, "who else holds grants on the table is not known, and so they stay", (_MASKED,)
        if readers:
            return Way.INSERT, f"the grants of {_named(readers)} stay with the table", (_MASKED,)
        return Way.SWAP, "nobody else holds grants on the table", (_swapped(readers),)

    # -- the plans ---------------------------------------------------------------------------------------------------

    def _replaced(
        self,
        made: Made,
        table: Relation,
        backup: Relation,
        present: Lasting,
        found: Differences,
        way: Way,
        why: str,
        warnings: tuple[str, ...],
    ) -> Plan:
        """The table is cloned away first; what is read before and after compares it with that clone and the backup."""
        of_restore = restore_id(self._clock(), secrets.token_hex(3))
        before = before_name(table, self._suffix, of_restore)
        look = self._queries.get("restore_state").render({"table": table, "before": before, "backup": backup})
        if way is Way.SWAP:
            beside = beside_name(table, of_restore)
            steps: tuple[Step, ...] = (
                Step(self._queries.get(present.query).render({"table": backup, "backup": beside})),
                Step(self._queries.get("swap_tables").render({"table": table, "restored": beside})),
            )
            warnings = (*warnings, f"The table as it is now stays as {beside} until somebody drops it.")
        else:
            overwrite = self._queries.get("overwrite_table").render({"table": table, "backup": backup})
            steps = (Step(overwrite, found.backup_rows),)
        return Plan(
            **self._frame(made, table, f"{way.value}: {why}; {found.words}"),
            steps=steps,
            look=look,
            named=STATE,
            before=(state_before(found),),
            after=(state_after(found),),
            backup=self._cloner.plan(table, before, "as the table was before it was restored"),
            warnings=warnings,
            defines=way is Way.SWAP,
        )

    def _returned(self, made: Made, table: Relation, backup: Relation, kind: Lasting, way: Way) -> Plan:
        """The table is gone: nothing is overwritten, and there is nothing to clone away."""
        count = self._queries.get("row_count")
        there = count.render({"table": table})
        if way is Way.UNDROP:
            step = Step(self._queries.get("undrop_table").render({"table": table}))
            frame = self._frame(made, table, f"{way.value}: the table is gone")
            return Plan(**frame, steps=(step,), alike=(there,), warnings=(_UNDROPPED,))
        step = Step(self._queries.get(kind.query).render({"table": backup, "backup": table}))
        frame = self._frame(made, table, f"{way.value}: the table is gone; it will be {kind.value}")
        return Plan(**frame, steps=(step,), alike=(count.render({"table": backup}), there), warnings=(_UNGRANTED,))

    def _frame(self, made: Made, table: Relation, reason: str) -> dict[str, Any]:
        return {
            "kind": PlanKind.RESTORE,
            "target": self._target,
            "table": str(table),
            "subject": str(table),
            "confirmation": str(table),
            "made_at": self._clock(),
            "made_by": self._person,
            "source": str(made.clone),
            "reason": reason,
        }


def _no_way(message: str, next_step: str) -> Refused:
    return Refused("Not by this way", f"{message}.", next_step, guard="way")


def _named(readers: tuple[str, ...]) -> str:
    others = f" and {len(readers) - 5} more" if len(readers) > 5 else ""
    return f"{', '.join(readers[:5])}{others}"


def _swapped(readers: tuple[str, ...] | None) -> str:
    """What SWAP does to grants."""
    held = (
        "Who holds grants on it is not known"
        if readers is None
        else f"{_named(readers)} would lose the table"
        if readers
        else "Nobody else holds any"
    )
    return (
        "SWAP changes two names in one step, and grants, tags and comments go with each table: the restored one has "
        f"what a fresh clone has, its own owner and future grants alone. {held}. Grant again what is missing."
    )
