"""Small dbt artifacts and logs for tests of the rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gcms_tui.core.dbt_log import DbtLog, Invocation, NodeOutcome
from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import ArtifactError, NodeResult, RunResults

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TARGET = "prod"
MISSING = ArtifactError("No file", "dbt has left no file", "Run dbt build.")


def invocation(
    number: int,
    command: str = "build",
    *outcomes: NodeOutcome,
    age: timedelta = HOUR,
    success: bool | None = True,
    target: str | None = TARGET,
    exactly: bool = True,
    error: str = "",
    nothing_to_do: bool = False,
    interleaved: bool = False,
) -> Invocation:
    return Invocation(
        invocation_id=f"id-{number}",
        started_at=NOW - age,
        started_exactly=exactly,
        ended_at=None if success is None else NOW - age,
        command=command,
        target=target,
        success=success,
        outcomes=outcomes,
        error=error,
        nothing_to_do=nothing_to_do,
        interleaved=interleaved,
    )


def outcome(status: str, name: str = "model.gcms.dim") -> NodeOutcome:
    return NodeOutcome(status, name, name.partition(".")[0])


def log(*invocations: Invocation) -> DbtLog:
    return DbtLog("logs/dbt.log", invocations)


def results(
    number: int, command: str = "test", *nodes: NodeResult, target: str | None = TARGET, age: timedelta = HOUR
) -> RunResults:
    return RunResults("target/run_results.json", f"id-{number}", NOW - age, command, target, "v6", nodes)


def result(unique_id: str, status: str, failures: int | None = 0, relation: str | None = None) -> NodeResult:
    return NodeResult(unique_id, status, f"message of {unique_id}", failures, 0.1, relation)


def gold_test(name: str, *tags: str, folder: str = "gold") -> Node:
    return Node(
        unique_id=f"test.gcms.{name}",
        resource_type="test",
        name=name,
        alias=name,
        fqn=("gcms", folder, name),
        tags=frozenset(tags),
    )


def manifest(*nodes: Node) -> Manifest:
    return Manifest("target/manifest.json", "v12", {node.unique_id: node for node in nodes})
