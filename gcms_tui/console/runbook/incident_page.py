"""One incident: what it is about, its escalation clock, and everything that was done about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from gcms_tui.console.runbook.words import incident_state
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.plan_page import heading, labelled
from gcms_tui.core.conclusion import counted
from gcms_tui.core.incidents.clock import ClockStep, StepState, named
from gcms_tui.core.incidents.escalation import PathStep
from gcms_tui.core.incidents.incident import Incident
from gcms_tui.core.incidents.postmortem import timeline
from gcms_tui.core.payroll.run import moment
from gcms_tui.core.procedures.cadence import Calendar, local_text

_MARKS = {StepState.TOLD: ("✓", "+"), StepState.OVERDUE: ("✗", "x"), StepState.WAITING: ("○", "o"),
          StepState.STOPPED: ("-", "-")}  # fmt: skip


def incident_lines(
    incident: Incident,
    clock: Sequence[ClockStep],
    path: Sequence[PathStep],
    calendar: Calendar,
    look: Look,
    wide: int,
) -> list[Text]:
    """Everything that is known of it, what cannot wait first."""
    palette, text = look.palette, look.glyphs.text
    overdue = any(step.state is StepState.OVERDUE for step in clock)
    title = incident_state(incident, overdue=overdue, look=look)
    title.append(f"  {text(incident.title, 300)}", f"bold {palette.strong}")
    lines = [*flow(title, wide, " "), Text()]
    owner = incident.owner or "nobody has taken it"
    pairs = [("incident", incident.incident_id), ("with", owner), ("severity", incident.severity.value)]
    opened = f"{local_text(incident.opened.at, calendar)} by {incident.opened.person.user}"
    pairs += [("opened", opened), ("section", incident.section), ("continues", incident.follows)]
    if incident.closed is not None:
        closed = incident.closed
        pairs += [("closed", f"{local_text(closed.by.at, calendar)} by {closed.by.person.user}")]
        pairs += [("cause", closed.cause), ("done", closed.done), ("run", closed.run)]
    for label, value in pairs:
        lines += labelled(label, value, look, wide) if value else []
    lines += [Text(), *clock_lines(clock, path, calendar, look, wide)]
    finding = incident.finding
    if finding is not None:
        lines += [Text(), heading("Opened from", look)]
        said = f"{finding.name} {finding.verdict}: {finding.summary}"
        lines += flow(Text(text(said, 1_000), palette.text), wide, " ")
        if finding.total:
            rows = f"{counted(finding.total, 'row')}: {', '.join(finding.rows) or 'not kept'}"
            lines += flow(Text(text(rows, 1_000), palette.muted), wide, " ")
    for hold in incident.holds:
        lines += labelled("payroll hold", hold, look, wide, palette.warn)
    lines += [Text(), heading("Log", look, len(incident.entries))]
    for entry, words in timeline(incident, path):
        lines += flow(Text(f"{local_text(moment(entry), calendar)}  {text(entry.user, 40)}", palette.faint), wide, " ")
        lines += flow(Text(text(words, 1_000), palette.text), wide, "   ")
    return lines


def clock_lines(
    clock: Sequence[ClockStep], path: Sequence[PathStep], calendar: Calendar, look: Look, wide: int
) -> list[Text]:
    """Whom it tells, and when, in words and a symbol."""
    palette = look.palette
    tints = {StepState.TOLD: palette.ok, StepState.OVERDUE: f"bold {palette.fail}", StepState.WAITING: palette.text,
             StepState.STOPPED: palette.faint}  # fmt: skip
    lines = [heading("Escalation", look)]
    for step in clock:
        mark = _MARKS[step.state][look.glyphs.ascii]
        said = f"{mark} {step.number} {look.glyphs.text(named(step, path), 100)}: {step.words}"
        line = Text(said, tints[step.state]).append(f"  {local_text(step.at, calendar)}", palette.faint)
        lines += flow(line, wide, " ")
    if not clock:
        lines += flow(Text("Nobody is configured to be told: [contacts] escalation.", palette.warn), wide, " ")
    return lines
