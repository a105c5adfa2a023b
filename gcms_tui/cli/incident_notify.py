"""`gcms-tui notify test`."""

from __future__ import annotations

import click

from gcms_tui.cli.incident_words import at_desk
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
