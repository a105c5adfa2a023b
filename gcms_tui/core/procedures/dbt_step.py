"""What the dbt run of a step came to. Nothing selected, nothing tested, nothing told is not green."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gcms_tui.core.conclusion import counted
from gcms_tui.core.dbt_results import FAILED, TESTING_COMMANDS, ArtifactError, NodeResult, RunResults
from gcms_tui.core.dbt_runs import SUCCEEDED
from gcms_tui.core.payroll.models import not_over
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.trusted_tests import TEST_TYPES
from gcms_tui.core.verdict import Verdict

_NAMED = 3


def judge(run: Run, results: RunResults | ArtifactError) -> tuple[Verdict, str]:
    """The verdict of an ended run, and why."""
    command = run.record.command
    if why := not_over(run):
        return Verdict.FAIL if run.state is RunState.ERROR else Verdict.UNKNOWN, why
    if not command.selects or command.subcommand not in _TOLD_BY_RESULTS:
        said = f"dbt {command.subcommand} {run.state.value} ({run.run_id})"
        return Verdict.OK if run.state is RunState.SUCCEEDED else Verdict.FAIL, said
    if isinstance(results, ArtifactError):
        return Verdict.UNKNOWN, f"what dbt did is not known: {results.message}"
    if results.command != command.subcommand:
        return Verdict.UNKNOWN, f"the results are of dbt {results.command or '?'}, not of dbt {command.subcommand}"
    return _judge_nodes(run, results.results)


def _judge_nodes(run: Run, nodes: Sequence[NodeResult]) -> tuple[Verdict, str]:
    told = {node.unique_id for node in nodes}
    tests = [node for node in nodes if _is_test(node)]
    if not nodes:
        return Verdict.FAIL, f"dbt ended, and did nothing at all ({run.run_id})"
    if run.record.command.subcommand in TESTING_COMMANDS and not tests:
        return Verdict.FAIL, f"no test ran ({run.run_id})"
    missing = [name for name in run.record.selected if name not in told and name.partition(".")[0] in TEST_TYPES]
    stopped = [node for node in nodes if node.status in FAILED or node.status == "skipped"]
    warned = [node for node in nodes if node.status == "warn"]
    strange = [node for node in nodes if node not in stopped and node not in warned and node.status not in SUCCEEDED]
    counts = Counter(node.status for node in nodes)
    said = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    words = f"{counted(len(nodes), 'node')}: {said} ({run.run_id})"
    if stopped:
        return Verdict.FAIL, f"{words}: {_listed(stopped)}"
    if run.state is RunState.FAILED:
        return Verdict.FAIL, f"{words}; dbt ended with 1, and its results do not say why"
    if missing:
        return Verdict.UNKNOWN, f"{words}; {counted(len(missing), 'test')} did not run"
    if strange:
        return Verdict.UNKNOWN, f"{words}: not known what that means: {_listed(strange)}"
    return (Verdict.WARN, f"{words}: {_listed(warned)}") if warned else (Verdict.OK, words)


def _is_test(node: NodeResult) -> bool:
    return node.resource_type in TEST_TYPES


def _listed(nodes: Sequence[NodeResult]) -> str:
    names = sorted(node.unique_id.split(".")[2] if node.unique_id.count(".") > 1 else node.unique_id for node in nodes)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


_TOLD_BY_RESULTS = frozenset({"run", "build", "test", "seed", "snapshot"})
