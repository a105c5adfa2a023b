"""`gcms-tui notify test` and `gcms-tui incident notice`."""

from __future__ import annotations

import click

from gcms_tui.cli.incident_words import INCIDENT, at_desk
from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import as_json, print_json, tell
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.text import printable


@click.group()
def notify() -> None:
    """Notices to the team, over the channels of [notify] in gcms.toml.

    They are sent by `gcms-tui health --notify`, and by what opens, takes or closes an incident.
    """


@notify.command()
@headless
def test(invocation: Invocation) -> int:
    """Send one harmless notice to each channel. Ends with 69 where one of them did not take it."""
    with at_desk(invocation) as desk:
        deliveries = desk.notices.trial()
        events = sorted(desk.notices.events)
    if invocation.json:
        print_json({"channels": [as_json(item) for item in deliveries], "events": events})
    else:
        for item in deliveries:
            click.echo(printable(f"{item.channel}: {'sent' if item.sent else item.why}"))
    if not events:
        tell("  ! [notify] events names nothing: nothing else is ever sent.")
    return 0 if all(item.sent for item in deliveries) else Unavailable.exit_code


@click.command()
@INCIDENT
@click.option("--send", is_flag=True, help="Over the channels of [notify], whatever events are named there.")
@headless
def notice(invocation: Invocation, reference: str, send: bool) -> int:
    """What the payroll team is to know of the delay: ready to be pasted, or sent with --send.

    It holds no name and no amount. Ends with 69 where it was to be sent, and reached nobody; sending it is for who may
    write.
    """
    with at_desk(invocation) as desk:
        if send:
            desk.required_acts()
        made = desk.delay_notice(desk.book.get(reference))
        told = desk.notices.tell(made)[0] if send else None
    if invocation.json:
        outcome = None if told is None else told.outcome.value
        print_json({"title": made.title, "body": made.body, "outcome": outcome, "words": told.words if told else ""})
    else:
        click.echo(f"{made.title}\n\n{made.body}")
    if told is None:
        tell("gcms-tui: nobody was told; --send does that.")
        return 0
    tell(f"gcms-tui: {told.outcome.value}" + (f": {printable(told.words)}" if told.words else ""))
    return 0 if told.is_known else Unavailable.exit_code
