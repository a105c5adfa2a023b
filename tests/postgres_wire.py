"""A line between psycopg and a Postgres on which a test makes things happen, by the statement's text.

    with PostgresWire.to(port) as wire:
        wire.on("COMMIT", drop_answer)
        ...  # connect to 127.0.0.1 and wire.port

A fault is handed what forwards the request, and answers what the client is to see, or raises `Dropped` to cut the
connection. Nothing is encrypted on it.
"""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

COMMIT = "COMMIT\0"
"""The whole of that statement: BEGIN may speak of what is committed."""
_PATIENCE_S = 60.0
_ENCRYPTION_WANTED = frozenset({80877103, 80877104})
_CLIENTS_TURN = frozenset({3, 5, 10, 11})
"""Kinds of the server's authentication messages that the client has to answer."""


class Dropped(Exception):
    """The connection is cut; the client hears nothing."""


Forward = Callable[[], bytes]
Fault = Callable[[Forward], bytes]


def drop_request(forward: Forward) -> bytes:
    """The server never gets it, and hears that the client has gone."""
    raise Dropped


def drop_answer(forward: Forward) -> bytes:
    """The server does it, and nobody hears."""
    forward()
    raise Dropped


def first(act: Callable[[], object]) -> Fault:
    """Just before the statement arrives, something happens."""

    def fault(forward: Forward) -> bytes:
        act()
        return forward()

    return fault


def dropped_after(act: Callable[[], object]) -> Fault:
    """The server does it; then something happens, and the answer is lost."""

    def fault(forward: Forward) -> bytes:
        forward()
        act()
        raise Dropped

    return fault


def stalled_until(released: threading.Event) -> Fault:
    """It hangs on the line, whatever the client does, and goes on when the test says so."""
    return first(lambda: released.wait(_PATIENCE_S))


@dataclass
class PostgresWire:
    """Passes everything on, but for the statements that a rule is for."""

    server: int
    """The port of the server itself."""
    port: int = 0
    asked: list[bytes] = field(default_factory=list)
    """Every request, as it came."""
    _rules: list[tuple[bytes, Fault]] = field(default_factory=list)

    @classmethod
    @contextmanager
    def to(cls, server: int) -> Iterator[PostgresWire]:
        wire = cls(server)
        with _Server(("127.0.0.1", 0), _handler(wire)) as listening:
            wire.port = listening.server_address[1]
            threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
            yield wire
            listening.shutdown()

    def on(self, part: str, fault: Fault) -> None:
        """From now on `fault` happens to requests with `part` in their text. A later rule goes first."""
        self._rules.insert(0, (part.encode(), fault))

    def mend(self) -> None:
        """Nothing happens any more."""
        self._rules.clear()

    def answer(self, request: bytes, forward: Forward) -> bytes:
        self.asked.append(request)
        fault = next((fault for part, fault in self._rules if part in request), None)
        return fault(forward) if fault else forward()


class _Ended(Exception):
    """The other side has gone."""


def _message(line: socket.socket) -> bytes:
    """One message, its kind and its length in front."""
    head = _exactly(line, 5)
    return head + _exactly(line, int.from_bytes(head[1:], "big") - 4)


def _exactly(line: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = line.recv(size - len(parts))
        if not part:
            raise _Ended
        parts += part
    return parts


def _handler(wire: PostgresWire) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        request: socket.socket

        def handle(self) -> None:
            with suppress(_Ended, Dropped, OSError), socket.create_connection(("127.0.0.1", wire.server)) as server:
                for line in (self.request, server):
                    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._greet(server)
                while (asked := self._asked())[:1] != b"X":
                    self.request.sendall(wire.answer(asked, lambda asked=asked: self._forward(server, asked)))  # type: ignore[misc]
                server.sendall(asked)

        def _greet(self, server: socket.socket) -> None:
            while True:
                length = _exactly(self.request, 4)
                body = _exactly(self.request, int.from_bytes(length, "big") - 4)
                if int.from_bytes(body[:4], "big") not in _ENCRYPTION_WANTED:
                    break
                self.request.sendall(b"N")
            server.sendall(length + body)
            while True:
                said = _message(server)
                self.request.sendall(said)
                if said[:1] == b"Z":
                    return
                if said[:1] == b"R" and int.from_bytes(said[5:9], "big") in _CLIENTS_TURN:
                    server.sendall(_message(self.request))

        def _asked(self) -> bytes:
            """Everything up to what wants an answer, or says goodbye."""
            asked = b""
            while True:
                message = _message(self.request)
                asked += message
                if message[:1] in (b"Q", b"S", b"X"):
                    return asked

        def _forward(self, server: socket.socket, asked: bytes) -> bytes:
            server.sendall(asked)
            answer = b""
            try:
                while True:
                    message = _message(server)
                    answer += message
                    if message[:1] == b"Z":
                        return answer
            except (_Ended, OSError):  # what it said last is passed on
                with suppress(OSError):
                    self.request.sendall(answer)
                raise _Ended from None

    return Handler


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is part of the play."""
