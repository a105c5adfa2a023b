"""Whether an escalation is overdue, and when the next one will be. Pure."""

from __future__ import annotations

from datetime import datetime

from gcms_tui.console.status_bar import Escalation
from gcms_tui.core.incidents.clock import StepState, clock
from gcms_tui.operations.incidents.book import Listed


def standing(listed: Listed, now: datetime) -> tuple[Escalation, float]:
    """What the bar at the top says, and in how many seconds that may change; 0 where it will not."""
    overdue, waiting = 0, list[float]()
    for incident in listed.incidents:
        steps = clock(incident, now)
        overdue += any(step.state is StepState.OVERDUE for step in steps)
        waiting += [step.by.total_seconds() for step in steps if step.state is StepState.WAITING]
    return Escalation(overdue, bool(listed.unreadable)), max(min(waiting), 1.0) if waiting else 0.0
