"""One statement at work: translated by fakesnow, run by DuckDB, its rows encoded for the wire."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import duckdb
import fakesnow.transforms
import pyarrow as pa
from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import Expr, exp

from gcms_tui.sandbox.warehouse import wire
from gcms_tui.sandbox.warehouse.dialect import Context, correct, duckdb_sql, table_name
from gcms_tui.sandbox.warehouse.failures import StatementError, as_statement_error, missing_object, unsupported
from gcms_tui.sandbox.warehouse.jobs import Answer, Job
from gcms_tui.sandbox.warehouse.locks import LockMode, TableName
from gcms_tui.sandbox.warehouse.passes import rewritten

_T = TypeVar("_T")

_BATCH_ROWS = 65_536
_registered = itertools.count(1)


class Execution:
    """A job in its session's turn."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.session = job.session
        self.warehouse = job.session.warehouse
        self.transaction = job.session.transaction
        self.query_type = "UNKNOWN"
        self.type_id = 0
        self.mentioned: list[TableName] = []
        """Every table that the statement names."""
        self._registered: list[str] = []

    @property
    def duck(self) -> duckdb.DuckDBPyConnection:
        return self.session.duck

    # ---- translating

    def context(self, statement: Expr) -> Context:
        session = self.session
        defines_view = isinstance(statement, exp.Create) and str(statement.kind).upper() == "VIEW"
        constants: dict[str, str | None] = {
            "CURRENT_SESSION": str(session.id),
            "CURRENT_USER": session.user,
            "CURRENT_ROLE": session.role,
            "CURRENT_WAREHOUSE": session.warehouse_name,
            "CURRENT_ACCOUNT": "SANDBOX",
            "CURRENT_REGION": "LOCAL",
            "CURRENT_DATABASE": session.database,
            "CURRENT_SCHEMA": session.schema,
            "CURRENT_TRANSACTION": str(self.transaction.id) if self.transaction.active else None,
        }
        return Context(
            database=session.database,
            schema=session.schema,
            variables={name.upper(): text for name, text in session.fake.variables._variables.items()},
            constants={} if defines_view else constants,
            temporaries=session.temporaries,
            now=datetime.now(UTC) if self.transaction.active and not defines_view else None,
        )

    def name_of(self, table: exp.Table) -> TableName:
        return table_name(table, self.session.database, self.session.schema)

    def translate(self, statement: Expr) -> list[Expr]:
        """The DuckDB statements that together do what the Snowflake statement does."""
        self.mentioned += [
            self.name_of(one) for one in statement.find_all(exp.Table) if isinstance(one.this, exp.Identifier)
        ]
        statement = correct(statement, self.context(statement))
        cursor = FakeSnowflakeCursor(self.session.fake, self.duck)
        cursor.check_db_and_schema(statement)
        return [rewritten(cursor, part) for part in _parts(statement)]

    # ---- running

    def execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        self.job.check_cancelled()
        return self.duck.execute(sql)

    def validate(self, translated: Sequence[Expr]) -> None:
        """Compile outside the transaction first: an error of compilation must not cost the transaction."""
        if not self.transaction.active or self.session.temporaries or self._registered:
            return
        for part in translated:
            self.session.validator.execute("EXPLAIN " + duckdb_sql(part))

    def write(self, tables: Sequence[TableName], mode: LockMode, work: Callable[[], _T]) -> _T:
        """Run `work` under the tables' locks, in the open transaction or in one of its own."""
        try:
            for table in sorted(set(tables)):
                if table[0] != "temp":
                    self._lock(table, mode)
            if self.transaction.active:
                outcome = work()
                for table in tables:
                    self.transaction.wrote(table)
                return outcome
            self.execute("BEGIN TRANSACTION")
            try:
                outcome = work()
                self.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(duckdb.Error):  # a failed COMMIT has rolled back already
                    self.duck.execute("ROLLBACK")
                raise
            self.warehouse.committed(set(tables))
            return outcome
        finally:
            if not self.transaction.active:
                self.warehouse.locks.release(self.session.id)

    def _lock(self, table: TableName, mode: LockMode) -> None:
        timeout = float(int(self.job.parameter("LOCK_TIMEOUT")))
        self.warehouse.locks.acquire(self.session.id, table, mode, timeout, self.job.check_cancelled)

    def register(self, table: pa.Table) -> exp.Table:
        """Make rows of ours readable for this statement; the reference that reads them."""
        name = f"_GCMS_ROWS_{next(_registered)}"
        self.duck.register(name, table)
        self._registered.append(name)
        parts = [exp.to_identifier(part, quoted=True) for part in (name, "main", "temp")]
        return exp.Table(this=parts[0], db=parts[1], catalog=parts[2])

    def finish(self) -> None:
        for name in self._registered:
            with contextlib.suppress(duckdb.Error):
                self.duck.unregister(name)

    # ---- answering

    def read(self, translated: Expr) -> Answer:
        """Run a query and encode its rows batch by batch."""
        sql = duckdb_sql(translated)
        if not sql:
            raise unsupported(translated.sql(dialect="snowflake"))
        self.validate([translated])
        self.job.check_cancelled()
        reader: pa.RecordBatchReader = self.duck.sql(sql).to_arrow_reader(_BATCH_ROWS)
        try:
            return self.encode(reader.schema, reader)
        finally:
            reader.close()  # DuckDB takes no other query while a result is open

    def encode(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Answer:
        rowtype, empty = wire.to_snowflake(schema.empty_table())
        sink = pa.BufferOutputStream()
        total = 0
        with pa.ipc.new_stream(sink, empty.schema) as writer:
            for batch in batches:
                self.job.check_cancelled()
                writer.write_table(wire.to_snowflake(pa.Table.from_batches([batch]))[1])
                total += batch.num_rows
        return self.answer(rowtype, total, {"queryResultFormat": "arrow"}, sink.getvalue())

    def table(self, rows: pa.Table) -> Answer:
        return self.encode(rows.schema, iter(rows.to_batches()))

    def status(self, text: str) -> Answer:
        return self.table(pa.table({"status": pa.array([text], pa.string())}))

    def counts(self, counts: dict[str, int]) -> Answer:
        """The counts of a DML statement, by column name."""
        rows = pa.table({name: pa.array([count], pa.int64()) for name, count in counts.items()})
        rowtype, _ = wire.to_snowflake(rows)
        stats = {
            "numRowsInserted": counts.get("number of rows inserted", 0),
            "numRowsUpdated": counts.get("number of rows updated", 0),
            "numRowsDeleted": counts.get("number of rows deleted", 0),
            "numDmlDuplicates": 0,
        }
        data = {"queryResultFormat": "json", "rowset": wire.json_rows(rows), "stats": stats}
        return self.answer(rowtype, sum(counts.values()), data, None, returned=1)

    def answer(
        self,
        rowtype: wire.RowType,
        total: int,
        data: dict[str, Any],
        rowset: pa.Buffer | None,
        returned: int | None = None,
    ) -> Answer:
        session = self.session
        rows = total if returned is None else returned
        body = {
            "parameters": [{"name": "TIMEZONE", "value": session.parameters.text("TIMEZONE")}],
            "rowtype": rowtype,
            "total": rows,
            "returned": rows,
            "queryId": self.job.query_id,
            "statementTypeId": self.type_id,
            "finalDatabaseName": session.database,
            "finalSchemaName": session.schema,
            "finalWarehouseName": session.warehouse_name,
            "finalRoleName": session.role,
            **data,
        }
        return Answer(body, rowset, total, self.query_type)

    def _with_full_name(self, failure: StatementError) -> StatementError:
        """What is missing by its full name, as Snowflake tells it; DuckDB's message may hold the last part only."""
        found = re.search(r"'([^']+)' does not exist or not authorized", failure.message)
        if failure.code != 2003 or found is None:
            return failure
        missing = found[1].rpartition(".")[2]
        for name in self.mentioned:
            if missing not in name:
                continue
            if name[0] not in self.warehouse.storage.databases():
                return missing_object(name[0], "Database")
            if not self.warehouse.catalogue.schema_exists(self.session.validator, name[0], name[1]):
                return missing_object(".".join(name[:2]), "Schema")
            if missing == name[2]:
                return missing_object(".".join(name))
        return failure

    def failed(self, error: Exception) -> StatementError:
        """The client's view of the error, with the transaction's state put right."""
        failure = self._with_full_name(as_statement_error(error))
        self.transaction.statement_failed(failure, bool(self.job.parameter("TRANSACTION_ABORT_ON_ERROR")))
        return failure


def _parts(statement: Expr) -> list[Expr]:
    """The statement as the several that DuckDB needs for it. MERGE stays whole: DuckDB has its own."""
    for explode in (
        fakesnow.transforms.create_table_autoincrement,
        fakesnow.transforms.alter_table_add_multiple_columns,
        fakesnow.transforms.insert_overwrite,
    ):
        parts: list[Expr] = explode(statement)
        if len(parts) > 1:
            return parts
    return [statement]
