"""`gcms-tui incident open`, `note`, `ack`, `hand-over` and `close`."""

from __future__ import annotations

import click

from gcms_tui.cli.incident_words import INCIDENT, at_desk, tell_done
from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.core.errors import UsageError
from gcms_tui.core.incidents.incident import Severity


@click.command("open")
@click.option("--finding", metavar="NAME", help="From a finding, as it was when the target was last looked at.")
@click.option("--title", metavar="TEXT", help="By hand.")
@click.option("--follows", metavar="ID", default="", help="Open a closed one anew: the new one continues it.")
@click.option("--section", metavar="TEXT", default="", help="The runbook's section, with --title.")
@click.option(
    "--severity",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.MEDIUM.value,
    show_default=True,
    help="With --title.",
)
@click.option("--critical-test", is_flag=True, help="A critical test failed, with --title: closing it names the run.")
@click.option("--hold", is_flag=True, help="Hold every payroll of the target as well.")
@headless
def open_incident(
    invocation: Invocation,
    finding: str | None,
    title: str | None,
    follows: str,
    section: str,
    severity: str,
    critical_test: bool,
    hold: bool,
) -> None:
    """Open an incident, from a finding or by hand. Its escalation clock starts now."""
    if finding is not None and title is not None or (finding, title, follows) == (None, None, ""):
        raise UsageError("What has happened?", "One of --finding, --title and --follows is wanted.", "gcms-tui health")
    with at_desk(invocation) as desk:
        acts = desk.required_acts()
        if finding is not None:
            done = acts.open_from(desk.finding(finding), hold=hold, follows=follows)
        elif title is not None:
            done = acts.open_by_hand(
                title,
                section=section,
                severity=Severity(severity),
                critical_test=critical_test,
                hold=hold,
                follows=follows,
            )
        else:
            done = acts.reopen(follows, hold=hold)
        tell_done(desk, done, invocation)


@click.command()
@INCIDENT
@click.argument("text", metavar="TEXT")
@headless
def note(invocation: Invocation, reference: str, text: str) -> None:
    """Write TEXT into its log."""
    with at_desk(invocation) as desk:
        tell_done(desk, desk.required_acts().note(reference, text), invocation)


@click.command()
@INCIDENT
@headless
def ack(invocation: Invocation, reference: str) -> None:
    """Take it: from now on nobody else is told."""
    with at_desk(invocation) as desk:
        tell_done(desk, desk.required_acts().acknowledge(reference), invocation)


@click.command("hand-over")
@INCIDENT
@click.argument("login", metavar="LOGIN")
@click.option("--note", metavar="TEXT", default="", help="What they should know.")
@headless
def hand_over(invocation: Invocation, reference: str, login: str, note: str) -> None:
    """Give it to somebody by their login. An escalation that runs goes on until somebody acknowledges it."""
    with at_desk(invocation) as desk:
        tell_done(desk, desk.required_acts().hand_over(reference, login, note), invocation)


@click.command()
@INCIDENT
@click.option("--cause", metavar="TEXT", required=True, help="Why it happened.")
@click.option("--done", metavar="TEXT", required=True, help="What was done about it.")
@click.option("--run", metavar="RUN", default="", help="The dbt run in which the critical test failed.")
@headless
def close(invocation: Invocation, reference: str, cause: str, done: str, run: str) -> None:
    """Close it. A payroll hold that it has set remains, until somebody else lifts it."""
    with at_desk(invocation) as desk:
        tell_done(desk, desk.required_acts().close(reference, cause=cause, done=done, run=run), invocation)
