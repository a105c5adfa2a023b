"""`gcms-tui payroll list`, `show` and `verify`."""

from __future__ import annotations

from typing import Any

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import as_json, print_json, print_table, tell
from gcms_tui.cli.payroll_desk import acting, open_desk, tell_run
from gcms_tui.core.payroll.hold import Hold
from gcms_tui.core.text import printable
from gcms_tui.operations.payroll.concerts import Concert


@click.command("list")
@acting
@headless
def list_concerts(invocation: Invocation, acting_as: str) -> None:
    """Every concert that the fact has payments for, newest first, and what holds payroll."""
    with open_desk(invocation, acting_as) as desk:
        found, holds = desk.concerts.list(), desk.holds.open()
    if invocation.json:
        print_json(
            {
                "concerts": [_concert_json(item) for item in found.concerts],
                "holds": [_hold_json(hold) for hold in holds],
                "notes": list(found.notes),
                "taken_at": found.taken_at,
            }
        )
        return
    rows = [
        (
            item.concert_id,
            item.concert_date.isoformat() if item.concert_date else "no date",
            f"{item.musicians:,}",
            "not filled in" if item.net is None else f"{item.net:,.2f}",
            item.state.value,
            item.run.run_id if item.run else "",
            " ".join(filter(None, (item.title, f"({item.words})" if item.words else ""))),
        )
        for item in found.concerts
    ]
    print_table([("concert", "date", "musicians", "net", "state", "run", "title"), *rows], right=frozenset({2, 3}))
    for hold in holds:
        tell(f"  ! held{f' ({hold.hold_id})' if hold.hold_id else ''}: {printable(hold.words)}")
    for note in found.notes:
        tell(f"  ! {printable(note)}")


@click.command()
@click.argument("run_id", metavar="[ID]", default="last")
@acting
@headless
def show(invocation: Invocation, run_id: str, acting_as: str) -> None:
    """A run by its id, the beginning of it, or `last`, which is also meant where nothing is given."""
    with open_desk(invocation, acting_as) as desk:
        run = desk.book.get(run_id)
        tell_run(desk, run, invocation)
        step = desk.book.next_step(run)
        refused = desk.book.refusal(run, step) if step else None
        if refused is not None:
            tell(f"  ! {printable(refused.title)}: {printable(refused.message)}")
        elif step is not None:
            tell(f"  -> Next: {step.number} {step.named}")


@click.command()
@click.argument("run_id", metavar="ID")
@acting
@headless
def verify(invocation: Invocation, run_id: str, acting_as: str) -> int:
    """Prove a run anew, from its files, the journal, its signatures, Supabase and its archive; nothing is written.

    Ends with 0 where everything is as it was signed, 1 for a warning, 2 where something is not, 3 where something
    could not be looked at.
    """
    with open_desk(invocation, acting_as) as desk:
        report = desk.verifying.verify(run_id)
    if invocation.json:
        print_json({**as_json(report), "verdict": report.verdict.name})
    else:
        click.echo(f"{report.run_id}: {report.verdict.name}")
        for proof in report.proofs:
            click.echo(f"  {proof.verdict.name:<8} {proof.what:<14} {printable(proof.words)}")
    return report.verdict.value


def _concert_json(item: Concert) -> dict[str, Any]:
    return {
        "concert": item.concert_id,
        "title": item.title,
        "date": as_json(item.concert_date),
        "musicians": item.musicians,
        "net": as_json(item.net),
        "state": item.state.value,
        "paid_on": as_json(item.paid_on),
        "run": item.run.run_id if item.run else None,
        "words": item.words,
    }


def _hold_json(hold: Hold) -> dict[str, Any]:
    return {
        "hold": hold.hold_id or None,
        "cause": hold.cause,
        "reason": hold.reason,
        "by": hold.by.person.user if hold.by else None,
        "since": as_json(hold.by.at) if hold.by else None,
    }
