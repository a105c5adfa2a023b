"""Where what is told of a run comes from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from gcms_tui.console.dialogs import PageDialog
from gcms_tui.console.present import moment_text
from gcms_tui.console.preview_page import shell_text
from gcms_tui.console.run_page import git_text
from gcms_tui.console.run_words import end_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import pair
from gcms_tui.core.dbt_results import RunResults
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.run import Run


class PairsDialog(PageDialog):
    """Labels, and what belongs to them."""

    def __init__(self, look: Look, title: str, pairs: Sequence[tuple[str, str]]) -> None:
        super().__init__(look, title)
        self._pairs = tuple((label, said) for label, said in pairs if said)

    def page(self, width: int) -> Sequence[Text]:
        palette, glyphs = self.look.palette, self.look.glyphs
        lines: list[Text] = []
        for label, said in self._pairs:
            lines += pair(Text(f" {label:<13}", palette.faint), Text(glyphs.text(said, 4_000), palette.text), width)
        return lines

    def as_text(self) -> str:
        return "\n".join(f"{label:<13}{said}" for label, said in self._pairs)


class RunProvenance(PairsDialog):
    """The argv as it was executed, the files it left, and the invocation they belong to."""

    def __init__(self, look: Look, run: Run, directory: Path, results: RunResults | GcmsError | None) -> None:
        super().__init__(look, f"Provenance of run {run.run_id}", _pairs(run, directory, results))


def _pairs(run: Run, directory: Path, results: RunResults | GcmsError | None) -> list[tuple[str, str]]:
    record, end = run.record, run.end
    invocation = (end.invocation_id if end else None) or "not known"
    if isinstance(results, RunResults):
        told = f"{results.source}, schema {results.schema_version}, written {moment_text(results.generated_at)}"
        told += "" if results.invocation_id == invocation else f", of invocation {results.invocation_id}"
    else:
        told = "not read" if results is None else f"{results.title}: {results.message}"
    return [
        ("executed", shell_text(record.argv)),
        ("in", record.project_dir),
        ("git", git_text(record)),
        ("run", record.run_id),
        ("kept in", str(directory)),
        ("invocation", invocation),
        ("results", told),
        ("started", moment_text(record.started_at)),
        ("ended", f"{moment_text(end.ended_at)}, {end_text(run)}" if end else end_text(run)),
        ("note", end.note if end else ""),
        ("dbt", f"{record.dbt_version or 'version not known'}, {record.engine}"),
        ("foreign", "not started here; from the project's own target/ and logs/" if record.foreign else ""),
    ]
