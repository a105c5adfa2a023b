"""Step 8: the clone under the payment's day; where its name is taken, with a suffix that is typed or accepted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Input

from gcms_tui.console.payroll.person_words import SHORT, run_lines, said_lines
from gcms_tui.console.payroll.planned import Planned, PlannedDialog
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.console.writing.plan_page import (
    heading,
    holds_text,
    identity_lines,
    labelled,
    place_line,
    statement_lines,
    warning_lines,
)
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.payroll.archive import Lasting
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.writing.plan import Plan
    from gcms_tui.operations.payroll.desk import PayrollDesk
    from gcms_tui.operations.writing.guarded_write import Ended

_SUFFIX = ("name_taken", "suffix")
"""Guards that a suffix helps with."""
_OFFERED = re.compile(r"--suffix ([A-Za-z0-9_]+)")
_HAPPENS = (
    "The whole table is cloned under that name; what is there already is never written over.",
    "Both are counted, and have to have as many rows.",
    "The clone's payments of this concert are read, and have to have the fingerprint that was signed.",
    "Where they do not the step fails, payroll is held, and it is told here.",
)


class ArchiveDialog(PlannedDialog):
    """A suffix is asked for only where the name is taken."""

    ACT: ClassVar[str] = "Archive"
    TAKES_OVER: ClassVar[str] = "Compare, and note it"

    def __init__(self, services: ConsoleServices, look: Look, desk: PayrollDesk, run: PayrollRun) -> None:
        self.suffix = ""
        """What the plan at hand was asked for with."""
        self._suffix = Input(placeholder="suffix", id="suffix", compact=True, max_length=40)
        self._suffix.display = False

        def make() -> Planned:
            return Planned(desk.required_bench().archiving.plan(run.run_id, suffix=self.suffix), run.fact)

        super().__init__(services, look, desk, make, "Archive", act=self.ACT)
        self.run_of = run

    def between(self) -> Iterable[Widget]:
        return (*super().between(), self._suffix)

    def read_anew(self) -> None:
        error = self.failure.error if self.failure is not None else self.error
        taken = isinstance(error, Refused) and error.guard in _SUFFIX
        self._suffix.display = taken and not self.writing and not self.over
        if taken and error is not None:
            offered = _OFFERED.search(error.next_step)
            self._suffix.value = offered.group(1) if offered is not None else self._suffix.value
        super().read_anew()

    @property
    def refusal_to_act(self) -> str | None:
        if self._suffix.display:
            return "Tab, then Enter behind the suffix, plans with it"
        return super().refusal_to_act

    def on_input_submitted(self, message: Input.Submitted) -> None:
        if message.input is not self._suffix:
            super().on_input_submitted(message)
            return
        message.stop()
        message.prevent_default()
        if self._suffix.value.strip():
            self.suffix = self._suffix.value.strip()
            self.action_make()

    def impossible(self, error: GcmsError, width: int) -> list[Text]:
        lines = super().impossible(error, width)
        if not self._suffix.display:
            return lines
        said = "Below, a suffix that is free is offered. Was it this run's own clone, cut off? t takes it over."
        return [*lines, Text(), *flow(Text(said, self.look.palette.text), width - 1, " ")]

    # -- the pages --------------------------------------------------------------------------------------------------

    def planned_page(self, plan: Plan, width: int) -> list[Text]:
        look = self.look
        lasting = Lasting.of(plan.steps[0].statement.query)
        lines = place_line(plan.target, "a clone of the table that was paid from", look, width)
        lines += run_lines(self.run_of, look, width)
        lines += labelled("clones", plan.table, look, width)
        lines += labelled("to", plan.subject, look, width, f"bold {look.palette.strong}")
        lines += labelled("kind", lasting.value, look, width)
        if self.run_of.frozen is not None:
            lines += labelled("signed", f"fingerprint {self.run_of.frozen.fingerprint[:SHORT]}", look, width)
        holds = "used" if self.over else holds_text(plan.expires_at, self.services.now())
        lines += labelled("plan", f"{plan.short_id}, {holds}", look, width)
        lines += [Text(), *warning_lines(plan.warnings, look, width)] if plan.warnings else []
        lines += [Text(), heading("What happens", look)]
        for number, said in enumerate(_HAPPENS, 1):
            lines += pair(Text(f" {number}  ", look.palette.faint), Text(said, look.palette.text), width)
        return [*lines, Text(), *statement_lines(plan, look, width), Text(), *identity_lines(plan, look, width)]

    def adoption_page(self, width: int) -> list[Text]:
        said = (
            "The clone that an earlier write of this run made, and that was cut off before it was noted, is compared "
            "with what was signed, and noted in the journal. No table is made."
        )
        lines = run_lines(self.run_of, self.look, width)
        return [*lines, Text(), *flow(Text(said, self.look.palette.text), width - 1, " ")]

    def write(self, plan: Plan, typed: str, reason: str) -> tuple[PayrollRun, Ended]:
        return self.desk.required_bench().archiving.archive(self.run_of.run_id, plan.plan_id, typed, reason, self.step)

    def adopt(self) -> PayrollRun:
        self.step("looking for the clone that was made")
        return self.desk.required_bench().archiving.adopt(self.run_of.run_id)

    def came_to(self, run: PayrollRun, width: int) -> list[Text]:
        archived, look, palette = run.archived, self.look, self.look.palette
        if archived is None:
            return flow(
                Text("The run does not say so yet: come to this step again, and t takes it over.", palette.warn),
                width - 1,
                " ",
            )
        lines = labelled("clone", f"{archived.table} ({archived.kind})", look, width)
        lines += labelled("fingerprint", archived.fingerprint, look, width)
        if archived.alike:
            return [*lines, Text(), *said_lines(Verdict.OK, "It is what was signed.", look, width)]
        alarm = Text(" ALARM: the clone is not what was signed", f"bold {palette.fail}")
        lines = [alarm, *lines, *labelled("signed", run.frozen.fingerprint if run.frozen else "?", look, width)]
        for step in self.steps:
            if step.startswith("ALARM"):
                lines += flow(Text(look.glyphs.text(step, 2_000), palette.text), width - 1, " ")
        return [
            *lines,
            Text(),
            *said_lines(Verdict.FAIL, "Payroll is held until a second person lifts it.", look, width),
        ]
