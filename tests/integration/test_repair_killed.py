"""A console that is killed at every step of a write: the table is wholly before or wholly after, and it is known which
or known to be in doubt, and then settled rightly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.core.writing.doubt import Verdict
from gcms_tui.core.writing.journal import INTENT, OUTCOME
from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.integration.killing import table_of
from tests.integration.repair_scene import Scene, pair, scene, warehouse

MOST = 100
"""Far more steps than a write has."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarehouseProcess]:
    with warehouse(tmp_path_factory.mktemp("warehouse")) as running:
        yield running


@pytest.fixture
def killing(server: WarehouseProcess, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-m", "tests.integration.killing", server.host, str(server.port), str(tmp_path / "state")]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as child:
        yield child
        assert child.stdin is not None
        child.stdin.close()


def test_killed_at_any_step_the_table_is_before_or_after_and_it_is_known_which(
    server: WarehouseProcess, killing: subprocess.Popen[str], tmp_path: Path
) -> None:
    with scene(server, tmp_path / "state") as here:
        seen = set()
        for step in range(1, MOST):
            here.table = table_of(step)
            here.fill(pair())
            before, known = here.rows(), here.store.journal.entries(limit=1)
            word = _killed_at(killing, step)
            after = here.rows()
            assert word in ("killed", "applied")
            # Wholly before, or exactly the one loser closed.
            changed = after != before
            assert len(set(before) - set(after)) == len(set(after) - set(before)) == int(changed)
            seen.add(_told(here, changed, known[0].sequence if known else 0))
            if word == "applied":
                break
        else:
            pytest.fail("a write with more steps than there can be")
        # Each way of ending was met: nothing begun, in doubt and not done, in doubt and done, and known.
        assert seen == {"no intent", "settled not applied", "settled applied", "known applied"}, seen
        assert here.store.journal.verify().whole


def _killed_at(killing: subprocess.Popen[str], step: int) -> str:
    assert killing.stdin is not None and killing.stdout is not None
    killing.stdin.write(f"{step}\n")
    killing.stdin.flush()
    return killing.stdout.readline().strip()


def _told(here: Scene, changed: bool, since: int) -> str:
    """What the journal says of the last write, after it was settled where it was in doubt. It must be right."""
    entries = [entry for entry in here.store.journal.entries(limit=10) if entry.sequence > since]
    doubts = here.doubts.open()
    assert not any(doubt.under_way for doubt in doubts)
    verdicts = {doubt.intent["kind"]: here.doubts.settle(doubt.write_id).verdict for doubt in doubts}
    assert not here.doubts.open()
    if "repair" in verdicts:
        assert verdicts["repair"] is (Verdict.APPLIED if changed else Verdict.NOT_APPLIED)
        return f"settled {verdicts['repair'].value}"
    own = {entry.kind: json.loads(entry.payload) for entry in entries if not entry.subject.startswith("backup-")}
    if INTENT not in own:
        assert not changed and not entries
        return "no intent"
    outcome: dict[str, Any] = own[OUTCOME]
    assert (outcome["outcome"] == "applied") is changed
    return f"known {outcome['outcome']}"
