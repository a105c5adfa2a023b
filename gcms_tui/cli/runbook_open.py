"""`gcms-tui runbook start`, `resume` and `close`."""

from __future__ import annotations

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, tell
from gcms_tui.cli.refusal import told_refusal
from gcms_tui.cli.runbook_words import run_json, run_lines
from gcms_tui.cli.wiring import load_settings
from gcms_tui.cli.wiring.procedures import open_procedures
from gcms_tui.core.procedures.run import ProcedureRun
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.procedures.book import Procedures


def tell_run(book: Procedures, run: ProcedureRun, invocation: Invocation) -> None:
    """As it stands now, and what comes next."""
    looks, following = book.looks(run), book.next_step(run)
    if invocation.json:
        print_json(run_json(run, looks, following))
    else:
        for line in run_lines(run, looks):
            click.echo(line)
    if following is not None:
        refused = book.refusal(run, following)
        if refused is not None:
            tell(f"  ! {printable(refused.title)}: {printable(refused.message)}")
        tell(f"  -> Next: gcms-tui runbook step {run.run_id} {following.name}   {following.title}")


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--about", metavar="MODEL", default="", help="The model that it is about, where it is about one.")
@headless
def start(invocation: Invocation, name: str, about: str) -> None:
    """Open procedure NAME. Refused where one of it is open: that is taken up again with `resume`."""
    with told_refusal(invocation):
        book = open_procedures(load_settings(invocation).settings, invocation)
        tell_run(book, book.open(name, about), invocation)


@click.command()
@click.argument("run_id", metavar="ID", default="last")
@headless
def resume(invocation: Invocation, run_id: str) -> None:
    """How it stands, whoever opened it and wherever, and the step that comes next."""
    book = open_procedures(load_settings(invocation).settings, invocation)
    tell_run(book, book.get(run_id), invocation)


@click.command()
@click.argument("run_id", metavar="ID")
@click.option("--abandon", metavar="REASON", help="Give it up: it does not count as done.")
@headless
def close(invocation: Invocation, run_id: str, abandon: str | None) -> int:
    """End it. Every step has to be done or skipped, every gate passed. Ends with its result: 0 to 3."""
    with told_refusal(invocation):
        book = open_procedures(load_settings(invocation).settings, invocation)
        run = book.close(run_id) if abandon is None else book.abandon(run_id, abandon)
        tell_run(book, run, invocation)
    return Verdict.OK.value if run.verdict is None else run.verdict.value
