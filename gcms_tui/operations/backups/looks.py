"""What is asked about tables and their clones, and the plan of a clone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gcms_tui.core.backups.restore import ColumnOf, Differences
from gcms_tui.core.conclusion import whole
from gcms_tui.core.errors import GcmsError, MissingRelation, Refused
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Relation, Schema
from gcms_tui.core.payroll.archive import Lasting
from gcms_tui.core.run import Person
from gcms_tui.core.writing.plan import Plan, PlanKind, Step
from gcms_tui.operations.ports import Clock, QueryLibrary, Warehouse

NAME_TAKEN = 2002
"""Snowflake's number for a name that is there already."""


@dataclass(frozen=True, slots=True)
class Found:
    """A table of a schema of backups."""

    relation: Relation
    kind: str
    rows: int | None
    created: datetime | None
    owner: str


class TableLooks:
    """Reads only. Safe from several threads. Every method raises `GcmsError` where it cannot look."""

    def __init__(self, warehouse: Warehouse, queries: QueryLibrary) -> None:
        self._warehouse = warehouse
        self._queries = queries

    def is_there(self, relation: Relation) -> bool:
        """A view too: its name is taken."""
        return bool(self._described("table_kind", relation))

    def kind(self, relation: Relation, instead: str = "Take the table that it reads from.") -> Lasting | None:
        """None where it is not there. Raises `Refused` (guard `not_a_table`) where it is a view; `instead`: what to do
        then."""
        rows = self._described("table_kind", relation)
        if not rows:
            return None
        kind = str(rows[0]["table_type"])
        if kind.upper() not in ("BASE TABLE", "TABLE"):
            raise Refused(
                "Not a table",
                f"{relation} is a {kind.lower()}: it has no rows of its own that a clone could keep.",
                instead,
                guard="not_a_table",
            )
        return Lasting.TRANSIENT if str(rows[0]["is_transient"]).upper() == "YES" else Lasting.PERMANENT

    def required_kind(self, relation: Relation, instead: str = "Take the table that it reads from.") -> Lasting:
        """Raises as `kind`, `MissingRelation` where it is not there."""
        kind = self.kind(relation, instead)
        if kind is None:
            raise MissingRelation(
                "A table is missing", f"{relation} is not there, or this role may not see it.", "Look at its grants."
            )
        return kind

    def columns(self, relation: Relation) -> tuple[ColumnOf, ...]:
        """In their order."""
        rows = self._described("table_columns", relation)
        return tuple(ColumnOf(str(row["column_name"]), str(row["data_type"]).upper()) for row in rows)

    def rows(self, relation: Relation) -> int:
        """Raises `MissingRelation`."""
        return whole(self._warehouse.read(self._queries.get("row_count").render({"table": relation})).rows[0][0])

    def stored_rows(self, relation: Relation) -> int | None:
        """As the warehouse keeps count, which no policy hides rows of; None where it does not tell."""
        rows = self._described("table_kind", relation)
        return None if not rows or rows[0]["row_count"] is None else whole(rows[0]["row_count"])

    def differences(self, table: Relation, backup: Relation) -> Differences:
        asked = self._queries.get("table_differences").render({"table": table, "backup": backup})
        return Differences(*map(whole, self._warehouse.read(asked).rows[0]))

    def readers(self, relation: Relation) -> tuple[str, ...] | None:
        """Roles that hold grants on it, and its owner where that is another role than the one that asks; None where the
        warehouse does not tell: an answer without an owner is not whole."""
        try:
            rows = self._described("table_grants", relation)
        except GcmsError:
            return None
        if not any(str(row["privilege"]).upper() == "OWNERSHIP" for row in rows):
            return None
        return tuple(dict.fromkeys(str(row["grantee"]) for row in rows if row["is_own"] is not True))

    def standing_in(self, schema: Schema) -> tuple[Found, ...]:
        asked = self._queries.get("backup_tables").render(
            {"information_schema": Schema("INFORMATION_SCHEMA", schema.database)}, {"schema_name": schema.name}
        )
        found = []
        for row in self._warehouse.read(asked).records():
            kind = Lasting.TRANSIENT if str(row["is_transient"]).upper() == "YES" else Lasting.PERMANENT
            rows, created = row["row_count"], row["created"]
            found.append(
                Found(
                    Relation(schema.name, str(row["table_name"]), schema.database),
                    kind.value,
                    None if rows is None else whole(rows),
                    created if isinstance(created, datetime) else None,
                    str(row["table_owner"] or ""),
                )
            )
        return tuple(found)

    def _described(self, query: str, relation: Relation) -> tuple[dict[str, Scalar], ...]:
        asked = self._queries.get(query).render(
            {"information_schema": relation.information_schema},
            {"schema_name": relation.schema, "table_name": relation.name},
        )
        return tuple(self._warehouse.read(asked).records())


class Cloner:
    """Makes plans of clones; writes nothing."""

    def __init__(self, target: str, looks: TableLooks, queries: QueryLibrary, person: Person, clock: Clock) -> None:
        self._target = target
        self._looks = looks
        self._queries = queries
        self._person = person
        self._clock = clock

    def plan(self, table: Relation, clone: Relation, reason: str = "as the table was before") -> Plan:
        """Clone the table to `clone`, of the table's own kind, and never over another.

        Raises `MissingRelation` where it is not there, `Refused` where it is no table.
        """
        kind, count = self._looks.required_kind(table), self._queries.get("row_count")
        schema = Schema(clone.schema, clone.database)
        return Plan(
            PlanKind.BACKUP,
            target=self._target,
            table=str(table),
            subject=str(clone),
            confirmation=str(clone),
            steps=(
                Step(self._queries.get("create_schema").render({"backup_schema": schema})),
                Step(self._queries.get(kind.query).render({"table": table, "backup": clone})),
            ),
            made_at=self._clock(),
            made_by=self._person,
            alike=(count.render({"table": table}), count.render({"table": clone})),
            reason=reason,
        )


def kind_of(plan: Plan) -> Lasting:
    """What kind of clone the plan makes."""
    return Lasting.of(plan.steps[-1].statement.query)
