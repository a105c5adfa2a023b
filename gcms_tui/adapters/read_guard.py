"""The seat-belts: a read only reads, a write is one statement of the kinds that the library writes with.

What really keeps the read side from writing is a role that may only SELECT.
"""

from __future__ import annotations

import re

from gcms_tui.core.errors import Refused
from gcms_tui.core.query import Access, Statement

_LEADING = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|//[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]+")
_CHANGING = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
_DEFINING = frozenset({"CREATE", "ALTER", "UNDROP"})
_READING = frozenset({"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC"})
_PIECE = re.compile(
    r"--[^\n]*|//[^\n]*|/\*.*?\*/|'(?:[^'\\]|''|\\.)*'|\"(?:[^\"]|\"\")*\"|\$\$.*?\$\$|(?P<end>;)|(?P<other>\S)|\s+",
    re.DOTALL,
)


def require_read(statement: Statement) -> None:
    """Raises `Refused` unless `statement` is declared a read, begins as one, and is one statement."""
    if statement.access is not Access.READ:
        raise Refused("Not a read", f"{statement.source} is declared a write; it was not run.")
    word = _first_word(statement)
    if word not in _READING:
        raise Refused(
            "Not a read",
            f"{statement.source} begins with {word or 'something else'}; it was not run.",
            "Reads are SELECT, SHOW, DESCRIBE.",
        )
    _require_one(statement)


def require_write(statement: Statement, *, in_transaction: bool, locking: bool = False) -> None:
    """Raises `Refused` unless `statement` is declared a write, begins as one, and is one statement. Where `locking`, a
    SELECT that is declared a write, as it locks rows, may be run in a transaction.

    One that defines something ends the open transaction by itself, and what came before it is committed: inside a
    transaction it is refused. So are BEGIN, COMMIT and ROLLBACK, which are nobody's statement but the session's own.
    """
    if statement.access is not Access.WRITE:
        raise Refused("Not a write", f"{statement.source} is declared a read; it was not run.")
    word = _first_word(statement)
    locks = locking and in_transaction and word == "SELECT"
    if word not in _CHANGING | _DEFINING and not locks:
        raise Refused(
            "Not a write",
            f"{statement.source} begins with {word or 'something else'}; it was not run.",
            f"Writes are {', '.join(sorted(_CHANGING | _DEFINING))}.",
        )
    if in_transaction and word in _DEFINING:
        raise Refused("It would commit", f"{statement.source} would end the open transaction; it was not run.")
    _require_one(statement)


def _first_word(statement: Statement) -> str:
    """In upper case; empty where it does not begin with one."""
    opening = _LEADING.match(statement.sql)
    word = _WORD.match(statement.sql, opening.end() if opening else 0)
    return word.group().upper() if word else ""


def _require_one(statement: Statement) -> None:
    if _goes_on_after_its_end(statement.sql):
        raise Refused("Not one statement", f"{statement.source} holds several statements; none was run.")


def _goes_on_after_its_end(sql: str) -> bool:
    ended = False
    for piece in _PIECE.finditer(sql):
        if piece["end"]:
            ended = True
        elif ended and (piece["other"] or piece.group()[0] in "'\"$"):
            return True
    return False
