"""What dialogs that act without a plan have in common: look it up, show it, have it confirmed, do it, tell the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, TypeVar

from rich.text import Text
from textual.binding import Binding, BindingType

from gcms_tui.console.dialogs import error_page
from gcms_tui.console.pane import unexpected
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import here
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.carrying_out import Failure
from gcms_tui.console.writing.plan_page import heading, refusal_page, symbol
from gcms_tui.console.writing.write_dialog import Desk, OfOneTable, WriteDialog
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.target import is_production
from gcms_tui.core.verdict import Verdict

FAR = datetime.max.replace(tzinfo=UTC)
"""When what is no plan expires."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a dialog shows before anything is done."""

    table: str
    """What may be written to; empty where it is the journal alone."""


M = TypeVar("M", bound=OfOneTable)

_WAYS_OUT = {
    "data_changed": "Esc leads back to the steps: the tests are to be run again, and what rests on them.",
    "lease": "Somebody else is at it: Esc, and come again when they are done.",
    "hold": "What holds payroll is mended first; then a second person lifts the hold, from the wizard.",
    "second_person": "Whoever lifts it does so in a console of their own, under their own login.",
    "in_doubt": "Pane 6 shows it first: Enter there looks what became of it, and settles it.",
    "another_host": "Sign in there, and open this run in a console on that host: the stores are the same.",
}
"""By the guard that refused: the way out, as it is gone in the console."""


class ActDialog(WriteDialog[M, bool], Generic[M]):
    """Answers whether anything may have changed: where something was tried. A subclass does it, in `do`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "make", "Look again", id="act.look", tooltip="Look everything up again; nothing is done"),
    ]

    def __init__(
        self,
        services: ConsoleServices,
        look: Look,
        desk: Desk,
        make: Callable[[], M],
        heading: str,
        *,
        act: str,
    ) -> None:
        super().__init__(services, look, desk, make, heading, act=act)
        self.tried = False
        self.outcome: Any = None
        """What it came to; None until then."""

    # -- what a subclass says ---------------------------------------------------------------------------------------

    def do(self, made: M, typed: str, reason: str) -> object:
        """In the thread that writes. Raises `GcmsError` where it was not done."""
        raise NotImplementedError

    def told(self, outcome: Any, width: int) -> list[Text]:
        """What came of it."""
        raise NotImplementedError

    # -- between ----------------------------------------------------------------------------------------------------

    def expires_at(self, made: M) -> datetime:
        return FAR

    @property
    def invitation(self) -> str:
        where = f" on {self.services.target.upper()}" if is_production(self.services.target) else ""
        return f"Tab to the answer, then Enter, does it{where}."

    def waiting(self, seconds: int) -> list[Text]:
        palette = self.look.palette
        return [
            Text(" Looking it up: nothing is done yet.", palette.text),
            Text(f" {seconds} s so far; Esc leaves it.", palette.muted),
        ]

    def carry_out(self, made: M, typed: str, reason: str) -> object:
        try:
            return self.do(made, typed, reason)
        except GcmsError as error:
            return Failure(error, used=False)
        except Exception as error:  # noqa: BLE001 (a bug in the middle of it must be told as one)
            return Failure(unexpected(error), used=False)

    def has_ended(self, came_to: Any) -> bool:
        self.outcome = came_to
        return True

    def result(self, width: int) -> list[Text]:
        return [] if self.outcome is None else self.told(self.outcome, width)

    def impossible(self, error: GcmsError, width: int) -> list[Text]:
        return refused_page(error, self.look, width)

    def failed(self, failure: Failure, width: int) -> list[Text]:
        return not_done_page(failure.error, self.look, width)

    def done(self) -> None:
        super().done()
        self.tried = self.tried or self.writing

    def answer(self) -> bool:
        return self.tried


def refused_page(error: GcmsError, look: Look, width: int) -> list[Text]:
    """Which guard said no, why, and the way out."""
    lines = refusal_page(here(error), look, width)
    way = _WAYS_OUT.get(error.guard) if isinstance(error, Refused) else None
    if way is None:
        return lines
    said = Text(f"{look.glyphs.dot} {way}", look.palette.text)
    return [*lines, Text(), heading("Here", look), *flow(said, width - 1, " ")]


def not_done_page(error: GcmsError, look: Look, width: int) -> list[Text]:
    """Refused by a guard, or broken."""
    if isinstance(error, Refused):
        lines = refused_page(error, look, width)
    else:
        said = Text(f" {symbol(Verdict.FAIL, look)} FAILED", f"bold {look.palette.fail}")
        lines = [said, Text(), *error_page(here(error), look, width)]
    again = "It can be tried again as it stands; r looks everything up again, Esc leads back."
    return [*lines, Text(), *flow(Text(again, look.palette.muted), width - 1, " ")]


def done_line(said: str, look: Look, width: int, verdict: Verdict = Verdict.OK) -> list[Text]:
    """The first line of what came of it."""
    style = f"bold {look.colour(verdict)}"
    return flow(Text(f"{symbol(verdict, look)} {look.glyphs.text(said, 400)}", style), width, " ")
