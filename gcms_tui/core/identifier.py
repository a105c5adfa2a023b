"""Names of databases, schemas, tables and columns: checked once, quoted always, never taken from data."""

from __future__ import annotations

import re
from collections.abc import Callable

from gcms_tui.core.frozen import frozen

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_PART = re.compile(r'"(?:[^"\x00]|"")+"|[A-Za-z_][A-Za-z0-9_$]*')


def folded(name: str) -> str:
    """The name as Snowflake stores it: unquoted names in upper case, quoted ones as they stand.

    Raises `ValueError` where `name` is neither a plain nor a double-quoted identifier.
    """
    if name.startswith('"') and _PART.fullmatch(name):
        return name[1:-1].replace('""', '"')
    if _PLAIN.fullmatch(name):
        return name.upper()
    raise ValueError(f"{name!r} is not an identifier: use letters, digits, _ and $, or put it in double quotes")


def quoted(name: str) -> str:
    """A stored name as SQL text."""
    return '"' + name.replace('"', '""') + '"'


@frozen
class Column:
    """One column, by its stored name."""

    name: str

    @classmethod
    def parse(cls, text: str) -> Column:
        return cls(folded(text))

    @property
    def sql(self) -> str:
        return quoted(self.name)

    def __str__(self) -> str:
        return _shown(self.name)


@frozen
class OpenEnd:
    """Stands for the flag of the current version where a table has none, as a dbt snapshot: a version is current
    while its end is NULL or lies in the year 9999 or later."""

    effective_to: Column

    @property
    def sql(self) -> str:
        end = f"COALESCE({self.effective_to.sql}, TO_TIMESTAMP_NTZ('9999-12-31 00:00:00'))"
        return f"({end} >= TO_TIMESTAMP_NTZ('9999-01-01 00:00:00'))"

    def __str__(self) -> str:
        return f"{self.effective_to} is open"


@frozen
class NoColumn:
    """Stands for a column that a table does not have: read as NULL."""

    @property
    def sql(self) -> str:
        return "NULL"

    def __str__(self) -> str:
        return "no column"


def current_flag(is_current: str | None, effective_to: str) -> Column | OpenEnd:
    """What tells a table's current versions: the column of that name, or the open end where there is none."""
    return OpenEnd(Column.parse(effective_to)) if is_current is None else Column.parse(is_current)


@frozen
class Schema:
    """One schema by its stored name. `database` None means the session's."""

    name: str
    database: str | None = None

    @classmethod
    def parse(cls, text: str) -> Schema:
        """From `schema` or `database.schema`. Raises `ValueError` for anything else."""
        parts = _parts(text)
        if not 1 <= len(parts) <= 2:
            raise ValueError(f"{text!r} is not a schema name: write schema or database.schema")
        return cls(parts[-1], parts[0] if len(parts) == 2 else None)

    @property
    def sql(self) -> str:
        return _dotted(quoted, self.database, self.name)

    def __str__(self) -> str:
        return _dotted(_shown, self.database, self.name)


@frozen
class Relation:
    """A table or view by its stored names. `database` None means the session's."""

    schema: str
    name: str
    database: str | None = None

    @classmethod
    def parse(cls, text: str, *, schema: str | None = None) -> Relation:
        """From `name`, `schema.name` or `database.schema.name`, parts plain or double-quoted.

        Raises `ValueError` for anything else, or for a bare name where no default `schema` is given.
        """
        parts = _parts(text)
        if not 1 <= len(parts) <= 3:
            raise ValueError(f"{text!r} is not a table name: write name, schema.name or database.schema.name")
        if len(parts) == 1:
            if schema is None:
                raise ValueError(f"{text!r} names no schema: write schema.{text}")
            return cls(folded(schema), parts[0])
        return cls(parts[-2], parts[-1], parts[0] if len(parts) == 3 else None)

    @classmethod
    def parse_postgres(cls, text: str) -> Relation:
        """From `schema.name` as Postgres reads it: unquoted names are stored in lower case. Raises `ValueError`."""
        parts = _parts(text)
        if len(parts) != 2:
            raise ValueError(f"{text!r} is not a table name: write schema.name")
        written = [match.group() for match in _PART.finditer(text)]
        schema, name = (
            stored if given.startswith('"') else stored.lower() for given, stored in zip(written, parts, strict=True)
        )
        return cls(schema, name)

    @property
    def sql(self) -> str:
        return _dotted(quoted, self.database, self.schema, self.name)

    def may_be(self, other: Relation) -> bool:
        """Whether both may name one table: in whatever case they are written, and a database that is not named may be
        any. For where taking two for one is harmless, and taking one for two is not.
        """
        same = (self.schema.upper(), self.name.upper()) == (other.schema.upper(), other.name.upper())
        databases = {database.upper() for database in (self.database, other.database) if database is not None}
        return same and len(databases) < 2

    @property
    def information_schema(self) -> Schema:
        """Where its own database describes it."""
        return Schema("INFORMATION_SCHEMA", self.database)

    def __str__(self) -> str:
        """As a person writes it: `gold.fct_musician_payment`."""
        return _dotted(_shown, self.database, self.schema, self.name)


def one_table(name: str) -> str:
    """The same for all names that `may_be` one table, for whoever has to keep two from it: without the database, in
    one case. A text that names none stands for itself."""
    try:
        relation = Relation.parse(name)
    except ValueError:
        return name
    return str(Relation(relation.schema.upper(), relation.name.upper()))


Identifier = Relation | Schema | Column | OpenEnd | NoColumn


def _parts(text: str) -> list[str]:
    """The stored names in a dotted text; none where it is not wholly made of identifiers."""
    written = [match.group() for match in _PART.finditer(text)]
    return [folded(part) for part in written] if ".".join(written) == text else []


def _dotted(form: Callable[[str], str], *names: str | None) -> str:
    return ".".join(form(name) for name in names if name is not None)


def _shown(stored: str) -> str:
    return stored.lower() if _PLAIN.fullmatch(stored) and stored == stored.upper() else quoted(stored)
