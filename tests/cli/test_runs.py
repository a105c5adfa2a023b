"""The history of dbt runs as it is typed, over the practice platform, which others have built before us."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.cli.runs import RunsGroup
from tests.cli.commands import Done, here
from tests.cli.test_health import CRITICAL, FROM_DISK, findings, write_config
from tests.practice import RunningPlatform

Typed = Callable[..., Done]


@pytest.fixture(scope="module")
def typed(platform: RunningPlatform, warm_dbt: None, tmp_path_factory: pytest.TempPathFactory) -> Typed:
    """Commands over a state directory of this module's own."""
    config = write_config(platform, tmp_path_factory.mktemp("runs"))
    config.write_text(f"read_only = false\n{config.read_text()}")
    return lambda *arguments, **given: here("--config", config, *arguments, **given)


@pytest.fixture(scope="module")
def before(typed: Typed) -> list[dict[str, Any]]:
    """The history before anything was started here."""
    return runs_of(typed("runs", "list", "--json"))


@pytest.fixture(scope="module")
def checked(typed: Typed, before: list[dict[str, Any]], platform: RunningPlatform) -> Done:
    """The morning check with the gold tests run first: the only dbt that this module starts."""
    theirs = platform.dbt_project / "target" / "run_results.json"
    stood = theirs.stat().st_mtime_ns
    done = typed("health", "--run-tests", "--json", *(word for name in FROM_DISK for word in ("--only", name)))
    assert theirs.stat().st_mtime_ns == stood, "a run of ours leaves the project's own results alone"
    return done


def runs_of(done: Done) -> list[dict[str, Any]]:
    assert done.status == 0, done.err
    listed: list[dict[str, Any]] = json.loads(done.out)["runs"]
    return listed


def test_what_others_ran_is_picked_up_and_marked(before: list[dict[str, Any]]) -> None:
    assert [(run["command"], run["state"], run["target"]) for run in before] == [
        ("test", "failed", "sandbox"),
        ("source freshness", "failed", "sandbox"),
        ("run", "succeeded", "sandbox"),
    ]
    assert all(run["foreign"] and run["person"] is None for run in before)
    assert before[0]["counts"] == {"fail": 2, "pass": 44}
    assert before[0]["started_exactly"], "its artifact knows the day"
    assert before[0]["first_failing"] == CRITICAL
    assert before[2]["counts"] == {"success": 16}


def test_their_results_are_copied_before_they_are_overwritten(typed: Typed, before: list[dict[str, Any]]) -> None:
    shown = json.loads(typed("runs", "show", before[0]["run_id"], "--json").out)
    kept = Path(shown["directory"]) / "target" / "run_results.json"
    assert json.loads(kept.read_text())["metadata"]["invocation_id"] == shown["invocation_id"]
    assert kept.stat().st_mode & 0o777 == 0o600
    assert len(shown["nodes"]) == 46
    assert shown["log"].endswith("/logs/dbt.log"), "the project's: it has none of its own"


def test_the_check_runs_the_tests_first_and_judges_them(checked: Done) -> None:
    assert checked.status == 2
    assert re.search(r"dbt test --select gold, 16 nodes", checked.err)
    assert f"{CRITICAL} fail" in checked.err
    found = findings(checked)
    gold, last = found["tests.gold"], found["dbt.last_run"]
    assert (gold["verdict"], gold["value"]) == ("FAIL", 1)
    assert "1 of 16 gold tests failed under a minute ago" in gold["summary"]
    assert last["verdict"] == "FAIL"
    assert CRITICAL in last["summary"]
    sources = [origin["source"] for origin in gold["provenance"]]
    assert any("/runs/" in source for source in sources), "the run's own artifact"
    assert found["metric.run_success"]["verdict"] == "OK"


def test_ours_is_listed_before_theirs_with_who_and_what(
    typed: Typed, checked: Done, before: list[dict[str, Any]]
) -> None:
    ours, *theirs = runs_of(typed("runs", "list", "--json"))
    assert theirs == before
    assert (ours["command"], ours["state"], ours["exit_code"]) == ("test --select gold", "failed", 1)
    assert ours["counts"] == {"fail": 1, "pass": 15}
    assert ours["person"]["user"]
    assert not ours["foreign"]
    text = typed("runs", "list", "--limit", "1")
    header, line = text.out.splitlines()
    assert header.split()[0] == "RUN"
    assert line.split()[0] == ours["run_id"]
    assert f"1 fail, 15 pass ({CRITICAL})" in line


def test_one_run_is_shown_with_everything(typed: Typed, checked: Done) -> None:
    shown = json.loads(typed("runs", "show", "last", "--json").out)
    assert shown["record"]["argv"][0] == "dbt"
    assert "--target" in shown["record"]["argv"]
    assert len(shown["record"]["selected"]) == 16
    assert {node["status"] for node in shown["nodes"]} == {"pass", "fail"}
    assert all(node["elapsed_s"] > 0 for node in shown["nodes"])
    assert Path(shown["log"]).is_file()
    text = typed("runs", "show", shown["run_id"][:-2]).out
    assert shown["directory"] in text
    assert re.search(rf"^fail +\d+\.\d\d  test\.gcms\.{CRITICAL}", text, re.MULTILINE), "failing first"


def test_the_failing_rows_were_kept_at_the_runs_end(typed: Typed, checked: Done) -> None:
    listed = typed("runs", "failures", "last")
    assert listed.out.splitlines()[1].split() == ["fail", "3", "critical", CRITICAL]
    told = json.loads(typed("runs", "failures", "last", "attended_services", "--rows", "--json").out)
    (failing,) = told["failing"]
    assert failing["rows"]["total"] == len(failing["rows"]["rows"]) == 3
    assert failing["card"]["fix"]
    assert typed("runs", "failures", "last", "--keep") == Done(0, "", ""), "quiet: its keeper has done so before"
    assert typed("runs", "failures", "last", "nope").status == 64
    assert typed("runs", "failures", "last", "--reveal").status == 64


def test_the_log_is_that_run_alone(typed: Typed, checked: Done, before: list[dict[str, Any]]) -> None:
    done = typed("runs", "log", "last", "--grep", "of 16 (PASS|FAIL)")
    assert done.status == 0
    assert len(done.out.splitlines()) == 16
    theirs = typed("runs", "log", before[0]["run_id"], "--grep", "of 46 (PASS|FAIL)")
    assert (theirs.status, theirs.err) == (0, "")
    assert len(theirs.out.splitlines()) == 46, "of a foreign run what the project's log tells of it"


def test_the_trend_takes_ours_and_theirs_together(typed: Typed, checked: Done) -> None:
    review = json.loads(typed("runs", "trend", "--json").out)
    nodes = {node["name"]: node for node in review["nodes"]}
    assert review["runs"] == 4
    assert len(nodes[CRITICAL]["points"]) == nodes[CRITICAL]["runs"] == 2
    assert len(nodes["dim_concert"]["points"]) == 1
    assert not any(node["regressed"] for node in review["nodes"])
    assert review["run_success"].startswith("OK: 100.0 % of 16 model executions")
    assert review["test_pass"].startswith("FAIL: 95.16 % of 62 test executions passed in 2 runs of the last 30 days")
    text = typed("--ascii", "runs", "trend", "--window", "12h")
    assert text.status == 0
    assert text.out.isascii()
    assert "the last 12 hours" in text.out


def test_nothing_is_started_read_only(typed: Typed, before: list[dict[str, Any]]) -> None:
    known = runs_of(typed("runs", "list", "--json"))
    refused = typed("--read-only", "health", "--run-tests")
    assert (refused.status, refused.out) == (65, "")
    assert "--read-only" in refused.err
    assert runs_of(typed("runs", "list", "--json")) == known


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("show", "nope"), 64, "no run"),
        (("trend", "--window", "soon"), 64, "length of time"),
        (("prune", "--larger-than", "lots"), 64, "no size"),
        (("list", "--limit", "0"), 64, "0 is not in the range"),
        (("lsit",), 64, "Did you mean list?"),
        (("log", "last", "--level", "loud"), 64, "'loud' is not one of"),
    ],
)
def test_what_is_typed_wrong_is_said(typed: Typed, arguments: tuple[str, ...], status: int, said: str) -> None:
    done = typed("runs", *arguments)
    assert done.status == status
    assert said in done.err


def test_every_sub_command_is_there_and_the_group_imports_none_of_them() -> None:
    import click

    for name in RunsGroup.table:
        command = RunsGroup("runs").get_command(click.Context(RunsGroup("runs")), name)
        assert command is not None
        assert command.help
    shown = here("runs", "--help")
    assert shown.status == 0
    assert all(f"  {name}" in shown.out for name in RunsGroup.table)


def test_pruning_says_first_and_removes_on_demand_alone(typed: Typed, checked: Done) -> None:
    """Last: it removes."""
    known = [run["run_id"] for run in runs_of(typed("runs", "list", "--json"))]
    assert typed("runs", "prune").out.startswith(f"{len(known)} runs kept, ")
    dry = json.loads(typed("runs", "prune", "--larger-than", "1B", "--dry-run", "--json").out)
    assert not dry["removed"]
    assert [run["run_id"] for run in dry["runs"]] == known[:1:-1], "the newest stays, and the newest foreign one"
    assert dry["size_bytes"] == sum(run["size_bytes"] for run in dry["runs"]) > 0
    assert typed("runs", "prune", "--larger-than", "1B").status == 65
    assert typed("--read-only", "runs", "prune", "--larger-than", "1B", "--yes").status == 65
    assert typed("runs", "prune", "--larger-than", "1B", "--yes").status == 0
    assert [run["run_id"] for run in runs_of(typed("runs", "list", "--json"))] == known[:2]
    assert typed("health", "--only", "tests.gold").status == 2, "the newest test still counts"
