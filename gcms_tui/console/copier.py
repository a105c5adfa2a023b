"""What is copied goes to a file, off the loop; what was copied last is what the file holds in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message
from textual.message_pump import MessagePump

from gcms_tui.console.clipboard import FILE, save_private
from gcms_tui.console.pane import Loader


@dataclass
class Copied(Message):
    """A copy lies in a file; `sent`: it also went to the terminal."""

    what: str
    path: Path
    sent: bool


class Copier:
    """One text is saved at a time; of what is copied meanwhile, the last."""

    def __init__(self, receiver: MessagePump, directory: Path) -> None:
        self._directory = directory
        self._loader = Loader(receiver, "copy")
        self._next: Callable[[], Copied] | None = None

    def save(self, what: str, text: str, *, sent: bool) -> None:
        """`sent`: the terminal was given it as well. Ends in a `Copied`, or in a `LoadFailed`."""
        self._next = lambda: Copied(what, save_private(self._directory, FILE, text), sent)
        self.go_on()

    def go_on(self) -> None:
        """Nothing is being saved any more, perhaps."""
        if self._next is not None and self._loader.start(self._next):
            self._next = None
