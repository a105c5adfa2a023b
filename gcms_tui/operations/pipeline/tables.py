"""The tables that come from Supabase: where each of them is, and what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from gcms_tui.core.conclusion import whole
from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.errors import StatementFailed
from gcms_tui.core.finding import Scalar
from gcms_tui.core.freshness import pick_timestamp_column
from gcms_tui.core.identifier import Column, NoColumn, Relation, Schema
from gcms_tui.core.pipeline.airbyte import Connection
from gcms_tui.core.pipeline.trail import Side
from gcms_tui.core.settings import Settings, SourceSettings
from gcms_tui.operations.payroll.ports import SupabaseReader
from gcms_tui.operations.ports import QueryLibrary, Warehouse
from gcms_tui.operations.questions import DbtFiles

PREFIX = "supabase_"
"""What stands before a table's name where it is landed, where Airbyte has not said so."""

_CHANGED = "UPDATED_AT"


@dataclass(frozen=True, slots=True)
class WatchedTable:
    landed: Relation
    stream: str
    """Its name in Supabase."""
    source: SourceSettings | None
    """What gcms.toml says of it; None where it is Airbyte alone that names it."""
    connection: Connection | None = None
    """Whose stream it is."""

    @property
    def unlinked(self) -> WatchedTable:
        """As it is known before Airbyte has said anything."""
        return replace(self, connection=None)


def watched_tables(settings: Settings, connections: Iterable[Connection]) -> tuple[WatchedTable, ...]:
    """Those of gcms.toml in its order, then what Airbyte lands beside them."""
    # Of two connections that land one table, the one that syncs is taken for it.
    ordered = sorted(connections, key=lambda one: one.status != "active")
    streams = [(one, stream, name.upper()) for one in ordered for stream, name in one.landed]
    found = []
    for source in settings.sources:
        name = source.table.name.upper()
        connection, stream = next(((one, stream) for one, stream, landed in streams if landed == name), (None, ""))
        stream = stream or source.table.name.lower().removeprefix(PREFIX)
        found.append(WatchedTable(source.table, stream, source, connection))
    named = {item.landed.name.upper() for item in found}
    raw = Schema.parse(settings.schemas.raw)
    for one, stream, name in streams:
        if name not in named:
            named.add(name)
            found.append(WatchedTable(Relation(raw.name, name, raw.database), stream, None, one))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class TableReader:
    """What lies where during one pass. Blocking I/O; safe from several threads."""

    settings: Settings
    supabase: SupabaseReader
    warehouse: Warehouse
    queries: QueryLibrary
    files: DbtFiles

    def in_supabase(self, table: WatchedTable) -> Side:
        """Raises `GcmsError`."""
        try:
            schema = Relation.parse_postgres(self.settings.supabase.payment_table).schema
        except ValueError:
            schema = "public"  # whoever asks for payments says what is wrong with it
        statement = self.queries.get("supabase_newest_rows").render({"table": Relation(schema, table.stream)})
        return _side(self.supabase.read(statement).records()[0])

    def landed(self, table: WatchedTable) -> Side:
        """Raises `GcmsError`."""
        return self._newest(table.landed, table.source.timestamp_column if table.source else None)

    def bronze(self, table: WatchedTable) -> Side | str | None:
        """The oldest of the models that read it, None where none does; why that is not known. Raises `GcmsError`."""
        manifest = self.files.manifest()
        if not isinstance(manifest, Manifest):
            return manifest.message
        readers = tuple(_readers(manifest, table.landed))
        sides = [self._newest(relation, None) for relation in readers]
        dated = [side for side in sides if side.loaded_at is not None or side.changed_at is not None]
        return min(dated, key=_age) if dated else sides[0] if sides else None

    def _newest(self, relation: Relation, loaded_at: str | None) -> Side:
        columns = self.warehouse.read(
            self.queries.get("table_columns").render(
                {"information_schema": relation.information_schema},
                {"schema_name": relation.schema, "table_name": relation.name},
            )
        )
        stored = {str(row[0]) for row in columns.rows}
        if not stored:
            raise StatementFailed(
                "Not there", f"{relation} does not exist, or the role may not see it.", "Load or build it, or grant it."
            )
        loaded = Column.parse(loaded_at).name if loaded_at else pick_timestamp_column(stored)
        changed = next((name for name in sorted(stored) if name.upper() == _CHANGED), None)
        statement = self.queries.get("newest_rows").render(
            {
                "table": relation,
                "updated_at": Column(changed) if changed else NoColumn(),
                "loaded_at": Column(loaded) if loaded else NoColumn(),
            }
        )
        return _side(self.warehouse.read(statement).records()[0])


def _side(row: dict[str, Scalar]) -> Side:
    return Side(whole(row["row_count"]), _moment(row["last_update"]), _moment(row.get("last_load")))


def _moment(value: Scalar) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _age(side: Side) -> datetime:
    newest = side.loaded_at or side.changed_at
    assert newest is not None
    return newest


def _readers(manifest: Manifest, landed: Relation) -> Iterator[Relation]:
    """The tables that are built of it at the first hand; what dbt keeps in no table is looked through."""
    waiting = [node.unique_id for node in manifest.sources.values() if _is(node, landed)]
    seen = set(waiting)
    while waiting:
        above = waiting.pop()
        for node in manifest.nodes.values():
            if above not in node.depends_on or node.unique_id in seen or node.resource_type not in _TABLES:
                continue
            seen.add(node.unique_id)
            relation = _relation(node)
            if relation is None:
                waiting.append(node.unique_id)
            else:
                yield relation


_TABLES = frozenset({"model", "snapshot"})


def _is(node: Node, table: Relation) -> bool:
    relation = _relation(node)
    return relation is not None and relation.may_be(table)


def _relation(node: Node) -> Relation | None:
    try:
        return Relation.parse(node.relation_name) if node.relation_name else None
    except ValueError:
        return None
