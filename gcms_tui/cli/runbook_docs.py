"""`gcms-tui runbook docs`."""

from __future__ import annotations

import os

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json
from gcms_tui.cli.wiring import load_settings
from gcms_tui.core.text import printable


@click.command()
@click.option("--stop", is_flag=True, help="End the job.")
@headless
def docs(invocation: Invocation, stop: bool) -> None:
    """The documentation that step docs-serve of the weekly procedure serves: where, since when, the tunnel to copy."""
    from gcms_tui.adapters.docs_server import DocsServer
    from gcms_tui.adapters.person import who_asks
    from gcms_tui.cli.wiring.base import utc_now

    server = DocsServer(load_settings(invocation).settings.state_dir, who_asks(os.environ), utc_now)
    served = server.stop() if stop else server.serving()
    if invocation.json:
        print_json({"served": served, "stopped": stop and served is not None})
        return
    if served is None:
        click.echo("nothing is served from this host")
        return
    for line in ("stopped",) if stop else served.lines:
        click.echo(printable(line))
