"""The archive, against the warehouse itself; the tables are looked at by the plain connector."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from gcms_tui.core.errors import GcmsError, Refused, StatementFailed
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.writing.doubt import Verdict
from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.integration.archive_scene import AMOUNTS, CLONE, FACT, Vault, build, line, prepare, run, vault
from tests.integration.repair_scene import HASTY, warehouse
from tests.operations.payroll.paid_run import copied
from tests.wire import Exchange, Fault, drop_answer, drop_request


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarehouseProcess]:
    with warehouse(tmp_path_factory.mktemp("warehouse")) as running:
        yield running


@pytest.fixture(scope="module")
def template(server: WarehouseProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(server, tmp_path_factory.mktemp("recorded"))


@pytest.fixture
def own(server: WarehouseProcess, template: Path, tmp_path: Path) -> Path:
    """A run that was recorded; its fact is as it was signed, and nobody has archived it."""
    with line(server) as wire:
        build(wire)
        run(wire, *(f"DROP TABLE IF EXISTS {CLONE}{suffix}" for suffix in ("", "_7", "_2", "_again")))
    return copied(template, tmp_path / "own")


def is_transient(here: Vault, table: str) -> bool:
    [(kind,)] = here.wire.run(
        "SELECT is_transient FROM information_schema.tables WHERE table_name = ?", table.partition(".")[2].upper()
    )
    return bool(kind == "YES")


@pytest.mark.parametrize("transient", [True, False])
def test_the_archive_is_the_table_to_the_cent(server: WarehouseProcess, own: Path, transient: bool) -> None:
    with vault(server, own) as here:
        build(here.wire, transient=transient)
        plan = here.plan()
        assert plan.subject == CLONE and any("Fail-safe" in words for words in plan.warnings) is transient
        archived = here.archive(plan).archived
        assert archived is not None and archived.alike
        assert archived.kind == ("transient" if transient else "permanent")
        assert is_transient(here, CLONE) is transient
        assert here.rows(CLONE) == here.rows(FACT) and len(here.rows(CLONE)) == 6
        [(total,)] = here.wire.run(f"SELECT SUM(net_amount) FROM {CLONE} WHERE concert_id = 7")
        assert total == sum(map(Decimal, AMOUNTS))
        assert here.scene.book().next_step(here.run) is Step.LOG


def test_a_fact_that_was_built_anew_alarms_and_its_like_can_be_archived(server: WarehouseProcess, own: Path) -> None:
    with vault(server, own) as here:
        here.wire.run(f"CREATE TABLE {CLONE} AS SELECT 1 AS taken")
        with pytest.raises(Refused) as caught:
            here.plan()
        assert caught.value.guard == "name_taken" and caught.value.next_step.endswith("--suffix 7")
        build(here.wire, "100.00", "33.34", "0.00")
        plan = here.plan("7")
        assert any("no longer what was signed" in words for words in plan.warnings)
        failed = here.archive(plan).archived
        assert failed is not None and not failed.alike and failed.table == f"{CLONE}_7"
        [hold] = here.scene.holds().open()
        assert f"{CLONE}_7" in hold.reason
        build(here.wire)
        again = here.archive(here.plan("2")).archived
        assert again is not None and again.alike
        assert here.rows(CLONE) == [(1,)], "nothing is written over"


def _denied(exchange: Exchange) -> bytes:
    text = "SQL access control error:\nInsufficient privileges to operate on schema 'GOLD'"
    said = {"errorCode": "003001", "sqlState": "42501", "queryId": "01b2c3d4-0000-0000-0000-000000000000"}
    return json.dumps({"data": said, "code": "003001", "message": text, "success": False}).encode()


def test_without_the_privilege_nothing_is_made_and_the_step_stays_open(server: WarehouseProcess, own: Path) -> None:
    with vault(server, own) as here:
        plan = here.plan()
        here.wire.on("CLONE", _denied)
        with pytest.raises(StatementFailed, match="Insufficient privileges"):
            here.archive(plan)
        assert here.run.archived is None and not here.doubts.open()


@pytest.mark.parametrize(("fault", "made"), [(drop_request, False), (drop_answer, True)], ids=["before", "after"])
def test_a_link_that_is_lost_in_the_clone_is_settled_by_looking(
    server: WarehouseProcess, own: Path, fault: Fault, made: bool
) -> None:
    with vault(server, own, limits=HASTY) as here:
        plan = here.plan()
        here.wire.on("CLONE", fault)
        with pytest.raises(GcmsError):
            here.archive(plan)
        here.wire.mend()
        [doubt] = here.doubts.open()
        assert here.doubts.settle(doubt.write_id).verdict is (Verdict.APPLIED if made else Verdict.NOT_APPLIED)
        with pytest.raises(Refused) as caught:
            here.plan() if made else here.archiving.adopt(here.run.run_id)
        assert caught.value.guard == ("name_taken" if made else "nothing_to_adopt")
        if made:
            assert caught.value.next_step.endswith("--adopt")
            archived = here.archiving.adopt(here.run.run_id).archived
        else:
            archived = here.archive(here.plan("again")).archived
        assert archived is not None and archived.alike
        assert here.rows(archived.table) == here.rows(FACT)


def test_killed_between_the_clone_and_its_outcome_it_is_settled_and_taken_over(
    server: WarehouseProcess, own: Path
) -> None:
    argv = [sys.executable, "-m", "tests.integration.archive_scene", server.host, str(server.port), str(own)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    assert subprocess.run(argv, env=env, check=False, timeout=60).returncode == -signal.SIGKILL
    with vault(server, own) as here:
        [doubt] = here.doubts.open()
        assert not doubt.under_way and doubt.intent["kind"] == "archive"
        with pytest.raises(Refused) as caught:
            here.plan()
        assert caught.value.guard == "in_doubt"
        assert here.doubts.settle(doubt.write_id).verdict is Verdict.APPLIED
        archived = here.archiving.adopt(here.run.run_id).archived
        assert archived is not None and archived.alike and archived.write_id == doubt.write_id
        assert here.rows(CLONE) == here.rows(FACT)
        assert here.scene.store().journal.verify().whole
