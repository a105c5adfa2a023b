"""The dbt run that a step is judged by: over, and on this host."""

from __future__ import annotations

from gcms_tui.core.dbt_results import ArtifactError, RunResults
from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.run import Run
from gcms_tui.operations.run_ports import RunShelf


def ended(shelf: RunShelf, dbt_run: str, host: str) -> Run:
    """`dbt_run`, which was started on `host`. Raises `Refused` (guards `another_host`, `running`)."""
    try:
        run = shelf.run(dbt_run)
    except UsageError:
        raise Refused(
            "Not on this host",
            f"{dbt_run} was started on {host}, and its results are there.",
            "Take the step up there, or start it again here.",
            guard="another_host",
        ) from None
    if not run.state.ended:
        raise Refused(
            "It has not ended",
            f"{run.run_id} is {run.state.value}.",
            f"Watch it: gcms-tui runs attach {run.run_id}",
            guard="running",
        )
    return run


def results(shelf: RunShelf, run: Run) -> RunResults | ArtifactError:
    """What it left; the error where that cannot be read, which is judged as well."""
    try:
        return shelf.results(run.run_id)
    except ArtifactError as error:
        return error
