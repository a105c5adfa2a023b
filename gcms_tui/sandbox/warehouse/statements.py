"""What a statement is, and who does it."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc
from fakesnow.statement_type import statement_type_id
from sqlglot import Expr, exp, tokenize

from gcms_tui.sandbox.warehouse import changes, definitions, introspection
from gcms_tui.sandbox.warehouse.dialect import (
    column_comments,
    duckdb_sql,
    fill_placeholders,
    identifier_text,
    name_projections,
    parse,
    require_no_placeholders,
)
from gcms_tui.sandbox.warehouse.execution import Execution
from gcms_tui.sandbox.warehouse.failures import StatementError, missing_object, unsupported
from gcms_tui.sandbox.warehouse.jobs import Answer, Job, Jobs
from gcms_tui.sandbox.warehouse.parameters import parse_alter_session, parse_show_like
from gcms_tui.sandbox.warehouse.wire import bound_literal

_TCL, _SCL, _SHOW = 0x5000, 0x4000, 0x4400

# Possessive: a statement full of blanks, as dbt compiles them, would otherwise be tried in 2^n ways.
_EDGES = re.compile(
    r"\A(?:\s++|--[^\n]*+(?:\n|\Z)|//[^\n]*+(?:\n|\Z)|/\*.*?\*/)++|(?:\s++|;|/\*(?:(?!\*/).)*+\*/)++\Z", re.S
)
_BEGIN = re.compile(r"(?:BEGIN|START\s+TRANSACTION)(?:\s+(?:WORK|TRANSACTION))?(?:\s+NAME\s+\S+)?\Z", re.I)
_COMMIT = re.compile(r"COMMIT(?:\s+WORK)?\Z", re.I)
_ROLLBACK = re.compile(r"ROLLBACK(?:\s+WORK)?\Z", re.I)
_ALTER_SESSION = re.compile(r"ALTER\s+SESSION\s", re.I)
_SHOW_PARAMETERS = re.compile(r"SHOW\s+PARAMETERS\b", re.I)
_WITHOUT_EFFECT = re.compile(
    r"(?:GRANT|REVOKE)\s|(?:CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+)?(?:WAREHOUSE|ROLE)\s", re.I
)
_COPY_GRANTS = re.compile(r"\s+COPY\s+GRANTS\s*\Z", re.I)


class Statements:
    """Runs the job's statement. One object serves all sessions; it keeps only the list of jobs."""

    jobs: Jobs

    def run(self, job: Job) -> Answer:
        execution = Execution(job)
        try:
            answer = self._run(execution, _EDGES.sub("", job.sql))
        except Exception as error:
            raise execution.failed(error) from error
        finally:
            execution.finish()
        job.session.query_ids.append(job.query_id)
        return answer

    def _run(self, execution: Execution, sql: str) -> Answer:
        if (answer := self._control(execution, sql)) is not None:
            return answer
        execution.transaction.require_usable()
        for pattern, work in (
            (_ALTER_SESSION, _alter_session),
            (_SHOW_PARAMETERS, _show_parameters),
            (_WITHOUT_EFFECT, _without_effect),
        ):
            if pattern.match(sql):
                return work(execution, sql)
        if (found := column_comments(sql)) is not None:
            return definitions.comment_columns(execution, *found)
        statement = parse(sql)
        if isinstance(statement, exp.Command) and "CLONE" in sql.upper() and _COPY_GRANTS.search(sql):
            statement = parse(_COPY_GRANTS.sub("", sql))
        name_projections(statement)
        return self._dispatch(execution, _bind(statement, execution.job))

    def _control(self, execution: Execution, sql: str) -> Answer | None:
        for pattern, verb, work in (
            (_BEGIN, "BEGIN_TRANSACTION", execution.transaction.begin),
            (_COMMIT, "COMMIT", execution.transaction.commit),
            (_ROLLBACK, "ROLLBACK", execution.transaction.rollback),
        ):
            if pattern.match(sql):
                execution.query_type, execution.type_id = verb, _TCL
                execution.job.check_cancelled()
                work()
                return execution.status("Statement executed successfully.")
        return None

    def _dispatch(self, execution: Execution, statements: list[Expr]) -> Answer:
        statement = statements[0]
        execution.query_type, execution.type_id = statement.key.upper(), statement_type_id(statement)
        if execution.job.describe_only:
            return self._describe_only(execution, statement)
        if isinstance(statement, exp.Use):
            return _use(execution, statement)
        if isinstance(statement, exp.Show) and str(statement.this).upper() in introspection.SHOWN:
            return introspection.show(execution, statement)
        if isinstance(statement, exp.Describe) and isinstance(statement.this, exp.Table):
            return introspection.describe(execution, statement.this)
        if isinstance(statement, (exp.Create, exp.Drop, exp.Alter, exp.Comment, exp.TruncateTable)):
            return definitions.define(execution, self._prepared(execution, statement))
        if isinstance(statement, (exp.Insert, exp.Update, exp.Delete, exp.Merge)):
            return changes.change(execution, [self._prepared(execution, one) for one in statements])
        return self._read(execution, statement)

    def _prepared(self, execution: Execution, statement: Expr) -> Expr:
        statement = introspection.answer_functions(execution, statement, self.jobs)
        statement = introspection.redirect_table_functions(execution, statement, self._result_rows)
        return introspection.redirect_catalogue(execution, statement)

    def _read(self, execution: Execution, statement: Expr) -> Answer:
        translated = execution.translate(self._prepared(execution, statement))
        if len(translated) != 1 or not isinstance(translated[0], exp.Query):
            raise unsupported(execution.job.sql[:200])
        return execution.read(translated[0])

    def _describe_only(self, execution: Execution, statement: Expr) -> Answer:
        """The columns of the result, without running the statement."""
        if isinstance(statement, exp.Query):
            (translated,) = execution.translate(self._prepared(execution, statement))
            execution.validate([translated])
            sql = f"SELECT * FROM ({duckdb_sql(translated)}) LIMIT 0"
            return execution.table(execution.execute(sql).to_arrow_table())
        if isinstance(statement, exp.Update):
            return execution.counts({"number of rows updated": 0, "number of multi-joined rows updated": 0})
        if isinstance(statement, (exp.Insert, exp.Delete)):
            verb = "inserted" if isinstance(statement, exp.Insert) else "deleted"
            return execution.counts({f"number of rows {verb}": 0})
        return execution.status("")

    def _result_rows(self, query_id: str) -> pa.Table:
        """The rows of an earlier result, for RESULT_SCAN."""
        job = self.jobs.get(query_id)
        if job is None or not job.done:
            raise StatementError(709, "02000", f"Statement {query_id} not found")
        answer = job.result()
        if answer.rowset is None:
            names = [column["name"] for column in answer.data["rowtype"]]
            columns = zip(*answer.data["rowset"], strict=True)
            return pa.table({name: pa.array(map(int, values)) for name, values in zip(names, columns, strict=True)})
        rows = pa.ipc.open_stream(answer.rowset).read_all()
        return pa.table(
            {field.name: _plain(column, field) for field, column in zip(rows.schema, rows.columns, strict=True)}
        )


def _plain(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    """A column as DuckDB gave it: over the wire, timestamps are structs and times are nanoseconds."""
    logical = (field.metadata or {}).get(b"logicalType", b"").decode()
    if logical == "TIME":
        return pc.divide(column, 1000).cast(pa.time64("us"))
    if not logical.startswith("TIMESTAMP"):
        return column
    zone = "UTC" if logical == "TIMESTAMP_TZ" else None
    rows = column.combine_chunks().to_pylist()
    micros = [None if row is None else row["epoch"] * 1_000_000 + row["fraction"] // 1000 for row in rows]
    return pa.array(micros, pa.int64()).cast(pa.timestamp("us", tz=zone))


def _bind(statement: Expr, job: Job) -> list[Expr]:
    """The statement with its bound values in place: one, or one per row of an array binding."""
    bindings = job.bindings
    if job.describe_only:  # sent without values
        return [statement.transform(lambda node: exp.Null() if isinstance(node, exp.Placeholder) else node)]
    if not bindings:
        require_no_placeholders(statement)
        return [statement]
    if not all(key.isdigit() for key in bindings):
        return [fill_placeholders(statement, {key: bound_literal(one, one["value"]) for key, one in bindings.items()})]
    ordered = [bindings[str(position)] for position in range(1, len(bindings) + 1)]
    if not any(isinstance(one["value"], list) for one in ordered):
        return [fill_placeholders(statement, [bound_literal(one, one["value"]) for one in ordered])]
    rows = zip(*[one["value"] for one in ordered], strict=True)
    return [
        fill_placeholders(statement, [bound_literal(one, value) for one, value in zip(ordered, row, strict=True)])
        for row in rows
    ]


def _alter_session(execution: Execution, sql: str) -> Answer:
    execution.query_type, execution.type_id = "ALTER_SESSION", _SCL
    assigned, unset = parse_alter_session(sql)
    for name, value in assigned.items():
        execution.session.set_parameter(name, value)
    for name in unset:
        execution.session.unset_parameter(name.upper())
    return execution.status("Statement executed successfully.")


def _show_parameters(execution: Execution, sql: str) -> Answer:
    execution.query_type, execution.type_id = "SHOW", _SHOW
    like = parse_show_like([token.text for token in tokenize(sql, read="snowflake")])
    return execution.table(execution.session.parameters.table(like))


def _without_effect(execution: Execution, sql: str) -> Answer:
    """Grants, roles and warehouses: the sandbox has one user who may do everything."""
    execution.query_type = sql.split(None, 1)[0].upper()
    execution.transaction.commit()
    return execution.status("Statement executed successfully.")


def _use(execution: Execution, statement: exp.Use) -> Answer:
    session = execution.session
    kind = statement.text("kind").upper()
    table = statement.this
    if not isinstance(table, exp.Table) or kind.startswith("SECONDARY"):
        return execution.status("Statement executed successfully.")
    name, parent = identifier_text(table.this), identifier_text(table.args.get("db"))
    if kind == "ROLE":
        session.role = name
    elif kind == "WAREHOUSE":
        session.warehouse_name = name
    elif kind == "SCHEMA" or parent:
        _use_schema(execution, parent or session.database or "", name)
    elif kind in ("", "DATABASE"):
        if name not in execution.warehouse.storage.databases():
            raise _cannot_use()
        has_public = execution.warehouse.catalogue.schema_exists(execution.duck, name, "PUBLIC")
        session.use(name, "PUBLIC" if has_public else None)
    return execution.status("Statement executed successfully.")


def _use_schema(execution: Execution, database: str, schema: str) -> None:
    if not database:
        raise missing_object(schema, "Schema")
    if not execution.warehouse.catalogue.schema_exists(execution.duck, database, schema):
        raise _cannot_use()
    execution.session.use(database, schema)


def _cannot_use() -> StatementError:
    text = "SQL compilation error:\nObject does not exist, or operation cannot be performed."
    return StatementError(2043, "02000", text)
