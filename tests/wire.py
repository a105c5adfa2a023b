"""A line between the connector and the practice warehouse on which a test makes things happen, by the statement's text.

    with Wire.to(platform.snowflake) as wire:
        wire.on("COMMIT", drop_answer)
        ...  # connect with wire.arguments, or wire.credentials

A fault gets the `Exchange` and answers what the client is to see, or raises `Dropped` to cut the connection.
"""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import snowflake.connector
from snowflake.connector import SnowflakeConnection

from gcms_tui.adapters.credentials import Credentials
from gcms_tui.core.secret import Secret

_NOT_PASSED_ON = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding"})
_PATIENCE_S = 60.0
_SESSION_GONE = 390111


class _SessionGone(Exception):
    pass


class Dropped(Exception):
    """The connection is cut; the client hears nothing."""


@dataclass(frozen=True)
class Asked:
    """One request for a statement, as it arrived: a statement that is sent again arrives again."""

    sql: str
    request_id: str
    retry: int
    """0 for the first time it was sent."""


@dataclass
class Exchange:
    """A statement on its way."""

    asked: Asked
    wire: Wire
    _forward: Callable[[], bytes]

    def forward(self) -> bytes:
        """Hand it to the warehouse; its answer as JSON text."""
        return self._forward()


Fault = Callable[[Exchange], bytes]


# -- what can happen ------------------------------------------------------------------------------------------------


def drop_request(exchange: Exchange) -> bytes:
    """The warehouse never gets it."""
    raise Dropped


def drop_answer(exchange: Exchange) -> bytes:
    """The warehouse does it, and nobody hears."""
    exchange.forward()
    raise Dropped


def first(act: Callable[[], object]) -> Fault:
    """Just before the statement arrives, something happens."""

    def fault(exchange: Exchange) -> bytes:
        act()
        return exchange.forward()

    return fault


def interfere(sql: str, *values: Any) -> Fault:
    """Just before the statement arrives, somebody else carries out one of their own, and commits it."""
    return lambda exchange: first(lambda: exchange.wire.run(sql, *values))(exchange)


def stalled_until(released: threading.Event) -> Fault:
    """It hangs on the line, and goes on when the test says so."""
    return first(lambda: released.wait(_PATIENCE_S))


def counting(*counts: int) -> Fault:
    """The warehouse answers with these counts of rows, in the order of its columns, whatever it did."""

    def fault(exchange: Exchange) -> bytes:
        answer = json.loads(exchange.forward())
        answer["data"]["rowset"] = [[str(count) for count in counts]]
        return json.dumps(answer).encode()

    return fault


def dropped_after(act: Callable[[], object]) -> Fault:
    """The warehouse does it; then something happens, and the answer is lost."""

    def fault(exchange: Exchange) -> bytes:
        exchange.forward()
        act()
        raise Dropped

    return fault


# -- the line -------------------------------------------------------------------------------------------------------


@dataclass
class _Rule:
    part: str
    fault: Fault
    left: float


@dataclass
class Wire:
    """Passes everything on, but for the statements that a rule is for."""

    warehouse: Mapping[str, Any]
    """The connect arguments of the warehouse itself."""
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    """Every request for a statement, in the order of arrival."""
    _rules: list[_Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _idle: list[SnowflakeConnection] = field(default_factory=list)

    @classmethod
    @contextmanager
    def to(cls, warehouse: Mapping[str, Any]) -> Iterator[Wire]:
        wire = cls(warehouse)
        server = _Server(("127.0.0.1", 0), _handler(wire))
        server.daemon_threads = True
        wire.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield wire
        finally:
            server.shutdown()
            server.server_close()
            for connection in wire._idle:
                connection.close(retry=False)

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of `snowflake.connector.connect` that lead over this line."""
        return {**self.warehouse, "host": "127.0.0.1", "port": self.port}

    @property
    def credentials(self) -> Credentials:
        """The same for what logs in as the console does."""
        return credentials_of(self.arguments)

    def on(self, part: str, fault: Fault, *, times: float = float("inf")) -> None:
        """From now on `fault` happens to statements with `part` in their text, in whatever case; to the first `times`
        requests only, where a statement that is sent again counts again. A later rule goes before an earlier one."""
        with self._lock:
            self._rules.insert(0, _Rule(part.upper(), fault, times))

    def mend(self) -> None:
        """Nothing happens any more."""
        with self._lock:
            self._rules.clear()

    def requests(self, part: str) -> list[Asked]:
        """Those that arrived for statements with `part` in their text."""
        return [asked for asked in self.asked if part.upper() in asked.sql.upper()]

    def run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """A statement of somebody else's, past the line, committed at once."""
        with suppress(IndexError):
            idle = self._idle.pop()
            with suppress(_SessionGone):
                return self._run(idle, sql, values)
        return self._run(snowflake.connector.connect(**self.warehouse, paramstyle="qmark"), sql, values)

    def _run(self, connection: SnowflakeConnection, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Connections are kept for the next statement: logging in costs more than most of them."""
        try:
            cursor = connection.cursor()
            cursor.execute(sql, values or None)
            rows = [tuple(row) for row in cursor.fetchall()]
        except snowflake.connector.Error as error:
            connection.close(retry=False)
            if error.errno == _SESSION_GONE:  # the warehouse was started anew: nothing was done
                raise _SessionGone from error
            raise
        self._idle.append(connection)
        return rows

    def answer(self, asked: Asked, forward: Callable[[], bytes]) -> bytes:
        with self._lock:
            self.asked.append(asked)
            rule = next((rule for rule in self._rules if rule.part in asked.sql.upper() and rule.left > 0), None)
            if rule is not None:
                rule.left -= 1
        exchange = Exchange(asked, self, forward)
        return rule.fault(exchange) if rule is not None else exchange.forward()


def credentials_of(arguments: Mapping[str, Any]) -> Credentials:
    """Connect arguments as the console holds them, the password apart."""
    public = {name: value for name, value in arguments.items() if name != "password"}
    return Credentials(
        "a test", MappingProxyType(public), MappingProxyType({"password": Secret(arguments["password"])})
    )


def _handler(wire: Wire) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            """One connection to the warehouse for each of the client's: it ends with it."""
            super().setup()
            self._warehouse = http.client.HTTPConnection(
                wire.warehouse["host"], int(wire.warehouse["port"]), _PATIENCE_S
            )

        def finish(self) -> None:
            self._warehouse.close()
            super().finish()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                status, answer = self._answered(body)
            except (Dropped, OSError):
                self._cut()
                return
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST

        def _answered(self, body: bytes) -> tuple[int, bytes]:
            if "/query-request" not in self.path:
                return self._forwarded(body)
            plain = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            query = parse_qs(urlsplit(self.path).query)
            asked = Asked(
                str(json.loads(plain).get("sqlText", "")), query["requestId"][0], int(query.get("retryCount", ["0"])[0])
            )
            statuses: list[int] = []

            def forward() -> bytes:
                status, answer = self._forwarded(body)
                statuses.append(status)
                return answer

            answer = wire.answer(asked, forward)
            return (statuses or [200])[-1], answer

        def _forwarded(self, body: bytes) -> tuple[int, bytes]:
            headers = {name: text for name, text in self.headers.items() if name.lower() not in _NOT_PASSED_ON}
            try:
                self._warehouse.request(self.command, self.path, body or None, headers)
                response = self._warehouse.getresponse()
                return response.status, response.read()
            except http.client.HTTPException as error:
                raise ConnectionError(str(error)) from error

        def _cut(self) -> None:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is part of the play."""
