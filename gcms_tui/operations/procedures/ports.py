"""What steps ask of other desks.

Looks (a CHECK step's `desk`): `counts-before`, `counts-after`, `airbyte`, `supabase`, `where-stopped`,
`compare-targets`, `monthly-report`. Works (a PLAN step's): `backup`, `docs-serve`, `hold`, `sync`. One that is not
there is refused, with the command and the pane to use instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gcms_tui.core.finding import Finding, HealthReport
from gcms_tui.core.procedures.run import ProcedureRun
from gcms_tui.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step came to. It is journalled whole: no name, no address, no single person's amount."""

    verdict: Verdict
    words: str
    evidence: tuple[str, ...] = ()
    """Lines behind the words: a table with its counts before and after, a host and its last job."""
    ids: Mapping[str, str] = field(default_factory=dict)
    """`plan`, `write`, `job`, `incident`, `backup`: whatever it can be found by. A later step reads them in the run:
    `run.did["backup"].ids["backup"]`."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a PLAN step would do: shown, confirmed, and carried out exactly so."""

    lines: tuple[str, ...]
    """For people: statements, tables, expected counts."""
    confirmation: str = ""
    """What has to be typed; empty where a plain yes will do."""
    wants_reason: bool = False
    plan: object = None
    """The desk's own frozen plan, or plans."""
    after: int = 0
    """The entry by which the step was done when this was shown; 0 where it had not been."""


class StepLook(Protocol):
    """Reads, and changes nothing. Blocking I/O."""

    def look(self, run: ProcedureRun | None) -> Outcome:
        """`run` is None where nothing is recorded. Raises `GcmsError` where it cannot look at all."""
        ...


class StepWork(Protocol):
    """Does something, guarded. Built only where writing is allowed. Blocking I/O."""

    def offer(self, run: ProcedureRun) -> Offer:
        """Raises `GcmsError`; nothing has been done then."""
        ...

    def carry_out(self, run: ProcedureRun, offer: Offer, typed: str, reason: str) -> Outcome:
        """Raises `Refused` where a guard said no and nothing was done; other `GcmsError` where it failed or is not
        known, which is journalled as UNKNOWN."""
        ...


class Examiner(Protocol):
    """The morning check: `operations.health.Health`."""

    def names(self) -> tuple[str, ...]: ...

    def examine(self, only: tuple[str, ...] | None = None) -> HealthReport: ...


def worded(finding: Finding) -> str:
    """One finding as it is journalled. Of payments only how many differ: the summary has amounts in it."""
    if finding.name.startswith(("payroll.", "metric.payroll")):
        return f"{finding.name} {finding.verdict.name}: {finding.value if finding.value is not None else 'not known'}"
    return f"{finding.name} {finding.verdict.name}: {finding.summary}"
