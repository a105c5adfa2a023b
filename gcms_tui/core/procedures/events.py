"""What the journal says of a procedure that was opened. Every entry about it has its id as its subject.

It is nothing but its entries, folded in their order. Each has `number`, from 1 without gaps: one that somebody removes
is missed. No entry holds a name, an address or a single person's amount. The payloads:

- `OPENED`: procedure, target, about (a model, or empty).
- `STARTED`: step, and run (of dbt) with argv, or desk. It is the intent: once more with `not_started` (why) where it
  could not be started, or was refused.
- `DONE`: step, verdict, words, evidence [words], and ids: run (of dbt), plan, write, job, incident, whatever it has.
- `SKIPPED`: step, reason, override (True: a gate, which then counts as passed).
- `CLOSED`: verdict, words. `ABANDONED`: reason.
"""

from __future__ import annotations

OPENED = "procedure.opened"
STARTED = "procedure.started"
DONE = "procedure.step"
SKIPPED = "procedure.skipped"
CLOSED = "procedure.closed"
ABANDONED = "procedure.abandoned"

EVERY = "procedure."
"""What all their kinds begin with."""
SUBJECT = "proc-"
"""What all their subjects begin with."""
