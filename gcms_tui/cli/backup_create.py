"""`gcms-tui backup create`: a set of backups, shown and made."""

from __future__ import annotations

from typing import Any

import click

from gcms_tui.cli.backup_desk import REASON, open_bench
from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, print_table, tell, tell_step, timestamp
from gcms_tui.cli.undisturbed import undisturbed
from gcms_tui.core.backups.backup_set import BackupSet
from gcms_tui.operations.backups.looks import kind_of
from gcms_tui.operations.backups.sets import Draft, Item


@click.command()
@click.option("--new", is_flag=True, help="Begin another set, though the last one was interrupted.")
@click.option("--confirm", metavar="TABLES", default="", help='How many tables, as it is shown: "3 tables".')
@REASON
@headless
def create(invocation: Invocation, new: bool, confirm: str, reason: str) -> int:
    """Clone every table of the backup under names of one set, and prove each clone by its count.

    Without --confirm it is shown and nothing is written. A set that was interrupted within the last twelve hours is
    taken up, unless dbt was started since to write: what it has is kept. A table is cloned as it is, transient or
    permanent; never over another one. Ctrl-C ends it behind the table that it is at.
    """
    with open_bench(invocation) as bench:
        draft = bench.sets.propose(new=new)
        if not confirm:
            _tell_draft(draft, invocation)
            return 0
        made = undisturbed(lambda asked: bench.sets.create(draft, confirm, reason, tell_step, asked))
        _tell_set(made, invocation)
        return 0


def _tell_draft(draft: Draft, invocation: Invocation) -> None:
    if invocation.json:
        print_json(
            {
                "set": draft.run_id,
                "taken_up": draft.taken_up is not None,
                "confirmation": draft.confirmation,
                "tables": [_item_json(item) for item in draft.items],
            }
        )
        return
    begun = draft.taken_up and f", begun {timestamp(draft.taken_up.begun_at)} and interrupted"
    took = begun or ", a new set; its own number is given when it is made"
    click.echo(f"{draft.run_id}: {draft.confirmation}{took}")
    print_table(
        (
            ("TABLE", "STATE", "KIND", "CLONE"),
            *((str(item.table), *_state(item), str(item.clone)) for item in draft.items),
        )
    )
    tell(f'  -> Do it: gcms-tui backup create --confirm "{draft.confirmation}" --reason "…"')


def _state(item: Item) -> tuple[str, str]:
    if item.done is not None:
        return f"has {item.done.rows:,} rows", item.done.kind
    return ("in doubt", "") if item.plan is None else ("to be made", kind_of(item.plan).value)


def _item_json(item: Item) -> dict[str, Any]:
    return {
        "table": str(item.table),
        "clone": str(item.clone),
        "kind": _state(item)[1] or None,
        "rows": item.done.rows if item.done else None,
        "in_doubt": item.doubt or None,
    }


def _tell_set(made: BackupSet, invocation: Invocation) -> None:
    if invocation.json:
        print_json(
            {
                "set": made.run_id,
                "complete": made.complete,
                "tables": [{**one.document(), "at": one.at} for one in made.cloned],
            }
        )
        return
    click.echo(f"{made.run_id}: complete, {len(made.cloned)} of {len(made.tables)} tables")
    print_table((("ROWS", "KIND", "CLONE"), *((f"{one.rows:,}", one.kind, one.clone) for one in made.cloned)))
    tell(f"  -> After the refresh: gcms-tui backup counts --after {made.run_id}")
