"""How the tests reach the server: the plain connector, and where needed the protocol itself."""

from __future__ import annotations

import json
import time
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import snowflake.connector
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import Error

from gcms_tui.sandbox.processes import choose_port
from gcms_tui.sandbox.warehouse.process import WarehouseProcess

USER, PASSWORD = "console", "not a secret"

Connect = Callable[..., SnowflakeConnection]
Start = Callable[..., WarehouseProcess]


def free_port() -> int:
    """Outside the range that outgoing connections are given: it is still free when the server has come up."""
    return choose_port()


def open_connection(server: WarehouseProcess, **options: Any) -> SnowflakeConnection:
    """As the console connects: over TCP, with bounded retries, values bound by the server."""
    settings: dict[str, Any] = {
        "user": USER, "password": PASSWORD, "account": "sandbox", "host": server.host, "port": server.port,
        "protocol": "http", "database": "GCMS", "login_timeout": 30, "network_timeout": 30, "paramstyle": "qmark",
        **options,
    }  # fmt: skip
    return snowflake.connector.connect(**settings)


def ask(connection: SnowflakeConnection, sql: str, *values: Any) -> list[Any]:
    """The rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall())


def value(connection: SnowflakeConnection, sql: str, *values: Any) -> Any:
    """The one value of a statement."""
    [[only]] = ask(connection, sql, *values)
    return only


def failure(connection: SnowflakeConnection, sql: str, *values: Any) -> Error:
    """The error that the statement must end with."""
    with pytest.raises(Error) as caught:
        ask(connection, sql, *values)
    return caught.value


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


class Raw:
    """The protocol without the connector: what is sent, and what comes back, HTTP status included."""

    def __init__(self, server: WarehouseProcess) -> None:
        self._base = f"http://{server.host}:{server.port}"
        login = {"data": {"LOGIN_NAME": USER, "PASSWORD": PASSWORD, "SESSION_PARAMETERS": {}}}
        self._token = self._post("/session/v1/login-request?databaseName=GCMS", login)["data"]["token"]

    def query(self, sql: str, request_id: str | None = None, **more: Any) -> dict[str, Any]:
        return self._post(f"/queries/v1/query-request?requestId={request_id or uuid.uuid4()}", {"sqlText": sql, **more})

    def result(self, query_id: str) -> dict[str, Any]:
        return self._send(urllib.request.Request(f"{self._base}/queries/{query_id}/result", headers=self._headers()))

    def abort(self, request_id: str) -> dict[str, Any]:
        return self._post("/queries/v1/abort-request", {"requestId": request_id})

    def close(self) -> None:
        self._post("/session?delete=true", {})

    def post_bytes(self, path: str, body: bytes) -> dict[str, Any]:
        return self._send(urllib.request.Request(self._base + path, body, self._headers(), method="POST"))

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self.post_bytes(path, json.dumps(body).encode())

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if hasattr(self, "_token"):
            headers["Authorization"] = f'Snowflake Token="{self._token}"'
        return headers

    def _send(self, request: urllib.request.Request) -> dict[str, Any]:
        with urllib.request.urlopen(request, timeout=30) as answer:  # raises on any status but 2xx
            content: dict[str, Any] = json.load(answer)
        return content
