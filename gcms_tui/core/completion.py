"""Selectors that a person may mean, out of the project's own names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gcms_tui.core.dbt_manifest import Manifest

_METHODS = (
    "tag:", "source:", "path:", "resource_type:", "test_type:", "test_name:", "config.materialized:", "group:",
    "exposure:", "result:fail", "result:error",
)  # fmt: skip
_BEFORE = re.compile(r"^(?:.*,)?(?:@|\d*\+)?")
_LAST = ("test", "unit_test")
"""Resource types whose names come behind everything else: they are many and long."""


def candidates(manifest: Manifest) -> tuple[str, ...]:
    """Models and the like first, then folders, tags and sources, then dbt's methods, then tests."""
    nodes = sorted(manifest.nodes.values(), key=lambda node: (node.resource_type in _LAST, node.name))
    above = [node.name for node in nodes if node.resource_type not in _LAST]
    tests = [node.name for node in nodes if node.resource_type in _LAST]
    folders = {".".join(node.fqn[1:end]) for node in nodes for end in range(2, len(node.fqn))}
    tags = {f"tag:{tag}" for node in nodes for tag in node.tags}
    sources = {
        "source:" + ".".join(item.split(".")[2:])
        for node in nodes
        for item in node.depends_on
        if item.startswith("source.")
    }
    return tuple(dict.fromkeys((*above, *sorted(folders), *sorted(tags), *sorted(sources), *_METHODS, *tests)))


def completed(prefix: str, known: Iterable[str], limit: int) -> tuple[str, ...]:
    """The words that begin as `prefix`; what stands before the name (`+`, `2+`, `@`, `a,`) stays."""
    match = _BEFORE.match(prefix)
    before = match.group() if match else ""
    found = _beginning(prefix[len(before) :].lower(), known)
    return tuple(f"{before}{word}" for word, _ in zip(found, range(limit), strict=False))


def _beginning(name: str, known: Iterable[str]) -> Iterator[str]:
    return (word for word in known if word.lower().startswith(name))
