"""The journal as it is typed, over a practice platform on which one key was repaired."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector

from gcms_tui.adapters.store.opening import Store
from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.main import run
from gcms_tui.cli.wiring import load_settings, open_store
from gcms_tui.core.pipeline.syncs import ASKED
from gcms_tui.core.writing.journal import INTENT, OUTCOME, SETTLED
from gcms_tui.sandbox.airbyte.connections import REFERENCE
from tests.adapters.scripted_snowflake import unused_port
from tests.cli.commands import Done
from tests.cli.test_health import write_config
from tests.practice import RunningPlatform, copy_sandbox, running

TABLE = "bronze.br_attendance_scd2"
TRIGGERS = ("journal_no_update", "journal_no_delete")


@dataclass(frozen=True, slots=True)
class Desk:
    """A store of the test's own, in which the repair is journalled."""

    config: Path
    state_dir: Path
    anchor_file: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Done:
        """`gcms-tui journal`, in this process."""
        self.capture.readouterr()
        status = run(("--config", str(self.config), "journal", *arguments))
        shown = self.capture.readouterr()
        assert "Traceback" not in shown.err
        return Done(status, shown.out, shown.err)

    def json(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        done = self(*arguments, "--json")
        return done.status, json.loads(done.out)

    @property
    def store(self) -> Store:
        return open_store(load_settings(Invocation(config=self.config)).settings)

    def tamper(self, statement: str) -> None:
        with closing(sqlite3.connect(self.state_dir / "store.sqlite3")) as lite, lite:
            for trigger in TRIGGERS:
                lite.execute(f"DROP TRIGGER {trigger}")
            lite.execute(statement)


@pytest.fixture(scope="module")
def own_platform(sandbox_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """This module writes to it."""
    with running(copy_sandbox(sandbox_template, tmp_path_factory.mktemp("journal") / "sandbox")) as started:
        yield started


@pytest.fixture(scope="module")
def repaired(own_platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the configuration and the store of a console that has repaired one key, and planned others."""
    directory = tmp_path_factory.mktemp("repaired")
    config = configuration(own_platform, directory)
    arguments = ("--config", str(config), "scd2")
    for key in ("33-60-160", "33-23-161"):
        assert run((*arguments, "plan", "--table", TABLE, "--key", key)) == 0
    settings = load_settings(Invocation(config=config)).settings
    plan = open_store(settings).plans.newest()[0].plan
    words = ("--confirm", "33-23-161", "--reason", "two runs \x1b[31mcollided", "--no-tests")
    assert run((*arguments, "apply", plan.plan_id, *words)) == 0
    return directory


def configuration(platform: RunningPlatform, directory: Path, snowflake: str = "", **output: Any) -> Path:
    config = write_config(platform, directory, snowflake=snowflake, **output)
    text = f"read_only = false\n{config.read_text()}\n[store]\nanchor_file = '{directory / 'data' / 'anchor.json'}'\n"
    config.write_text(text)
    return config


@pytest.fixture
def desk(own_platform: RunningPlatform, repaired: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    for name in ("state", "data"):
        shutil.copytree(repaired / name, tmp_path / name)
    return Desk(configuration(own_platform, tmp_path), tmp_path / "state", tmp_path / "data" / "anchor.json", capsys)


# -- entries ---------------------------------------------------------------------------------------------------------


def test_entries_are_listed_newest_first_by_pages_and_kinds(desk: Desk) -> None:
    done = desk("list")
    lines = done.out.splitlines()
    assert (done.status, done.err) == (0, "")
    assert [line.split()[0] for line in lines] == ["ENTRY", "5", "4", "3", "2", "1"]
    assert "repair of 33-23-161 in bronze.br_attendance_scd2: two runs collided" in lines[-1]
    assert "\x1b" not in done.out
    _, page = desk.json("list", "--kind", "write.", "--limit", "2", "--before", "4")
    assert [(one["sequence"], one["kind"]) for one in page["entries"]] == [(3, OUTCOME), (2, INTENT)]
    assert page["more"] is True
    assert page["entries"][0]["payload"]["outcome"] == "applied"
    assert "list --before 4 --kind write." in desk("list", "--kind", "write.", "--limit", "1").err
    assert desk.json("list", "--kind", "write")[1] == {"entries": [], "more": False}


def test_an_entry_is_shown_with_all_that_it_says(desk: Desk) -> None:
    done = desk("show", "1")
    assert done.status == 0
    for seen in (f"kind        {INTENT}", "key: 33-23-161", "      effective_to: null", "reason: two runs collided"):
        assert seen in done.out.splitlines()
    assert '    UPDATE "BRONZE"."BR_ATTENDANCE_SCD2"\n    SET\n' in done.out
    assert "\x1b" not in done.out
    _, entry = desk.json("show", "1")
    assert entry["payload"]["reason"] == "two runs collided"
    assert desk("show", "99").status == 64


def test_an_entry_that_holds_anything_is_shown(desk: Desk) -> None:
    desk.tamper("UPDATE journal SET payload = CAST(x'7b22ff' AS TEXT), at = 'long ago', kind = 'write.intent'")
    done = desk("list")
    assert done.status == 0 and "long ago" in done.out
    assert desk("show", "3").status == 0
    assert desk.json("show", "3")[1]["payload"].startswith('{"')


# -- the chain -------------------------------------------------------------------------------------------------------


def test_a_whole_chain_is_compared_with_both_anchors(desk: Desk) -> None:
    done = desk("verify")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("WHOLE: 5 entries")
    assert f"compared with {desk.anchor_file}: 5 entries" in done.out
    assert "compared with gcms_ops.journal_anchor in Snowflake: 4 entries" in done.out


def test_a_chain_without_an_anchor_is_not_known_to_be_whole(desk: Desk) -> None:
    desk.anchor_file.unlink()
    status, told = desk.json("verify", "--offline")
    assert (status, told["verdict"], told["whole"], told["anchors"]) == (3, "UNKNOWN", True, [])
    status, told = desk.json("verify")
    assert (status, told["verdict"], [one["count"] for one in told["anchors"]]) == (0, "OK", [4])


def test_an_anchor_file_that_cannot_be_read_is_not_none(desk: Desk) -> None:
    desk.anchor_file.write_text("{")
    done = desk("verify")
    assert done.status == 3
    assert f"{desk.anchor_file}: it is damaged" in done.err
    assert done.out.startswith("NOT PROVEN: 5 entries")
    assert desk("anchor", "--offline").status == 3
    assert desk.anchor_file.read_text() == "{"


@pytest.mark.parametrize(
    ("done", "entry", "told"),
    [
        ("UPDATE journal SET payload = replace(payload, '7,994', '0') || ' ' WHERE sequence = 3", 3, "edited"),
        ("DELETE FROM journal WHERE sequence = 2", 2, "missing"),
        ("UPDATE journal SET subject = x'00' WHERE sequence = 4", 4, "edited"),
        ("DELETE FROM journal WHERE sequence > 3", 4, "cut off"),
    ],
)
def test_what_was_done_to_it_is_named_and_its_head_kept_nowhere(desk: Desk, done: str, entry: int, told: str) -> None:
    """By the warehouse's anchor, where the file was taken away."""
    desk.tamper(done)
    desk.anchor_file.unlink()
    shown = desk("verify")
    assert shown.status == 2
    assert shown.out.startswith(f"BROKEN at entry {entry}: ") and told in shown.out
    assert "Write nothing" in shown.err
    status, report = desk.json("anchor")
    assert (status, report["verdict"], report["broken_at"], report["kept"]) == (2, "FAIL", entry, [])
    assert not desk.anchor_file.exists()


def test_a_store_that_was_put_in_the_place_of_another_is_noticed(desk: Desk) -> None:
    shutil.rmtree(desk.state_dir)
    desk.store.journal.append("k", "s", {})
    moved = json.loads(desk.anchor_file.read_text())
    for anchor in moved.values():
        anchor["store"] = str(desk.state_dir / "store.sqlite3")
    desk.anchor_file.write_text(json.dumps(moved))
    done = desk("verify", "--offline")
    assert done.status == 3
    assert "knew another journal" in done.err and "of 5 entries" in done.err


def test_a_warehouse_that_is_gone_is_told_and_the_file_decides(
    own_platform: RunningPlatform, desk: Desk, tmp_path: Path
) -> None:
    limits = "login_timeout_s = 2\nnetwork_timeout_s = 4\nstatement_timeout_s = 2"
    configuration(own_platform, tmp_path, limits, port=unused_port())
    done = desk("verify")
    assert done.status == 0
    assert "the warehouse's anchors were not compared" in done.err
    assert desk("verify", "--offline").err == ""
    status, told = desk.json("anchor")
    assert (status, told["kept"]) == (3, [str(desk.anchor_file)])
    assert len(told["not_kept"]) == 1


def test_the_head_is_kept_in_both_places_where_that_is_allowed(desk: Desk) -> None:
    last = desk.store.journal.append("k", "s", {})
    status, told = desk.json("anchor")
    assert status == 0
    assert (told["count"], told["head"]) == (6, last.own)
    assert told["kept"] == [str(desk.anchor_file), "gcms_ops.journal_anchor in Snowflake"]
    desk.store.journal.append("k", "s", {})
    assert desk.json("anchor", "--read-only")[1]["kept"] == [str(desk.anchor_file)]
    counts = [(one["count"], one["place"].split()[0]) for one in desk.json("verify")[1]["anchors"]]
    assert counts == [(7, str(desk.anchor_file)), (4, "gcms_ops.journal_anchor"), (6, "gcms_ops.journal_anchor")]


# -- in doubt --------------------------------------------------------------------------------------------------------


@pytest.fixture
def intend(desk: Desk) -> Callable[..., None]:
    """Journals the intent of a write by one of the plans, and no outcome."""

    def begin(write_id: str, key: str, **said: Any) -> None:
        plan = next(kept.plan for kept in desk.store.plans.newest() if kept.plan.subject == key)
        like = json.loads(desk.store.journal.entry(1).payload)
        intent = {**like, "plan": plan.plan_id, "key": key, "query_tag": write_id, "backup": "", **said}
        desk.store.journal.append(INTENT, write_id, intent)

    return begin


def test_nothing_in_doubt_is_told(desk: Desk) -> None:
    done = desk("doubts")
    assert (done.status, done.out) == (0, "")
    assert desk.json("doubts", "--settle") == (0, {"doubts": []})


def test_what_is_in_doubt_is_listed_and_settled_by_its_rows(desk: Desk, intend: Callable[..., None]) -> None:
    intend("20260301-090000-aaaaaa", "33-23-161")
    intend("20260301-090001-bbbbbb", "33-60-160")
    done = desk("doubts")
    assert done.status == 3
    assert [line.split()[0][-6:] for line in done.out.splitlines()] == ["aaaaaa", "bbbbbb"]
    assert "repair of 33-23-161 in bronze.br_attendance_scd2" in done.out
    assert "--settle" in done.err
    assert desk("doubts", "--settle", "--read-only").status == 65
    status, told = desk.json("doubts", "--settle")
    assert status == 0
    assert [one["verdict"] for one in told["doubts"]] == ["applied", "not applied"]
    assert "as the plan leaves them" in told["doubts"][0]["evidence"][0]
    assert [entry.kind for entry in desk.store.journal.entries(2)] == [SETTLED, SETTLED]
    assert desk("doubts").status == 0


def test_what_cannot_be_settled_keeps_nothing_else_from_being_so(desk: Desk, intend: Callable[..., None]) -> None:
    intend("20260301-090000-aaaaaa", "33-23-161", target="prod")
    intend("20260301-090001-bbbbbb", "33-60-160", table="bronze.elsewhere")
    intend("20260301-090002-cccccc", "33-60-160")
    lease = desk.store.leases.take("write:sandbox:bronze.elsewhere", "a test")
    try:
        assert "bronze.elsewhere, under way" in desk("doubts").out
        status, told = desk.json("doubts", "--settle")
    finally:
        lease.release()
    assert status == 3
    other, running_, settled = told["doubts"]
    assert "Another target" in other["error"]
    assert (running_["under_way"], running_["verdict"]) == (True, "still under way")
    assert settled["verdict"] == "not applied"
    assert len(desk.store.journal.open_intents()) == 2


@pytest.mark.covers("E3 4")
def test_a_sync_in_doubt_is_among_them_and_is_settled_by_airbytes_jobs(
    own_platform: RunningPlatform, desk: Desk
) -> None:
    asked = {"connection": REFERENCE.connection_id, "name": REFERENCE.name, "where": "127.0.0.1:1"}
    for sync_id, before in (("sync-a", 0), ("sync-b", 999_999)):
        desk.store.journal.append(ASKED, sync_id, {"target": "sandbox", **asked, "before": before})
    status, told = desk.json("doubts", "--settle")
    assert status == 3 and all("asked of Airbyte at 127.0.0.1:1" in one["error"] for one in told["doubts"])
    airbyte = own_platform.config.read_text().partition("[airbyte]")[2].partition("[[")[0].partition("\n#")[0]
    secret = own_platform.config.with_name("airbyte.secret")
    desk.config.write_text(f"{desk.config.read_text()}\n[airbyte]{airbyte.replace(secret.name, str(secret))}")
    done = desk("doubts", "--settle")
    assert done.status == 3 and "APPLIED" in done.out and "too early to tell: until" in done.out
    assert "STILL UNDER WAY" in done.out and "-> Look again at " in done.err and "pipeline watch " in done.err
    [left] = desk.json("doubts")[1]["doubts"]
    assert (left["write"], left["kind"], left["table"]) == ("sync-b", "sync", None)
    assert left["connection"] == REFERENCE.connection_id


def test_an_intent_that_was_edited_hides_no_other(desk: Desk, intend: Callable[..., None]) -> None:
    desk.store.journal.append(INTENT, "20260301-090000-aaaaaa", {"half": "of it"})
    intend("20260301-090001-bbbbbb", "33-60-160")
    assert "a write whose intent cannot be read" in desk("doubts").out
    done = desk("doubts", "--settle")
    assert done.status == 3
    assert "A PERSON MUST LOOK" in done.out and "NOT APPLIED" in done.out
    assert "its intent was edited: gcms-tui journal verify" in done.err


def test_a_person_is_told_what_to_look_at(
    own_platform: RunningPlatform, desk: Desk, intend: Callable[..., None]
) -> None:
    """The last of this module: it leaves the key as no plan has it."""
    intend("20260301-090000-aaaaaa", "33-60-160", backup="bronze_backup.kept")
    with snowflake.connector.connect(**own_platform.snowflake) as connection:
        connection.cursor().execute(f"UPDATE {TABLE} SET recorded_at = '2020-01-01' WHERE natural_key = '33-60-160'")
    done = desk("doubts", "--settle")
    assert done.status == 3
    assert "A PERSON MUST LOOK" in done.out
    for seen in ("scd2 show 33-60-160 --table bronze.br_attendance_scd2", "journal show 6", "bronze_backup.kept"):
        assert seen in done.err
    assert desk("doubts").status == 0
