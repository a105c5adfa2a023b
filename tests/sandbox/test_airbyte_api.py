"""The practice Airbyte's API: what its clients may rely on, by the shapes and status codes of the real one."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.core.secret import Secret
from gcms_tui.sandbox.airbyte.api import BASE, Api, Reply
from gcms_tui.sandbox.airbyte.connections import PAYROLL, REFERENCE, Connection, past_jobs
from gcms_tui.sandbox.airbyte.jobs import Cancelled, JobBook

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
Sync = Callable[[Connection, Callable[[], bool]], int]


class Airbyte:
    """One server's API, and a client that has logged in to it."""

    def __init__(self, file: Path, sync: Sync = lambda connection, cancelled: 16) -> None:
        self.book = JobBook(file, sync)
        self.book.tell(past_jobs(NOW - timedelta(hours=3), NOW - timedelta(hours=61)))
        self.api = Api(self.book, "console", Secret("s3cret"), NOW)
        token = self.ask("POST", "/applications/token", {"client_id": "console", "client_secret": "s3cret"}).body
        assert token["expires_in"] == 900
        self.authorization = f"Bearer {token['access_token']}"

    authorization = ""

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Reply:
        return self.api.answer(method, BASE + path, self.authorization, body or {})

    def until(self, job: int, *states: str) -> dict[str, Any]:
        for _ in range(6_000):
            said: dict[str, Any] = self.ask("GET", f"/jobs/{job}").body
            if said["status"] in states:
                return said
            threading.Event().wait(0.01)
        pytest.fail(f"{said} never was {states}")


@pytest.fixture
def airbyte(tmp_path: Path) -> Airbyte:
    return Airbyte(tmp_path / "jobs.json")


def test_the_stale_sources_connection_has_failed_since_it_was_last_landed(airbyte: Airbyte) -> None:
    listed = airbyte.ask("GET", "/connections").body["data"]
    assert {item["name"]: [stream["name"] for stream in item["configurations"]["streams"]] for item in listed} == {
        PAYROLL.name: ["attendance", "concert", "musician", "payment", "rehearsal"],
        REFERENCE.name: ["instrument"],
    }
    statuses = {
        connection.name: [
            job["status"]
            for job in airbyte.ask("GET", f"/jobs?connectionId={connection.connection_id}&limit=3").body["data"]
        ]
        for connection in (PAYROLL, REFERENCE)
    }
    assert statuses == {PAYROLL.name: ["succeeded"] * 3, REFERENCE.name: ["failed", "failed", "succeeded"]}


def test_a_sync_runs_once_at_a_time_and_is_kept(airbyte: Airbyte, tmp_path: Path) -> None:
    go = threading.Event()

    def slow(connection: Connection, cancelled: Callable[[], bool]) -> int:
        assert go.wait(10)
        return 16

    here = Airbyte(tmp_path / "other.json", slow)
    asked = {"connectionId": REFERENCE.connection_id, "jobType": "sync"}
    started = here.ask("POST", "/jobs", asked)
    assert started.status == 200 and started.body["status"] == "pending"
    again = here.ask("POST", "/jobs", asked)
    assert again.status == 409
    assert again.body["detail"] == f"A sync is already running for: {REFERENCE.connection_id}"
    go.set()
    ended = here.until(started.body["jobId"], "succeeded")
    assert ended["rowsSynced"] == 16
    kept = Airbyte(tmp_path / "other.json")
    assert kept.ask("GET", f"/jobs/{started.body['jobId']}").body == ended


def test_a_sync_that_breaks_has_failed_and_one_that_is_cancelled_is_that(tmp_path: Path) -> None:
    def broken(connection: Connection, cancelled: Callable[[], bool]) -> int:
        if connection is REFERENCE:
            raise OSError("no route to the host")
        while not cancelled():
            threading.Event().wait(0.01)
        raise Cancelled

    here = Airbyte(tmp_path / "jobs.json", broken)
    failing = here.ask("POST", "/jobs", {"connectionId": REFERENCE.connection_id, "jobType": "sync"}).body
    assert "rowsSynced" not in here.until(failing["jobId"], "failed")
    endless = here.ask("POST", "/jobs", {"connectionId": PAYROLL.connection_id, "jobType": "sync"}).body
    here.until(endless["jobId"], "running")
    assert here.ask("DELETE", f"/jobs/{endless['jobId']}").body["status"] == "cancelled"
    assert here.until(endless["jobId"], "cancelled")


def test_a_job_that_a_server_left_running_has_failed(tmp_path: Path) -> None:
    go = threading.Event()
    here = Airbyte(tmp_path / "jobs.json", lambda connection, cancelled: int(go.wait(10)))
    job = here.ask("POST", "/jobs", {"connectionId": REFERENCE.connection_id, "jobType": "sync"}).body["jobId"]
    here.until(job, "running")
    left = shutil.copy(tmp_path / "jobs.json", tmp_path / "left.json")
    assert Airbyte(Path(left)).ask("GET", f"/jobs/{job}").body["status"] == "failed"
    go.set()
    here.until(job, "succeeded")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/connections/nobody", {}, 404),
        ("GET", "/jobs/999999", {}, 404),
        ("POST", "/jobs", {"connectionId": "nobody", "jobType": "sync"}, 404),
        ("POST", "/jobs", {"connectionId": REFERENCE.connection_id, "jobType": "reset"}, 400),
        ("POST", "/applications/token", {"client_id": "console", "client_secret": "wrong"}, 401),
        ("PUT", "/connections", {}, 404),
    ],
)
def test_what_is_wrong_is_told_by_status_and_detail(
    airbyte: Airbyte, method: str, path: str, body: dict[str, Any], status: int
) -> None:
    reply = airbyte.ask(method, path, body)
    assert (reply.status, reply.body["status"], bool(reply.body["detail"])) == (status, status, True)


def test_nobody_is_let_in_without_a_token_that_still_holds(airbyte: Airbyte) -> None:
    assert airbyte.api.answer("GET", f"{BASE}/connections", "", {}).status == 401
    airbyte.api.tokens = dict.fromkeys(airbyte.api.tokens, 0.0)
    assert airbyte.ask("GET", "/connections").status == 401
    assert airbyte.ask("GET", "/health").status == 200
