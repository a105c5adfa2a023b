"""The dbt run that a step wants: shown, confirmed, and watched to its end."""

from __future__ import annotations

from gcms_tui.cli.output import tell, tell_step
from gcms_tui.cli.preview_lines import preview_lines
from gcms_tui.cli.run_stream import looks
from gcms_tui.core.errors import Refused
from gcms_tui.core.run import Run
from gcms_tui.core.run_preview import Preview
from gcms_tui.operations.runs import DbtRuns


def show_preview(preview: Preview, confirm: str) -> None:
    """Raises `Refused` (guards `preview`, `confirmation`) where it may not be started, or not by these words."""
    for line in preview_lines(preview):
        tell(line)
    if preview.refusal:
        raise Refused("Not started", preview.refusal, preview.next_step, guard="preview")
    if preview.confirmation and confirm != preview.confirmation:
        raise Refused(
            "It wants to be confirmed",
            f"On target {preview.target} this has to be typed: {preview.confirmation}",
            "Say it with --confirm.",
            guard="confirmation",
        )


def watch(runs: DbtRuns, run: Run) -> Run:
    """The run at its end, each node told once. Interrupted, it leaves the run alone: that goes on."""
    told: set[str] = set()
    last = run
    try:
        for look in looks(runs, run.run_id):
            last = look.run
            for node in look.progress.finished:
                if node.unique_id not in told:
                    told.add(node.unique_id)
                    tell_step(f"{len(told)} of {look.progress.total or '?'}: {node.name} {node.status}")
    except KeyboardInterrupt:
        tell(f"gcms-tui: {run.run_id} goes on; the same command takes it up again.")
        raise
    return last
