"""The runbook as it is typed, over the practice platform: real checks, real dbt, the real journal."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.cli.main import run as run_command
from tests.practice import copy_sandbox, running

Typed = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def typed(sandbox_template: Path, warm_dbt: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    """`gcms-tui … --json` in this process, over a platform of this module's own: dbt's tests store what failed."""
    with running(copy_sandbox(sandbox_template, tmp_path_factory.mktemp("runbook") / "sandbox")) as platform:

        def answer(*words: str) -> tuple[int, dict[str, Any]]:
            out, err = io.StringIO(), io.StringIO()
            with redirect_stdout(out), redirect_stderr(err):
                status = run_command(("--config", str(platform.config), *words, "--json"))
            assert "Traceback" not in err.getvalue()
            return status, json.loads(out.getvalue() or "{}")

        yield answer


def states(said: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {step["step"]: (step["state"], step["verdict"]) for step in said["steps"]}


@pytest.mark.covers("Daily 1", "Daily 2", "Daily 3", "Daily 4", "Cadence")
def test_the_morning_check_is_walked_recorded_and_off_the_board(typed: Typed) -> None:
    status, board = typed("runbook", "list")
    daily = next(line for line in board["procedures"] if line["procedure"] == "daily")
    assert (status in (1, 2), daily["last"]) == (True, None)

    status, opened = typed("runbook", "start", "daily")
    assert (status, opened["next"]) == (0, "last-run")
    run = opened["run"]
    assert typed("runbook", "start", "daily")[1]["refused"]["guard"] == "open_run"

    for step in ("last-run", "freshness"):
        status, said = typed("runbook", "step", run, step)
        assert status == {"OK": 0, "WARN": 1, "FAIL": 2, "UNKNOWN": 3}[states(said)[step][1] or ""]
    assert states(said)["freshness"] == ("failed", "FAIL")  # the story's stale source

    status, shown = typed("runbook", "step", run, "test-gold")
    assert (status, shown) == (3, {})  # shown, and not started
    status, tested = typed("runbook", "step", run, "test-gold", "--yes")
    assert status == 2  # the story's duplicates break a test of gold
    done = next(step for step in tested["steps"] if step["step"] == "test-gold")
    assert done["ids"]["run"] and "attended_services" in done["words"]

    assert typed("runbook", "close", run)[1]["refused"]["guard"] == "unsettled"
    typed("runbook", "step", run, "fact")
    status, closed = typed("runbook", "close", run)
    assert (status, closed["state"], closed["verdict"]) == (2, "closed", "FAIL")
    _, board = typed("runbook", "list")
    daily = next(line for line in board["procedures"] if line["procedure"] == "daily")
    assert (daily["last"]["run"], daily["open"]) == (run, None)


def test_read_only_looks_and_records_nothing(typed: Typed) -> None:
    status, said = typed("--read-only", "runbook", "step", "scd2-corruption", "identify")
    assert (status, said["recorded"], said["verdict"]) == (2, False, "FAIL")
    status, said = typed("--read-only", "runbook", "step", "pipeline-failure", "airbyte")
    assert (status, said["recorded"], len(said["evidence"])) == (2, False, 3)
    assert typed("runbook", "step", "dev-against-prod", "compare")[1]["refused"]["guard"] == "one_target"
    assert typed("--read-only", "runbook", "start", "weekly")[1]["refused"]["guard"] == "read_only"
    assert typed("runbook", "show", "last")[1]["procedure"] == "daily"


@pytest.mark.covers("Monthly 1", "Monthly 2", "Monthly 3", "Monthly 4")
def test_the_monthly_report_finds_the_story(typed: Typed) -> None:
    status, said = typed("report", "monthly")
    assert (status, said["verdict"]) == (2, "FAIL")
    text = Path(said["report"]).read_text(encoding="utf-8")
    assert "br\\_attendance\\_scd2" in text
    assert "| 33 | with different amounts |" in text
    assert "elementary**: the project does not have it" in text


def test_the_steps_and_what_was_decided_can_be_read_without_a_platform(typed: Typed) -> None:
    status, weekly = typed("runbook", "show", "weekly", "--decided")
    assert (status, weekly["steps"][0]["gate"]) == (0, "gate")
    assert any("02:00" in question for question, _ in weekly["decided"])
    assert typed("runbook", "show", "weakly")[0] == 64
