"""What every pane has in common: its frame, and the one way in which anything is loaded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen

from gcms_tui.console.key_bar import KeyBar
from gcms_tui.console.launch import started
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Place, Status, StatusBar, Writes
from gcms_tui.console.theme import Look
from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:
    from gcms_tui.console.app import ConsoleApp

_WRITTEN_S = 0.02
"""From a picture that is drawn until it is written to the terminal, as a rule, by a thread of its own."""


@dataclass
class LoadFailed(Message):
    """A load ended without an answer."""

    error: GcmsError
    by_hand: bool = False
    """Somebody asked for it, and waits to be told."""


class CopyAsked(Message):
    """Someone wants `text` on the clipboard; the app sees to it."""

    def __init__(self, text: str, what: str) -> None:
        super().__init__()
        self.text = text
        self.what = what


class Loader:
    """Runs one piece of work at a time in a thread, and posts to its receiver how it ended.

    The thread is a daemon: it reads only, and leaving the console never waits for a query that does not return.
    """

    def __init__(self, receiver: MessagePump, name: str) -> None:
        self._receiver = receiver
        self._name = name
        self._busy = self._by_hand = self._again_by_hand = False
        self.asked_again = False
        """To be done once more, as soon as what runs has ended or the screen is back: what was seen may be from before.
        `ask` clears it; whoever uses `start` does so itself."""

    @property
    def busy(self) -> bool:
        """Until what it came to waits to be handled: it is never idle with its answer still on the way."""
        return self._busy

    def start(self, work: Callable[[], Message], *, by_hand: bool = False) -> bool:
        """Run `work` off the loop and post the message it returns, or `LoadFailed`. False while one is running.

        Called on the loop, like everything here but `post`.
        """
        if self._busy:
            return False
        args = (work, asyncio.get_running_loop())
        threading.Thread(target=self._run, args=args, name=self._name, daemon=True).start()
        self._busy, self._by_hand = True, by_hand
        return True

    def ask(self, work: Callable[[], Message], *, by_hand: bool = False) -> bool:
        """As `start`; while one is running, `asked_again` holds from now on, and who asked by hand waits for that."""
        by_hand = by_hand or self._again_by_hand
        self.asked_again = not self.start(work, by_hand=by_hand)
        self._again_by_hand = by_hand and self.asked_again
        return not self.asked_again

    def post(self, message: Message) -> None:
        """Post from the thread. A console that has gone does not hear it."""
        try:
            self._receiver.post_message(message)
        except RuntimeError:
            return  # the event loop was closed between the check and the call

    def _run(self, work: Callable[[], Message], loop: asyncio.AbstractEventLoop) -> None:
        try:
            message = work()
        except GcmsError as error:
            message = LoadFailed(error)
        except BaseException as error:  # noqa: BLE001 (a thread that dies unheard leaves old numbers on the screen)
            message = LoadFailed(unexpected(error))
        with suppress(RuntimeError):  # the loop is closed: the console has gone
            loop.call_soon_threadsafe(self._end, message)

    def _end(self, message: Message) -> None:
        self._busy = False
        if isinstance(message, LoadFailed):
            message.by_hand = self._by_hand
        self._receiver.post_message(message)


def unexpected(error: BaseException) -> GcmsError:
    """A bug of ours or a library's, in words."""
    return GcmsError(
        "The console could not finish this",
        f"{type(error).__name__}: {error}",
        "Try again with r. If it stays, report it with the text of this message (c copies it).",
    )


class Pane(Screen[None]):
    """One mode's screen. A subclass puts its body between the bars."""

    TITLE: ClassVar[str | None] = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="back", tooltip="Close what is open, then clear the filter"),
    ]

    def __init__(self, services: ConsoleServices, look: Look) -> None:
        super().__init__()
        self.services = services
        self.look = look
        self._painted = False
        place = Place(services.target, services.sandbox, services.read_only)
        self.status_bar = StatusBar(look, place if services.config_error is None else None)
        self.key_bar = KeyBar(look)

    @property
    def console_app(self) -> ConsoleApp:
        return cast("ConsoleApp", self.app)

    @property
    def in_front(self) -> bool:
        """It has the keys: no dialog is over it, and no other pane."""
        return self.app.screen is self

    def say(self, status: Status) -> None:
        """Put `status` in the bar at the top."""
        self.status_bar.status = status

    def _compositor_refresh(self) -> None:
        # While updates are batched Textual would draw the whole screen, send nothing of it, and draw it again.
        if self.app._batch_count:
            self.refresh()
        else:
            super()._compositor_refresh()

    def on_screen_resume(self) -> None:
        self.status_bar.running = self.console_app.dbt_running
        self.writes_are(self.console_app.writes)
        self.status_bar.held = bool(self.console_app.holds)
        self.status_bar.escalation = self.console_app.escalation

    def writes_are(self, writes: Writes) -> None:
        """Somebody has seen which writes are in doubt, and who writes."""
        self.status_bar.writes = writes

    def has_been_painted(self) -> None:
        """A picture has gone to the terminal; the first one lets `first_painted` run."""
        if not self._painted:
            self._painted = True
            started()
            # Not a timer of Textual's: one that wakes up late enough leaves its callback out.
            asyncio.get_running_loop().call_later(_WRITTEN_S, self.call_later, self.first_painted)

    def first_painted(self) -> None:
        """The person sees something: whatever is heavy may begin, and keep other threads from running."""

    def refusal(self, action: str) -> str | None:
        """Why an action cannot be had just now; None where it can."""
        return "there is nothing to go back from" if action == "back" and not self.something_is_open() else None

    def pointless(self, action: str) -> bool:
        """Whether a refused action is not even offered in the bar at the bottom."""
        return action == "back"

    def something_is_open(self) -> bool:
        """Whether `back` has something to close."""
        return False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.refusal(action) is None:
            return True
        return False if self.pointless(action) else None

    def looked_at(self) -> None:
        """The terminal has come back into focus."""

    def action_back(self) -> None:
        """Close the innermost thing that is open."""
