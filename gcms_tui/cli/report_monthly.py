"""`gcms-tui report monthly`."""

from __future__ import annotations

from pathlib import Path

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json
from gcms_tui.cli.wiring import load_settings
from gcms_tui.cli.wiring.procedures import open_procedure_desk
from gcms_tui.core.reports.monthly import markdown


@click.command()
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to; unset: the state's reports.")
@headless
def monthly(invocation: Invocation, out: Path | None) -> int:
    """SCD2 integrity, retroactive corrections, payroll accuracy and performance, over the last 30 days.

    Ends with 0 where all is OK, 1 WARN, 2 FAIL, 3 UNKNOWN. What is there is never replaced.
    """
    with open_procedure_desk(load_settings(invocation).settings, invocation) as desk:
        audit = desk.monthly.gather()
        if out is None:
            kept = desk.monthly.keep(audit)
        else:
            from gcms_tui.adapters.report_files import write_report

            write_report(out, markdown(audit))
            kept = str(out)
    if invocation.json:
        print_json({"verdict": audit.verdict.name, "words": audit.words, "report": kept, "taken_at": audit.taken_at})
    else:
        click.echo(f"{audit.verdict.name}: {audit.words}")
        click.echo(kept)
    return audit.verdict.value
