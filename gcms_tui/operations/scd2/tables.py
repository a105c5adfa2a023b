"""The SCD2 tables of the project: which there are, and what each looks like in the warehouse."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gcms_tui.core.dbt_manifest import FoundScd2
from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Column, Identifier, NoColumn, Relation
from gcms_tui.core.query import Query, Statement
from gcms_tui.core.scd2.table import identifiers
from gcms_tui.core.settings import Scd2TableSettings, Settings
from gcms_tui.operations.checks import scd2_tables
from gcms_tui.operations.ports import DbtProject, QueryLibrary, Warehouse
from gcms_tui.operations.questions import DbtFiles

_RECKONED = ("effective_from", "effective_to", "recorded_at", "inserted_at")
_MOMENTS = ("DATE", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ")


@dataclass(frozen=True, slots=True)
class Scd2Table:
    """One table as the statements name it."""

    name: str
    """Unique among them: `br_attendance_scd2`."""
    settings: Scd2TableSettings
    stamped: bool
    """It has a column that says when a row was last written."""
    repairable: str = ""
    """Why it cannot be repaired from here; empty where it can."""
    unique_id: str = ""
    """dbt's id of it, where the manifest knows it."""

    @property
    def relation(self) -> Relation:
        return self.settings.table

    @property
    def has_flag(self) -> bool:
        return self.settings.is_current is not None

    @property
    def written(self) -> tuple[str, ...]:
        """The columns that a repair writes, as an answer names them."""
        names = [self.settings.effective_to, self.settings.is_current or ""]
        names += [self.settings.updated_at or ""] if self.stamped else []
        return tuple(_answered(Column.parse(name)) for name in names if name)

    def identifiers(self) -> dict[str, Identifier]:
        stamp: Identifier = Column.parse(self.settings.updated_at or "") if self.stamped else NoColumn()
        return {**identifiers(self.settings), "updated_at": stamp}

    def render(
        self, query: Query, values: Mapping[str, Scalar] | None = None, further: Mapping[str, Identifier] | None = None
    ) -> Statement:
        """`query` over this table; it gets those of the table's names that it wants."""
        known = {**self.identifiers(), **(further or {})}
        return query.render({item.name: known[item.name] for item in query.placeholders}, values)


@dataclass(frozen=True, slots=True)
class Listed:
    """A table that holds versions, or looks so."""

    name: str
    table: str
    """As a person writes it."""
    problem: str = ""
    """Why it cannot be checked; empty where it can."""


class Scd2Tables:
    """Those that the configuration names, and those that dbt's manifest knows beside them. Safe from several threads.

    What a table looks like in the warehouse is asked once.
    """

    def __init__(self, settings: Settings, project: DbtProject, warehouse: Warehouse, queries: QueryLibrary) -> None:
        self._settings = settings
        self._project = project
        self._warehouse = warehouse
        self._queries = queries
        self._lock = threading.Lock()
        self._known: dict[str, Scd2Table] = {}

    def listed(self) -> tuple[Listed, ...]:
        """Raises `GcmsError` where nothing names any."""
        found, why = scd2_tables(self._settings, DbtFiles(self._project))
        if not found and why:
            raise Refused("No SCD2 table is known", why, "Name them as [[scd2]] in gcms.toml, or run dbt parse.")
        return tuple(
            Listed(name, str(item.table.table) if item.table else item.name, item.problem)
            for name, item in sorted(found.items())
        )

    def get(self, name: str) -> Scd2Table:
        """By its name, with its schema or without. Raises `UsageError` where there is none, `GcmsError` where the
        warehouse cannot be asked what it looks like."""
        found, why = scd2_tables(self._settings, DbtFiles(self._project))
        known, item = self._named(name, found, why)
        with self._lock:
            if known not in self._known:
                self._known[known] = self._described(known, item)
            return self._known[known]

    def model_of(self, table: Scd2Table) -> str:
        """What dbt's selectors know it by. Raises `Refused` where the project does not build it."""
        manifest = self._project.manifest()
        for node in manifest.nodes.values():
            if node.resource_type in ("model", "snapshot") and node.relation_name and _is(node.relation_name, table):
                return node.name
        raise Refused("dbt does not know it", f"No model of the project builds {table.relation}.", "Test it by hand.")

    def _named(self, name: str, found: Mapping[str, FoundScd2], why: str) -> tuple[str, FoundScd2]:
        wanted = name.strip()
        for exactly in (True, False):  # names in quotes may differ in nothing but their case
            for known, item in found.items():
                forms = _forms(known, item)
                if wanted in forms if exactly else wanted.lower() in map(str.lower, forms):
                    return known, item
        near = difflib.get_close_matches(wanted.lower(), found, n=1)
        raise UsageError(
            "No such SCD2 table",
            f"{name!r} is none of: {', '.join(sorted(found)) or why}.",
            f"Do you mean {near[0]}?" if near else "gcms-tui scd2 list",
        )

    def _described(self, name: str, item: FoundScd2) -> Scd2Table:
        if item.table is None:
            raise Refused(
                "Cannot be checked",
                f"{item.name}: {item.problem}.",
                "Describe it as a table of [[scd2]] in gcms.toml, with its column names.",
            )
        table = item.table
        asked = self._queries.get("table_columns").render(
            {"information_schema": table.table.information_schema},
            {"schema_name": table.table.schema, "table_name": table.table.name},
        )
        types = {str(row[0]): str(row[1]).upper() for row in self._warehouse.read(asked).rows}
        if not types:
            raise GcmsError(
                "A table is missing",
                f"{table.table} has no columns that this role may see.",
                "Build it (dbt run), or ask for the right to see it.",
            )
        stamped = (
            table.is_current is not None
            and table.updated_at is not None
            and Column.parse(table.updated_at).name in types
        )
        return Scd2Table(name, table, stamped, _unrepairable(table, types, stamped), item.unique_id)


def _unrepairable(table: Scd2TableSettings, types: Mapping[str, str], stamped: bool) -> str:
    """Why a repair, or its undo, would not keep what the columns hold; empty where it would."""
    named = {name: getattr(table, name) for name in (*_RECKONED, *(["updated_at"] if stamped else []))}
    of = {name: types.get(Column.parse(column).name, "") for name, column in named.items()}
    if zoned := [name for name, kind in of.items() if kind == "TIMESTAMP_TZ"]:
        return f"{', '.join(zoned)} keeps an offset of its own (TIMESTAMP_TZ), which a repair would lose"
    written = {name: kind for name, kind in of.items() if name in ("effective_to", "updated_at")}
    if other := [f"{name} is of the type {kind}" for name, kind in written.items() if kind and kind not in _MOMENTS]:
        return f"{', '.join(other)}, and a repair writes moments"
    flag = types.get(Column.parse(table.is_current).name, "BOOLEAN") if table.is_current else "BOOLEAN"
    return "" if flag == "BOOLEAN" else f"its flag is of the type {flag}, and a repair sets true and false"


def _forms(known: str, item: FoundScd2) -> tuple[str, ...]:
    """What a person may call it."""
    if item.table is None:
        return known, item.name
    table = item.table.table
    return known, item.name, str(table), f"{table.schema}.{table.name}", str(replace(table, database=None))


def _answered(column: Column) -> str:
    """The column's name as an answer has it."""
    return column.name.lower() if column.name == column.name.upper() else column.name


def _is(relation_name: str, table: Scd2Table) -> bool:
    try:
        return Relation.parse(relation_name).may_be(table.relation)
    except ValueError:
        return False
