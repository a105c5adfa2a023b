"""What the page of any step has: what is under way for it, what to press next, and its frame. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text

from gcms_tui.console.dialogs import error_page
from gcms_tui.console.following import is_under_way
from gcms_tui.console.live_words import settled
from gcms_tui.console.run_head import Head
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations import runs

_READABLE = 110
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


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPage:
    """Builds the page. A subclass says what is told of its kind of step."""

    LOOKING: ClassVar[str] = "Looking"
    """What is being done, where it is no dbt run."""

    step: object
    under: Under | None
    """None where nothing is under way for this step."""
    error: GcmsError | None
    """Why it could not be done, where somebody tried just now."""
    read_only: str
    """Why nothing may be recorded here; empty where it may."""
    now: datetime
    look: Look

    def page(self, width: int) -> list[Text]:
        wide = min(width, _READABLE) - 1
        blocks = (
            self.standing_lines(wide),
            self._under_way(wide),
            error_page(self.error, self.look, wide) if self.error is not None else [],
            self._next(wide),
            *self.told(wide),
        )
        lines: list[Text] = []
        for block in blocks:
            lines += [*block, Text()] if block else []
        return lines

    def text(self) -> str:
        """The page as plain text."""
        return "\n".join(line.plain.rstrip() for line in self.page(_READABLE)).rstrip()

    def _under_way(self, wide: int) -> list[Text]:
        under, palette = self.under, self.look.palette
        if under is None:
            return []
        if under.look is None:
            seconds = 0 if under.since is None else int((self.now - under.since).total_seconds())
            said = f"{self.LOOKING}, {seconds} s so far." if under.since else "Looking at its dbt run."
            return flow(Text(said, palette.accent), wide, " ")
        seen = under.look
        progress = settled(seen.run, seen.progress)
        head = Head(seen.run, progress, seen.remaining_s, "", None, self.now, _HEAD_HEIGHT, self.look)
        lines = head.lines(wide)
        if under.judging:
            lines += flow(Text("dbt has ended; what it left is being judged.", palette.accent), wide, "   ")
        return lines

    def _next(self, wide: int) -> list[Text]:
        said, loud = self.next_words() if self.under is None else (self._meanwhile(self.under), False)
        if not said:
            return []
        palette, glyphs = self.look.palette, self.look.glyphs
        text = f"{glyphs.arrow} {glyphs.text(said, 1_000)}"
        return flow(Text(text, palette.warn if loud else palette.accent), wide, " ")

    @staticmethod
    def _meanwhile(under: Under) -> str:
        """What to press while it is under way; empty where nothing is to be pressed."""
        dbt = under.look is not None and is_under_way(under.look.run)
        return "d shows its nodes, x asks dbt to stop. Esc leaves it running." if dbt else ""

    # -- what a subclass does ---------------------------------------------------------------------------------------

    def standing_lines(self, wide: int) -> list[Text]:
        """How the step stands, and why."""
        raise NotImplementedError

    def next_words(self) -> tuple[str, bool]:
        """What to press next for the step, and whether something stands against it. Nothing is under way."""
        raise NotImplementedError

    def told(self, wide: int) -> tuple[list[Text], ...]:
        """What else there is to be read of it."""
        raise NotImplementedError
