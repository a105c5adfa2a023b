"""Names of databases, schemas, tables and columns: checked once, quoted always, never taken from data."""

from __future__ import annotations

import re
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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
        parts = [match.group() for match in _PART.finditer(text)]
        if ".".join(parts) != text or not 1 <= len(parts) <= 3:
            raise ValueError(f"{text!r} is not a table name: write name, schema.name or database.schema.name")
        if len(parts) == 1:
            if schema is None:
                raise ValueError(f"{text!r} names no schema: write schema.{text}")
            return cls(folded(schema), folded(parts[0]))
        database = folded(parts[0]) if len(parts) == 3 else None
        return cls(folded(parts[-2]), folded(parts[-1]), database)

    @property
    def sql(self) -> str:
        return ".".join(quoted(part) for part in (self.database, self.schema, self.name) if part is not None)

    def __str__(self) -> str:
        """As a person writes it: `gold.fct_musician_payment`."""
        return ".".join(_shown(part) for part in (self.database, self.schema, self.name) if part is not None)


def _shown(stored: str) -> str:
    return stored.lower() if _PLAIN.fullmatch(stored) and stored == stored.upper() else quoted(stored)
