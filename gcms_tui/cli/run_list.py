"""`gcms-tui runs list` and `runs show`."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import Any

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import as_json, print_json, print_table, tell
from gcms_tui.cli.run_cards import card_json, cards_of_run, print_cards
from gcms_tui.cli.wiring import load_settings, open_run_desk
from gcms_tui.core.byte_size import size_text
from gcms_tui.core.dbt_log import Invocation as DbtInvocation
from gcms_tui.core.duration import seconds_text
from gcms_tui.core.procedures.matching import Match
from gcms_tui.core.run import Run
from gcms_tui.core.run_summary import Summary, is_failure
from gcms_tui.core.text import printable
from gcms_tui.operations.run_desk import RunDesk

_HEADER = ("RUN", "STARTED (UTC)", "COMMAND", "TARGET", "STATE", "TOOK", "NODES", "WHO")


@click.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="How many of the newest.")
@click.option("--all", "every", is_flag=True, help="Every one that is kept.")
@headless
def list_runs(invocation: Invocation, limit: int, every: bool) -> None:
    """The history of dbt runs, newest first: those started here, and what the project's own files tell of others."""
    with open_run_desk(load_settings(invocation).settings, invocation) as desk:
        summaries = desk.history.summaries(limit=10**9 if every else limit)
        tell_notes(desk)
        if invocation.json:
            print_json({"runs": [summary_json(summary) for summary in summaries]})
        elif not summaries:
            tell("gcms-tui: no dbt run is known of this project.")
        else:
            print_table((_HEADER, *(_row(summary) for summary in summaries)))


@click.command("show")
@click.argument("run")
@headless
def show(invocation: Invocation, run: str) -> None:
    """Everything that is known of one run: RUN is its id, the beginning of it, or `last`."""
    with open_run_desk(load_settings(invocation).settings, invocation) as desk:
        summary = desk.history.summary(run)
        outcome = desk.history.invocation(summary.run.run_id)
        cards = cards_of_run(desk, summary.run, outcome)
        tell_notes(desk)
        if invocation.json:
            print_json(_everything(desk, summary, outcome, cards))
            return
        for label, text in _facts(desk, summary):
            click.echo(f"{label:<12}{printable(text)}")
        if outcome is not None and outcome.outcomes:
            click.echo("")
            print_table((("STATUS", "SECONDS", "NODE"), *_node_rows(outcome)), right=frozenset({1}))
        print_cards(cards)


def summary_json(summary: Summary) -> dict[str, Any]:
    """One run as the list has it."""
    run, record = summary.run, summary.run.record
    return {
        "run_id": run.run_id,
        "command": " ".join(record.command.words),
        "state": run.state.value,
        "target": record.target or None,
        "started_at": record.started_at,
        "started_exactly": summary.started_exactly,
        "ended_at": run.end.ended_at if run.end else None,
        "duration_s": summary.duration_s,
        "counts": dict(summary.counts),
        "total": summary.total,
        "first_failing": summary.first_failing or None,
        "error": summary.error or None,
        "exit_code": run.end.exit_code if run.end and not record.foreign else None,
        "signal": run.end.signal if run.end else None,
        "foreign": record.foreign,
        "person": None if record.foreign else record.person,
        "retry_of": record.retry_of,
    }


def tell_notes(desk: RunDesk) -> None:
    for note in desk.history.notes():
        tell(f"gcms-tui: {printable(note)}")


def counts_words(summary: Summary) -> str:
    """`2 fail, 11 pass`; how many of how many while it is not known to have ended."""
    said = ", ".join(f"{number} {status}" for status, number in summary.counts)
    done = sum(number for _, number in summary.counts)
    if not summary.run.state.ended and summary.total is not None and summary.total > done:
        said = f"{done} of {summary.total}" + (f": {said}" if said else "")
    return said or "-"


def _row(summary: Summary) -> tuple[str, ...]:
    run, record = summary.run, summary.run.record
    return (
        run.run_id,
        _moment_words(record.started_at, exactly=summary.started_exactly),
        shlex.join(record.command.words),
        record.target or "?",
        run.state.value,
        seconds_text(summary.duration_s) or "-",
        counts_words(summary) + (f" ({summary.first_failing})" if summary.first_failing else ""),
        _who(run),
    )


def _who(run: Run) -> str:
    return "foreign" if run.record.foreign else str(run.record.person)


def _moment_words(moment: datetime, *, exactly: bool = True) -> str:
    return f"{'' if exactly else '<= '}{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _facts(desk: RunDesk, summary: Summary) -> list[tuple[str, str]]:
    run, record = summary.run, summary.run.record
    end = run.end
    ended = f"{_moment_words(end.ended_at)} UTC after {seconds_text(summary.duration_s)}" if end else ""
    status = (
        "" if end is None or record.foreign else f"signal {end.signal}" if end.exit_code is None else str(end.exit_code)
    )
    git = f"{record.git.sha}{' with uncommitted changes' if record.git.dirty else ''}" if record.git else ""
    facts = [
        ("run", run.run_id),
        ("state", run.state.value + (" (started outside this console)" if record.foreign else "")),
        ("command", shlex.join(("dbt", *record.command.words))),
        ("argv", "" if record.foreign else shlex.join(record.argv)),
        ("target", record.target or "not known"),
        ("started", f"{_moment_words(record.started_at, exactly=summary.started_exactly)} UTC"),
        ("ended", ended),
        ("exit", status),
        ("by", "" if record.foreign else str(record.person)),
        ("stopped by", f"{run.cancel.person} at {_moment_words(run.cancel.at)} UTC" if run.cancel else ""),
        ("nodes", counts_words(summary)),
        ("failed", summary.first_failing),
        ("error", summary.error),
        ("retry of", record.retry_of or ""),
        ("took over", record.takeover),
        ("git", git),
        ("dbt", " ".join(word for word in (record.dbt_version, f"({record.engine})") if word)),
        ("invocation", (end.invocation_id or "") if end else ""),
        ("note", end.note if end else ""),
        ("directory", str(desk.shelf.directory(run.run_id))),
        ("size", size_text(desk.shelf.size(run.run_id))),
    ]
    return [(label, text) for label, text in facts if text]


def _node_rows(outcome: DbtInvocation) -> list[tuple[str, str, str]]:
    nodes = sorted(outcome.outcomes, key=lambda node: (not is_failure(node.status), node.name))
    return [(node.status, "-" if node.seconds is None else f"{node.seconds:.2f}", node.name) for node in nodes]


def _everything(
    desk: RunDesk, summary: Summary, outcome: DbtInvocation | None, cards: tuple[Match, ...]
) -> dict[str, Any]:
    run = summary.run
    nodes = outcome.outcomes if outcome else ()
    return {
        **summary_json(summary),
        "record": as_json(run.record),
        "end": as_json(run.end),
        "cancel": as_json(run.cancel),
        "invocation_id": outcome.invocation_id if outcome else None,
        "nodes": [
            {
                "unique_id": node.name,
                "resource_type": node.resource_type,
                "status": node.status,
                "elapsed_s": node.seconds,
            }
            for node in nodes
        ],
        "troubleshooting": [card_json(card) for card in cards],
        "directory": desk.shelf.directory(run.run_id),
        "log": desk.project_log if run.record.foreign else desk.shelf.log(run.run_id),
        "size_bytes": desk.shelf.size(run.run_id),
    }
