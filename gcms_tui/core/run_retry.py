"""What to run again after a run, and the selection that names exactly that.

dbt's own retry takes the target of the command line of another day, and after an interrupt it finds "Nothing to do":
nodes that had not finished are in no run_results.json. So it is rebuilt from what the run was to do and what it did.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_manifest import Node
from gcms_tui.core.dbt_results import RunResults
from gcms_tui.core.dbt_runs import SUCCEEDED
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.run_progress import Progress

EXACTLY = ("--indirect-selection", "empty")
"""So that a model's name does not bring its tests along: those to be run again are named themselves."""

_SELECTS_OTHERWISE = frozenset({"--resource-type", "--exclude-resource-type", "--indirect-selection"})
_ENDED_BY_ITSELF = frozenset({RunState.SUCCEEDED, RunState.FAILED})


class NothingToRetry(GcmsError):
    """Everything of the run succeeded."""

    exit_code = 65


def nothing_to_retry(run: Run) -> NothingToRetry:
    return NothingToRetry(
        "Nothing to retry", f"Everything that {run.run_id} did succeeded.", "Start a new run, if that is what you want."
    )


def not_succeeded(run: Run, results: RunResults | None, progress: Progress) -> tuple[str, ...]:
    """The unique ids to run again: what failed, was skipped, or ended in a word that is not known.

    Where the run did not end by itself, also what it was to do and never finished.
    """
    statuses = {node.unique_id: node.status for node in progress.nodes}
    if results is not None:
        statuses.update({node.unique_id: node.status for node in results.results})
    if run.state not in _ENDED_BY_ITSELF:
        statuses = {**dict.fromkeys(run.record.selected, "waiting"), **statuses}
    elif results is not None:
        executed = {node.unique_id for node in results.results}
        statuses = {unique_id: status for unique_id, status in statuses.items() if unique_id in executed}
    return tuple(unique_id for unique_id, status in statuses.items() if status not in SUCCEEDED)


def again(command: DbtCommand, selectors: Sequence[str]) -> DbtCommand:
    """The same command for these nodes alone."""
    extra: list[str] = []
    skipping = False
    for word in command.extra:
        if word.startswith("-"):
            skipping = word in _SELECTS_OTHERWISE
        if not skipping:
            extra.append(word)
    return replace(
        command, select=tuple(selectors), exclude=(), state_of=None, extra=(*extra, *EXACTLY)
    )  # fmt: skip


def selectors(unique_ids: Iterable[str], nodes: Mapping[str, Node]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Selectors that name exactly these nodes, and the ids for which there is none: the project has them no longer,
    or dbt could not tell them from others.

    A name where it means one node alone, else the whole path, else that with its type. Sources by source and table.
    """
    by_text: Counter[str] = Counter()
    by_type: Counter[tuple[str, str]] = Counter()
    for other in nodes.values():
        for text in _meant_by(other):
            by_text[text] += 1
            by_type[text, other.resource_type] += 1
    found, missing = [], []
    for unique_id in unique_ids:
        node = nodes.get(unique_id)
        if unique_id.startswith("source."):
            found.append("source:" + ".".join(unique_id.split(".")[2:]))
        elif node is None or not node.fqn or not _PLAIN.fullmatch(whole := ".".join(node.fqn)):
            missing.append(unique_id)
        elif by_text[node.name] == 1 and node.fqn[-1] == node.name and "." not in node.name:
            found.append(node.name)
        elif by_text[whole] == 1:
            found.append(f"fqn:{whole}")
        elif by_type[whole, node.resource_type] == 1:
            found.append(f"fqn:{whole},resource_type:{node.resource_type}")
        else:
            missing.append(unique_id)
    return tuple(found), tuple(missing)


_PLAIN = re.compile(r"[\w.-]+")


def _meant_by(node: Node) -> frozenset[str]:
    """Every name and path by which dbt's fqn selector takes in this node: its own name, and each folder above it,
    with and without the project's name."""
    texts = {node.name, *node.fqn[-1:]}
    for fqn in (node.fqn, node.fqn[1:]):
        parts = [part for segment in fqn for part in segment.split(".")]
        texts.update(".".join(parts[:end]) for end in range(1, len(parts) + 1))
    return frozenset(texts)
