"""What dbt leaves in a run's `target/`, reduced to what somebody reads.

- `partial_parse.msgpack` moves to the directory that the runs of one project and target share: with it the next run
  does not parse the project anew.
- The graph and the semantic manifest are dropped: nobody reads them.
- `manifest.json` is kept without waste. Most of it is the same from run to run: what differs is its metadata and, in
  the nodes that were executed, the compiled SQL and its paths, which `target/compiled` and `run_results.json` hold as
  well. Taken without these, each different manifest is stored once, under the hash of its content, and every run's
  `manifest.json` is a hard link to it. So the metadata in it is that of the first run that had it: whose invocation a
  run is, its events and its `run_results.json` tell. A stored copy goes when the last run that links to it goes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gcms_tui.adapters.private_file import linked, make_directory, move, write_whole

UNREAD = ("graph.gpickle", "graph_summary.json", "semantic_manifest.json", "perf_info.json")
PARTIAL_PARSE = "partial_parse.msgpack"
MANIFESTS = "manifests"
_OF_COMPILING = ("compiled", "compiled_code", "compiled_path", "build_path", "extra_ctes", "extra_ctes_injected")


def tidy(target: Path, cache: Path) -> list[str]:
    """Answers what could not be done, in words."""
    make_room(target)
    notes = []
    for what, step in (
        ("the parsed project is not kept for the next run", _keep_parsed),
        ("its manifest is kept as dbt wrote it", _share_manifest),
    ):
        try:
            step(target, cache)
        except (OSError, ValueError, TypeError, AttributeError, RecursionError, MemoryError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            notes.append(f"{what}: {reason}")
    return notes


def make_room(target: Path) -> None:
    for name in UNREAD:
        with suppress(OSError):
            (target / name).unlink()


def has_failing_rows(target: Path) -> bool:
    """Whether some test of this run has stored rows that fail it."""
    try:
        document = json.loads((target / "run_results.json").read_bytes())
        return any(_failing(result) for result in document["results"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def drop_unused_manifests(cache_root: Path) -> None:
    """Remove the stored manifests that no run links to any more."""
    for stored in cache_root.glob(f"*/{MANIFESTS}/*.json"):
        with suppress(OSError):
            if stored.stat().st_nlink == 1:
                stored.unlink()


def _failing(result: Any) -> bool:
    failures, relation = result.get("failures"), result.get("relation_name")
    return isinstance(failures, int) and failures > 0 and bool(relation)


def _keep_parsed(target: Path, cache: Path) -> None:
    parsed = target / PARTIAL_PARSE
    if parsed.exists():
        make_directory(cache)
        move(parsed, cache / PARTIAL_PARSE)


def _share_manifest(target: Path, cache: Path) -> None:
    manifest = target / "manifest.json"
    try:
        document = json.loads(manifest.read_bytes())
    except FileNotFoundError:
        return
    if not isinstance(document, dict):
        raise ValueError("no manifest")
    metadata = document.pop("metadata", {})
    for group in ("nodes", "unit_tests"):
        _without_compiling((document.get(group) or {}).values())
    body = json.dumps(document, sort_keys=True, separators=(",", ":"))
    stored = cache / MANIFESTS / f"{hashlib.sha256(body.encode()).hexdigest()[:32]}.json"
    if not stored.exists():
        make_directory(stored.parent)
        write_whole(stored, f'{{"metadata":{json.dumps(metadata)},{body[1:]}')
    link = manifest.with_name(".manifest.json")
    if linked(stored, link):
        os.replace(link, manifest)
    else:  # nothing can be shared there
        stored.unlink()


def _without_compiling(nodes: Iterable[Any]) -> None:
    for node in nodes:
        if isinstance(node, dict):
            for name in _OF_COMPILING:
                node.pop(name, None)
