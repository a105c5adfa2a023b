"""What a query's text really is, by sqlglot's parse: one statement, a read or a write, with these result columns.

A parser is only a seat-belt: what really keeps a read from writing is a role that may only SELECT. sqlglot takes a
third of a second to import, so this is used where queries are checked and not where they are run.
"""

from __future__ import annotations

from gcms_tui.core.identifier import Column, Identifier, Relation, Schema
from gcms_tui.core.query import Access, Query

_SAMPLE_VALUES = {
    "text": "text",
    "integer": 1,
    "number": "1.00",
    "boolean": True,
    "date": "2026-01-01",
    "timestamp": "2026-01-01 00:00:00",
}
_EFFECTS = ("SYSTEM$", "NEXTVAL", "SETVAL", "SET_CONFIG", "PG_", "LO_", "DBLINK")
"""How the functions begin that do something when they are selected."""
_HARMLESS = frozenset({"PG_BACKEND_PID"})


def problems(query: Query) -> list[str]:
    """What is wrong with the statement, or with what its front comment says of it; none where all is well."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        parsed = [one for one in sqlglot.parse(_sample(query), read=query.dialect.value) if one is not None]
    except SqlglotError as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        return [f"the statement is no {query.dialect.value} SQL: {first}"]
    if len(parsed) != 1:
        return [f"the file holds {len(parsed)} statements; one is wanted"]
    statement = parsed[0]
    found: list[str] = []
    reads = not (effects := _effects(statement))
    if query.access is Access.READ and not reads:
        found.append(f"declared a read, but {effects}")
    if query.access is Access.WRITE and reads:
        found.append("declared a write, but it only reads")
    declared = [item.name for item in query.results]
    returned = _returned(statement)
    if returned is not None and declared != returned:
        found.append(f"declares the result columns {declared}, but returns {returned}")
    if returned is None and query.results and not isinstance(statement, exp.Query):
        found.append("declares result columns, but returns none of its own")
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


def _effects(statement: object) -> str:
    """In words, what the statement does beyond reading; empty where it only reads."""
    from sqlglot import exp

    if not isinstance(statement, exp.Select | exp.SetOperation | exp.Show | exp.Describe):
        kind = statement.key.upper() if isinstance(statement, exp.Expression) else type(statement).__name__
        return f"it is {kind}, not a single SELECT, SHOW or DESCRIBE"
    for node in statement.walk():
        if isinstance(node, exp.DML | exp.DDL | exp.Command | exp.Into | exp.Lock) and not isinstance(node, exp.Query):
            return f"there is {node.key.upper()} in it"
        if isinstance(node, exp.Anonymous | exp.Dot):
            name = node.name.upper()
            if name.startswith(_EFFECTS) and name not in _HARMLESS:
                return f"{name} does something"
    return ""


def _returned(statement: object) -> list[str] | None:
    """The names of the result columns; None where only the database knows them (a star, DDL, an UPDATE's counts)."""
    from sqlglot import exp

    if isinstance(statement, exp.Query):
        names = statement.named_selects
    elif isinstance(statement, exp.DML) and (returning := statement.args.get("returning")):
        names = [item.alias_or_name for item in returning.expressions]
    else:
        return None
    return None if "*" in names else names
