"""`gcms-tui backup restore`: one table from one backup, shown and done."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import click

from gcms_tui.cli.backup_desk import REASON, open_bench
from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, tell, tell_step, timestamp
from gcms_tui.cli.scd2_plan import PLAN, printable_lines, require_alone, require_shown
from gcms_tui.cli.undisturbed import undisturbed
from gcms_tui.core.backups.restore import Way
from gcms_tui.core.text import printable
from gcms_tui.core.writing.plan import Plan
from gcms_tui.operations.backups.desk import BackupBench
from gcms_tui.operations.backups.restoring import Restored
from gcms_tui.operations.writing.guarded_write import Outcome

_IN_DOUBT = 69


@click.command()
@click.argument("table", metavar="TABLE")
@click.option("--from", "backup", metavar="BACKUP", required=True, help="As `backup list` names it.")
@click.option(
    "--by",
    "way",
    type=click.Choice([way.value for way in Way]),
    help="By which way; unset: as what is there allows.",
)
@PLAN
@click.option("--confirm", metavar="TABLE", default="", help="The table's name once more: do what is shown.")
@REASON
@headless
def restore(
    invocation: Invocation, table: str, backup: str, way: str | None, plan_id: str | None, confirm: str, reason: str
) -> int:
    """Bring TABLE back as BACKUP holds it. The table is cloned first: that clone is the way to take it back.

    Without --confirm it is shown and nothing is written; with --confirm and --plan what was shown is done. `swap` puts
    a fresh clone in the table's place, `insert` replaces its rows in one transaction and keeps its grants; where the
    table is gone, `clone` makes it from the backup and `undrop` brings back the one that was dropped. Ends with 0 where
    it is as the backup afterwards, 2 where it is not, 3 where that is not known, 69 where nobody knows whether it was
    carried out.
    """
    require_alone(plan_id, by=way)
    require_shown(plan_id, confirm)
    with open_bench(invocation) as bench:
        if plan_id is None:
            _tell_plan(bench.restoring.plan(table, backup, Way(way) if way else None), invocation)
            return 0
        made = bench.restoring.shown(plan_id, table, backup)
        return _tell_end(undisturbed(lambda _: _restored(bench, made, confirm, reason)), invocation)


def _restored(bench: BackupBench, made: Plan, confirm: str, reason: str) -> Restored:
    """Its end is told at once: somebody who pressed Ctrl-C meanwhile sees no more than that."""
    done = bench.restoring.restore(made.plan_id, confirm, reason, tell_step)
    with suppress(OSError):
        tell_step(f"{done.ended.write_id}: {_word(done)}")
    return done


def _word(done: Restored) -> str:
    return done.ended.outcome.value.replace("_", " ")


def _tell_plan(made: Plan, invocation: Invocation) -> None:
    if invocation.json:
        print_json(_plan_json(made))
        return
    for line in _plan_lines(made):
        click.echo(line)
    table, source = shlex.quote(made.table), shlex.quote(made.source)
    confirm = f'--plan {made.short_id} --confirm {shlex.quote(made.confirmation)} --reason "…"'
    tell(f"  -> Do it: gcms-tui backup restore {table} --from {source} {confirm}")


def _plan_lines(made: Plan) -> Iterator[str]:
    yield f"RESTORE on {made.target.upper()}: {printable(made.table)} from {printable(made.source)}"
    yield f"  {printable(made.reason)}"
    for warning in made.warnings:
        yield f"  ! {printable(warning)}"
    if made.backup:
        yield f"  backup first: {printable(made.backup.subject)}"
    for step in made.steps:
        yield "  by:" if step.rows is None else f"  {step.rows:,} rows by:"
        yield from (f"    {line}" for line in printable_lines(step.statement.sql))
    yield f"  plan {made.short_id}, holds until {made.expires_at:%Y-%m-%d %H:%M} UTC"


def _plan_json(made: Plan) -> dict[str, Any]:
    return {
        "plan": made.plan_id,
        "kind": made.kind.value,
        "target": made.target,
        "table": made.table,
        "backup": made.source,
        "confirmation": made.confirmation,
        "reason": made.reason,
        "warnings": list(made.warnings),
        "statements": [{"sql": step.statement.sql, "rows": step.rows} for step in made.steps],
        "in_transaction": made.in_transaction,
        "table_before": made.backup.subject if made.backup else None,
        "made_at": timestamp(made.made_at),
        "expires_at": timestamp(made.expires_at),
    }


def _tell_end(done: Restored, invocation: Invocation) -> int:
    ended = done.ended
    if invocation.json:
        print_json(
            {
                "restore": ended.write_id,
                "table": ended.plan.table,
                "backup": ended.plan.source,
                "outcome": ended.outcome.value,
                "table_before": ended.backup or None,
                "verdict": done.verdict.name,
                "words": done.words,
                "note": ended.note,
            }
        )
    else:
        click.echo(f"{ended.write_id}: {_word(done)}; {done.verdict.name}: {printable(done.words)}")
        for warning in ended.plan.warnings:
            click.echo(f"  ! {printable(warning)}")
    if ended.backup:
        table, clone = shlex.quote(ended.plan.table), shlex.quote(ended.backup)
        tell(f"  -> Take it back: gcms-tui backup restore {table} --from {clone}")
    if ended.note:
        tell(f"  ! {printable(ended.note)}")
    return done.verdict.value if ended.outcome is Outcome.APPLIED and not ended.note else _IN_DOUBT
