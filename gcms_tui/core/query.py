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

`{name}` stands for a relation or column and is replaced by a quoted identifier out of checked configuration;
`:name` stands for a value and is always bound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Column, Relation


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
    """`relation` or `column` for a placeholder; the SQL type for a parameter or a result column."""
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
        self, identifiers: Mapping[str, Relation | Column] | None = None, values: Mapping[str, Scalar] | None = None
    ) -> Statement:
        """The statement for these names and values, values bound in the order of their places.

        Raises `QueryFileError` where a name or value is missing, too many, or of the wrong kind.
        """
        identifiers, values = identifiers or {}, values or {}
        _require_exactly(self, "name", {item.name for item in self.placeholders}, set(identifiers))
        _require_exactly(self, "value", {item.name for item in self.parameters}, set(values))
        for item in self.placeholders:
            wanted = Relation if item.kind == "relation" else Column
            if not isinstance(identifiers[item.name], wanted):
                raise QueryFileError(f"{self.source}: {item.name} must be a {item.kind}")
        mark = "?" if self.dialect is Dialect.SNOWFLAKE else "%s"
        binds: list[Scalar] = []
        parts: list[str] = []
        for token in _TOKEN.finditer(self.sql):
            text = token.group()
            if name := token["identifier"]:
                parts.append(identifiers[name].sql)
            elif name := token["value"]:
                binds.append(values[name])
                parts.append(mark)
            else:
                parts.append(text.replace("%", "%%") if self.dialect is Dialect.POSTGRES and self.parameters else text)
        return Statement(self.name, self.source, "".join(parts).strip(), tuple(binds), self.access)


_TOKEN = re.compile(
    r"""
    --[^\n]* | /\*.*?\*/                    # comments
    | '(?:[^']|'')*' | "(?:[^"]|"")*"       # strings and quoted names
    | ::                                    # a cast is not a value
    | \{(?P<identifier>[a-z_][a-z0-9_]*)\}
    | :(?P<value>[a-z_][a-z0-9_]*)
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
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
    several: dict[str, list[Described]] = {"placeholder": [], "parameter": [], "result": []}
    for number, line in _logical_lines(match["front"]):
        entry = _LINE.fullmatch(line)
        if not entry:
            raise QueryFileError(f"{source}:{number}: not a `key: text` line: {line!r}")
        key, name, kind, doc = entry["key"], entry["name"], entry["kind"], entry["text"].strip()
        if key in _ONCE and not name and key not in once:
            once[key] = doc
        elif key in ("relation", "column") and name and not kind:
            several["placeholder"].append(Described(name, key, doc))
        elif key in ("parameter", "result") and name and kind:
            several[key].append(Described(name, kind, doc))
        else:
            raise QueryFileError(f"{source}:{number}: unknown, repeated or incomplete key: {line!r}")
    for key in ("name", "purpose", "section", "access"):
        if not once.get(key):
            raise QueryFileError(f"{source}: the front comment has no {key}")
    return _checked(once, several, match["sql"].strip().removesuffix(";"), source)


def _checked(once: Mapping[str, str], several: Mapping[str, list[Described]], sql: str, source: str) -> Query:
    try:
        access, dialect = Access(once["access"]), Dialect(once.get("dialect", Dialect.SNOWFLAKE))
    except ValueError as error:
        raise QueryFileError(f"{source}: {error}") from None
    used = list(_TOKEN.finditer(sql))
    for what, key, group in (("placeholder", "placeholder", "identifier"), ("parameter", "parameter", "value")):
        declared = {item.name for item in several[key]}
        found = {token[group] for token in used if token[group]}
        if declared != found:
            names = ", ".join(sorted(declared ^ found))
            raise QueryFileError(f"{source}: {what} declared and used differ: {names}")
    return Query(
        name=once["name"],
        purpose=once["purpose"],
        section=once["section"],
        access=access,
        sql=sql,
        source=source,
        dialect=dialect,
        placeholders=tuple(several["placeholder"]),
        parameters=tuple(several["parameter"]),
        results=tuple(several["result"]),
        instead=once.get("instead", ""),
    )


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


def _require_exactly(query: Query, what: str, wanted: set[str], given: set[str]) -> None:
    if wanted != given:
        names = ", ".join(sorted(wanted ^ given))
        raise QueryFileError(f"{query.source}: {what}s wanted and given differ: {names}")
