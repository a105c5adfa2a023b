"""How each step of a procedure stands, which comes next, and whether one may be done now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import Refused
from gcms_tui.core.freshness import CLOCK_SKEW, age_words
from gcms_tui.core.payroll.run import By
from gcms_tui.core.procedures.run import ProcedureRun, ProcedureState
from gcms_tui.core.procedures.step import Gate, Procedure, Step
from gcms_tui.core.verdict import Verdict, worst


class StepState(StrEnum):
    OPEN = "open"
    BEGUN = "begun"
    """It was started, and its end is not in the journal."""
    DONE = "done"
    """With OK, or WARN."""
    FAILED = "failed"
    """It was done, and what it found is FAIL or UNKNOWN; or WARN, where nothing but OK will do."""
    SKIPPED = "skipped"
    OVERRIDDEN = "overridden"
    """A gate that somebody opened with a reason."""
    FALLEN = "fallen back"
    """It was done, and its ground has gone."""


_PASSED = (StepState.DONE, StepState.OVERRIDDEN)


@dataclass(frozen=True, slots=True)
class StepLook:
    """One step as it stands now."""

    step: Step
    number: int
    state: StepState
    words: str
    by: By | None = None
    verdict: Verdict | None = None
    """What it found; None where it was not done, or no longer counts."""

    @property
    def settled(self) -> bool:
        """Nothing is left to be done for it: what it found may be bad. A gate has to have passed."""
        if self.step.gate is not Gate.NONE:
            return self.state in _PASSED
        return self.state in (StepState.DONE, StepState.FAILED, StepState.SKIPPED, StepState.OVERRIDDEN)


def look(procedure: Procedure, run: ProcedureRun, now: datetime) -> tuple[StepLook, ...]:
    """Every step, in order."""
    return _looks(procedure, run, now)


def next_step(procedure: Procedure, run: ProcedureRun, now: datetime) -> Step | None:
    """The first that is not settled; None where all are, or where it has ended."""
    if run.state is not ProcedureState.ACTIVE:
        return None
    return next((item.step for item in look(procedure, run, now) if not item.settled), None)


def require(procedure: Procedure, run: ProcedureRun, step: Step, now: datetime) -> None:
    """Raises `Refused` where `step` may not be done now; the guard is `ended`, `clock`, or `gate`."""
    require_open(run, now)
    # Whoever acts once more, acts upon what is as fresh as it had to be the first time.
    for item in _looks(procedure, run, now, acting=step.regrounds)[: procedure.number(step) - 1]:
        if item.step.gate is not Gate.NONE and item.state not in _PASSED:
            may = "" if item.step.gate is Gate.FIRM else "; or override it there, with a reason"
            raise Refused(
                "A gate is closed",
                f"{item.number} {item.step.title}: {item.state.value}: {item.words}",
                f"Do it first: gcms-tui runbook step {run.run_id} {item.step.name}{may}",
                guard="gate",
            )


def require_open(run: ProcedureRun, now: datetime) -> None:
    """Raises `Refused` (guards `ended`, `clock`)."""
    if run.state is not ProcedureState.ACTIVE:
        raise Refused(
            "It has ended",
            f"{run.run_id} was {run.state.value}{by_words(run.ended)}.",
            f"gcms-tui runbook start {run.procedure}",
            guard="ended",
        )
    if run.last_at - now > CLOCK_SKEW:
        raise Refused(
            "A clock is wrong",
            f"The last entry is {age_words(run.last_at - now)} ahead of this machine's clock, which may have been set "
            "back.",
            "Set the clock right, then go on.",
            guard="clock",
        )


def require_closable(procedure: Procedure, run: ProcedureRun, now: datetime) -> tuple[Verdict, str]:
    """What it comes to, and in words. Raises `Refused` as `require_open`, and (guard `unsettled`) where a step is left.

    A step that was skipped makes it WARN at the least: nobody looked. What a later step has proven to be mended is no
    longer its result, unless it was looked at again after that.
    """
    require_open(run, now)
    looks = look(procedure, run, now)
    left = [item for item in looks if not item.settled]
    if left:
        item = left[0]
        raise Refused(
            "Not everything is done",
            f"{counted(len(left), 'step')} left: {item.number} {item.step.title}: {item.state.value}: {item.words}",
            f"Do it, or skip it with a reason: gcms-tui runbook step {run.run_id} {item.step.name}",
            guard="unsettled",
        )
    mended = _mended(looks, run)
    found = [item.verdict for item in looks if item.verdict is not None and item.step.name not in mended]
    passed_over = [item for item in looks if item.state in (StepState.SKIPPED, StepState.OVERRIDDEN)]
    verdict = worst([*found, *([Verdict.WARN] if passed_over and found else [])])
    counts = [
        f"{counted(sum(item is each for item in found), 'step')} {each.name}" for each in Verdict if each in found
    ]
    said = [*counts, *([f"{len(passed_over)} passed over"] if passed_over else [])]
    return verdict, ", ".join(said)


def by_words(by: By | None) -> str:
    return f" by {by.person.user} at {by.at:%Y-%m-%d %H:%M} UTC" if by else ""


def _mended(looks: tuple[StepLook, ...], run: ProcedureRun) -> frozenset[str]:
    """The steps whose newest doing was over before what proves it mended began; by the journal's order."""
    return frozenset(
        name
        for item in looks
        if item.state is StepState.DONE
        for name in item.step.proves
        if name not in run.did or run.did[name].sequence < run.did[item.step.name].began
    )


def _looks(procedure: Procedure, run: ProcedureRun, now: datetime, *, acting: bool = False) -> tuple[StepLook, ...]:
    """`acting`: as for somebody who is about to act, see `_fallen`."""
    return tuple(_look(procedure, run, step, number, now, acting) for number, step in enumerate(procedure.steps, 1))


def _look(procedure: Procedure, run: ProcedureRun, step: Step, number: int, now: datetime, acting: bool) -> StepLook:
    skipped, did, begun = run.skipped.get(step.name), run.did.get(step.name), run.begun.get(step.name)
    if begun is not None and run.state is ProcedureState.ACTIVE:
        what = f"dbt run {begun.dbt_run}" if begun.dbt_run else "begun"
        return StepLook(
            step, number, StepState.BEGUN, f"{what}{by_words(begun.by)}; how it ended is not written down", begun.by
        )
    if skipped is not None:
        state = StepState.OVERRIDDEN if skipped.override else StepState.SKIPPED
        return StepLook(step, number, state, skipped.reason, skipped.by, did.verdict if did else None)
    if did is None:
        return StepLook(step, number, StepState.OPEN, step.expected)
    if why := _fallen(procedure, run, step, number, now, acting):
        return StepLook(step, number, StepState.FALLEN, why, did.by)
    passed = (Verdict.OK,) if step.only_ok else (Verdict.OK, Verdict.WARN)
    state = StepState.DONE if did.verdict in passed else StepState.FAILED
    return StepLook(step, number, state, did.words, did.by, did.verdict)


def _fallen(procedure: Procedure, run: ProcedureRun, step: Step, number: int, now: datetime, acting: bool) -> str:
    """Why what was found no longer counts; empty where it does. By the journal's order; a clock only tells its age.

    `acting`: somebody is about to act upon it, so it has to be fresh, whatever it was acted upon before.
    """
    if run.state is not ProcedureState.ACTIVE:
        return ""
    did = run.did[step.name]
    for earlier in procedure.steps[: number - 1]:
        again = run.did.get(earlier.name)
        if earlier.regrounds and again is not None and again.sequence > did.began:
            return f"{earlier.title} was done since"
    # What has been acted upon need not be fresh any more: the refresh was made, the backup before it does not age.
    acted = any(later.name in run.did for later in procedure.steps[number:] if later.regrounds)
    age = now - did.by.at
    if step.holds_for is not None and (acting or not acted) and age > step.holds_for:
        return f"{age_words(age)} old, older than its limit of {age_words(step.holds_for)}"
    return ""
