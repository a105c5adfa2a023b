"""The stale source of the practice platform, from health to its failed connection, and its sync to the landed rows.

That it is built and fresh then, tests/cli/test_runbook_walk.py walks to the end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gcms_tui.cli.main import run
from gcms_tui.sandbox.airbyte.connections import PAYROLL, REFERENCE
from tests.adapters.scripted_snowflake import unused_port
from tests.practice import RunningPlatform, copy_sandbox, running

STALE = "freshness.supabase_instrument"


class Asking:
    """Commands in this process: the drivers are imported once."""

    def __init__(self, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._config = config
        self._capsys = capsys

    def status(self, *words: str) -> tuple[int, str]:
        """How it ended, and its stdout."""
        self._capsys.readouterr()
        status = run(["--config", str(self._config), *words])
        return status, self._capsys.readouterr().out

    def __call__(self, *words: str) -> tuple[int, Any]:
        """The same with --json; a document or one a line."""
        status, out = self.status("--json", *words)
        try:
            return status, json.loads(out)
        except ValueError:
            return status, [json.loads(line) for line in out.splitlines()]


def table(status: dict[str, Any], stream: str) -> dict[str, Any]:
    return next(item for item in status["tables"] if item["stream"] == stream)


@pytest.fixture(scope="module")
def own(sandbox_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """Only the last test changes it."""
    with running(copy_sandbox(sandbox_template, tmp_path_factory.mktemp("pipeline") / "sandbox")) as started:
        yield started


def test_an_airbyte_that_is_gone_is_unknown_and_the_rest_answers(
    own: RunningPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    text = own.config.read_text(encoding="utf-8")
    before = next(line for line in text.splitlines() if line.startswith("base_url"))
    config = own.config.with_name(f"gone-{os.getpid()}.toml")
    gone = f'base_url = "http://127.0.0.1:{unused_port()}/api/public/v1"'
    config.write_text(text.replace(before, gone).replace("state_dir", "# state_dir"), encoding="utf-8")
    config.chmod(0o600)
    ask = Asking(config, capsys)
    try:
        done, status = ask("pipeline", "status")
        assert (done, status["airbyte"]["verdict"], status["connections"]) == (3, "UNKNOWN", [])
        assert {item["verdict"] for item in status["tables"]} == {"OK"}
        assert ask.status("pipeline", "watch", "4101")[0] == 69
        assert ask.status("pipeline", "sync", "x", "--plan", "0", "--confirm", "x", "--reason", "x")[0] == 69
        assert ask.status("pipeline", "watch", "4101", "--limit", "soon")[0] == 64
    finally:
        with suppress(FileNotFoundError):
            config.unlink()


@pytest.mark.covers("E3 1", "E3 2", "E3 3", "E3 4")
def test_the_stale_source_is_traced_and_synced(own: RunningPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    ask = Asking(own.config, capsys)
    with psycopg.connect(own.postgres) as supabase:
        supabase.execute("UPDATE instrument SET name = 'Contrabassoon', updated_at = now() WHERE id = 16")
    done, health = ask("health", "--only", STALE)
    assert (done, health["findings"][0]["verdict"]) == (2, "FAIL")

    done, status = ask("pipeline", "status")
    assert (done, status["verdict"]) == (2, "FAIL")
    assert {item["name"]: item["verdict"] for item in status["connections"]} == {
        PAYROLL.name: "OK",
        REFERENCE.name: "FAIL",
    }
    stale = table(status, "instrument")
    assert (stale["stopped"], stale["verdict"]) == ("airbyte", "FAIL")
    assert stale["connection"] == REFERENCE.connection_id
    assert {item["verdict"] for item in status["tables"] if item is not stale} == {"OK"}
    assert (status["supabase"]["verdict"], status["airbyte"]["verdict"]) == ("OK", "OK")

    shown, preview = ask("pipeline", "sync", REFERENCE.name)
    assert (shown, preview["streams"], preview["running"]) == (0, ["instrument"], None)
    confirmed = ("--plan", preview["plan"], "--confirm", preview["confirmation"], "--reason", "instruments are stale")
    refused, told = ask("--read-only", "pipeline", "sync", REFERENCE.name, *confirmed)
    assert (refused, told["refused"]["guard"]) == (65, "read_only")
    refused, told = ask("pipeline", "sync", REFERENCE.name, *confirmed[:3], "reference", "--reason", "x")
    assert (refused, told["refused"]["guard"]) == (65, "confirmation")
    refused, told = ask("pipeline", "sync", REFERENCE.name, "--plan", "0123456789ab", *confirmed[2:])
    assert (refused, told["refused"]["guard"]) == (65, "jobs_moved")

    done, events = ask("pipeline", "sync", REFERENCE.name, *confirmed)
    assert (done, events[0]["outcome"], events[-1]["status"]) == (0, "started", "succeeded")
    assert events[-1]["rows"] == 16
    assert ask("health", "--only", STALE)[0] == 0
    _, status = ask("pipeline", "status")
    landed = table(status, "instrument")
    assert (landed["stopped"], landed["supabase"]["changed_at"]) == ("dbt", landed["landed"]["changed_at"])
    _, entries = ask("journal", "list")
    kinds = [entry["kind"] for entry in entries["entries"] if entry["kind"].startswith("pipeline.")]
    assert kinds == ["pipeline.sync.answered", "pipeline.sync.asked"]

    watched, told = ask("pipeline", "watch", str(events[-1]["job"]))
    assert (watched, told["status"]) == (0, "succeeded")
