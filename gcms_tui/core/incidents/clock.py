"""The escalation clock: nothing ticks, it is what the journal's moments and the present one say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gcms_tui.core.duration import seconds_text
from gcms_tui.core.incidents.escalation import PathStep
from gcms_tui.core.incidents.incident import Escalated, Incident


class StepState(StrEnum):
    TOLD = "told"
    OVERDUE = "overdue"
    """Its moment has come, and nothing says that it was told."""
    WAITING = "waiting"
    STOPPED = "stopped"
    """Somebody took the incident, or closed it, before its moment."""


@dataclass(frozen=True, slots=True)
class ClockStep:
    """One step of the escalation as it stands at some moment."""

    number: int
    """From 1."""
    at: datetime
    """When it is to be told: absolute, whatever was restarted since."""
    state: StepState
    by: timedelta
    """How long it is overdue, or how long it still waits; nothing where it is told or stopped."""
    told: Escalated | None = None

    @property
    def words(self) -> str:
        if self.told is not None:
            return f"told {self.told.by.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        match self.state:
            case StepState.OVERDUE:
                return f"overdue by {seconds_text(self.by.total_seconds())}"
            case StepState.WAITING:
                return f"in {seconds_text(self.by.total_seconds())}"
        return self.state.value


def clock(incident: Incident, now: datetime) -> tuple[ClockStep, ...]:
    """Every step. A clock that was set back counts from the latest moment the journal knows: what has been overdue by
    then stays so, and what was told stays told."""
    now = max(now, incident.last_at)
    stopped = _stopped_at(incident)
    return tuple(
        _step(number, incident.opened.at + after, incident.escalated.get(number), stopped, now)
        for number, after in enumerate(incident.escalation, start=1)
    )


def due(incident: Incident, now: datetime) -> tuple[ClockStep, ...]:
    """What is to be told now: nothing of an incident that somebody took or closed, whenever it is looked at."""
    return tuple(step for step in clock(incident, now) if step.state is StepState.OVERDUE)


def named(step: ClockStep, path: Sequence[PathStep]) -> str:
    """Whom it tells, as it is configured now; the path may have been changed since the incident was opened."""
    return path[step.number - 1].who if step.number <= len(path) else f"step {step.number}"


def zone_of(name: str) -> ZoneInfo:
    """The runbook's timezone; UTC where the machine knows none of that name: the clock itself does not need it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def local(moment: datetime, zone: ZoneInfo) -> str:
    """In the runbook's zone, named: one local time comes twice in the night when summer time ends."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _stopped_at(incident: Incident) -> datetime | None:
    moments = [
        by.at for by in (incident.acknowledged, incident.closed.by if incident.closed else None) if by is not None
    ]
    return min(moments, default=None)


def _step(number: int, at: datetime, told: Escalated | None, stopped: datetime | None, now: datetime) -> ClockStep:
    nothing = timedelta()
    if told is not None:
        return ClockStep(number, at, StepState.TOLD, nothing, told)
    if stopped is not None:
        return ClockStep(number, at, StepState.STOPPED, nothing)
    if at <= now:
        return ClockStep(number, at, StepState.OVERDUE, now - at)
    return ClockStep(number, at, StepState.WAITING, at - now)
