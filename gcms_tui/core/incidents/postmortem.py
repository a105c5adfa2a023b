"""What is left of an incident: a post-mortem as Markdown, made of nothing but its entries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from gcms_tui.core.conclusion import counted
from gcms_tui.core.duration import seconds_text
from gcms_tui.core.incidents import events
from gcms_tui.core.incidents.clock import clock, local, named
from gcms_tui.core.incidents.escalation import PathStep
from gcms_tui.core.incidents.incident import Incident
from gcms_tui.core.markdown import escaped, paragraph, table
from gcms_tui.core.payroll.run import By, moment
from gcms_tui.core.writing.journal import Entry

_OPEN = "(open)"


def postmortem(incident: Incident, path: Sequence[PathStep], zone: ZoneInfo) -> str:
    """Every text from outside in it is Markdown data. Of one that is open what is known so far."""
    sections = (
        (f"# Incident: {escaped(incident.title)}", table((("", "Incident"), *_head(incident, zone)))),
        ("## Timeline", table((("At", "Who", "What"), *_timeline(incident, path, zone)))),
        ("## Evidence", _evidence(incident, zone)),
        ("## Who", "\n".join(f"- {line}" for line in _people(incident))),
        ("## Escalation", _escalation(incident, path, zone)),
        ("## Cause", paragraph(incident.closed.cause) if incident.closed else _OPEN),
        ("## What was done", paragraph(incident.closed.done) if incident.closed else _OPEN),
    )
    return "\n\n".join(f"{title}\n\n{body}" for title, body in sections) + "\n"


def timeline(incident: Incident, path: Sequence[PathStep]) -> tuple[tuple[Entry, str], ...]:
    """Each entry and what it says, oldest first; not escaped."""
    return tuple((entry, _words(entry, path)) for entry in incident.entries)


def _head(incident: Incident, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    closed = incident.closed
    yield "Id", escaped(incident.incident_id)
    yield "Target", escaped(incident.target)
    yield "Section of the runbook", escaped(incident.section)
    yield "Severity", incident.severity.value
    yield "State", incident.state
    yield "Opened", _by(incident.opened, zone)
    yield "Acknowledged", _by(incident.acknowledged, zone) if incident.acknowledged else "never"
    yield "Closed", _by(closed.by, zone) if closed else _OPEN
    lasted = closed.by.at - incident.opened.at if closed else None
    yield "Lasted", seconds_text(max(lasted.total_seconds(), 0.0)) if lasted is not None else _OPEN
    if incident.follows:
        yield "Continues", escaped(incident.follows)
    if closed and closed.run:
        yield "dbt run whose tests failed", escaped(closed.run)
    for hold in incident.holds:
        yield "Hold of payroll", escaped(hold)


def _timeline(incident: Incident, path: Sequence[PathStep], zone: ZoneInfo) -> Iterator[tuple[str, str, str]]:
    for entry, words in timeline(incident, path):
        yield local(moment(entry), zone), escaped(entry.user), escaped(words)


def _words(entry: Entry, path: Sequence[PathStep]) -> str:
    said = entry.said
    if entry.kind.startswith(events.ESCALATED):
        step = said.get("step")
        known = isinstance(step, int) and 1 <= step <= len(path)
        name = path[step - 1].who if isinstance(step, int) and known else f"step {step}"
        return f"escalated to {name}, told to {counted(int(said.get('channels') or 0), 'channel')}"
    match entry.kind:
        case events.OPENED:
            return f"opened: {said.get('title')}"
        case events.NOTED:
            return f"note: {said.get('note')}"
        case events.HELD:
            return f"payroll held: {said.get('hold')}"
        case events.ACKNOWLEDGED:
            return "acknowledged: the escalation stops"
        case events.HANDED_OVER:
            note = f" ({said['note']})" if said.get("note") else ""
            return f"handed over to {said.get('to')}{note}"
        case events.CLOSED:
            return "closed"
    return entry.kind


def _evidence(incident: Incident, zone: ZoneInfo) -> str:
    finding = incident.finding
    if finding is None:
        return "Opened by hand."
    lines = [
        f"- {paragraph(finding.name)}: {escaped(finding.verdict)} at {local(finding.taken_at, zone)}",
        f"- {paragraph(finding.summary)}",
    ]
    if finding.total:
        shown = ", ".join(map(escaped, finding.rows)) or "what they hold is not kept"
        lines.append(f"- {counted(finding.total, 'row')} of evidence: {shown}")
    return "\n".join(lines)


def _people(incident: Incident) -> tuple[str, ...]:
    users = dict.fromkeys(entry.user for entry in incident.entries if not entry.kind.startswith(events.ESCALATED))
    handed = dict.fromkeys(item.to for item in incident.handed_over)
    return tuple(paragraph(login) for login in (users | handed))


def _escalation(incident: Incident, path: Sequence[PathStep], zone: ZoneInfo) -> str:
    rows = [
        (str(step.number), escaped(named(step, path)), local(step.at, zone), escaped(step.words))
        for step in clock(incident, incident.last_at)
    ]
    return table((("Step", "Who", "Due", "State"), *rows)) if rows else "No escalation was configured."


def _by(by: By, zone: ZoneInfo) -> str:
    return f"{escaped(by.person.user)} at {local(by.at, zone)}"
