"""What can go wrong with a repair, against the warehouse itself; the rows are looked at by the plain connector."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.core.errors import GcmsError, Refused, StatementFailed, Unavailable
from gcms_tui.core.writing.doubt import Verdict
from gcms_tui.core.writing.journal import INTENT, OUTCOME, SETTLED
from gcms_tui.core.writing.plan import Plan
from gcms_tui.operations.writing.guarded_write import Outcome
from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.integration.asking import connect
from tests.integration.repair_scene import HASTY, KEY, TABLE, Scene, Values, pair, scene, warehouse
from tests.sandbox.warehouse.client import free_port
from tests.wire import Fault, counting, drop_answer, drop_request, interfere

CLOSED = "2026-01-10 00:00:00"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarehouseProcess]:
    with warehouse(tmp_path_factory.mktemp("warehouse")) as running:
        yield running


@pytest.fixture
def here(server: WarehouseProcess, tmp_path: Path) -> Iterator[Scene]:
    """The table with one key that has two current versions."""
    with scene(server, tmp_path / "state") as opened:
        opened.fill(pair())
        yield opened


@pytest.fixture
def hasty(server: WarehouseProcess, tmp_path: Path) -> Iterator[Scene]:
    """As `here`, and an answer to a write is not waited for long."""
    with scene(server, tmp_path / "state", limits=HASTY) as opened:
        opened.fill(pair())
        yield opened


def refused(here: Scene, plan: Plan) -> Refused:
    with pytest.raises(Refused) as caught:
        here.apply(plan)
    return caught.value


def current(here: Scene, key: str = KEY) -> list[tuple[Any, ...]]:
    return here.ask(f"SELECT scd_id FROM bronze.{TABLE} WHERE natural_key = ? AND is_current ORDER BY 1", key)


def test_a_repair_touches_the_rows_it_named_and_undo_puts_every_byte_back(here: Scene) -> None:
    before = here.rows()
    plan = here.plan()
    assert (plan.winner, plan.reason) == ("b", "recorded last, 2026-01-11 08:00:00")
    assert [(change.label, change.after and change.after["effective_to"]) for change in plan.changes] == [
        ("a", f"{CLOSED}.000000000")
    ]
    done = here.apply(plan)
    assert (done.outcome, done.note) == (Outcome.APPLIED, "")
    after = here.rows()
    changed = set(before) ^ set(after)
    assert {row[0] for row in changed} == {"a"} and len(changed) == 2
    [loser] = set(after) - set(before)
    assert (str(loser[5]), loser[6]) == (CLOSED, False)
    assert here.ask(f"SELECT COUNT(*) FROM {done.backup}") == [(3,)]
    assert here.kinds() == [INTENT, INTENT, OUTCOME, OUTCOME]
    undo = here.repairs.propose_undo(done.write_id)
    assert here.apply(undo).outcome is Outcome.APPLIED
    assert here.rows() == before
    again = here.plan()
    assert here.apply(again).outcome is Outcome.APPLIED
    assert current(here) == [("b",)]


CHANGED = f"UPDATE bronze.{TABLE} SET status = 'absent' WHERE scd_id = 'b'"
ADDED = (
    f"INSERT INTO bronze.{TABLE} SELECT 'c', natural_key, status, amount, effective_from, effective_to, FALSE, "
    f"recorded_at, inserted_at, updated_at FROM bronze.{TABLE} WHERE scd_id = 'a'"
)
DELETED = f"DELETE FROM bronze.{TABLE} WHERE scd_id = 'a'"


@pytest.mark.parametrize(
    ("when", "meddling"),
    [("before", CHANGED), ("in between", CHANGED), ("in between", ADDED), ("in between", DELETED)],
    ids=["before, changed", "changed", "added", "deleted"],
)
def test_rows_that_moved_since_the_plan_are_left_alone(here: Scene, when: str, meddling: str) -> None:
    plan = here.plan()
    if when == "before":
        here.ask(meddling)
    else:
        here.wire.on("BEGIN", interfere(meddling))
    assert refused(here, plan).guard == "rows_moved"
    moved = here.rows()
    assert all(row[6] for row in moved if row[0] in ("a", "b"))
    assert here.kinds()[-1] == OUTCOME and not here.doubts.open()
    assert refused(here, plan).guard == "plan_used"
    assert here.rows() == moved


@pytest.mark.parametrize("counts", [(2, 0), (0, 0), (1, 1)], ids=["too many", "too few", "several times"])
def test_another_number_of_rows_is_rolled_back(here: Scene, counts: tuple[int, int]) -> None:
    before, plan = here.rows(), here.plan()
    here.wire.on("UPDATE", counting(*counts))
    assert refused(here, plan).guard == "row_count"
    assert here.rows() == before


def test_of_two_consoles_with_one_plan_one_applies_it(server: WarehouseProcess, here: Scene, tmp_path: Path) -> None:
    plan = here.plan()
    with scene(server, tmp_path / "state") as there, ThreadPoolExecutor(2) as both:
        ends = list(both.map(lambda console: _ended(console, plan), (here, there)))
    assert sorted(ends) in (["applied", "lease"], ["applied", "plan_used"])
    assert current(here) == [("b",)]
    assert here.kinds().count(INTENT) == 2  # the write, and its backup


def _ended(console: Scene, plan: Plan) -> str:
    try:
        return console.apply(plan).outcome.value
    except Refused as error:
        return error.guard


def test_of_two_plans_on_one_key_the_second_sees_that_the_rows_moved(here: Scene) -> None:
    first, second = here.plan(), here.plan(keep="a", supersede=True)
    assert here.apply(first).outcome is Outcome.APPLIED
    after = here.rows()
    assert refused(here, second).guard == "rows_moved"
    assert here.rows() == after


def test_a_guard_that_says_no_at_the_last_moment_rolls_back(here: Scene) -> None:
    """A dbt run that begins while the rows are written is seen before COMMIT."""
    before, plan, calls = here.rows(), here.plan(), []

    def busy(_: Plan) -> None:
        calls.append(here.wire.requests("UPDATE"))
        if calls[-1]:
            raise Refused("dbt is running", "run x", guard="dbt_running")

    here.guards.append(busy)
    assert refused(here, plan).guard == "dbt_running"
    assert here.rows() == before and calls[-1]


def test_a_lock_of_somebody_else_is_waited_for_and_then_told(here: Scene) -> None:
    plan, before = here.plan(), here.rows()
    with connect(here.wire.warehouse) as other:
        other.cursor().execute("BEGIN")
        other.cursor().execute(f"UPDATE bronze.{TABLE} SET status = 'busy' WHERE natural_key = 'other'")
        with pytest.raises(StatementFailed) as caught:
            here.apply(plan)
        assert caught.value.code == 625 or "lock" in caught.value.message.lower()
        other.cursor().execute("ROLLBACK")
    assert here.rows() == before and not here.doubts.open()


@pytest.mark.parametrize(
    ("fault", "verdict"), [(drop_request, Verdict.NOT_APPLIED), (drop_answer, Verdict.APPLIED)], ids=["before", "after"]
)
def test_a_commit_without_an_answer_is_in_doubt_and_settled_by_looking(
    hasty: Scene, fault: Fault, verdict: Verdict
) -> None:
    here = hasty
    before, plan = here.rows(), here.plan()
    here.wire.on("COMMIT", fault)
    ended = here.apply(plan)
    assert ended.outcome is Outcome.IN_DOUBT and ended.note
    here.wire.mend()
    [doubt] = here.doubts.open()
    assert (doubt.write_id, doubt.under_way) == (ended.write_id, False)
    settled = here.doubts.settle(doubt.write_id)
    assert settled.verdict is verdict, settled
    assert (here.rows() == before) is (verdict is Verdict.NOT_APPLIED)
    assert here.kinds()[-1] == SETTLED and not here.doubts.open()
    if verdict is Verdict.APPLIED:
        here.apply(here.repairs.propose_undo(ended.write_id))
        assert here.rows() == before


@pytest.mark.parametrize("statement", ["UPDATE", "CLONE"])
def test_a_link_that_is_lost_before_commit_leaves_the_table_as_it_was(hasty: Scene, statement: str) -> None:
    here = hasty
    before, plan = here.rows(), here.plan()
    here.wire.on(statement, drop_request)
    with pytest.raises(GcmsError):
        here.apply(plan)
    here.wire.mend()
    assert here.rows() == before
    for doubt in here.doubts.open():  # DDL commits by itself: whether the clone is there has to be looked at
        assert doubt.intent["kind"] == "backup"
        assert here.doubts.settle(doubt.write_id).verdict is Verdict.NOT_APPLIED
    assert here.apply(here.plan()).outcome is Outcome.APPLIED


def test_without_a_backup_nothing_is_written(here: Scene) -> None:
    before, plan = here.rows(), here.plan()
    assert plan.backup is not None
    here.ask("CREATE SCHEMA IF NOT EXISTS bronze_backup")
    here.ask(f"CREATE TABLE {plan.backup.subject} AS SELECT 1 AS taken")
    assert refused(here, plan).guard == "backup"
    assert here.rows() == before and not here.wire.requests("BEGIN")


def test_what_cannot_be_journalled_is_not_done(here: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    before, plan = here.rows(), here.plan()
    monkeypatch.setattr("gcms_tui.adapters.store.database.BUSY_TIMEOUT_S", 0.1)
    taken, release = threading.Event(), threading.Event()
    here.guards.append(lambda _: _hold_the_store(here, taken, release) if not taken.is_set() else None)
    with pytest.raises(GcmsError) as caught:
        here.apply(plan)
    release.set()
    assert "locked" in caught.value.message
    assert here.rows() == before and not here.wire.requests("CLONE")


def _hold_the_store(here: Scene, taken: threading.Event, release: threading.Event) -> None:
    """Somebody else has the store to themselves from now on."""
    database = here.store.journal._database

    def hold() -> None:
        with database.transaction(lambda where, why: pytest.fail(why), alone=True):
            taken.set()
            release.wait(30)

    threading.Thread(target=hold, daemon=True).start()
    assert taken.wait(10)


def test_an_expired_plan_and_a_wrong_word_change_nothing(server: WarehouseProcess, tmp_path: Path) -> None:
    late = datetime.now(UTC)
    with scene(server, tmp_path / "state", clock=lambda: late) as here:
        here.fill(pair())
        before, plan = here.rows(), here.plan()
        for typed, reason, guard in (("", "why", "confirmation"), ("K", "why", "confirmation"), (KEY, " ", "reason")):
            with pytest.raises(Refused) as caught:
                here.repairs.apply(plan.plan_id, typed, reason)
            assert caught.value.guard == guard
        late += timedelta(minutes=31)
        assert refused(here, plan).guard == "expired"
        assert here.rows() == before and here.kinds() == []


def test_a_server_that_is_killed_leaves_the_table_before_or_after(tmp_path: Path) -> None:
    """It is started anew each time, on what the one before has left."""
    directory, state, port = tmp_path / "warehouse", tmp_path / "state", free_port()
    killed: list[tuple[str, list[Values]]] = []
    for moment in ("at the first UPDATE", "before COMMIT", "after COMMIT", ""):
        with warehouse(directory, port) as server:
            for moment_before, before in killed[-1:]:
                _require_settled(server, state, moment_before, before)
            if moment:
                with scene(server, state, limits=HASTY) as here:
                    killed.append((moment, _killed(server, here, moment)))
    assert len(killed) == 3


def _killed(server: WarehouseProcess, here: Scene, moment: str) -> list[Values]:
    """The rows before."""
    here.fill(pair())
    before, plan = here.rows(), here.plan()

    def fault(exchange: Any) -> bytes:
        if moment == "after COMMIT":
            exchange.forward()
        os.kill(server.pid, signal.SIGKILL)
        return drop_request(exchange)

    here.wire.on("UPDATE" if "UPDATE" in moment else "COMMIT", fault)
    if "COMMIT" in moment:
        assert here.apply(plan).outcome is Outcome.IN_DOUBT
    else:
        with pytest.raises(Unavailable):
            here.apply(plan)
    return before


def _require_settled(server: WarehouseProcess, state: Path, moment: str, before: list[Values]) -> None:
    with scene(server, state) as later:
        changed = later.rows() != before
        assert changed is (moment == "after COMMIT")
        verdicts = [later.doubts.settle(doubt.write_id).verdict for doubt in later.doubts.open()]
        wanted = Verdict.APPLIED if changed else Verdict.NOT_APPLIED
        assert verdicts == ([wanted] if "COMMIT" in moment else [])
