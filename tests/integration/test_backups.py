"""Backups and restores against the warehouse itself; the rows are looked at by the plain connector."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from itertools import product
from pathlib import Path

import pytest

from gcms_tui.core.backups.made import Standing
from gcms_tui.core.backups.restore import Way
from gcms_tui.core.errors import GcmsError, Refused, StatementFailed, Unavailable
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.doubt import Verdict as Became
from gcms_tui.core.writing.journal import INTENT
from gcms_tui.operations.writing.guarded_write import Outcome
from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.integration.backup_scene import BAD, FACT, GOOD, PLAYERS, SETS_FROM, Scene, scene
from tests.integration.repair_scene import HASTY, warehouse
from tests.wire import Fault, drop_answer, drop_request, interfere

MOST = 100
"""Far more steps than a write has."""
INTENDED = 4
"""The step of a write that is its intent. What precedes is alike, and test_repair_killed goes through it."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarehouseProcess]:
    with warehouse(tmp_path_factory.mktemp("warehouse")) as running:
        yield running


@pytest.fixture
def here(server: WarehouseProcess, tmp_path: Path) -> Iterator[Scene]:
    """Two tables, of two kinds."""
    with scene(server, tmp_path / "state") as opened:
        built(opened)
        yield opened


def built(here: Scene) -> None:
    here.build(FACT, GOOD)
    here.build(PLAYERS, BAD, transient=False)


def test_a_set_is_made_counted_against_and_a_table_brought_back_by_either_way(here: Scene) -> None:
    made = here.create()
    assert [(one.table, one.rows, one.kind) for one in made.cloned] == [
        (PLAYERS, 2, "permanent"), (FACT, 4, "transient")
    ]  # fmt: skip
    for one in made.cloned:
        assert here.rows(one.clone) == here.rows(one.table)
    here.build(FACT, BAD)
    counts = here.counts.after()
    assert (counts.verdict, [one.verdict for one in counts.tables]) == (Verdict.FAIL, [Verdict.OK, Verdict.FAIL])
    backup = here.backup_of(FACT)
    # Who else may read it is not told here: the rows are put back, and the grants stay.
    chosen = here.restoring.plan(FACT, backup)
    assert chosen.in_transaction and "is not known" in chosen.reason
    done = here.restore(chosen)
    assert (done.verdict, here.rows(FACT), here.rows(done.ended.backup)) == (Verdict.OK, sorted(GOOD, key=repr), BAD)
    back = here.restore(here.restoring.plan(FACT, done.ended.backup, Way.SWAP))
    assert (back.verdict, here.rows(FACT)) == (Verdict.OK, BAD)
    assert here.rows(backup) == here.rows(back.ended.backup) == sorted(GOOD, key=repr)
    here.wire.run(f"DROP TABLE {backup}")
    other = f"{backup[:-1]}{'1' if backup.endswith('0') else '0'}"
    here.wire.run(f"CREATE TABLE {other} AS SELECT 1 AS a")
    standing = {one.clone: one.standing for one in here.listing.read().backups}
    assert (standing[backup], standing[other]) == (Standing.GONE, Standing.NOT_OURS)
    assert standing[done.ended.backup] is Standing.THERE
    assert here.counts.record(here.counts.after(made.run_id)) and here.store.journal.verify().whole


def test_a_table_that_is_gone_comes_back_and_undrop_is_refused_where_there_is_none(here: Scene) -> None:
    here.create()
    here.wire.run(f"DROP TABLE {FACT}")
    backup = here.backup_of(FACT)
    with pytest.raises(GcmsError, match="UNDROP"):
        here.restore(here.restoring.plan(FACT, backup, Way.UNDROP))
    assert not here.doubts.open()
    assert here.restore(here.restoring.plan(FACT, backup)).verdict is Verdict.OK
    assert here.rows(FACT) == sorted(GOOD, key=repr)


def test_what_the_warehouse_refuses_is_told_and_the_table_is_as_it_was(here: Scene) -> None:
    here.create()
    plan = here.spoilt(Way.SWAP)
    assert plan.backup is not None
    beside = plan.steps[0].statement.sql.split()[3]
    here.wire.on("SWAP WITH", interfere(f"DROP TABLE {beside}"))
    with pytest.raises(StatementFailed):
        here.restore(plan)
    here.wire.mend()
    again = here.restoring.plan(FACT, plan.source, Way.SWAP)
    assert again.backup is not None
    here.wire.run(f"CREATE TABLE {again.backup.subject} AS SELECT 1 AS a")
    with pytest.raises(Refused, match="could not be made") as caught:
        here.restore(again)
    assert caught.value.guard == "backup" and here.rows(FACT) == BAD and not here.doubts.open()
    # Built anew of the other kind since it was backed up: swapped, it would become transient.
    here.build(FACT, BAD, transient=False)
    with pytest.raises(Refused) as caught:
        here.restoring.plan(FACT, plan.source, Way.SWAP)
    assert caught.value.guard == "kinds_differ"
    here.wire.run(f"ALTER TABLE {FACT} ADD COLUMN note VARCHAR")
    with pytest.raises(Refused, match="table alone: NOTE") as caught:
        here.restoring.plan(FACT, plan.source)
    assert caught.value.guard == "columns_differ"


LOST = [(Way.SWAP, "_REPLACED_"), (Way.SWAP, "SWAP WITH"), (Way.INSERT, "COMMIT")]
"""What a test in memory goes through statement by statement, here where the line itself matters most."""


def test_a_line_that_is_lost_at_a_statement_leaves_nothing_that_is_not_known_or_settled(
    server: WarehouseProcess, tmp_path: Path
) -> None:
    """All at once: what takes long is waiting for an answer that never comes."""
    cases = list(product(LOST, (drop_request, drop_answer)))
    tables = tuple(f"gold.lost_{number}" for number in range(len(cases)))
    with ExitStack() as opened, ThreadPoolExecutor(len(cases)) as several:
        first = opened.enter_context(scene(server, tmp_path / "state", tables=tables))
        for table in tables:
            first.build(table, GOOD)
        first.create()
        consoles = [
            opened.enter_context(scene(server, tmp_path / "state", tables=(table,), limits=HASTY)) for table in tables
        ]
        list(several.map(_lost, consoles, cases))
        for here, ((_, statement), fault) in zip(consoles, cases, strict=True):
            restored = here.rows(here.fact) != BAD
            assert restored is (fault is drop_answer and statement in ("SWAP WITH", "COMMIT"))
            _require_told(here, restored)


def _lost(here: Scene, case: tuple[tuple[Way, str], Fault]) -> None:
    (way, statement), fault = case
    plan = here.spoilt(way)
    here.wire.on(statement, fault)
    with suppress(Unavailable, Refused):
        assert here.restore(plan).ended.outcome is Outcome.IN_DOUBT
    here.wire.mend()


def _require_told(here: Scene, restored: bool) -> str:
    """What the journal says of the newest restore, settled where it was in doubt; it must be right."""
    mine = [doubt for doubt in here.doubts.open() if doubt.intent["table"] == here.fact]
    verdicts = {doubt.intent["kind"]: here.doubts.settle(doubt.write_id).verdict for doubt in mine}
    if "restore" in verdicts:
        assert verdicts["restore"] is (Became.APPLIED if restored else Became.NOT_APPLIED)
        return f"settled {verdicts['restore'].value}"
    intents = (entry for entry in here.store.journal.entries(kind=INTENT) if entry.said["kind"] == "restore")
    newest = next((entry for entry in intents if entry.said["table"] == here.fact), None)
    applied = newest is not None and "applied" in [
        entry.said.get("outcome") for entry in here.store.journal.about(newest.subject)
    ]
    assert applied is restored
    return "known applied" if restored else "not begun or refused"


# -- killed ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def killing(server: WarehouseProcess, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-m", "tests.integration.backup_scene", server.host, str(server.port)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [*argv, str(tmp_path / "state")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    ) as child:
        yield child
        assert child.stdin is not None
        child.stdin.close()


def killed_at(killing: subprocess.Popen[str], step: int) -> str:
    assert killing.stdin is not None and killing.stdout is not None
    killing.stdin.write(f"{step}\n")
    killing.stdin.flush()
    return killing.stdout.readline().strip()


def test_killed_at_any_step_of_a_swap_the_table_is_before_or_after_and_it_is_known_which(
    server: WarehouseProcess, killing: subprocess.Popen[str], here: Scene
) -> None:
    here.create()
    seen = set()
    for step in range(INTENDED, MOST):
        word = killed_at(killing, step)
        rows = here.rows(FACT)
        assert word in ("killed", "applied") and rows in (sorted(GOOD, key=repr), BAD)
        seen.add(_require_told(here, rows != BAD))
        if word == "applied":
            break
    else:
        pytest.fail("a write with more steps than there can be")
    assert seen == {"not begun or refused", "settled not applied", "settled applied", "known applied"}, seen
    assert here.rows(here.backup_of(FACT)) == sorted(GOOD, key=repr), "the backup stays"


def test_killed_at_any_step_of_a_set_it_is_taken_up_and_completed(
    server: WarehouseProcess, killing: subprocess.Popen[str], here: Scene
) -> None:
    kept = 0
    for step in range(SETS_FROM + 1, SETS_FROM + MOST, 4):
        word = killed_at(killing, step)
        if word == "applied":
            break
        assert word == "killed"
        draft = here.sets.propose()
        assert draft.taken_up is not None
        kept += sum(item.done is not None for item in draft.items)
        made = here.create()
        assert made.complete and made.run_id == draft.run_id and not here.doubts.open()
        assert [here.rows(one.clone) for one in made.cloned] == [here.rows(one.table) for one in made.cloned]
    else:
        pytest.fail("a set with more steps than there can be")
    assert kept
