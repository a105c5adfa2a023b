"""`gcms-tui scd2 plan`: exactly what would be done, for one key or for many."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import as_json, print_json, tell, timestamp
from gcms_tui.cli.refusal import refusal_json
from gcms_tui.cli.scd2_bench import open_bench
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import UsageError
from gcms_tui.core.scd2 import moment
from gcms_tui.core.text import printable
from gcms_tui.core.writing.plan import Plan, PlanKind, Row
from gcms_tui.operations.scd2.repairs import Batch

PLAN = click.option("--plan", "plan_id", metavar="PLAN", help="With --confirm: the plan that was shown.")
"""For commands that show without --confirm: what is carried out is what was shown, by whichever process."""


def require_shown(plan_id: str | None, confirm: str) -> None:
    """Raises `UsageError` where only one of --plan and --confirm was given."""
    if confirm and plan_id is None:
        raise UsageError(
            "Which plan?",
            "What is carried out is what was shown, and --plan does not say which that is.",
            "Leave --confirm out: it is shown then, and the whole command beneath it.",
        )
    if plan_id is not None and not confirm:
        raise UsageError(
            "Not confirmed", "--plan goes with --confirm.", "gcms-tui scd2 plans PLAN shows a plan once more."
        )


def require_alone(plan_id: str | None, **others: object) -> None:
    """Raises `UsageError` where an option was given beside --plan that the plan answers already."""
    for name, given in others.items():
        if plan_id is not None and given:
            raise UsageError(f"--plan and --{name}", "A plan says that already.", f"Leave --{name} out.")


@click.command()
@click.option("--table", "name", metavar="T", help="The table, with its schema or without.")
@click.option("--key", metavar="K", help="The natural key.")
@click.option("--keep", metavar="SCD_ID", help="The version to keep; unset: the latest, where there is one.")
@click.option("--supersede", is_flag=True, help="Close empty what begins after the version to keep.")
@click.option("--collapse", metavar="SCD_ID", help="Keep one of the rows that share this id.")
@click.option("--undo", "write_id", metavar="REPAIR", help="Take back this repair.")
@click.option("--all", "every", is_flag=True, help="One plan for each key with duplicates.")
@click.option("--containing", metavar="TEXT", default="", help="With --all: only keys that hold this text.")
@headless
def plan(
    invocation: Invocation,
    name: str | None,
    key: str | None,
    keep: str | None,
    supersede: bool,
    collapse: str | None,
    write_id: str | None,
    every: bool,
    containing: str,
) -> None:
    """Show exactly what would be done: rows before and after, statements, backup. Nothing is written.

    The plan is kept under its id, holds for half an hour, and is carried out by `scd2 apply PLAN`.
    """
    with open_bench(invocation) as bench:
        _require_one_kind(
            key=key, keep=keep, supersede=supersede, collapse=collapse, undo=write_id, all=every, containing=containing
        )
        if write_id is not None:
            _tell_plan(bench.repairs.propose_undo(write_id), invocation)
            return
        if name is None:
            raise UsageError("Which table?", "--table is missing.", "gcms-tui scd2 list names them.")
        if every:
            _tell_batch(bench.repairs.propose_batch(name, containing=containing), invocation)
            return
        if key is None:
            raise UsageError("Which key?", "--key is missing, or --all.", "gcms-tui scd2 list names them.")
        if collapse is not None:
            _tell_plan(bench.repairs.propose_collapse(name, key, collapse), invocation)
        else:
            _tell_plan(bench.repairs.propose(name, key, keep=keep, supersede=supersede), invocation)


def _require_one_kind(**given: object) -> None:
    """Of options that would be left aside something else would be shown than was asked for."""
    for first, others in _APART.items():
        if given[first] and (named := [name for name in others if given[name]]):
            raise UsageError(
                "Not together", f"--{first} and --{named[0]} ask for two different plans.", "Leave one out."
            )


_APART = {
    "undo": ("key", "keep", "supersede", "collapse", "all", "containing"),
    "all": ("key", "keep", "supersede", "collapse"),
    "collapse": ("keep", "supersede"),
    "key": ("containing",),
}


def _tell_plan(made: Plan, invocation: Invocation) -> None:
    if invocation.json:
        print_json(plan_json(made))
        return
    for line in plan_lines(made):
        click.echo(line)
    confirm = shlex.quote(made.confirmation)
    tell(f'  -> Carry it out: gcms-tui scd2 apply {made.short_id} --confirm {printable(confirm)} --reason "…"')


def plan_json(made: Plan) -> dict[str, Any]:
    """A plan for programs."""
    return {
        "plan": made.plan_id,
        "kind": made.kind.value,
        "target": made.target,
        "table": made.table,
        "natural_key": made.subject,
        "confirmation": made.confirmation,
        "winner": made.winner or None,
        "reason": made.reason,
        "warnings": list(made.warnings),
        "changes": [
            {"scd_id": change.label, "before": _row(change.before), "after": _row(change.after), "why": change.why}
            for change in made.changes
        ],
        "statements": [
            {"sql": step.statement.sql, "binds": as_json(list(step.statement.binds)), "rows": step.rows}
            for step in made.steps
        ],
        "backup": made.backup.subject if made.backup else None,
        "fingerprint": made.fingerprint,
        "undoes": made.undoes or None,
        "made_at": timestamp(made.made_at),
        "expires_at": timestamp(made.expires_at),
    }


def _row(row: Row | None) -> dict[str, Any] | None:
    return row.as_dict() if row is not None else None


def plan_lines(made: Plan) -> Iterator[str]:
    """A plan for people."""
    yield f"{made.kind.value.upper()} on {made.target.upper()}: {printable(made.subject, 200)} in {made.table}"
    if made.winner and made.kind is PlanKind.REPAIR:
        yield f"  stays current: {printable(made.winner)} ({printable(made.reason)})"
    if made.kind in (PlanKind.MARK_PAID, PlanKind.ARCHIVE):
        yield f"  {printable(made.reason)}"
    for change in made.changes:
        yield f"  {printable(change.label)}: {printable(change.why)}"
        for name, before, after in _differences(change.before, change.after):
            yield f"    {name}: {before} -> {after}"
    for warning in made.warnings:
        yield f"  ! {printable(warning)}"
    for step in made.steps:
        yield "  by:" if step.rows is None else f"  {counted(step.rows, 'row')} by:"
        yield from (f"    {line}" for line in printable_lines(step.statement.sql))
        if step.statement.binds:
            yield f"    with {', '.join(printable(repr(bind), 80) for bind in step.statement.binds)}"
    if made.backup:
        yield f"  backup first: {printable(made.backup.subject)}"
    yield f"  plan {made.short_id}, holds until {made.expires_at:%Y-%m-%d %H:%M} UTC"


def printable_lines(text: str) -> Iterator[str]:
    return (printable(line) for line in text.splitlines())


def _differences(before: Row | None, after: Row | None) -> Iterator[tuple[str, str, str]]:
    if before is None or after is None:
        yield "row", "absent" if before is None else "there", "absent" if after is None else "there"
        return
    for name, value in before.values:
        if name == "updated_at" and after[name] is None and value is not None:
            yield name, moment.short(str(value)), "now"
        elif value != after[name]:
            yield name, _cell(value), _cell(after[name])


def _cell(value: str | bool | None) -> str:
    if value is None or isinstance(value, bool):
        return "NULL" if value is None else str(value).lower()
    return moment.short(value) if " " in value else printable(value)  # a day of payment has no time of day


def _tell_batch(batch: Batch, invocation: Invocation) -> None:
    if invocation.json:
        print_json(
            {
                "batch": batch.batch_id,
                "table": batch.table,
                "confirmation": batch.confirmation,
                "plans": [plan_json(made) for made in batch.plans],
                "refused": [{"natural_key": one.natural_key, **refusal_json(one.refused)} for one in batch.refused],
                "more": batch.more,
            }
        )
        return
    click.echo(f"{batch.batch_id}: {len(batch.plans)} keys of {batch.table}")
    for made in batch.plans:
        click.echo(f"  {printable(made.subject, 60)}: keeps {printable(made.winner)} ({printable(made.reason)})")
    for one in batch.refused:
        click.echo(
            f"  {printable(one.natural_key, 60)}: refused, {one.refused.guard}: {printable(one.refused.message)}"
        )
    if batch.more:
        tell("  -> There are more keys than one batch takes; plan again when it is done.")
    if batch.plans:
        tell(f'  -> Carry it out: gcms-tui scd2 apply {batch.batch_id} --confirm "{batch.confirmation}" --reason "…"')
