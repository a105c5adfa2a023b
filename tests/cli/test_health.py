"""The morning check as it is typed, over the practice platform: real Snowflake protocol, real dbt artifacts."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.commands import Done, gcms_tui, here
from tests.practice import RunningPlatform

CRITICAL = "expression_is_true_fct_musician_payment_attended_services_required_services"
FROM_DISK = {"dbt.last_run", "tests.gold", "metric.run_success", "metric.test_pass"}

Configure = Callable[..., Path]


def write_config(
    platform: RunningPlatform,
    directory: Path,
    *,
    state_dir: Path | None = None,
    project: Path | None = None,
    snowflake: str = "",
    **output: Any,
) -> Path:
    """A configuration of its own over the running platform: another state directory, perhaps another server."""
    profiles = directory / "profiles"
    profiles.mkdir(exist_ok=True)
    content = yaml.safe_load((platform.dbt_project / "profiles.yml").read_text())
    content["gcms"]["outputs"]["sandbox"].update(output)
    (profiles / "profiles.yml").write_text(yaml.safe_dump(content))
    _, _, tables = platform.config.read_text().partition("[[sources]]")
    config = directory / "gcms.toml"
    config.write_text(
        f"sandbox = true\nstate_dir = {json.dumps(str(state_dir or directory / 'state'))}\n"
        f"[dbt]\nproject_dir = {json.dumps(str(project or platform.dbt_project))}\n"
        f"profiles_dir = {json.dumps(str(profiles))}\ntarget = 'sandbox'\n"
        f"[snowflake]\n{snowflake}\n[[sources]]{tables}"
    )
    return config


@pytest.fixture
def configure(platform: RunningPlatform, tmp_path: Path) -> Configure:
    def write(**given: Any) -> Path:
        return write_config(platform, tmp_path, **given)

    return write


@pytest.fixture(scope="module")
def seeded(platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration whose platform was looked at once, as it was seeded."""
    return write_config(platform, tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="module")
def story(seeded: Path) -> Done:
    return gcms_tui("--config", seeded, "health", "--json")


def findings(done: Done) -> dict[str, dict[str, Any]]:
    return {finding["name"]: finding for finding in json.loads(done.out)["findings"]}


def test_the_storys_findings_are_exactly_these(story: Done) -> None:
    assert story.err == ""
    assert story.status == 2
    document = json.loads(story.out)
    assert (document["verdict"], document["target"]) == ("FAIL", "sandbox")
    assert document["taken_at"].endswith("Z")
    assert {name: finding["verdict"] for name, finding in findings(story).items()} == {
        "dbt.last_run": "FAIL",
        "freshness.supabase_attendance": "OK",
        "freshness.supabase_concert": "OK",
        "freshness.supabase_instrument": "FAIL",
        "freshness.supabase_musician": "OK",
        "freshness.supabase_payment": "OK",
        "freshness.supabase_rehearsal": "OK",
        "tests.gold": "FAIL",
        "fact.fct_musician_payment": "OK",
        "scd2.br_attendance_scd2": "FAIL",
        "scd2.br_concert_scd2": "OK",
        "scd2.br_musician_scd2": "OK",
        "payroll.accuracy": "FAIL",
        "metric.run_success": "OK",
        "metric.test_pass": "FAIL",
        "metric.freshness": "FAIL",
        "metric.scd2": "FAIL",
        "metric.payroll_accuracy": "FAIL",
    }


def test_the_story_is_told_in_values_and_evidence(story: Done) -> None:
    found = findings(story)
    assert found["freshness.supabase_instrument"]["value"] > 48
    scd2 = found["scd2.br_attendance_scd2"]
    assert (scd2["value"], scd2["evidence_total"]) == (3, 3)
    assert max(row["current_count"] for row in scd2["evidence"]) == 3
    gold = found["tests.gold"]
    assert CRITICAL in gold["summary"]
    assert (gold["evidence"][0]["test"], gold["evidence"][0]["critical"]) == (CRITICAL, True)
    assert gold["evidence"][0]["failing_rows_in"].endswith(CRITICAL)
    accuracy = found["payroll.accuracy"]
    assert len(accuracy["evidence"]) == accuracy["value"] == accuracy["evidence_total"]
    assert len({row["concert_id"] for row in accuracy["evidence"]}) == 1
    for row in accuracy["evidence"]:
        assert Decimal(row["dbt_calculated"]) - Decimal(row["source_recorded"]) == Decimal(row["difference"])
    assert found["metric.scd2"]["value"] == 3
    assert found["metric.run_success"]["value"] == 100.0


def test_every_finding_has_all_that_is_promised(story: Done) -> None:
    for finding in findings(story).values():
        assert finding.keys() >= {
            "name", "section", "verdict", "value", "unit", "target", "taken_at", "age_s", "elapsed_ms", "query_id",
            "source", "evidence", "next",
        }  # fmt: skip
        assert finding["summary"]
        assert finding["source"]
        assert bool(finding["next"]) == (finding["verdict"] != "OK")
        assert (finding["query_id"] is None) == (finding["name"] in FROM_DISK)


def test_people_read_a_board_without_colour_in_a_pipe(configure: Configure) -> None:
    done = here("--config", configure(), "--ascii", "health")
    assert (done.status, done.err) == (2, "")
    assert done.out.isascii()
    assert "\x1b" not in done.out
    lines = done.out.splitlines()
    assert lines[0].startswith("x FAIL    target sandbox")
    assert max(map(len, lines)) <= 100
    assert lines.index(next(line for line in lines if line.startswith("+ OK"))) > lines.index(
        next(line for line in lines if "scd2.br_attendance_scd2" in line)
    )


def test_only_what_is_named_is_looked_at(configure: Configure) -> None:
    config = configure()
    good = here("--config", config, "health", "--json", "--only", "scd2.br_concert_scd2", "--only", "dbt.last_run")
    assert list(findings(good)) == ["dbt.last_run", "scd2.br_concert_scd2"]
    fine = here("--config", config, "health", "--only", "scd2.br_concert_scd2")
    assert fine.status == 0
    wrong = here("--config", config, "health", "--only", "scd2.br_concert")
    assert wrong.status == 64
    assert wrong.out == ""
    assert "scd2.br_concert_scd2" in wrong.err


def test_metrics_show_their_history(seeded: Path, story: Done) -> None:
    done = here("--config", seeded, "metrics", "--json")
    assert (done.status, done.err) == (2, "")
    found = findings(done)
    assert list(found) == [
        "metric.run_success", "metric.test_pass", "metric.freshness", "metric.scd2", "metric.payroll_accuracy",
    ]  # fmt: skip
    assert [point["value"] for point in found["metric.scd2"]["history"]] == [3, 3]
    assert {finding["target"] for finding in found.values()} >= {">= 99 %", "100 %", "< 24 h"}
    text = here("--config", seeded, "metrics")
    assert text.status == 2
    assert "history ▁▁▁" in text.out


def test_a_refused_connection_is_unknown_by_name_and_what_is_on_disk_still_answers(configure: Configure) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    done = here("--config", configure(port=port), "health", "--json")
    assert done.status == 3
    for name, finding in findings(done).items():
        assert (finding["verdict"] == "UNKNOWN") == (name not in FROM_DISK), name
        if name not in FROM_DISK:
            assert "127.0.0.1" in finding["summary"]
            assert finding["next"]
    assert findings(done)["tests.gold"]["verdict"] == "FAIL"


def test_a_silent_server_is_asked_once_and_not_once_for_every_check(configure: Configure) -> None:
    """Its listen queue answers the handshake and nothing else."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        config = configure(
            port=silent.getsockname()[1],
            snowflake="login_timeout_s = 1\nstatement_timeout_s = 1\nnetwork_timeout_s = 2",
        )
        done = gcms_tui("--config", config, "health", "--json")
        silent.setblocking(False)
        attempts = 0
        try:
            while True:
                silent.accept()[0].close()
                attempts += 1
        except BlockingIOError:
            pass
    assert done.status == 3
    unknown = [finding for name, finding in findings(done).items() if name not in FROM_DISK]
    assert {finding["verdict"] for finding in unknown} == {"UNKNOWN"}
    assert attempts < len(unknown)


def test_a_wrong_password_is_unknown_and_is_not_printed(configure: Configure) -> None:
    done = here("--config", configure(password="not-the-password"), "health", "--json")
    assert done.status == 3
    assert "refused the login" in findings(done)["payroll.accuracy"]["summary"]
    assert "not-the-password" not in done.out + done.err


def test_without_profiles_what_is_on_disk_still_answers(configure: Configure, tmp_path: Path) -> None:
    config = configure()
    (tmp_path / "profiles" / "profiles.yml").unlink()
    done = here("--config", config, "health", "--json")
    assert done.status == 3
    found = findings(done)
    assert "profiles.yml" in found["payroll.accuracy"]["summary"]
    assert found["tests.gold"]["verdict"] == "FAIL"


def test_where_dbt_has_left_nothing_the_warehouse_still_answers(
    platform: RunningPlatform, configure: Configure, tmp_path: Path
) -> None:
    (tmp_path / "bare").mkdir()
    shutil.copy(platform.dbt_project / "dbt_project.yml", tmp_path / "bare")
    done = here("--config", configure(project=tmp_path / "bare"), "health", "--json")
    assert done.status == 3
    found = findings(done)
    assert {name for name, finding in found.items() if finding["verdict"] == "UNKNOWN"} == FROM_DISK
    assert found["scd2.br_attendance_scd2"]["value"] == 3


def test_a_state_directory_that_cannot_be_written_is_told_once(configure: Configure, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = configure(state_dir=tmp_path / "file" / "state")
    done = here("--config", config, "health", "--json")
    assert done.status == 2
    assert len(done.err.strip().splitlines()) == 1
    assert "not kept" in done.err
    assert len(findings(done)) == 18
    assert json.loads(done.out)["notes"]
    metrics = here("--config", config, "metrics")
    assert metrics.status == 2
    assert len(metrics.err.strip().splitlines()) == 1


def test_a_missing_table_and_one_without_the_column(configure: Configure) -> None:
    config = configure()
    text = config.read_text()
    config.write_text(
        text.replace('"raw.supabase_concert"', '"raw.nowhere"').replace(
            '"raw.supabase_musician"', '"gold.dim_musician"'
        )
    )
    found = findings(here("--config", config, "health", "--json"))
    assert found["freshness.nowhere"]["verdict"] == "UNKNOWN"
    assert "missing" in found["freshness.nowhere"]["summary"]
    without = found["freshness.dim_musician"]
    assert without["verdict"] == "UNKNOWN"
    assert "neither _airbyte_extracted_at nor _airbyte_emitted_at" in without["summary"]
    assert {"column": "musician_id"} in without["evidence"]
    assert found["metric.freshness"]["verdict"] == "UNKNOWN"


def test_the_parse_failure_that_leaves_green_results_behind(
    platform: RunningPlatform, configure: Configure, tmp_path: Path
) -> None:
    """As dbt leaves it: a log that goes on, and a run_results.json that does not."""
    project = tmp_path / "project"
    shutil.copytree(platform.dbt_project, project)
    log = project / "logs" / "dbt.log"
    with log.open("a") as stream:
        stream.write(
            f"\n\n{'=' * 30} 23:59:59.000000 | 49c0dedb-7a7b-4fd1-aba0-1c9fe331cdee {'=' * 30}\n"
            "\x1b[0m23:59:59.100000 [error] [MainThread]: Encountered an error:\nCompilation Error\n  no such model\n"
            "\x1b[0m23:59:59.200000 [debug] [MainThread]: Command `dbt test` failed at 23:59:59.2 after 0.20 seconds\n"
        )
    results = project / "target" / "run_results.json"
    green = json.loads(results.read_text())
    for node in green["results"]:
        node["status"] = "pass"
    results.write_text(json.dumps(green))
    words = ("--only", "dbt.last_run", "--only", "tests.gold")
    found = findings(here("--config", configure(project=project), "health", "--json", *words))
    assert found["dbt.last_run"]["verdict"] == "FAIL"
    assert "no such model" in found["dbt.last_run"]["summary"]
    assert found["tests.gold"]["verdict"] == "UNKNOWN"
