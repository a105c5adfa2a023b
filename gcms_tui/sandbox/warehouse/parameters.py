"""Session parameters: set at connect, by ALTER SESSION, or with one statement; shown by SHOW PARAMETERS."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
from sqlglot import TokenType, tokenize

from gcms_tui.sandbox.warehouse.failures import StatementError

ParameterValue = bool | int | str


@dataclass(frozen=True)
class Parameter:
    """A parameter that Snowflake knows: its default decides its type."""

    name: str
    default: ParameterValue
    description: str


KNOWN: dict[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        Parameter("ABORT_DETACHED_QUERY", False, "Abort a statement whose client is gone (remembered, not acted on)"),
        Parameter("AUTOCOMMIT", True, "Commit every statement that stands outside a transaction"),
        Parameter("CLIENT_SESSION_KEEP_ALIVE", False, "Keep the session alive while the client is connected"),
        Parameter("CLIENT_TELEMETRY_ENABLED", False, "Let clients send telemetry"),
        Parameter("DATE_OUTPUT_FORMAT", "YYYY-MM-DD", "Display format of DATE"),
        Parameter("ERROR_ON_NONDETERMINISTIC_MERGE", True, "Refuse a MERGE that would change one row twice"),
        Parameter("LOCK_TIMEOUT", 43200, "Seconds to wait for a lock before the statement is given up"),
        Parameter("QUERY_TAG", "", "Text that is recorded with every statement"),
        Parameter("QUOTED_IDENTIFIERS_IGNORE_CASE", False, "Ignore the case of quoted identifiers"),
        Parameter("STATEMENT_QUEUED_TIMEOUT_IN_SECONDS", 0, "Seconds a statement may wait for the warehouse"),
        Parameter("STATEMENT_TIMEOUT_IN_SECONDS", 172800, "Seconds a statement may run before it is cancelled"),
        Parameter("TIMESTAMP_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM", "Display format of TIMESTAMP"),
        Parameter("TIMESTAMP_TYPE_MAPPING", "TIMESTAMP_NTZ", "What TIMESTAMP without a variation means"),
        Parameter("TIMEZONE", "Etc/UTC", "Time zone of the session"),
        Parameter("TRANSACTION_ABORT_ON_ERROR", False, "Abort the transaction when any statement of it fails"),
        Parameter("TRANSACTION_DEFAULT_ISOLATION_LEVEL", "READ COMMITTED", "Isolation level of new transactions"),
        Parameter("WEEK_START", 0, "First day of the week"),
    )
}

_COLUMNS = ("key", "value", "default", "level", "description", "type")


class SessionParameters:
    """The values of one session. Parameters nobody here knows are kept and shown as text: clients send many."""

    def __init__(self) -> None:
        self._set: dict[str, ParameterValue] = {}

    def set(self, name: str, value: ParameterValue) -> None:
        """Raises StatementError when the text does not fit the parameter's type."""
        self._set[name.upper()] = typed_value(name, value)

    def unset(self, name: str) -> None:
        self._set.pop(name.upper(), None)

    def get(self, name: str) -> ParameterValue:
        if name in self._set:
            return self._set[name]
        return KNOWN[name].default

    def text(self, name: str) -> str:
        return str(self.get(name))

    def flag(self, name: str) -> bool:
        return bool(self.get(name))

    def table(self, like: str | None) -> pa.Table:
        """What SHOW PARAMETERS answers. `like` is a SQL pattern, matched without regard to case."""
        rows: list[tuple[str, ...]] = []
        for name in sorted({*KNOWN, *self._set}):
            if like is not None and not matches(like, name):
                continue
            known = KNOWN.get(name)
            value = self._set.get(name, known.default if known else "")
            default = known.default if known else ""
            rows.append(
                (name, _shown(value), _shown(default), "SESSION" if name in self._set else "",
                 known.description if known else "", _type_name(value))
            )  # fmt: skip
        columns = list(zip(*rows, strict=True)) if rows else [() for _ in _COLUMNS]
        return pa.table({name: pa.array(values, pa.string()) for name, values in zip(_COLUMNS, columns, strict=True)})


def typed_value(name: str, value: ParameterValue) -> ParameterValue:
    known = KNOWN.get(name.upper())
    if known is None:
        return value
    if isinstance(known.default, bool):
        if str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
        raise _invalid(name, value)
    if isinstance(known.default, int):
        try:
            return int(value)
        except ValueError:
            raise _invalid(name, value) from None
    return str(value)


def _invalid(name: str, value: ParameterValue) -> StatementError:
    text = f"SQL compilation error:\ninvalid value [{value}] for parameter '{name.upper()}'"
    return StatementError(1008, "22023", text)


def _shown(value: ParameterValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type_name(value: ParameterValue) -> str:
    if isinstance(value, bool):
        return "BOOLEAN"
    return "NUMBER" if isinstance(value, int) else "STRING"


def matches(like: str, name: str) -> bool:
    """SQL LIKE without regard to case."""
    return _matches(like.upper(), name.upper())


def _matches(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    head, rest = pattern[0], pattern[1:]
    if head == "%":
        return any(_matches(rest, text[start:]) for start in range(len(text) + 1))
    if head == "\\" and rest:
        head, rest = rest[0], rest[1:]
        return text[:1] == head and _matches(rest, text[1:])
    return bool(text) and head in ("_", text[0]) and _matches(rest, text[1:])


def parse_alter_session(sql: str) -> tuple[dict[str, ParameterValue], list[str]]:
    """Assignments and names to unset of `ALTER SESSION SET a = 1, b = 'x'` or `ALTER SESSION UNSET a, b`."""
    tokens = [token for token in tokenize(sql, read="snowflake") if token.token_type != TokenType.SEMICOLON]
    words = [token.text for token in tokens[:3]]
    if len(words) < 3 or words[2].upper() not in ("SET", "UNSET"):
        raise StatementError(1003, "42000", "SQL compilation error:\nsyntax error: ALTER SESSION SET or UNSET expected")
    rest = tokens[3:]
    if words[2].upper() == "UNSET":
        return {}, [token.text for token in rest if token.token_type != TokenType.COMMA]
    assigned: dict[str, ParameterValue] = {}
    position = 0
    while position < len(rest):
        if rest[position].token_type == TokenType.COMMA:
            position += 1
            continue
        triple = rest[position : position + 3]
        if len(triple) < 3 or triple[1].token_type != TokenType.EQ:
            raise StatementError(1003, "42000", f"SQL compilation error:\nsyntax error near '{rest[position].text}'")
        assigned[triple[0].text.upper()] = triple[2].text
        position += 3
    return assigned, []


def parse_show_like(words: Iterable[str]) -> str | None:
    """The pattern of `SHOW PARAMETERS LIKE 'pattern' ...`, from the statement's tokens."""
    tokens = list(words)
    for position, word in enumerate(tokens[:-1]):
        if word.upper() == "LIKE":
            return tokens[position + 1]
    return None
