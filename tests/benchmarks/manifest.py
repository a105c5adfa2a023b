"""Reading what dbt leaves: a manifest of 10,000 nodes, and a run's events as they pour in."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from gcms_tui.adapters.dbt_artifacts import DbtArtifacts
from gcms_tui.core.run_progress import ProgressReader
from tests.benchmarks.measure import Row, in_turn

_NODES = 10_000
_LINES = 60_000
_SQL_SHARE = 6
"""SQL events for each other one, as in a run with `--log-level debug`."""
_LEAST_LINES = 50_000
_EVENTS = Path(__file__).parents[1] / "core" / "data" / "run_build.jsonl"


def manifest(real: Path) -> Row:
    """`real`: a manifest that dbt wrote; its nodes are multiplied until there are enough."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "manifest.json"
        path.write_text(json.dumps(_multiplied(json.loads(real.read_bytes()))), encoding="utf-8")
        megabytes = path.stat().st_size / 1e6
        ours, plain = in_turn(
            5,
            _timed(lambda: DbtArtifacts(Path(directory), Path(directory)).manifest()),
            _timed(lambda: json.loads(path.read_bytes())),
        )
    what = f"manifest of {_NODES:,} nodes ({megabytes:.0f} MB)"
    return Row.of_pair(what, ours, plain, "json.loads", 1.5)


def events() -> Row:
    """Folding a run's events into its progress, in the pieces in which a file is read."""
    lines = _poured()
    data = b"".join(lines)
    ours, plain = in_turn(5, _timed(lambda: _fold(data)), _timed(lambda: [json.loads(line) for line in lines]))
    speed, reference = (len(lines) / median(seconds) for seconds in (ours, plain))
    verdict = "ok" if speed >= _LEAST_LINES else "UNDER"
    return Row(
        "a run's events, folded",
        f"{speed:,.0f} lines/s",
        f"json.loads {reference:,.0f} lines/s",
        f"{speed / reference:.2f} x",
        f">= {_LEAST_LINES:,} lines/s {verdict}",
    )


def _multiplied(document: dict[str, Any]) -> dict[str, Any]:
    """The same manifest with enough nodes, each under an id of its own."""
    real = list(document["nodes"].values())
    nodes = ({**real[number % len(real)], "unique_id": f"model.many.n{number}"} for number in range(_NODES))
    return {**document, "nodes": {node["unique_id"]: node for node in nodes}}


def _poured() -> list[bytes]:
    """Lines of a real run in which most are SQL."""
    real = _EVENTS.read_bytes().splitlines(keepends=True)
    sql = [line for line in real if b'"name": "SQLQuery' in line]
    block = []
    for number, line in enumerate(real):
        block += [line, *(sql[(number + copy) % len(sql)] for copy in range(_SQL_SHARE))]
    return block * (_LINES // len(block))


def _fold(data: bytes) -> None:
    reader = ProgressReader()
    for at in range(0, len(data), 65_536):
        reader.feed(data[at : at + 65_536])
        reader.snapshot()


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    def measure() -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    return measure
