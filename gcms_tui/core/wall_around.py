"""What the wall says beside the findings: what is due, who is on call, what holds payroll, how many incidents are open.

Nobody is named but whom the configuration names as on call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gcms_tui.core.incidents.contacts import Contact
from gcms_tui.core.procedures.cadence import BoardLine, Calendar, Due, local_text

_MOST_DUE = 3


@dataclass(frozen=True, slots=True)
class Around:
    """None stands for what could not be read."""

    due: tuple[str, ...] | None = None
    """What is overdue or due first; where nothing is, what comes next."""
    late: bool = False
    """Something is overdue."""
    on_call: str = ""
    flag: str = ""
    """What is wrong with whom to call; empty where nothing is."""
    holds: tuple[str, ...] | None = None
    """What holds payroll, by its cause."""
    incidents: int | None = None
    """How many are open."""


def due_words(lines: Iterable[BoardLine], where: Calendar) -> tuple[tuple[str, ...], bool]:
    """What is to be done, and whether some of it is overdue. Who did what is not said."""
    lines = tuple(lines)
    waiting = sorted(
        (line for line in lines if line.due in (Due.OVERDUE, Due.DUE) and line.due_at is not None),
        key=lambda line: (line.due is not Due.OVERDUE, line.due_at),
    )
    if waiting:
        said = [
            f"{line.name} {line.due.value} since {local_text(line.due_at, where)}" for line in waiting if line.due_at
        ]
        more = (f"{len(said) - _MOST_DUE} more",) if len(said) > _MOST_DUE else ()
        return (*said[:_MOST_DUE], *more), waiting[0].due is Due.OVERDUE
    unknown = tuple(f"{line.name}: whether it is due is not known" for line in lines if line.due is Due.UNKNOWN)
    coming = min((line for line in lines if line.next_at), key=lambda line: str(line.next_at), default=None)
    if coming is not None and coming.next_at is not None:
        return (*unknown, f"next {coming.name} {local_text(coming.next_at, where)}"), False
    return unknown, False


def on_call(contacts: Iterable[Contact]) -> tuple[str, str]:
    """How whoever is on call is reached, and what is wrong with that."""
    found = next((contact for contact in contacts if contact.role == "on call"), None)
    return ("", "nobody is configured") if found is None else (found.reached, found.flag)
