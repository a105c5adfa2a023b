"""`gcms-tui report`: what was found, as one document. Each sub-command is imported when it is called."""

from __future__ import annotations

from typing import ClassVar

import click

from gcms_tui.cli.main import LazyGroup


class ReportGroup(LazyGroup):
    table: ClassVar[dict[str, tuple[str, str]]] = {
        "monthly": ("gcms_tui.cli.report_monthly:monthly", "The monthly data quality audit, as Markdown."),
    }


@click.group(cls=ReportGroup)
def report() -> None:
    """Documents for whoever was not there: dated, for their owner alone, none ever replaced."""
