"""INSERT, UPDATE, DELETE and MERGE."""

from __future__ import annotations

from collections import Counter

from sqlglot import Expr, exp

from gcms_tui.sandbox.warehouse.dialect import duckdb_sql
from gcms_tui.sandbox.warehouse.execution import Execution
from gcms_tui.sandbox.warehouse.failures import StatementError, unsupported
from gcms_tui.sandbox.warehouse.jobs import Answer
from gcms_tui.sandbox.warehouse.locks import LockMode, TableName

_COUNT_NAMES = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted"}


def change(execution: Execution, statements: list[Expr]) -> Answer:
    """Run one DML statement, or the same one once per row of an array binding, as one step that happens or does not."""
    first = statements[0]
    target = _target(execution, first)
    begin_implicitly(execution)
    if isinstance(first, exp.Merge):
        return _merge(execution, first, target)
    verb = first.key.upper()
    mode = LockMode.APPEND if verb == "INSERT" and not first.args.get("overwrite") else LockMode.REWRITE
    translated = [execution.translate(statement) for statement in statements]
    execution.validate(translated[0])

    def work() -> int:
        affected = 0
        for parts in translated:
            for part in parts:
                rows = execution.execute(duckdb_sql(part)).fetchall()
                if part.key.upper() == verb:
                    affected += int(rows[0][0])
        return affected

    count = execution.write([target], mode, work)
    counts = {f"number of rows {_COUNT_NAMES[verb]}": count}
    if verb == "UPDATE":
        counts["number of multi-joined rows updated"] = 0
    return execution.counts(counts)


def begin_implicitly(execution: Execution) -> None:
    """With AUTOCOMMIT off, the first change opens a transaction."""
    if not execution.session.parameters.flag("AUTOCOMMIT"):
        execution.transaction.begin()


def _target(execution: Execution, statement: Expr) -> TableName:
    table = statement.this
    if isinstance(table, exp.Schema):
        table = table.this
    if not isinstance(table, exp.Table):
        raise unsupported(f"{statement.key.upper()} into {table.sql(dialect='snowflake')}")
    name = execution.name_of(table)
    return ("temp", "main", execution.session.temporaries[name]) if name in execution.session.temporaries else name


def _merge(execution: Execution, merge: exp.Merge, target: TableName) -> Answer:
    operations = _operations(merge)
    (translated,) = execution.translate(merge)
    execution.validate([translated])
    sql = duckdb_sql(translated) + " RETURNING merge_action"
    actions: Counter[str] = Counter()

    def work() -> int:
        actions.update(str(row[0]) for row in execution.execute(sql).fetchall())
        return actions.total()

    try:
        execution.write([target], LockMode.REWRITE, work)
    except Exception as error:
        if "cannot affect the same target row more than once" in str(error):
            text = "Duplicate row detected during DML action"
            raise StatementError(100090, "42P18", text) from error
        raise
    return execution.counts({f"number of rows {_COUNT_NAMES[verb]}": actions[verb] for verb in operations})


def _operations(merge: exp.Merge) -> list[str]:
    """The operations that the MERGE may perform, in the order of Snowflake's result columns."""
    performed = set()
    for when in merge.args["whens"].expressions:
        then = when.args.get("then")
        performed.add("DELETE" if isinstance(then, exp.Var) else then.key.upper())
    return [verb for verb in ("INSERT", "UPDATE", "DELETE") if verb in performed]
