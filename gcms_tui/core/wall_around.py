"""What the wall says beside the findings: what is due, who is on call, what holds payroll, how many incidents are open.

Nobody is named but whom the configuration names as on call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gcms_tui.core.conclusion import counted
from gcms_tui.core.incidents.contacts import Contact
from gcms_tui.core.procedures.cadence import BoardLine, Calendar, Due, local_text
from gcms_tui.core.verdict import Verdict, worst


@dataclass(frozen=True, slots=True)
class Around:
    """None stands for what could not be read."""

    due: tuple[str, ...] | None = None
    """What is overdue or due first; where nothing is, what comes next."""
    verdict: Verdict = Verdict.OK
    """Of what is due: WARN where something is overdue, UNKNOWN where something may be that nobody can tell of."""
    on_call: str = ""
    flag: str = ""
    """What is wrong with whom to call; empty where nothing is."""
    holds: tuple[str, ...] | None = None
    """What holds payroll, by its cause."""
    incidents: int | None = None
    """How many are open."""


def due_words(
    lines: Iterable[BoardLine], where: Calendar, unreadable: Sequence[str] = ()
) -> tuple[tuple[str, ...], Verdict]:
    """What is to be done, and what that comes to. Who did what is not said.

    `unreadable`: records of procedures that somebody edited, and that may have been done.
    """
    lines = tuple(lines)
    unknown = tuple(f"{line.name}: whether it is due is not known" for line in lines if line.due is Due.UNKNOWN)
    unknown += (f"{counted(len(unreadable), 'record')} cannot be read",) if unreadable else ()
    verdict = Verdict.UNKNOWN if unknown else Verdict.OK
    waiting = sorted(
        (line for line in lines if line.due in (Due.OVERDUE, Due.DUE) and line.due_at is not None),
        key=lambda line: (line.due is not Due.OVERDUE, line.due_at),
    )
    if waiting:
        said = [_since([line for line in waiting if line.due is due], due, where) for due in (Due.OVERDUE, Due.DUE)]
        late = Verdict.WARN if waiting[0].due is Due.OVERDUE else Verdict.OK
        return (*filter(None, said), *unknown), worst((late, verdict))
    coming = min((line for line in lines if line.next_at), key=lambda line: str(line.next_at), default=None)
    if coming is not None and coming.next_at is not None:
        return (*unknown, f"next {coming.name} {local_text(coming.next_at, where)}"), verdict
    return unknown, verdict


def _since(lines: Sequence[BoardLine], due: Due, where: Calendar) -> str:
    """All their names first: there may not be room for the times."""
    moments = [line.due_at for line in lines if line.due_at is not None]
    if not moments:
        return ""
    oldest = "the oldest " if len(moments) > 1 else ""
    return f"{', '.join(line.name for line in lines)} {due.value}, {oldest}since {local_text(min(moments), where)}"


def on_call(contacts: Iterable[Contact]) -> tuple[str, str]:
    """How whoever is on call is reached, and what is wrong with that."""
    found = next((contact for contact in contacts if contact.role == "on call"), None)
    return ("", "nobody is configured") if found is None else (found.reached, found.flag)
