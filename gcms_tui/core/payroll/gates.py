"""Which step of a payroll run is passed, which is open, and whether one may be done now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import Refused
from gcms_tui.core.freshness import CLOCK_SKEW, age_words
from gcms_tui.core.payroll.hold import Hold
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import By, PayrollRun, PayrollState
from gcms_tui.core.payroll.steps import AFTER_PAYMENT, CHECKS, STEPS, Step


class StepState(StrEnum):
    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"
    """It was done, and what it found stops the payroll."""
    FALLEN = "fallen back"
    """It had been passed, and its ground has gone."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what was found counts."""

    checks: timedelta
    """Freshness, models and tests, towards the export."""
    signing: timedelta
    """The tests, towards the release."""


@dataclass(frozen=True, slots=True)
class StepLook:
    """One step as it stands now."""

    step: Step
    state: StepState
    words: str
    """What it found, why it fell back, or what it waits for."""
    by: By | None = None


def look(run: PayrollRun, now: datetime, limits: Limits) -> tuple[StepLook, ...]:
    """Every step, in the runbook's order."""
    return tuple(_look(run, step, now, limits) for step in STEPS)


def next_step(run: PayrollRun, now: datetime, limits: Limits) -> Step | None:
    """The first that is not passed; None where the run has ended."""
    if run.state is not PayrollState.ACTIVE:
        return None
    return next((item.step for item in look(run, now, limits) if item.state is not StepState.PASSED), None)


def require(run: PayrollRun, step: Step, now: datetime, limits: Limits, holds: Iterable[Hold] = ()) -> None:
    """Raises `Refused` where `step` may not be done now; the guard is the gate that is closed: the name of an earlier
    step, or `ended`, `released`, `clock`, `hold`."""
    if run.state is not PayrollState.ACTIVE:
        raise Refused(
            "The payroll run has ended",
            f"{run.run_id} was {run.state.value} {_by(run.ended)}.",
            f"gcms-tui payroll show {run.run_id}",
            guard="ended",
        )
    if run.last_at - now > CLOCK_SKEW:
        raise Refused(
            "A clock is wrong",
            f"The run's last entry is {age_words(run.last_at - now)} ahead of this machine's clock, which may have "
            "been set back.",
            "Set the clock right, then go on.",
            guard="clock",
        )
    if run.released is not None and step in (*CHECKS, Step.SPOT_CHECK, Step.EXPORT, Step.SIGN_OFF):
        raise Refused(
            "The file has been released",
            f"{run.released.file} was released {_by(run.released.by)}: what is signed is not done again.",
            f"Go on with the next step: gcms-tui payroll show {run.run_id}",
            guard="released",
        )
    for item in look(run, now, limits)[: step.number - 1]:
        if item.state is not StepState.PASSED:
            raise Refused(
                "A gate is closed",
                f"{item.step.number} {item.step.named}: {item.state.value}: {item.words}",
                f"gcms-tui payroll {_command(run, item.step)}",
                guard=item.step.value,
            )
    if step not in (*CHECKS, *AFTER_PAYMENT):
        require_not_held(holds)


def require_not_held(holds: Iterable[Hold]) -> None:
    """Raises `Refused` (guard `hold`)."""
    if held := tuple(holds):
        raise Refused(
            "Payroll is held",
            "; ".join(hold.words for hold in held),
            "It goes on once the cause is mended and a second person has lifted it: gcms-tui payroll lift.",
            guard="hold",
        )


def _command(run: PayrollRun, step: Step) -> str:
    """What does the step without the console."""
    if step in CHECKS:
        return f"step {run.run_id} {step.value}"
    words = {
        Step.SPOT_CHECK: f"spot-check {run.run_id}",
        Step.EXPORT: f"export {run.run_id}",
        Step.SIGN_OFF: f"{'sign' if len(run.signatures) < len(Role) else 'release'} {run.run_id}",
        Step.RECORD: f"record {run.run_id} --date DAY",
        Step.ARCHIVE: f"archive {run.run_id}",
    }
    return words[step]


def _look(run: PayrollRun, step: Step, now: datetime, limits: Limits) -> StepLook:
    if step in CHECKS:
        return _check(run, step, now, limits)
    state, words, by = {
        Step.SPOT_CHECK: _spot_check,
        Step.EXPORT: _export,
        Step.SIGN_OFF: _sign_off,
        Step.RECORD: _record,
        Step.ARCHIVE: _archive,
        Step.LOG: _log,
    }[step](run)
    if state is StepState.OPEN and step in run.fallen:
        state, words = StepState.FALLEN, run.fallen[step]
    return StepLook(step, state, words, by)


def _check(run: PayrollRun, step: Step, now: datetime, limits: Limits) -> StepLook:
    check = run.checks.get(step)
    if check is None:
        if step in run.fallen:
            return StepLook(step, StepState.FALLEN, run.fallen[step])
        return StepLook(step, StepState.OPEN, _WAITING[step])
    if not check.passed:
        return StepLook(step, StepState.FAILED, check.words, check.by)
    age = now - check.by.at
    if run.released is None:
        if age < -CLOCK_SKEW:
            ahead = f"it is dated {age_words(-age)} in the future: a clock was set back"
            return StepLook(step, StepState.FALLEN, ahead, check.by)
        # Once the file is prepared it is its content that was found fresh and built; only the tests grow old.
        limit = limits.checks if run.exported is None else limits.signing if step is Step.TESTS else None
        if limit is not None and age > limit:
            return StepLook(
                step, StepState.FALLEN, f"{age_words(age)} old, older than its limit of {age_words(limit)}", check.by
            )
    return StepLook(step, StepState.PASSED, check.words, check.by)


_Looked = tuple[StepState, str, By | None]


def _spot_check(run: PayrollRun) -> _Looked:
    if run.sample is None:
        return StepState.OPEN, "the rows have not been drawn", None
    last = max((tick.by for tick in run.ticks.values()), key=lambda by: by.at, default=None)
    if run.open_queries:
        return StepState.FAILED, f"{counted(len(run.open_queries), 'query', 'queries')} not answered", last
    if run.unticked:
        return StepState.OPEN, f"{len(run.unticked)} of {counted(len(run.sample), 'row')} to look at", last
    return StepState.PASSED, f"{counted(len(run.sample), 'row')} looked at", last


def _export(run: PayrollRun) -> _Looked:
    if run.exported is None:
        return StepState.OPEN, "no file has been prepared", None
    return StepState.PASSED, f"{run.exported.file} on {run.exported.host}", run.exported.by


def _sign_off(run: PayrollRun) -> _Looked:
    if run.released is not None:
        return StepState.PASSED, f"signed by three, {run.released.file} released", run.released.by
    last = max((item.by for item in run.signatures.values()), key=lambda by: by.at, default=None)
    missing = [role.named for role in Role if role not in run.signatures]
    if not missing:
        return StepState.OPEN, f"signed by three; to be released by {_exporter(run)}", last
    return StepState.OPEN, f"{len(run.signatures)} of {len(Role)} signed; missing: {', '.join(missing)}", last


def _exporter(run: PayrollRun) -> str:
    """Whose the file is: nobody else can read it."""
    return f"{run.exported.by.person.user} on {run.exported.host}" if run.exported else "whoever exported it"


def _record(run: PayrollRun) -> _Looked:
    if run.recorded is None:
        return StepState.OPEN, "not recorded in Supabase", None
    said = "found recorded" if run.recorded.already else "recorded"
    return (
        StepState.PASSED,
        f"{counted(run.recorded.entries, 'payment')} {said} as paid on {run.recorded.date}",
        (run.recorded.by),
    )


def _archive(run: PayrollRun) -> _Looked:
    if run.archived is None:
        return StepState.OPEN, "not archived", None
    if not run.archived.alike:
        return StepState.FAILED, f"{run.archived.table} is not what was signed", run.archived.by
    return StepState.PASSED, f"{run.archived.table} ({run.archived.kind}) is what was signed", run.archived.by


def _log(run: PayrollRun) -> _Looked:
    if run.state is not PayrollState.CLOSED:
        return StepState.OPEN, "not written", None
    return StepState.PASSED, f"exceptions: {run.exceptions}", run.ended


_WAITING = {
    Step.FRESHNESS: "the sources have not been looked at",
    Step.MODELS: "the models have not been run",
    Step.TESTS: "the tests have not been run",
}


def _by(by: By | None) -> str:
    return f"by {by.person.user} at {by.at:%Y-%m-%d %H:%M} UTC" if by else "at an unknown time"
