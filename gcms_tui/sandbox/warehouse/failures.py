"""Every way a statement can fail, with Snowflake's error number, SQL state and wording."""

from __future__ import annotations

import re

import duckdb
import snowflake.connector.errors
import sqlglot.errors


class StatementError(Exception):
    """A statement's failure as the client is to see it: Snowflake's error number, SQL state and message."""

    def __init__(self, code: int, sql_state: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.sql_state = sql_state
        self.message = message

    @property
    def code_text(self) -> str:
        """The number as the protocol carries it, e.g. '002003'."""
        return f"{self.code:06d}"


def cancelled() -> StatementError:
    return StatementError(604, "57014", "SQL execution canceled")


def timed_out(seconds: float) -> StatementError:
    text = f"Statement reached its statement or warehouse timeout of {seconds:g} second(s) and was canceled."
    return StatementError(630, "57014", text)


def transaction_aborted(reason: str) -> StatementError:
    text = f"The transaction was aborted by an earlier error and nothing of it is stored; issue ROLLBACK. ({reason})"
    return StatementError(90233, "25000", text)


def lock_not_granted(table: str, why: str) -> StatementError:
    return StatementError(625, "57014", f"Statement could not lock table '{table}': {why}")


def unsupported(what: str) -> StatementError:
    return StatementError(2, "0A000", f"Unsupported feature '{what}'.")


def missing_object(name: str, kind: str = "Object") -> StatementError:
    state = "42S02" if kind == "Object" else "02000"
    return StatementError(2003, state, f"SQL compilation error:\n{kind} '{name}' does not exist or not authorized.")


def already_exists(name: str) -> StatementError:
    return StatementError(2002, "42710", f"SQL compilation error:\nObject '{name}' already exists.")


def transient_to_permanent() -> StatementError:
    text = "SQL compilation error:\nTransient object cannot be cloned to a permanent object."
    return StatementError(2120, "42601", text)


def several_statements(count: int) -> StatementError:
    text = f"Actual statement count {count} did not match the desired statement count 1."
    return StatementError(8, "0A000", text)


def result_gone(query_id: str) -> StatementError:
    text = f"Statement {query_id} has run, but its result is no longer kept. It was not run again."
    return StatementError(709, "02000", text)


def syntax_error(error: sqlglot.errors.ParseError) -> StatementError:
    first = error.errors[0] if error.errors else {}
    where = f"line {first.get('line') or 1} at position {first.get('col') or 0}"
    near = str(first.get("highlight") or "").strip() or "<EOF>"
    return StatementError(1003, "42000", f"SQL compilation error:\nsyntax error {where} unexpected '{near}'.")


def as_statement_error(error: BaseException) -> StatementError:
    """The client's view of any exception. Never raises: what nobody foresaw is Snowflake's internal error, 000603."""
    if isinstance(error, StatementError):
        return error
    if isinstance(error, sqlglot.errors.ParseError):
        return syntax_error(error)
    if isinstance(error, snowflake.connector.errors.Error):
        cause = error.__cause__
        if isinstance(cause, duckdb.Error):
            return _from_duckdb(cause)
        text = str(error.raw_msg or error.msg)
        if error.errno in (9999, -1, None):
            return unsupported(text)
        return StatementError(int(error.errno), error.sqlstate or "XX000", text)
    if isinstance(error, duckdb.Error):
        return _from_duckdb(error)
    if isinstance(error, (NotImplementedError, sqlglot.errors.SqlglotError)):
        return unsupported(str(error))
    return StatementError(603, "XX000", f"SQL execution internal error: {type(error).__name__}: {error}")


_NAME = r"""["'`]?([^"'`!]+?)["'`]?"""
_CATALOG_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"because (?:catalog|database) {_NAME} does not exist", re.I), "Database"),
    (re.compile(rf"because schema {_NAME} does not exist", re.I), "Schema"),
    (re.compile(rf"(?:Table|View|Sequence|Type)(?: Function)? with name {_NAME} does not exist", re.I), "Object"),
    (re.compile(rf"Schema with name {_NAME} does not exist", re.I), "Schema"),
    (re.compile(rf"^(?:Catalog|Binder) Error: (?:Catalog|Database) {_NAME} does not exist", re.I), "Database"),
)
_EXISTS = re.compile(r"with name [\"']?([^\"'!]+?)[\"']? already exists", re.I)
_COLUMN = re.compile(
    r"(?:Referenced column|Referenced update column|Column with name|have a column with name|Column|column) "
    r"[\"']?([^\"'!\s]+)[\"']?(?: not found| does not exist| that does not|$)",
    re.I,
)
_TABLE_ALIAS = re.compile(r"Referenced table [\"']([^\"']+)[\"'] not found", re.I)


def _from_duckdb(error: duckdb.Error) -> StatementError:
    text = str(error)
    line = text.split("\n", 1)[0]
    if isinstance(error, duckdb.InterruptException):
        return cancelled()
    if "Division by zero" in line:
        return StatementError(100051, "22012", "Division by zero")
    if isinstance(error, duckdb.TransactionException) or "Conflict on" in line or "write-write conflict" in line:
        return StatementError(625, "57014", f"The statement conflicts with another transaction: {line}")
    if isinstance(error, duckdb.CatalogException):
        return _from_catalog(line)
    if isinstance(error, duckdb.BinderException):
        return _from_binder(text, line)
    if isinstance(error, duckdb.ParserException):
        return StatementError(1003, "42000", f"SQL compilation error:\n{line}")
    if isinstance(error, duckdb.ConstraintException):
        column = line.rpartition(".")[2]
        if "NOT NULL" in line:
            return StatementError(100072, "22000", f"NULL result in a non-nullable column: {column}")
        return StatementError(100072, "22000", line)
    if isinstance(error, duckdb.ConversionException):
        return _from_conversion(line)
    if isinstance(error, duckdb.OutOfRangeException):
        return StatementError(100046, "22003", f"Number out of representable range: {line}")
    if isinstance(error, duckdb.NotImplementedException):
        return unsupported(line)
    if isinstance(error, duckdb.OutOfMemoryException):
        return StatementError(300005, "57015", f"The statement needs more memory than the server may use: {line}")
    return StatementError(603, "XX000", f"SQL execution internal error: {line}")


def _from_catalog(line: str) -> StatementError:
    if found := _EXISTS.search(line):
        return already_exists(found[1])
    if "Function with name" in line:
        found = re.search(r"Function with name [\"']?([^\"'!]+?)[\"']? does not", line)
        return StatementError(2140, "42601", f"SQL compilation error:\nUnknown function {found[1] if found else line}.")
    if found := _COLUMN.search(line):
        return StatementError(904, "42000", f"SQL compilation error:\ninvalid identifier '{found[1]}'")
    for pattern, kind in _CATALOG_RULES:
        if found := pattern.search(line):
            return missing_object(found[1].replace('"', ""), kind)
    return StatementError(2003, "02000", f"SQL compilation error:\n{line}")


def _from_binder(text: str, line: str) -> StatementError:
    if "does not exist" in line and ("Catalog " in line or "Schema " in line):
        return _from_catalog(line)
    if found := _COLUMN.search(line) or _TABLE_ALIAS.search(line):
        position = re.search(r"^LINE (\d+):", text, re.M)
        where = f"error line {position[1] if position else 1}\n"
        return StatementError(904, "42000", f"SQL compilation error: {where}invalid identifier '{found[1]}'")
    if "Ambiguous reference" in line:
        return StatementError(2028, "42601", f"SQL compilation error:\nambiguous column name: {line}")
    if "GROUP BY" in line:
        return StatementError(979, "42601", f"SQL compilation error:\nnot a valid group by expression: {line}")
    return StatementError(1044, "42P13", f"SQL compilation error:\n{line}")


def _from_conversion(line: str) -> StatementError:
    lowered = line.lower()
    found = re.search(r"[\"']([^\"']*)[\"']", line)
    value = found[1] if found else ""
    if "timestamp" in lowered:
        return StatementError(100035, "22007", f"Timestamp '{value}' is not recognized ({line})")
    if "date" in lowered or "time" in lowered:
        return StatementError(100040, "22007", f"Date '{value}' is not recognized ({line})")
    if found := re.search(r"Could not cast value (\S+) to DECIMAL", line):
        return StatementError(100039, "22003", f"Numeric value '{found[1]}' is out of range")
    if "bool" in lowered:
        return StatementError(100037, "22018", f"Boolean value '{value}' is not recognized ({line})")
    return StatementError(100038, "22018", f"Numeric value '{value}' is not recognized ({line})")
