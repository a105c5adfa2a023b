"""Who has to know that a table was written to."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from textual.app import App


@runtime_checkable
class Concerned(Protocol):
    """A screen that shows what was read from a table."""

    def has_been_written(self, name: str) -> None: ...


def tell_written(app: App[object], name: str) -> None:
    """Every screen below the one in front hears it, and shows nothing as new that is from before."""
    for screen in app.screen_stack:
        if isinstance(screen, Concerned):
            screen.has_been_written(name)
