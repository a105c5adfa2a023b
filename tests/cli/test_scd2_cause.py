"""Why a key has duplicates, as it is typed, over the practice platform: from silence to two runs that collided."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Done, here
from tests.cli.test_health import write_config
from tests.practice import RunningPlatform

TABLE = "br_attendance_scd2"
MODEL = f"model.gcms.{TABLE}"
Typed = Callable[..., Done]


@pytest.fixture(scope="module")
def project(platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dbt project, with a log and a repository of this module's own."""
    project = tmp_path_factory.mktemp("cause") / "dbt"
    shutil.copytree(platform.dbt_project, project, ignore=shutil.ignore_patterns("logs"))
    return project


@pytest.fixture(scope="module")
def typed(platform: RunningPlatform, project: Path) -> Typed:
    config = write_config(platform, project.parent, project=project)
    config.write_text(f"read_only = false\n{config.read_text()}")
    return lambda *arguments: here("--config", config, "scd2", *arguments)


@pytest.fixture(scope="module")
def key(typed: Typed) -> str:
    """One with two current versions that were written in the same second."""
    (table,) = json.loads(typed("list", "--table", TABLE, "--json").out)["tables"]
    return str(table["groups"][0]["natural_key"])


@pytest.fixture(scope="module")
def silence(typed: Typed, key: str) -> dict[str, Any]:
    done = typed("cause", key, "--table", TABLE, "--json")
    assert done.status == 3, "nothing known is not nothing wrong"
    report: dict[str, Any] = json.loads(done.out)
    return report


def events(invocation_id: str, began: datetime, ended: datetime) -> str:
    """What one `dbt build` of the table leaves in a JSON log."""
    node = {"node_info": {"unique_id": MODEL, "node_status": "success"}, "index": 1, "execution_time": 1.0}
    told: tuple[tuple[str, datetime, dict[str, Any]], ...] = (
        ("MainReportArgs", began, {"args": {"invocation_command": "dbt build"}}),
        ("ConcurrencyLine", began, {"target_name": "sandbox"}),
        ("LogModelResult", ended, node),
        ("CommandCompleted", ended, {"command": "dbt build", "success": True}),
    )
    return "".join(
        json.dumps({"info": {"name": name, "ts": at.isoformat(), "invocation_id": invocation_id}, "data": data}) + "\n"
        for name, at, data in told
    )


def test_of_a_moment_before_the_history_nothing_is_known(silence: dict[str, Any], key: str) -> None:
    assert (silence["table"], silence["natural_key"], silence["verdict"]) == (f"bronze.{TABLE}", key, "not known")
    assert "no run is certainly known at" in silence["words"] and silence["pairs"] == silence["runs"] == []
    assert silence["changes"]["asked"] == [f"models/bronze/scd2/{TABLE}.sql", "models/bronze/scd2/scd2.yml", "macros"]
    assert "not a git repository" in silence["changes"]["problem"]
    assert silence["sessions"]["words"].startswith(("none visible to this role", "not known"))


def test_two_runs_in_the_log_that_collided_are_found_and_noted(
    typed: Typed, project: Path, key: str, silence: dict[str, Any]
) -> None:
    moment = datetime.fromisoformat(silence["insertions"][0]["at"][:26]).replace(tzinfo=UTC)
    minute = timedelta(minutes=1)
    first = events("0a58fd77-ec5b-4872-b5f8-b24616790001", moment - minute, moment + minute)
    second = events("0b58fd77-ec5b-4872-b5f8-b24616790002", moment, moment + 2 * minute)
    (project / "logs").mkdir(exist_ok=True)
    (project / "logs" / "dbt.log").write_text(first + second)
    who = ("-c", "user.name=Anna", "-c", "user.email=anna@example.org")
    for words in (("init", "-q"), ("add", "models", "macros"), (*who, "commit", "-q", "-m", "Close what is open")):
        subprocess.run(("git", "-C", str(project), *words), check=True, capture_output=True)

    blank = typed("cause", key, "--table", TABLE, "--note", " ")
    assert blank.status == 65 and "A note is required" in blank.err
    forbidden = typed("cause", key, "--table", TABLE, "--note", "a note", "--read-only")
    assert forbidden.status == 65 and "Nothing may be written" in forbidden.err
    noted = typed("cause", key, "--table", TABLE, "--note", "cron and Anna", "--json")
    report = json.loads(noted.out)
    assert (noted.status, report["verdict"]) == (0, "two runs overlapped")
    assert [run["invocation_id"][:2] for run in report["runs"]] == ["0a", "0b"]
    assert [pair["certain"] for pair in report["pairs"]] == [True]
    assert [commit["subject"] for commit in report["changes"]["commits"]] == ["Close what is open"]
    assert [note["text"] for note in report["journal"]] == ["cron and Anna"]
    shown = typed("cause", key, "--table", f"bronze.{TABLE}")
    assert shown.status == 0 and "two runs overlapped: " in shown.out and "cron and Anna" in shown.out
    assert "Let one run at a time write" in shown.err


def test_corrections_of_the_past_month_by_month(typed: Typed) -> None:
    done = typed("corrections", "--tolerance", "6h", "--json")
    told = {table["table"]: table for table in json.loads(done.out)["tables"]}
    assert done.status == 0 and set(told) == {
        f"bronze.br_{name}_scd2" for name in ("attendance", "concert", "musician")
    }
    late = told[f"bronze.{TABLE}"]
    assert late["known"] and late["tolerance_minutes"] == 360
    assert sum(month["corrections"] for month in late["months"]) > 100
    shown = typed("corrections", "--table", TABLE, "--tolerance", "6h", "--note", "late sheets")
    assert shown.status == 0 and "MONTH    CORRECTIONS  KEYS" in shown.out and "late sheets" in shown.out
    assert typed("corrections", "--note", "of what?").status == 64
    assert typed("corrections", "--tolerance", "soon").status == 64
