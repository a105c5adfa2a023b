"""`gcms-tui incident list`, `show`, `postmortem` and `contacts`."""

from __future__ import annotations

import click

from gcms_tui.cli.incident_words import INCIDENT, at_desk, incident_json, incident_lines, tell_notes
from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import as_json, print_json, print_table, tell
from gcms_tui.core.incidents.clock import StepState, local, named
from gcms_tui.core.text import printable


@click.command("list")
@click.option("--all", "every", is_flag=True, help="Closed ones too.")
@headless
def list_incidents(invocation: Invocation, every: bool) -> None:
    """Those that are not closed, newest first, and which of their escalations are overdue."""
    with at_desk(invocation) as desk:
        listed = desk.book.all() if every else desk.book.open_ones()
    if invocation.json:
        print_json(
            {
                "incidents": [incident_json(desk, item) for item in listed.incidents],
                "unreadable": list(listed.unreadable),
            }
        )
        return
    rows = [
        (
            item.incident_id,
            item.state,
            item.severity.value,
            local(item.opened.at, desk.zone),
            item.owner or "nobody",
            item.title,
        )
        for item in listed.incidents
    ]
    print_table([("incident", "state", "severity", "opened", "with", "title"), *rows])
    for item in listed.incidents:
        for step in desk.clock(item):
            if step.state is StepState.OVERDUE:
                tell(f"  ! {item.incident_id}: {printable(named(step, desk.path))} is {step.words}")
    tell_notes(listed.unreadable)


@click.command()
@INCIDENT
@headless
def show(invocation: Invocation, reference: str) -> None:
    """One incident: its escalation clock and its whole log."""
    with at_desk(invocation) as desk:
        incident = desk.book.get(reference)
    if invocation.json:
        print_json(incident_json(desk, incident))
        return
    for line in incident_lines(desk, incident):
        click.echo(line)


@click.command()
@INCIDENT
@headless
def postmortem(invocation: Invocation, reference: str) -> None:
    """The post-mortem: timeline, evidence, who, escalations, cause, what was done. Of an open one as far as it goes."""
    with at_desk(invocation) as desk:
        incident = desk.book.get(reference)
        text = desk.postmortem(incident)
    if invocation.json:
        print_json({"incident": incident.incident_id, "markdown": text})
    else:
        click.echo(text, nl=False)


@click.command()
@headless
def contacts(invocation: Invocation) -> None:
    """The team, the escalation path and the external dependencies, as they are configured."""
    with at_desk(invocation) as desk:
        found = desk.contacts
    if invocation.json:
        print_json({"contacts": [as_json(item) for item in found]})
        return
    rows = [
        (
            item.role,
            item.name,
            item.reached,
            f"{item.verified}" if item.verified else "",
            f"! {item.flag}" * bool(item.flag),
        )
        for item in found
    ]
    print_table([("role", "who", "reached", "verified", ""), *rows])
