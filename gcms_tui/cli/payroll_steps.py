"""`gcms-tui payroll open` and `step`: what comes before anything is looked at by hand."""

from __future__ import annotations

from collections.abc import Callable

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import tell
from gcms_tui.cli.payroll_desk import RUN, acting, open_bench, tell_run
from gcms_tui.cli.step_run import show_preview, watch
from gcms_tui.core.payroll.gates import StepState
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.steps import CHECKS, Step
from gcms_tui.core.run import Run
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.text import printable
from gcms_tui.operations.payroll.checklist import Checklist
from gcms_tui.operations.payroll.desk import PayrollBench, PayrollDesk

_NOT_PASSED = 2


@click.command("open")
@click.argument("concert", metavar="CONCERT")
@acting
@headless
def open_run(invocation: Invocation, concert: str, acting_as: str) -> None:
    """Begin the payroll of CONCERT, by its id. Refused where it is paid, or where a run of it is open."""
    with open_bench(invocation, acting_as) as (desk, _):
        run = desk.concerts.open(concert)
        tell_run(desk, run, invocation)
        tell(f"  -> gcms-tui payroll step {run.run_id} {Step.FRESHNESS.value}")


@click.command()
@RUN
@click.argument("name", metavar="NAME", type=click.Choice([*(step.value for step in CHECKS), Step.SPOT_CHECK.value]))
@click.option("--confirm", metavar="TEXT", default="", help="What dbt's preview asks to be typed, where it does.")
@acting
@headless
def step(invocation: Invocation, run_id: str, name: str, confirm: str, acting_as: str) -> int:
    """Do step NAME of the run: freshness, models, tests; spot-check draws the rows.

    A dbt run is watched to its end; Ctrl-C stops watching and not the run, and the same command takes it up again. Ends
    with 0 where the step passed, 2 where what it found stops the payroll, 65 where a gate refused it.
    """
    wanted = Step(name)
    with open_bench(invocation, acting_as) as (desk, bench):
        run = _done(desk, bench, run_id, wanted, confirm)
        tell_run(desk, run, invocation)
        look = next(item for item in desk.book.looks(run) if item.step is wanted)
        if wanted is Step.SPOT_CHECK:
            tell(f"  -> What is to be looked at: gcms-tui payroll spot-check {run.run_id}")
            return 0
        return 0 if look.state is StepState.PASSED else _NOT_PASSED


def _done(desk: PayrollDesk, bench: PayrollBench, run_id: str, wanted: Step, confirm: str) -> PayrollRun:
    run_id, checklist = desk.book.get(run_id).run_id, bench.checklist
    match wanted:
        case Step.FRESHNESS:
            return checklist.freshness(run_id)
        case Step.MODELS:
            started = checklist.pending(run_id, wanted) or _started(
                checklist.preview_models(run_id), lambda preview: checklist.start_models(run_id, preview), confirm
            )
            return checklist.settle_models(run_id, _watched(checklist, started).run_id)
        case Step.TESTS:
            started = checklist.pending(run_id, wanted) or _started(
                checklist.preview_tests(run_id), lambda preview: checklist.start_tests(run_id, preview), confirm
            )
            return checklist.settle_tests(run_id, _watched(checklist, started).run_id)
        case _:
            return bench.spot_checks.draw(run_id)


def _started(preview: Preview, start: Callable[[Preview], Run], confirm: str) -> Run:
    show_preview(preview, confirm)
    return start(preview)


def _watched(checklist: Checklist, run: Run) -> Run:
    tell(f"gcms-tui: {run.run_id}: {' '.join(run.record.argv[:1])} {' '.join(run.record.command.words)}")
    last = watch(checklist.runs, run)
    tell(f"gcms-tui: {last.run_id}: {printable(last.state.value)}")
    return last
