"""One line of the list of runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from gcms_tui.core.dbt_log import Invocation
from gcms_tui.core.dbt_runs import SUCCEEDED
from gcms_tui.core.run import Run

_CALM = ("warn", "skipped", "partial success", "pass", "success")
"""Behind what failed, in this order; whatever else dbt says that is no failure comes last."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the list of runs."""

    run: Run
    counts: tuple[tuple[str, int], ...]
    """Statuses with their numbers, failing first: (("fail", 2), ("pass", 11))."""
    duration_s: float | None
    first_failing: str = ""
    """The name of the first node that failed."""
    total: int | None = None
    started_exactly: bool = True
    """False for some foreign ones: it began no later than this."""
    error: str = ""
    """Why it failed as a whole, where it did: dbt's own words, or who stopped it."""

    @property
    def failed(self) -> int:
        return sum(number for status, number in self.counts if is_failure(status))


def is_failure(status: str) -> bool:
    """A status that is not known is no success."""
    return status not in SUCCEEDED and status != "skipped"


def summarise(run: Run, invocation: Invocation, total: int | None = None) -> Summary:
    """`total`: how many nodes dbt said that it would execute, where it has not executed all of them yet."""
    numbers = Counter(outcome.status for outcome in invocation.outcomes)
    failing = next((outcome.name for outcome in invocation.outcomes if is_failure(outcome.status)), "")
    ended = invocation.ended_at if run.end is None else run.end.ended_at
    return Summary(
        run=run,
        counts=tuple(sorted(numbers.items(), key=lambda pair: _rank(*pair))),
        duration_s=max((ended - invocation.started_at).total_seconds(), 0.0) if ended else None,
        first_failing=short_name(failing),
        total=total if total is not None else len(invocation.outcomes) or None,
        started_exactly=invocation.started_exactly,
        error=invocation.error,
    )


def short_name(unique_id: str) -> str:
    """`dim_concert` of `model.gcms.dim_concert`, a test's name without its hash; any other text as it is.

    A source's table goes by both its names: `supabase.payment`.
    """
    parts = unique_id.split(".")
    if parts[0] == "source" and len(parts) > 3:
        return ".".join(parts[2:])
    return parts[2] if len(parts) > 2 and " " not in unique_id and parts[2] else unique_id


def _rank(status: str, number: int) -> tuple[int, int, str]:
    if is_failure(status):
        return 0, -number, status
    return 1 + (_CALM.index(status) if status in _CALM else len(_CALM)), -number, status
