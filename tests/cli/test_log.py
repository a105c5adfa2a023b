"""`gcms-tui log` without a screen: the lines that are asked for, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.adapters.test_log_file import IDS, entry, header
from tests.cli.commands import gcms_tui
from tests.core.test_log_line import event

LINES = [
    header(IDS[0]),
    entry("debug", "began"),
    entry("error", "Database \x1b[31mError\x1b[0m in model m", "Thread-1 ("),
    b"  no such table",
    event("warn", "from json"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "dbt.log"
    path.write_bytes(b"\n".join(LINES) + b"\n\xff\n")
    return path


def test_all_lines_without_their_colours(path: Path) -> None:
    done = gcms_tui("log", path)
    assert done.status == 0 and done.err == ""
    lines = done.out.splitlines()
    assert lines[2] == "02:52:19.519721 [error] [Thread-1 (]: Database Error in model m"
    assert len(lines) == 6 and "\x1b" not in done.out


def test_by_level_and_expression(path: Path) -> None:
    done = gcms_tui("log", path, "--level", "error")
    assert done.out.splitlines() == [
        "02:52:19.519721 [error] [Thread-1 (]: Database Error in model m",
        "  no such table",
    ]
    assert gcms_tui("log", path, "--grep", "Error in").out.count("\n") == 1
    assert gcms_tui("log", path, "--level", "warn", "--grep", "TABLE$").out == ""


def test_as_json(path: Path) -> None:
    done = gcms_tui("log", path, "--json", "--level", "warn")
    told = [json.loads(line) for line in done.out.splitlines()]
    assert [one["message"] for one in told][:2] == ["Database Error in model m", "  no such table"]
    assert told[0]["level"] == "error" and told[0]["thread"] == "Thread-1 (" and told[1]["continuation"]
    assert told[2]["invocation_id"] == IDS[0] and told[2]["level"] == "warn"


def test_what_is_wrong_is_said(path: Path) -> None:
    done = gcms_tui("log", path, "--grep", "(a")
    assert done.status == 64 and "at character 1" in done.err and "Traceback" not in done.err
    done = gcms_tui("log", path.with_name("absent.log"))
    assert done.status == 69 and "No such file" in done.err
    assert gcms_tui("log", path, "--level", "loud").status == 64


@pytest.mark.covers("Logs")
def test_without_a_file_it_is_the_projects_own(path: Path) -> None:
    project = path.parent / "project"
    (project / "logs").mkdir(parents=True)
    (project / "logs" / "dbt.log").write_bytes(LINES[1] + b"\n")
    (project / "dbt_project.yml").write_text("name: gcms\nprofile: gcms\nversion: '1'\n", encoding="utf-8")
    config = path.parent / "gcms.toml"
    config.write_text(f'[dbt]\nproject_dir = "{project}"\n', encoding="utf-8")
    done = gcms_tui("--config", config, "log", "--grep", "began")
    assert done.status == 0 and done.out == "02:52:19.519721 [debug] [MainThread]: began\n"
