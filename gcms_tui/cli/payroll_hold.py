"""`gcms-tui payroll hold` and `lift`."""

from __future__ import annotations

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, tell
from gcms_tui.cli.payroll_desk import REASON, acting, open_bench
from gcms_tui.core.text import printable
from gcms_tui.operations.payroll.holding import BY_HAND


@click.command()
@REASON
@click.option("--cause", type=click.Choice([BY_HAND, "incident"]), default=BY_HAND, help="What kind of hold it is.")
@acting
@headless
def hold(invocation: Invocation, reason: str, cause: str, acting_as: str) -> None:
    """Hold every payroll of the target at its next gate. A second person lifts it."""
    with open_bench(invocation, acting_as) as (desk, _):
        kept = desk.holds.set(cause, reason)
    if invocation.json:
        print_json({"hold": kept.hold_id, "cause": kept.cause, "reason": kept.reason})
    else:
        click.echo(kept.hold_id)
        tell(f'  -> Lifted by somebody else: gcms-tui payroll lift {kept.hold_id} --reason "…"')


@click.command()
@click.argument("hold_id", metavar="HOLD")
@REASON
@acting
@headless
def lift(invocation: Invocation, hold_id: str, reason: str, acting_as: str) -> None:
    """Lift HOLD. Whoever has set it may not, and nobody may while a critical test fails."""
    with open_bench(invocation, acting_as) as (desk, _):
        lifted, left = desk.holds.lift(hold_id, reason), desk.holds.open()
    if invocation.json:
        print_json({"lifted": lifted.hold_id, "left": [item.hold_id or item.cause for item in left]})
        return
    click.echo(f"{lifted.hold_id} was lifted")
    for item in left:
        tell(f"  ! still held: {printable(item.words)}")
