"""What a query's text really is, by sqlglot's parse: one statement, a read or a write, with these result columns.

A parser is only a seat-belt: what really keeps a read from writing is a role that may only SELECT. sqlglot takes a
third of a second to import, so this is used where queries are checked and not where they are run.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Column, Identifier, Relation, Schema
from gcms_tui.core.query import Access, Query

if TYPE_CHECKING:
    from sqlglot import Expr

_SAMPLE_VALUES: dict[str, Scalar] = {
    "text": "text",
    "integer": 1,
    "number": "1.00",
    "boolean": True,
    "date": "2026-01-01",
    "timestamp": "2026-01-01 00:00:00",
}
_EFFECTS = ("SYSTEM$", "NEXTVAL", "SETVAL", "SET_CONFIG", "PG_", "LO_", "DBLINK")
"""How the functions begin that may do something when they are selected."""
_HARMLESS = frozenset(
    {"PG_BACKEND_PID", "PG_IS_IN_RECOVERY", "PG_TOTAL_RELATION_SIZE", "SYSTEM$CLUSTERING_INFORMATION"}
)


def problems(query: Query) -> list[str]:
    """What is wrong with the statement, or with what its front comment says of it; none where all is well."""
    import sqlglot
    from sqlglot.errors import ParseError, SqlglotError

    # It tells on stderr what it does not know; the answer tells it too.
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    try:
        parsed = [one for one in sqlglot.parse(_sample(query), read=query.dialect.value) if one is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        place = f" in line {first['line']} of the statement" if first.get("line") else ""
        return [f"the statement is no {query.dialect.value} SQL: {first.get('description', 'unreadable')}{place}"]
    except SqlglotError:
        return [f"the statement is no {query.dialect.value} SQL: it cannot be split into words"]
    if len(parsed) != 1:
        return [f"the file holds {len(parsed)} statements; one is wanted"]
    statement = parsed[0]
    found: list[str] = []
    effect = _effect(statement)
    if query.access is Access.READ and effect:
        found.append(f"declared a read, but {effect}")
    if query.access is Access.WRITE and not effect:
        found.append("declared a write, but it only reads")
    declared = [item.name for item in query.results]
    returned = _returned(statement)
    if returned is not None and declared != returned:
        found.append(f"declares the result columns {', '.join(declared)}; returns {', '.join(returned)}")
    return found


def sample_identifiers(query: Query) -> dict[str, Identifier]:
    """A name of the right kind for every placeholder."""
    samples: dict[str, Identifier] = {}
    for item in query.placeholders:
        name = item.name.upper()
        kinds: dict[str, Identifier] = {"relation": Relation("SAMPLE", name), "schema": Schema(name)}
        samples[item.name] = kinds.get(item.kind, Column(name))
    return samples


def _sample(query: Query) -> str:
    values = {item.name: _SAMPLE_VALUES[item.kind] for item in query.parameters}
    return query.render(sample_identifiers(query), values).sql


def _effect(statement: Expr) -> str:
    """In words, what the statement does beyond reading; empty where it only reads."""
    from sqlglot import exp

    # A SHOW that sqlglot does not know is kept as text, which `->>` may pipe into another statement.
    shows = isinstance(statement, exp.Command) and statement.name.upper() == "SHOW" and "->>" not in statement.sql()
    if shows:
        return ""
    if not isinstance(statement, exp.Select | exp.SetOperation | exp.Show | exp.Describe):
        return f"it is {statement.key.upper()}, not a single SELECT, SHOW or DESCRIBE"
    for node in statement.walk():
        if isinstance(node, exp.DML | exp.DDL | exp.Command | exp.Into | exp.Lock):
            return f"there is {node.key.upper()} in it"
        if isinstance(node, exp.Anonymous | exp.Column):
            name = node.name.upper()
            acts = name.startswith(_EFFECTS) if isinstance(node, exp.Anonymous) else name == "NEXTVAL"
            if acts and name not in _HARMLESS:
                return f"{name} may do something"
    return ""


def _returned(statement: Expr) -> list[str] | None:
    """The names of the result columns; None where only the database knows them (a star, DDL, an UPDATE's counts)."""
    from sqlglot import exp

    if isinstance(statement, exp.Query):
        names = statement.named_selects
    elif isinstance(statement, exp.DML) and (returning := statement.args.get("returning")):
        names = [item.alias_or_name for item in returning.expressions]
    else:
        return None
    return None if "*" in names else names
