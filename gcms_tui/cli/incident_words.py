"""An incident in words and as JSON, and the desk that the commands work at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.output import as_json, print_json, tell
from gcms_tui.cli.refusal import told_refusal
from gcms_tui.cli.wiring import load_settings, open_incidents
from gcms_tui.core.conclusion import counted
from gcms_tui.core.incidents.clock import StepState, local, named
from gcms_tui.core.incidents.incident import Incident
from gcms_tui.core.incidents.postmortem import timeline
from gcms_tui.core.payroll.run import By, moment
from gcms_tui.core.text import printable
from gcms_tui.operations.incidents.desk import IncidentDesk
from gcms_tui.operations.incidents.incidents import Done

INCIDENT = click.argument("reference", metavar="ID")


@contextmanager
def at_desk(invocation: Invocation) -> Iterator[IncidentDesk]:
    """A refusal is told on stdout too where JSON is wanted."""
    with told_refusal(invocation):
        yield open_incidents(load_settings(invocation).settings, invocation)


def tell_done(desk: IncidentDesk, done: Done, invocation: Invocation) -> None:
    """The incident as it stands now."""
    if invocation.json:
        print_json({**incident_json(desk, done.incident), "notes": list(done.notes)})
    else:
        click.echo(headline(done.incident))
    tell_notes(done.notes)


def tell_notes(notes: Iterable[str]) -> None:
    for note in notes:
        tell(f"  ! {printable(note)}")


def headline(incident: Incident) -> str:
    owner = f", with {incident.owner}" if incident.owner else ""
    return printable(f"{incident.incident_id}  {incident.state}{owner}  {incident.severity.value}  {incident.title}")


def incident_lines(desk: IncidentDesk, incident: Incident) -> Iterator[str]:
    """Everything that is known of it."""
    opened, finding = incident.opened, incident.finding
    yield headline(incident)
    section = f", runbook {incident.section}" if incident.section else ""
    yield printable(f"  opened by {opened.person.user} at {local(opened.at, desk.zone)}{section}")
    if incident.follows:
        yield printable(f"  continues {incident.follows}")
    if finding is not None:
        yield printable(f"  {finding.name} was {finding.verdict}: {finding.summary}")
        if finding.total:
            yield printable(f"  evidence: {counted(finding.total, 'row')}: {', '.join(finding.rows) or 'not kept'}")
    for hold in incident.holds:
        yield printable(f"  set the payroll hold {hold}")
    yield from escalation_lines(desk, incident)
    for entry, words in timeline(incident, desk.path):
        yield printable(f"  {local(moment(entry), desk.zone)}  {entry.user:<10}  {words}")


def escalation_lines(desk: IncidentDesk, incident: Incident) -> Iterator[str]:
    for step in desk.clock(incident):
        mark = "!" if step.state is StepState.OVERDUE else " "
        yield printable(f"  {mark} {step.number} {named(step, desk.path)}, {local(step.at, desk.zone)}: {step.words}")


def incident_json(desk: IncidentDesk, incident: Incident) -> dict[str, Any]:
    closed = incident.closed
    return {
        "incident": incident.incident_id,
        "target": incident.target,
        "title": incident.title,
        "section": incident.section,
        "severity": incident.severity.value,
        "state": incident.state,
        "critical_test": incident.critical_test,
        "owner": incident.owner or None,
        "follows": incident.follows or None,
        "finding": as_json(incident.finding),
        "holds": list(incident.holds),
        "opened": _by_json(incident.opened),
        "acknowledged": _by_json(incident.acknowledged) if incident.acknowledged else None,
        "closed": {
            **_by_json(closed.by),
            "cause": closed.cause,
            "done": closed.done,
            "run": closed.run or None,
        }
        if closed
        else None,
        "escalation": [
            {
                "step": step.number,
                "who": named(step, desk.path),
                "at": as_json(step.at),
                "state": step.state.value,
                "overdue_s": int(step.by.total_seconds()) if step.state is StepState.OVERDUE else None,
                "told_at": as_json(step.told.by.at) if step.told else None,
            }
            for step in desk.clock(incident)
        ],
        "log": [
            {"at": entry.at, "user": entry.user, "kind": entry.kind, "words": words}
            for entry, words in timeline(incident, desk.path)
        ],
    }


def _by_json(by: By) -> dict[str, Any]:
    return {"user": by.person.user, "host": by.person.host, "at": as_json(by.at)}
