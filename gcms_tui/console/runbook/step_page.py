"""One step of a procedure in full: how it stands, what to press next, what was found, what to do if it fails. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from gcms_tui.console.dialogs import error_page
from gcms_tui.console.following import is_under_way
from gcms_tui.console.live_words import settled
from gcms_tui.console.run_head import Head
from gcms_tui.console.runbook.standing import Standing
from gcms_tui.console.runbook.words import (
    ENTER_DOES,
    access_word,
    by_text,
    gate_words,
    jump_words,
    step_state,
    step_tint,
)
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import by_key, here
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.plan_page import heading, labelled
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.procedures.gates import StepLook, StepState
from gcms_tui.core.procedures.step import Step, StepKind

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations import runs
    from gcms_tui.operations.procedures.ports import Outcome

READABLE = 110
_HEAD_HEIGHT = 20
"""As the head of a run's own screen where it has room for who, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Under:
    """What is under way for the step that is shown."""

    look: runs.Look | None = None
    """The dbt run, as it was last seen."""
    judging: bool = False
    since: datetime | None = None
    """Since when it is looked at."""


@dataclass(frozen=True, slots=True)
class StepPage:
    """Builds the page."""

    step: Step
    standing: Standing
    under: Under | None
    """None where nothing is under way for this step."""
    seen: Outcome | None
    """What was just found, and not recorded: the procedure was not started."""
    error: GcmsError | None
    """Why it could not be done, where somebody tried just now."""
    read_only: str
    """Why nothing may be recorded here; empty where it may."""
    now: datetime
    look: Look

    def page(self, width: int) -> list[Text]:
        wide = min(width, READABLE) - 1
        blocks = (
            self._title(wide),
            self._under_way(wide),
            error_page(here(self.error), self.look, wide) if self.error is not None else [],
            self._next(wide),
            self._found(wide),
            self._about(wide),
            self._if_failed(wide),
        )
        lines: list[Text] = []
        for block in blocks:
            lines += [*block, Text()] if block else []
        return lines

    @property
    def _one(self) -> StepLook:
        return self.standing.look(self.step)

    def _title(self, wide: int) -> list[Text]:
        palette, glyphs, one = self.look.palette, self.look.glyphs, self._one
        tint = step_tint(one.state, palette)
        title = Text.assemble(
            (step_state(one.state, self.look, loud=True), f"bold {tint}"),
            "  ",
            (f"{one.number} {self.step.title}", f"bold {palette.strong}"),
        )
        lines = flow(title, wide, " ")
        if one.state is not StepState.OPEN:
            loud = one.state in (StepState.FAILED, StepState.FALLEN)
            verdict = f"{glyphs.verdict(one.verdict)}: " if one.verdict is not None else ""
            said = Text(f"{verdict}{glyphs.text(one.words, 2_000)}", tint if loud else palette.text)
            lines += flow(said, wide, " ")
        if one.by is not None:
            lines += flow(Text(glyphs.text(f"by {by_text(one.by, self.now)}", 120), palette.muted), wide, " ")
        return lines

    def _under_way(self, wide: int) -> list[Text]:
        under, palette = self.under, self.look.palette
        if under is None:
            return []
        if under.look is None:
            seconds = 0 if under.since is None else int((self.now - under.since).total_seconds())
            said = f"Looking, {seconds} s so far." if under.since else "Looking at its dbt run."
            return flow(Text(said, palette.accent), wide, " ")
        seen = under.look
        head = Head(seen.run, settled(seen.run, seen.progress), seen.remaining_s, "", None, self.now, _HEAD_HEIGHT,
                    self.look)  # fmt: skip
        lines = head.lines(wide)
        if under.judging:
            lines += flow(Text("dbt has ended; what it left is being judged.", palette.accent), wide, "   ")
        return lines

    def _next(self, wide: int) -> list[Text]:
        said, loud = next_words(self)
        if not said:
            return []
        palette = self.look.palette
        text = f"{self.look.glyphs.arrow} {self.look.glyphs.text(said, 1_000)}"
        return flow(Text(text, palette.warn if loud else palette.accent), wide, " ")

    def _found(self, wide: int) -> list[Text]:
        look, run, seen = self.look, self.standing.run, self.seen
        did = run.did.get(self.step.name) if run is not None else None
        if seen is not None:
            tint = look.colour(seen.verdict)
            said = Text(f"{look.glyphs.verdict(seen.verdict)}: {look.glyphs.text(seen.words, 2_000)}", tint)
            lines = [heading("Found just now, not recorded", look), *flow(said, wide, " ")]
            return [*lines, *self._evidence(seen.evidence, wide)]
        if did is None:
            return []
        lines = [heading("What was found", look, len(did.evidence)), *self._evidence(did.evidence, wide)]
        for name, value in did.ids.items():
            lines += labelled(name, value, look, wide)
        return lines if len(lines) > 1 else []

    def _evidence(self, evidence: tuple[str, ...], wide: int) -> list[Text]:
        lines: list[Text] = []
        for said in evidence:
            lines += flow(Text(f"{self.look.glyphs.dot} {self.look.glyphs.text(said, 600)}", self.look.palette.text),
                          wide, " ")  # fmt: skip
        return lines

    def _about(self, wide: int) -> list[Text]:
        step, look = self.step, self.look
        lines = [heading("What it does", look), *flow(Text(step.what, look.palette.text), wide, " ")]
        kind = f"{step.kind.value}, {access_word(step.access)}"
        for label, value in (
            ("expected", step.expected),
            ("kind", kind),
            ("takes", step.duration),
            ("gate", gate_words(step)),
            ("section", step.section),
            ("command", f"gcms-tui {step.headless}" if step.headless else ""),
        ):
            lines += labelled(label, value, look, wide) if value else []
        if step.instead:
            lines += [Text(), heading("Otherwise than the runbook", look)]
            lines += flow(Text(step.instead, look.palette.muted), wide, " ")
        return lines

    def _if_failed(self, wide: int) -> list[Text]:
        step, look = self.step, self.look
        lines = [heading("If it fails", look), *flow(Text(step.if_failed, look.palette.text), wide, " ")]
        if step.jump:
            said = Text(f"{look.glyphs.arrow} w goes there: {jump_words(step)}", look.palette.accent)
            lines += flow(said, wide, " ")
        return lines


def next_words(page: StepPage) -> tuple[str, bool]:
    """What to press next for the step, and whether something stands against it."""
    step, standing = page.step, page.standing
    one, refused = standing.look(step), standing.refusals.get(step.name)
    if page.under is not None:
        dbt = page.under.look is not None and is_under_way(page.under.look.run)
        return ("d shows its nodes, x asks dbt to stop. Esc leaves it running.", False) if dbt else ("", False)
    if not standing.is_open:
        if step.kind is StepKind.CHECK:
            return "Enter looks now, and records nothing.", False
        return _not_open(page), False
    if page.read_only:
        free = "Enter looks now, and records nothing. " if step.kind is StepKind.CHECK else ""
        return f"{free}Nothing can be recorded here: {page.read_only}.", False
    if refused is not None:
        return closed_words(refused), True
    failed = one.state is StepState.FAILED
    mended = "w goes where it is mended. " if failed and step.jump else ""
    if one.settled:
        on = standing.next_step
        then = f"{standing.procedure.number(on)} {on.title} is next" if on is not None else "With f it is closed"
        return f"{mended}{then}. R does it again.", failed
    if failed:
        return f"{mended}{ENTER_DOES[step.kind]}", True
    return ENTER_DOES[step.kind], False


def _not_open(page: StepPage) -> str:
    if page.standing.run is not None:
        return ""
    if page.step.kind is StepKind.OPEN:
        return "Enter goes where it is done."
    return "" if page.read_only else "o starts the procedure: from then on its steps can be done, and are recorded."


def closed_words(refused: Refused) -> str:
    """Which gate is closed, without the command that is typed elsewhere."""
    way = by_key(refused.next_step)
    if refused.guard == "gate":
        way = "Do that step first, or s there overrides it with a reason."
    return f"{refused.title}: {refused.message}. {way}".replace("..", ".").rstrip()


def page_text(page: StepPage) -> str:
    """The page as plain text."""
    return "\n".join(line.plain.rstrip() for line in page.page(READABLE)).rstrip()
