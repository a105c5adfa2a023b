"""SCD2 repairs as they are typed, over a platform of this module. All but the last test put back what they write."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector

from gcms_tui.adapters.run_lease import LeaseFile
from gcms_tui.adapters.snowflake_writer import SnowflakeWriteSession
from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.main import run
from gcms_tui.cli.wiring import dbt_project, load_settings, open_store, target_name
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.errors import CommitUnknown
from gcms_tui.core.run import Person, RunRecord
from gcms_tui.operations.writing.guarded_write import writers_of
from tests.cli.commands import Done
from tests.cli.test_health import write_config
from tests.practice import RunningPlatform, copy_sandbox, running

TABLE = "bronze.br_attendance_scd2"
PLAIN, TRIPLE = "33-23-161", "33-60-160"
REASON = "two runs collided"
COLUMNS = {"scd_id", "effective_from", "effective_to", "is_current", "recorded_at", "inserted_at", "updated_at"}

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Typed:
    """`gcms-tui scd2`, in this process."""

    config: Path
    snowflake: Mapping[str, Any]
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, group: str = "scd2") -> Done:
        self.capture.readouterr()
        status = run(("--config", str(self.config), group, *arguments))
        shown = self.capture.readouterr()
        assert "Traceback" not in shown.err
        return Done(status, shown.out, shown.err)

    def json(self, *arguments: str, group: str = "scd2") -> tuple[int, dict[str, Any]]:
        done = self(*arguments, "--json", group=group)
        return done.status, json.loads(done.out)

    def plan(self, key: str, *options: str) -> dict[str, Any]:
        status, made = self.json("plan", "--table", TABLE, "--key", key, *options)
        assert status == 0, made
        return made

    def apply(self, plan: str, *options: str, confirm: str = PLAIN, reason: str = REASON) -> tuple[int, dict[str, Any]]:
        return self.json("apply", plan, "--confirm", confirm, "--reason", reason, "--no-tests", *options)

    def rows(self) -> Rows:
        return all_rows(self.snowflake)


def all_rows(snowflake_of: Mapping[str, Any]) -> Rows:
    """As the plain connector reads them."""
    with snowflake.connector.connect(**snowflake_of) as connection:
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM {TABLE} ORDER BY scd_id")
        return list(map(tuple, cursor.fetchall()))


@pytest.fixture(scope="module")
def own_platform(
    sandbox_template: Path, warm_dbt: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningPlatform]:
    with running(copy_sandbox(sandbox_template, tmp_path_factory.mktemp("repair") / "sandbox")) as started:
        yield started


@pytest.fixture(scope="module")
def config(own_platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = write_config(own_platform, tmp_path_factory.mktemp("typed"))
    anchor = config.parent / "data" / "anchor.json"
    config.write_text(f"read_only = false\n{config.read_text()}\n[store]\nanchor_file = {json.dumps(str(anchor))}\n")
    return config


@pytest.fixture(scope="module")
def before(own_platform: RunningPlatform) -> Rows:
    """The table as it was seeded, and as each test but the last leaves it."""
    return all_rows(own_platform.snowflake)


@pytest.fixture
def typed(own_platform: RunningPlatform, config: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(config, own_platform.snowflake, capsys)


# -- looking ----------------------------------------------------------------------------------------------------------


def test_the_list_names_defects_and_groups(typed: Typed, before: Rows) -> None:
    status, told = typed.json("list", "--table", TABLE)
    [table] = told["tables"]
    assert (status, table["table"], table["defects"]["duplicate_current"]) == (0, TABLE, 3)
    assert table["rows"] == len(before) and not table["more"]
    groups = {group["natural_key"]: group for group in table["groups"]}
    assert len(groups) == 3 and {PLAIN, TRIPLE} <= set(groups)
    assert all(group["current_count"] == len(group["scd_ids"]) for group in groups.values())
    assert f"{PLAIN} " in typed("list", "--table", TABLE).out


def test_a_key_is_shown_with_what_would_become_of_it(typed: Typed) -> None:
    status, told = typed.json("show", PLAIN, "--table", TABLE)
    assert status == 0 and len(told["versions"]) >= 2 and set(told["versions"][0]) == {*COLUMNS, "columns"}
    assert told["winner"] not in [one["scd_id"] for one in told["closes"]] and told["closes"] and told["reason"]
    assert typed("show", "nobody's", "--table", TABLE).status == 65


# -- plans ------------------------------------------------------------------------------------------------------------


def test_a_plan_says_all_that_it_would_do_and_writes_nothing(typed: Typed, before: Rows) -> None:
    made = typed.plan(PLAIN)
    assert (made["kind"], made["natural_key"], made["confirmation"]) == ("repair", PLAIN, PLAIN)
    [change], [statement] = made["changes"], made["statements"]
    assert set(change["before"]) == set(change["after"]) == COLUMNS
    assert (change["before"]["is_current"], change["after"]["is_current"]) == (True, False)
    assert change["scd_id"] != made["winner"] and made["reason"] and made["expires_at"].endswith("Z")
    assert statement["sql"].startswith('UPDATE "BRONZE"."BR_ATTENDANCE_SCD2"') and statement["rows"] == 1
    assert made["backup"].startswith("bronze_backup.br_attendance_scd2_")
    done = typed("plan", "--table", TABLE, "--key", PLAIN)
    assert "is_current: true -> false" in done.out and f"--confirm {PLAIN}" in done.err
    assert typed.rows() == before


@pytest.mark.parametrize(
    ("options", "status", "guard"),
    [
        (("--table", TABLE), 64, ""),
        (("--key", PLAIN), 64, ""),
        (("--table", TABLE, "--all", "--supersede"), 64, ""),
        (("--table", TABLE, "--key", PLAIN, "--collapse", "x", "--keep", "y"), 64, ""),
        (("--undo", "20260301-090000-abcdef", "--key", PLAIN), 64, ""),
        (("--table", "bronze.nothing", "--key", PLAIN), 64, ""),
        (("--table", TABLE, "--key", "nobody's"), 65, "no_such_key"),
        (("--table", TABLE, "--key", PLAIN, "--keep", "x"), 65, "not_current"),
        (("--table", TABLE, "--key", PLAIN, "--collapse", "x"), 65, "not_shared"),
        (("--table", TABLE, "--key", PLAIN, "--read-only"), 65, "read_only"),
    ],
)
def test_what_cannot_be_planned_names_its_guard(
    typed: Typed, options: tuple[str, ...], status: int, guard: str
) -> None:
    done = typed("plan", *options, "--json")
    assert done.status == status
    if guard:
        refused = json.loads(done.out)["refused"]
        assert (refused["guard"], bool(refused["next_step"])) == (guard, True)
        assert f"guard: {guard}" in done.err
    else:
        assert not done.out


# -- one write --------------------------------------------------------------------------------------------------------


def test_what_is_not_confirmed_is_not_written(typed: Typed, before: Rows) -> None:
    made = typed.plan(PLAIN)
    for confirm, reason, options, guard in (
        (TRIPLE, REASON, (), "confirmation"),
        ("", REASON, (), "confirmation"),
        (PLAIN, " ", (), "reason"),
        (PLAIN, REASON, ("--read-only",), "read_only"),
    ):
        status, told = typed.apply(made["plan"], *options, confirm=confirm, reason=reason)
        assert (status, told["refused"]["guard"]) == (65, guard)
    assert typed.rows() == before


def test_ctrl_c_waits_for_the_end_of_a_write(typed: Typed, before: Rows) -> None:
    """Even while the driver waits for an answer, where it would break the statement off by itself."""
    made = typed.plan(PLAIN)
    words = ("scd2", "apply", made["plan"], "--confirm", PLAIN, "--reason", REASON, "--json")
    argv = [sys.executable, "-m", "gcms_tui", "--config", str(typed.config), *words]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with snowflake.connector.connect(**typed.snowflake) as other:
        other.cursor().execute("BEGIN")
        other.cursor().execute(f"UPDATE {TABLE} SET is_current = is_current")
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as child:
            assert child.stderr is not None and child.stdout is not None
            heard = _until(child.stderr.readline, "statement 1 of 1")
            child.send_signal(signal.SIGINT)
            heard += _until(child.stderr.readline, "a write is under way")
            other.cursor().execute("ROLLBACK")
            heard += child.stderr.read()
            assert child.wait(60) == 130, heard
            assert not child.stdout.read()
    [written] = [line.strip() for line in heard.splitlines() if line.endswith(": applied")]
    assert len(set(typed.rows()) - set(before)) == 1
    assert typed.json("doubts", group="journal")[1] == {"doubts": []}
    status, told = typed.json(
        "undo", written.removesuffix(": applied"), "--confirm", PLAIN, "--reason", REASON, "--no-tests"
    )
    assert (status, told["kind"], told["outcome"]) == (0, "undo", "applied")
    assert told["verified"]["key"]["defects"]["duplicate_current"] == 1 and typed.rows() == before


def _until(line: Callable[[], str], text: str) -> str:
    heard = ""
    while text not in heard:
        came = line()
        assert came, heard
        heard += came
    return heard


def test_nothing_is_written_beside_a_running_dbt(typed: Typed, before: Rows) -> None:
    made = typed.plan(PLAIN)
    settings = load_settings(Invocation(config=typed.config)).settings
    target, project = target_name(settings), str(dbt_project(settings).directory)
    taken = LeaseFile(settings.state_dir / "leases", project, target).take()
    person, since = Person("anna", "ops-1"), datetime.now(UTC)
    taken.name(RunRecord("run-1", DbtCommand("build"), (), project, target, person, since), os.getpid())
    try:
        status, told = typed.apply(made["plan"])
    finally:
        taken.let_go()
    assert (status, told["refused"]["guard"]) == (65, "dbt_running")
    assert "anna@ops-1" in told["refused"]["message"] and "dbt build" in told["refused"]["message"]
    assert typed.rows() == before
    _, shown = typed.json("plans", made["plan"])
    assert shown["state"] == "open", "the plan was not spent on it"


def test_dbt_does_not_start_beside_a_writer(typed: Typed) -> None:
    settings = load_settings(Invocation(config=typed.config)).settings
    lease = open_store(settings).leases.take(f"{writers_of(target_name(settings))}{TABLE}", "repair of 1-5-1")
    try:
        done = typed("start", "--yes", "--", "run", "--select", "dim_instrument", group="runs")
    finally:
        lease.release()
    assert done.status == 65 and "repair of 1-5-1" in done.err


def test_a_plan_is_applied_once_and_told(typed: Typed, before: Rows) -> None:
    made = typed.plan(PLAIN)
    status, shown = typed.json("plans", made["plan"][:12])
    assert (status, shown["state"], shown["used_by"]) == (0, "open", None) and made.items() <= shown.items()
    status, told = typed.apply(made["plan"])
    listed = typed("plans", "--limit", "1").out
    assert made["plan"][:12] in listed and f"used by {told['repair']}" in listed and PLAIN in listed
    assert (status, told["outcome"], told["rows"], told["backup"]) == (0, "applied", 1, made["backup"])
    assert told["verified"]["key"] == {"verdict": "OK", "current": 1, "defects": {}}
    assert told["verified"]["tests"]["verdict"] == "UNKNOWN", "they were not asked for"
    written = set(typed.rows())
    [after] = written - set(before)
    assert len(set(before) - written) == 1 and made["changes"][0]["scd_id"] in after
    status, again = typed.apply(made["plan"])
    assert (status, again["refused"]["guard"]) == (65, "plan_used") and told["repair"] in again["refused"]["message"]
    done = typed("undo", told["repair"], "--confirm", "another", "--reason", REASON)
    assert done.status == 65 and "guard: confirmation" in done.err
    assert typed("undo", told["repair"], "--confirm", PLAIN, "--reason", REASON, "--no-tests").status == 0
    assert typed.rows() == before


@pytest.mark.parametrize("done", [True, False])
def test_an_answer_that_is_lost_leaves_it_in_doubt(
    typed: Typed, before: Rows, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    commit = SnowflakeWriteSession.commit

    def lost(session: SnowflakeWriteSession, request_id: str) -> str | None:
        if done:
            commit(session, request_id)
        raise CommitUnknown("No answer to COMMIT", "The line is gone.")

    made = typed.plan(PLAIN)
    with monkeypatch.context() as patched:
        patched.setattr(SnowflakeWriteSession, "commit", lost)
        status, told = typed.apply(made["plan"])
    assert (status, told["outcome"], told["verified"]["key"]) == (69, "in_doubt", None)
    assert "journal doubts" in told["note"] and (typed.rows() != before) is done
    if not done:
        status, again = typed.apply(typed.plan(PLAIN)["plan"])
        assert (status, again["refused"]["guard"]) == (65, "in_doubt")
    status, settled = typed.json("doubts", "--settle", group="journal")
    assert (status, [one["verdict"] for one in settled["doubts"]]) == (0, ["applied" if done else "not applied"])
    if done:
        assert typed("undo", told["repair"], "--confirm", PLAIN, "--reason", REASON, "--no-tests").status == 0
    assert typed.rows() == before


# -- many keys --------------------------------------------------------------------------------------------------------


def test_a_batch_is_planned_confirmed_by_its_number_and_told(typed: Typed, before: Rows) -> None:
    """The last: both keys stay repaired."""
    status, batch = typed.json("plan", "--table", TABLE, "--all")
    assert (status, batch["confirmation"], batch["more"]) == (0, "2 keys", False)
    assert [made["natural_key"] for made in batch["plans"]] == sorted([PLAIN, TRIPLE])
    assert [one["guard"] for one in batch["refused"]] == ["tie"]
    status, told = typed.apply(batch["batch"])
    assert (status, told["refused"]["guard"]) == (65, "confirmation")
    member = next(made for made in batch["plans"] if made["natural_key"] == PLAIN)
    assert member["backup"] is None
    status, told = typed.apply(member["plan"])
    assert (status, told["refused"]["guard"]) == (65, "batch") and typed.rows() == before
    status, told = typed.apply(batch["batch"], confirm="2 keys")
    assert status == 0 and told["backup"].startswith("bronze_backup.")
    assert [one["natural_key"] for one in told["applied"]] == sorted([PLAIN, TRIPLE])
    assert set(told["verified"]["keys"].values()) == {"OK"} and not told["stopped_at"] and not told["in_doubt"]
    assert len(set(before) - set(typed.rows())) == 3
    status, again = typed.apply(batch["batch"], confirm="2 keys")
    assert (status, sorted(again["skipped"]), again["applied"]) == (3, sorted([PLAIN, TRIPLE]), [])
