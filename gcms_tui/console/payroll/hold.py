"""What holds payroll: each hold with its cause; setting one, and a second person lifting one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Input

from gcms_tui.console.payroll.act import ActDialog
from gcms_tui.console.payroll.person_words import by_text, said_lines
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.console.writing.act_dialog import done_line
from gcms_tui.console.writing.carrying_out import Failure
from gcms_tui.console.writing.plan_page import heading, labelled
from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll.hold import Hold
from gcms_tui.core.payroll.typed import NOTE_LIMIT
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.payroll.holding import BY_HAND

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.payroll.desk import PayrollDesk


@dataclass(frozen=True, slots=True)
class Holding:
    """What holds it now."""

    holds: tuple[Hold, ...]
    table: str = ""


class HoldDialog(ActDialog[Holding]):
    """Every payroll of the target stops at its next gate while there is a hold."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "lift", "Lift", id="hold.lift", tooltip="Lift the marked hold: another person than set it"),
        Binding("o", "other", "Other hold", id="hold.other", tooltip="Mark the next hold"),
    ]

    def __init__(self, services: ConsoleServices, look: Look, desk: PayrollDesk) -> None:
        super().__init__(services, look, desk, lambda: Holding(desk.holds.open()), "Holds", act="Hold payroll")
        self.marked = 0
        """Which of those that somebody set."""
        self._reason.placeholder = "why payroll is to be held: no names, no amounts"
        self._reason.max_length = NOTE_LIMIT

    @property
    def _set(self) -> tuple[Hold, ...]:
        """Those that can be lifted; a failing test ends by itself."""
        return () if self.made is None else tuple(hold for hold in self.made.holds if hold.hold_id)

    @property
    def hold_marked(self) -> Hold | None:
        holds = self._set
        return holds[self.marked % len(holds)] if holds else None

    def words_of(self, made: Holding) -> str:
        return ""

    def asked(self, made: Holding) -> tuple[Input, ...]:
        return (self._reason,)

    def shown(self, made: Holding, width: int) -> list[Text]:
        look, palette = self.look, self.look.palette
        if self.over:
            return []
        if not made.holds:
            lines = said_lines(Verdict.OK, "Nothing holds payroll.", look, width)
        else:
            lines = [heading("Payroll is held", look, len(made.holds))]
            for hold in made.holds:
                lines += hold_lines(hold, look, width, marked=hold == self.hold_marked)
        said = "To hold every payroll of this target, say why in the line below. A second person lifts it."
        return [*lines, Text(), *flow(Text(said, palette.muted), width - 1, " ")]

    def do(self, made: Holding, typed: str, reason: str) -> Hold:
        self.desk.required_bench()
        return self.desk.holds.set(BY_HAND, reason)

    def told(self, outcome: Hold, width: int) -> list[Text]:
        return [*done_line("PAYROLL IS HELD", self.look, width), *hold_lines(outcome, self.look, width)]

    # -- lifting ----------------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        if action in ("lift", "other"):
            if self.desk.bench is None:
                return "nothing may be written here"
            if self.over or self.writing or not self._set:
                return "there is no hold that somebody set"
            return "there is no other" if action == "other" and len(self._set) < 2 else None
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        return action in ("lift", "other") or super().pointless(action)

    def action_other(self) -> None:
        if self.refusal("other") is None:
            self.marked = (self.marked + 1) % len(self._set)
            self.retell()

    def action_lift(self) -> None:
        hold = self.hold_marked
        if hold is not None and self.refusal("lift") is None:
            self.app.push_screen(LiftDialog(self.services, self.look, self.desk, hold), self._lifted)

    def _lifted(self, tried: bool | None) -> None:
        if tried:
            self.tried, self.marked = True, 0
            self.action_make()


class LiftDialog(ActDialog[Holding]):
    """Of one hold, under the login of another person than set it."""

    def __init__(self, services: ConsoleServices, look: Look, desk: PayrollDesk, hold: Hold) -> None:
        super().__init__(services, look, desk, lambda: Holding((hold,)), "Lift a hold", act="Lift it")
        self.hold_of = hold
        self._reason.placeholder = "why payroll may go on: no names, no amounts"
        self._reason.max_length = NOTE_LIMIT

    def words_of(self, made: Holding) -> str:
        return ""

    def asked(self, made: Holding) -> tuple[Input, ...]:
        return (self._reason,)

    def shown(self, made: Holding, width: int) -> list[Text]:
        look = self.look
        lines = hold_lines(self.hold_of, look, width)
        lines += labelled("lifted by", f"{self.desk.person.user}@{self.desk.person.host}", look, width)
        said = "Whoever sets a hold does not lift it, and none is lifted while a critical test fails."
        return [*lines, Text(), *flow(Text(said, look.palette.muted), width - 1, " ")]

    def do(self, made: Holding, typed: str, reason: str) -> Hold:
        self.desk.required_bench()
        return self.desk.holds.lift(self.hold_of.hold_id, reason)

    def failed(self, failure: Failure, width: int) -> list[Text]:
        lines, error = super().failed(failure, width), failure.error
        if self.desk.may_act and isinstance(error, Refused) and error.guard == "second_person":
            said = "On the practice platform a, in the list and among the steps, plays somebody else."
            lines += flow(Text(said, self.look.palette.text), width - 1, " ")
        return lines

    def told(self, outcome: Hold, width: int) -> list[Text]:
        return [*done_line("LIFTED", self.look, width), *hold_lines(outcome, self.look, width)]


def hold_lines(hold: Hold, look: Look, width: int, *, marked: bool = False) -> list[Text]:
    """Cause, reason, and who set it."""
    palette = look.palette
    mark = look.glyphs.cursor if marked else " "
    cause = Text.assemble((mark, palette.accent), (f"{look.glyphs.text(hold.cause, 40)}: ", f"bold {palette.warn}"))
    lines = pair(cause, Text(look.glyphs.text(hold.reason, 1_000), palette.text), width)
    who = f"set by {by_text(hold.by)}" if hold.by is not None else "nobody set it: it ends when the test passes"
    return [*lines, *flow(Text(look.glyphs.text(who, 200), palette.faint), width - 1, "   ")]
