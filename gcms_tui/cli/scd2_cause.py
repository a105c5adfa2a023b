"""`gcms-tui scd2 cause` and `scd2 corrections`: why a key has duplicates, and how often the past is corrected."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import as_json, print_json, print_table, tell, timestamp
from gcms_tui.cli.wiring import load_settings, open_scd2_desk
from gcms_tui.core.duration import parse_duration
from gcms_tui.core.errors import GcmsError, UsageError
from gcms_tui.core.health_text import sparkline
from gcms_tui.core.scd2.cause import CauseReport, KnownRun, Overlap
from gcms_tui.core.scd2.corrections import Review, minutes_of
from gcms_tui.core.text import printable
from gcms_tui.operations.scd2.corrections import Corrections
from gcms_tui.operations.scd2.notes import Note

_UNKNOWN = 3
_LINE = 400


@click.command()
@click.argument("key")
@click.option("--table", "name", metavar="T", required=True, help="The table, with its schema or without.")
@click.option("--note", metavar="TEXT", help="Close it: what the cause was. Kept in the journal with the report.")
@headless
def cause(invocation: Invocation, key: str, name: str, note: str | None) -> int:
    """When the current versions of the natural key KEY were written, and what of dbt was at work then.

    Runs started here and foreign ones, sessions of the warehouse's own history, and what changed since in the model
    and the macros. Ends with 3 where it is not known what ran, unless --note closes it: what nobody saw may have run.
    """
    with open_scd2_desk(load_settings(invocation).settings, invocation) as desk:
        report = desk.causes.look(name, key)
        if note is not None:
            desk.causes.close(name, key, note, report)
        notes = desk.causes.notes(name, key)
    if invocation.json:
        print_json({**as_json(report), "journal": as_json(notes)})
    else:
        _print_cause(report, notes)
    return _UNKNOWN if report.verdict is Overlap.NOT_KNOWN and note is None else 0


def _print_cause(report: CauseReport, notes: Iterable[Note]) -> None:
    for line in report.lines:
        click.echo(printable(line, _LINE))
    if report.runs:
        click.echo("")
        print_table((("RUN", "STARTED", "ENDED", "BUILT IT", "WHO", "COMMAND"), *map(_run_row, report.runs)))
    if report.sessions.found:
        click.echo("")
        sessions = [
            (one.session_id, _when(one.first_at), _when(one.last_at, "running"), " ".join(one.kinds), one.user)
            for one in report.sessions.found
        ]
        print_table((("SESSION", "FIRST", "LAST", "STATEMENTS", "USER"), *sessions))
    if report.changes is not None and (report.changes.commits or report.changes.uncommitted):
        click.echo("")
        for commit in report.changes.commits:
            click.echo(printable(f"{commit.sha[:9]}  {timestamp(commit.at)}  {commit.author}  {commit.subject}", _LINE))
        for name in report.changes.uncommitted:
            click.echo(printable(f"not committed: {name}", _LINE))
    _print_notes(notes)
    tell(f"  -> {report.next_step}")


def _run_row(run: KnownRun) -> tuple[str, ...]:
    began = _when(run.started_at) if run.started_exactly else f"by {_when(run.started_at)}"
    built = "not known" if run.builds is None else "yes"
    return run.run_id, began, _when(run.ended_at, "not known"), built, run.who or "not known", run.words


def _when(at: Any, otherwise: str = "") -> str:
    return timestamp(at) if at is not None else otherwise


def _print_notes(notes: Iterable[Note]) -> None:
    for note in notes:
        click.echo(printable(f"note {note.sequence}, {note.at[:19]} UTC, {note.user}@{note.host}: {note.text}", 4_000))


@click.command()
@click.option("--table", "only", metavar="T", help="One table, with its schema or without.")
@click.option("--tolerance", default="24h", show_default=True, metavar="TIME", help="Known this much later is in time.")
@click.option("--note", metavar="TEXT", help="What they came from; kept in the journal. Needs --table.")
@headless
def corrections(invocation: Invocation, only: str | None, tolerance: str, note: str | None) -> int:
    """How many versions of each month corrected the past: later ones of a key, known long after they took effect.

    That is what the tables are for, and no verdict. Ends with 3 where a table is empty or cannot be read: nothing is
    known of it then.
    """
    if note is not None and only is None:
        raise UsageError("Which table?", "A note is about one table.", "Name it with --table.")
    length = _duration(tolerance)
    with open_scd2_desk(load_settings(invocation).settings, invocation) as desk:
        names = [only] if only is not None else [item.name for item in desk.browser.tables()]
        told = [_review(desk.corrections, name, length, note) for name in names]
    if invocation.json:
        print_json({"tables": [document for _, document in told]})
    else:
        for review, document in told:
            _print_review(review, document, ascii_only=invocation.ascii)
    return 0 if all(review is not None and review.known for review, _ in told) else _UNKNOWN


def _review(
    source: Corrections, name: str, tolerance: timedelta, note: str | None
) -> tuple[Review | None, dict[str, Any]]:
    try:
        review = source.review(name, tolerance)
    except UsageError:
        raise
    except GcmsError as error:
        return None, {"table": name, "error": f"{error.title}: {error.message}", "next_step": error.next_step}
    if note is not None:
        source.note(name, note, review)
    return review, {
        "table": review.table,
        "known": review.known,
        "rows": review.rows,
        "tolerance_minutes": minutes_of(tolerance),
        "words": review.words,
        "months": [
            {
                "month": f"{month.first:%Y-%m}" if month.first is not None else None,
                "corrections": month.corrections,
                "keys": month.keys,
            }
            for month in review.months
        ],
        "taken_at": timestamp(review.taken_at),
        "query_id": review.provenance[0].query_id if review.provenance else None,
        "journal": as_json(source.notes(name)),
    }


def _print_review(review: Review | None, document: dict[str, Any], *, ascii_only: bool) -> None:
    if review is None:
        tell(f"{printable(document['table'])}: {printable(document['error'])}")
        tell(f"  -> {printable(document['next_step'])}")
        return
    click.echo(f"{printable(review.table)}: {printable(review.words)}")
    dated = [month.corrections for month in review.months if month.first is not None]
    if any(month.corrections for month in review.months):
        click.echo(f"  history {sparkline(dated, ascii_only=ascii_only)}")
        rows = [
            (f"  {month.label}", f"{month.corrections:,}", f"{month.keys:,}")
            for month in review.months
            if month.corrections
        ]
        print_table((("  MONTH", "CORRECTIONS", "KEYS"), *rows), right=frozenset({1}))
    for note in document["journal"]:
        click.echo(
            printable(f"  note {note['sequence']}, {note['at'][:19]} UTC, {note['user']}: {note['text']}", 4_000)
        )


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError("Wrong --tolerance", str(error)) from None
