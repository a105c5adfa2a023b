"""What kind the table is that payroll is paid from: only a table with rows of its own can be archived in the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gcms_tui.core.errors import MissingRelation, Refused
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.archive import Lasting
from gcms_tui.operations.ports import QueryLibrary, Warehouse


class TableKinds:
    """Blocking I/O."""

    def __init__(self, warehouse: Warehouse, queries: QueryLibrary) -> None:
        self._warehouse = warehouse
        self._queries = queries

    def is_there(self, relation: Relation) -> bool:
        return bool(self._rows(relation))

    def lasting(self, fact: Relation) -> Lasting:
        """Raises `Refused` (guard `not_a_table`) for a view, `MissingRelation`."""
        rows = self._rows(fact)
        if not rows:
            raise MissingRelation(
                "A table is missing", f"{fact} is not there, or this role may not see it.", "Look at its grants."
            )
        kind = str(rows[0]["table_type"])
        if kind.upper() not in ("BASE TABLE", "TABLE"):
            raise Refused(
                "Not a table",
                f"{fact} is a {kind.lower()}: it has no rows of its own that a clone could keep.",
                "Name the table that payroll is paid from: fact under [payroll] in gcms.toml.",
                guard="not_a_table",
            )
        return Lasting.TRANSIENT if str(rows[0]["is_transient"]).upper() == "YES" else Lasting.PERMANENT

    def _rows(self, relation: Relation) -> Sequence[Mapping[str, Scalar]]:
        """What it is, in one row; in none where it is not there."""
        asked = self._queries.get("table_kind").render(
            {"information_schema": relation.information_schema},
            {"schema_name": relation.schema, "table_name": relation.name},
        )
        return self._warehouse.read(asked).records()
