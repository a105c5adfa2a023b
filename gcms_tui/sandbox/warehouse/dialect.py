"""Corrections to a parsed Snowflake statement before fakesnow translates it to DuckDB.

Pure functions over the syntax tree; each puts right one thing that fakesnow or DuckDB would answer differently.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlglot
from sqlglot import Expr, TokenType, exp

from gcms_tui.sandbox.warehouse.failures import StatementError, several_statements, unsupported
from gcms_tui.sandbox.warehouse.locks import TableName

AVERAGE_MACRO = "_GCMS_AVERAGE"
"""Macro of the global database that averages numbers exactly (see `storage`)."""


@dataclass(frozen=True)
class Context:
    """What a statement's meaning depends on besides its text."""

    database: str | None = None
    schema: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    """Session variables (SET x = ...): upper-case name to SQL text."""
    constants: Mapping[str, str | None] = field(default_factory=dict)
    """Values of CURRENT_USER() and its kin, by upper-case function name."""
    temporaries: Mapping[TableName, str] = field(default_factory=dict)
    """The session's temporary tables and views: name to the name in DuckDB's temp schema."""
    now: datetime | None = None
    """The statement's own time, where DuckDB would take the transaction's."""


def identifier_text(identifier: object) -> str:
    """The name that an identifier stands for: upper-case unless quoted. Empty if there is none."""
    if not isinstance(identifier, exp.Identifier):
        return ""
    return str(identifier.this) if identifier.quoted else str(identifier.this).upper()


def duckdb_sql(translated: Expr) -> str:
    """A translated statement as text. Names are quoted: one that Snowflake takes (AT) may be a keyword to DuckDB."""
    return translated.sql(dialect="duckdb", identify=True)


def table_name(table: exp.Table, database: str | None, schema: str | None) -> TableName:
    """The full name of a table reference in a session with that current database and schema."""
    return (
        identifier_text(table.args.get("catalog")) or database or "",
        identifier_text(table.args.get("db")) or schema or "",
        identifier_text(table.this),
    )


_PLACEHOLDER = re.compile(r"""('(?:[^'\\]|\\.|'')*'|"[^"]*"|\$\$.*?\$\$|--[^\n]*|/\*.*?\*/)|\?""", re.S)
"""Texts, quoted names and comments, to be left alone; or a placeholder."""
_POSITION = "position"
"""Of a `?` in the text, counted from 1: where its node keeps it."""


def parse(sql: str) -> Expr:
    """The one statement in the text.

    Raises:
        StatementError: there is none, or more than one.
        sqlglot.errors.ParseError: the text is not Snowflake SQL.
    """
    number = itertools.count(1)
    if "?" in sql:
        sql = _PLACEHOLDER.sub(lambda found: found[1] or f":{next(number)} ", sql)
    parsed = [one for one in sqlglot.parse(sql, read="snowflake") if one and not isinstance(one, exp.Semicolon)]
    if len(parsed) > 1:
        raise several_statements(len(parsed))
    if not parsed:
        raise StatementError(900, "42601", "SQL compilation error:\nEmpty SQL statement.")
    if next(number) > 1:
        # The tree does not keep the order of the text: a WITH comes last in it.
        for placeholder in parsed[0].find_all(exp.Placeholder):
            placeholder.meta[_POSITION] = int(placeholder.this)
            placeholder.set("this", None)
    return parsed[0]


_COLUMN_COMMENTS = re.compile(r"ALTER\s+(?:TABLE|VIEW)\s+(\S+)\s+(?:ALTER|MODIFY)\s+(.*\bCOMMENT\b.*)", re.I | re.S)


def column_comments(sql: str) -> tuple[exp.Table, dict[str, str]] | None:
    """Table and comments of `ALTER TABLE t ALTER a COMMENT '..', b COMMENT '..'`, which sqlglot does not parse."""
    if not (found := _COLUMN_COMMENTS.match(sql)):
        return None
    comments: dict[str, str] = {}
    tokens = [token for token in sqlglot.tokenize(found[2], read="snowflake") if token.text.upper() != "COLUMN"]
    for position in range(0, len(tokens), 4):  # name COMMENT text ,
        name, verb, text, *_ = [*tokens[position : position + 4], None, None, None]
        if name is None or verb is None or text is None or verb.text.upper() != "COMMENT":
            return None
        quoted = name.token_type == TokenType.IDENTIFIER
        comments[name.text if quoted else name.text.upper()] = text.text
    return exp.to_table(found[1], dialect="snowflake"), comments


def require_no_placeholders(statement: Expr) -> None:
    """Raise for a `?` that no value was sent for, and for `$1`."""
    placeholder = statement.find(exp.Placeholder)
    if placeholder is not None:
        raise StatementError(2049, "42601", f"SQL compilation error:\nBind variable {placeholder.this or '?'} not set.")
    parameter = next((one for one in statement.find_all(exp.Parameter) if isinstance(one.this, exp.Literal)), None)
    if parameter is not None:
        raise unsupported(f"column position ${parameter.this.this}")


def fill_placeholders(statement: Expr, values: Sequence[Expr] | Mapping[str, Expr]) -> Expr:
    """The statement with its `?` (or `:1`, `:name`) replaced by literals, in the order of the text."""
    filled = statement.copy()
    for placeholder in list(filled.find_all(exp.Placeholder)):
        name = placeholder.this
        if isinstance(values, Mapping):
            value = values.get(str(name))
        elif name and str(name).isdigit():
            value = values[int(name) - 1] if int(name) <= len(values) else None
        else:
            position = int(placeholder.meta[_POSITION])
            value = values[position - 1] if position <= len(values) else None
        if value is None:
            raise StatementError(2049, "42601", f"SQL compilation error:\nBind variable {name or '?'} not set.")
        if placeholder is filled:
            return value.copy()
        placeholder.replace(value.copy())
    return filled


def correct(statement: Expr, context: Context) -> Expr:
    """All corrections, in the order in which they build on each other. The statement is changed in place."""
    passes: tuple[Callable[[Expr], Expr], ...] = (
        lambda node: session_variable(node, context.variables),
        lambda node: constant_function(node, context.constants),
        lambda node: statement_time(node, context.now),
        checked_division,
        counted_as_integer,
        exact_average,
        hash_total,
        hashed_as_text,
        formatted,
        without_unenforced_constraint,
    )
    for one_pass in passes:
        statement = statement.transform(one_pass, copy=False)
    statement = clone_as_select(statement)
    return redirect_temporaries(statement, context)


def name_projections(statement: Expr) -> None:
    """Unnamed result columns carry their own text, as in Snowflake: `COUNT(*)`, not `count_star()`."""
    if not isinstance(statement, exp.Select):
        return
    for projection in statement.expressions:
        if isinstance(projection, (exp.Alias, exp.Column, exp.Star, exp.Dot, exp.Subquery, exp.Aliases)):
            continue
        text = projection.sql(dialect="snowflake", comments=False).upper()
        if isinstance(projection, exp.Func) and "(" not in text:  # CURRENT_DATE, however it was written
            text += "()"
        projection.replace(exp.alias_(projection.copy(), text, quoted=True))


def session_variable(node: Expr, variables: Mapping[str, str]) -> Expr:
    if not isinstance(node, exp.Parameter) or not isinstance(node.this, exp.Var):
        return node
    name = str(node.this.this).upper()
    if name not in variables:
        raise StatementError(2211, "02000", f"SQL compilation error:\nSession variable '${name}' does not exist")
    return sqlglot.parse_one(variables[name], read="snowflake")


def constant_function(node: Expr, constants: Mapping[str, str | None]) -> Expr:
    """CURRENT_SESSION() and its kin as literals, since only the session knows them."""
    if isinstance(node, exp.Anonymous):
        name = str(node.this).upper()
    elif isinstance(node, exp.Func):
        name = node.sql_name().upper()
    else:
        return node
    if name not in constants:
        return node
    value = constants[name]
    return exp.Null() if value is None else exp.Literal.string(value)


def statement_time(node: Expr, now: datetime | None) -> Expr:
    """CURRENT_TIMESTAMP inside a transaction is the statement's time; DuckDB's stands still at the transaction's."""
    if now is None or not isinstance(node, exp.CurrentTimestamp):
        return node
    return exp.cast(exp.Literal.string(now.isoformat(sep=" ")), exp.DataType.Type.TIMESTAMPTZ)


def checked_division(node: Expr) -> Expr:
    """Division by zero is an error in Snowflake; DuckDB answers infinity or NULL."""
    if not isinstance(node, (exp.Div, exp.IntDiv, exp.Mod)):
        return node
    divisor = node.expression
    inner = divisor.unnest()
    if isinstance(inner, exp.Nullif) or (isinstance(inner, exp.Literal) and inner.is_number and float(inner.this) != 0):
        return node
    checked = exp.Case(
        ifs=[
            exp.If(
                this=exp.EQ(this=exp.paren(divisor.copy()), expression=exp.Literal.number(0)),
                true=exp.Anonymous(this="ERROR", expressions=[exp.Literal.string("Division by zero")]),
            )
        ],
        default=divisor.copy(),
    )
    node.set("expression", exp.paren(checked))
    return node


def counted_as_integer(node: Expr) -> Expr:
    """COUNT_IF as BIGINT; DuckDB's HUGEINT would turn into an object column in pandas."""
    if isinstance(node, exp.CountIf) and not isinstance(node.parent, (exp.Window, exp.Filter)):
        return exp.cast(node.copy(), exp.DataType.Type.BIGINT)
    if isinstance(node, exp.Window) and isinstance(node.this, exp.CountIf):
        return exp.cast(node.copy(), exp.DataType.Type.BIGINT)
    return node


def exact_average(node: Expr) -> Expr:
    """AVG of exact numbers stays exact; DuckDB would go through DOUBLE."""
    if (
        not isinstance(node, exp.Avg)
        or isinstance(node.parent, (exp.Window, exp.Filter))
        or isinstance(node.this, exp.Distinct)
    ):
        return node
    macro: Expr = exp.Anonymous(this=AVERAGE_MACRO, expressions=[node.this.copy()])
    return exp.Dot.build([exp.to_identifier("_fs_global"), exp.to_identifier("main"), macro])


def hash_total(node: Expr) -> Expr:
    """HASH_AGG: a total that does not depend on the order of the rows, but on how often each is there."""
    if not isinstance(node, exp.HashAgg):
        return node
    arguments = [node.this, *node.expressions]
    hashed = exp.Anonymous(
        this="HASH",
        expressions=[exp.Var(this="*COLUMNS(*)") if isinstance(one, exp.Star) else one.copy() for one in arguments],
    )
    total = exp.Sum(this=exp.cast(hashed, exp.DataType.Type.INT128))
    return exp.cast(exp.Mod(this=total, expression=exp.Literal.number(2**63 - 1)), exp.DataType.Type.BIGINT)


def hashed_as_text(node: Expr) -> Expr:
    """MD5 and SHA2 take any value in Snowflake, and hash its text."""
    if isinstance(node, (exp.MD5, exp.SHA2)) and not isinstance(node.this, (exp.Literal, exp.Cast)):
        node.set("this", exp.cast(node.this.copy(), exp.DataType.Type.VARCHAR))
    return node


_FORMAT_ELEMENT = re.compile(r"YYYY|YY|MMMM|MON|MM|DD|DY|HH24|HH12|HH|AM|PM|MI|SS|FF[0-9]?|TZH:?TZM|%", re.IGNORECASE)
_STRFTIME = {
    "YYYY": "%Y", "YY": "%y", "MMMM": "%B", "MON": "%b", "MM": "%m", "DD": "%d", "DY": "%a", "HH24": "%H", "HH": "%H",
    "HH12": "%I", "AM": "%p", "PM": "%p", "MI": "%M", "SS": "%S", "FF": "%n", "FF0": "", "FF3": "%g", "FF6": "%f",
    "FF9": "%n", "TZH:TZM": "%z", "TZHTZM": "%z", "%": "%%",
}  # fmt: skip


def formatted(node: Expr) -> Expr:
    """TO_CHAR and TO_VARCHAR of a date or time with a format; the translation would leave the format out."""
    if isinstance(node, exp.TimeToStr) and isinstance(node.args["format"], exp.Literal):
        # the translation reads the lower-case dd of a format as a day without its zero
        node.set("format", exp.Literal.string(str(node.args["format"].this).replace("%-d", "%d")))
        return node
    if not isinstance(node, (exp.ToChar, exp.TimeToStr)) or node.args.get("format") is None:
        return node
    pattern = _constant_text(node.args["format"])
    elements = _FORMAT_ELEMENT.findall(pattern or "")
    if pattern is None or not elements or any(element.upper() not in _STRFTIME for element in elements):
        raise unsupported(node.sql(dialect="snowflake"))
    translated = _FORMAT_ELEMENT.sub(lambda element: _STRFTIME[element[0].upper()], pattern)
    return exp.Anonymous(this="STRFTIME", expressions=[node.this.copy(), exp.Literal.string(translated)])


def _constant_text(node: Expr) -> str | None:
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    if isinstance(node, exp.DPipe):
        parts = (_constant_text(node.this), _constant_text(node.expression))
        return None if None in parts else "".join(part or "" for part in parts)
    return None


_UNENFORCED = (exp.PrimaryKeyColumnConstraint, exp.UniqueColumnConstraint, exp.Reference)


def without_unenforced_constraint(node: Expr) -> Expr:
    """Snowflake does not enforce keys: PRIMARY KEY, UNIQUE and FOREIGN KEY are left out of a table's definition."""
    if isinstance(node, exp.ColumnDef):
        kept = [
            constraint
            for constraint in node.args.get("constraints") or []
            if not isinstance(constraint.args.get("kind"), _UNENFORCED)
        ]
        node.set("constraints", kept)
    elif isinstance(node, exp.Schema) and isinstance(node.parent, exp.Create):
        node.set("expressions", [one for one in node.expressions if not _is_key_constraint(one)])
    return node


def _is_key_constraint(node: Expr) -> bool:
    keys = (exp.PrimaryKey, exp.ForeignKey, exp.UniqueColumnConstraint)
    if isinstance(node, exp.Constraint):
        return all(isinstance(one, keys) for one in node.expressions)
    return isinstance(node, keys)


def clone_as_select(statement: Expr) -> Expr:
    """CREATE TABLE .. CLONE as CREATE TABLE .. AS, with its OR REPLACE, IF NOT EXISTS and TRANSIENT."""
    clone = statement.args.get("clone") if isinstance(statement, exp.Create) else None
    if clone is None:
        return statement
    source = clone.this
    if str(statement.args.get("kind")).upper() != "TABLE":
        raise unsupported(f"CREATE {statement.args.get('kind')} ... CLONE")
    if source.args.get("when"):
        raise unsupported("time travel (AT | BEFORE)")
    statement.set("clone", None)
    statement.set("expression", exp.select("*").from_(source.copy()))
    return statement


def redirect_temporaries(statement: Expr, context: Context) -> Expr:
    """The session's temporary tables live in DuckDB's temp schema, under their full name."""
    if not context.temporaries:
        return statement
    created = statement.find(exp.Table, bfs=True) if isinstance(statement, exp.Create) else None
    for table in list(statement.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier) or table is created:
            continue
        physical = context.temporaries.get(table_name(table, context.database, context.schema))
        if physical is not None:
            redirect(table, physical)
    return statement


def redirect(table: exp.Table, physical: str) -> None:
    """Point a table reference to DuckDB's temp schema, and keep the name that columns may be qualified with."""
    name = identifier_text(table.this)
    if not table.alias and isinstance(table.parent, (exp.From, exp.Join, exp.Merge, exp.Delete)):
        table.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    table.set("this", exp.to_identifier(physical, quoted=True))
    table.set("db", exp.to_identifier("main", quoted=True))
    table.set("catalog", exp.to_identifier("temp", quoted=True))
