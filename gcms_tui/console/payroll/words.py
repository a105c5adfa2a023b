"""States, steps and figures of a payroll in words and symbols: the same on every page. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from rich.text import Text

from gcms_tui.console.payroll.person_words import SHORT
from gcms_tui.console.payroll.person_words import money as exact
from gcms_tui.console.present import ago
from gcms_tui.console.steps.words import FAILED, FALLEN, OPEN, PASSED, RUNNING, Mark, marked
from gcms_tui.console.theme import Look, Palette
from gcms_tui.core.conclusion import counted
from gcms_tui.core.payroll.gates import StepLook, StepState
from gcms_tui.core.payroll.payment import ControlTotals
from gcms_tui.core.payroll.run import By, PayrollRun, PayrollState
from gcms_tui.core.payroll.steps import Step
from gcms_tui.operations.payroll.concerts import Concert, ConcertState

NO_AMOUNT = "not filled in"

_CONCERTS: Mapping[ConcertState, tuple[str, str]] = {
    ConcertState.NEVER_PAID: ("○", "o"),
    ConcertState.PARTLY_PAID: ("▲", "!"),
    ConcertState.PAID: ("✓", "+"),
    ConcertState.OPEN_RUN: ("►", ">"),
    ConcertState.HELD: ("■", "="),
    ConcertState.UNKNOWN: ("?", "?"),
}
_STEPS: Mapping[StepState, Mark] = {
    StepState.OPEN: OPEN,
    StepState.PASSED: PASSED,
    StepState.FAILED: FAILED,
    StepState.FALLEN: FALLEN,
}


def money(amount: Decimal | None) -> str:
    return NO_AMOUNT if amount is None else exact(amount)


def short(digest: str) -> str:
    """The beginning of a hash."""
    return digest[:SHORT]


def totals_text(totals: ControlTotals) -> str:
    """`20 payments to 20 musicians, net 2,000.00`."""
    to = counted(totals.musicians, "musician")
    return f"{counted(totals.entries, 'payment')} to {to}, net {money(totals.net)}"


def by_text(by: By, now: datetime) -> str:
    """`erin@ops-1, 2 h ago`."""
    return f"{by.person.user}@{by.person.host.partition('.')[0]}, {ago(now - by.at)}"


def concert_tint(state: ConcertState, palette: Palette) -> str:
    return {
        ConcertState.NEVER_PAID: palette.text,
        ConcertState.PARTLY_PAID: palette.warn,
        ConcertState.PAID: palette.ok,
        ConcertState.OPEN_RUN: palette.accent,
        ConcertState.HELD: palette.warn,
        ConcertState.UNKNOWN: palette.unknown,
    }[state]


def concert_words(concert: Concert, next_step: Step | None) -> str:
    """`open, 3 tests`; without its symbol."""
    at = f"{next_step.number} {next_step.value}" if next_step is not None else ""
    match concert.state:
        case ConcertState.OPEN_RUN if at:
            return f"open, {at}"
        case ConcertState.HELD if at:
            return f"held, {at}"
        case ConcertState.PAID if concert.paid_on is not None:
            return f"paid {concert.paid_on.isoformat()}"
    return concert.state.value


def concert_state(concert: Concert, next_step: Step | None, look: Look) -> Text:
    """Symbol and words."""
    mark = _CONCERTS[concert.state][look.glyphs.ascii]
    return Text(f"{mark} {concert_words(concert, next_step)}", concert_tint(concert.state, look.palette))


def step_tint(state: StepState, palette: Palette) -> str:
    return {
        StepState.OPEN: palette.muted,
        StepState.PASSED: palette.ok,
        StepState.FAILED: palette.fail,
        StepState.FALLEN: palette.warn,
    }[state]


def step_state(state: StepState, look: Look, *, loud: bool = False) -> str:
    """Symbol and word: `✓ passed`; `loud`: the word in capitals."""
    return marked(_STEPS[state], state.value, look, loud=loud)


def step_named(step: Step) -> str:
    return f"{step.number} {step.named}"


def run_state(run: PayrollRun, look: Look) -> Text:
    """`OPEN`, `CLOSED` or `ABANDONED`, with a symbol."""
    palette = look.palette
    word, marks, tint = {
        PayrollState.ACTIVE: ("OPEN", RUNNING, palette.accent),
        PayrollState.CLOSED: ("CLOSED", _STEPS[StepState.PASSED], palette.ok),
        PayrollState.ABANDONED: ("ABANDONED", ("■", "="), palette.warn),
    }[run.state]
    return Text(f"{marks[look.glyphs.ascii]} {word}", f"bold {tint}")


def passed_of(looks: tuple[StepLook, ...]) -> str:
    """`5 of 9 passed`."""
    return f"{sum(look.state is StepState.PASSED for look in looks)} of {len(looks)} passed"
