"""Airbyte's API over real sockets: what is right, and every kind of trouble."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.adapters import airbyte_http
from gcms_tui.adapters.airbyte import AirbyteApi, AirbyteSyncs, open_api
from gcms_tui.core.errors import ConfigError, GcmsError, Refused, StatementFailed, Unavailable, UsageError
from gcms_tui.core.pipeline.airbyte import AnswerUnknown
from gcms_tui.core.secret import Secret
from gcms_tui.core.settings import AirbyteSettings
from tests.adapters.scripted_airbyte import SECRET, TOKEN, Says, ScriptedAirbyte, job, scripted_airbyte
from tests.adapters.scripted_snowflake import black_hole, unused_port

CONNECTION = {
    "connectionId": "c-1",
    "name": "reference",
    "status": "active",
    "schedule": {"scheduleType": "basic", "basicTiming": "Every 24 HOURS"},
    "prefix": "supabase_",
    "configurations": {"streams": [{"name": "instrument"}]},
}


@pytest.fixture
def server() -> Iterator[ScriptedAirbyte]:
    with scripted_airbyte() as started:
        yield started


def told(error: GcmsError) -> str:
    """Everything of it that a person may come to see."""
    return f"{error!r} {error} {error.title} {error.message} {error.next_step}"


# -- what is right ---------------------------------------------------------------------------------------------------


def test_connections_come_page_by_page_and_jobs_newest_first(server: ScriptedAirbyte) -> None:
    first = [{**CONNECTION, "connectionId": f"c-{number}", "name": f"n{number:03}"} for number in range(100)]
    server.on("GET", "/connections", Says(body={"data": first}), Says(body={"data": [CONNECTION]}))
    server.on("GET", "/jobs", Says(body={"data": [job(4), job(9, "running", lastUpdatedAt=None, rowsSynced="many")]}))
    api = server.client()
    connections = api.connections()
    assert len(connections) == 101
    assert (connections[-1].name, connections[-1].landed) == ("reference", (("instrument", "supabase_instrument"),))
    assert connections[-1].schedule == "Every 24 HOURS"
    newest, oldest = api.jobs("c-1", 7)
    assert (newest.job_id, newest.ended, newest.updated_at, newest.rows) == (9, False, None, None)
    assert oldest.started_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert server.asked("GET", "/jobs")[0].path.endswith("connectionId=c-1&limit=7&orderBy=createdAt%7CDESC")
    assert len(server.asked("POST", "/applications/token")) == 1
    assert {seen.authorization for seen in server.asked("GET", "/connections")} == {f"Bearer {TOKEN}"}


def test_a_token_is_asked_for_anew_before_it_ends(server: ScriptedAirbyte) -> None:
    now = [0.0]
    api = AirbyteApi(server.url, "console", Secret(SECRET), monotonic=lambda: now[0])
    server.on("GET", "/jobs/1", Says(body=job(1)))
    for now[0] in (0.0, 719.0, 721.0):
        api.job(1)
    assert len(server.asked("POST", "/applications/token")) == 2


def test_a_token_that_ended_early_is_replaced_once(server: ScriptedAirbyte) -> None:
    server.on("POST", "/jobs", Says(401, {"detail": "ended"}), Says(body=job(7, "pending")))
    assert server.client().start_sync("c-1").job_id == 7
    assert [seen.body for seen in server.asked("POST", "/jobs")] == [{"connectionId": "c-1", "jobType": "sync"}] * 2
    server.on("GET", "/jobs/1", Says(401, {"detail": f"Bearer {TOKEN} is not known"}))
    with pytest.raises(ConfigError) as caught:
        server.client().job(1)
    assert len(server.asked("GET", "/jobs/1")) == 2
    assert TOKEN not in told(caught.value)


# -- a login that is refused, answers that are no answer -------------------------------------------------------------


@pytest.mark.parametrize("lasts", [10**400, float("inf"), float("nan"), -1, "900", None])
def test_a_token_whose_end_is_not_told_is_used_all_the_same(server: ScriptedAirbyte, lasts: Any) -> None:
    server.on("POST", "/applications/token", Says(body={"access_token": TOKEN, "expires_in": lasts}))
    odd = [{**CONNECTION, "configurations": {"streams": streams}} for streams in (7, True, {"name": "x"}, [7, {}])]
    server.on("GET", "/connections", Says(body={"data": odd}))
    assert [one.streams for one in server.client().connections()] == [()] * 4


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_wrong_secret_is_told_and_never_repeated(server: ScriptedAirbyte, status: int) -> None:
    server.on("POST", "/applications/token", Says(status, {"detail": f"no client with secret {SECRET}"}))
    with pytest.raises(ConfigError, match="refuses the login") as caught:
        server.client().connections()
    assert SECRET not in told(caught.value)


@pytest.mark.parametrize("token", [None, "", "two\r\nlines", 17])
def test_a_token_that_could_not_be_sent_is_not_used(server: ScriptedAirbyte, token: Any) -> None:
    server.on("POST", "/applications/token", Says(body={"access_token": token}))
    with pytest.raises(StatementFailed, match="no token"):
        server.client().connections()


@pytest.mark.parametrize(
    ("says", "kind", "words"),
    [
        (Says(403, {"detail": f"{SECRET} may not"}), ConfigError, "refuses this"),
        (Says(404, {"detail": "no"}), UsageError, "knows no such thing"),
        (Says(422, {"title": "Unprocessable"}), StatementFailed, "422: Unprocessable"),
        (Says(429, b""), Unavailable, "asked too often"),
        (Says(500, {"title": "Internal", "detail": f"at {TOKEN}"}), Unavailable, "in trouble"),
        (Says(502, b"<html>\x1b[31mBad gateway"), Unavailable, "502: <html>Bad gateway"),
        (Says(302, b"", {"Location": f"https://elsewhere.example/?t={TOKEN}"}), StatementFailed, "not followed"),
        (Says(200, b"<html>log in</html>"), StatementFailed, "no JSON object"),
        (Says(200, [1, 2]), StatementFailed, "no JSON object"),
        (Says(200, b"[" * 100_000), StatementFailed, "no JSON object"),
        (Says(200, {"data": "many"}), StatementFailed, "no list"),
        (Says(200, {"data": ["one"]}), StatementFailed, "no list"),
        (Says(200, {"data": [{"jobId": "x"}]}), StatementFailed, "without a number"),
    ],
)
def test_every_other_answer_is_told_by_its_kind(
    server: ScriptedAirbyte, says: Says, kind: type[GcmsError], words: str
) -> None:
    server.on("GET", "/jobs", says)
    with pytest.raises(kind) as caught:
        server.client().jobs("c-1")
    assert words in told(caught.value)
    assert caught.value.next_step
    assert not [secret for secret in (SECRET, TOKEN) if secret in told(caught.value)]
    assert "\x1b" not in caught.value.message
    assert len(server.asked("GET", "/jobs")) == 1


def test_a_list_without_end_is_left(server: ScriptedAirbyte) -> None:
    server.on("GET", "/connections", Says(body={"data": [CONNECTION] * 100}))
    with pytest.raises(StatementFailed, match="without end"):
        server.client().connections()
    assert len(server.asked("GET", "/connections")) == 50


# -- trouble on the line ---------------------------------------------------------------------------------------------


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Not a word."""


def broken_off(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"jobId": 7')


def broken_chunk(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"jobId": 7')


def no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then: no single wait is long, and it never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        handler.wfile.write(b" ")
        handler.wfile.flush()
        threading.Event().wait(0.02)


def dripping_head(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Filler: ")
    while True:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        threading.Event().wait(0.02)


def huge(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        handler.wfile.write(b" " * 65_536)


@pytest.mark.parametrize("trouble", [cut, broken_off, broken_chunk, no_http, dripping, dripping_head, huge])
def test_what_breaks_off_or_never_ends_is_no_answer_and_is_not_sent_again(
    server: ScriptedAirbyte, trouble: Callable[[BaseHTTPRequestHandler], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(airbyte_http, "LARGEST", 1024 * 1024)
    server.on("POST", "/jobs", trouble)
    began = time.monotonic()
    with pytest.raises(AnswerUnknown) as caught:
        server.client(timeout_s=3).start_sync("c-1")
    assert caught.value.next_step
    assert time.monotonic() - began < 30  # which it would be for ever
    assert len(server.asked("POST", "/jobs")) == 1


@pytest.mark.parametrize(
    "says", [Says(500), Says(503, b""), Says(408), Says(200, b"<html>"), Says(200, {"jobId": None})]
)
def test_a_sync_that_may_have_been_started_is_in_doubt(server: ScriptedAirbyte, says: Says) -> None:
    server.on("POST", "/jobs", says)
    with pytest.raises(AnswerUnknown):
        server.client().start_sync("c-1")
    assert len(server.asked("POST", "/jobs")) == 1


def test_a_sync_that_was_certainly_not_started_is_not_in_doubt(server: ScriptedAirbyte) -> None:
    server.on("POST", "/jobs", Says(409, {"detail": "A sync is already running for: c-1"}))
    with pytest.raises(Refused, match="already running for: c-1") as refused:
        server.client().start_sync("c-1")
    assert refused.value.guard == "sync_running"
    server.on("POST", "/applications/token", Says(500, {"detail": "no"}), cut)
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            server.client().start_sync("c-1")
        assert not isinstance(caught.value, AnswerUnknown)
    assert len(server.asked("POST", "/jobs")) == 1
    with pytest.raises(Unavailable, match="refused") as down:
        AirbyteSyncs(f"http://127.0.0.1:{unused_port()}", None, None).start_sync("c-1")
    assert not isinstance(down.value, AnswerUnknown)


def test_a_black_hole_is_left_within_the_limit() -> None:
    with black_hole() as port, pytest.raises(Unavailable, match=r"within 0\.3 s"):
        AirbyteApi(f"http://127.0.0.1:{port}", None, None, timeout_s=0.3).connections()


def test_a_host_that_speaks_no_tls_is_told(server: ScriptedAirbyte) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        AirbyteApi(server.url.replace("http:", "https:"), "console", Secret(SECRET), timeout_s=2).connections()
    assert server.seen == []


# -- what is configured ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://me:planted-pw@airbyte.example/api", "https:///api", "ftp://airbyte.example", "https://h:99999/api",
        "https://airbyte.example/api?token=planted-pw", "https://two words/api",
    ],
)  # fmt: skip
def test_a_base_url_that_cannot_be_used_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        AirbyteApi(url, None, None)
    assert "planted" not in told(caught.value)


def test_a_login_wants_both_its_halves_and_its_file_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("")
    file.chmod(0o640)
    url = "https://airbyte.example/api/public/v1"

    def refusal(**given: Any) -> str:
        with pytest.raises(ConfigError) as caught:
            open_api(AirbyteSettings(**given), {"EMPTY": " "})
        return told(caught.value)

    assert "not configured" in refusal()
    assert "client_secret_file is not named" in refusal(base_url=url, client_id="console")
    assert "EMPTY is not set" in refusal(base_url=url, client_id="console", client_secret_env="EMPTY")
    assert "chmod 0600" in refusal(base_url=url, client_id="console", client_secret_file=file)
    file.chmod(0o600)
    assert "is empty" in refusal(base_url=url, client_id="console", client_secret_file=file)
    file.write_text(f"{SECRET}\n")
    assert "client_id is not named" in refusal(base_url=url, client_secret_file=file)
    api = open_api(AirbyteSettings(base_url=url, client_id="console", client_secret_file=file), {})
    assert (api.where, api.encrypted) == ("airbyte.example", True)
