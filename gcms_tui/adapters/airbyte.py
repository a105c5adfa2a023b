"""Airbyte's public API: the four calls that an operator needs, and the token they go by.

Nothing is sent twice by itself: starting a sync is not idempotent. Never call it on the thread that draws.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from gcms_tui.core.errors import ConfigError, GcmsError, Refused, StatementFailed, Unavailable, UsageError
from gcms_tui.core.pipeline.airbyte import Connection, SyncJob
from gcms_tui.core.secret import Secret, masked
from gcms_tui.core.text import printable

_REFRESH_BEFORE_S = 180.0
_PAGE = 100
_MOST_PAGES = 50
_LARGEST = 32 * 1024 * 1024


class AirbyteApi:
    """Safe from several threads. `client_id` None: an Airbyte that asks for no token."""

    def __init__(
        self,
        base_url: str,
        client_id: str | None,
        client_secret: Secret | None,
        *,
        workspace_id: str | None = None,
        timeout_s: float = 15.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts = urlsplit(base_url.rstrip("/"))
        self._client_id = client_id
        self._client_secret = client_secret
        self._workspace_id = workspace_id
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token: tuple[Secret, float] | None = None
        """With the moment at which it is to be asked for anew."""

    @property
    def where(self) -> str:
        return self._parts.netloc

    def connections(self) -> tuple[Connection, ...]:
        """By name. Raises `Unavailable`, `ConfigError` where the login is refused, `StatementFailed`."""
        query = {"workspaceIds": self._workspace_id} if self._workspace_id else {}
        return tuple(sorted((_connection(item) for item in self._all("/connections", query)), key=lambda one: one.name))

    def jobs(self, connection_id: str, limit: int = 20) -> tuple[SyncJob, ...]:
        """Newest first. Raises as `connections`."""
        query = {"connectionId": connection_id, "limit": str(limit), "orderBy": "createdAt|DESC"}
        found = self._ask("GET", f"/jobs?{urlencode(query)}")
        jobs = [_job(item) for item in found.get("data") or ()]
        return tuple(sorted(jobs, key=lambda job: job.job_id, reverse=True))

    def job(self, job_id: int) -> SyncJob:
        """Raises as `connections`, `UsageError` where there is none."""
        return _job(self._ask("GET", f"/jobs/{int(job_id)}"))

    def start_sync(self, connection_id: str) -> SyncJob:
        """Raises `Refused` (guard `sync_running`) where Airbyte says that one runs, `Unavailable` where no answer came:
        it may have been started all the same; else as `connections`."""
        return _job(self._ask("POST", "/jobs", {"connectionId": connection_id, "jobType": "sync"}))

    # -- the wire ----------------------------------------------------------------------------------------------------

    def _all(self, path: str, query: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        for page in range(_MOST_PAGES):
            asked = urlencode({**query, "limit": str(_PAGE), "offset": str(page * _PAGE)})
            found = self._ask("GET", f"{path}?{asked}").get("data") or []
            yield from found
            if len(found) < _PAGE:
                return

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        status, answer = self._send(method, path, body, self._authorization())
        if status == 401 and self._client_id is not None:
            with self._lock:
                self._token = None  # it ended early, or the server was made anew
            status, answer = self._send(method, path, body, self._authorization())
        if status >= 300:
            raise self._problem(status, answer)
        if not isinstance(answer, dict):
            raise StatementFailed("Airbyte answered something else", f"{self.where}{path}: no JSON object.", _ASK_BASE)
        return answer

    def _authorization(self) -> str:
        if self._client_id is None or self._client_secret is None:
            return ""
        with self._lock:
            if self._token is None or self._monotonic() >= self._token[1]:
                self._token = self._new_token()
            return f"Bearer {self._token[0].reveal()}"

    def _new_token(self) -> tuple[Secret, float]:
        assert self._client_secret is not None
        asked = {
            "client_id": self._client_id,
            "client_secret": self._client_secret.reveal(),
            "grant-type": "client_credentials",
        }
        status, answer = self._send("POST", "/applications/token", asked, "")
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if status >= 300 or not isinstance(token, str) or not isinstance(answer, dict):
            if status in (400, 401, 403):
                raise ConfigError(
                    "Airbyte refuses the login",
                    f"{self.where} does not know the application {self._client_id}, or its secret is another.",
                    "Correct client_id and the secret under [airbyte].",
                )
            raise self._problem(status, answer)
        lasts = answer.get("expires_in")
        lasts_s = float(lasts) if isinstance(lasts, int | float) else 900.0
        return Secret(token), self._monotonic() + max(lasts_s - _REFRESH_BEFORE_S, 1.0)

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None, authorization: str
    ) -> tuple[int, dict[str, Any] | str]:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._parts.netloc, timeout=self._timeout_s)
        headers = {"Accept": "application/json", "User-Agent": "gcms-tui"}
        headers |= {"Authorization": authorization} if authorization else {}
        content = None if body is None else json.dumps(body).encode()
        headers |= {"Content-Type": "application/json"} if content else {}
        try:
            connection.request(method, f"{self._parts.path}{path}", content, headers)
            response = connection.getresponse()
            read = response.read(_LARGEST)
        except (OSError, http.client.HTTPException) as error:
            raise self._unavailable(error) from None
        finally:
            connection.close()
        try:
            answer = json.loads(read) if read else {}
        except ValueError:
            answer = read[:400].decode("utf-8", "replace")
        return response.status, answer if isinstance(answer, dict) else str(answer)

    def _unavailable(self, error: Exception) -> Unavailable:
        late = isinstance(error, TimeoutError)
        told = (
            f"no answer within {self._timeout_s:g} s" if late else " ".join(str(error).split()) or type(error).__name__
        )
        return Unavailable(
            "Airbyte cannot be reached",
            f"{self.where}: {printable(self._masked(told), 300)}",
            "Check base_url under [airbyte], the network and VPN; look whether Airbyte runs.",
        )

    def _problem(self, status: int, answer: dict[str, Any] | str) -> GcmsError:
        said = answer if isinstance(answer, str) else str(answer.get("detail") or answer.get("title") or answer)
        message = f"{self.where}: {status}: {printable(self._masked(said), 300)}"
        if status == 409:
            return Refused("A sync runs already", message, "Watch that one.", guard="sync_running")
        if status in (401, 403):
            return ConfigError("Airbyte refuses this", message, "Give the application the right to it.")
        if status == 404:
            return UsageError("Airbyte knows no such thing", message, "gcms-tui pipeline status lists what there is.")
        if status >= 500:
            return Unavailable(
                "Airbyte is in trouble", message, "Look at Airbyte itself; an inactive connection may do it."
            )
        return StatementFailed("Airbyte refused", message, _ASK_BASE)

    def _masked(self, text: str) -> str:
        token = self._token
        return masked(text, [secret for secret in (self._client_secret, token[0] if token else None) if secret])


_ASK_BASE = "See that base_url under [airbyte] is the public API's whole base: …/api/public/v1."


def _connection(item: Mapping[str, Any]) -> Connection:
    schedule = item.get("schedule") or {}
    words = schedule.get("cronExpression") or schedule.get("basicTiming") or schedule.get("scheduleType") or ""
    streams = (item.get("configurations") or {}).get("streams") or ()
    return Connection(
        str(item.get("connectionId") or ""),
        str(item.get("name") or ""),
        str(item.get("status") or "unknown"),
        "" if words == "manual" else str(words),
        tuple(str(stream.get("name") or "") for stream in streams),
    )


def _job(item: Mapping[str, Any]) -> SyncJob:
    rows, job_id = item.get("rowsSynced"), item.get("jobId")
    if not isinstance(job_id, int):
        raise StatementFailed("Airbyte answered something else", "A job without a number.", _ASK_BASE)
    return SyncJob(
        job_id,
        str(item.get("connectionId") or ""),
        str(item.get("jobType") or ""),
        str(item.get("status") or "unknown"),
        _moment(item.get("startTime")),
        _moment(item.get("lastUpdatedAt")),
        rows if isinstance(rows, int) else None,
    )


def _moment(value: object) -> datetime | None:
    """None where it is no moment."""
    try:
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
