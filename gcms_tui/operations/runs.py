"""dbt runs: preview, start, watch, cancel, retry."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.run import Run
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.run_progress import Progress
from gcms_tui.operations.run_ports import RunWatch


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a run that is being watched."""

    run: Run
    progress: Progress
    remaining_s: float | None = None
    """Expected from the history of the nodes that have not finished; None where it cannot be told."""


class DbtRuns:
    """The runs of one project and target. Every method is blocking I/O; safe from several threads."""

    def commands(self) -> tuple[DbtCommand, ...]:
        """The runbook's own, those that may be started here: none that writes where writing is not allowed."""
        raise NotImplementedError

    def parse(self, words: tuple[str, ...]) -> DbtCommand:
        """What a person typed behind `dbt`. Raises `UsageError` saying which word and what to do."""
        raise NotImplementedError

    def completions(self, prefix: str, limit: int = 50) -> tuple[str, ...]:
        """Selectors that begin so, from the newest manifest: names, tags, folders, methods; after `+` as well."""
        raise NotImplementedError

    def preview(self, command: DbtCommand, *, retry_of: str | None = None) -> Preview:
        """Raises `GcmsError` where dbt cannot even say what it would do; zero nodes is a refusal of the preview."""
        raise NotImplementedError

    def start(self, preview: Preview, typed: str = "") -> Run:
        """Start exactly what was shown.

        Raises `Refused`: the lease is held, the preview is old, the project has changed since, nothing is selected,
        it writes and writing is not allowed, `typed` is not its confirmation.
        """
        raise NotImplementedError

    def watch(self, run_id: str) -> RunWatch:
        raise NotImplementedError

    def look(self, run_id: str, watch: RunWatch) -> Look:
        raise NotImplementedError

    def cancel(self, run_id: str) -> Run:
        """Ask it to stop: asked is not yet confirmed, that is seen by its state. Raises `Refused`, `UsageError`."""
        raise NotImplementedError

    def may_still_run(self, run_id: str) -> str:
        """After a cancel or a kill: what may still run in the warehouse, in words; empty where nothing may."""
        raise NotImplementedError

    def retry(self, run_id: str) -> Preview:
        """The preview of running again what did not succeed, on the target of that run and no other.

        Raises `Refused` where everything succeeded, or where the console's target is another.
        """
        raise NotImplementedError

    def only_failed_tests(self) -> Preview:
        """The preview of the newest test run's failed and errored tests. Raises `Refused` where there are none."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class NothingToRetry(GcmsError):
    """Everything of the run succeeded."""

    exit_code = 65
