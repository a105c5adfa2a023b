"""`gcms-tui runbook step`."""

from __future__ import annotations

import shlex

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, tell, tell_step
from gcms_tui.cli.refusal import told_refusal
from gcms_tui.cli.runbook_open import tell_run
from gcms_tui.cli.runbook_words import step_lines
from gcms_tui.cli.step_run import show_preview, watch
from gcms_tui.cli.wiring import load_settings
from gcms_tui.cli.wiring.procedures import open_procedure_desk, open_procedures
from gcms_tui.core.errors import UsageError
from gcms_tui.core.procedures.catalogue import PROCEDURES, procedure
from gcms_tui.core.procedures.run import ProcedureRun
from gcms_tui.core.procedures.step import Step, StepKind
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.procedures.desk import ProcedureDesk


@click.command()
@click.argument("run_id", metavar="ID")
@click.argument("name", metavar="STEP")
@click.option("--evidence", metavar="TEXT", help="What was seen or done; journalled. No names, no amounts.")
@click.option("--skip", metavar="REASON", help="Pass over it, with a reason.")
@click.option("--override", metavar="REASON", help="Let what is behind this gate go on, with a reason.")
@click.option("--confirm", metavar="TEXT", default="", help="What the preview asks to be typed.")
@click.option("--yes", is_flag=True, help="Do what was shown; without it a step that acts is only shown.")
@click.option("--reason", metavar="TEXT", default="", help="Why, where another desk wants one.")
@headless
def step(
    invocation: Invocation,
    run_id: str,
    name: str,
    evidence: str | None,
    skip: str | None,
    override: str | None,
    confirm: str,
    yes: bool,
    reason: str,
) -> int:
    """Do step STEP, by its name or number, of what was opened as ID; or look at it by the procedure's name.

    A check looks, and records what it found. A dbt run and a plan are shown first, and done with --yes, or --confirm
    where something is to be typed; a run is watched to its end, and the same command takes it up again. Where a person
    has to tell, --evidence says what. Ends with what was found: 0 OK, 1 WARN, 2 FAIL, 3 UNKNOWN; with 3 too where
    nothing was done, and with 65 where it is refused.
    """
    if sum(given is not None for given in (evidence, skip, override)) > 1:
        raise UsageError("One at a time", "--evidence, --skip and --override exclude one another.")
    settings = load_settings(invocation).settings
    with told_refusal(invocation):
        if skip is not None or override is not None:
            book = open_procedures(settings, invocation)
            run = book.skip(run_id, name, skip) if skip is not None else book.override(run_id, name, override or "")
            tell_run(book, run, invocation)
            return Verdict.OK.value
        with open_procedure_desk(settings, invocation) as desk:
            if any(item.name == run_id for item in PROCEDURES):
                return _seen(desk, run_id, name, invocation)
            run = desk.book.get(run_id)
            wanted = procedure(run.procedure).step(name)
            done = _done(desk, run, wanted, evidence, confirm, yes=yes, reason=reason)
            if done is None:
                return Verdict.UNKNOWN.value
            tell_run(desk.book, done, invocation)
            item = next(item for item in desk.book.looks(done) if item.step.name == wanted.name)
            return Verdict.UNKNOWN.value if item.verdict is None else item.verdict.value


def _seen(desk: ProcedureDesk, name: str, step_name: str, invocation: Invocation) -> int:
    """Looked at, and not recorded."""
    outcome = desk.steps.see(name, step_name)
    if invocation.json:
        print_json({"recorded": False, "verdict": outcome.verdict.name, "words": outcome.words,
                    "evidence": list(outcome.evidence)})  # fmt: skip
    else:
        click.echo(f"{outcome.verdict.name}: {printable(outcome.words)}")
        for line in outcome.evidence:
            click.echo(f"  {printable(line)}")
    tell(f"gcms-tui: not recorded; gcms-tui runbook start {name} does that.")
    return outcome.verdict.value


def _done(
    desk: ProcedureDesk, run: ProcedureRun, wanted: Step, evidence: str | None, confirm: str, *, yes: bool, reason: str
) -> ProcedureRun | None:
    """The run as it is then; None where it was only shown what would be done."""
    if evidence is not None or wanted.kind is StepKind.ATTEST:
        return desk.steps.attest(run.run_id, wanted.name, evidence or "")
    match wanted.kind:
        case StepKind.CHECK:
            return desk.steps.check(run.run_id, wanted.name)
        case StepKind.RUN:
            return _ran(desk, run, wanted, confirm, yes=yes)
        case StepKind.PLAN:
            return _carried_out(desk, run, wanted, confirm, yes=yes, reason=reason)
    for line in step_lines(procedure(run.procedure), wanted):
        tell(line)
    tell(
        f"  -> Do it there, then say what came of it: gcms-tui runbook step {run.run_id} {wanted.name} --evidence TEXT"
    )
    return None


def _ran(desk: ProcedureDesk, run: ProcedureRun, wanted: Step, confirm: str, *, yes: bool) -> ProcedureRun | None:
    started = desk.steps.pending(run.run_id, wanted.name)
    if started is None:
        preview = desk.steps.preview(run.run_id, wanted.name)
        show_preview(preview, confirm)
        if not yes and not preview.confirmation:
            tell("gcms-tui: nothing was started; --yes does that.")
            return None
        started = desk.steps.start(run.run_id, wanted.name, preview, confirm)
    tell(f"gcms-tui: {started.run_id}: dbt {' '.join(started.record.command.words)}")
    watch(desk.steps.runs, started)
    return desk.steps.settle(run.run_id, wanted.name)


def _carried_out(
    desk: ProcedureDesk, run: ProcedureRun, wanted: Step, confirm: str, *, yes: bool, reason: str
) -> ProcedureRun | None:
    offer = desk.steps.offer(run.run_id, wanted.name)
    for line in offer.lines:
        tell_step(line)
    if not yes and not confirm:
        typed = f"--confirm {shlex.quote(offer.confirmation)}" if offer.confirmation else "--yes"
        typed += " --reason TEXT" if offer.wants_reason else ""
        tell(f"gcms-tui: nothing was done; {printable(typed)} does that.")
        return None
    if offer.wants_reason and not reason:
        raise UsageError("No reason given", f"{wanted.title} wants one.", "Say it with --reason.")
    done = desk.steps.carry_out(run.run_id, wanted.name, offer, confirm, reason)
    for line in done.did[wanted.name].evidence:
        tell_step(line)
    return done
