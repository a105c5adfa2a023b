"""What incidents are worked on with, by the console and by the commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.finding import Finding, HealthReport
from gcms_tui.core.incidents.clock import ClockStep, clock, local
from gcms_tui.core.incidents.contacts import Contact
from gcms_tui.core.incidents.escalation import PathStep
from gcms_tui.core.incidents.incident import Incident
from gcms_tui.core.incidents.postmortem import postmortem
from gcms_tui.core.notices import Notice, payroll_delayed
from gcms_tui.operations.incidents.book import IncidentBook
from gcms_tui.operations.incidents.incidents import Incidents
from gcms_tui.operations.incidents.watch import Watch
from gcms_tui.operations.notices import Notices


@dataclass(frozen=True, slots=True)
class IncidentDesk:
    """Of one target. Nothing was opened or read for it yet."""

    book: IncidentBook
    acts: Incidents | None
    """None where nothing may be written."""
    notices: Notices
    watch: Watch
    path: tuple[PathStep, ...]
    contacts: tuple[Contact, ...]
    zone: ZoneInfo
    """The runbook's."""
    last_health: Callable[[], HealthReport | None]
    now: Callable[[], datetime]
    read_only_reason: str = ""

    def required_acts(self) -> Incidents:
        """Raises `Refused` (guard `read_only`) where nothing may be written."""
        if self.acts is None:
            raise Refused("Read-only", f"Nothing may be written here: {self.read_only_reason}.", guard="read_only")
        return self.acts

    def clock(self, incident: Incident) -> tuple[ClockStep, ...]:
        return clock(incident, self.now())

    def postmortem(self, incident: Incident) -> str:
        return postmortem(incident, self.path, self.zone)

    def delay_notice(self, incident: Incident) -> Notice:
        """For the payroll team, ready to be sent."""
        return payroll_delayed(
            incident.target,
            incident.incident_id,
            incident.title,
            local(incident.opened.at, self.zone),
            closed=not incident.is_open,
        )

    def finding(self, name: str) -> Finding:
        """As it was when this target was last looked at. Raises `UsageError`."""
        report = self.last_health()
        if report is None or report.target != self.book.target:
            raise UsageError("Nothing is known", f"{self.book.target} has not been looked at.", "gcms-tui health")
        found = report.finding(name)
        if found is None:
            names = ", ".join(item.name for item in report.findings)
            raise UsageError("No such finding", f"{name!r} is none of the findings.", f"There are: {names}.")
        return found
