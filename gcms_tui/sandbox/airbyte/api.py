"""Airbyte's public API, as far as an operator needs it: paths, shapes and status codes as its OpenAPI has them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gcms_tui.core.secret import Secret
from gcms_tui.sandbox.airbyte.connections import CONNECTIONS, WORKSPACE
from gcms_tui.sandbox.airbyte.jobs import AlreadyRunning, JobBook, connection_of

BASE = "/api/public/v1"
TOKEN_S = 900
_LIMIT, _MOST = 20, 100


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Any


@dataclass
class Api:
    """Answers one request at a time, or many: nothing in it waits."""

    book: JobBook
    client_id: str
    client_secret: Secret
    made_at: datetime
    tokens: dict[str, float] = field(default_factory=dict)
    """Each with the moment it ends, by the monotonic clock."""

    def answer(self, method: str, target: str, authorization: str, body: Mapping[str, Any]) -> Reply:
        parts = urlsplit(target)
        path = parts.path.removeprefix(BASE)
        if path == parts.path:
            return problem(404, "Not found", f"There is no {parts.path}.")
        if (method, path) == ("POST", "/applications/token"):
            return self._token(body)
        if (method, path) == ("GET", "/health"):
            return Reply(200, "Successful operation")
        if not self._known(authorization):
            return problem(401, "Unauthorized", "The token is missing, wrong, or has ended.")
        words = path.strip("/").split("/")
        match (method, *words):
            case ("GET", "workspaces"):
                return _page([{"workspaceId": WORKSPACE, "name": "GCMS", "dataResidency": "auto"}], {}, path)
            case ("GET", "connections"):
                listed = [item.document(self.made_at) for item in CONNECTIONS]
                return _page(listed, parse_qs(parts.query), path)
            case ("GET", "connections", connection_id):
                found = connection_of(connection_id)
                return Reply(200, found.document(self.made_at)) if found else _no_such("connection", connection_id)
            case ("GET", "jobs"):
                return self._jobs(parse_qs(parts.query), path)
            case ("POST", "jobs"):
                return self._start(body)
            case ("GET" | "DELETE", "jobs", number) if number.isdigit():
                job = self.book.get(int(number)) if method == "GET" else self.book.cancel(int(number))
                return Reply(200, job.document()) if job else _no_such("job", number)
        return problem(404, "Not found", f"There is no {method} {path}.")

    def _token(self, body: Mapping[str, Any]) -> Reply:
        given = Secret(str(body.get("client_secret") or ""))
        right = secrets.compare_digest(given.reveal(), self.client_secret.reveal())
        if body.get("client_id") != self.client_id or not right:
            return problem(401, "Unauthorized", "The client's id or secret is wrong.")
        token, now = secrets.token_urlsafe(32), time.monotonic()
        for ended in [old for old, until in list(self.tokens.items()) if until <= now]:
            self.tokens.pop(ended, None)
        self.tokens[token] = now + TOKEN_S
        return Reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_S})

    def _known(self, authorization: str) -> bool:
        kind, _, token = authorization.partition(" ")
        return kind == "Bearer" and self.tokens.get(token, 0.0) > time.monotonic()

    def _jobs(self, query: Mapping[str, Sequence[str]], path: str) -> Reply:
        jobs = [job.document() for job in self.book.jobs(query.get("connectionId", ()))]
        if wanted := set(query.get("status", ())):
            jobs = [job for job in jobs if job["status"] in wanted]
        if query.get("orderBy", [""])[0].endswith("|ASC"):
            jobs.reverse()
        return _page(jobs, query, path)

    def _start(self, body: Mapping[str, Any]) -> Reply:
        if body.get("jobType") != "sync":
            return problem(400, "Bad request", "Only a sync can be asked for here.")
        connection = connection_of(body.get("connectionId"))
        if connection is None:
            return _no_such("connection", str(body.get("connectionId")))
        try:
            return Reply(200, self.book.start(connection).document())
        except AlreadyRunning:
            return problem(409, "Conflict", f"A sync is already running for: {connection.connection_id}")


def problem(status: int, title: str, detail: str) -> Reply:
    """As the API tells of what went wrong."""
    return Reply(
        status,
        {
            "status": status,
            "type": "https://reference.airbyte.com/reference/errors",
            "title": title,
            "detail": detail,
            "documentationUrl": None,
            "data": {"message": detail},
        },
    )


def _no_such(what: str, which: str) -> Reply:
    return problem(404, "Not found", f"There is no {what} {which}.")


def _page(items: list[dict[str, Any]], query: Mapping[str, Sequence[str]], path: str) -> Reply:
    asked = [query.get(name, [str(other)])[0] for name, other in (("limit", _LIMIT), ("offset", 0))]
    if not all(number.isdecimal() and len(number) < 10 for number in asked) or not 1 <= int(asked[0]) <= _MOST:
        return problem(400, "Bad request", f"limit is 1 to {_MOST}, and offset 0 or more.")
    limit, offset = map(int, asked)
    following = f"{BASE}{path}?limit={limit}&offset={offset + limit}" if offset + limit < len(items) else ""
    before = f"{BASE}{path}?limit={limit}&offset={max(offset - limit, 0)}" if offset else ""
    return Reply(200, {"previous": before, "next": following, "data": items[offset : offset + limit]})
