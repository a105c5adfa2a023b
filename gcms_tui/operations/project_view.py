"""What dbt left of all its runs on one target: the project's own files, and those of the runs kept apart from them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from gcms_tui.core.conclusion import counted
from gcms_tui.core.dbt_log import DbtLog
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import ArtifactError, MissingArtifact, RunResults
from gcms_tui.core.run_outcome import merged
from gcms_tui.operations.ports import Clock, DbtProject
from gcms_tui.operations.run_archive import RunArchive
from gcms_tui.operations.run_ports import RunShelf


class ProjectView:
    """A `DbtProject` for the morning check. Runs started here leave the project's target/ and logs/ alone."""

    def __init__(self, project: DbtProject, shelf: RunShelf, target: str, clock: Clock, *, project_dir: Path) -> None:
        self._project = project
        self._shelf = shelf
        self._target = target
        self._archive = RunArchive(shelf, project, project_dir, clock)

    def log(self) -> DbtLog:
        """The project's log with the kept runs among its invocations, in the order in which they began.

        Without a log there are only the kept runs; but where the project's run_results.json is of none of them, what
        else the lost log told is not known, and that is an `ArtifactError`.
        """
        kept = [told.invocation for told in self._archive.told()]
        try:
            log = self._project.log()
        except MissingArtifact:
            if not kept or self._left_by_another({item.invocation_id for item in kept}):
                raise
            return merged(DbtLog("", ()), kept, f"{counted(len(kept), 'kept run')}")
        ours = {item.invocation_id for item in kept} - {item.invocation_id for item in log.invocations}
        return merged(log, kept, f"{log.source} and {counted(len(ours), 'kept run')}" if ours else log.source)

    def run_results(self) -> RunResults:
        """The project's own; where it has none, those of the newest run that left some."""
        try:
            return self._project.run_results()
        except ArtifactError:
            for told in self._archive.told():
                if told.run.record.target == self._target and told.invocation.outcomes:
                    return self._shelf.results(told.run.run_id)
            raise

    def results_of(self, invocation_id: str) -> RunResults:
        try:
            return self._project.results_of(invocation_id)
        except ArtifactError:
            for told in self._archive.told():
                if told.invocation.invocation_id == invocation_id:
                    return self._shelf.results(told.run.run_id)
            raise

    def manifest(self) -> Manifest:
        return self._archive.manifest(self._target)

    def left_by(self, invocation_id: str) -> tuple[Path, ...]:
        return self._project.left_by(invocation_id)

    def log_written_at(self) -> datetime | None:
        return self._project.log_written_at()

    def _left_by_another(self, ids: set[str]) -> bool:
        try:
            return self._project.run_results().invocation_id not in ids
        except MissingArtifact:
            return False
        except ArtifactError:
            return True
