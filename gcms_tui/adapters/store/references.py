"""Names as people type them: whole, or an unambiguous beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gcms_tui.adapters.store.database import storable
from gcms_tui.core.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement, Connection

SHORTEST = 6
"""Fewer characters name nothing: they are too easily typed by mistake."""


def begins_with(column: Column[Any], text: str) -> ColumnElement[bool]:
    """By the letter: LIKE would take an A for an a in SQLite, and not in Postgres."""
    from sqlalchemy import func

    return func.substr(column, 1, len(text)) == text


def resolved(connection: Connection, column: Column[Any], given: str, what: str, where_from: str) -> str:
    """The one value of `column` that is `given` or begins so. Raises `UsageError`."""
    from sqlalchemy import select

    given = storable(given)
    exact = connection.execute(select(column).where(column == given).limit(1)).scalar()
    if exact is not None:
        return str(exact)
    found: list[str] = []
    if len(given) >= SHORTEST:
        begins = select(column).distinct().where(begins_with(column, given)).limit(6)
        found = [str(row[0]) for row in connection.execute(begins)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"More than one such {what}", f"{given!r} may be {', '.join(found[:5])}.", "Type more of it.")
    if 0 < len(given) < SHORTEST:
        raise UsageError(f"Which {what}?", f"{given!r} may be too many.", f"Type at least {SHORTEST} characters of it.")
    raise UsageError(f"No such {what}", f"{given[:80]!r} is none that is known.", where_from)
