"""`gcms-tui incident`, `notify` and `health --notify` as they are typed; a socket stands for the team's service."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.cli.main import run
from tests.cli.commands import gcms_tui

Typed = Callable[..., tuple[int, str, str]]
CONFIG = """
state_dir = "state"
read_only = false
[dbt]
project_dir = "."
target = "prod"
[store]
anchor_file = "data/anchor.json"
[runbook]
timezone = "Europe/Vienna"
"""
NOTIFY = '[notify]\nurls_env = "TEAM"\nevents = ["verdict", "escalation"]\n[contacts]\nescalation = ["Boss (0 min)"]\n'


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dbt_project.yml").write_text("name: gcms\nprofile: gcms\n")
    login = "type: snowflake, account: a, user: u, password: p, database: d, schema: s, warehouse: w"
    (tmp_path / "profiles.yml").write_text(f"gcms: {{outputs: {{prod: {{{login}}}}}}}\n")
    path = tmp_path / "gcms.toml"
    path.write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture
def typed(config: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    """One command line: its exit status, stdout and stderr."""

    def type_it(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(["--config", str(config), *words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return type_it


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What the team's service has taken; $TEAM is its address."""
    taken: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.02}).start()
    monkeypatch.setenv("TEAM", f"json://127.0.0.1:{server.server_address[1]}/s3cr3t")
    yield taken
    server.shutdown()
    server.server_close()


@pytest.mark.covers("E1 5", "Escalation")
def test_an_incident_from_its_opening_to_its_post_mortem(typed: Typed) -> None:
    status, out, _ = typed("incident", "open", "--title", "Airbyte\x1b[31m stands [still]", "--section", "E3", "--hold")
    incident_id = out.split()[0]
    assert (status, out) == (0, f"{incident_id}  open  medium  Airbyte stands [still]\n")
    status, out, err = typed("incident", "list")
    assert status == 0 and incident_id in out and "nobody" in out and err == ""
    assert typed("incident", "note", "last", "looked at Airbyte")[0] == 0
    assert typed("incident", "hand-over", incident_id, "jane")[0] == 0
    assert typed("incident", "ack", "last")[0] == 0
    status, out, err = typed("incident", "ack", "last", "--json")
    assert status == 65 and json.loads(out)["refused"]["guard"] == "acknowledged" and "guard: acknowledged" in err
    status, out, _ = typed("incident", "show", "last", "--json")
    shown = json.loads(out)
    assert (shown["state"], len(shown["holds"]), [step["state"] for step in shown["escalation"]]) == (
        "acknowledged",
        1,
        ["stopped"] * 3,
    )
    status, _, err = typed("incident", "close", "last", "--cause", "a token", "--done", "a new one")
    assert status == 0 and "still holds payroll" in err and f"payroll lift {shown['holds'][0]}" in err
    status, out, _ = typed("incident", "postmortem", "last")
    assert status == 0 and out.startswith("# Incident: Airbyte stands \\[still\\]\n")
    assert typed("incident", "list")[1].count("\n") == 1 and typed("incident", "list", "--all")[1].count("\n") == 2
    status, out, _ = typed("incident", "open", "--follows", "last", "--json")
    assert json.loads(out)["follows"] == incident_id


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("open",), 64, "One of --finding, --title and --follows"),
        (("open", "--title", "a", "--finding", "b"), 64, "One of --finding, --title and --follows"),
        (("open", "--title", " "), 65, "guard: title"),
        (("open", "--finding", "tests.gold"), 64, "prod has not been looked at"),
        (("show", "last"), 64, "None has been opened on prod"),
        (("close", "last", "--cause", "c"), 64, "Missing option '--done'"),
    ],
)
def test_what_is_wrong_is_told_with_its_status(typed: Typed, words: tuple[str, ...], status: int, says: str) -> None:
    found, out, err = typed("incident", *words)
    assert (found, out) == (status, "") and says in err


def test_read_only_shows_and_does_nothing_else(typed: Typed) -> None:
    typed("incident", "open", "--title", "t")
    for words in (
        ("open", "--title", "t"),
        ("note", "last", "n"),
        ("ack", "last"),
        ("hand-over", "last", "jane"),
        ("close", "last", "--cause", "c", "--done", "d"),
    ):
        status, out, err = typed("--read-only", "incident", *words)
        assert (status, out) == (65, "") and "guard: read_only" in err
    for line in ("list", "show last", "postmortem last", "contacts"):
        assert typed("--read-only", "incident", *line.split())[0] == 0


@pytest.mark.covers("Contacts")
def test_contacts_flag_what_nobody_has_filled_in(typed: Typed) -> None:
    status, out, _ = typed("incident", "contacts")
    assert status == 0 and "+1-XXX-XXX-XXXX" in out and "! a placeholder" in out
    found = json.loads(typed("incident", "contacts", "--json")[1])["contacts"]
    assert [item["role"] for item in found] == ["team", "on call", *["escalation"] * 3]


def test_health_tells_each_change_and_each_escalation_once_and_keeps_its_status(
    typed: Typed, config: Path, service: list[dict[str, Any]]
) -> None:
    typed("health", "--only", "tests.gold")
    assert not service
    status, out, _ = typed("incident", "open", "--finding", "tests.gold", "--json")
    opened = json.loads(out)
    assert status == 0 and opened["finding"]["verdict"] == "UNKNOWN" and not service
    config.write_text(CONFIG + NOTIFY)
    typed("incident", "open", "--title", "stands still")
    second = json.loads(typed("incident", "list", "--json")[1])["incidents"][0]["incident"]
    status, out, err = typed("health", "--only", "tests.gold", "--notify", "--json", "--read-only")
    assert status == 3 and json.loads(out)["verdict"] == "UNKNOWN"
    assert f"{second} (stands still): Boss is overdue by" in err
    assert [item["title"] for item in service] == [
        "prod: tests.gold is UNKNOWN",
        "prod: nobody has taken incident stands still",
    ]
    assert typed("health", "--only", "tests.gold", "--notify")[0] == 3
    assert len(service) == 2
    assert json.loads(typed("incident", "show", second, "--json")[1])["escalation"][0]["state"] == "told"
    assert "s3cr3t" not in typed("journal", "list", "--json")[1]


def test_of_two_processes_at_once_one_tells(config: Path, service: list[dict[str, Any]]) -> None:
    gcms_tui("--config", config, "health", "--only", "tests.gold")  # the store is there
    config.write_text(CONFIG + NOTIFY)
    words = ("--config", config, "health", "--only", "tests.gold", "--notify")
    with ThreadPoolExecutor(2) as threads:
        done = [one.result() for one in [threads.submit(gcms_tui, *words) for _ in range(2)]]
    assert [(one.status, one.err) for one in done] == [(3, "")] * 2
    assert [item["title"] for item in service] == ["prod: tests.gold is UNKNOWN"]


def test_a_service_that_is_down_changes_no_status_and_is_told_once(
    typed: Typed, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(CONFIG + NOTIFY)
    monkeypatch.setenv("TEAM", "json://127.0.0.1:1/s3cr3t")
    told = [typed("health", "--only", "tests.gold", "--notify") for _ in range(2)]
    assert [status for status, _, _ in told] == [3, 3]
    assert "Notice not told: 1 JSON: it could not be reached" in told[0][2] and "not told" not in told[1][2]
    monkeypatch.delenv("TEAM")
    status, _, err = typed("health", "--only", "tests.gold", "--notify")
    assert status == 3 and "TEAM holds no URL" in err


@pytest.mark.covers("E1 5")
def test_the_payroll_team_is_told_of_the_delay_once_and_of_its_end(
    typed: Typed, config: Path, service: list[dict[str, Any]]
) -> None:
    config.write_text(CONFIG + NOTIFY)
    incident_id = json.loads(typed("incident", "open", "--title", "net of Ada: 1,234.50 EUR", "--json")[1])["incident"]
    status, out, err = typed("incident", "notice", "last")
    assert status == 0 and out.startswith(
        f"prod: payroll is delayed\n\nIncident {incident_id}: net of Ada: masked, open"
    )
    assert "--send does that" in err and not service
    status, _, err = typed("incident", "notice", "last", "--send", "--read-only")
    assert status == 65 and "read_only" in err and not service
    assert [typed("incident", "notice", "last", "--send")[0] for _ in range(2)] == [0, 0]
    typed("incident", "close", "last", "--cause", "c", "--done", "d")
    assert json.loads(typed("incident", "notice", "last", "--send", "--json")[1])["outcome"] == "sent"
    assert [item["title"] for item in service] == ["prod: payroll is delayed", "prod: payroll was delayed"]
    config.write_text(CONFIG)
    status, _, err = typed("incident", "notice", incident_id, "--send")
    assert status == 0 and "repeat" in err
    typed("incident", "open", "--title", "another")
    status, _, err = typed("incident", "notice", "last", "--send")
    assert status == 69 and "names neither urls_env nor urls_file" in err


def test_notify_test_goes_to_each_channel(
    typed: Typed, config: Path, service: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, _, err = typed("notify", "test")
    assert status == 78 and "names neither urls_env nor urls_file" in err
    config.write_text(CONFIG + NOTIFY)
    status, out, err = typed("notify", "test")
    assert (status, out, err) == (0, "1 JSON: sent\n", "")
    assert service[0]["title"] == "prod: a test notice"
    monkeypatch.setenv("TEAM", "nosuch://s3cr3t")
    status, out, err = typed("notify", "test", "--json")
    assert status == 69 and json.loads(out)["channels"][0]["channel"] == "channel 1"
    assert "s3cr3t" not in out + err
