"""What the journal says of an incident. Every entry about it has the incident's id as its subject.

An incident is nothing but its entries, folded in their order. No entry holds what rows hold: of a finding's evidence
only what its rows are called is kept, and no address. The payloads:

- `OPENED`: target, title, section, severity, critical_test, follows (the incident that it continues, or empty),
  escalation [minutes, one for each step], finding (None, or {name, verdict, summary, taken_at, rows: [names], total}).
- `NOTED`: note. `HELD`: hold (its id). `HANDED_OVER`: to, note.
- `ACKNOWLEDGED`: nothing; once for each incident.
- `ESCALATED` followed by the step's number: step, channels (how many were reached); once for each step.
- `CLOSED`: cause, done, run (whose tests failed, or empty); once for each incident.
"""

from __future__ import annotations

ALL = "incident."
OPENED = "incident.opened"
NOTED = "incident.noted"
HELD = "incident.held"
HANDED_OVER = "incident.handed_over"
ACKNOWLEDGED = "incident.acknowledged"
ESCALATED = "incident.escalated."
CLOSED = "incident.closed"


def escalated(step: int) -> str:
    """The kind of the entry that step number `step` was told: of two who tell it at once, one writes it."""
    return f"{ESCALATED}{step}"
