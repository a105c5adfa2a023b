"""`gcms-tui runs trend` and `runs prune`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import as_json, print_json, print_table, tell
from gcms_tui.cli.run_cards import card_json, print_cards
from gcms_tui.cli.run_list import tell_notes
from gcms_tui.cli.wiring import load_settings, open_run_desk, read_only, target_name
from gcms_tui.core.byte_size import parse_size, size_text
from gcms_tui.core.conclusion import counted
from gcms_tui.core.duration import parse_duration
from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.health_text import sparkline
from gcms_tui.core.procedures.matching import gathered, match_trend
from gcms_tui.core.run import Run
from gcms_tui.core.run_trend import NodeTrend, Trend
from gcms_tui.core.text import printable
from gcms_tui.operations.run_desk import RunDesk

_HEADER = ("RUNS", "MEAN", "P95", "MAX", "LAST", "HISTORY", "TYPE", "NODE")
_POINTS_SHOWN = 20


@click.command()
@click.option("--window", default="30d", show_default=True, metavar="TIME", help="How far back: 12h, 30d.")
@headless
def trend(invocation: Invocation, window: str) -> None:
    """The performance review: every node's execution times, those that have become slow first, then the slowest.

    With the share of model executions that succeeded (K1) and of test executions that passed (K2).
    """
    length = _duration(window, "--window")
    with open_run_desk(load_settings(invocation).settings, invocation) as desk:
        review = desk.history.trend(length)
        tell_notes(desk)
        if invocation.json:
            cards = gathered(map(match_trend, review.nodes))
            print_json({**as_json(review), "troubleshooting": [card_json(card) for card in cards]})
        else:
            _print_trend(review, ascii_only=invocation.ascii)


def _print_trend(review: Trend, *, ascii_only: bool) -> None:
    click.echo(f"{counted(review.runs, 'run')} since {review.since:%Y-%m-%d %H:%M} UTC")
    click.echo(f"K1  {printable(review.run_success)}")
    click.echo(f"K2  {printable(review.test_pass)}")
    if review.nodes:
        click.echo("")
        rows = [_node_row(node, ascii_only=ascii_only) for node in review.nodes]
        print_table((_HEADER, *rows), right=frozenset(range(5)))
    for node in review.nodes:
        if node.regressed:
            click.echo(f"! {printable(node.name)} has become slow: {node.note}")
    print_cards(map(match_trend, review.nodes))


def _node_row(node: NodeTrend, *, ascii_only: bool) -> tuple[str, ...]:
    seconds = (f"{value:.2f} s" for value in (node.mean_s, node.p95_s, node.max_s, node.last_s))
    history = sparkline(node.points[-_POINTS_SHOWN:], ascii_only=ascii_only)
    return (f"{node.runs:,}", *seconds, history, node.resource_type, node.name + (" !" if node.regressed else ""))


@click.command()
@click.option("--older-than", metavar="TIME", help="Remove what ended longer ago: 90d.")
@click.option("--larger-than", metavar="SIZE", help="Remove the oldest until the rest is smaller: 2GB.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--yes", is_flag=True, help="Remove it.")
@headless
def prune(invocation: Invocation, older_than: str | None, larger_than: str | None, dry_run: bool, yes: bool) -> None:
    """What the kept runs take on disk, and, if asked, remove old ones. The newest stays, and so does what still runs.

    Nothing is removed without --older-than or --larger-than, and --yes.
    """
    age = _duration(older_than, "--older-than") if older_than is not None else None
    size = _size(larger_than) if larger_than is not None else None
    settings = load_settings(invocation).settings
    with open_run_desk(settings, invocation) as desk:
        if age is None and size is None:
            _print_inventory(desk, invocation)
            return
        sizes = {run.run_id: taken for run, taken in desk.history.sizes()} if invocation.json else {}
        doomed = desk.history.prune(older_than=age, larger_than=size, dry_run=True)
        remove = bool(doomed) and not dry_run
        if remove:
            allowed = read_only(settings, invocation, target_name(settings))
            if allowed.on:
                raise Refused("Read-only", f"Nothing can be removed: {allowed.reason}.", "See it with --dry-run.")
            if not yes:
                raise Refused(
                    "Not confirmed",
                    f"{counted(len(doomed), 'run')} would be removed: {doomed[0].run_id} to {doomed[-1].run_id}.",
                    "See them with --dry-run; type it again with --yes to remove them.",
                )
            doomed = desk.history.prune(older_than=age, larger_than=size, dry_run=False)
            tell_notes(desk)
        if invocation.json:
            _print_runs([(run, sizes[run.run_id]) for run in doomed], removed=remove)
            return
        for run in doomed:
            click.echo(f"{run.run_id}  {printable(' '.join(run.record.command.words))}")
        tell(f"gcms-tui: {counted(len(doomed), 'run')} {'removed' if remove else 'would be removed'}.")


def _print_inventory(desk: RunDesk, invocation: Invocation) -> None:
    sizes = desk.history.sizes()
    total = sum(size for _, size in sizes)
    oldest = sizes[-1][0].record.started_at if sizes else None
    if invocation.json:
        _print_runs(sizes, removed=False)
        return
    since = f", the oldest of {oldest:%Y-%m-%d}" if oldest else ""
    click.echo(f"{counted(len(sizes), 'run')} kept, {size_text(total)}{since}")
    tell("gcms-tui: nothing is removed without --older-than or --larger-than.")


def _print_runs(sizes: Sequence[tuple[Run, int]], *, removed: bool) -> None:
    runs = [
        {
            "run_id": run.run_id,
            "command": " ".join(run.record.command.words),
            "started_at": run.record.started_at,
            "size_bytes": size,
        }
        for run, size in sizes
    ]
    print_json({"removed": removed, "runs": runs, "size_bytes": sum(size for _, size in sizes)})


def _duration(text: str, option: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"Wrong {option}", str(error)) from None


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ValueError as error:
        raise UsageError("Wrong --larger-than", str(error)) from None
