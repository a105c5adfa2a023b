"""What every writing dialog does: plan off the loop, show, have it confirmed, carry it out, tell how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar, cast

from rich.text import Text
from textual._time import get_time
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from gcms_tui.console.confirmed import ConfirmedDialog
from gcms_tui.console.pane import Loader, LoadFailed
from gcms_tui.console.scd2.written import tell_written
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.prose_line import ProseLine
from gcms_tui.console.writing.carrying_out import Failure
from gcms_tui.console.writing.plan_page import holds_text, refusal_page
from gcms_tui.console.writing.result_page import NOT_BROKEN_OFF, failure_page, steps_page
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.target import is_production

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.console.app import ConsoleApp

_TICK_S = 1.0
_LONGEST_REASON = 500


class Desk(Protocol):
    """Whether anything may be written here."""

    @property
    def bench(self) -> object | None:
        """None where nothing may."""
        ...

    @property
    def read_only_reason(self) -> str: ...


class OfOneTable(Protocol):
    """What is planned: one plan, or many."""

    @property
    def table(self) -> str: ...


M = TypeVar("M", bound=OfOneTable)
R = TypeVar("R")


@dataclass
class Made(Message):
    """The plan is made; nothing is written yet."""

    made: Any


@dataclass
class Stepped(Message):
    """The write has come to its next step."""

    words: str


@dataclass
class CarriedOut(Message):
    """The write has ended, one way or the other."""

    came_to: Any
    """What it came to, or a `Failure`."""


class Reason(ProseLine):
    """Why it is done: one line, for the journal."""

    def __init__(self) -> None:
        super().__init__(
            placeholder="why it is done, for the journal",
            id="reason",
            compact=True,
            select_on_focus=False,
            max_length=_LONGEST_REASON,
        )


class WriteDialog(ConfirmedDialog[R], Generic[M, R]):
    """A subclass says how a plan (or many) is told and carried out, and what of it is to be known afterwards."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "make", "Plan again", id="write.make", tooltip="Read the rows again, and plan anew"),
    ]

    def __init__(
        self,
        services: ConsoleServices,
        look: Look,
        desk: Desk,
        make: Callable[[], M],
        heading: str,
        *,
        act: str = "Write",
    ) -> None:
        self.services = services
        self.desk = desk
        self.made: M | None = None
        self.error: GcmsError | None = None
        """Why there is no plan."""
        self.failure: Failure | None = None
        """How carrying it out failed."""
        self.steps: list[str] = []
        self.writing = False
        self.over = False
        """It was carried out: nothing more is to be confirmed."""
        self._make = make
        self._flowed: tuple[int, list[Text]] | None = None
        self._since = get_time()
        self._held = ""
        self._reason = Reason()
        real = is_production(services.target)
        act = f"Write to {look.glyphs.text(services.target, 24).upper()}" if real and act == "Write" else act
        super().__init__(look, heading, way_out="Cancel", act=act, danger=real)
        self._loader = Loader(self, "plan")
        self._reason.display = False
        self._confirmation.placeholder = "the confirmation, typed"

    @property
    def console_app(self) -> ConsoleApp:
        return cast("ConsoleApp", self.app)

    def between(self) -> Iterable[Widget]:
        return (*super().between(), self._reason)

    def on_mount(self) -> None:
        self.set_interval(_TICK_S, self._tick)
        self.action_make()

    # -- what a subclass says ---------------------------------------------------------------------------------------

    def shown(self, made: M, width: int) -> list[Text]:
        """What was planned, told."""
        raise NotImplementedError

    def result(self, width: int) -> list[Text]:
        """How it ended, told; empty where it has not."""
        raise NotImplementedError

    def words_of(self, made: M) -> str:
        """What has to be typed."""
        raise NotImplementedError

    def expires_at(self, made: M) -> datetime:
        raise NotImplementedError

    def carry_out(self, made: M, typed: str, reason: str) -> object:
        """In the thread that writes: what it came to, or a `Failure`. Raises nothing."""
        raise NotImplementedError

    def asked(self, made: M) -> tuple[Input, ...]:
        """The lines that are to be filled in."""
        return (self._confirmation, self._reason)

    def waiting(self, seconds: int) -> list[Text]:
        """What is said until there is a plan."""
        palette = self.look.palette
        lines = [Text(" Planning: the rows are read, nothing is written.", palette.text)]
        return [*lines, Text(f" {seconds} s so far; Esc leaves it.", palette.muted)]

    def impossible(self, error: GcmsError, width: int) -> list[Text]:
        """Why there is no plan."""
        return refusal_page(error, self.look, width)

    def failed(self, failure: Failure, width: int) -> list[Text]:
        return failure_page(failure, self.look, width)

    def has_ended(self, came_to: Any) -> bool:
        """It was carried out. True where nothing more of it is to be confirmed."""
        raise NotImplementedError

    # -- planning ---------------------------------------------------------------------------------------------------

    def action_make(self) -> None:
        if self._may_not_plan() is None and self._loader.start(lambda: Made(self._make())):
            self._since = get_time()
            self._show(None, None)

    def _may_not_plan(self) -> str | None:
        if self.over or self.writing:
            return "it is being written" if self.writing else "it was carried out"
        return "it is being planned" if self._loader.busy else None

    def on_made(self, message: Made) -> None:
        self._show(message.made, None)

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self._show(None, message.error)

    def _show(self, made: M | None, error: GcmsError | None) -> None:
        self.made, self.error, self.failure = made, error, None
        self._confirmation.value = ""
        self.read_anew()

    def read_anew(self) -> None:
        """Something else than before is to be read: the way out has the focus again."""
        typed = self.made is not None and not self.over and not self.writing and self.desk.bench is not None
        asked = self.asked(self.made) if typed and self.made is not None else ()
        self._confirmation.display, self._reason.display = self._confirmation in asked, self._reason in asked
        self.act.display = not self.over and not self.writing
        self.way_out.focus()
        self.hold()
        self.settle()
        self.retell()

    def retell(self) -> None:
        self._flowed = None
        self.tell()
        self.refresh_bindings()

    def _tick(self) -> None:
        if self.made is None or self.writing:
            if self.error is None:
                self.retell()
        elif not self.over:
            held, self._held = self._held, holds_text(self.expires_at(self.made), self.services.now())
            if held != self._held:
                self.settle()
                self.retell()

    def page(self, width: int) -> Sequence[Text]:
        if self._flowed is None or self._flowed[0] != width:
            self._flowed = (width, self._lines(width))
        return self._flowed[1]

    def _lines(self, width: int) -> list[Text]:
        look, since = self.look, int(get_time() - self._since)
        if self.writing:
            return steps_page(self.steps, since, look, width)
        if self.error is not None:
            return self.impossible(self.error, width)
        if self.made is None:
            return self.waiting(since)
        above = self.failed(self.failure, width) if self.failure is not None else self.result(width)
        below = self.shown(self.made, width)
        rule = [Text(), Text(f" {look.glyphs.rule * (width - 2)}", look.palette.line)] if above and below else []
        return [*above, *rule, *below]

    # -- confirming -------------------------------------------------------------------------------------------------

    @property
    def unanswered(self) -> str:
        waiting = self.made is None and self.error is None
        return "Nothing is planned yet: Enter does nothing, Esc leaves." if waiting else ""

    @property
    def invitation(self) -> str:
        return "Tab to the answer, then Enter, writes exactly this."

    @property
    def refusal_to_act(self) -> str | None:
        if self.desk.bench is None:
            return f"read-only: {self.desk.read_only_reason or self.services.read_only_reason}"
        if self.writing:
            return NOT_BROKEN_OFF
        if self.made is None:
            return "it is being planned" if self.error is None else "there is nothing to write"
        if self.over:
            return ""
        if self.failure is not None and (self.failure.used or self.failure.in_doubt or self.failure.unseen):
            return "not again: this plan is used up"
        if self.services.now() >= self.expires_at(self.made):
            return "the plan has expired: r plans again"
        return self._not_typed(self.words_of(self.made), self.asked(self.made))

    def _not_typed(self, words: str, asked: tuple[Input, ...]) -> str | None:
        if self._confirmation in asked and self._confirmation.value != words:
            return f"type  {words}  to confirm" + (", and the reason below it" if self._reason in asked else "")
        if self._reason in asked and not self._reason.value.strip():
            return "say why" + (", in the second line" if self._confirmation in asked else "") + ": it is journalled"
        return None

    def refusal(self, action: str) -> str | None:
        """Why one of the dialog's own actions is not to be had just now."""
        return self._may_not_plan() if action == "make" else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.refusal(action) is None:
            return True
        return False if self.pointless(action) else None

    def pointless(self, action: str) -> bool:
        """Whether a refused action is not even offered in the bar at the bottom."""
        return action == "make" and (self.over or self.writing)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter leads from the confirmation to the reason, and from there to the answer: a moment of its own."""
        message.stop()
        message.prevent_default()
        if message.input is self._confirmation and self._reason.display:
            self._reason.focus()
        elif not self.act.disabled:
            self.act.focus()
            self.hold()

    # -- writing ----------------------------------------------------------------------------------------------------

    def done(self) -> None:
        made = self.made
        if made is None or self.over or self.refusal_to_act is not None:
            return
        typed, reason = self._confirmation.value, self._reason.value
        if self.console_app.writer.start(self._loader, lambda: CarriedOut(self.carry_out(made, typed, reason))):
            self.writing, self.failure, self.steps = True, None, []
            self._since = get_time()
            self.read_anew()
        else:
            self.warn("Another write is under way.")

    def step(self, words: str) -> None:
        """Heard from the thread that writes."""
        self._loader.post(Stepped(words))

    def on_stepped(self, message: Stepped) -> None:
        self.steps.append(message.words)
        self.retell()

    def on_carried_out(self, message: CarriedOut) -> None:
        self.writing = False
        if isinstance(message.came_to, Failure):
            self.failure = message.came_to
        elif self.has_ended(message.came_to):
            self.over = True
            self.way_out.rename("Close")
            self.entitle("How it ended")
        if self.made is not None:  # refused or not: the rows may be otherwise than they are shown
            tell_written(self.app, self.made.table)
        self.console_app.look_for_doubts()
        self.read_anew()

    def action_leave(self) -> None:
        if self.writing:
            self.warn(NOT_BROKEN_OFF)
        else:
            self.dismiss(self.answer())

    def answer(self) -> R | None:
        """What the dialog answers with when it is left."""
        raise NotImplementedError
