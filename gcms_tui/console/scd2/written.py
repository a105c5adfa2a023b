"""Who has to know that a table was written to."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from textual.app import App


@runtime_checkable
class Concerned(Protocol):
    """A screen that shows what was read from a table."""

    def has_been_written(self, table: str) -> None:
        """`table`: as a plan names it."""


def tell_written(app: App[Any], table: str) -> None:
    """Every screen of every pane hears it, and shows nothing as new that is from before.

    `App.screen_stack` holds the pane in front alone, and a write may begin in another than shows the table.
    """
    for stack in app._screen_stacks.values():
        for screen in stack:
            if isinstance(screen, Concerned):
                screen.has_been_written(table)
