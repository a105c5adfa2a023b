"""A server that stands for an Airbyte in whatever trouble: real sockets, each fault in a few lines."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gcms_tui.adapters.airbyte import AirbyteSyncs
from gcms_tui.core.secret import Secret

BASE = "/api/public/v1"
SECRET = "planted-application-secret"
TOKEN = "planted-token"


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    authorization: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Says:
    """An answer; `body` as JSON unless it is bytes. `announced`: the length that it claims to have."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    announced: int | None = None


Reply = Says | Callable[[BaseHTTPRequestHandler], None]
"""A function writes whatever it likes."""


class ScriptedAirbyte:
    """`on` decides by method and path; `seen` records. Tokens are given unless a rule says otherwise."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._rules: dict[tuple[str, str], list[Reply]] = {}
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{BASE}"

    def on(self, method: str, path: str, *replies: Reply) -> None:
        """One after the other, the last again and again."""
        self._rules[method, path] = list(replies)

    def asked(self, method: str, path: str) -> list[Seen]:
        return [seen for seen in self.seen if (seen.method, seen.path.partition("?")[0]) == (method, path)]

    def client(self, timeout_s: float = 5.0) -> AirbyteSyncs:
        return AirbyteSyncs(self.url, "console", Secret(SECRET), timeout_s=timeout_s)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reply_to(self, seen: Seen) -> Reply:
        path = seen.path.partition("?")[0]
        replies = self._rules.get((seen.method, path))
        if replies is None:
            if path == "/applications/token":
                return Says(body={"access_token": TOKEN, "token_type": "Bearer", "expires_in": 900})
            return Says(404, {"title": "Not found", "detail": f"no {path}"})
        return replies.pop(0) if len(replies) > 1 else replies[0]


@contextmanager
def scripted_airbyte() -> Iterator[ScriptedAirbyte]:
    server = ScriptedAirbyte()
    try:
        yield server
    finally:
        server.stop()


def job(number: int, status: str = "succeeded", **other: Any) -> dict[str, Any]:
    """As the API has it."""
    return {
        "jobId": number,
        "status": status,
        "jobType": "sync",
        "startTime": "2026-03-01T08:00:00Z",
        "connectionId": "c-1",
        "lastUpdatedAt": "2026-03-01T08:10:00Z",
        **other,
    }


def _handler(server: ScriptedAirbyte) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.removeprefix(BASE)
            seen = Seen(self.command, path, self.headers.get("Authorization") or "", json.loads(content or b"{}"))
            server.seen.append(seen)
            reply = server.reply_to(seen)
            if not isinstance(reply, Says):
                self.close_connection = True
                with suppress(OSError):  # whoever asked has gone, which may be what is wanted
                    reply(self)
                return
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) if reply.announced is None else reply.announced))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)
            self.close_connection = self.close_connection or reply.announced is not None

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is part of the play."""
