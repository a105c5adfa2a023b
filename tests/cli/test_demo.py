"""`gcms-tui demo` as a newcomer meets it: in a terminal, with the real servers underneath."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gcms_tui.sandbox.directory import wait_until
from tests.practice import copy_sandbox
from tests.sandbox.serving import assert_nothing_runs, processes_in
from tests.terminal import Terminal

CTRL_Q = "\x11"


@pytest.fixture
def sandbox(sandbox_template: Path, tmp_path: Path) -> Iterator[Path]:
    """A seeded sandbox at rest. Whatever the test does, nothing runs in it afterwards."""
    directory = copy_sandbox(sandbox_template, tmp_path / "sandbox")
    yield directory
    assert_nothing_runs(directory)


def console(directory: Path, *options: str, **more: str) -> Terminal:
    command = [sys.executable, "-m", "gcms_tui", "demo", "--dir", str(directory), *options]
    return Terminal(command, columns=140, rows=40, env={**os.environ, **more})


def headless(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gcms_tui", *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)


def test_the_console_opens_over_the_story_and_stops_everything_when_left(sandbox: Path) -> None:
    elsewhere = {"DBT_PROFILES_DIR": "/nowhere", "DBT_TARGET_PATH": "/nowhere", "SNOWFLAKE_HOME": "/nowhere"}
    with console(sandbox, **elsewhere) as terminal:
        terminal.wait_for("Postgres is up", timeout=120)
        terminal.wait_for("SANDBOX", "WRITE", "connected", "scd2.br_attendance_scd2", "FAIL", timeout=120)
        terminal.send(CTRL_Q)
        assert terminal.wait_gone(60) == 0
    assert processes_in(sandbox) == {}


def test_an_aged_sandbox_and_read_only_stand_in_the_bar(sandbox: Path) -> None:
    about = sandbox / "current" / "sandbox.json"
    content = json.loads(about.read_text())
    content["extracted_at"] = (datetime.now(UTC) - timedelta(hours=50)).isoformat()
    about.write_text(json.dumps(content))
    with console(sandbox, "--read-only") as terminal:
        terminal.wait_for("SANDBOX", "READ-ONLY", "aged", timeout=120)
        terminal.send(CTRL_Q)
        assert terminal.wait_gone(60) == 0


def test_nothing_outlives_a_terminal_that_is_lost(sandbox: Path) -> None:
    with console(sandbox) as terminal:
        terminal.wait_for("SANDBOX", timeout=120)
        terminal.drop()
        terminal.wait_gone(60)
    assert_nothing_runs(sandbox)


def test_nothing_outlives_a_terminal_that_is_lost_while_it_starts(sandbox: Path) -> None:
    with console(sandbox) as terminal:
        terminal.wait_for("Practice platform", timeout=120)
        assert wait_until(lambda: bool(processes_in(sandbox)), 120)
        terminal.drop()
        assert terminal.wait_gone(60) != 0
    assert_nothing_runs(sandbox)


def test_nothing_outlives_a_killed_console(sandbox: Path) -> None:
    with console(sandbox) as terminal:
        terminal.wait_for("SANDBOX", timeout=120)
        terminal.process.send_signal(signal.SIGKILL)
        terminal.wait_gone()
    assert_nothing_runs(sandbox)


def test_ctrl_c_while_it_starts_ends_it(sandbox: Path) -> None:
    with console(sandbox) as terminal:
        terminal.wait_for("Practice platform", timeout=120)
        assert wait_until(lambda: bool(processes_in(sandbox)), 120)
        terminal.send("\x03")
        assert terminal.wait_gone(60) == 128 + signal.SIGINT
        assert "Traceback" not in terminal.text()
    assert processes_in(sandbox) == {}


def test_without_a_terminal_it_says_so_before_it_makes_anything(tmp_path: Path) -> None:
    answer = headless("demo", "--dir", str(tmp_path / "demo"))
    assert answer.returncode == 64
    assert answer.stdout == ""
    assert "--serve" in answer.stderr
    assert not (tmp_path / "demo").exists()


def test_another_configuration_does_not_go_with_it(tmp_path: Path) -> None:
    answer = headless("--config", str(tmp_path / "gcms.toml"), "demo", "--dir", str(tmp_path / "demo"))
    assert answer.returncode == 64
    assert "--config" in answer.stderr
    assert not (tmp_path / "demo").exists()


def test_somebody_elses_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    answer = headless("demo", "--serve", "--fresh", "--dir", str(tmp_path))
    assert answer.returncode == 65
    assert answer.stdout == ""
    assert "holds other files" in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
