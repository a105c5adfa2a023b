"""What the server says about its own tables and views: INFORMATION_SCHEMA, SHOW and DESCRIBE, exact and current.

What DuckDB does not know of a table (that it is transient, when it was made, its comment) stands as JSON in DuckDB's
own comment on it: written in the transaction of the CREATE, it follows a rename and goes with a DROP.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from gcms_tui.sandbox.warehouse.history import QueryHistory
from gcms_tui.sandbox.warehouse.locks import TableName
from gcms_tui.sandbox.warehouse.parameters import matches


@dataclass(frozen=True)
class Facts:
    """What is kept in DuckDB's comment."""

    transient: bool = False
    created: str = ""
    """UTC ISO time; empty for a table that was in the file before any server."""
    comment: str = ""

    @classmethod
    def read(cls, text: str | None) -> Facts:
        try:
            fields = json.loads(text or "")
            return cls(bool(fields["transient"]), str(fields["created"]), str(fields["comment"]))
        except (ValueError, KeyError, TypeError):
            return cls(comment=text or "")

    def text(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Relation:
    """A table or view as the catalogue shows it."""

    name: TableName
    is_view: bool
    facts: Facts
    created: datetime
    last_altered: datetime
    row_count: int | None
    temporary: bool = False
    definition: str | None = None

    @property
    def kind(self) -> str:
        """As SHOW TABLES puts it."""
        if self.temporary:
            return "TEMPORARY"
        return "TRANSIENT" if self.facts.transient else "TABLE"


class Catalogue:
    """Reads the catalogue through a session's connection, so that it sees what the session sees."""

    def __init__(self, file_times: Mapping[str, datetime], history: QueryHistory) -> None:
        self._file_times = file_times
        self._history = history

    def facts(self, connection: duckdb.DuckDBPyConnection, name: TableName) -> Facts | None:
        """The facts of one table or view, None if there is none of that name."""
        kind = self.kind(connection, name)
        if kind is None:
            return None
        source = "duckdb_views()" if kind == "VIEW" else "duckdb_tables()"
        column = "view_name" if kind == "VIEW" else "table_name"
        sql = f"SELECT comment FROM {source} WHERE database_name = ? AND schema_name = ? AND {column} = ?"
        rows = connection.execute(sql, list(name)).fetchall()
        return Facts.read(rows[0][0]) if rows else None

    def kind(self, connection: duckdb.DuckDBPyConnection, name: TableName) -> str | None:
        """TABLE, VIEW, or None if there is nothing of that name."""
        rows = connection.execute(
            "SELECT table_type FROM system.information_schema.tables "
            "WHERE table_catalog = ? AND table_schema = ? AND table_name = ?",
            list(name),
        ).fetchall()
        if not rows:
            return None
        return "VIEW" if rows[0][0] == "VIEW" else "TABLE"

    def schema_exists(self, connection: duckdb.DuckDBPyConnection, database: str, schema: str) -> bool:
        sql = "SELECT 1 FROM duckdb_schemas() WHERE database_name = ? AND schema_name = ?"
        return bool(connection.execute(sql, [database, schema]).fetchall())

    def schemas(self, connection: duckdb.DuckDBPyConnection, database: str) -> list[str]:
        sql = "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? AND NOT internal ORDER BY 1"
        names = [str(row[0]) for row in connection.execute(sql, [database]).fetchall()]
        return ["INFORMATION_SCHEMA", *(name for name in names if name not in ("main", "_fs_information_schema"))]

    def created(self, database: str) -> datetime:
        """Not later than when the database's file was last written before this server opened it."""
        return self._file_times[database]

    def relations(
        self,
        connection: duckdb.DuckDBPyConnection,
        databases: Iterable[str],
        schema: str | None = None,
        temporaries: Mapping[TableName, str] | None = None,
    ) -> list[Relation]:
        """All tables and views of the databases, with exact row counts."""
        found: list[Relation] = []
        for database in databases:
            found += self._tables(connection, database, schema)
            found += self._views(connection, database, schema)
        for name, physical in (temporaries or {}).items():
            if name[0] in databases and schema in (None, name[1]):
                found.append(self._temporary(connection, name, physical))
        return sorted(found, key=lambda relation: relation.name)

    def _tables(self, connection: duckdb.DuckDBPyConnection, database: str, schema: str | None) -> list[Relation]:
        rows = connection.execute(
            "SELECT schema_name, table_name, comment FROM duckdb_tables() "
            "WHERE database_name = ? AND schema_name <> '_fs_information_schema' AND NOT internal",
            [database],
        ).fetchall()
        return [
            self._relation((database, row[0], row[1]), False, row[2], _count(connection, (database, row[0], row[1])))
            for row in rows
            if schema in (None, row[0])
        ]

    def _views(self, connection: duckdb.DuckDBPyConnection, database: str, schema: str | None) -> list[Relation]:
        rows = connection.execute(
            "SELECT schema_name, view_name, comment, sql FROM duckdb_views() "
            "WHERE database_name = ? AND schema_name NOT IN ('_fs_information_schema', 'pg_catalog', "
            "'information_schema') AND NOT internal",
            [database],
        ).fetchall()
        return [
            replace(self._relation((database, row[0], row[1]), True, row[2], None), definition=row[3])
            for row in rows
            if schema in (None, row[0])
        ]

    def _relation(self, name: TableName, is_view: bool, comment: str | None, row_count: int | None) -> Relation:
        facts = Facts.read(comment)
        created = datetime.fromisoformat(facts.created) if facts.created else self._file_times[name[0]]
        altered = max(created, self._history.last_written(name) or created)
        return Relation(name, is_view, facts, created, altered, row_count)

    def _temporary(self, connection: duckdb.DuckDBPyConnection, name: TableName, physical: str) -> Relation:
        now = datetime.now(UTC)
        is_view = self.kind(connection, ("temp", "main", physical)) == "VIEW"
        count = None if is_view else _count(connection, ("temp", "main", physical))
        return Relation(name, is_view, Facts(transient=True), now, now, count, temporary=True)

    def columns(
        self, connection: duckdb.DuckDBPyConnection, physical: TableName
    ) -> list[tuple[str, str, str, str | None, str | None]]:
        """Name, Snowflake type, Y or N for nullable, default and comment of each column, in order."""
        rows = connection.execute(
            "SELECT column_name, data_type, is_nullable, column_default, comment FROM duckdb_columns() "
            "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
            list(physical),
        ).fetchall()
        return [(row[0], snowflake_type(row[1]), "Y" if row[2] else "N", row[3], row[4]) for row in rows]


def _count(connection: duckdb.DuckDBPyConnection, name: TableName) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {quoted_name(name)}").fetchall()[0][0])


def quoted_name(name: TableName) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in name)


_TYPES = {
    "BIGINT": "NUMBER(38,0)", "HUGEINT": "NUMBER(38,0)", "INTEGER": "NUMBER(38,0)", "SMALLINT": "NUMBER(38,0)",
    "TINYINT": "NUMBER(38,0)", "UBIGINT": "NUMBER(38,0)", "VARCHAR": "VARCHAR(16777216)", "DOUBLE": "FLOAT",
    "FLOAT": "FLOAT", "BLOB": "BINARY(8388608)", "TIMESTAMP": "TIMESTAMP_NTZ(9)", "TIMESTAMP_NS": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_TZ(9)", "TIME": "TIME(9)", "JSON": "VARIANT", "DATE": "DATE",
    "BOOLEAN": "BOOLEAN",
}  # fmt: skip


def snowflake_type(duckdb_type: str) -> str:
    if duckdb_type.startswith("DECIMAL"):
        return duckdb_type.replace("DECIMAL", "NUMBER", 1)
    return _TYPES.get(duckdb_type, "VARIANT")


def texts(values: Iterable[str | None]) -> pa.Array:
    return pa.array(list(values), pa.string())


def instants(values: Iterable[datetime | None]) -> pa.Array:
    return pa.array(list(values), pa.timestamp("us", tz="UTC"))


def _yes(values: Iterable[bool]) -> pa.Array:
    return texts("YES" if value else "NO" for value in values)


def tables_view(relations: list[Relation]) -> pa.Table:
    """INFORMATION_SCHEMA.TABLES."""
    views = [one.is_view for one in relations]
    kinds = [
        "VIEW" if one.is_view else "LOCAL TEMPORARY" if one.temporary else "BASE TABLE" for one in relations
    ]  # fmt: skip
    nothing = texts([None] * len(relations))
    return pa.table(
        {
            "TABLE_CATALOG": texts(one.name[0] for one in relations),
            "TABLE_SCHEMA": texts(one.name[1] for one in relations),
            "TABLE_NAME": texts(one.name[2] for one in relations),
            "TABLE_OWNER": texts("SYSADMIN" for _ in relations),
            "TABLE_TYPE": texts(kinds),
            "IS_TRANSIENT": texts(None if one.is_view else "YES" if one.facts.transient else "NO" for one in relations),
            "CLUSTERING_KEY": nothing,
            "ROW_COUNT": pa.array([one.row_count for one in relations], pa.int64()),
            "BYTES": pa.array([None if view else 0 for view in views], pa.int64()),
            "RETENTION_TIME": pa.array([None if view else 1 for view in views], pa.int64()),
            "CREATED": instants(one.created for one in relations),
            "LAST_ALTERED": instants(one.last_altered for one in relations),
            "LAST_DDL": instants(one.created for one in relations),
            "LAST_DDL_BY": texts("SYSADMIN" for _ in relations),
            "COMMENT": texts(one.facts.comment or None for one in relations),
            "IS_TEMPORARY": _yes(one.temporary for one in relations),
            "IS_ICEBERG": _yes(False for _ in relations),
            "IS_DYNAMIC": _yes(False for _ in relations),
            "IS_HYBRID": _yes(False for _ in relations),
            "IS_IMMUTABLE": _yes(False for _ in relations),
            "IS_INSERTABLE_INTO": _yes(not view for view in views),
            "IS_TYPED": _yes(True for _ in relations),
            "AUTO_CLUSTERING_ON": _yes(False for _ in relations),
        }
    )


def views_view(relations: list[Relation]) -> pa.Table:
    """INFORMATION_SCHEMA.VIEWS."""
    views = [one for one in relations if one.is_view]
    return pa.table(
        {
            "TABLE_CATALOG": texts(one.name[0] for one in views),
            "TABLE_SCHEMA": texts(one.name[1] for one in views),
            "TABLE_NAME": texts(one.name[2] for one in views),
            "TABLE_OWNER": texts("SYSADMIN" for _ in views),
            "VIEW_DEFINITION": texts(one.definition for one in views),
            "CHECK_OPTION": texts("NONE" for _ in views),
            "IS_UPDATABLE": _yes(False for _ in views),
            "INSERTABLE_INTO": _yes(False for _ in views),
            "IS_SECURE": _yes(False for _ in views),
            "CREATED": instants(one.created for one in views),
            "LAST_ALTERED": instants(one.last_altered for one in views),
            "COMMENT": texts(one.facts.comment or None for one in views),
        }
    )


def shown(what: str, relations: list[Relation], like: str | None, terse: bool, limit: int | None) -> pa.Table:
    """SHOW TABLES, SHOW VIEWS or SHOW OBJECTS."""
    chosen = [
        one
        for one in relations
        if (what == "OBJECTS" or one.is_view == (what == "VIEWS")) and (like is None or matches(like, one.name[2]))
    ][:limit]
    if what == "OBJECTS":
        kinds = ["VIEW" if one.is_view else "TABLE" for one in chosen]
    else:
        kinds = ["VIEW" if one.is_view else one.kind for one in chosen]
    columns = {
        "created_on": instants(one.created for one in chosen),
        "name": texts(one.name[2] for one in chosen),
        "kind": texts(kinds),
        "database_name": texts(one.name[0] for one in chosen),
        "schema_name": texts(one.name[1] for one in chosen),
    }
    if terse:
        return pa.table(columns)
    columns["comment"] = texts(one.facts.comment for one in chosen)
    columns["owner"] = texts("SYSADMIN" for _ in chosen)
    columns["owner_role_type"] = texts("ROLE" for _ in chosen)
    if what == "VIEWS":
        del columns["kind"]
        columns["text"] = texts(one.definition for one in chosen)
        columns["is_secure"] = texts("false" for _ in chosen)
        columns["is_materialized"] = texts("false" for _ in chosen)
    else:
        columns["cluster_by"] = texts("" for _ in chosen)
        columns["rows"] = pa.array([one.row_count for one in chosen], pa.int64())
        columns["bytes"] = pa.array([0 for _ in chosen], pa.int64())
        columns["retention_time"] = texts("1" for _ in chosen)
        for flag in ("is_hybrid", "is_dynamic", "is_iceberg", "is_external"):
            columns[flag] = texts("N" for _ in chosen)
    return pa.table(columns)


def schemas_shown(database: str, names: list[str], created: datetime, like: str | None, terse: bool) -> pa.Table:
    """SHOW SCHEMAS."""
    chosen = [name for name in names if like is None or matches(like, name)]
    columns = {
        "created_on": instants(created for _ in chosen),
        "name": texts(chosen),
        "kind": texts(None for _ in chosen),
        "database_name": texts(database for _ in chosen),
        "schema_name": texts(None for _ in chosen),
    }
    if terse:
        return pa.table(columns)
    columns["is_default"] = columns["is_current"] = texts("N" for _ in chosen)
    columns["owner"] = texts("SYSADMIN" for _ in chosen)
    columns["comment"] = columns["options"] = texts("" for _ in chosen)
    columns["retention_time"] = texts("1" for _ in chosen)
    del columns["kind"], columns["schema_name"]
    return pa.table(columns)


def described(columns: list[tuple[str, str, str, str | None, str | None]]) -> pa.Table:
    """DESCRIBE TABLE or VIEW."""
    nothing = texts([None] * len(columns))
    return pa.table(
        {
            "name": texts(one[0] for one in columns),
            "type": texts(one[1] for one in columns),
            "kind": texts("COLUMN" for _ in columns),
            "null?": texts(one[2] for one in columns),
            "default": texts(one[3] for one in columns),
            "primary key": texts("N" for _ in columns),
            "unique key": texts("N" for _ in columns),
            "check": nothing,
            "expression": nothing,
            "comment": texts(one[4] for one in columns),
            "policy name": nothing,
            "privacy domain": nothing,
        }
    )
