"""A pane that looks again by itself when it is time, and not while nobody looks at it."""

from __future__ import annotations

from textual.timer import Timer

from gcms_tui.console.pane import Loader, Pane
from gcms_tui.console.present import interval_text
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look


class TimedPane(Pane):
    """The clock alone: a subclass looks with its `_loader`, and draws."""

    _loader: Loader

    def __init__(self, services: ConsoleServices, look: Look) -> None:
        super().__init__(services, look)
        self._failures = 0
        self._overdue = False
        self._next: Timer | None = None

    def look_again(self) -> None:
        """Start a look off the loop, unless one is under way."""
        raise NotImplementedError

    def draw(self) -> None:
        """Tell everything anew."""
        raise NotImplementedError

    def _look_begins(self) -> None:
        """A look is under way."""
        self._overdue = False
        if self._next is not None:
            self._next.stop()

    def _look_in(self, delay_s: float | None) -> None:
        """A look has ended; the next one comes then, or where it is asked for."""
        if self._next is not None:
            self._next.stop()
        self._next = None if delay_s is None else self.set_timer(delay_s, self.due)
        self.draw()
        self.refresh_bindings()

    def due(self) -> None:
        """It is time to look again; but nothing is asked while nobody looks."""
        if self.app.app_focus and self.console_app.pane is self:
            self.look_again()
        else:
            self._overdue = True
            self.draw()

    def looked_at(self) -> None:
        if self._overdue:
            self.look_again()

    def on_screen_resume(self) -> None:
        self.looked_at()

    # -- in words ---------------------------------------------------------------------------------------------------

    def _refresh_text(self) -> tuple[str, ...]:
        every = self.services.refresh_s
        if self._loader.busy:
            return ("checking",)
        if self._overdue:
            return "paused while not in focus", "paused"
        if every is None:
            return "refresh on demand", "on demand"
        return (self._next_text(every),)

    def _next_text(self, every_s: float) -> str:
        return f"every {interval_text(every_s)}"
