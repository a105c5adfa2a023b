"""`gcms-tui runbook list` and `show`."""

from __future__ import annotations

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, print_table, tell
from gcms_tui.cli.runbook_words import board_json, procedure_json, procedure_lines, run_json, run_lines
from gcms_tui.cli.wiring import load_settings
from gcms_tui.cli.wiring.procedures import open_procedures
from gcms_tui.core.procedures.cadence import local_text
from gcms_tui.core.procedures.catalogue import CONTRADICTIONS, PROCEDURES, procedure
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict, worst


@click.command("list")
@headless
def list_procedures(invocation: Invocation) -> int:
    """Every procedure: when it is due, and what was done last. Ends as the runbook's help says."""
    book = open_procedures(load_settings(invocation).settings, invocation)
    board, edited = book.board()
    verdict = worst([line.due.verdict for line in board] + ([Verdict.UNKNOWN] if edited else []))
    elsewhere = [item for item in PROCEDURES if item.elsewhere]
    if invocation.json:
        print_json(
            {
                "verdict": verdict.name,
                "timezone": book.calendar.name,
                "procedures": [board_json(line) for line in board],
                "elsewhere": {item.name: f"gcms-tui {item.elsewhere}" for item in elsewhere},
                "unreadable": list(edited),
            }
        )
        return verdict.value
    rows = [
        (
            line.name,
            line.due.value,
            local_text(line.next_at, book.calendar) if line.next_at else procedure(line.name).section,
            line.words,
        )
        for line in board
    ]
    rows += [(item.name, "elsewhere", item.section, f"gcms-tui {item.elsewhere}") for item in elsewhere]
    print_table([("procedure", "state", "next", ""), *rows])
    for words in edited:
        tell(f"  ! {printable(words)}")
    return verdict.value


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--decided", is_flag=True, help="Also where the runbook contradicts itself, and what was decided.")
@headless
def show(invocation: Invocation, name: str, decided: bool) -> None:
    """The steps of procedure NAME; or one that was opened, by its id, the beginning of it, or `last`."""
    if name == "last" or name.startswith("proc-"):
        book = open_procedures(load_settings(invocation).settings, invocation)
        run = book.get(name)
        looks, following = book.looks(run), book.next_step(run)
        if invocation.json:
            print_json(run_json(run, looks, following))
            return
        for line in run_lines(run, looks):
            click.echo(line)
        for look in looks:
            did = run.did.get(look.step.name)
            for line in did.evidence if did else ():
                click.echo(f"  {look.number} {printable(line)}")
        return
    item = procedure(name)
    if invocation.json:
        print_json({**procedure_json(item), "decided": [list(pair) for pair in CONTRADICTIONS] if decided else []})
        return
    for line in procedure_lines(item):
        click.echo(line)
    for question, answer in CONTRADICTIONS if decided else ():
        click.echo(f"\n{question}\n    {answer}")
