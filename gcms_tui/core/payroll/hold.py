"""A hold: while there is one, no payroll goes on past its tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gcms_tui.core.payroll.events import HELD, LIFTED
from gcms_tui.core.payroll.run import By, who
from gcms_tui.core.writing.journal import Entry


@dataclass(frozen=True, slots=True)
class Hold:
    hold_id: str
    """Empty where nobody set it: a critical test fails, and it ends when the test passes."""
    cause: str
    """`critical test`, `incident`, `by hand`."""
    reason: str
    by: By | None = None

    @property
    def words(self) -> str:
        set_by = f" (set by {self.by.person.user} at {self.by.at:%Y-%m-%d %H:%M} UTC)" if self.by else ""
        return f"{self.cause}: {self.reason}{set_by}"


def open_holds(entries: Iterable[Entry]) -> tuple[Hold, ...]:
    """Those set and not lifted, oldest first, by the journal's entries of a target's holds, oldest first.

    An entry that somebody edited holds: what it said is not known.
    """
    found: dict[str, Hold] = {}
    for entry in entries:
        said = entry.said
        hold_id = str(said.get("hold") or f"entry-{entry.sequence}")
        if entry.kind == HELD:
            cause, reason = str(said.get("cause") or "unknown"), str(said.get("reason") or "cannot be read")
            found[hold_id] = Hold(hold_id, cause, reason, who(entry))
        elif entry.kind == LIFTED:
            found.pop(hold_id, None)
    return tuple(found.values())
