"""What the procedure's screen pushes to have something written down or done: one dialog each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.widgets import Input

from gcms_tui.console.run_preview import PreviewDialog
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.act_dialog import ActDialog, done_line
from gcms_tui.console.writing.plan_page import heading, labelled
from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll.typed import NOTE_LIMIT, typed
from gcms_tui.core.procedures.evidence import EVIDENCE_LIMIT
from gcms_tui.core.procedures.gates import StepState
from gcms_tui.core.procedures.run import ProcedureRun
from gcms_tui.core.procedures.step import Gate, Procedure, Step
from gcms_tui.core.run import Run
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.procedures.docs import Served
    from gcms_tui.operations.procedures.desk import ProcedureDesk
    from gcms_tui.operations.procedures.ports import Offer
    from gcms_tui.operations.procedures.steps import Steps


@dataclass(frozen=True, slots=True)
class Allowed:
    """Whether anything may be written, as a dialog asks it."""

    bench: object | None
    read_only_reason: str

    @classmethod
    def by(cls, desk: ProcedureDesk) -> Allowed:
        why = desk.book.read_only_reason
        return cls(None if why else desk, why)


@dataclass(frozen=True, slots=True)
class Said:
    """What is shown before it is done."""

    lines: tuple[str, ...] = ()
    confirmation: str = ""
    wants_reason: bool = True
    offer: Offer | None = None
    """Of a PLAN step: exactly this is carried out."""
    table: str = ""
    served: Served | None = None
    """The job that is looked at: no other is ended."""


class LineDialog(ActDialog[Said]):
    """One line is asked for, where one is, and what has to be typed, where something has."""

    ACT: ClassVar[str] = ""
    DONE: ClassVar[str] = ""
    ASKED: ClassVar[str] = ""
    """What stands in the empty line."""
    ABOVE: ClassVar[str] = ""
    """The heading above what is shown; none where it is empty."""
    LIMIT: ClassVar[int] = NOTE_LIMIT
    MISSING: ClassVar[str] = "say why, in the line below: it is journalled"

    def __init__(
        self, services: ConsoleServices, look: Look, desk: ProcedureDesk, title: str, run_id: str, step: Step | None
    ) -> None:
        self.procedures = desk
        self.step_of = step
        self.run_id = run_id
        super().__init__(services, look, Allowed.by(desk), self.look_up, title, act=self.ACT)
        self._reason.placeholder = self.ASKED
        self._reason.max_length = self.LIMIT

    def look_up(self) -> Said:
        """What is shown; blocks. Raises `GcmsError`."""
        return Said()

    def words_of(self, made: Said) -> str:
        return made.confirmation

    def asked(self, made: Said) -> tuple[Input, ...]:
        confirmation = (self._confirmation,) if made.confirmation else ()
        return (*confirmation, *((self._reason,) if made.wants_reason else ()))

    def _not_typed(self, words: str, asked: tuple[Input, ...]) -> str | None:
        if self._reason in asked and self._confirmation not in asked and not typed(self._reason.value):
            return self.MISSING
        return super()._not_typed(words, asked)

    def shown(self, made: Said, width: int) -> list[Text]:
        if self.over:
            return []
        look, step = self.look, self.step_of
        lines: list[Text] = []
        if step is not None:
            lines += flow(Text(step.title, f"bold {look.palette.strong}"), width - 1, " ")
            lines += labelled("expected", step.expected, look, width)
        lines += [Text(), heading(self.ABOVE, look)] if self.ABOVE else []
        for said in made.lines:
            lines += flow(Text(look.glyphs.text(said, 2_000), look.palette.text), width - 1, " ")
        return lines

    def told(self, outcome: ProcedureRun, width: int) -> list[Text]:
        look = self.look
        did = outcome.did.get(self.step_of.name) if self.step_of is not None else None
        lines = done_line(self.DONE, look, width, did.verdict if did is not None else Verdict.OK)
        if did is not None:
            said = Text(f"{look.glyphs.verdict(did.verdict)}: {look.glyphs.text(did.words, 1_000)}")
            said.stylize(look.colour(did.verdict))
            lines += flow(said, width - 1, " ")
            for line in did.evidence:
                lines += flow(Text(look.glyphs.text(line, 600), look.palette.text), width - 1, "   ")
        return lines


class StartDialog(LineDialog):
    """A procedure is opened: from then on what is done is recorded, and anybody may go on with it."""

    ACT, DONE, ASKED = "Start it", "STARTED", "the model it is about, by its name"
    MISSING = "name the model, in the line below"

    def __init__(
        self, services: ConsoleServices, look: Look, desk: ProcedureDesk, item: Procedure, about: str = ""
    ) -> None:
        self.item = item
        super().__init__(services, look, desk, f"Start: {item.title}", "", None)
        self._reason.value = look.glyphs.text(about, self.LIMIT)

    def look_up(self) -> Said:
        said = (self.item.when, f"{len(self.item.steps)} steps. What is done is recorded: who, when, with what result.")
        return Said(said, wants_reason=self.item.wants_about)

    def do(self, made: Said, typed: str, reason: str) -> ProcedureRun:
        run = self.procedures.book.open(self.item.name, reason.strip() if self.item.wants_about else "")
        self.run_id = run.run_id
        return run


class AttestDialog(LineDialog):
    """A person says what was seen or done."""

    ACT, DONE, LIMIT = "Write it down", "WRITTEN DOWN", EVIDENCE_LIMIT
    ASKED = "what was seen or done: no names, no amounts"
    MISSING = "say what was seen or done, in the line below"

    def look_up(self) -> Said:
        return Said((self.step_of.what,) if self.step_of is not None else ())

    def do(self, made: Said, typed: str, reason: str) -> ProcedureRun:
        assert self.step_of is not None
        return self.procedures.steps.attest(self.run_id, self.step_of.name, reason)


class SkipDialog(LineDialog):
    """A step is passed over, or a gate that has not passed is overridden."""

    ACT, DONE, ASKED = "Pass over it", "PASSED OVER", "why it is passed over, for the journal"

    def look_up(self) -> Said:
        if self._is_gate:
            return Said(("It is a gate that has not passed: what follows it goes on without. The procedure is WARN.",))
        return Said(("Nobody looks then: the procedure is WARN at the least.",))

    @property
    def _is_gate(self) -> bool:
        return self.step_of is not None and self.step_of.gate is not Gate.NONE

    def do(self, made: Said, typed: str, reason: str) -> ProcedureRun:
        assert self.step_of is not None
        book = self.procedures.book
        act = book.override if self._is_gate else book.skip
        return act(self.run_id, self.step_of.name, reason)


class AbandonDialog(LineDialog):
    """The procedure is given up: it does not count as done."""

    ACT, DONE, ASKED = "Abandon it", "ABANDONED", "why it is given up, for the journal"

    def look_up(self) -> Said:
        return Said(("It ends here, and does not count as done. What its steps found stays in the journal.",))

    def do(self, made: Said, typed: str, reason: str) -> ProcedureRun:
        return self.procedures.book.abandon(self.run_id, reason)


class CloseDialog(LineDialog):
    """The procedure is closed, with what it came to."""

    ACT, DONE = "Close it", "CLOSED"

    def look_up(self) -> Said:
        book = self.procedures.book
        looks = book.looks(book.get(self.run_id))
        left = [item for item in looks if not item.settled]
        skipped = [item for item in looks if item.state in (StepState.SKIPPED, StepState.OVERRIDDEN)]
        said = [f"Left: {item.number} {item.step.title}: {item.words}" for item in left]
        said += [f"Passed over: {item.number} {item.step.title}: {item.words}" for item in skipped]
        said += [
            f"{item.verdict.name}: {item.number} {item.step.title}: {item.words}"
            for item in looks
            if item.settled and item not in skipped and item.verdict is not None and item.verdict is not Verdict.OK
        ]
        return Said(tuple(said) or ("Every step is done, and as it should be.",), wants_reason=False)

    def do(self, made: Said, typed: str, reason: str) -> ProcedureRun:
        return self.procedures.book.close(self.run_id)

    def told(self, outcome: ProcedureRun, width: int) -> list[Text]:
        verdict = f" with {outcome.verdict.name}: {outcome.words}" if outcome.verdict is not None else ""
        return done_line(f"CLOSED{verdict}", self.look, width, outcome.verdict or Verdict.OK)


class PlanDialog(LineDialog):
    """What another desk would do, shown whole, confirmed, and carried out exactly so."""

    ACT, DONE, ASKED = "Do it", "DONE", "why it is done, for the journal"
    ABOVE = "What would be done"

    def look_up(self) -> Said:
        assert self.step_of is not None
        offer = self.procedures.steps.offer(self.run_id, self.step_of.name)
        return Said(offer.lines, offer.confirmation, offer.wants_reason, offer)

    def do(self, made: Said, typed: str, reason: str) -> ProcedureRun:
        assert self.step_of is not None and made.offer is not None
        return self.procedures.steps.carry_out(self.run_id, self.step_of.name, made.offer, typed, reason)


class DocsDialog(LineDialog):
    """Where the documentation is served, the tunnel to copy, and the way to end it."""

    ACT, DONE, ABOVE = "Stop it", "ENDED", "Served now"

    def look_up(self) -> Said:
        served = self.procedures.docs.serving()
        if served is None:
            raise Refused(
                "Nothing is served",
                "No documentation is served from this host.",
                "Step docs-serve of an open weekly procedure serves it.",
                guard="docs",
            )
        return Said(served.lines[:-1], wants_reason=False, served=served)

    def do(self, made: Said, typed: str, reason: str) -> str:
        assert self.procedures.docs_writer is not None, "the answer is not to be had where nothing may be written"
        ended = self.procedures.docs_writer.stop(made.served)
        return "It had ended by itself." if ended is None else f"Port {ended.port} of {ended.host} is free again."

    def told(self, outcome: Any, width: int) -> list[Text]:
        said = Text(self.look.glyphs.text(outcome, 200), self.look.palette.text)
        return [*done_line(self.DONE, self.look, width), *flow(said, width - 1, " ")]


class StepPreview(PreviewDialog):
    """The preview of a step's dbt run; what is started is noted as that step's."""

    def __init__(self, services: ConsoleServices, look: Look, steps: Steps, run_id: str, step: Step) -> None:
        self._steps = steps
        self._run_id = run_id
        self._step = step
        super().__init__(services, look, steps, lambda: steps.preview(run_id, step.name))

    def begin(self, preview: Preview, typed: str) -> Run:
        return self._steps.start(self._run_id, self._step.name, preview, typed)
