"""Step 7: the day is typed, the write shown by its counts and sums, confirmed, and carried out once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Input

from gcms_tui.console.guarded import GuardedDialog
from gcms_tui.console.payroll.person_words import SHORT, money, run_lines
from gcms_tui.console.payroll.planned import Planned, PlannedDialog
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.console.writing.plan_page import (
    cell_text,
    heading,
    holds_text,
    identity_lines,
    labelled,
    place_line,
    statement_lines,
    warning_lines,
)
from gcms_tui.core.conclusion import counted
from gcms_tui.core.payroll.run import PayrollRun

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.writing.plan import Plan
    from gcms_tui.operations.payroll.desk import PayrollDesk
    from gcms_tui.operations.writing.guarded_write import Ended

_WRITTEN = (
    "BEGIN. Exactly the payments of the signed file are read, and locked: ids, number and sum have to be its own.",
    "Each that is not paid is marked as paid on that day. As many as in the file, or ROLLBACK.",
    "COMMIT. Were the line lost just then it is in doubt, and settled by looking: never written twice.",
)


class DayDialog(GuardedDialog[bool]):
    """The payment's date, typed: nothing is filled in, as a date that is only accepted was not thought of."""

    def __init__(self, services: ConsoleServices, look: Look, desk: PayrollDesk, run: PayrollRun) -> None:
        self.services = services
        self.desk = desk
        self.run_of = run
        self._day = Input(placeholder="YYYY-MM-DD", id="confirmation", compact=True, select_on_focus=False)
        super().__init__(look, "When was it paid?", way_out="Cancel", act="Plan it")
        self.act.disabled = True

    def between(self) -> Iterable[Widget]:
        return (self._day,)

    def on_mount(self) -> None:
        self.call_after_refresh(self._day.focus)

    @property
    def day(self) -> date | None:
        """None while it is none."""
        text = self._day.value.strip()
        try:
            return date.fromisoformat(text) if len(text) == len("YYYY-MM-DD") else None
        except ValueError:
            return None

    def page(self, width: int) -> Sequence[Text]:
        look, day = self.look, self.day
        lines = run_lines(self.run_of, look, width)
        said = (
            "The date is written into Supabase with every payment of the signed file. Type it; Enter plans the write, "
            "and nothing is written before you have seen it."
        )
        lines += [Text(), *flow(Text(said, look.palette.text), width - 1, " "), Text()]
        typed = self._day.value.strip()
        if day is not None:
            return [*lines, *flow(Text(f"{day:%A, %d %B %Y}", f"bold {look.palette.strong}"), width - 1, " "), Text()]
        wrong = "no such day: year, month, day, as in 2026-02-28" if len(typed) >= len("YYYY-MM-DD") else " "
        return [*lines, Text(f" {wrong}", look.palette.warn), Text()]

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self.act.disabled = self.day is None
        self.tell()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if not self.act.disabled:
            self.act.focus()
            self.hold()

    def done(self) -> None:
        if self.day is not None:
            dialog = RecordDialog(self.services, self.look, self.desk, self.run_of, self.day)
            self.app.push_screen(dialog, self._recorded)

    def _recorded(self, tried: bool | None) -> None:
        """Where nothing was tried another day may be typed."""
        if tried:
            self.dismiss(True)
        else:
            self._day.focus()
            self._day.select_all()

    def action_leave(self) -> None:
        self.dismiss(False)


class RecordDialog(PlannedDialog):
    """The plan of one day."""

    ACT: ClassVar[str] = "Record as paid"

    def __init__(
        self, services: ConsoleServices, look: Look, desk: PayrollDesk, run: PayrollRun, paid_on: date
    ) -> None:
        table = services.settings.supabase.payment_table

        def make() -> Planned:
            return Planned(desk.required_bench().recording.plan(run.run_id, paid_on), table)

        super().__init__(services, look, desk, make, "Record as paid", act=self.ACT)
        self.run_of = run
        self.paid_on = paid_on

    def planned_page(self, plan: Plan, width: int) -> list[Text]:
        look, now = self.look, self.services.now()
        lines = place_line(plan.target, f"payments of concert {self.run_of.concert_id}", look, width)
        lines += labelled("in", f"{plan.table}, Supabase", look, width)
        lines += run_lines(self.run_of, look, width)
        lines += labelled("paid on", f"{self.paid_on:%Y-%m-%d, %A}", look, width, f"bold {look.palette.strong}")
        lines += self._totals(width)
        holds = "used" if self.over else holds_text(plan.expires_at, now)
        lines += labelled("plan", f"{plan.short_id}, {holds}", look, width)
        lines += [Text(), *warning_lines(plan.warnings, look, width)] if plan.warnings else []
        lines += [Text(), heading("Before and after", look), *before_and_after(plan, look, width)]
        lines += [Text(), heading("What happens", look)]
        for number, said in enumerate(_WRITTEN, 1):
            lines += pair(Text(f" {number}  ", look.palette.faint), Text(said, look.palette.text), width)
        return [*lines, Text(), *statement_lines(plan, look, width), Text(), *identity_lines(plan, look, width)]

    def _totals(self, width: int) -> list[Text]:
        look, run = self.look, self.run_of
        lines: list[Text] = []
        if run.frozen is not None:
            totals = run.frozen.totals
            said = f"{counted(totals.entries, 'payment')} to {counted(totals.musicians, 'musician')}"
            lines += labelled("payments", said, look, width)
            lines += labelled("net", money(totals.net), look, width, f"bold {look.palette.strong}")
        if run.released is not None:
            said = f"{run.released.file}, SHA-256 {run.released.sha256[:SHORT]}"
            lines += labelled("file", said, look, width)
        return lines

    def adoption_page(self, width: int) -> list[Text]:
        look = self.look
        lines = run_lines(self.run_of, look, width)
        lines += self._totals(width)
        said = (
            "Supabase has every payment of the signed file as paid already: by a write of this run that was cut off, "
            "or by hand. Nothing is written there. What it says is looked at once more, and noted in the journal."
        )
        return [*lines, Text(), *flow(Text(said, look.palette.text), width - 1, " ")]

    def write(self, plan: Plan, typed: str, reason: str) -> tuple[PayrollRun, Ended]:
        return self.desk.required_bench().recording.record(self.run_of.run_id, plan.plan_id, typed, reason, self.step)

    def adopt(self) -> PayrollRun:
        self.step("asking Supabase what it has as paid")
        return self.desk.required_bench().recording.adopt(self.run_of.run_id)

    def came_to(self, run: PayrollRun, width: int) -> list[Text]:
        recorded, look = run.recorded, self.look
        if recorded is None:
            return flow(
                Text("The run does not say so yet: come to this step again, and it is taken over.", look.palette.warn),
                width - 1,
                " ",
            )
        how = "found recorded" if recorded.already else "recorded"
        lines = labelled(how, f"{counted(recorded.entries, 'payment')} as paid on {recorded.date}", look, width)
        lines += labelled("net", money(recorded.net), look, width)
        return [*lines, *(labelled("write", recorded.write_id, look, width) if recorded.write_id else [])]


def before_and_after(plan: Plan, look: Look, width: int) -> list[Text]:
    """How many payments are in which state, and in which they will be: none of them is told alone."""
    lines: list[Text] = []
    for label, rows in (("before", plan.before), ("after", plan.after)):
        for row in rows:
            number = row["payments"]
            state = ", ".join(f"{name} {cell_text(name, cell)}" for name, cell in row.values if name != "payments")
            lines += labelled(label, f"{number} payments: {state}", look, width, f"bold {look.palette.strong}")
    return lines
