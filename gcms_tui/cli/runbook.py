"""`gcms-tui runbook`: procedures step by step, without the console. Each command is imported when it is called."""

from __future__ import annotations

from typing import ClassVar

import click

from gcms_tui.cli.main import LazyGroup


class RunbookGroup(LazyGroup):
    table: ClassVar[dict[str, tuple[str, str]]] = {
        "close": ("gcms_tui.cli.runbook_open:close", "End it: with its result, or abandoned with a reason."),
        "coverage": ("gcms_tui.cli.runbook_coverage:coverage", "Screen, command and test of each step of the runbook."),
        "docs": ("gcms_tui.cli.runbook_docs:docs", "The documentation that is served, and how to stop it."),
        "list": ("gcms_tui.cli.runbook_list:list_procedures", "What is due, overdue, under way, done."),
        "resume": ("gcms_tui.cli.runbook_open:resume", "How one stands that was opened, and what comes next."),
        "show": ("gcms_tui.cli.runbook_list:show", "A procedure's steps, or one that was opened with what it found."),
        "start": ("gcms_tui.cli.runbook_open:start", "Open a procedure."),
        "step": ("gcms_tui.cli.runbook_step:step", "Do a step, skip it, or override its gate."),
    }


@click.group(cls=RunbookGroup)
def runbook() -> None:
    """The runbook's procedures: daily, weekly, monthly, emergencies, troubleshooting; each step recorded.

    \b
    gcms-tui runbook list                            what is due
    gcms-tui runbook show weekly                     its steps
    gcms-tui runbook start daily
    gcms-tui runbook step last last-run              by its name, or its number
    gcms-tui runbook step last 2
    gcms-tui runbook step ID cause --evidence TEXT   what a person saw; no names, no amounts
    gcms-tui runbook step ID docs-serve --skip REASON
    gcms-tui runbook close last

    What was opened is taken up again on another day, another host, by another person. Where nothing may be written,
    steps that only look may still be done, by the procedure's name: gcms-tui runbook step daily freshness.

    `list` ends with 0 where nothing is due, 1 where something is, 2 where it is overdue, 3 where that is not known;
    `step` and `close` with what was found: 0 OK, 1 WARN, 2 FAIL, 3 UNKNOWN. What a guard refuses ends with 65.
    """
