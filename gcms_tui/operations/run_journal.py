"""What the journal holds of runs beside the intent that starting one writes there: how each ended, what was removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from gcms_tui.core.dbt_log import Invocation
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.run import Run
from gcms_tui.operations.ports import Clock
from gcms_tui.operations.run_ports import Journal, RunShelf

JOURNALLED = "journalled"
"""The document beside a run whose outcome is in the journal."""

_TRIED_AGAIN = timedelta(minutes=1)
"""A journal that cannot be written makes whoever asks wait: it is not asked at every look."""


class RunJournal:
    """Made only where writing is allowed. Blocking I/O; what cannot be journalled here is told and not fatal."""

    def __init__(self, journal: Journal, shelf: RunShelf, clock: Clock) -> None:
        self._journal = journal
        self._shelf = shelf
        self._clock = clock
        self._done: set[str] = set()
        self._failed: tuple[datetime, str] | None = None

    def ended(self, run: Run, invocation: Invocation) -> str:
        """Journal the outcome of a run of ours that has ended, once, whoever sees it first and however often it is
        seen. Answers why that could not be; an empty text where all is well."""
        if run.record.foreign or not run.state.ended or run.run_id in self._done:
            return ""
        if self._failed is not None and timedelta() <= self._clock() - self._failed[0] < _TRIED_AGAIN:
            return self._failed[1]
        try:
            if self._shelf.kept(run.run_id, JOURNALLED) is None:
                self._journal.append_once("run.end", run.run_id, _outcome(run, invocation))
                self._shelf.keep(run.run_id, JOURNALLED, {"kind": "run.end"})
        except GcmsError as error:
            self._failed = (self._clock(), f"how {run.run_id} ended is not in the journal: {error.message}")
            return self._failed[1]
        self._failed = None
        self._done.add(run.run_id)
        return ""

    def removing(self, runs: Sequence[Run]) -> str:
        """Journal that these runs are about to be removed. A full disk must not keep room from being made: answers
        why it could not be, and the removal goes on."""
        try:
            self._journal.append("runs.prune", f"{len(runs)} runs", {"runs": [run.run_id for run in runs]})
        except GcmsError as error:
            return f"what was removed is not in the journal: {error.message}"
        return ""


def _outcome(run: Run, invocation: Invocation) -> dict[str, object]:
    end = run.end
    return {
        "state": run.state.value,
        "exit_code": end.exit_code if end else None,
        "signal": end.signal if end else None,
        "ended_at": end.ended_at.astimezone(UTC).isoformat() if end else None,
        "invocation_id": end.invocation_id if end else None,
        "target": run.record.target,
        "counts": dict(sorted(Counter(outcome.status for outcome in invocation.outcomes).items())),
        "error": invocation.error[:2000],
    }
