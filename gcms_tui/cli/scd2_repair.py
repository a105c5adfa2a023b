"""`gcms-tui scd2 plan`, `apply` and `undo`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import as_json, print_json, tell, timestamp
from gcms_tui.cli.run_stream import looks
from gcms_tui.cli.scd2_browse import refusal_json
from gcms_tui.cli.undisturbed import undisturbed
from gcms_tui.cli.wiring import load_settings, open_scd2_desk
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.scd2 import moment
from gcms_tui.core.scd2.proof import KeyCheck, TestCheck
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.plan import Plan, PlanKind, Row
from gcms_tui.operations.scd2.desk import RepairBench
from gcms_tui.operations.scd2.repairs import BATCH_PREFIX, Batch, BatchEnded
from gcms_tui.operations.scd2.verification import not_run
from gcms_tui.operations.writing.guarded_write import Ended, Outcome

_FAILED, _UNKNOWN, _IN_DOUBT = 2, 3, 69

_CONFIRM = click.option("--confirm", metavar="KEY", required=True, help="The natural key, or what the plan asks for.")
_REASON = click.option("--reason", metavar="TEXT", required=True, help="Why; it is journalled.")
_TESTS = click.option("--tests/--no-tests", default=True, help="Run the table's dbt tests afterwards.")


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
    with _bench(invocation) as bench:
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


@click.command()
@click.argument("plan_id", metavar="PLAN")
@_CONFIRM
@_REASON
@_TESTS
@headless
def apply(invocation: Invocation, plan_id: str, confirm: str, reason: str, tests: bool) -> int:
    """Carry out the plan PLAN: its id, or the beginning of it; or a whole batch.

    Ends with 0 where it was applied and proven, 65 where a guard refused and nothing was written, 69 where the outcome
    is in doubt; 2 where the proof afterwards failed, 3 where nothing is known of it. A write is never interrupted
    halfway: Ctrl-C waits for its end.
    """
    with _bench(invocation) as bench:
        if plan_id.startswith(BATCH_PREFIX):
            batch = undisturbed(lambda: bench.repairs.apply_batch(plan_id, confirm, reason, _step))
            return _tell_batch_end(bench, batch, invocation, tests=tests)
        ended = undisturbed(lambda: _applied(bench, plan_id, confirm, reason))
        return _tell_end(bench, ended, invocation, tests=tests)


@click.command()
@click.argument("repair", metavar="REPAIR")
@_CONFIRM
@_REASON
@_TESTS
@headless
def undo(invocation: Invocation, repair: str, confirm: str, reason: str, tests: bool) -> int:
    """Take back REPAIR row by row, if its key is still exactly as it was left.

    What it would do is shown by `scd2 plan --undo REPAIR`. Ends as `scd2 apply`.
    """
    with _bench(invocation) as bench:
        made = bench.repairs.propose_undo(repair)
        ended = undisturbed(lambda: _applied(bench, made.plan_id, confirm, reason))
        return _tell_end(bench, ended, invocation, tests=tests)


@contextmanager
def _bench(invocation: Invocation) -> Iterator[RepairBench]:
    """The write side; a refusal is told on stdout too where JSON is wanted."""
    try:
        with open_scd2_desk(load_settings(invocation).settings, invocation) as desk:
            yield desk.required_bench()
    except Refused as refused:
        if invocation.json:
            print_json({"refused": refusal_json(refused)})
        raise


def _applied(bench: RepairBench, plan_id: str, confirm: str, reason: str) -> Ended:
    """Its end is told at once: somebody who pressed Ctrl-C meanwhile sees no more than that."""
    ended = bench.repairs.apply(plan_id, confirm, reason, _step)
    with suppress(OSError):
        _step(f"{ended.write_id}: {_word(ended)}")
    return ended


def _word(ended: Ended) -> str:
    return ended.outcome.value.replace("_", " ")


def _step(words: str) -> None:
    tell(f"  {printable(words)}")


# -- plans -----------------------------------------------------------------------------------------------------------


def _tell_plan(made: Plan, invocation: Invocation) -> None:
    if invocation.json:
        print_json(plan_json(made))
        return
    for line in plan_lines(made):
        click.echo(line)
    confirm = made.confirmation if made.confirmation.isalnum() else f'"{made.confirmation}"'
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
    for change in made.changes:
        yield f"  {printable(change.label)}: {printable(change.why)}"
        for name, before, after in _differences(change.before, change.after):
            yield f"    {name}: {before} -> {after}"
    for warning in made.warnings:
        yield f"  ! {printable(warning)}"
    for step in made.steps:
        yield f"  {step.rows} row{'' if step.rows == 1 else 's'} by:"
        yield from (f"    {line}" for line in printable_lines(step.statement.sql))
        yield f"    with {', '.join(printable(repr(bind), 80) for bind in step.statement.binds)}"
    if made.backup:
        yield f"  backup first: {printable(made.backup.subject)}"
    yield f"  plan {made.short_id}, holds until {made.expires_at:%H:%M} UTC"


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
    return "NULL" if value is None else str(value).lower() if isinstance(value, bool) else moment.short(value)


# -- ends ------------------------------------------------------------------------------------------------------------


def _tell_end(bench: RepairBench, ended: Ended, invocation: Invocation, *, tests: bool) -> int:
    applied = ended.outcome is Outcome.APPLIED
    key, said = _verified(bench, ended, tests=tests) if applied else (None, TestCheck(Verdict.UNKNOWN, "not applied"))
    if invocation.json:
        print_json(_ended_json(ended, key, said))
    else:
        click.echo(f"{ended.write_id}: {_word(ended)}, {counted(ended.plan.rows, 'row')}")
        click.echo(f"  backup   {ended.backup or 'none'}")
        if key is not None:
            click.echo(f"  key      {key.verdict.name}: {key.words}")
        click.echo(f"  tests    {said.verdict.name}: {printable(said.words)}")
        if applied and ended.plan.kind is not PlanKind.UNDO:
            tell(f"  -> Take it back: gcms-tui scd2 undo {ended.write_id} --confirm … --reason …")
    if ended.note:
        tell(f"  ! {printable(ended.note)}")
    if not applied or ended.note:
        return _IN_DOUBT
    return _exit_code([key.verdict if key else Verdict.UNKNOWN, *([said.verdict] if tests else [])])


def _exit_code(verdicts: Sequence[Verdict]) -> int:
    return _FAILED if Verdict.FAIL in verdicts else _UNKNOWN if Verdict.UNKNOWN in verdicts else 0


def _ended_json(ended: Ended, key: KeyCheck | None, tests: TestCheck) -> dict[str, Any]:
    return {
        "repair": ended.write_id,
        "kind": ended.plan.kind.value,
        "plan": ended.plan.plan_id,
        "outcome": ended.outcome.value,
        "backup": ended.backup or None,
        "rows": ended.plan.rows,
        "note": ended.note,
        "verified": {
            "key": None
            if key is None
            else {"verdict": key.verdict.name, "current": key.current, "defects": dict(key.defects)},
            "tests": {"verdict": tests.verdict.name, "words": tests.words, "run": tests.run_id or None},
        },
    }


def _verified(bench: RepairBench, ended: Ended, *, tests: bool) -> tuple[KeyCheck | None, TestCheck]:
    """The key's own scan, then the table's tests. What cannot be looked at is UNKNOWN: the write stands."""
    plan = ended.plan
    try:
        key = bench.verification.check_key(plan.table, plan.subject, bench.repairs.convention(plan.table))
    except GcmsError as error:
        tell(f"  ! the key could not be looked at: {printable(error.message)}")
        key = None
    said = _tested(bench, plan.table) if tests else TestCheck(Verdict.UNKNOWN, "not asked for")
    _recorded(bench, ended, key, said)
    return key, said


def _recorded(bench: RepairBench, ended: Ended, key: KeyCheck | None, said: TestCheck) -> None:
    try:
        bench.verification.record(ended.write_id, key, said)
    except GcmsError as error:
        tell(f"  ! what was verified is not in the journal: {printable(error.message)}")


def _tested(bench: RepairBench, table: str) -> TestCheck:
    try:
        preview = bench.verification.preview_tests(table)
        _step(f"dbt {' '.join(preview.command.words)}")
        run = bench.verification.start_tests(preview)
        for _ in looks(bench.verification.runs, run.run_id):
            pass
    except GcmsError as error:
        return not_run(error)
    return bench.verification.tests_of(run.run_id)


# -- batches ---------------------------------------------------------------------------------------------------------


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


def _tell_batch_end(bench: RepairBench, ended: BatchEnded, invocation: Invocation, *, tests: bool) -> int:
    keys, said = _batch_verified(bench, ended, tests=tests)
    if invocation.json:
        print_json(
            {
                "batch": ended.batch_id,
                "backup": ended.backup or None,
                "applied": [{"repair": one.write_id, "natural_key": one.plan.subject} for one in ended.applied],
                "skipped": list(ended.skipped),
                "stopped_at": ended.stopped_at or None,
                "surprise": f"{ended.surprise.title}: {ended.surprise.message}" if ended.surprise else None,
                "left": list(ended.left),
                "verified": {
                    "keys": {one.plan.subject: key.verdict.name for one, key in keys},
                    "tests": {"verdict": said.verdict.name, "words": said.words, "run": said.run_id or None},
                },
            }
        )
    else:
        click.echo(
            f"{ended.batch_id}: {len(ended.applied)} applied, {len(ended.skipped)} done before, {len(ended.left)} left"
        )
        for one, key in keys:
            click.echo(f"  {printable(one.plan.subject, 60)}: {one.write_id}, {key.verdict.name}: {key.words}")
        click.echo(f"  tests: {said.verdict.name}: {printable(said.words)}")
    if ended.surprise is not None:
        tell(f"  ! stopped at {printable(ended.stopped_at, 80)}: {printable(ended.surprise.message)}")
        tell(f"  -> {printable(ended.surprise.next_step)}")
        return ended.surprise.exit_code
    return _exit_code([*(key.verdict for _, key in keys), *([said.verdict] if tests else [])])


def _batch_verified(
    bench: RepairBench, ended: BatchEnded, *, tests: bool
) -> tuple[list[tuple[Ended, KeyCheck]], TestCheck]:
    """Every key's own scan, and the table's tests once for all of them; beside each write in the journal."""
    if not ended.applied:
        return [], TestCheck(Verdict.UNKNOWN, "nothing was applied")
    table = ended.applied[0].plan.table
    in_force = bench.repairs.convention(table)
    keys = [(one, bench.verification.check_key(table, one.plan.subject, in_force)) for one in ended.applied]
    said = _tested(bench, table) if tests else TestCheck(Verdict.UNKNOWN, "not asked for")
    for one, key in keys:
        _recorded(bench, one, key, said)
    return keys, said
