"""`gcms-tui runbook docs`."""

from __future__ import annotations

import os

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json
from gcms_tui.cli.refusal import told_refusal
from gcms_tui.cli.wiring import load_settings, read_only, target_name
from gcms_tui.core.errors import Refused
from gcms_tui.core.text import printable


@click.command()
@click.option("--stop", is_flag=True, help="End the job.")
@headless
def docs(invocation: Invocation, stop: bool) -> None:
    """The documentation that step docs-serve of the weekly procedure serves: where, since when, the tunnel to copy."""
    from gcms_tui.adapters.docs_server import DocsLook, DocsServer
    from gcms_tui.adapters.person import who_asks
    from gcms_tui.cli.wiring.base import utc_now

    with told_refusal(invocation):
        settings = load_settings(invocation).settings
        if stop and (allowed := read_only(settings, invocation, target_name(settings))).on:
            raise Refused("Read-only", f"{allowed.why_not}.", "It goes on; who may write ends it.", guard="read_only")
        of = (settings.state_dir, who_asks(os.environ), utc_now)
        served = DocsServer(*of).stop() if stop else DocsLook(*of).serving()
    if invocation.json:
        print_json({"served": served, "stopped": stop and served is not None})
        return
    if served is None:
        click.echo("nothing is served from this host")
        return
    for line in ("stopped",) if stop else served.lines:
        click.echo(printable(line))
