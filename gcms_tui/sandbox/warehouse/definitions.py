"""DDL: databases, schemas, tables, views, comments. Each commits an open transaction first, as in Snowflake."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import Expr, exp

from gcms_tui.sandbox.warehouse.catalogue import Facts, quoted_name
from gcms_tui.sandbox.warehouse.dialect import duckdb_sql, identifier_text, redirect
from gcms_tui.sandbox.warehouse.execution import Execution
from gcms_tui.sandbox.warehouse.failures import (
    StatementError,
    already_exists,
    missing_object,
    transient_to_permanent,
    unsupported,
)
from gcms_tui.sandbox.warehouse.history import utc_text
from gcms_tui.sandbox.warehouse.jobs import Answer
from gcms_tui.sandbox.warehouse.locks import LockMode, TableName

_TYPE_ID_DDL = 0x6000


def define(execution: Execution, statement: Expr) -> Answer:
    """Run one DDL statement."""
    execution.type_id = _TYPE_ID_DDL
    execution.transaction.commit()
    if isinstance(statement, exp.Create):
        return _create(execution, statement)
    if isinstance(statement, exp.Drop):
        return _drop(execution, statement)
    if isinstance(statement, exp.Alter):
        return _alter(execution, statement)
    if isinstance(statement, exp.Comment):
        return _comment(execution, statement)
    if isinstance(statement, exp.TruncateTable):
        return _truncate(execution, statement)
    raise unsupported(statement.sql(dialect="snowflake"))


# ---- CREATE


def _create(execution: Execution, statement: exp.Create) -> Answer:
    kind = str(statement.kind).upper()
    execution.query_type = f"CREATE_{kind}"
    if kind == "DATABASE":
        return _create_database(execution, statement)
    if kind == "SCHEMA":
        return _create_schema(execution, statement)
    if kind in ("TABLE", "VIEW"):
        return _create_relation(execution, statement, kind)
    if kind == "SEQUENCE":
        parts = execution.translate(statement)
        execution.write([], LockMode.DEFINE, lambda: _run_all(execution, parts))
        return execution.status(f"Sequence {_table_of(statement).name.upper()} successfully created.")
    raise unsupported(f"CREATE {kind}")


def _create_database(execution: Execution, statement: exp.Create) -> Answer:
    name = identifier_text(_table_of(statement).this)
    made = execution.warehouse.storage.create_database(
        name, or_replace=bool(statement.args.get("replace")), if_not_exists=bool(statement.args.get("exists"))
    )
    if not made:
        return execution.status(f"{name} already exists, statement succeeded.")
    execution.session.use(name, "PUBLIC")
    return execution.status(f"Database {name} successfully created.")


def _create_schema(execution: Execution, statement: exp.Create) -> Answer:
    table = _table_of(statement)
    database = identifier_text(table.args.get("catalog")) or execution.session.database or ""
    schema = identifier_text(table.args.get("db"))
    if statement.args.get("clone"):
        raise unsupported("CREATE SCHEMA ... CLONE")
    if database not in execution.warehouse.storage.databases():
        raise missing_object(database, "Database")
    quoted = _quoted_schema(database, schema)

    def work() -> bool:
        if execution.warehouse.catalogue.schema_exists(execution.duck, database, schema):
            if statement.args.get("exists"):
                return False
            if not statement.args.get("replace"):
                raise already_exists(f"{database}.{schema}")
            execution.execute(f"DROP SCHEMA {quoted} CASCADE")
        execution.execute(f"CREATE SCHEMA {quoted}")
        return True

    made = execution.write([(database, schema, "")], LockMode.DEFINE, work)
    execution.session.use(database, schema)
    outcome = "successfully created." if made else "already exists, statement succeeded."
    return execution.status(f"{'Schema ' if made else ''}{schema} {outcome}")


def _create_relation(execution: Execution, statement: exp.Create, kind: str) -> Answer:
    table = _table_of(statement)
    name = execution.name_of(table)
    facts = _facts_of(execution, statement)
    if _has(statement, exp.TemporaryProperty):
        return _create_temporary(execution, statement, name, kind)
    if kind == "TABLE" and statement.expression is not None:
        execution.query_type = "CREATE_TABLE_AS_SELECT"
    parts = execution.translate(statement)

    def work() -> bool:
        if execution.warehouse.catalogue.kind(execution.duck, name):
            if statement.args.get("exists"):
                return False
            if not statement.args.get("replace"):
                raise already_exists(".".join(name))
        _run_all(execution, parts)
        _store_facts(execution, name, kind, facts)
        return True

    made = execution.write([name], LockMode.DEFINE, work)
    outcome = f"{kind.capitalize()} {name[2]} successfully created."
    return execution.status(outcome if made else f"{name[2]} already exists, statement succeeded.")


def _facts_of(execution: Execution, statement: exp.Create) -> Facts:
    """What is to be kept of the new table. Raises if a clone would make a transient table permanent."""
    transient = _has(statement, exp.TransientProperty)
    clone = statement.args.get("clone")
    if clone is not None and not clone.this.args.get("when"):
        source = execution.name_of(clone.this)
        if source not in execution.session.temporaries:
            source_facts = execution.warehouse.catalogue.facts(execution.duck, source)
            if source_facts is None:
                raise missing_object(".".join(source))
            if source_facts.transient and not transient and not _has(statement, exp.TemporaryProperty):
                raise transient_to_permanent()
    comment = ""
    properties = statement.args.get("properties")
    for one in properties.expressions if properties is not None else []:
        if isinstance(one, exp.SchemaCommentProperty):
            comment = str(one.this.this)
    return Facts(transient=transient, created=utc_text(), comment=comment)


def _create_temporary(execution: Execution, statement: exp.Create, name: TableName, kind: str) -> Answer:
    """A temporary table or view lives in DuckDB's temp schema and goes with the session."""
    session = execution.session
    physical = session.temporaries.get(name)
    if physical is not None and statement.args.get("exists"):
        return execution.status(f"{name[2]} already exists, statement succeeded.")
    if physical is not None and not statement.args.get("replace"):
        raise already_exists(".".join(name))
    parts = execution.translate(statement)
    new_physical: TableName = ("temp", "main", ".".join(name))
    for part in parts:
        if isinstance(part, exp.Create) and part.kind == kind:
            redirect(_table_of(part), new_physical[2])
            part.set("replace", True)
    existing = execution.warehouse.catalogue.kind(execution.duck, new_physical)
    if existing not in (None, kind):
        execution.execute(f"DROP {existing} {quoted_name(new_physical)}")
    _run_all(execution, parts)
    session.temporaries[name] = new_physical[2]
    return execution.status(f"{kind.capitalize()} {name[2]} successfully created.")


# ---- DROP, TRUNCATE


def _drop(execution: Execution, statement: exp.Drop) -> Answer:
    kind = str(statement.kind).upper()
    execution.query_type = f"DROP_{kind}"
    exists = bool(statement.args.get("exists"))
    tables = [one for one in statement.args.get("tables") or [statement.this] if isinstance(one, exp.Table)]
    if len(tables) != 1:
        raise unsupported(statement.sql(dialect="snowflake"))
    table = tables[0]
    if kind == "DATABASE":
        name = identifier_text(table.this)
        execution.session.leave(name)
        execution.warehouse.storage.drop_database(name, if_exists=exists)
        return execution.status(f"{name} successfully dropped.")
    if kind == "SCHEMA":
        return _drop_schema(execution, table, exists)
    if kind in ("TABLE", "VIEW"):
        return _drop_relation(execution, table, kind, exists)
    parts = execution.translate(statement)
    execution.write([], LockMode.DEFINE, lambda: _run_all(execution, parts))
    return execution.status(f"{table.name.upper()} successfully dropped.")


def _drop_schema(execution: Execution, table: exp.Table, if_exists: bool) -> Answer:
    database = identifier_text(table.args.get("catalog")) or execution.session.database or ""
    schema = identifier_text(table.args.get("db")) or identifier_text(table.this)
    if not execution.warehouse.catalogue.schema_exists(execution.duck, database, schema):
        if if_exists:
            return execution.status(f"Drop statement executed successfully ({schema} already dropped).")
        raise missing_object(f"{database}.{schema}", "Schema")
    execution.session.leave(database, schema)
    sql = f"DROP SCHEMA {_quoted_schema(database, schema)} CASCADE"
    execution.write([(database, schema, "")], LockMode.DEFINE, lambda: _run_text(execution, sql))
    return execution.status(f"{schema} successfully dropped.")


def _drop_relation(execution: Execution, table: exp.Table, kind: str, if_exists: bool) -> Answer:
    name = execution.name_of(table)
    session = execution.session
    physical: TableName = name
    if name in session.temporaries:
        physical = ("temp", "main", session.temporaries[name])
    existing = execution.warehouse.catalogue.kind(execution.duck, physical)
    if existing is None:
        if if_exists:
            return execution.status(f"Drop statement executed successfully ({name[2]} already dropped).")
        raise missing_object(".".join(name))
    if existing != kind:
        text = f"SQL compilation error:\nObject found is of type '{existing}', specified object is of type '{kind}'."
        raise StatementError(2203, "02000", text)
    sql = f"DROP {kind} {quoted_name(physical)}"
    execution.write([physical], LockMode.DEFINE, lambda: _run_text(execution, sql))
    session.temporaries.pop(name, None)
    return execution.status(f"{name[2]} successfully dropped.")


def _truncate(execution: Execution, statement: exp.TruncateTable) -> Answer:
    table = statement.expressions[0]
    name = execution.name_of(table)
    parts = execution.translate(statement)
    execution.write([name], LockMode.DEFINE, lambda: _run_all(execution, parts))
    return execution.status("Statement executed successfully.")


# ---- ALTER, COMMENT


def _alter(execution: Execution, statement: exp.Alter) -> Answer:
    table = statement.this
    if not isinstance(table, exp.Table):
        raise unsupported(statement.sql(dialect="snowflake"))
    name = execution.name_of(table)
    actions = statement.args.get("actions") or []
    if len(actions) == 1 and isinstance(actions[0], exp.SwapTable):
        return _swap(execution, name, execution.name_of(actions[0].this))
    if len(actions) == 1 and isinstance(actions[0], exp.AlterRename):
        return _rename(execution, str(statement.kind).upper(), name, execution.name_of(actions[0].this))
    if len(actions) == 1 and (comment := actions[0].find(exp.SchemaCommentProperty)) is not None:
        return _set_comment(execution, name, str(comment.this.this))
    if comments := [one for one in actions if isinstance(one, exp.AlterColumn) and one.args.get("comment")]:
        return comment_columns(
            execution, table, {identifier_text(one.this): str(one.args["comment"].this) for one in comments}
        )
    parts = execution.translate(statement)
    execution.write([name], LockMode.DEFINE, lambda: _run_all(execution, parts))
    return execution.status("Statement executed successfully.")


def _rename(execution: Execution, kind: str, name: TableName, new_name: TableName) -> Answer:
    if name[:2] != new_name[:2]:
        raise unsupported("ALTER TABLE ... RENAME into another schema")
    existing = execution.warehouse.catalogue.kind(execution.duck, name)
    if existing is None:
        raise missing_object(".".join(name))
    if execution.warehouse.catalogue.kind(execution.duck, new_name):
        raise already_exists(".".join(new_name))
    sql = f"ALTER {existing} {quoted_name(name)} RENAME TO {_quoted(new_name[2])}"
    execution.write([name], LockMode.DEFINE, lambda: _run_text(execution, sql))
    return execution.status("Statement executed successfully.")


def _swap(execution: Execution, one: TableName, other: TableName) -> Answer:
    if one[:2] != other[:2]:
        raise unsupported("ALTER TABLE ... SWAP WITH a table of another schema")
    for name in (one, other):
        if execution.warehouse.catalogue.kind(execution.duck, name) is None:
            raise missing_object(".".join(name))
    between: TableName = (one[0], one[1], f"{one[2]}$SWAP")

    def work() -> int:
        for old, new in ((one, between), (other, one), (between, other)):
            execution.execute(f"ALTER TABLE {quoted_name(old)} RENAME TO {_quoted(new[2])}")
        return 0

    execution.write([one, other], LockMode.DEFINE, work)
    return execution.status("Statement executed successfully.")


def _comment(execution: Execution, statement: exp.Comment) -> Answer:
    kind = str(statement.args.get("kind")).upper()
    text = str(statement.expression.this)
    if kind not in ("TABLE", "VIEW"):
        return execution.status("Statement executed successfully.")
    return _set_comment(execution, execution.name_of(statement.this), text)


def _set_comment(execution: Execution, name: TableName, text: str) -> Answer:
    facts = execution.warehouse.catalogue.facts(execution.duck, name)
    kind = execution.warehouse.catalogue.kind(execution.duck, name)
    if facts is None or kind is None:
        raise missing_object(".".join(name))

    def work() -> int:
        _store_facts(execution, name, kind, replace(facts, comment=text))
        return 0

    execution.write([name], LockMode.DEFINE, work)
    return execution.status("Statement executed successfully.")


def comment_columns(execution: Execution, table: exp.Table, comments: dict[str, str]) -> Answer:
    execution.query_type, execution.type_id = "ALTER", _TYPE_ID_DDL
    execution.transaction.commit()
    name = execution.name_of(table)
    if execution.warehouse.catalogue.kind(execution.duck, name) is None:
        raise missing_object(".".join(name))

    def work() -> int:
        for column, text in comments.items():
            literal = text.replace("'", "''")
            execution.execute(f"COMMENT ON COLUMN {quoted_name(name)}.{_quoted(column)} IS '{literal}'")
        return 0

    execution.write([name], LockMode.DEFINE, work)
    return execution.status("Statement executed successfully.")


# ---- small things


def _store_facts(execution: Execution, name: TableName, kind: str, facts: Facts) -> None:
    text = facts.text().replace("'", "''")
    execution.execute(f"COMMENT ON {kind} {quoted_name(name)} IS '{text}'")


def _run_all(execution: Execution, parts: list[Expr]) -> int:
    for part in parts:
        sql = duckdb_sql(part)
        if isinstance(part, exp.Command) or not sql:
            raise unsupported(execution.job.sql[:200])
        execution.execute(sql)
    return 0


def _run_text(execution: Execution, sql: str) -> int:
    execution.execute(sql)
    return 0


def _table_of(statement: exp.Create) -> exp.Table:
    table = statement.this
    if isinstance(table, exp.Schema):
        table = table.this
    if not isinstance(table, exp.Table):
        raise unsupported(statement.sql(dialect="snowflake"))
    return table


def _has(statement: exp.Create, kind: type[Expr]) -> bool:
    properties = statement.args.get("properties")
    return properties is not None and any(isinstance(one, kind) for one in properties.expressions)


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _quoted_schema(database: str, schema: str) -> str:
    return f"{_quoted(database)}.{_quoted(schema)}"
