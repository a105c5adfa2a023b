"""What the page of any step has: what is under way for it, what to press next, and its frame. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from rich.text import Text

from gcms_tui.console.following import is_under_way
from gcms_tui.console.live_words import settled
from gcms_tui.console.run_head import Head
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations import runs

READABLE = 110
_HEAD_HEIGHT = 20
"""As the head of a run's own screen where it has room for who, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Under:
    """What is under way for the step that is shown."""

    look: runs.Look | None = None
    """The dbt run, as it was last seen."""
    judging: bool = False
    since: datetime | None = None
    """Since when it is looked at, where that is done without dbt."""


class Page(Protocol):
    """A step in full."""

    @property
    def step(self) -> object: ...

    def page(self, width: int) -> list[Text]: ...


def readable(width: int) -> int:
    """How wide the text flows."""
    return min(width, READABLE) - 1


def stacked(blocks: Iterable[list[Text]]) -> list[Text]:
    """One below the other, an empty line after each that says something."""
    lines: list[Text] = []
    for block in blocks:
        lines += [*block, Text()] if block else []
    return lines


def under_way_lines(under: Under | None, doing: str, now: datetime, look: Look, wide: int) -> list[Text]:
    """`doing`: in words, where it is no dbt run."""
    palette = look.palette
    if under is None:
        return []
    if under.look is None:
        seconds = 0 if under.since is None else int((now - under.since).total_seconds())
        said = f"{doing}, {seconds} s so far." if under.since else "Looking at its dbt run."
        return flow(Text(said, palette.accent), wide, " ")
    seen = under.look
    head = Head(seen.run, settled(seen.run, seen.progress), seen.remaining_s, "", None, now, _HEAD_HEIGHT, look)
    lines = head.lines(wide)
    if under.judging:
        lines += flow(Text("dbt has ended; what it left is being judged.", palette.accent), wide, "   ")
    return lines


def under_way_words(under: Under) -> str:
    """What to press meanwhile; empty where nothing is to be pressed."""
    dbt = under.look is not None and is_under_way(under.look.run)
    return "d shows its nodes, x asks dbt to stop. Esc leaves it running." if dbt else ""


def next_lines(said: str, look: Look, wide: int, *, loud: bool) -> list[Text]:
    """What to press next; `loud`: something stands against it."""
    if not said:
        return []
    palette, glyphs = look.palette, look.glyphs
    text = f"{glyphs.arrow} {glyphs.text(said, 1_000)}"
    return flow(Text(text, palette.warn if loud else palette.accent), wide, " ")


def page_text(page: Page) -> str:
    """The page as plain text."""
    return "\n".join(line.plain.rstrip() for line in page.page(READABLE)).rstrip()
