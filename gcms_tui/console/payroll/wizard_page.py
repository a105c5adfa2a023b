"""One step of a payroll run in full: how it stands and why, what to press next, and what proves it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.text import Text

from gcms_tui.console.payroll.entries import entry_lines, of_step
from gcms_tui.console.payroll.evidence import Evidence
from gcms_tui.console.payroll.wizard_source import Standing
from gcms_tui.console.payroll.words import by_text, step_named, step_state, step_tint
from gcms_tui.console.steps.step_page import StepPage
from gcms_tui.console.ways import by_key
from gcms_tui.console.widgets.document import flow, opening
from gcms_tui.console.writing.plan_page import heading
from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll.gates import StepState
from gcms_tui.core.payroll.steps import STEPS, Step

ONCE = (Step.RECORD, Step.ARCHIVE, Step.LOG)
"""What is not done again once it has passed."""
_WORDS_LINES, _TESTS_LINES = 12, 2
"""Of what was found; what stops the tests is listed one by one below."""

DOES: Mapping[Step, str] = {
    Step.FRESHNESS: "Looks at every source that the fact and both dimensions descend from, by dbt's manifest: each has "
    "to be loaded within the limit. One that cannot be looked at stops payroll.",
    Step.MODELS: "dbt builds the fact with all that it depends on, and both dimensions.",
    Step.TESTS: "dbt tests what payroll is paid from: all have to pass, none skipped. Then our own checks of this "
    "concert's payments, and what passed is frozen: fingerprint and control totals.",
    Step.SPOT_CHECK: "Rows drawn by the fingerprint, and those that are a risk, are looked at by a person: each is "
    "ticked or asked about. The variance against the last payroll is beside them.",
    Step.EXPORT: "Compares the data with what was frozen, and writes the prepared file with its hash and its manifest.",
    Step.SIGN_OFF: "Three different people sign the hash of one and the same file. With the third signature it is "
    "released to the outbox.",
    Step.RECORD: "Marks exactly the payments of the signed file as paid in Supabase: all in one transaction, or none.",
    Step.ARCHIVE: "Clones the fact under the day's name, and proves that the clone is what was signed.",
    Step.LOG: "Writes what there was of exceptions, and closes the run.",
}
_NEXT: Mapping[Step, str] = {
    Step.FRESHNESS: "Enter looks at the sources now. It only reads.",
    Step.MODELS: "Enter shows the dbt command, and what it would build, before anything starts.",
    Step.TESTS: "Enter shows the dbt command, and which tests it would run, before anything starts.",
    Step.SPOT_CHECK: "Enter shows the rows, and the variance.",
    Step.EXPORT: "Enter shows what would be written, and where.",
    Step.SIGN_OFF: "Enter shows what is signed, by whom, and in which role.",
    Step.RECORD: "Enter asks for the payment date, and plans the write: nothing is written before you have seen it.",
    Step.ARCHIVE: "Enter plans the clone: nothing is written before you have seen it.",
    Step.LOG: "Enter shows the log as it will be, with the exceptions to be filled in.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PayrollStepPage(StepPage):
    """Of one of the nine."""

    LOOKING = "Looking at the sources"

    step: Step
    standing: Standing

    def told(self, wide: int) -> tuple[list[Text], ...]:
        return (
            Evidence(self.standing.run, self.now, self.look, wide).lines(self.step),
            self._does(wide),
            self._entries(wide),
        )

    def standing_lines(self, wide: int) -> list[Text]:
        palette, glyphs, one = self.look.palette, self.look.glyphs, self.standing.look(self.step)
        tint = step_tint(one.state, palette)
        title = Text.assemble(
            (step_state(one.state, self.look, loud=True), f"bold {tint}"),
            "  ",
            (step_named(self.step), f"bold {palette.strong}"),
        )
        section = Text(self.step.section, palette.faint)
        if title.cell_len + section.cell_len + 4 <= wide:
            title.append(" " * (wide - title.cell_len - section.cell_len - 2)).append_text(section)
        lines = flow(title, wide, " ")
        loud = one.state in (StepState.FAILED, StepState.FALLEN)
        most = _TESTS_LINES if self.step is Step.TESTS else _WORDS_LINES
        said = Text(glyphs.text(one.words, 2_000), tint if loud else palette.text)
        lines += opening(said, wide, most, glyphs.ellipsis, " ")
        if one.by is not None:
            lines += flow(Text(glyphs.text(f"by {by_text(one.by, self.now)}", 120), palette.muted), wide, " ")
        return lines

    def _does(self, wide: int) -> list[Text]:
        return [heading("What it does", self.look), *flow(Text(DOES[self.step], self.look.palette.muted), wide, " ")]

    def _entries(self, wide: int) -> list[Text]:
        entries = [entry for entry in self.standing.run.entries if of_step(entry, self.step)]
        if not entries:
            return []
        lines = [heading("In the journal", self.look, len(entries))]
        for entry in reversed(entries):
            lines += entry_lines(entry, self.now, self.look, wide)
        return lines

    def next_words(self) -> tuple[str, bool]:
        step, standing = self.step, self.standing
        one, refused = standing.look(step), standing.refusals.get(step)
        if standing.run.ended is not None:
            return "", False
        if self.read_only:
            return f"Nothing can be done here: {self.read_only}.", False
        if one.state is StepState.PASSED:
            again = "" if refused is not None or step in ONCE else " R does it again."
            on = standing.next_step
            return (f"Done: {step_named(on)} is next.{again}" if on is not None else ""), False
        if refused is not None:
            return closed_words(refused), True
        failing = "d shows what failed, with its rows. " if one.state is StepState.FAILED and step is Step.TESTS else ""
        return failing + _NEXT[step], False


def closed_words(refused: Refused) -> str:
    """Which gate is closed, as it is opened in the wizard: not by a command."""
    gate = next((step for step in STEPS if step.value == refused.guard), None)
    if gate is not None:
        return f"Closed until {step_named(gate)} has passed: {refused.message.removeprefix(f'{step_named(gate)}: ')}"
    if refused.guard == "hold":
        return f"{refused.title}: {refused.message}. Once the cause is mended a second person lifts it, with h."
    return f"{refused.title}: {refused.message} {by_key(refused.next_step)}".rstrip()
