"""`gcms-tui incident`: incidents without the console. Each command is imported when it is called."""

from __future__ import annotations

from typing import ClassVar

import click

from gcms_tui.cli.main import LazyGroup


class IncidentGroup(LazyGroup):
    table: ClassVar[dict[str, tuple[str, str]]] = {
        "ack": ("gcms_tui.cli.incident_acts:ack", "Take it, which stops the escalation."),
        "close": ("gcms_tui.cli.incident_acts:close", "Close it, with its cause and what was done."),
        "contacts": ("gcms_tui.cli.incident_show:contacts", "Whom to call, and what of it nobody has filled in."),
        "hand-over": ("gcms_tui.cli.incident_acts:hand_over", "Give it to somebody."),
        "list": ("gcms_tui.cli.incident_show:list_incidents", "The open ones, and whose escalation is overdue."),
        "note": ("gcms_tui.cli.incident_acts:note", "Write something into its log."),
        "notice": ("gcms_tui.cli.incident_notify:notice", "Tell the payroll team of the delay: shown, or sent."),
        "open": ("gcms_tui.cli.incident_acts:open_incident", "Open one, from a finding or by hand."),
        "postmortem": ("gcms_tui.cli.incident_show:postmortem", "Its post-mortem, as Markdown."),
        "show": ("gcms_tui.cli.incident_show:show", "One of them: its clock and its log."),
    }


@click.group(cls=IncidentGroup)
def incident() -> None:
    """An incident: a dated log with an escalation clock.

    \b
    gcms-tui incident open --finding tests.gold --hold
    gcms-tui incident ack last
    gcms-tui incident note last "The duplicates are of Sunday's refresh."
    gcms-tui incident close last --cause "…" --done "…"
    gcms-tui incident postmortem last

    An incident is named by its id, the beginning of it, or `last`. What is refused ends with 65 and names the guard.
    """
