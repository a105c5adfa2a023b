"""What the journal says of a payroll run. Every entry about it has the run's id as its subject.

A run is nothing but its entries, folded in their order: whoever changes one breaks the journal's chain. No entry holds
a name, an address or a single person's amount; musicians are known by their ids. The payloads:

- `OPENED`: concert, title, date (ISO or None), target, fact (the table).
- `CHECKED` (freshness, models, tests): step, passed, words, and what the step adds: freshness `sources` [{table,
  verdict, words, loaded_at}], `within_h`, `query_ids`; models `run` (of dbt) and `argv`; tests `run`, `argv`, `tests`
  (how many passed), `baseline`, `critical` and `problems` [words], `query_ids`, and `frozen` (`Frozen.document`) where
  passed.
- `STARTED` (models, tests): step, run (of dbt), argv, and of the tests fingerprint and payees as they were before. It
  is the intent: once more with `not_started` (why), where it could not be started.
- `SAMPLED`: rows [{row, reasons: [..]}], variance (a document without a single person's amount).
- `TICKED`: row, verdict `ok`, `query` or `answered`, note.
- `EXPORTED`: fingerprint, payees, host, directory, files {name: sha256}, file (the CSV's name), sha256, manifest (its
  sha256), bytes, entries, net, query_ids.
- `SIGNED`: role, says, statement (the text), sha256 (the file's), signature (an armoured one, or empty), key.
- `REJECTED`: role, reason. `VOIDED`: why, found {fingerprint, payees} of the data as it is now.
- `RELEASED`: host, directory, file, sha256, by_hand (False: with the third signature).
- `RECORDED`: write, plan, date, entries, net, already (True: it was found recorded, nothing was written).
- `ARCHIVED`: write, table, kind (permanent, transient), fingerprint, alike (False: alarm).
- `CLOSED`: exceptions, markdown_sha256. `ABANDONED`: reason, withdrawn.
- `HELD`, `LIFTED` have `hold_subject` of a target as subject: hold (its id), cause, reason; hold, reason.
- `REVEALED`: what (`spot check`).
"""

from __future__ import annotations

OPENED = "payroll.opened"
CHECKED = "payroll.checked"
STARTED = "payroll.started"
SAMPLED = "payroll.sampled"
TICKED = "payroll.ticked"
EXPORTED = "payroll.exported"
SIGNED = "payroll.signed"
REJECTED = "payroll.rejected"
VOIDED = "payroll.voided"
RELEASED = "payroll.released"
RECORDED = "payroll.recorded"
ARCHIVED = "payroll.archived"
CLOSED = "payroll.closed"
ABANDONED = "payroll.abandoned"
REVEALED = "payroll.revealed"

HELD = "payroll.held"
LIFTED = "payroll.lifted"


def hold_subject(target: str) -> str:
    """What the entries about a target's holds have as their subject."""
    return f"payroll-hold:{target}"
