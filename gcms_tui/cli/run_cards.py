"""The runbook's troubleshooting cards that what is known of a run calls for, and how they are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from gcms_tui.cli.output import as_json
from gcms_tui.core.dbt_log import Invocation
from gcms_tui.core.dbt_results import FAILED, ArtifactError
from gcms_tui.core.procedures.matching import Match, Seen, gathered, match_node
from gcms_tui.core.run import Run
from gcms_tui.core.text import printable
from gcms_tui.operations.failing_tests import FailingTest
from gcms_tui.operations.run_desk import RunDesk


def cards_of_run(desk: RunDesk, run: Run, outcome: Invocation | None) -> tuple[Match, ...]:
    """Of all its nodes that failed: a table without a new version is usual, and only its own page asks about it. Where
    the run left no results of its own nothing is known of their messages."""
    try:
        messages = {node.unique_id: node.message for node in desk.shelf.results(run.run_id).results}
    except ArtifactError:
        messages = {}
    return gathered(
        match_node(Seen(node.name, node.status, messages.get(node.name, ""), run.record.target))
        for node in (outcome.outcomes if outcome is not None else ())
        if node.status in FAILED
    )


def card_of_test(test: FailingTest, target: str) -> Match | None:
    return match_node(Seen(test.unique_id, test.status, test.message, target))


def print_cards(matches: Iterable[Match | None]) -> None:
    """A line each: what called for it, and the command that starts it."""
    for match in gathered(matches):
        said = f"-> {match.section} {match.title} ({match.why}): {match.command}"
        click.echo(printable(said))


def card_json(match: Match | None) -> dict[str, Any] | None:
    return None if match is None else {**as_json(match), "about": match.about or None, "command": match.command}
