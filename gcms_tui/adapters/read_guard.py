"""The seat-belt of the read side. What really keeps it from writing is a role that may only SELECT."""

from __future__ import annotations

import re

from gcms_tui.core.errors import Refused
from gcms_tui.core.query import Access, Statement

_LEADING = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|//[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]+")
_READING = frozenset({"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC"})
_PIECE = re.compile(
    r"--[^\n]*|//[^\n]*|/\*.*?\*/|'(?:[^'\\]|''|\\.)*'|\"(?:[^\"]|\"\")*\"|\$\$.*?\$\$|(?P<end>;)|(?P<other>\S)|\s+",
    re.DOTALL,
)


def require_read(statement: Statement) -> None:
    """Raises `Refused` unless `statement` is declared a read, begins as one, and is one statement."""
    if statement.access is not Access.READ:
        raise Refused("Not a read", f"{statement.source} is declared a write; it was not run.")
    opening = _LEADING.match(statement.sql)
    word = _WORD.match(statement.sql, opening.end() if opening else 0)
    if word is None or word.group().upper() not in _READING:
        begins = word.group().upper() if word else "something else"
        raise Refused(
            "Not a read",
            f"{statement.source} begins with {begins}; it was not run.",
            "Reads are SELECT, SHOW, DESCRIBE.",
        )
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
