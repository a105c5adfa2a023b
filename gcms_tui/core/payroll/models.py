"""Did the dbt run of the second step build everything that payroll is paid from?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gcms_tui.core.conclusion import counted
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import FAILED, ArtifactError, NodeResult, RunResults
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.trusted_tests import TEST_TYPES

_TABLES = frozenset({"model", "snapshot", "seed"})
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Judged:
    """What a step's dbt run came to."""

    passed: bool
    words: str


def not_over(run: Run) -> str:
    """Why the run's results tell nothing whole; empty where it came to its end by itself."""
    if run.state in (RunState.SUCCEEDED, RunState.FAILED):
        return ""
    how = f", exit {run.end.exit_code}" if run.end and run.end.exit_code is not None else ""
    return f"dbt {run.record.command.subcommand} did not come to its end: {run.state.value}{how} ({run.run_id})"


def judge_models(
    run: Run, results: RunResults | ArtifactError, manifest: Manifest | ArtifactError, payroll: Iterable[str]
) -> Judged:
    """Every node that was selected and is no test has to have succeeded, the three that `payroll` names among them.

    A test of a build that failed is the next step's matter, unless dbt skipped a model because of it.
    """
    if why := not_over(run):
        return Judged(False, why)
    if isinstance(results, ArtifactError):
        return Judged(False, f"what dbt built is not known: {results.message}")
    if isinstance(manifest, ArtifactError):
        return Judged(False, f"what dbt was to build is not known: {manifest.message}")
    if results.command not in ("run", "build"):
        return Judged(False, f"{run.run_id} is of dbt {results.command or 'without a command'}, not of dbt run")
    told = {node.unique_id: node for node in results.results}
    selected = {name for name in run.record.selected if not _is_test(name) and not _inlined(manifest, name)}
    built = {*selected, *payroll, *(name for name in told if not _is_test(name))}
    ended = (told.get(name) or NodeResult(name, "not run") for name in built)
    stopped = sorted((node for node in ended if not _done(node)), key=lambda node: (node.status, node.unique_id))
    failed = [node for node in results.results if _is_test(node.unique_id) and node.status in FAILED]
    tests = f"{_listed(manifest, failed)} failed" if failed else ""
    if stopped:
        because = f", because {tests}" if tests and any(node.status == "skipped" for node in stopped) else ""
        return Judged(False, f"{_statuses(manifest, stopped)} of {counted(len(built), 'node')}{because}")
    if run.state is RunState.FAILED and not failed:
        return Judged(False, "dbt ended with 1, and its results do not say why: look at the run's log")
    also = f"; {tests} in the build: the next step will tell" if tests else ""
    return Judged(True, f"{counted(len(built), 'node')} built, none skipped{also}")


def _done(node: NodeResult) -> bool:
    """What is no table may have nothing to do: an exposure, a saved query."""
    return node.status == "success" or (node.status == "no-op" and node.resource_type not in _TABLES)


def _is_test(unique_id: str) -> bool:
    return unique_id.partition(".")[0] in TEST_TYPES


def _inlined(manifest: Manifest, unique_id: str) -> bool:
    """An ephemeral model is no table: dbt selects it, and has no result of it."""
    node = manifest.nodes.get(unique_id)
    return node is not None and node.resource_type == "model" and node.relation_name is None


def _statuses(manifest: Manifest, nodes: Sequence[NodeResult]) -> str:
    """`1 error (fct), 2 skipped (a, b)`."""
    by_status: dict[str, list[NodeResult]] = {}
    for node in nodes:
        by_status.setdefault(node.status, []).append(node)
    return ", ".join(f"{len(some)} {status} ({_listed(manifest, some)})" for status, some in by_status.items())


def _listed(manifest: Manifest, nodes: Sequence[NodeResult]) -> str:
    more = f" and {len(nodes) - _NAMED} more" if len(nodes) > _NAMED else ""
    return ", ".join(manifest.label(node.unique_id) for node in nodes[:_NAMED]) + more
