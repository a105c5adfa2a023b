"""Servers that stand for a Snowflake in trouble: real sockets for the real connector, each fault in a few lines."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

from gcms_tui.adapters.credentials import Credentials
from gcms_tui.core.query import Access, Statement
from gcms_tui.core.secret import Secret
from gcms_tui.core.settings import SnowflakeSettings

PASSWORD = "planted-hunter2"
Reply = tuple[int, dict[str, Any]]
"""Status and JSON."""
_DONE: dict[str, Any] = {"success": True, "data": None, "code": None, "message": None}


class ScriptedSnowflake:
    """Speaks just enough of the protocol: `on_login` and `on_query` decide, `logins` and `queries` record."""

    def __init__(self) -> None:
        self.logins: list[dict[str, Any]] = []
        self.queries: list[dict[str, Any]] = []
        self.deleted = threading.Event()
        self.on_login: Callable[[dict[str, Any]], Reply] = lambda body: logged_in()
        self.on_query: Callable[[dict[str, Any]], Reply] = lambda body: rows([["1"]], [fixed("ONE")])
        self.on_abort: Callable[[], Reply] = lambda: (200, _DONE)
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.headers.get("Content-Encoding") == "gzip":
                    data = gzip.decompress(data)
                body = json.loads(data) if data else {}
                if "login-request" in self.path:
                    owner.logins.append({**body.get("data", {}), "path": self.path})
                    self._answer(*owner.on_login(body))
                elif "query-request" in self.path:
                    owner.queries.append(body)
                    self._answer(*owner.on_query(body))
                elif "abort-request" in self.path:
                    self._answer(*owner.on_abort())
                else:
                    if "delete=true" in self.path:
                        owner.deleted.set()
                    self._answer(200, _DONE)

            def _answer(self, status: int, content: dict[str, Any]) -> None:
                payload = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        return Handler


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone, or a script that dies, is part of the play."""


@contextmanager
def scripted() -> Iterator[ScriptedSnowflake]:
    server = ScriptedSnowflake()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def black_hole() -> Iterator[int]:
    """The port of a host that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


@contextmanager
def dropping() -> Iterator[int]:
    """The port of a host that answers no connection attempt: its queue is full and nobody takes from it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        try:
            for client in waiting:
                client.setblocking(False)
                client.connect_ex(listener.getsockname())
            yield listener.getsockname()[1]
        finally:
            for client in waiting:
                client.close()


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def credentials(port: int, **more: Any) -> Credentials:
    public = {
        "account": "acc",
        "user": "me",
        "host": "127.0.0.1",
        "port": port,
        "protocol": "http",
        "database": "GCMS",
        "schema": "GOLD",
        **more,
    }
    return Credentials("profiles.yml", MappingProxyType(public), MappingProxyType({"password": Secret(PASSWORD)}))


def quick(**more: Any) -> SnowflakeSettings:
    """Short limits, so that a fault shows soon."""
    return SnowflakeSettings(**{"login_timeout_s": 2, "network_timeout_s": 4, "statement_timeout_s": 2, **more})


def ask(sql: str = "SELECT 1", *binds: Any, access: Access = Access.READ) -> Statement:
    return Statement("test", "queries/test.sql", sql, binds, access)


# -- replies --------------------------------------------------------------------------------------------------------


def logged_in() -> Reply:
    data = {
        "token": "session-token",
        "masterToken": "master-token",
        "validityInSeconds": 3600,
        "masterValidityInSeconds": 14400,
        "sessionId": 1,
        "parameters": [{"name": "AUTOCOMMIT", "value": True}, {"name": "TIMEZONE", "value": "UTC"}],
        "sessionInfo": {"databaseName": "GCMS", "schemaName": "GOLD", "warehouseName": "WH", "roleName": "R"},
    }
    return 200, {"data": data, "success": True, "code": None, "message": None}


def refused(code: int, message: str, sqlstate: str = "08001") -> Reply:
    data = {"queryId": "01-failed", "sqlState": sqlstate, "internalError": False, "errorCode": str(code)}
    return 200, {"data": data, "success": False, "code": str(code), "message": message}


def fixed(name: str, scale: int = 0) -> dict[str, Any]:
    return {"name": name, "type": "fixed", "precision": 38, "scale": scale, "length": None, "nullable": True}


def typed(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "precision": None, "scale": 9, "length": None, "nullable": True}


def rows(values: list[list[str | None]], columns: list[dict[str, Any]]) -> Reply:
    data = {
        "parameters": [],
        "rowtype": columns,
        "rowset": values,
        "total": len(values),
        "returned": len(values),
        "queryId": "01-query",
        "queryResultFormat": "json",
        "sqlState": "00000",
        "statementTypeId": 4096,
    }
    return 200, {"data": data, "success": True, "code": None, "message": None}
