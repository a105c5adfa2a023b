"""A run that was started elsewhere: it has left no events, and is told by its results or by the project's log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gcms_tui.core.dbt_log import Invocation
from gcms_tui.core.dbt_results import ArtifactError, RunResults
from gcms_tui.core.run import Run
from gcms_tui.core.run_progress import NodeProgress, Progress, waiting_node
from gcms_tui.operations.run_desk import RunDesk
from gcms_tui.operations.runs import Look

if TYPE_CHECKING:
    from gcms_tui.console.log import LogScreen
    from gcms_tui.console.services import ConsoleServices
    from gcms_tui.console.theme import Look as Drawing


def log_screen(services: ConsoleServices, drawing: Drawing, desk: RunDesk, run: Run) -> LogScreen:
    """The run's log; a foreign run has none of its own, and the project's tells of it."""
    from gcms_tui.console.log import LogScreen
    from gcms_tui.core.log_view import LogFilter

    if not run.record.foreign:
        return LogScreen(services, drawing, desk.shelf.log(run.run_id), title=f"Log of run {run.run_id}")
    wanted = LogFilter(invocation_id=run.end.invocation_id if run.end else None)
    return LogScreen(services, drawing, desk.project_log, title=PROJECT_LOG, wanted=wanted)


PROJECT_LOG = "The project's dbt.log"


def told_elsewhere(desk: RunDesk, look: Look) -> Look:
    """`look` with what the history knows of the run. Blocking I/O; raises `GcmsError`."""
    run_id = look.run.run_id
    try:
        results = desk.shelf.results(run_id)
    except ArtifactError:
        results = None
    invocation = desk.history.invocation(run_id)
    progress = look.progress if invocation is None else progress_of(invocation, results)
    return replace(look, run=desk.history.summary(run_id).run, progress=progress)


def progress_of(invocation: Invocation, results: RunResults | None) -> Progress:
    """What became of each node; when, and on which thread, nobody has told."""
    nodes = {
        outcome.name: _node(outcome.name, outcome.resource_type, outcome.status, outcome.seconds)
        for outcome in invocation.outcomes
    }
    for result in results.results if results is not None else ():
        node = _node(result.unique_id, result.resource_type, result.status, result.execution_time_s)
        nodes[result.unique_id] = replace(
            node,
            failures=result.failures,
            message=result.message,
            relation_name=result.relation_name or "",
            query_id=result.query_id or "",
        )
    return Progress(
        invocation_id=invocation.invocation_id,
        command=invocation.command,
        target=invocation.target,
        total=len(nodes) or None,
        nodes=tuple(nodes.values()),
        started_at=invocation.started_at,
        ended_at=invocation.ended_at,
        success=invocation.success,
        nothing_to_do=invocation.nothing_to_do,
        error=invocation.error,
    )


def _node(unique_id: str, resource_type: str, status: str, seconds: float | None) -> NodeProgress:
    node = waiting_node(unique_id)
    return replace(node, resource_type=resource_type or node.resource_type, status=status, elapsed_s=seconds)
