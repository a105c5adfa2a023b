"""A health report as JSON and back: one mapping for the headless twin and for the last known health on disk.

Amounts are exact: a `Decimal` is a string, and the column it stands in says so in `evidence_columns`. Moments are
UTC and end in `Z`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from gcms_tui.core.finding import Evidence, Finding, HealthReport, Provenance, Scalar
from gcms_tui.core.verdict import Verdict

FORMAT = 1
"""Of the file on disk; another one is not read."""


def report_json(report: HealthReport, now: datetime) -> dict[str, Any]:
    """What `gcms-tui health --json` prints; `now` gives each finding its age."""
    return {
        "format": FORMAT,
        "verdict": report.verdict.name,
        "target": report.target,
        "taken_at": moment_json(report.taken_at),
        "notes": list(report.notes),
        "findings": [finding_json(finding, now) for finding in report.findings],
    }


def finding_json(finding: Finding, now: datetime) -> dict[str, Any]:
    """One finding. `query_id` and `source` are those of the first statement; `provenance` holds all."""
    first = finding.provenance[0] if finding.provenance else Provenance("")
    evidence = finding.evidence
    return {
        "name": finding.name,
        "section": finding.section,
        "verdict": finding.verdict.name,
        "summary": finding.summary,
        "value": encoded(finding.value),
        "value_type": kind_of(finding.value),
        "unit": finding.unit,
        "target": finding.target,
        "alert": finding.alert,
        "taken_at": moment_json(finding.taken_at),
        "age_s": max(int((now - finding.taken_at).total_seconds()), 0),
        "elapsed_ms": finding.elapsed_ms,
        "query_id": first.query_id,
        "source": first.source,
        "evidence": [
            dict(zip(evidence.columns, (encoded(cell) for cell in row), strict=True)) for row in evidence.rows
        ],
        "evidence_columns": [
            {"name": name, "type": _column_kind(evidence, place)} for place, name in enumerate(evidence.columns)
        ],
        "evidence_total": evidence.total,
        "next": finding.next_step,
        "provenance": [
            {
                "source": item.source,
                "statement": item.statement,
                "binds": [{"value": encoded(bind), "type": kind_of(bind)} for bind in item.binds],
                "query_id": item.query_id,
            }
            for item in finding.provenance
        ],
    }


def report_from_json(text: str) -> HealthReport:
    """The report in `text`. Raises `ValueError` for anything that is not one of this format."""
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']!r} is not {FORMAT}")
        return HealthReport(
            target=_text(document["target"]),
            taken_at=_moment(document["taken_at"]),
            findings=tuple(_finding(item) for item in document["findings"]),
            notes=tuple(_text(note) for note in document["notes"]),
        )
    except (KeyError, TypeError, AttributeError, InvalidOperation, RecursionError) as error:
        raise ValueError(f"not a health report: {error!r}") from None


def moment_json(moment: datetime) -> str:
    """In UTC and to the second where there is no fraction: `2026-01-05T09:00:00Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _finding(item: Mapping[str, Any]) -> Finding:
    columns = [(_text(column["name"]), _text(column["type"])) for column in item["evidence_columns"]]
    rows = tuple(tuple(decoded(row[name], kind) for name, kind in columns) for row in item["evidence"])
    return Finding(
        name=_text(item["name"]),
        section=_text(item["section"]),
        verdict=Verdict[item["verdict"]],
        summary=_text(item["summary"]),
        taken_at=_moment(item["taken_at"]),
        value=decoded(item["value"], item["value_type"]),
        unit=_text(item["unit"]),
        target=_text(item["target"]),
        alert=_text(item["alert"]),
        elapsed_ms=int(item["elapsed_ms"]),
        provenance=tuple(
            Provenance(
                source=_text(origin["source"]),
                statement=_text(origin["statement"]),
                binds=tuple(decoded(bind["value"], bind["type"]) for bind in origin["binds"]),
                query_id=None if origin["query_id"] is None else _text(origin["query_id"]),
            )
            for origin in item["provenance"]
        ),
        evidence=Evidence(tuple(name for name, _ in columns), rows, int(item["evidence_total"])),
        next_step=_text(item["next"]),
    )


def encoded(value: Scalar) -> str | int | float | bool | None:
    match value:
        case Decimal():
            return str(value)
        case datetime():
            return moment_json(value)
        case date():
            return value.isoformat()
        case float() if not math.isfinite(value):
            return str(value)
        case _:
            return value


def kind_of(value: Scalar) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "float"
        case Decimal():
            return "decimal"
        case datetime():
            return "timestamp"
        case date():
            return "date"
        case _:
            return "text"


def _column_kind(evidence: Evidence, place: int) -> str:
    """The one type of a column's values, NULL apart; `mixed` where they differ, and then they stay as written."""
    kinds = {kind_of(row[place]) for row in evidence.rows} - {"null"}
    return kinds.pop() if len(kinds) == 1 else "mixed" if kinds else "null"


def decoded(value: Any, kind: str) -> Scalar:
    if value is None:
        return None
    match kind:
        case "decimal":
            return Decimal(_text(value))
        case "timestamp":
            return _moment(value)
        case "date":
            return date.fromisoformat(_text(value))
        case "float":
            return float(value)
        case _ if isinstance(value, (str, int, float)):
            return value
        case _:
            raise ValueError(f"{value!r} is not a cell")


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return moment.astimezone(UTC)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return value
