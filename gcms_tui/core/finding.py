"""What a check answers: a verdict with its value, its evidence, and where it all comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from datetime import date, datetime
from decimal import Decimal

from gcms_tui.core.frozen import frozen
from gcms_tui.core.verdict import Verdict, worst

EVIDENCE_LIMIT = 200
"""The most evidence rows a finding keeps."""

LONGEST_CELL = 16_000
"""The most characters of a text that evidence keeps: a warehouse's single value may have millions."""

Scalar = str | int | float | bool | Decimal | datetime | date | None
"""What a cell may hold. Amounts are `Decimal`; a `datetime` is always aware and in UTC."""


@frozen
class Provenance:
    """Where a figure comes from."""

    source: str
    """The query file (`queries/source_freshness.sql`) or the artifact that was read."""
    statement: str = ""
    """The SQL as it was run, or the argv; empty for a file."""
    binds: tuple[Scalar, ...] = ()
    query_id: str | None = None


@frozen
class Evidence:
    """The rows behind a verdict, capped."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Scalar, ...], ...] = ()
    total: int = 0
    """How many rows there are in all; more than `len(rows)` where they were capped."""

    @classmethod
    def of(cls, columns: Iterable[str], rows: Sequence[tuple[Scalar, ...]], total: int | None = None) -> Evidence:
        """The first rows of `rows`; `total` where the database itself sent fewer than it found."""
        kept = tuple(tuple(cut_cell(cell) for cell in row) for row in rows[:EVIDENCE_LIMIT])
        return cls(tuple(columns), kept, max(len(rows), total or 0))


@frozen
class Finding:
    """The answer of one check at one moment."""

    name: str
    """Stable and dotted: `freshness.supabase_attendance`."""
    section: str
    """The runbook's section: `Daily 2`."""
    verdict: Verdict
    summary: str
    """One sentence a person can act on."""
    taken_at: datetime
    value: Scalar = None
    """The measured figure; None where nothing could be measured."""
    unit: str = ""
    target: str = ""
    """What is wanted: `< 24 h`."""
    alert: str = ""
    """From where on it fails: `> 48 h`."""
    elapsed_ms: int = 0
    provenance: tuple[Provenance, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)
    next_step: str = ""
    """What to do now; empty where all is well."""


@frozen
class HealthReport:
    """All findings of one pass over one target."""

    target: str
    """dbt's target name as resolved."""
    taken_at: datetime
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    """What to know beside the findings: that this report could not be kept, for instance."""

    @property
    def verdict(self) -> Verdict:
        return worst(finding.verdict for finding in self.findings)

    def finding(self, name: str) -> Finding | None:
        return next((finding for finding in self.findings if finding.name == name), None)

    def updated(self, newer: HealthReport) -> HealthReport:
        """This report with the findings of a `newer` one, perhaps partial, in their places."""
        fresh = {finding.name: finding for finding in newer.findings}
        kept = tuple(fresh.pop(finding.name, finding) for finding in self.findings)
        return replace(newer, findings=kept + tuple(fresh.values()))


@frozen
class Point:
    """One past value of a finding."""

    taken_at: datetime
    verdict: Verdict
    value: Scalar


def cut_cell(cell: Scalar) -> Scalar:
    """The cell, a text no longer than `LONGEST_CELL`."""
    return f"{cell[: LONGEST_CELL - 1]}…" if isinstance(cell, str) and len(cell) > LONGEST_CELL else cell
