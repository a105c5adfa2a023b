"""An incident as the journal tells it: its entries folded into what happened, who took it, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from gcms_tui.core.incidents import events
from gcms_tui.core.payroll.run import By, moment, who
from gcms_tui.core.writing.journal import Entry, is_edited


class Severity(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Origin:
    """The finding that it was opened from, as it was then."""

    name: str
    verdict: str
    summary: str
    taken_at: datetime
    rows: tuple[str, ...] = ()
    """What the evidence's rows are called; never what they hold."""
    total: int = 0
    """How many rows there were."""


@dataclass(frozen=True, slots=True)
class Note:
    by: By
    text: str


@dataclass(frozen=True, slots=True)
class HandedOver:
    by: By
    to: str
    note: str


@dataclass(frozen=True, slots=True)
class Escalated:
    """One step that was told."""

    by: By
    step: int
    channels: int


@dataclass(frozen=True, slots=True)
class Closed:
    by: By
    cause: str
    done: str
    run: str
    """dbt's run whose tests failed; empty where none did."""


@dataclass(frozen=True, slots=True)
class Incident:
    incident_id: str
    target: str
    title: str
    section: str
    """The runbook's."""
    severity: Severity
    critical_test: bool
    """A critical test failed: closing it names the run."""
    opened: By
    escalation: tuple[timedelta, ...]
    """After how long each step is told, as it was configured when it was opened."""
    follows: str = ""
    finding: Origin | None = None
    notes: tuple[Note, ...] = ()
    holds: tuple[str, ...] = ()
    """Holds of payroll that it set. They outlive it."""
    handed_over: tuple[HandedOver, ...] = ()
    acknowledged: By | None = None
    owner: str = ""
    """The login of whoever took it, or was given it last; empty where nobody was."""
    escalated: Mapping[int, Escalated] = field(default_factory=dict)
    closed: Closed | None = None
    entries: tuple[Entry, ...] = field(default=(), repr=False)
    """Everything the journal says of it, oldest first."""

    @property
    def is_open(self) -> bool:
        return self.closed is None

    @property
    def state(self) -> str:
        if self.closed is not None:
            return "closed"
        return "acknowledged" if self.acknowledged is not None else "open"

    @property
    def last_at(self) -> datetime:
        """The latest moment that its entries know: a clock may have been set back between two of them."""
        return max(map(moment, self.entries), default=self.opened.at)


def fold(entries: Iterable[Entry]) -> Incident:
    """The incident that these entries, oldest first, tell of.

    Raises `ValueError` where they tell of none: where somebody edited the journal.
    """
    told = tuple(entries)
    for entry in told:
        if is_edited(entry):
            raise ValueError(f"entry {entry.sequence} is not what it was written with: it was edited")
    if not told or told[0].kind != events.OPENED:
        raise ValueError("the entries do not begin with the opening of an incident")
    try:
        incident = _opened(told[0])
        for entry in told[1:]:
            kind = events.ESCALATED if entry.kind.startswith(events.ESCALATED) else entry.kind
            change = _CHANGES.get(kind)
            incident = change(incident, entry, entry.said) if change else incident
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"an entry cannot be read: {type(error).__name__}: {error}") from None
    return replace(incident, entries=told)


def _opened(entry: Entry) -> Incident:
    said = entry.said
    finding = said["finding"]
    return Incident(
        incident_id=entry.subject,
        target=str(said["target"]),
        title=str(said["title"]),
        section=str(said["section"]),
        severity=Severity(said["severity"]),
        critical_test=said["critical_test"] is True,
        opened=who(entry),
        escalation=tuple(timedelta(minutes=float(minutes)) for minutes in said["escalation"]),
        follows=str(said["follows"]),
        finding=None if finding is None else _origin(finding),
    )


def _origin(said: Mapping[str, Any]) -> Origin:
    return Origin(
        str(said["name"]),
        str(said["verdict"]),
        str(said["summary"]),
        datetime.fromisoformat(said["taken_at"]),
        tuple(map(str, said["rows"])),
        int(said["total"]),
    )


def _noted(incident: Incident, entry: Entry, said: Mapping[str, Any]) -> Incident:
    return replace(incident, notes=(*incident.notes, Note(who(entry), str(said["note"]))))


def _held(incident: Incident, entry: Entry, said: Mapping[str, Any]) -> Incident:
    return replace(incident, holds=(*incident.holds, str(said["hold"])))


def _handed_over(incident: Incident, entry: Entry, said: Mapping[str, Any]) -> Incident:
    handed = HandedOver(who(entry), str(said["to"]), str(said["note"]))
    return replace(incident, handed_over=(*incident.handed_over, handed), owner=handed.to)


def _acknowledged(incident: Incident, entry: Entry, said: Mapping[str, Any]) -> Incident:
    return incident if incident.acknowledged else replace(incident, acknowledged=who(entry), owner=entry.user)


def _escalated(incident: Incident, entry: Entry, said: Mapping[str, Any]) -> Incident:
    step = Escalated(who(entry), int(said["step"]), int(said["channels"]))
    return replace(incident, escalated={step.step: step, **incident.escalated})


def _closed(incident: Incident, entry: Entry, said: Mapping[str, Any]) -> Incident:
    if incident.closed is not None:
        return incident
    return replace(incident, closed=Closed(who(entry), str(said["cause"]), str(said["done"]), str(said["run"])))


_Change = Callable[[Incident, Entry, Mapping[str, Any]], Incident]

_CHANGES: Mapping[str, _Change] = {
    events.NOTED: _noted,
    events.HELD: _held,
    events.HANDED_OVER: _handed_over,
    events.ACKNOWLEDGED: _acknowledged,
    events.ESCALATED: _escalated,
    events.CLOSED: _closed,
}
