"""Questions to the server about itself: SHOW, DESCRIBE, INFORMATION_SCHEMA, QUERY_HISTORY, LAST_QUERY_ID, SYSTEM$."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pyarrow as pa
from sqlglot import Expr, exp

from gcms_tui.sandbox.warehouse import catalogue, history
from gcms_tui.sandbox.warehouse.dialect import duckdb_sql, identifier_text
from gcms_tui.sandbox.warehouse.execution import Execution
from gcms_tui.sandbox.warehouse.failures import StatementError, missing_object
from gcms_tui.sandbox.warehouse.jobs import Answer, Jobs
from gcms_tui.sandbox.warehouse.locks import TableName

SHOWN = ("TABLES", "VIEWS", "OBJECTS", "SCHEMAS")


def show(execution: Execution, statement: exp.Show) -> Answer:
    """SHOW [TERSE] TABLES | VIEWS | OBJECTS | SCHEMAS [LIKE ..] [IN ..] [LIMIT n]."""
    what, terse = str(statement.this).upper(), bool(statement.args.get("terse"))
    database, schema = _scope(execution, statement)
    databases = [database] if database is not None else execution.warehouse.storage.databases()
    source, duck = execution.warehouse.catalogue, execution.duck
    like, limit = statement.args.get("like"), statement.args.get("limit")
    pattern = str(like.this) if isinstance(like, exp.Literal) else None
    most = int(limit.expression.this) if limit is not None else None
    if what == "SCHEMAS":
        rows = [
            catalogue.schemas_shown(one, source.schemas(duck, one), source.created(one), pattern, terse)
            for one in databases
        ]
        return execution.table(pa.concat_tables(rows).slice(0, most))
    relations = source.relations(duck, databases, schema, execution.session.temporaries)
    return execution.table(catalogue.shown(what, relations, pattern, terse, most))


def _scope(execution: Execution, statement: exp.Show) -> tuple[str | None, str | None]:
    """Database and schema that SHOW is about; None for all of them. Both exist."""
    session = execution.session
    scope, kind = statement.args.get("scope"), statement.args.get("scope_kind")
    database, schema = session.database, session.schema
    if kind == "ACCOUNT":
        database, schema = None, None
    elif kind == "DATABASE" or str(statement.this).upper() == "SCHEMAS":
        database = identifier_text(scope.this) if isinstance(scope, exp.Table) else database
        schema = None
    elif kind == "SCHEMA" and isinstance(scope, exp.Table):
        database, schema = identifier_text(scope.args.get("db")) or database, identifier_text(scope.this)
    if database is not None and database not in execution.warehouse.storage.databases():
        raise missing_object(database, "Database")
    if schema is not None and not execution.warehouse.catalogue.schema_exists(execution.duck, database or "", schema):
        raise missing_object(f"{database}.{schema}", "Schema")
    return database, schema


def describe(execution: Execution, table: exp.Table) -> Answer:
    """DESCRIBE TABLE or VIEW."""
    name = execution.name_of(table)
    physical: TableName = name
    if name in execution.session.temporaries:
        physical = ("temp", "main", execution.session.temporaries[name])
    elif name[1] == "INFORMATION_SCHEMA":
        physical = (name[0], "_fs_information_schema", f"_fs_{name[2].lower()}")
    columns = execution.warehouse.catalogue.columns(execution.duck, physical)
    if not columns:
        raise missing_object(".".join(name))
    return execution.table(catalogue.described(columns))


def redirect_catalogue(execution: Execution, statement: Expr) -> Expr:
    """INFORMATION_SCHEMA.TABLES and .VIEWS, QUERY_HISTORY and RESULT_SCAN, where the statement reads them, as rows."""
    if isinstance(statement, exp.Create) and str(statement.kind).upper() == "VIEW":
        return statement
    for table in list(statement.find_all(exp.Table)):
        if identifier_text(table.args.get("db")) == "INFORMATION_SCHEMA" and isinstance(table.this, exp.Identifier):
            _replace_view(execution, table)
    return statement


def _replace_view(execution: Execution, table: exp.Table) -> None:
    name = identifier_text(table.this)
    if name not in ("TABLES", "VIEWS"):
        return
    database = identifier_text(table.args.get("catalog")) or execution.session.database
    if database is None or database not in execution.warehouse.storage.databases():
        raise missing_object(database or "", "Database")
    relations = execution.warehouse.catalogue.relations(
        execution.duck, [database], temporaries=execution.session.temporaries
    )
    rows = catalogue.tables_view(relations) if name == "TABLES" else catalogue.views_view(relations)
    _put_in_place(execution.register(rows), table, name)


def _put_in_place(rows: exp.Table, replaced: Expr, name: str) -> None:
    alias = replaced.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name, quoted=True))
    rows.set("alias", alias.copy())
    replaced.replace(rows)


def redirect_table_functions(execution: Execution, statement: Expr, results: Callable[[str], pa.Table]) -> Expr:
    """TABLE(INFORMATION_SCHEMA.QUERY_HISTORY(..)) and TABLE(RESULT_SCAN(..)) as rows."""
    for node in list(statement.find_all(exp.TableFromRows)):
        function = node.this.expression if isinstance(node.this, exp.Dot) else node.this
        while isinstance(function, exp.Dot):
            function = function.expression
        if not isinstance(function, exp.Anonymous):
            continue
        name = str(function.this).upper()
        if name.startswith("QUERY_HISTORY"):
            _put_in_place(execution.register(_history_rows(execution, name, function)), node, "QUERY_HISTORY")
        elif name == "RESULT_SCAN":
            _put_in_place(execution.register(results(_text_argument(function))), node, "RESULT_SCAN")
    return statement


def _history_rows(execution: Execution, name: str, function: exp.Anonymous) -> pa.Table:
    arguments = {
        str(argument.this.name).upper(): argument.expression
        for argument in function.expressions
        if isinstance(argument, exp.Kwarg)
    }
    rows = execution.warehouse.history.executions()
    if name.endswith("_BY_SESSION"):
        wanted = arguments.get("SESSION_ID")
        session_id = int(str(_value(execution, wanted))) if wanted is not None else execution.session.id
        rows = [row for row in rows if row.session_id == session_id]
    if name.endswith("_BY_USER"):
        wanted = arguments.get("USER_NAME")
        user = str(_value(execution, wanted)) if wanted is not None else execution.session.user
        rows = [row for row in rows if row.user_name.upper() == user.upper()]
    if (start := arguments.get("END_TIME_RANGE_START")) is not None:
        earliest = _instant(execution, start)
        rows = [row for row in rows if row.end_time is None or datetime.fromisoformat(row.end_time) >= earliest]
    if (end := arguments.get("END_TIME_RANGE_END")) is not None:
        latest = _instant(execution, end)
        rows = [row for row in rows if row.end_time is not None and datetime.fromisoformat(row.end_time) <= latest]
    limit = int(str(_value(execution, arguments["RESULT_LIMIT"]))) if "RESULT_LIMIT" in arguments else 100
    rows = sorted(rows, key=lambda row: row.start_time, reverse=True)[:limit]
    return history.history_table(rows)


def _value(execution: Execution, expression: Expr) -> object:
    """The value of a constant expression."""
    (translated,) = execution.translate(exp.select(expression.copy()))
    rows = execution.execute(duckdb_sql(translated)).fetchall()
    return rows[0][0] if rows else None


def _instant(execution: Execution, expression: Expr) -> datetime:
    as_text = exp.cast(exp.cast(expression.copy(), exp.DataType.Type.TIMESTAMPTZ), exp.DataType.Type.VARCHAR)
    text = _value(execution, as_text)
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        raise StatementError(100035, "22007", f"Timestamp '{text}' is not recognized") from None


def _text_argument(function: exp.Anonymous) -> str:
    argument = function.expressions[0] if function.expressions else None
    return str(argument.this) if isinstance(argument, exp.Literal) else ""


def answer_functions(execution: Execution, statement: Expr, jobs: Jobs) -> Expr:
    """LAST_QUERY_ID() and the SYSTEM$ functions: done while the statement is prepared, and replaced by their answer."""
    for node in list(statement.find_all(exp.Anonymous)):
        name = str(node.this).upper()
        if name == "LAST_QUERY_ID":
            answer = _last_query_id(execution, node)
        elif name in _SYSTEM:
            answer = exp.Literal.string(_SYSTEM[name](execution, jobs, node))
        else:
            continue
        if isinstance(node.parent, exp.Select):
            node.replace(exp.alias_(answer, node.sql(dialect="snowflake").upper(), quoted=True))
        else:
            node.replace(answer)
    return statement


def _last_query_id(execution: Execution, node: exp.Anonymous) -> Expr:
    ids = execution.session.query_ids
    position = -1
    if node.expressions:
        argument = node.expressions[0]
        position = -int(str(argument.this.this)) if isinstance(argument, exp.Neg) else int(str(argument.this)) - 1
    try:
        return exp.Literal.string(ids[position])
    except IndexError:
        return exp.Null()


def _cancel_query(execution: Execution, jobs: Jobs, node: exp.Anonymous) -> str:
    query_id = _text_argument(node)
    job = jobs.get(query_id)
    if job is None or not job.cancel():
        return f"Identified SQL statement is not currently executing: {query_id}"
    return "query [" + query_id + "] terminated."


def _cancel_all(execution: Execution, jobs: Jobs, node: exp.Anonymous) -> str:
    session_id = int(_text_argument(node) or 0)
    stopped = sum(job.cancel() for job in jobs.of_session(session_id) if job is not execution.job)
    return f"cancelled {stopped} statements of session {session_id}."


_UNITS = {"MILLISECONDS": 0.001, "SECONDS": 1.0, "MINUTES": 60.0, "HOURS": 3600.0}


def _wait(execution: Execution, jobs: Jobs, node: exp.Anonymous) -> str:
    amount = float(_text_argument(node) or 0)
    unit = str(node.expressions[1].this).upper() if len(node.expressions) > 1 else "SECONDS"
    execution.job.wait_or_cancelled(amount * _UNITS.get(unit, 1.0))
    return f"waited {amount:g} {unit.lower()}"


_SYSTEM: dict[str, Callable[[Execution, Jobs, exp.Anonymous], str]] = {
    "SYSTEM$CANCEL_QUERY": _cancel_query,
    "SYSTEM$CANCEL_ALL_QUERIES": _cancel_all,
    "SYSTEM$WAIT": _wait,
}
