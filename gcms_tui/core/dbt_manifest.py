"""`manifest.json`: which tests guard gold, and which tables hold versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gcms_tui.core.identifier import Column, Relation
from gcms_tui.core.settings import Scd2TableSettings

KNOWN_VERSIONS = ("v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12")
CRITICAL_TAG = "critical"
GOLD_FOLDER = "gold"
"""The runbook's `--select gold`: a folder in the model's path, as dbt's selectors see it."""

_TEST_TYPES = frozenset({"test", "unit_test"})


@dataclass(frozen=True, slots=True)
class Node:
    """What the console needs to know of one node of the project."""

    unique_id: str
    resource_type: str
    name: str
    alias: str
    fqn: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    depends_on: tuple[str, ...] = ()
    attached_node: str | None = None
    relation_name: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    """Where it is written, from the project's directory: its own file, and the one that describes it."""

    @property
    def in_gold(self) -> bool:
        """In a folder called gold, below the project's own name and above the node's."""
        return GOLD_FOLDER in (part.lower() for part in self.fqn[1:-1])


@dataclass(frozen=True, slots=True)
class Manifest:
    """One `manifest.json`, without its macros and SQL."""

    source: str
    schema_version: str
    nodes: Mapping[str, Node]
    generated_at: datetime | None = None
    """None where it is not said, or not as a time."""
    sources: Mapping[str, Node] = field(default_factory=dict)
    """What the models read and dbt does not build, as far as that can be read: they are no nodes to dbt."""

    @property
    def unknown_version(self) -> bool:
        return self.schema_version not in KNOWN_VERSIONS

    def label(self, unique_id: str) -> str:
        """The name a person knows a node by: a test's alias, which is also its table of failures."""
        node = self.nodes.get(unique_id)
        return node.alias if node else unique_id


@dataclass(frozen=True, slots=True)
class FoundScd2:
    """A table that holds versions, or one that looks so and cannot be checked as it stands."""

    name: str
    table: Scd2TableSettings | None
    problem: str = ""
    unique_id: str = ""
    """dbt's own id of it; empty where it comes from the configuration."""


def parse_node(item: Mapping[str, Any]) -> Node:
    """One entry of `nodes`, `unit_tests` or `sources`. Raises `KeyError` or `TypeError` where its shape is another."""
    depends = item.get("depends_on") or {}
    config = item.get("config") or {}
    return Node(
        unique_id=item["unique_id"],
        resource_type=item["resource_type"],
        name=item["name"],
        alias=item.get("alias") or item["name"],
        fqn=tuple(item.get("fqn") or ()),
        tags=frozenset(item.get("tags") or ()),
        depends_on=tuple(depends.get("nodes") or ()),
        attached_node=item.get("attached_node"),
        relation_name=item.get("relation_name"),
        meta={**(config.get("meta") or {}), **(item.get("meta") or {})},
        config={key: config[key] for key in _SNAPSHOT_KEYS if key in config},
        files=tuple(
            # What describes it is named with its project: gcms://models/bronze/schema.yml
            str(path).rpartition("://")[2]
            for path in (item.get("original_file_path"), item.get("patch_path"))
            if path
        ),
    )


def gold_tests(manifest: Manifest) -> tuple[Node, ...]:
    """The tests that stand on a gold model or in a gold folder themselves, as `dbt test --select gold` finds them."""
    gold = {node.unique_id for node in manifest.nodes.values() if node.in_gold}
    return tuple(
        node
        for node in manifest.nodes.values()
        if node.resource_type in _TEST_TYPES
        and (node.in_gold or node.attached_node in gold or not gold.isdisjoint(node.depends_on))
    )


def critical_tests(manifest: Manifest) -> frozenset[str]:
    """The unique ids of the tests tagged `critical`; where the project tags none at all, of every gold test."""
    tagged = frozenset(
        node.unique_id
        for node in manifest.nodes.values()
        if node.resource_type in _TEST_TYPES and CRITICAL_TAG in node.tags
    )
    return tagged or frozenset(test.unique_id for test in gold_tests(manifest))


def find_scd2(manifest: Manifest) -> tuple[FoundScd2, ...]:
    """Every model named *_scd2 or marked `meta: {scd2: true}`, and every snapshot, by name.

    `meta: {scd2: false}` takes one out.
    """
    found = []
    for node in sorted(manifest.nodes.values(), key=lambda node: (node.alias, node.unique_id)):
        marked = node.meta.get("scd2")
        if marked is False or not node.relation_name:
            continue
        if node.resource_type == "snapshot":
            found.append(_snapshot(node, node.relation_name))
        elif node.resource_type == "model" and (marked is True or node.alias.lower().endswith("_scd2")):
            found.append(_versioned(node, node.relation_name))
    return tuple(found)


def _versioned(node: Node, relation_name: str) -> FoundScd2:
    try:
        table = Scd2TableSettings(table=Relation.parse(relation_name))
        return FoundScd2(node.alias, table, unique_id=node.unique_id)
    except ValueError as error:
        return FoundScd2(node.alias, None, str(error), node.unique_id)


_SNAPSHOT_KEYS = ("unique_key", "snapshot_meta_column_names", "dbt_valid_to_current")


def _snapshot(node: Node, relation_name: str) -> FoundScd2:
    """A snapshot's columns are renameable, and its open versions may carry a date instead of NULL."""
    key = node.config.get("unique_key")
    names = node.config.get("snapshot_meta_column_names") or {}
    if isinstance(key, list) and len(key) == 1:
        key = key[0]
    if not isinstance(key, str):
        return FoundScd2(node.alias, None, f"its unique_key is {key!r}, not one column", node.unique_id)
    until = node.config.get("dbt_valid_to_current")
    if until and "9999" not in str(until):  # the integrity queries take the year 9999 for open
        return FoundScd2(node.alias, None, f"its open versions end at {until} instead of NULL", node.unique_id)
    known = names.get("dbt_updated_at") or "dbt_updated_at"
    try:
        table = Scd2TableSettings(
            table=Relation.parse(relation_name),
            natural_key=key,
            scd_id=names.get("dbt_scd_id") or "dbt_scd_id",
            effective_from=names.get("dbt_valid_from") or "dbt_valid_from",
            effective_to=names.get("dbt_valid_to") or "dbt_valid_to",
            is_current=None,
            recorded_at=known,
            inserted_at=known,
            updated_at=None,  # a column of that name is the source's own, and says when the source was changed
            closing="same_instant",
        )
        for column in (table.natural_key, table.scd_id, table.effective_from, table.effective_to, known):
            Column.parse(column)
    except ValueError as error:
        return FoundScd2(node.alias, None, str(error), node.unique_id)
    return FoundScd2(node.alias, table, unique_id=node.unique_id)
