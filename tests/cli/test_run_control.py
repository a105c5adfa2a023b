"""dbt's runs as they are typed, over a practice platform of this module's own: real dbt, real warehouse."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Done, here
from tests.console.at_terminal import over
from tests.practice import RunningPlatform, copy_sandbox, running

GRAVE = "expression_is_true_fct_musician_payment_attended_services_required_services"
DEADLINE_S = 120
SLOW_MODEL = "-- depends_on: {{ ref('dim_instrument') }}\nselect system$wait(600) as waited\n"
"""A build does not get past it, and has nodes that have succeeded by then."""


@pytest.fixture(scope="module")
def own(sandbox_template: Path, warm_dbt: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running(copy_sandbox(sandbox_template, tmp_path_factory.mktemp("runs") / "sandbox")) as platform:
        config = platform.config.read_text()
        platform.config.write_text(f'personal_columns = ["rate"]\n{config}')
        (platform.dbt_project / "models" / "gold" / "slow_report.sql").write_text(SLOW_MODEL)
        yield platform


@dataclass(frozen=True, slots=True)
class GoldRun:
    """The gold tests, run once."""

    done: Done
    run_id: str


@pytest.fixture(scope="module")
def tested(own: RunningPlatform) -> GoldRun:
    done = runs(own, "start", "--yes", "--", "test", "--select", "gold")
    run_id = newest_run(own).name
    over(own)
    return GoldRun(done, run_id)


def runs(own: RunningPlatform, *arguments: str) -> Done:
    return here("--config", own.config, "runs", *arguments)


def run_dirs(own: RunningPlatform) -> list[Path]:
    """Of the runs that were started here, newest first."""
    return sorted(
        (path.parent for path in (own.state_dir / "runs").glob("*/events.jsonl")),
        key=lambda path: path.stat().st_ctime,
        reverse=True,
    )


def newest_run(own: RunningPlatform) -> Path:
    return max(run_dirs(own), key=lambda path: json.loads((path / "run.json").read_text())["started_at"])


def journal(own: RunningPlatform) -> list[tuple[str, str, dict[str, Any]]]:
    with sqlite3.connect(own.state_dir / "store.sqlite3") as connection:
        rows = connection.execute("SELECT kind, subject, payload FROM journal ORDER BY sequence").fetchall()
    connection.close()
    return [(kind, subject, json.loads(payload)) for kind, subject, payload in rows]


def test_a_run_streams_its_nodes_and_ends_with_dbts_own_exit_code(tested: GoldRun, own: RunningPlatform) -> None:
    assert tested.done.status == 1
    lines = tested.done.out.splitlines()
    assert [line.split()[0] for line in lines] == [f"{number}/{len(lines)}" for number in range(1, len(lines) + 1)]
    (failed,) = [line for line in lines if line.split()[1] != "pass"]
    assert failed.split()[1:4] == ["fail", "test", GRAVE]
    assert "(3 rows)" in failed
    err = tested.done.err
    assert "WRITE" in err and "dbt test --select gold" in err and "--target sandbox" in err
    assert f"{tested.run_id} failed" in err and "exit 1" in err
    assert f"runs failures {tested.run_id}" in err
    begun, ended = [(kind, payload) for kind, subject, payload in journal(own) if subject == tested.run_id][:2]
    assert (begun[0], begun[1]["words"], begun[1]["target"]) == ("run.start", ["test", "--select", "gold"], "sandbox")
    assert (ended[0], ended[1]["state"], ended[1]["exit_code"]) == ("run.end", "failed", 1)
    assert ended[1]["counts"] == {"fail": 1, "pass": len(lines) - 1}


def test_an_ended_run_can_be_watched_again_as_json(tested: GoldRun, own: RunningPlatform) -> None:
    done = here("--config", own.config, "--json", "runs", "attach", tested.run_id)
    assert (done.status, done.err) == (1, "")
    begin, *nodes, end = (json.loads(line) for line in done.out.splitlines())
    assert (begin["event"], begin["run_id"]) == ("begin", tested.run_id)
    assert begin["started_at"].endswith("Z") and begin["selected"] == len(nodes)
    assert len(nodes) == len(tested.done.out.splitlines())
    assert {node["event"] for node in nodes} == {"node"}
    assert [node["failures"] for node in nodes if node["status"] == "fail"] == [3]
    assert (end["event"], end["state"], end["exit_code"], end["done"]) == ("end", "failed", 1, end["total"])


def test_the_rows_of_the_critical_test_are_kept_exact_and_shown(tested: GoldRun, own: RunningPlatform) -> None:
    assert list((own.state_dir / "runs" / tested.run_id / "kept").glob("x-*")), "the keeper has kept them by itself"
    masked = runs(own, "failures", tested.run_id, GRAVE, "--rows")
    assert masked.out.count("masked") == 3
    assert "masked: rate" in masked.err
    assert "rows.reveal" not in [kind for kind, _, _ in journal(own)]
    done = runs(own, "failures", tested.run_id, GRAVE, "--rows", "--reveal", "--json")
    (test,) = json.loads(done.out)["failing"]
    assert (test["critical"], test["card"]["section"]) == (True, "E1 4")
    rows = [dict(zip(test["rows"]["columns"], row, strict=True)) for row in test["rows"]["rows"]]
    assert (len(rows), test["rows"]["total"], test["rows"]["note"]) == (3, 3, "")
    for row in rows:
        assert row["attended_services"] > row["required_services"]
        whole, _, cents = row["net_amount"].partition(".")
        assert whole.isdecimal() and len(cents) == 2
        assert row["rate"].replace(".", "").isdecimal()
    assert ("rows.reveal", tested.run_id) in [entry[:2] for entry in journal(own)]


def test_a_retry_and_only_failed_tests_come_to_the_same_one_test(tested: GoldRun, own: RunningPlatform) -> None:
    again = json.loads(runs(own, "retry", tested.run_id, "--preview", "--json").out)
    assert [node["name"] for node in again["nodes"]] == [GRAVE]
    assert (again["retry_of"], again["target"], again["refusal"]) == (tested.run_id, "sandbox", "")
    failed = json.loads(
        runs(own, "start", "--preview", "--json", "--", "test", "-s", "result:fail", "result:error").out
    )
    assert failed["nodes"] == again["nodes"]
    assert failed["command"]["state_of"] == tested.run_id


def test_what_must_not_be_started_is_not(tested: GoldRun, own: RunningPlatform) -> None:
    before = run_dirs(own)
    nothing = runs(own, "start", "--yes", "--", "test", "--select", "gld")
    assert nothing.status == 65
    assert "selects no node" in nothing.err
    misspelt = runs(own, "start", "--", "tset")
    assert (misspelt.status, misspelt.out) == (64, "")
    assert "Do you mean test?" in misspelt.err
    unconfirmed = runs(own, "start", "--", "deps")
    assert unconfirmed.status == 65
    assert "--yes" in unconfirmed.err
    cleaning = runs(own, "start", "--yes", "--", "clean")
    assert cleaning.status == 65
    assert "type: target" in cleaning.err
    reading = here("--config", own.config, "--read-only", "runs", "start", "--yes", "--", "deps")
    assert reading.status == 65
    assert "--read-only" in reading.err
    assert run_dirs(own) == before


def test_a_run_goes_on_without_who_started_it_holds_the_lease_and_can_be_stopped(
    tested: GoldRun, own: RunningPlatform
) -> None:
    """Started by a process of its own, which has dbt's own program do it."""
    watching = subprocess.Popen(
        [sys.executable, "-m", "gcms_tui", "--config", str(own.config),
         "runs", "start", "--yes", "--", "build", "--threads", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=own.directory,
    )  # fmt: skip
    assert watching.stdout is not None
    assert "success" in watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate(timeout=DEADLINE_S)
    run_id = newest_run(own).name
    assert watching.returncode == 130
    assert f"{run_id} goes on" in err and f"runs attach {run_id}" in err and f"runs cancel {run_id}" in err

    second = runs(own, "start", "--", "debug")
    assert second.status == 65
    assert run_id in second.err and "dbt build" in second.err

    stopped = runs(own, "cancel", run_id, "--wait", "--json")
    assert (stopped.status, stopped.err) == (0, "")
    document = json.loads(stopped.out)
    assert (document["state"], document["confirmed"], document["may_still_run"]) == ("cancelled", True, "")
    assert runs(own, "cancel", run_id).status == 65
    assert runs(own, "attach", run_id).status == 2
    kinds = [entry[0] for entry in journal(own) if entry[1] == run_id]
    assert kinds == ["run.start", "run.cancel", "run.end", "run.cancel"], "its end once, however often it is looked at"

    over(own)
    preview = json.loads(runs(own, "start", "--preview", "--json", "--", "debug").out)
    assert preview["holder"] is None
    events = here("--config", own.config, "--json", "runs", "attach", run_id).out.splitlines()
    finished = {node["unique_id"] for node in map(json.loads, events) if node.get("status") in ("success", "pass")}
    planned = set(json.loads((own.state_dir / "runs" / run_id / "run.json").read_text())["selected"])
    again = json.loads(runs(own, "retry", run_id, "--preview", "--json").out)
    assert finished
    assert {node["unique_id"] for node in again["nodes"]} == planned - finished
    assert again["refusal"] == ""
