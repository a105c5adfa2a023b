"""An OAuth refresh token is exchanged at the account itself, and what goes wrong there is told without it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from gcms_tui.adapters.credentials import Credentials
from gcms_tui.adapters.profiles import credentials_of
from gcms_tui.core.errors import Unavailable
from tests.adapters.scripted_snowflake import unused_port


@contextmanager
def token_endpoint(status: int, content: object) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The port of a server that answers one way, and what it was asked."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            asked.append({"path": self.path, "form": form, "authorization": self.headers["Authorization"]})
            payload = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1], asked
        finally:
            server.shutdown()
            thread.join()


def oauth(port: int) -> Credentials:
    profile = {
        "type": "snowflake",
        "account": "acc",
        "database": "d",
        "schema": "s",
        "host": "127.0.0.1",
        "port": port,
        "protocol": "http",
        "authenticator": "oauth",
        "oauth_client_id": "client",
        "oauth_client_secret": "planted-secret",
        "token": "planted-refresh",
    }
    return credentials_of(profile, "profiles.yml", directory=Path())


def test_the_access_token_takes_the_refresh_tokens_place() -> None:
    with token_endpoint(200, {"access_token": "fresh"}) as (port, asked):
        arguments = oauth(port).arguments()
    assert arguments["token"] == "fresh"
    assert arguments["authenticator"] == "oauth"
    assert "oauth_client_secret" not in arguments
    (request,) = asked
    assert request["path"] == "/oauth/token-request"
    assert request["form"]["grant_type"] == ["refresh_token"]
    assert request["form"]["refresh_token"] == ["planted-refresh"]
    assert base64.b64decode(request["authorization"].removeprefix("Basic ")) == b"client:planted-secret"


@pytest.mark.parametrize(
    ("status", "content", "says"),
    [
        (400, {"error": "invalid_grant planted-refresh"}, "HTTP 400"),
        (200, {"message": "planted-refresh"}, "no access_token"),
        (200, ["planted-refresh"], "no access_token"),
    ],
)
def test_no_token_is_told_without_repeating_the_old_one(status: int, content: object, says: str) -> None:
    with token_endpoint(status, content) as (port, _), pytest.raises(Unavailable, match=says) as caught:
        oauth(port).arguments()
    assert "planted" not in f"{caught.value} {caught.value.next_step}"


def test_nobody_there_is_told() -> None:
    with pytest.raises(Unavailable, match="Connection refused"):
        oauth(unused_port()).arguments()


def test_a_short_secret_does_not_blot_out_words(tmp_path: Path) -> None:
    credentials = credentials_of(
        {"type": "snowflake", "account": "a", "user": "u", "password": "no", "database": "d", "schema": "s"},
        "profiles.yml",
        directory=tmp_path,
    )
    assert credentials.masked("not now") == "not now"
