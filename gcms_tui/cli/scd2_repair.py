"""`gcms-tui scd2 apply` and `undo`."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, tell, tell_step
from gcms_tui.cli.refusal import refusal_json
from gcms_tui.cli.scd2_bench import Proof, exit_code, open_bench, proof_of
from gcms_tui.cli.undisturbed import AskedToStop, undisturbed
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import Refused
from gcms_tui.core.scd2.proof import TestCheck
from gcms_tui.core.text import printable
from gcms_tui.core.writing.plan import PlanKind
from gcms_tui.operations.scd2.desk import RepairBench
from gcms_tui.operations.scd2.repairs import BATCH_PREFIX, BatchEnded
from gcms_tui.operations.writing.guarded_write import Ended, Outcome

_UNKNOWN, _IN_DOUBT = 3, 69

_CONFIRM = click.option("--confirm", metavar="KEY", required=True, help="The natural key, or what the plan asks for.")
_REASON = click.option("--reason", metavar="TEXT", required=True, help="Why; it is journalled.")
_TESTS = click.option("--tests/--no-tests", default=True, help="Run the table's dbt tests afterwards.")


@click.command()
@click.argument("plan_id", metavar="PLAN")
@_CONFIRM
@_REASON
@_TESTS
@headless
def apply(invocation: Invocation, plan_id: str, confirm: str, reason: str, tests: bool) -> int:
    """Carry out the plan PLAN: its id, or the beginning of it; or a whole batch.

    Ends with 0 where it was applied and the key is sound, 65 where a guard refused and nothing was written, 69 where
    the outcome is in doubt; 2 where the key is not sound afterwards, 3 where that is not known. What the table's tests
    said is told and does not decide: they look at every other key too. A write is never interrupted halfway: Ctrl-C
    waits for its end, and stops a batch behind the key that it is at. Of a batch the worst counts; one of which keys
    are not known to be done ends with 3.
    """
    with open_bench(invocation) as bench:
        if plan_id.startswith(BATCH_PREFIX):
            batch = undisturbed(partial(_applied_batch, bench, plan_id, confirm, reason))
            return _tell_batch_end(bench, batch, invocation, tests=tests)
        ended = undisturbed(lambda _: _applied(bench, plan_id, confirm, reason))
        return _tell_end(bench, ended, invocation, tests=tests)


@click.command()
@click.argument("repair", metavar="REPAIR")
@_CONFIRM
@_REASON
@_TESTS
@headless
def undo(invocation: Invocation, repair: str, confirm: str, reason: str, tests: bool) -> int:
    """Take back REPAIR row by row, if its key is still exactly as it was left.

    What it would do is shown by `scd2 plan --undo REPAIR`. Ends with 0 where it was applied: the key is as defective
    again as it was before the repair; otherwise as `scd2 apply`.
    """
    with open_bench(invocation) as bench:
        made = bench.repairs.propose_undo(repair)
        ended = undisturbed(lambda _: _applied(bench, made.plan_id, confirm, reason))
        return _tell_end(bench, ended, invocation, tests=tests)


def _applied(bench: RepairBench, plan_id: str, confirm: str, reason: str) -> Ended:
    """Its end is told at once: somebody who pressed Ctrl-C meanwhile sees no more than that."""
    ended = bench.repairs.apply(plan_id, confirm, reason, tell_step)
    with suppress(OSError):
        tell_step(f"{ended.write_id}: {_word(ended)}")
    return ended


def _applied_batch(
    bench: RepairBench, batch_id: str, confirm: str, reason: str, asked_to_stop: AskedToStop
) -> BatchEnded:
    ended = bench.repairs.apply_batch(batch_id, confirm, reason, tell_step, asked_to_stop)
    with suppress(OSError):
        tell_step(_summary(ended))
    return ended


def _word(ended: Ended) -> str:
    return ended.outcome.value.replace("_", " ")


# -- one write -------------------------------------------------------------------------------------------------------


def _tell_end(bench: RepairBench, ended: Ended, invocation: Invocation, *, tests: bool) -> int:
    applied = ended.outcome is Outcome.APPLIED
    proof = proof_of(bench, [ended] if applied else [], tests=tests)
    keys, said = proof
    if invocation.json:
        print_json(_ended_json(ended, proof))
    else:
        click.echo(f"{ended.write_id}: {_word(ended)}, {counted(ended.plan.rows, 'row')}")
        click.echo(f"  backup   {ended.backup or 'none'}")
        for _, key in keys:
            click.echo(f"  key      {f'{key.verdict.name}: {key.words}' if key else 'UNKNOWN'}")
        click.echo(f"  tests    {said.verdict.name}: {printable(said.words)}")
        if applied and ended.plan.kind is not PlanKind.UNDO:
            tell(f"  -> Take it back: gcms-tui scd2 undo {ended.write_id} --confirm … --reason …")
    if ended.note:
        tell(f"  ! {printable(ended.note)}")
    return exit_code(proof) if applied and not ended.note else _IN_DOUBT


def _ended_json(ended: Ended, proof: Proof) -> dict[str, Any]:
    keys, said = proof
    key = keys[0][1] if keys else None
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
            "tests": _tests_json(said),
        },
    }


def _tests_json(said: TestCheck) -> dict[str, Any]:
    return {"verdict": said.verdict.name, "words": said.words, "run": said.run_id or None}


# -- a batch ---------------------------------------------------------------------------------------------------------


def _tell_batch_end(bench: RepairBench, ended: BatchEnded, invocation: Invocation, *, tests: bool) -> int:
    proof = proof_of(bench, _done(ended), tests=tests)
    keys, said = proof
    if invocation.json:
        print_json(_batch_json(ended, proof))
    else:
        click.echo(_summary(ended))
        for one, key in keys:
            found = f"{key.verdict.name}: {key.words}" if key else "UNKNOWN"
            click.echo(f"  {printable(one.plan.subject, 60)}: {one.write_id}, {found}")
        click.echo(f"  tests: {said.verdict.name}: {printable(said.words)}")
    if ended.missed:
        tell(f"  ! not done: {printable(', '.join(ended.missed[:20]), 400)}")
        tell("  -> Their plans are used. Have doubts settled, and plan them again.")
    if ended.surprise is not None:
        tell(f"  ! stopped at {printable(ended.stopped_at, 80)}: {printable(ended.surprise.message)}")
        tell(f"  -> {printable(ended.surprise.next_step)}")
        return ended.surprise.exit_code
    return exit_code(proof) or (_UNKNOWN if ended.missed else 0)


def _done(ended: BatchEnded) -> list[Ended]:
    return [one for one in ended.applied if one.outcome is Outcome.APPLIED]


def _summary(ended: BatchEnded) -> str:
    told = f"{ended.batch_id}: {len(_done(ended))} applied, {len(ended.skipped)} done before, {len(ended.left)} left"
    return f"{told}, {len(ended.missed)} not done" if ended.missed else told


def _batch_json(ended: BatchEnded, proof: Proof) -> dict[str, Any]:
    keys, said = proof
    surprise = ended.surprise
    return {
        "batch": ended.batch_id,
        "backup": ended.backup or None,
        "applied": [{"repair": one.write_id, "natural_key": one.plan.subject} for one in _done(ended)],
        "in_doubt": [
            {"repair": one.write_id, "natural_key": one.plan.subject}
            for one in ended.applied
            if one.outcome is Outcome.IN_DOUBT
        ],
        "skipped": list(ended.skipped),
        "missed": list(ended.missed),
        "stopped_at": ended.stopped_at or None,
        "surprise": f"{surprise.title}: {surprise.message}" if surprise else None,
        "refused": refusal_json(surprise) if isinstance(surprise, Refused) else None,
        "left": list(ended.left),
        "verified": {
            "keys": {one.plan.subject: key.verdict.name if key else "UNKNOWN" for one, key in keys},
            "tests": _tests_json(said),
        },
    }
