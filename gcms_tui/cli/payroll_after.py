"""`gcms-tui payroll record`, `archive`, `log` and `abandon`: what comes once the file has left, and giving up."""

from __future__ import annotations

import shlex
from datetime import date, datetime

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, tell, tell_step
from gcms_tui.cli.payroll_desk import REASON, RUN, acting, open_bench, tell_run
from gcms_tui.cli.scd2_plan import PLAN, plan_json, plan_lines, require_alone, require_shown
from gcms_tui.cli.undisturbed import undisturbed
from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.payroll.run import PayrollRun, PayrollState
from gcms_tui.core.text import printable
from gcms_tui.core.writing.plan import Plan
from gcms_tui.operations.payroll.desk import PayrollDesk
from gcms_tui.operations.writing.guarded_write import Ended, Outcome

_IN_DOUBT, _ALARM = 69, 2

_CONFIRM = click.option("--confirm", metavar="CONCERT", default="", help="The concert's id: do what is shown.")
_WHY = click.option("--reason", metavar="TEXT", default="", help="Why; it is journalled.")


@click.command()
@RUN
@click.option("--date", "paid_on", metavar="DATE", required=True, help="The day of payment: 2026-03-01.")
@PLAN
@_CONFIRM
@_WHY
@acting
@headless
def record(
    invocation: Invocation, run_id: str, paid_on: str, plan_id: str | None, confirm: str, reason: str, acting_as: str
) -> int:
    """Record exactly the payments of the signed file as paid, in one transaction.

    Without --confirm it is shown and nothing is written; with --confirm and --plan what was shown is done. Done again
    it answers that it is recorded, and changes nothing; what is recorded and not noted is noted with --confirm. Ends
    with 69 where nobody knows whether COMMIT came through: gcms-tui journal doubts --settle.
    """
    with open_bench(invocation, acting_as) as (desk, bench):
        run = desk.book.get(run_id)
        if run.recorded is not None:
            return _already(desk, run, invocation)
        day = _day(paid_on)
        kept = bench.recording.shown(run.run_id, plan_id, day) if plan_id is not None else None
        made = bench.recording.plan(run.run_id, day) if kept is None else kept.plan
        if made is None or (kept is not None and kept.used_by):  # recorded, it may be, and cut off before it was noted
            if confirm != run.concert_id:
                raise _to_take_over(run, paid_on)
            return _already(desk, bench.recording.adopt(run.run_id), invocation)
        require_shown(plan_id, confirm)
        if not confirm:
            return _shown(made, run, invocation, f"record {run.run_id} --date {paid_on}")
        run, ended = undisturbed(lambda _: bench.recording.record(run.run_id, made.plan_id, confirm, reason, tell_step))
        return _ended(desk, run, ended, invocation)


@click.command()
@RUN
@click.option("--suffix", metavar="TEXT", default="", help="Behind the table's name, where that is taken.")
@click.option("--adopt", is_flag=True, help="Take over a clone that was made and not noted.")
@PLAN
@_CONFIRM
@_WHY
@acting
@headless
def archive(
    invocation: Invocation,
    run_id: str,
    suffix: str,
    adopt: bool,
    plan_id: str | None,
    confirm: str,
    reason: str,
    acting_as: str,
) -> int:
    """Clone the fact under the day's name, and compare the clone's rows with what was signed.

    Without --confirm it is shown and nothing is written; with --confirm and --plan what was shown is done. Ends with 2
    where the clone is not what was signed: payroll is held then.
    """
    require_alone(plan_id, suffix=suffix, adopt=adopt)
    with open_bench(invocation, acting_as) as (desk, bench):
        run = desk.book.get(run_id)
        if adopt:
            return _archived(desk, bench.archiving.adopt(run.run_id), invocation)
        require_shown(plan_id, confirm)
        if plan_id is None:
            return _shown(bench.archiving.plan(run.run_id, suffix=suffix), run, invocation, f"archive {run.run_id}")
        run, ended = undisturbed(lambda _: bench.archiving.archive(run.run_id, plan_id, confirm, reason, tell_step))
        return _ended(desk, run, ended, invocation) or _archived(desk, run, invocation, told=True)


@click.command()
@RUN
@click.option("--exceptions", metavar="TEXT", help='Exceptions and adjustments; "none" is an answer, a blank is not.')
@acting
@headless
def log(invocation: Invocation, run_id: str, exceptions: str | None, acting_as: str) -> None:
    """Document the payroll, which closes the run; its Markdown is printed. Without --exceptions it is only shown."""
    with open_bench(invocation, acting_as) as (desk, bench):
        run = desk.book.get(run_id)
        if exceptions is not None:
            run = bench.closing.close(run.run_id, exceptions)
        closed = run.state is PayrollState.CLOSED
        text = bench.closing.markdown(run) if closed else bench.closing.draft(run)
        if invocation.json:
            print_json({"run": run.run_id, "state": run.state.value, "markdown": text})
            return
        click.echo(text, nl=not text.endswith("\n"))
        if not closed:
            tell(f'  -> Close it: gcms-tui payroll log {run.run_id} --exceptions "none"')


@click.command()
@RUN
@REASON
@click.option("--withdrawn", is_flag=True, help="The file was released, and whoever pays was told not to.")
@acting
@headless
def abandon(invocation: Invocation, run_id: str, reason: str, withdrawn: bool, acting_as: str) -> None:
    """Give the run up. Its file is moved out of the way; the concert may be opened anew."""
    with open_bench(invocation, acting_as) as (desk, bench):
        run = bench.closing.abandon(desk.book.get(run_id).run_id, reason, withdrawn=withdrawn)
        tell_run(desk, run, invocation)


def _day(text: str) -> date:
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise UsageError("Not a day", f"{text[:40]!r} is not a day.", "Write it as 2026-03-01.") from None


def _to_take_over(run: PayrollRun, paid_on: str) -> Refused:
    return Refused(
        "Recorded already, and not noted",
        "Supabase has all of it as paid: by a write that was cut off before it was noted, or by somebody's hand.",
        f"Once you know by whom, note it, with the day that Supabase has: gcms-tui payroll record {run.run_id} "
        f"--date {paid_on} --confirm {shlex.quote(run.concert_id)}",
        guard="confirmation",
    )


def _shown(made: Plan, run: PayrollRun, invocation: Invocation, command: str) -> int:
    if invocation.json:
        print_json(plan_json(made))
        return 0
    for line in plan_lines(made):
        click.echo(line)
    confirm = printable(shlex.quote(run.concert_id))
    tell(f'  -> Carry it out: gcms-tui payroll {command} --plan {made.short_id} --confirm {confirm} --reason "…"')
    return 0


def _already(desk: PayrollDesk, run: PayrollRun, invocation: Invocation) -> int:
    tell("gcms-tui: already recorded; nothing was changed.")
    tell_run(desk, run, invocation)
    return 0


def _ended(desk: PayrollDesk, run: PayrollRun, ended: Ended, invocation: Invocation) -> int:
    tell(f"gcms-tui: {ended.write_id}: {ended.outcome.value.replace('_', ' ')}")
    if ended.note:
        tell(f"  ! {printable(ended.note)}")
    tell_run(desk, run, invocation)
    return 0 if ended.outcome is Outcome.APPLIED and not ended.note else _IN_DOUBT


def _archived(desk: PayrollDesk, run: PayrollRun, invocation: Invocation, *, told: bool = False) -> int:
    if not told:
        tell_run(desk, run, invocation)
    return 0 if run.archived is not None and run.archived.alike else _ALARM
