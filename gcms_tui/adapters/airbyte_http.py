"""One request over HTTP, whole within a limit of time and of size, never sent twice and never sent elsewhere."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from gcms_tui.adapters.line import cut_after
from gcms_tui.core.errors import ConfigError

LARGEST = 32 * 1024 * 1024
_PIECE = 64 * 1024
_TOLD = 400
"""The most characters of an answer that is no JSON that are kept to be told."""


class NotSent(Exception):
    """Nobody could be reached: the request is known not to have arrived."""


class NoAnswer(Exception):
    """It was sent, and no whole answer came back."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: object = field(repr=False)
    """A token may be in it. JSON; where it is none, the beginning of its text."""
    is_json: bool
    location: str = ""
    """Where a redirect leads; it is not followed, as what is sent holds secrets."""


class HttpBase:
    """Everything below one URL. Safe from several threads: each request has a connection of its own."""

    def __init__(self, base_url: str, timeout_s: float) -> None:
        """Raises `ConfigError` where `base_url` is none that can be used."""
        parts = urlsplit(base_url.rstrip("/"))
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if parts.scheme not in ("http", "https") or not host or not host.isprintable() or " " in host:
            raise ConfigError("base_url of Airbyte cannot be used", "It names no host that can be asked.", _CORRECT)
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            # It is not repeated here: what stands before the @ is secret.
            raise ConfigError(
                "base_url of Airbyte cannot be used", "It holds more than a host, a port and a path.", _CORRECT
            )
        self._secure = parts.scheme == "https"
        self._host, self._port = host, port
        self._path = parts.path
        self._timeout_s = timeout_s
        shown = f"[{host}]" if ":" in host else host
        self.where = shown if port is None else f"{shown}:{port}"
        self.encrypted = self._secure

    def send(self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Reply:
        """Raises `NotSent`, `NoAnswer`; their text is for `masked` before anybody sees it."""
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        deadline = time.monotonic() + self._timeout_s
        connection = kind(self._host, self._port, timeout=self._timeout_s)
        try:
            try:
                connection.connect()
            except (OSError, ValueError) as error:  # a name that cannot be encoded is a ValueError
                raise NotSent(self._told(error)) from None
            # The socket's own limit begins anew with each byte: whatever still drips in, the line is cut.
            with cut_after(connection.sock.fileno(), max(deadline - time.monotonic(), 0.05)) as cut:
                try:
                    return self._exchanged(connection, method, path, body, headers)
                except (OSError, ValueError, http.client.HTTPException, AttributeError) as error:
                    # Cutting a line under TLS leaves the library without one in the middle of its work.
                    if isinstance(error, AttributeError) and not cut.is_set():
                        raise
                    raise NoAnswer(self._late if cut.is_set() else self._told(error)) from None
        finally:
            connection.close()

    def _exchanged(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> Reply:
        content = None if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if content else {}
        connection.request(method, f"{self._path}{path}", content, {**headers, **kind})
        response = connection.getresponse()
        read = _whole(response)
        location = response.headers.get("Location") or ""
        try:
            return Reply(response.status, json.loads(read) if read else {}, True, location)
        except (ValueError, RecursionError):  # the latter: nested too deeply
            return Reply(response.status, read[: _TOLD * 4].decode("utf-8", "replace")[:_TOLD], False, location)

    @property
    def _late(self) -> str:
        return f"no whole answer within {self._timeout_s:g} s"

    def _told(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return self._late
        return " ".join(str(error).split()) or type(error).__name__


_CORRECT = "Correct base_url under [airbyte]: https://airbyte.example.org/api/public/v1"


def _whole(response: http.client.HTTPResponse) -> bytes:
    """Raises `HTTPException` where less came than was announced, or more than anybody could want."""
    pieces, size = [], 0
    while piece := response.read1(_PIECE):
        size += len(piece)
        if size > LARGEST:
            raise http.client.HTTPException(f"an answer of more than {LARGEST // 2**20} MB")
        pieces.append(piece)
    if response.length:
        raise http.client.HTTPException(f"the answer broke off, {response.length} bytes short")
    return b"".join(pieces)
