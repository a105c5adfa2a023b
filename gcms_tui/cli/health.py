"""`gcms-tui health` and `gcms-tui metrics`: the morning check and the key metrics without the console."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import tell
from gcms_tui.cli.wiring import load_settings, open_health
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import HealthReport, Point
from gcms_tui.core.health_json import encoded, moment_json, report_json
from gcms_tui.core.health_text import Style, board, metric_lines
from gcms_tui.core.settings import Settings
from gcms_tui.core.text import printable

if TYPE_CHECKING:
    from gcms_tui.operations.health import Health


@click.command()
@click.option("--only", multiple=True, metavar="NAME", help="Look at this finding only; may be given several times.")
@click.option("--run-tests", is_flag=True, help="Run dbt's gold tests first, and wait for them.")
@click.option("--notify", is_flag=True, help="Tell the team what has changed since it was told last; for cron.")
@headless
def health(invocation: Invocation, only: tuple[str, ...], run_tests: bool, notify: bool) -> int:
    """The morning check: freshness, dbt's last run, gold tests, the payment fact, SCD2 and payroll accuracy.

    Ends with 0 where all is OK, 1 WARN, 2 FAIL, 3 UNKNOWN, whatever becomes of its notices; with 65 where --run-tests
    is refused. What --notify tells is journalled, in read-only mode too.
    """
    settings = load_settings(invocation).settings
    if run_tests:
        from gcms_tui.cli.gold_tests import run_gold_tests

        run_gold_tests(settings, invocation)
    with open_health(settings) as examiner:
        report = examiner.examine(only)
        _tell_notes(report.notes)
        if invocation.json:
            _print_json(report_json(report, _now()))
        else:
            _print(board(report, _style(invocation)))
        if notify:
            _tell_notes(_notified(report, settings, invocation))
        return report.verdict.value


@click.command()
@headless
def metrics(invocation: Invocation) -> int:
    """The five key metrics with their thresholds and history. Ends as `health` does."""
    with open_health(load_settings(invocation).settings) as examiner:
        names = tuple(name for name in examiner.names() if name.startswith("metric."))
        report = examiner.examine(names)
        history, note = _history(examiner, names)
        _tell_notes([*report.notes, *([note] if note and note not in report.notes else [])])
        if invocation.json:
            document = report_json(report, _now())
            for finding in document["findings"]:
                finding["history"] = [_point_json(point) for point in history[finding["name"]]]
            _print_json(document)
        else:
            _print(metric_lines(report, history, _style(invocation)))
        return report.verdict.value


def _notified(report: HealthReport, settings: Settings, invocation: Invocation) -> tuple[str, ...]:
    """What there is to say of telling the team; the report stands, whatever it is."""
    from gcms_tui.cli.wiring import open_incidents

    try:
        return open_incidents(settings, invocation).watch.tell(report)
    except GcmsError as error:
        return (f"Notice not told: {error.title}: {error.message}",)


def _history(examiner: Health, names: Iterable[str]) -> tuple[dict[str, tuple[Point, ...]], str]:
    """Past values by name, and why there are none where they cannot be read."""
    history: dict[str, tuple[Point, ...]] = dict.fromkeys(names, ())
    try:
        for name in history:
            history[name] = examiner.series(name)
    except GcmsError as error:
        return history, f"{error.title}: {error.message}"
    return history, ""


def _point_json(point: Point) -> dict[str, object]:
    return {"taken_at": moment_json(point.taken_at), "verdict": point.verdict.name, "value": encoded(point.value)}


def _style(invocation: Invocation) -> Style:
    """As wide as the terminal, or 100 columns where there is none. Colour on a terminal only (see no-color.org)."""
    on_terminal = sys.stdout.isatty()
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    return Style(
        width=shutil.get_terminal_size((100, 24)).columns if on_terminal else 100,
        ascii=invocation.ascii or encoding != "utf8",
        colour=on_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
    )


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line, color=True)


def _print_json(document: dict[str, object]) -> None:
    # See `output.print_json`; this document must hold no infinity either.
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
    click.echo(text.encode("utf-8", errors="backslashreplace").decode("utf-8"))


def _tell_notes(notes: Iterable[str]) -> None:
    for note in notes:
        tell(f"gcms-tui: {printable(note)}")


def _now() -> datetime:
    return datetime.now(UTC)
