"""`gcms-tui backup list` and `counts`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from gcms_tui.cli.backup_desk import open_desk
from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import as_json, print_json, print_table, tell
from gcms_tui.cli.wiring.base import utc_now
from gcms_tui.core.backups.counts import Judged
from gcms_tui.core.backups.made import Backup, Standing
from gcms_tui.core.freshness import age_words
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict, worst
from gcms_tui.operations.backups.counting import Counts


@click.command(name="list")
@click.option("--table", metavar="T", default="", help="Of this table alone: gold.fct_musician_payment.")
@headless
def list_backups(invocation: Invocation, table: str) -> int:
    """What backups there are, newest first: what the journal knows, beside what stands in the backup schemas.

    Ends with 0 where all are as they were made, 1 where one has changed or its name only looks like ours, 2 where one
    that the journal knows is gone, 3 where it could not be looked.
    """
    with open_desk(invocation) as desk:
        listing = desk.listing.read(table)
        if invocation.json:
            print_json({"backups": as_json(list(listing.backups)), "unread": list(listing.unread)})
        elif listing.backups:
            now = utc_now()
            print_table((_HEADER, *(_line(one, now) for one in listing.backups)), right=frozenset({1}))
        else:
            tell(f"gcms-tui: there is no backup{f' of {printable(table)}' if table else ''} yet.")
        for why in listing.unread:
            tell(f"  ! {printable(why)}")
        unread = [Verdict.UNKNOWN] if listing.unread else []
        return worst([Verdict.OK, *unread, *(one.standing.verdict for one in listing.backups)]).value


_HEADER = ("AGE", "ROWS", "KIND", "STATE", "WHOSE", "BACKUP")


def _line(one: Backup, now: datetime) -> tuple[str, ...]:
    age = age_words(now - one.made_at) if one.made_at else "?"
    rows = "?" if one.rows is None else f"{one.rows:,}"
    state = one.standing.value if one.standing is Standing.THERE else one.standing.value.upper()
    return age, rows, one.kind, state, one.whose, one.clone


@click.command()
@click.option("--after", "run_id", metavar="SET", default="", help="Of this set; unset: of the newest complete one.")
@headless
def counts(invocation: Invocation, run_id: str) -> int:
    """The rows of a set's tables as they were cloned, and as they are now.

    Ends with 0 where all is well, 1 where a table grew by more than row_count_alert_percent, 2 where one lost rows, is
    empty or gone, 3 where one could not be counted. Journalled where writing is allowed.
    """
    with open_desk(invocation) as desk:
        found = desk.counts.after(run_id)
        kept = desk.counts.record(found)
        if invocation.json:
            print_json(_document(found, kept))
        else:
            click.echo(f"{found.run_id}: {found.verdict.name}")
            print_table((_COLUMNS, *map(_row, found.tables)), right=frozenset({1, 2, 3, 4}))
        if not kept:
            tell(f"  not journalled: {desk.read_only_reason}")
        return found.verdict.value


_COLUMNS = ("TABLE", "BEFORE", "AFTER", "DELTA", "PERCENT", "VERDICT", "")


def _row(one: Judged) -> tuple[str, ...]:
    count = one.count
    numbers = ("?" if number is None else f"{number:,}" for number in (count.before, count.after))
    delta = "?" if count.delta is None else f"{count.delta:+,}"
    percent = "?" if count.percent is None else f"{count.percent:+.1f}"
    return count.table, *numbers, delta, percent, one.verdict.name, one.words


def _document(found: Counts, kept: bool) -> dict[str, Any]:
    return {
        "set": found.run_id,
        "verdict": found.verdict.name,
        "taken_at": as_json(found.taken_at),
        "journalled": kept,
        "tables": [
            {
                "table": one.count.table,
                "before": one.count.before,
                "after": one.count.after,
                "delta": one.count.delta,
                "percent": None if one.count.percent is None else round(one.count.percent, 2),
                "verdict": one.verdict.name,
                "words": one.words,
            }
            for one in found.tables
        ],
    }
