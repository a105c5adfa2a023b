"""Figures, moments and ages in words: pure, and the same on every pane."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from gcms_tui.core.finding import Finding, Provenance, Scalar

DASH = "-"


def age_text(age: timedelta, young: str = "< 1 min") -> str:
    """How long ago, in the largest whole unit; `young` within the first minute, so that it does not tick."""
    seconds = max(int(age.total_seconds()), 0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return young


def ago(age: timedelta) -> str:
    text = age_text(age, young="")
    return f"{text} ago" if text else "just now"


def interval_text(seconds: float) -> str:
    """A refresh interval: `15 min`, `90 s`, `2 h`."""
    whole = round(seconds)
    for size, unit in ((3_600, "h"), (60, "min")):
        if whole >= size and whole % size == 0:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def moment_text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def scalar_text(value: Scalar) -> str:
    """A value as data: exact decimals, NULL in so many words, moments in UTC. Not yet safe to draw."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case float():
            return f"{value:.6g}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case date():
            return value.isoformat()
        case _:
            return str(value)


def value_text(value: Scalar, unit: str) -> str:
    """The measured figure with its unit, or a dash where nothing could be measured."""
    if value is None:
        return DASH
    if isinstance(value, float) and not isinstance(value, bool):
        text = f"{value:.1f}" if abs(value) < 10_000 else f"{value:,.0f}"
    elif isinstance(value, int) and not isinstance(value, bool):
        text = f"{value:,}"
    else:
        text = scalar_text(value)
    return f"{text} {unit}".rstrip()


def finding_text(finding: Finding) -> str:
    """One finding as plain text, as it is copied into a ticket."""
    lines = [
        f"{finding.verdict.name}  {finding.name}  ({finding.section})",
        finding.summary,
        "",
        f"value   {value_text(finding.value, finding.unit)}",
        f"target  {finding.target or DASH}",
        f"alert   {finding.alert or DASH}",
        f"taken   {moment_text(finding.taken_at)}, in {finding.elapsed_ms} ms",
    ]
    if finding.next_step:
        lines += ["", f"next    {finding.next_step}"]
    if finding.evidence.columns:
        lines += ["", "\t".join(finding.evidence.columns)]
        lines += ["\t".join(scalar_text(cell) for cell in row) for row in finding.evidence.rows]
        lines.append(f"showing {len(finding.evidence.rows)} of {finding.evidence.total}")
    lines += ["", provenance_text(finding)]
    return "\n".join(lines)


def provenance_text(finding: Finding) -> str:
    """Where a finding's figures come from, statement by statement."""
    return "\n\n".join(_origin(provenance) for provenance in finding.provenance)


def _origin(provenance: Provenance) -> str:
    lines = [f"-- source    {provenance.source}", f"-- query id  {provenance.query_id or 'none'}"]
    lines += [f"-- bind {place}    {bind_text(bind)}" for place, bind in enumerate(provenance.binds, 1)]
    return "\n".join([*lines, provenance.statement]) if provenance.statement else "\n".join(lines)


def bind_text(bind: Scalar) -> str:
    """A bound value with its type, so that '1' and 1 are told apart."""
    return scalar_text(bind) if bind is None else f"{scalar_text(bind)}  ({type(bind).__name__})"
