"""One step of a procedure in full: how it stands, what to press next, what was found, what to do if it fails. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

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
from gcms_tui.console.steps.step_page import StepPage
from gcms_tui.console.ways import by_key
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.plan_page import heading, labelled
from gcms_tui.core.errors import Refused
from gcms_tui.core.procedures.gates import StepLook, StepState
from gcms_tui.core.procedures.step import Step, StepKind

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.procedures.ports import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureStepPage(StepPage):
    """Of one that is looked at, run, planned, attested or done elsewhere."""

    step: Step
    standing: Standing
    seen: Outcome | None
    """What was just found, and not recorded: the procedure was not started."""

    def told(self, wide: int) -> tuple[list[Text], ...]:
        return self._found(wide), self._about(wide), self._if_failed(wide)

    @property
    def _one(self) -> StepLook:
        return self.standing.look(self.step)

    def standing_lines(self, wide: int) -> list[Text]:
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
        again = self.standing.look(self.step).state is StepState.BEGUN  # it was begun once more
        title = "What was found the time before" if again else "What was found"
        lines = [heading(title, look, len(did.evidence)), *self._evidence(did.evidence, wide)]
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

    def next_words(self) -> tuple[str, bool]:
        step, standing = self.step, self.standing
        one, refused = standing.look(step), standing.refusals.get(step.name)
        if not standing.is_open:
            if step.kind is StepKind.CHECK:
                return "Enter looks now, and records nothing.", False
            return _not_open(self), False
        if self.read_only:
            free = "Enter looks now, and records nothing. " if step.kind is StepKind.CHECK else ""
            return f"{free}Nothing can be recorded here: {self.read_only}.", False
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


def _not_open(page: ProcedureStepPage) -> str:
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
