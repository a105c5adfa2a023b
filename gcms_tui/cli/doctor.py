"""`gcms-tui doctor`: what was read from where, what works, and what to do about the rest."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from gcms_tui.cli.doctor_checks import examine
from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.observation import Observation
from gcms_tui.cli.output import print_json, timestamp
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import worst


@click.command()
@headless
def doctor(invocation: Invocation) -> int:
    """What was read from where, what works, and what to do about the rest.

    Reads files, logs in and looks at tables; changes nothing. Ends with 0 OK, 1 WARN, 2 FAIL or 3 UNKNOWN.
    """
    now = datetime.now(UTC)
    observations = examine(invocation)
    verdict = worst(observation.verdict for observation in observations)
    if invocation.json:
        checks = [
            {"name": seen.name, "verdict": seen.verdict, "summary": seen.summary, "next": seen.next_step}
            for seen in observations
        ]
        print_json({"verdict": verdict, "taken_at": timestamp(now), "checks": checks})
    else:
        ascii_only = invocation.ascii or not _speaks_unicode()
        width = max(len(observation.name) for observation in observations)
        for observation in observations:
            click.echo(line(observation, width, ascii_only=ascii_only))
        click.echo(f"{verdict.name}: {_summary(observations)}")
    return verdict.value


def line(observation: Observation, width: int, *, ascii_only: bool = False) -> str:
    """One observation as a person reads it: symbol, verdict, name, what was seen, and below it what to do."""
    verdict = observation.verdict
    symbol = verdict.ascii_symbol if ascii_only else verdict.symbol
    head = f"{symbol} {verdict.name:<7} {observation.name:<{width}}  "
    text = head + printable(observation.summary)
    if observation.next_step:
        text += f"\n{' ' * len(head)}-> {printable(observation.next_step)}"
    return text


def _summary(observations: list[Observation]) -> str:
    worse = [observation.name for observation in observations if observation.verdict]
    return f"look at {', '.join(worse)}." if worse else "everything that was looked at works."


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
