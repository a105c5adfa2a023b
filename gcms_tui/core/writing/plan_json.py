"""Plans as JSON and back, without loss: what is kept in the store, and what a plan's id is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gcms_tui.core.health_json import decoded, encoded, kind_of
from gcms_tui.core.query import Access, Statement
from gcms_tui.core.run import Person
from gcms_tui.core.writing.plan import Plan, PlanKind, Row, RowChange, Step

_TEXTS = ("target", "table", "subject", "confirmation", "winner", "reason", "undoes")
_LISTS = ("named", "written", "set_when_applied", "warnings")


def plan_document(plan: Plan) -> dict[str, Any]:
    """All that a plan says. What most have none of is left out where there is none: the ids of plans that were kept
    before there was such a thing stay what they are."""
    return {
        "kind": plan.kind.value,
        **{name: getattr(plan, name) for name in _TEXTS},
        **{name: list(getattr(plan, name)) for name in _LISTS},
        "made_at": plan.made_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "made_by": [plan.made_by.user, plan.made_by.host, plan.made_by.ssh_client],
        "steps": [{"statement": statement_document(step.statement), "rows": step.rows} for step in plan.steps],
        **({"lock": statement_document(plan.lock)} if plan.lock else {}),
        "look": statement_document(plan.look) if plan.look else None,
        "before": [row_document(row) for row in plan.before],
        "after": [row_document(row) for row in plan.after],
        "changes": [
            {
                "label": change.label,
                "before": row_document(change.before) if change.before else None,
                "after": row_document(change.after) if change.after else None,
                "why": change.why,
            }
            for change in plan.changes
        ],
        "alike": [statement_document(statement) for statement in plan.alike],
        "backup": plan_document(plan.backup) if plan.backup else None,
        **({"source": plan.source} if plan.source else {}),
        **({"defines": True} if plan.defines else {}),
    }


def read_plan(document: Mapping[str, Any]) -> Plan:
    """Raises `KeyError`, `TypeError` or `ValueError` where it is no plan."""
    lock, look, backup = document.get("lock"), document["look"], document["backup"]
    said: dict[str, Any] = {name: str(document[name]) for name in _TEXTS}
    said |= {name: tuple(document[name]) for name in _LISTS}
    return Plan(
        kind=PlanKind(document["kind"]),
        **said,
        made_at=datetime.fromisoformat(document["made_at"]),
        made_by=Person(*document["made_by"]),
        steps=tuple(Step(read_statement(step["statement"]), step["rows"]) for step in document["steps"]),
        lock=read_statement(lock) if lock else None,
        look=read_statement(look) if look else None,
        before=tuple(read_row(row) for row in document["before"]),
        after=tuple(read_row(row) for row in document["after"]),
        changes=tuple(
            RowChange(
                change["label"],
                read_row(change["before"]) if change["before"] else None,
                read_row(change["after"]) if change["after"] else None,
                change["why"],
            )
            for change in document["changes"]
        ),
        alike=tuple(read_statement(statement) for statement in document["alike"]),
        backup=read_plan(backup) if backup else None,
        source=str(document.get("source", "")),
        defines=bool(document.get("defines", False)),
    )


def statement_document(statement: Statement) -> dict[str, Any]:
    return {
        "query": statement.query,
        "source": statement.source,
        "sql": statement.sql,
        "binds": [[kind_of(bind), encoded(bind)] for bind in statement.binds],
        "access": statement.access.value,
    }


def read_statement(document: Mapping[str, Any]) -> Statement:
    binds = tuple(decoded(value, kind) for kind, value in document["binds"])
    return Statement(document["query"], document["source"], document["sql"], binds, Access(document["access"]))


def row_document(row: Row) -> dict[str, Any]:
    return {"values": [[name, value] for name, value in row.values], "rest": row.rest}


def read_row(document: Mapping[str, Any]) -> Row:
    return Row(tuple((name, value) for name, value in document["values"]), document["rest"])
