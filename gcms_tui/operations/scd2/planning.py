"""From the rows of a key to a plan: the statements that repair, collapse or undo, each with the rows it must touch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from gcms_tui.core.errors import Refused
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Relation
from gcms_tui.core.query import Statement
from gcms_tui.core.run import Person
from gcms_tui.core.scd2.collapse import collapse
from gcms_tui.core.scd2.repair import Closing, decide
from gcms_tui.core.scd2.table import Closed, InForce, convention_of
from gcms_tui.core.scd2.version import NAMED, Version
from gcms_tui.core.writing.plan import Cell, Plan, PlanKind, Row, RowChange, Step, rows_of, same_rows
from gcms_tui.operations.backups.looks import Cloner, TableLooks
from gcms_tui.operations.ports import QueryLibrary, Warehouse
from gcms_tui.operations.scd2.tables import Scd2Table

_LONGEST_TYPED = 60
_COPIED = (
    "Rows are put back out of the clone: where a masking policy hides a column from the role that writes, the mask is "
    "what would be written, unnoticed. Write with a role that sees the values."
)
_CLOSE = {
    (True, True): "scd2_close_version",
    (True, False): "scd2_close_version_unstamped",
    (False, False): "scd2_end_version",
}
"""By whether the table has a flag, and a column that says when a row was written."""
_RESTORE = {
    (True, True): "scd2_restore_version",
    (True, False): "scd2_restore_version_unstamped",
    (False, False): "scd2_restore_end",
}


class Planner:
    """Makes plans; reads and writes nothing down. Every method raises `GcmsError` where it cannot look."""

    def __init__(
        self,
        target: str,
        *,
        warehouse: Warehouse,
        queries: QueryLibrary,
        person: Person,
        clock: Callable[[], datetime],
        backup_suffix: str,
    ) -> None:
        self._target = target
        self._warehouse = warehouse
        self._queries = queries
        self._person = person
        self._clock = clock
        self._backup_suffix = backup_suffix

    def convention(self, table: Scd2Table) -> InForce:
        """What closed versions of the table end by: one scan of it."""
        row = self._warehouse.read(table.render(self._queries.get("scd2_closing_convention"))).records()[0]
        closed = Closed(int(row["closed_day_before"] or 0), int(row["closed_same_instant"] or 0))  # type: ignore[arg-type]
        return convention_of(table.settings.closing, closed)

    def repair(
        self,
        table: Scd2Table,
        natural_key: str,
        in_force: InForce,
        *,
        keep: str | None = None,
        supersede: bool = False,
        backup: bool = True,
    ) -> Plan:
        """Raises `Refused` by the rules of `core.scd2.repair`, or `unrepairable`."""
        look, before, versions = self._versions(table, natural_key)
        decided = decide(versions, in_force.convention, keep=keep, supersede=supersede)
        after = tuple(version.row for version in decided.applied_to(versions))
        close = self._queries.get(_CLOSE[table.has_flag, table.stamped])
        steps = [Step(table.render(close, _closing_values(natural_key, closing)), 1) for closing in decided.closings]
        changes = tuple(
            RowChange(str(closing.before.scd_id), closing.before.row, closing.after.row, closing.why)
            for closing in decided.closings
        )
        plan = Plan(
            PlanKind.REPAIR,
            **self._frame(table, natural_key, look, before),
            steps=tuple(steps),
            set_when_applied=("updated_at",) if table.stamped else (),
            after=after,
            changes=changes,
            winner=str(decided.winner.scd_id),
            reason=decided.reason,
            warnings=(*((in_force.warning,) if in_force.warning else ()), *decided.warnings, *self._future(versions)),
        )
        return self._with_backup(table, plan) if backup else plan

    def collapse(self, table: Scd2Table, natural_key: str, scd_id: str) -> Plan:
        """Raises `Refused` by the rules of `core.scd2.collapse`, or `unrepairable`."""
        look, before, versions = self._versions(table, natural_key)
        decided = collapse(versions, scd_id)
        after = tuple(version.row for version in decided.applied_to(versions))
        copies = len(decided.removed) + 1
        clone = self._clone(table, f"{natural_key}\0{scd_id}\0{self._clock().isoformat()}")
        named = {"natural_key_value": natural_key, "scd_id_value": scd_id}
        kept = {f"{name}_value": getattr(decided.kept, name) for name in _PLACE}
        steps = (
            Step(table.render(self._queries.get("scd2_delete_copies"), named), copies),
            Step(table.render(self._queries.get("scd2_insert_copy"), {**named, **kept}, {"backup": clone}), 1),
        )
        changes = tuple(
            RowChange(scd_id, version.row, None, f"one of {copies} rows with this id") for version in decided.removed
        )
        return Plan(
            PlanKind.COLLAPSE,
            **self._frame(table, natural_key, look, before),
            steps=steps,
            after=after,
            changes=changes,
            winner=scd_id,
            reason=decided.reason,
            warnings=(*decided.warnings, _COPIED),
            backup=self.backup(table, clone),
        )

    def undo(self, table: Scd2Table, done: Plan, write_id: str, left: Sequence[Row]) -> Plan:
        """Take back the write `write_id`, whose plan was `done` and which left the rows `left`.

        Raises `Refused`: `rows_moved` where they are no longer so, `not_undoable` where the plan is of another kind,
        `target` where it was done on another target, `backup_gone` where the clone is that it would be put back from.
        """
        if done.target != self._target:
            raise Refused(
                "Another target",
                f"{write_id} was a write on {done.target}, and this console works on {self._target}.",
                f"gcms-tui --target {done.target} …",
                guard="target",
            )
        look, before, _ = self._versions(table, done.subject)
        if not same_rows(before, left):
            raise Refused(
                "The rows have moved",
                f"{done.subject[:80]} in {table.relation} is no longer as {write_id} left it.",
                "Look at its timeline: what was written since would be lost. Repair it as it is now.",
                guard="rows_moved",
            )
        steps, changes = self._backwards(table, done, before)
        plan = Plan(
            PlanKind.UNDO,
            **self._frame(table, done.subject, look, before),
            steps=steps,
            after=done.before,
            changes=changes,
            reason=f"takes back {write_id}",
            warnings=(_COPIED,) if done.kind is PlanKind.COLLAPSE else (),
            undoes=write_id,
        )
        return self._with_backup(table, plan)

    def backup_of(self, table: Scd2Table) -> Plan:
        """A clone of the table as it is now, under a name of its own."""
        return self.backup(table, self._clone(table, self._clock().isoformat()))

    def backup(self, table: Scd2Table, clone: Relation) -> Plan:
        """Clone the table to `clone`; transient where the table is. Raises `Refused` where it is no table."""
        looks = TableLooks(self._warehouse, self._queries)
        return Cloner(self._target, looks, self._queries, self._person, self._clock).plan(table.relation, clone)

    # -- the parts ---------------------------------------------------------------------------------------------------

    def _versions(self, table: Scd2Table, natural_key: str) -> tuple[Statement, tuple[Row, ...], tuple[Version, ...]]:
        if table.repairable:
            raise Refused(
                "Cannot be repaired from here", f"{table.relation}: {table.repairable}.", guard="unrepairable"
            )
        look = table.render(self._queries.get("scd2_key_versions"), {"natural_key_value": natural_key})
        rows = rows_of(self._warehouse.read(look), NAMED, table.written)
        if not rows:
            raise Refused(
                "No such key",
                f"{table.relation} has no version of {natural_key[:80]!r}; a row without a key cannot be repaired.",
                "Copy the key from the list of groups: it is compared to the letter.",
                guard="no_such_key",
            )
        try:
            return look, rows, tuple(Version.of(row) for row in rows)
        except ValueError as error:
            raise Refused(
                "Cannot be reckoned with", f"{table.relation}, {natural_key[:80]!r}: {error}.", guard="out_of_calendar"
            ) from None

    def _frame(self, table: Scd2Table, natural_key: str, look: Statement, before: tuple[Row, ...]) -> dict[str, Any]:
        """What every plan for a key says."""
        return {
            "target": self._target,
            "table": str(table.relation),
            "subject": natural_key,
            "confirmation": to_be_typed(natural_key),
            "made_at": self._clock(),
            "made_by": self._person,
            "look": look,
            "named": NAMED,
            "written": table.written,
            "before": before,
        }

    def _with_backup(self, table: Scd2Table, plan: Plan) -> Plan:
        return replace(plan, backup=self.backup(table, self._clone(table, plan.plan_id)))

    def _clone(self, table: Scd2Table, what: str) -> Relation:
        """A name of its own for each plan, so that no backup ever stands where another has stood."""
        digest = hashlib.sha256(what.encode("utf-8", errors="surrogatepass")).hexdigest()[:10].upper()
        relation = table.relation
        name = f"{relation.name[:200]}_{self._clock():%Y%m%d_%H%M%S}_{digest}"
        return Relation(f"{relation.schema}{self._backup_suffix}", name, relation.database)

    def _kinds(self, relation: Relation) -> Sequence[Mapping[str, Scalar]]:
        """What it is, in one row; in none where it is not there."""
        asked = self._queries.get("table_kind").render(
            {"information_schema": relation.information_schema},
            {"schema_name": relation.schema, "table_name": relation.name},
        )
        return self._warehouse.read(asked).records()

    def _backwards(
        self, table: Scd2Table, done: Plan, left: Sequence[Row]
    ) -> tuple[tuple[Step, ...], tuple[RowChange, ...]]:
        if done.kind is PlanKind.REPAIR:
            return self._reopening(table, done, left)
        if done.kind is PlanKind.COLLAPSE and done.backup is not None:
            scd_id = done.winner
            copies = sum(row["scd_id"] == scd_id for row in done.before)
            named = {"natural_key_value": done.subject, "scd_id_value": scd_id}
            insert = self._queries.get("scd2_insert_copies")
            clone = Relation.parse(done.backup.subject)
            if not self._kinds(clone):
                raise Refused(
                    "The backup is gone",
                    f"{clone}, which holds the rows that were taken out, is not there, or this role may not see it.",
                    "Bring it back where it was dropped lately: UNDROP TABLE.",
                    guard="backup_gone",
                )
            changes = tuple(RowChange(scd_id, None, change.before, "was collapsed") for change in done.changes)
            return (
                Step(table.render(self._queries.get("scd2_delete_copies"), named), 1),
                Step(table.render(insert, named, {"backup": clone}), copies),
            ), changes
        raise Refused(
            "Cannot be taken back",
            f"{done.kind.value} is not a write that is undone: its rows are as they were before another one.",
            "Repair the key as it is now.",
            guard="not_undoable",
        )

    def _reopening(
        self, table: Scd2Table, done: Plan, left: Sequence[Row]
    ) -> tuple[tuple[Step, ...], tuple[RowChange, ...]]:
        query = self._queries.get(_RESTORE[table.has_flag, table.stamped])
        now = {row["scd_id"]: row for row in left}
        steps, changes = [], []
        for change in done.changes:
            assert change.before is not None
            row = now[change.label]
            steps.append(
                Step(table.render(query, _restoring_values(done.subject, change.before, row, table.stamped)), 1)
            )
            changes.append(RowChange(change.label, row, change.before, "as it was before"))
        return tuple(steps), tuple(changes)

    def _future(self, versions: Sequence[Version]) -> tuple[str, ...]:
        now = f"{self._clock():%Y-%m-%d %H:%M:%S}.000000000"
        later = [version for version in versions if version.is_current and (version.effective_from or "") > now]
        if not later:
            return ()
        return (f"{len(later)} of the current versions begin in the future: until then none of them is valid.",)


_PLACE = ("effective_from", "effective_to", "recorded_at", "inserted_at")


def to_be_typed(natural_key: str) -> str:
    """The key itself where a person can type it, else a short name of it."""
    plain = natural_key.isascii() and natural_key.isprintable() and natural_key == natural_key.strip()
    if plain and 0 < len(natural_key) <= _LONGEST_TYPED:
        return natural_key
    return f"key {hashlib.sha256(natural_key.encode('utf-8', errors='surrogatepass')).hexdigest()[:8]}"


def _closing_values(natural_key: str, closing: Closing) -> Mapping[str, Scalar]:
    before = closing.before
    return {
        "natural_key_value": natural_key,
        "scd_id_value": before.scd_id,
        "close_at": closing.after.effective_to,
        "effective_from_value": before.effective_from,
        "effective_to_value": before.effective_to,
        "recorded_at_value": before.recorded_at,
    }


def _restoring_values(natural_key: str, before: Row, left: Row, stamped: bool) -> Mapping[str, Scalar]:
    values: dict[str, Cell] = {
        "natural_key_value": natural_key,
        "scd_id_value": before["scd_id"],
        "effective_to_before": before["effective_to"],
        "effective_from_value": left["effective_from"],
        "effective_to_value": left["effective_to"],
        "recorded_at_value": left["recorded_at"],
    }
    if stamped:
        values |= {"updated_at_before": before["updated_at"], "updated_at_value": left["updated_at"]}
    return values
