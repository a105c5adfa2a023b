"""The history of runs, ours and foreign, and what it tells of the project's speed and success."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gcms_tui.core.run import Run


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


@dataclass(frozen=True, slots=True)
class NodeTrend:
    """One node's execution times over the window."""

    unique_id: str
    name: str
    resource_type: str
    runs: int
    mean_s: float
    p95_s: float
    max_s: float
    last_s: float
    regressed: bool
    """The newest is markedly slower than what was usual before it; the rule stands in core/run_trend.py."""
    points: tuple[float, ...]
    """Seconds, oldest first."""


@dataclass(frozen=True, slots=True)
class Trend:
    """The runbook's performance review."""

    since: datetime
    runs: int
    nodes: tuple[NodeTrend, ...]
    """Regressed first, then the slowest."""
    run_success: str
    """K1 in words, with window and n."""
    test_pass: str
    """K2 in words, with window and n."""


class RunHistory:
    """Every method is blocking I/O; safe from several threads."""

    def summaries(self, *, limit: int = 500) -> tuple[Summary, ...]:
        """Newest first, foreign ones among them (picked up and kept as they are seen)."""
        raise NotImplementedError

    def notes(self) -> tuple[str, ...]:
        """What could not be read, in words."""
        raise NotImplementedError

    def trend(self, window: timedelta = timedelta(days=30)) -> Trend:
        raise NotImplementedError

    def node_seconds(self, unique_ids: tuple[str, ...]) -> dict[str, float]:
        """The usual time of each node that has a past: for expectations."""
        raise NotImplementedError

    def prune(self, *, older_than: timedelta | None, larger_than: int | None, dry_run: bool) -> tuple[Run, ...]:
        """Remove ended runs by age, and the oldest until the rest is smaller than so many bytes; the newest and
        every running one stay. Answers which."""
        raise NotImplementedError
