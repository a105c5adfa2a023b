"""`run_results.json`: what one dbt invocation left of itself, and when it may be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gcms_tui.core.errors import GcmsError

KNOWN_VERSIONS = ("v1", "v2", "v3", "v4", "v5", "v6")
"""Schema versions whose shape is known (dbt 0.19 to 1.11).

v1 has no `failures`, before v5 there is no `relation_name`, and before v6 no `invocation_started_at`.
"""

WORKING_COMMANDS = frozenset({"run", "build", "test", "seed", "snapshot", "retry", "clone"})
"""What counts as a run of the platform: it builds or tests."""

OVERWRITING_COMMANDS = WORKING_COMMANDS | {"compile", "docs generate", "show", "run-operation"}
"""What writes run_results.json, whichever command wrote it before."""

TESTING_COMMANDS = frozenset({"test", "build"})
"""The only ones whose test statuses mean that a test ran: `docs generate` and `compile` write `success` too."""

FAILED = frozenset({"fail", "error", "runtime error"})
"""Statuses of a test that did not pass or could not be run."""


class ArtifactError(GcmsError):
    """A file of dbt's is missing, half-written or of another shape: what it would say is unknown."""

    exit_code = 69


class MissingArtifact(ArtifactError):
    """The file is not there: dbt has not written it, or it has been removed."""


@dataclass(frozen=True, slots=True)
class NodeResult:
    """One node of a run."""

    unique_id: str
    status: str
    """dbt's own word: success, error, skipped, pass, fail, warn, `partial success`; others may come."""
    message: str = ""
    failures: int | None = None
    execution_time_s: float = 0.0
    relation_name: str | None = None
    """For a test: where its failing rows are stored, if they are."""
    query_id: str | None = None

    @property
    def resource_type(self) -> str:
        return self.unique_id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class RunResults:
    """One `run_results.json`."""

    source: str
    """The file's path."""
    invocation_id: str
    generated_at: datetime
    command: str
    """`args.which`: test, build, run, generate, compile; empty where it is not said."""
    target: str | None
    """`args.target`: only there when --target was given."""
    schema_version: str
    results: tuple[NodeResult, ...]
    started_at: datetime | None = None
    """When the invocation began; before v6, when it began to execute nodes."""

    @property
    def unknown_version(self) -> bool:
        return self.schema_version not in KNOWN_VERSIONS


def parse_run_results(document: Any, source: str) -> RunResults:
    """The artifact in a parsed JSON `document`. Raises `ArtifactError` where its shape does not fit."""
    try:
        metadata, arguments = document["metadata"], document.get("args") or {}
        schema = str(metadata.get("dbt_schema_version") or "")
        target = arguments.get("target")
        generated_at = _moment(_required_text(metadata, "generated_at"))
        return RunResults(
            source=source,
            invocation_id=_required_text(metadata, "invocation_id"),
            generated_at=generated_at,
            command=str(arguments.get("which") or ""),
            target=target if isinstance(target, str) and target else None,
            schema_version=schema.rpartition("/")[2].removesuffix(".json") or "none",
            results=tuple(_node(item) for item in document["results"]),
            started_at=_begun(metadata, document.get("elapsed_time"), generated_at),
        )
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise not_an_artifact(source, "run_results.json", error) from None


def not_an_artifact(source: str, kind: str, error: Exception) -> ArtifactError:
    return ArtifactError(
        f"dbt's {kind} cannot be read",
        f"{source} is not a {kind} as dbt writes it: {type(error).__name__}: {error}",
        "Run dbt again so that it writes the file anew; where that does not help, compare the versions.",
    )


def _node(item: Mapping[str, Any]) -> NodeResult:
    failures, response = item.get("failures"), item.get("adapter_response") or {}
    relation, query_id = item.get("relation_name"), response.get("query_id")
    return NodeResult(
        unique_id=_required_text(item, "unique_id"),
        status=_required_text(item, "status"),
        message=str(item.get("message") or ""),
        failures=failures if isinstance(failures, int) else None,
        execution_time_s=seconds_or_none(item.get("execution_time")) or 0.0,
        relation_name=relation if isinstance(relation, str) and relation else None,
        query_id=query_id if isinstance(query_id, str) and query_id else None,
    )


def _begun(metadata: Mapping[str, Any], elapsed: Any, generated_at: datetime) -> datetime | None:
    if said := moment_or_none(metadata.get("invocation_started_at")):
        return said
    seconds = seconds_or_none(elapsed)
    if seconds is not None and seconds < 30 * 86400:
        return generated_at - timedelta(seconds=seconds)
    return None


def _required_text(mapping: Mapping[str, Any], key: str) -> str:
    value = mapping[key]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} is {value!r}")
    return value


def _moment(text: str) -> datetime:
    """dbt writes UTC, and before v6 without saying so."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def moment_or_none(value: Any) -> datetime | None:
    """A time as dbt writes it in an artifact's metadata; None for anything else."""
    try:
        return _moment(value)
    except (TypeError, ValueError, OverflowError):
        return None


def seconds_or_none(value: Any) -> float | None:
    """A length of time as dbt writes it; None for anything that is none (JSON has NaN and numbers beyond a float)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value < 1e9 else None
