"""Backups as they are typed, over a platform of this module."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import snowflake.connector

from gcms_tui.adapters.snowflake_writer import SnowflakeWriteSession
from gcms_tui.core.errors import CommitUnknown, Refused
from gcms_tui.operations.runs import DbtRuns
from tests.cli.test_health import write_config
from tests.cli.test_scd2_repair import Typed
from tests.practice import RunningPlatform, copy_sandbox, running

FACT = "gold.fct_musician_payment"
WHY = "weekly refresh"


@pytest.fixture(scope="module")
def own_platform(sandbox_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running(copy_sandbox(sandbox_template, tmp_path_factory.mktemp("backup") / "sandbox")) as started:
        yield started


@pytest.fixture(scope="module")
def config(own_platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = write_config(own_platform, tmp_path_factory.mktemp("typed"))
    config.write_text(f"read_only = false\n{config.read_text()}")
    return config


@pytest.fixture
def typed(own_platform: RunningPlatform, config: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(config, own_platform.snowflake, capsys)


def ask(typed: Typed, sql: str) -> list[tuple[object, ...]]:
    with snowflake.connector.connect(**typed.snowflake) as connection:
        return [tuple(row) for row in connection.cursor().execute(sql).fetchall()]  # type: ignore[union-attr]


def planned(typed: Typed, clone: str, *by: str) -> tuple[str, str]:
    """What names the plan that is shown."""
    status, shown = typed.json("restore", FACT, "--from", clone, *by, group="backup")
    assert status == 0
    return "--plan", str(shown["plan"])


def test_the_weekly_backup_from_the_first_clone_to_a_table_that_is_back(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one walk, as each part stands on the one before."""
    assert "no backup yet" in typed("list", group="backup").err
    assert typed("counts", group="backup").status == 64

    # Shown, then done by typing what was shown.
    status, shown = typed.json("create", group="backup")
    assert status == 0 and not shown["taken_up"] and FACT in [one["table"] for one in shown["tables"]]
    assert "bronze.br_attendance_scd2" in [one["table"] for one in shown["tables"]]
    assert typed("create", "--confirm", "yes", "--reason", WHY, group="backup").status == 65
    status, made = typed.json("create", "--confirm", shown["confirmation"], "--reason", WHY, group="backup")
    assert status == 0 and made["complete"] and len(made["tables"]) == len(shown["tables"])
    [clone] = [one["clone"] for one in made["tables"] if one["table"] == FACT]
    before = ask(typed, f"SELECT COUNT(*), SUM(net_amount) FROM {FACT}")
    assert ask(typed, f"SELECT COUNT(*), SUM(net_amount) FROM {clone}") == before

    # Rows before and after.
    done = typed("counts", "--after", made["set"], "--read-only", group="backup")
    assert (done.status, "OK" in done.out, "not journalled" in done.err) == (0, True, True)
    ask(typed, f"DELETE FROM {FACT} WHERE concert_id = 1")
    status, counts = typed.json("counts", group="backup")
    [fact] = [one for one in counts["tables"] if one["table"] == FACT]
    assert (status, fact["verdict"], counts["journalled"]) == (2, "FAIL", True) and fact["delta"] < 0

    # Shown without --confirm, refused for another name, refused while dbt runs; the table is as it was.
    spoilt = ask(typed, f"SELECT COUNT(*), SUM(net_amount) FROM {FACT}")
    shown_back = typed("restore", FACT, "--from", clone, group="backup")
    assert shown_back.status == 0 and "backup first: gold_backup.fct_musician_payment_before_restore_" in shown_back.out
    [hint] = [line for line in shown_back.err.splitlines() if "-> Do it: gcms-tui backup restore" in line]
    doing = [*shlex.split(hint.partition("gcms-tui backup ")[2])[:-1], "lost rows"]
    plan, confirmed = doing[doing.index("--plan") : doing.index("--confirm")], doing[doing.index("--confirm") :]
    assert (doing[1:4], confirmed[:2]) == ([FACT, "--from", clone], ["--confirm", FACT])
    assert typed("restore", FACT, "--from", clone, *confirmed, group="backup").status == 64, "which plan?"
    assert typed("restore", FACT, "--from", clone, *plan, group="backup").status == 64, "not confirmed"
    assert typed(*doing[:-3], "fct", "--reason", "why", group="backup").status == 65
    with monkeypatch.context() as patched:
        patched.setattr(DbtRuns, "require_quiet", _dbt_runs)
        status, refused = typed.json(*doing, group="backup")
        assert (status, refused["refused"]["guard"]) == (65, "dbt_running")
    with monkeypatch.context() as patched:
        patched.setattr(SnowflakeWriteSession, "commit", _no_answer)
        assert typed(*doing, group="backup").status == 69
    assert ask(typed, f"SELECT COUNT(*), SUM(net_amount) FROM {FACT}") == spoilt
    assert typed.json(*doing, group="backup")[1]["refused"]["guard"] == "plan_used"
    anew = planned(typed, clone)
    assert typed.json(*doing[:4], *anew, *confirmed, group="backup")[1]["refused"]["guard"] == "in_doubt"
    settled = typed("doubts", "--settle", group="journal")
    assert "restore of gold.fct_musician_payment" in settled.out and "NOT APPLIED" in settled.out

    # Exactly what was shown is done, once, and taken back.
    [other] = [one["clone"] for one in made["tables"] if one["table"] == "bronze.br_attendance_scd2"]
    for elsewhere in ((FACT, "--from", other), ("bronze.br_attendance_scd2", "--from", clone)):
        status, refused = typed.json("restore", *elsewhere, *anew, *confirmed, group="backup")
        assert (status, refused["refused"]["guard"]) == (65, "plan")
    status, back = typed.json(*doing[:4], *anew, *confirmed, group="backup")
    assert (status, back["outcome"], back["verdict"]) == (0, "applied", "OK")
    assert ask(typed, f"SELECT COUNT(*), SUM(net_amount) FROM {FACT}") == before
    swap = planned(typed, back["table_before"], "--by", "swap")
    status, undone = typed.json(
        "restore", FACT, "--from", back["table_before"], *swap, *confirmed[:2], "--reason", "no", group="backup"
    )
    assert (status, undone["verdict"]) == (0, "OK")
    assert ask(typed, f"SELECT COUNT(*), SUM(net_amount) FROM {FACT}") == spoilt
    status, listed = typed.json("list", "--table", FACT, group="backup")
    names = {one["clone"]: one["standing"] for one in listed["backups"]}
    assert {clone, back["table_before"], undone["table_before"]} <= set(names) and set(names.values()) == {"there"}
    ask(typed, f"DELETE FROM {undone['table_before']}")
    assert (status, typed("list", "--table", FACT, group="backup").status) == (0, 1)
    ask(typed, f"DROP TABLE {back['table_before']}")
    assert typed("list", "--table", FACT, group="backup").status == 2


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("create", "--read-only"), 65, "read_only"),
        (("restore", FACT, "--from", "gold_backup.fct_musician_payment_w20260101_abcdef"), 65, "not_ours"),
        (("restore", "a b", "--from", "x"), 64, ""),
        (("restore", FACT), 64, ""),
        (("restore", FACT, "--from", "x", "--plan", "ab", "--by", "swap"), 64, "Leave --by out"),
        (("restore", FACT, "--from", "x", "--plan", "abcdef", "--confirm", FACT), 64, "none that is known"),
        (("restore", FACT, "--from", "x", "--plan", "abc", "--confirm", FACT), 64, "at least 6 characters"),
        (("restore", FACT, "--from", "x", "--plan", "", "--confirm", FACT), 64, "none that is known"),
        (("counts", "--after", "w20260101-abcdef"), 64, ""),
    ],
)
def test_what_is_refused_names_its_guard(typed: Typed, arguments: tuple[str, ...], status: int, says: str) -> None:
    done = typed(*arguments, group="backup")
    assert done.status == status and says in done.err


def _dbt_runs(runs: DbtRuns) -> None:
    raise Refused("dbt is running", "dbt build", guard="dbt_running")


def _no_answer(session: SnowflakeWriteSession, request_id: str) -> str | None:
    """The line is cut before COMMIT is heard."""
    raise CommitUnknown("No answer to COMMIT", "the line was cut")
