"""What became of one run, in the shape that the log's invocations have: the same rules then judge both.

It is worked out once a run has ended, and kept with it as a small document, so that a history of hundreds of runs
reads hundreds of small files and no artifacts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gcms_tui.core.dbt_log import DbtLog, Invocation, NodeOutcome
from gcms_tui.core.dbt_results import RunResults, seconds_or_none
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.run_progress import NodeProgress, Progress

_FORM = 1
"""Of the document; another one is worked out anew."""

_LOST = "it is no longer there and has left no end: its keeper or the machine died"


def invocation_of(run: Run, progress: Progress | None, results: RunResults | None) -> Invocation:
    """What a run of ours did. Results tell more than events; what only the events have is added to them."""
    end, record = run.end, run.record
    told = (results.invocation_id if results else None) or (progress.invocation_id if progress else None)
    return Invocation(
        invocation_id=(end.invocation_id if end else None) or told or f"run {run.run_id}",
        started_at=record.started_at,
        started_exactly=True,
        ended_at=end.ended_at if end else None,
        command=record.command.subcommand,
        target=record.target or None,
        success=_success(run),
        outcomes=_outcomes(results, progress.finished if progress else ()),
        error=_error(run, progress),
        nothing_to_do=bool(progress and progress.nothing_to_do),
        running=run.end is None and run.alive,
    )


def _success(run: Run) -> bool | None:
    if run.end is None:
        return None
    if run.end.exit_code is not None:
        return run.end.exit_code == 0
    return False if run.end.signal is not None or run.cancel is not None else None


def _outcomes(results: RunResults | None, finished: Iterable[NodeProgress]) -> tuple[NodeOutcome, ...]:
    from_events = {
        node.unique_id: NodeOutcome(node.status, node.unique_id, node.resource_type, node.elapsed_s)
        for node in finished
    }
    nodes = results.results if results else ()
    from_results = {
        node.unique_id: NodeOutcome(
            node.status,
            node.unique_id,
            node.resource_type,
            None if node.status == "skipped" else node.execution_time_s,
        )
        for node in nodes
    }
    return tuple({**from_events, **from_results}.values())


def _error(run: Run, progress: Progress | None) -> str:
    said = progress.error if progress else ""
    match run.state:
        case RunState.CANCELLED if run.cancel is not None:
            return f"{run.cancel.person} had it stopped"
        case RunState.KILLED if run.end is not None:
            return f"signal {run.end.signal} ended it, which nobody here had sent"
        case RunState.LOST:
            return said or _LOST
    return said


def dated(invocation: Invocation, results: RunResults) -> Invocation:
    """The log gives times without dates; the artifact of the same invocation has them."""
    began = results.started_at or results.generated_at
    ended = invocation.ended_at and max(results.generated_at, began)
    return replace(invocation, started_at=began, started_exactly=True, ended_at=ended)


def merged(log: DbtLog, kept: Sequence[Invocation], source: str) -> DbtLog:
    """The log with the runs that were kept among its invocations, by when they began.

    An invocation that is in both is taken as it was kept: then its date was known exactly. The order of the log
    itself stands, whatever its dates: a text log has times of day alone.
    """
    by_id = {item.invocation_id: item for item in kept}
    placed: list[tuple[datetime, Invocation]] = []
    for item in reversed(log.invocations):
        told = by_id.pop(item.invocation_id, item)
        if told.success is None and item.success is not None:
            told = replace(item, started_at=told.started_at, started_exactly=told.started_exactly)
        latest = placed[-1][0] if placed else told.started_at
        if told.started_at > latest and not told.started_exactly:
            told = replace(told, started_at=latest)
        placed.append((min(told.started_at, latest), told))
    every = [*reversed(placed), *((item.started_at, item) for item in by_id.values())]
    return DbtLog(source, tuple(item for _, item in sorted(every, key=lambda pair: pair[0])))


def encode(invocation: Invocation) -> dict[str, Any]:
    """As a JSON document. What names of nodes and messages hold is not looked into."""
    return {
        "form": _FORM,
        "invocation_id": invocation.invocation_id,
        "started_at": invocation.started_at.isoformat(),
        "started_exactly": invocation.started_exactly,
        "ended_at": invocation.ended_at.isoformat() if invocation.ended_at else None,
        "command": invocation.command,
        "target": invocation.target,
        "success": invocation.success,
        "error": invocation.error,
        "nothing_to_do": invocation.nothing_to_do,
        "interleaved": invocation.interleaved,
        "running": invocation.running,
        "nodes": [[node.name, node.resource_type, node.status, node.seconds] for node in invocation.outcomes],
    }


def decode(document: Mapping[str, Any] | None) -> Invocation | None:
    """None where there is no document, or one of another form: it is to be worked out anew."""
    if document is None or document.get("form") != _FORM:
        return None
    try:
        return Invocation(
            invocation_id=str(document["invocation_id"]),
            started_at=_moment(document["started_at"]),
            started_exactly=bool(document["started_exactly"]),
            ended_at=_moment(document["ended_at"]) if document["ended_at"] is not None else None,
            command=str(document["command"]),
            target=None if document["target"] is None else str(document["target"]),
            success=_flag(document["success"]),
            outcomes=tuple(_outcome(item) for item in document["nodes"]),
            error=str(document["error"]),
            nothing_to_do=bool(document["nothing_to_do"]),
            interleaved=bool(document["interleaved"]),
            running=_flag(document["running"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _outcome(item: Any) -> NodeOutcome:
    name, kind, status, seconds = item
    return NodeOutcome(str(status), str(name), str(kind), seconds_or_none(seconds))


def _flag(value: Any) -> bool | None:
    return None if value is None else bool(value)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
