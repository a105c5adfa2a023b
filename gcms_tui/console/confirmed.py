"""A guarded dialog whose second answer waits for typed words, and says in one line what still stands against it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from gcms_tui.console.guarded import GuardedDialog
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.brief import Brief
from gcms_tui.console.widgets.choice import Choice

R = TypeVar("R")


class Confirmation(Input):
    """Where the confirmation is typed, letter by letter."""

    @dataclass
    class PasteRefused(Message):
        """Somebody wanted to paste it."""

    def __init__(self, placeholder: str = "") -> None:
        super().__init__(placeholder=placeholder, id="confirmation", compact=True, select_on_focus=False)

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.post_message(self.PasteRefused())

    def action_paste(self) -> None:
        self.post_message(self.PasteRefused())


class ConfirmedDialog(GuardedDialog[R]):
    """A subclass says what stands against the second answer, and calls `settle` where that may have changed."""

    def __init__(self, look: Look, heading: str, *, way_out: str, act: str, danger: bool = False) -> None:
        self._confirmation = Confirmation()
        self._said = Brief(look, id="said")
        self._confirmation.display = False
        super().__init__(look, heading, way_out=way_out, act=act, danger=danger)
        self.act.disabled = True

    def between(self) -> Iterable[Widget]:
        return (self._said, self._confirmation)

    @property
    def refusal_to_act(self) -> str | None:
        """Why the second answer cannot be given as things are; None where it can."""
        raise NotImplementedError

    @property
    def unanswered(self) -> str:
        """What is said to whoever presses Enter before there is anything to read; empty where there is."""
        raise NotImplementedError

    @property
    def invitation(self) -> str:
        """How the second answer is given, where nothing stands against it."""
        raise NotImplementedError

    def settle(self) -> None:
        """The second answer can be given only where nothing stands against it."""
        refusal = self.refusal_to_act
        self.act.disabled = refusal is not None
        said = refusal if refusal is not None else "" if self.act.has_focus else self.invitation
        self._said.said = (Text(self.look.glyphs.text(said, 200), self.look.palette.muted),)

    def warn(self, said: str) -> None:
        """In place of what stands against it, until that changes."""
        self._said.said = (Text(self.look.glyphs.text(said, 200), self.look.palette.warn),)

    def on_choice_given(self, message: Choice.Given) -> None:
        """Until there is an answer only Esc leads out, and a click: Enter is pressed for what one expects to read."""
        if self.unanswered and not message.clicked:
            message.stop()
            message.prevent_default()
            self.warn(self.unanswered)

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self.settle()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter behind the typed words leads on, and gives no answer."""
        message.stop()
        if not self.act.disabled:
            self.act.focus()

    def on_confirmation_paste_refused(self, message: Confirmation.PasteRefused) -> None:
        self.warn("Pasting does not count here: type it.")
