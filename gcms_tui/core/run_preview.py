"""What would happen if a dbt command were started: shown, confirmed, and executed exactly so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gcms_tui.core.conclusion import counted
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.identifier import Relation
from gcms_tui.core.query import Access
from gcms_tui.core.run import Holder
from gcms_tui.core.target import is_production
from gcms_tui.core.writing.lease import LeaseHolder

PREVIEW_HOLDS = timedelta(minutes=30)
"""An older preview is not started."""


@dataclass(frozen=True, slots=True)
class SelectedNode:
    """One node that the command would execute, as dbt itself lists it."""

    unique_id: str
    resource_type: str
    name: str
    """A test's alias, a model's name."""
    materialized: str = ""
    relation_name: str | None = None
    scd2: bool = False
    """It holds history that cannot be rebuilt from its source."""
    keeps_on_full_refresh: bool = False
    """`full_refresh: false`: dbt leaves its table alone."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Frozen: what is started is this value and nothing else."""

    run_id: str
    command: DbtCommand
    """With the exclusions that the rules have added."""
    argv: tuple[str, ...]
    project_dir: str
    target: str
    nodes: tuple[SelectedNode, ...]
    """Empty where the command selects none (debug, deps, clean)."""
    made_at: datetime
    fingerprint: str
    """Of the project's files, from which the selection follows."""
    expected_s: float | None = None
    dropped: tuple[str, ...] = ()
    """Tables that a full refresh drops and builds anew."""
    excluded: tuple[str, ...] = ()
    """SCD2 models that a full refresh was to have rebuilt, and leaves out because nobody typed their names."""
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    """Why it cannot be started; empty where it can."""
    next_step: str = ""
    """What to do about the refusal."""
    confirmation: str = ""
    """What has to be typed to start it; empty where a plain yes will do."""
    holder: Holder | None = None
    """Who runs dbt on this project and target just now."""
    retry_of: str | None = None

    @property
    def access(self) -> Access:
        return self.command.access


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a command would be started into."""

    target: str
    project_dir: str
    clean_dir: str
    """The name of the directory that `clean` deletes."""
    read_only_reason: str = ""
    """Who forbids writing; empty where it is allowed."""
    holder: Holder | None = None
    """Of the lease of this project and target."""
    running: tuple[Holder, ...] = ()
    """Everything that runs on the project, whatever the target."""
    foreign: str = ""
    """A dbt command begun outside this console that may be running, in words; it takes no lease."""
    writers: tuple[LeaseHolder, ...] = ()
    """Who writes to a table of this target just now: a repair, a backup."""


def left_out(command: DbtCommand, nodes: Sequence[SelectedNode], typed: Iterable[str]) -> tuple[SelectedNode, ...]:
    """The nodes with history that a full refresh would rebuild, and that nobody named in `typed` selectors."""
    if not _refreshes(command):
        return ()
    names = {named(selector) for selector in typed}
    return tuple(
        node
        for node in nodes
        if _has_history(node) and not node.keeps_on_full_refresh and selectable_name(node) not in names
    )


def selectable_name(node: SelectedNode) -> str:
    """What dbt's selectors know it by, which an alias is not."""
    parts = node.unique_id.split(".")
    return parts[2] if len(parts) > 2 else node.name


def dropped_tables(command: DbtCommand, nodes: Sequence[SelectedNode]) -> tuple[str, ...]:
    """The tables that a full refresh drops and builds anew, as database.schema.table."""
    if not _refreshes(command):
        return ()
    return tuple(
        relation_text(node)
        for node in nodes
        if node.resource_type in ("model", "seed")
        and node.materialized not in ("view", "ephemeral")
        and not node.keeps_on_full_refresh
    )


def named(selector: str) -> str:
    """The one name that a selector spells out, without graph operators: `dim_concert` of `1+dim_concert+`, of
    `fqn:gcms.gold.dim_concert` too. Empty for other methods and for intersections."""
    name = _OPERATORS.sub("", selector).removeprefix("fqn:")
    return "" if any(character in name for character in ":,*?[/") else name.rpartition(".")[2]


def relation_text(node: SelectedNode) -> str:
    """The node's table as a person writes it; its name where dbt gives no table."""
    if node.relation_name is None:
        return node.name
    try:
        return str(Relation.parse(node.relation_name))
    except ValueError:
        return node.relation_name


def refusal(command: DbtCommand, nodes: Sequence[SelectedNode], around: Surroundings) -> tuple[str, str]:
    """Why the command must not be started, and what to do; two empty texts where it may."""
    if around.read_only_reason and command.access is Access.WRITE:
        return (
            f"dbt {command.subcommand} may write, and nothing may be written here: {around.read_only_reason}.",
            "Start the console where writing is allowed, or choose a command that reads.",
        )
    if around.holder is not None:
        return (
            f"{holder_text(around.holder)} on this project and target.",
            f"Wait for it, watch it (gcms-tui runs attach {around.holder.run_id}), or cancel it.",
        )
    if around.writers and command.access is Access.WRITE:
        writer = around.writers[0]
        return (
            f"{writer.person} is writing to a table of {around.target} just now: {writer.purpose} (process "
            f"{writer.pid}, since {writer.taken_at:%H:%M:%S} UTC).",
            "It takes seconds: try again when it has ended.",
        )
    if command.subcommand in _PULLS_THE_GROUND and around.running:
        return (
            f"dbt {command.subcommand} deletes files that a running dbt reads, and {holder_text(around.running[0])} "
            "on this project.",
            "Wait for it to end.",
        )
    if command.subcommand in _PULLS_THE_GROUND and around.foreign:
        return (
            f"dbt {command.subcommand} deletes files that a running dbt reads, and {around.foreign}.",
            "Wait for it to end, and for dbt.log to be silent for a quarter of an hour.",
        )
    if command.selects and not nodes:
        return (
            f"dbt {' '.join(command.words)} selects no node: dbt would do nothing and end with 0, as if all were well.",
            "Correct the selection: a folder, a model's name, tag:critical.",
        )
    return "", ""


def holder_text(holder: Holder) -> str:
    """Who runs what since when."""
    words = f"dbt {' '.join(holder.words)}" if holder.words else "dbt"
    return (
        f"{holder.person} runs {words} (run {holder.run_id}, process {holder.pid}, since {holder.since:%Y-%m-%d %H:%M} "
        "UTC)"
    )


def confirmation(command: DbtCommand, dropped: Sequence[str], around: Surroundings) -> str:
    """What has to be typed; empty where a plain yes will do."""
    if command.access is Access.READ:
        return ""
    if dropped:
        return f"{around.target} {counted(len(dropped), 'table')}"
    if command.subcommand == "clean":
        return around.clean_dir
    return around.target if is_production(around.target) else ""


def warnings(command: DbtCommand, nodes: Sequence[SelectedNode], around: Surroundings) -> tuple[str, ...]:
    """What to know before it starts."""
    said = [f"{around.foreign}."] if around.foreign else []
    tests = sum(node.resource_type in _TESTS for node in nodes)
    if command.subcommand == "run":
        said.append("dbt run tests nothing: what it builds is published untested. dbt build does both.")
    if command.subcommand == "build" and nodes and not tests:
        said.append("No test is among the nodes: this build proves nothing.")
    kept = [node.name for node in nodes if node.keeps_on_full_refresh]
    if _refreshes(command) and kept:
        said.append(f"Kept, because they are configured with full_refresh: false: {', '.join(kept)}.")
    history = [node.name for node in nodes if _has_history(node) and not node.keeps_on_full_refresh]
    if _refreshes(command) and history:
        said.append(f"THE HISTORY OF {', '.join(history)} IS LOST: its source knows only the present.")
    return tuple(said)


def judged(preview: Preview, around: Surroundings) -> Preview:
    """The preview with what the rules say of it."""
    dropped = dropped_tables(preview.command, preview.nodes)
    why, next_step = refusal(preview.command, preview.nodes, around)
    return replace(
        preview,
        dropped=dropped,
        warnings=(*preview.warnings, *warnings(preview.command, preview.nodes, around)),
        refusal=preview.refusal or why,
        next_step=preview.next_step if preview.refusal else next_step,
        confirmation=confirmation(preview.command, dropped, around),
        holder=around.holder,
    )


_OPERATORS = re.compile(r"^(?:@|\d*\+)|\+\d*$")
_PULLS_THE_GROUND = frozenset({"clean", "deps"})
_TESTS = frozenset({"test", "unit_test"})


def _refreshes(command: DbtCommand) -> bool:
    return command.full_refresh and command.access is Access.WRITE


def _has_history(node: SelectedNode) -> bool:
    return node.scd2 or node.resource_type == "snapshot"
