"""A question to a database: a SQL text with a parsed front comment, rendered with checked names and bound values.

A query file begins with one block comment of `key: text` lines; an indented line continues the one above:

    /*
    name: source_freshness
    purpose: How old is the newest row of one landed table?
    section: Daily 2
    access: read
    relation table: the landed table
    column loaded_at: when Airbyte pulled the row
    parameter since timestamp: rows before it do not count
    result row_count integer: rows in the table
    instead: what the runbook's own statement got wrong
    */
    SELECT COUNT(*) AS row_count FROM {table} WHERE {loaded_at} >= TO_TIMESTAMP_NTZ(:since)

`{name}` stands for a name and is replaced by a quoted identifier out of checked configuration: a `relation`, a
`schema`, a `column`, a `flag` (a column, or the open end that does its duty), or an `optional` (a column, or NULL where
the table has none). `:name` stands for a value and is always bound. Neither is looked for in comments, strings, quoted
names, casts (`::`) and JSON paths (`payload:field`).
`dialect: postgres` marks a question to Supabase; without it, it is one to Snowflake.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Column, Identifier, NoColumn, OpenEnd, Relation, Schema


class Access(StrEnum):
    READ = "read"
    WRITE = "write"


class Dialect(StrEnum):
    SNOWFLAKE = "snowflake"
    POSTGRES = "postgres"


class QueryFileError(ValueError):
    """A query file, or what it is rendered with, does not hold together."""


@dataclass(frozen=True, slots=True)
class Described:
    """A named thing of the front comment with its kind or type."""

    name: str
    kind: str
    """`relation`, `schema`, `column`, `flag` or `optional` for a placeholder; the SQL type for a parameter or a result
    column."""
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """A query rendered: the very text and values that go to the database."""

    query: str
    """The query's name."""
    source: str
    """Where its text stands: `queries/source_freshness.sql`."""
    sql: str
    binds: tuple[Scalar, ...] = ()
    access: Access = Access.READ


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows as they came, whole, with where and when."""

    columns: tuple[str, ...]
    """Lower-case where the database folded them."""
    rows: tuple[tuple[Scalar, ...], ...]
    query_id: str | None
    taken_at: datetime
    elapsed_ms: int

    def records(self) -> tuple[dict[str, Scalar], ...]:
        return tuple(dict(zip(self.columns, row, strict=True)) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Query:
    """One file of the query library."""

    name: str
    purpose: str
    section: str
    """The runbook's sections it serves, in short: `Daily 2, K3`."""
    access: Access
    sql: str
    source: str
    dialect: Dialect = Dialect.SNOWFLAKE
    placeholders: tuple[Described, ...] = ()
    parameters: tuple[Described, ...] = ()
    results: tuple[Described, ...] = ()
    instead: str = ""
    """What was wrong with the runbook's own version."""

    def render(
        self, identifiers: Mapping[str, Identifier] | None = None, values: Mapping[str, Scalar] | None = None
    ) -> Statement:
        """The statement for these names and values, values bound in the order of their places.

        For Snowflake, numbers, dates and timestamps are bound as text (the statement converts them itself, with
        TO_NUMBER, TO_DATE and TO_TIMESTAMP_NTZ), so that no driver's idea of their type comes in between.
        Raises `QueryFileError` where a name or value is missing, too many, or of the wrong kind.
        """
        identifiers, values = identifiers or {}, values or {}
        self._require_exactly("value", self.parameters, values)
        bound = {item.name: self._bound(item, values[item.name]) for item in self.parameters}
        postgres = self.dialect is Dialect.POSTGRES
        binds: list[Scalar] = []
        parts: list[str] = []
        for text, value in self._filled(identifiers):
            if value:
                binds.append(bound[value])
                parts.append("%s" if postgres else "?")
            else:
                # psycopg reads % in the whole text once there are values to bind, and only then.
                parts.append(text.replace("%", "%%") if postgres and self.parameters else text)
        return Statement(self.name, self.source, "".join(parts).strip(), tuple(binds), self.access)

    def named(self, identifiers: Mapping[str, Identifier]) -> str:
        """The text with its names filled in and its values left as `:name`: for people, not for a database.

        Raises `QueryFileError` where a name is missing, too many, or of the wrong kind.
        """
        return "".join(text for text, _ in self._filled(identifiers)).strip()

    def _filled(self, identifiers: Mapping[str, Identifier]) -> list[tuple[str, str | None]]:
        """The text in pieces, names filled in; beside a piece that stands for a value, the parameter's name."""
        self._require_exactly("name", self.placeholders, identifiers)
        for item in self.placeholders:
            if not isinstance(identifiers[item.name], _PLACEHOLDERS[item.kind]):
                raise QueryFileError(f"{self.source}: {item.name} must be a {item.kind}")
        return [
            (identifiers[token["identifier"]].sql if token["identifier"] else token.group(), token["value"])
            for token in _tokens(self.sql, self.dialect)
        ]

    def _require_exactly(self, what: str, declared: tuple[Described, ...], given: Mapping[str, object]) -> None:
        wanted = {item.name for item in declared}
        if wanted != set(given):
            names = ", ".join(sorted(wanted ^ set(given)))
            raise QueryFileError(f"{self.source}: {what}s wanted and given differ: {names}")

    def _bound(self, item: Described, value: Scalar) -> Scalar:
        try:
            checked = None if value is None else _CONVERSIONS[item.kind](value)
        except (TypeError, ValueError, InvalidOperation):
            raise QueryFileError(f"{self.source}: {item.name} must be a {item.kind}, not {value!r}") from None
        if self.dialect is Dialect.POSTGRES or checked is None or isinstance(checked, str | bool | int):
            return checked
        if isinstance(checked, Decimal):
            return format(checked, "f")
        if isinstance(checked, datetime):
            return checked.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
        return str(checked)


def _text(value: Scalar) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _integer(value: Scalar) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _number(value: Scalar) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError
    return number


def _boolean(value: Scalar) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _date(value: Scalar) -> date:
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise TypeError
    return date.fromisoformat(value) if isinstance(value, str) else value


def _timestamp(value: Scalar) -> datetime | str:
    """A text stays as it is: it may hold nanoseconds, as the warehouse gave them."""
    if isinstance(value, str) and _TIMESTAMP.fullmatch(value):
        return value
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError
    return value


_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?")
_CONVERSIONS: Mapping[str, Callable[[Scalar], Scalar]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
}
_PLACEHOLDERS: Mapping[str, tuple[type, ...]] = {
    "relation": (Relation,),
    "schema": (Schema,),
    "column": (Column,),
    "flag": (Column, OpenEnd),
    "optional": (Column, NoColumn),
}

_TOKEN = r"""
    --[^\n]* | /\*.*?\*/ {comment}                          # comments
    | {string} | "(?:[^"]|"")*"                             # strings and quoted names
    | (?<![\w$])\$(?P<tag>[a-zA-Z_]*)\$.*?\$(?P=tag)\$      # dollar-quoted strings
    | ::                                                    # a cast is not a value
    | (?<![\w$"\])}}]):(?P<value>[a-z_][a-z0-9_]*)          # after a name or a bracket it is a JSON path
    | \{{(?P<identifier>[a-z_][a-z0-9_]*)\}}
    | (?P<stray>['";?{{}}] | /\* | \*/ | \$\$)             # what cannot stand alone
    | \w[\w$]* | [\s(),.=<>]+ | .
"""
_TOKENS = {
    Dialect.SNOWFLAKE: re.compile(
        _TOKEN.format(comment=r"| //[^\n]*", string=r"'(?:[^'\\]|\\.|'')*'"), re.VERBOSE | re.DOTALL
    ),
    Dialect.POSTGRES: re.compile(_TOKEN.format(comment="", string="'(?:[^']|'')*'"), re.VERBOSE | re.DOTALL),
}


def _tokens(sql: str, dialect: Dialect) -> Iterator[re.Match[str]]:
    return _TOKENS[dialect].finditer(sql)


_FRONT = re.compile(r"\s*/\*(?P<front>.*?)\*/(?P<sql>.*)", re.DOTALL)
_LINE = re.compile(r"(?P<key>[a-z]+)(?: (?P<name>[a-z_][a-z0-9_]*))?(?: (?P<kind>[a-z]+))?:\s*(?P<text>.*)")
_ONCE = ("name", "purpose", "section", "access", "dialect", "instead")


def parse_query(text: str, source: str) -> Query:
    """The query in the text of one file; `source` names the file in messages.

    Raises `QueryFileError` naming the file and the line or key that is wrong.
    """
    match = _FRONT.fullmatch(text)
    if not match:
        raise QueryFileError(f"{source}: no front comment (/* name: … */)")
    once: dict[str, str] = {}
    placeholders: list[Described] = []
    typed: dict[str, list[Described]] = {"parameter": [], "result": []}
    for number, line in _logical_lines(match["front"]):
        entry = _LINE.fullmatch(line)
        if not entry:
            raise QueryFileError(f"{source}:{number}: not a `key: text` line: {line!r}")
        key, name, kind, doc = entry["key"], entry["name"], entry["kind"], entry["text"].strip()
        if key in _ONCE and not name and key not in once:
            once[key] = doc
        elif key in _PLACEHOLDERS and name and not kind:
            placeholders.append(Described(name, key, doc))
        elif key in typed and name and kind in _CONVERSIONS:
            typed[key].append(Described(name, kind, doc))
        else:
            raise QueryFileError(f"{source}:{number}: unknown, repeated or incomplete key: {line!r}")
    for key in ("name", "purpose", "section", "access"):
        if not once.get(key):
            raise QueryFileError(f"{source}: the front comment has no {key}")
    try:
        access, dialect = Access(once["access"]), Dialect(once.get("dialect", Dialect.SNOWFLAKE))
    except ValueError as error:
        raise QueryFileError(f"{source}: {error}") from None
    query = Query(
        name=once["name"],
        purpose=once["purpose"],
        section=once["section"],
        access=access,
        sql=match["sql"].strip().removesuffix(";").rstrip(),
        source=source,
        dialect=dialect,
        placeholders=tuple(placeholders),
        parameters=tuple(typed["parameter"]),
        results=tuple(typed["result"]),
        instead=once.get("instead", ""),
    )
    _check(query)
    return query


def _check(query: Query) -> None:
    """Every name is declared once and used, and nothing is left open that would let a text be read in two ways."""
    used: dict[str, set[str]] = {"identifier": set(), "value": set()}
    for token in _tokens(query.sql, query.dialect):
        if stray := token["stray"]:
            line = query.sql.count("\n", 0, token.start()) + 1
            raise QueryFileError(f"{query.source}: {stray} in line {line} of the statement: left open, or not allowed")
        for group in used:
            if token[group]:
                used[group].add(token[group])
    for what, declared, found in (
        ("placeholder", query.placeholders, used["identifier"]),
        ("parameter", query.parameters, used["value"]),
        ("result", query.results, None),
    ):
        names = Counter(item.name for item in declared)
        if twice := [name for name, count in names.items() if count > 1]:
            raise QueryFileError(f"{query.source}: {what} declared twice: {', '.join(twice)}")
        if found is not None and found != set(names):
            differing = ", ".join(sorted(found ^ set(names)))
            raise QueryFileError(f"{query.source}: {what} declared and used differ: {differing}")


def _logical_lines(front: str) -> list[tuple[int, str]]:
    lines: list[tuple[int, str]] = []
    for number, raw in enumerate(front.splitlines(), start=1):
        if not raw.strip():
            continue
        if raw[0].isspace() and lines:
            first, text = lines[-1]
            lines[-1] = (first, f"{text} {raw.strip()}")
        else:
            lines.append((number, raw.rstrip()))
    return lines
