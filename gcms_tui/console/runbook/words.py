"""Procedures, steps and incidents in words and symbols: the same on every page. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from rich.text import Text

from gcms_tui.console.modes import PANES
from gcms_tui.console.payroll.words import by_text
from gcms_tui.console.steps.words import FAILED, FALLEN, OPEN, PASSED, RUNNING, Mark, marked
from gcms_tui.console.theme import Look, Palette
from gcms_tui.core.incidents.incident import Incident
from gcms_tui.core.procedures.cadence import BoardLine, Due
from gcms_tui.core.procedures.catalogue import procedure
from gcms_tui.core.procedures.gates import StepState
from gcms_tui.core.procedures.run import ProcedureRun, ProcedureState
from gcms_tui.core.procedures.step import Gate, Step, StepKind
from gcms_tui.core.query import Access
from gcms_tui.core.verdict import Verdict

__all__ = ["by_text"]

_DUE: Mapping[Due, tuple[str, str]] = {
    Due.OVERDUE: ("✗", "x"),
    Due.DUE: ("▲", "!"),
    Due.UNDER_WAY: ("►", ">"),
    Due.DONE: ("✓", "+"),
    Due.ON_DEMAND: ("○", "o"),
    Due.UNKNOWN: ("?", "?"),
}
_STEPS: Mapping[StepState, Mark] = {
    StepState.OPEN: OPEN,
    StepState.BEGUN: RUNNING,
    StepState.DONE: PASSED,
    StepState.FAILED: FAILED,
    StepState.SKIPPED: ("-", "-"),
    StepState.OVERRIDDEN: FALLEN,
    StepState.FALLEN: FALLEN,
}
ELSEWHERE = ("→", ">")

ENTER_DOES: Mapping[StepKind, str] = {
    StepKind.CHECK: "Enter looks, and records what it found.",
    StepKind.RUN: "Enter shows the dbt command, and what it selects, before anything starts.",
    StepKind.PLAN: "Enter shows what would be done: nothing is done before you have seen it.",
    StepKind.ATTEST: "Enter takes down, in one line, what was seen or done.",
    StepKind.OPEN: "Enter goes where it is done; n takes down what came of it.",
}


def due_text(due: Due, look: Look) -> Text:
    """Symbol and word."""
    return Text(f"{_DUE[due][look.glyphs.ascii]} {due.value}", due_tint(due, look.palette))


def line_state(line: BoardLine, look: Look) -> Text:
    """How a procedure stands; what was done and came to no good is not told as if it had."""
    verdict = line.last.verdict if line.last is not None else None
    if line.due is not Due.DONE or verdict is None or verdict is Verdict.OK:
        return due_text(line.due, look)
    mark = verdict.ascii_symbol if look.glyphs.ascii else verdict.symbol
    return Text(f"{mark} {line.due.value}, {verdict.name}", look.colour(verdict))


def due_tint(due: Due, palette: Palette) -> str:
    return {
        Due.OVERDUE: palette.fail,
        Due.DUE: palette.warn,
        Due.UNDER_WAY: palette.accent,
        Due.DONE: palette.ok,
        Due.ON_DEMAND: palette.muted,
        Due.UNKNOWN: palette.unknown,
    }[due]


def after_state(line: BoardLine) -> str:
    """What is said of a procedure behind its state, which is not said a second time."""
    return line.words.removeprefix(line.due.value).lstrip()


def step_state(state: StepState, look: Look, *, loud: bool = False) -> str:
    """Symbol and word; `loud`: the word in capitals."""
    return marked(_STEPS[state], state.value, look, loud=loud)


def step_tint(state: StepState, palette: Palette) -> str:
    return {
        StepState.OPEN: palette.muted,
        StepState.BEGUN: palette.accent,
        StepState.DONE: palette.ok,
        StepState.FAILED: palette.fail,
        StepState.SKIPPED: palette.warn,
        StepState.OVERRIDDEN: palette.warn,
        StepState.FALLEN: palette.warn,
    }[state]


def run_state(run: ProcedureRun, look: Look) -> Text:
    palette, verdict = look.palette, run.verdict
    match run.state:
        case ProcedureState.ACTIVE:
            return Text(f"{RUNNING[look.glyphs.ascii]} OPEN", f"bold {palette.accent}")
        case ProcedureState.CLOSED if verdict is not None:
            return Text(f"CLOSED {look.glyphs.verdict(verdict)}", f"bold {look.colour(verdict)}")
    return Text("ABANDONED", f"bold {palette.warn}")


def access_word(access: Access) -> str:
    """`READ` or `WRITE`."""
    return access.name


def gate_words(step: Step) -> str:
    match step.gate:
        case Gate.SOFT:
            return "what follows waits for it, or for an override with a reason"
        case Gate.FIRM:
            return "firm: what follows waits for it, and nobody overrides it"
    return ""


def jump_words(step: Step) -> str:
    """Where `w` goes from there."""
    kind, _, where = step.jump.partition(" ")
    if kind == "pane":
        return f"pane {tuple(PANES).index(where) + 1}"
    return procedure(where).title if kind == "runbook" else "the backups"


def incident_state(incident: Incident, *, overdue: bool, look: Look) -> Text:
    """`✗ overdue`, `▲ open`, `► acknowledged`, `✓ closed`."""
    palette = look.palette
    word, marks, tint = "open", ("▲", "!"), palette.warn
    if overdue:
        word, marks, tint = "overdue", ("✗", "x"), f"bold {palette.fail}"
    elif incident.closed is not None:
        word, marks, tint = "closed", ("✓", "+"), palette.ok
    elif incident.acknowledged is not None:
        word, marks, tint = "taken", RUNNING, palette.accent
    return Text(f"{marks[look.glyphs.ascii]} {word}", tint)


def since(moment: datetime, now: datetime) -> str:
    """How long an incident is open: `1 h 05 min`."""
    minutes = max(int((now - moment).total_seconds()) // 60, 0)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
