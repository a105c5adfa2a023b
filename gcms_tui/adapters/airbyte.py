"""Airbyte's public API: the four calls that an operator needs, and the token they go by.

Nothing is sent twice by itself: starting a sync is not idempotent. Never call it on the thread that draws.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlencode

from gcms_tui.adapters.airbyte_http import HttpBase, NoAnswer, NotSent, Reply
from gcms_tui.adapters.files import read_text, refuse_if_others_may_read
from gcms_tui.core.errors import ConfigError, GcmsError, Refused, StatementFailed, Unavailable, UsageError
from gcms_tui.core.pipeline.airbyte import AnswerUnknown, Connection, SyncJob
from gcms_tui.core.secret import Secret, masked
from gcms_tui.core.settings import AirbyteSettings
from gcms_tui.core.text import printable

_REFRESH_BEFORE_S = 180.0
_DAY_S = 86_400
_PAGE = 100
_MOST_PAGES = 50


class _SomethingElse(StatementFailed):
    """It answered that all is well, and not what it was asked for."""


class AirbyteApi:
    """Reading. Safe from several threads. `client_id` None: an Airbyte that asks for no token."""

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
        """Raises `ConfigError` where `base_url` cannot be used."""
        self._base = HttpBase(base_url, timeout_s)
        self._client_id = client_id
        self._client_secret = client_secret
        self._workspace_id = workspace_id
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token: tuple[Secret, float] | None = None
        """With the moment at which it is to be asked for anew."""
        self._spoken: deque[Secret] = deque(maxlen=8)
        """Tokens that a server may send back, in an error."""

    @property
    def where(self) -> str:
        """Its host, as a person knows it."""
        return self._base.where

    @property
    def encrypted(self) -> bool:
        return self._base.encrypted

    def connections(self) -> tuple[Connection, ...]:
        """By name. Raises `Unavailable`, `ConfigError` where the login is refused, `StatementFailed`."""
        query = {"workspaceIds": self._workspace_id} if self._workspace_id else {}
        found = [_connection(item) for item in self._all("/connections", query)]
        return tuple(sorted(found, key=lambda one: (one.name, one.connection_id)))

    def jobs(self, connection_id: str, limit: int = 20) -> tuple[SyncJob, ...]:
        """Newest first. Raises as `connections`."""
        query = {"connectionId": connection_id, "limit": str(limit), "orderBy": "createdAt|DESC"}
        found = self._listed(self._ask("GET", f"/jobs?{urlencode(query)}"))
        return tuple(sorted(map(_job, found), key=lambda job: job.job_id, reverse=True))

    def job(self, job_id: int) -> SyncJob:
        """Raises as `connections`, `UsageError` where there is none."""
        return _job(self._ask("GET", f"/jobs/{int(job_id)}"))

    # -- asking ------------------------------------------------------------------------------------------------------

    def _all(self, path: str, query: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        for page in range(_MOST_PAGES):
            asked = urlencode({**query, "limit": str(_PAGE), "offset": str(page * _PAGE)})
            found = self._listed(self._ask("GET", f"{path}?{asked}"))
            yield from found
            if len(found) < _PAGE:
                return
        raise StatementFailed(
            "Airbyte lists without end", f"{self.where}{path}: more than {_MOST_PAGES * _PAGE:,} of them.", _ASK_BASE
        )

    def _listed(self, answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        found = answer.get("data") or []
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise self._something_else("no list of objects")
        return found

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        reply = self._send(method, path, body, self._authorization())
        if reply.status == 401 and self._client_id is not None:
            with self._lock:
                self._token = None  # it ended early, or the server was made anew
            # A request that was turned away at the door has done nothing: it may be sent again.
            reply = self._send(method, path, body, self._authorization())
        if not 200 <= reply.status < 300:
            raise self._problem(reply)
        if not isinstance(reply.body, dict):
            raise self._something_else("no JSON object")
        return reply.body

    def _authorization(self) -> str:
        if self._client_id is None or self._client_secret is None:
            return ""
        with self._lock:
            if self._token is None or self._monotonic() >= self._token[1]:
                try:
                    self._token = self._new_token()
                except AnswerUnknown as error:  # a token that nobody got has started nothing
                    raise Unavailable(error.title, error.message, error.next_step) from None
                self._spoken.append(self._token[0])
            return f"Bearer {self._token[0].reveal()}"

    def _new_token(self) -> tuple[Secret, float]:
        assert self._client_secret is not None
        asked = {
            "client_id": self._client_id,
            "client_secret": self._client_secret.reveal(),
            "grant-type": "client_credentials",
        }
        reply = self._send("POST", "/applications/token", asked, "")
        if reply.status in (400, 401, 403):
            raise ConfigError(
                "Airbyte refuses the login",
                f"{self.where} does not know the application {printable(self._client_id or '', 80)}, or its secret is "
                "another.",
                "Correct client_id and the secret under [airbyte].",
            )
        if not 200 <= reply.status < 300:
            raise self._problem(reply)
        answer = reply.body if isinstance(reply.body, dict) else {}
        token, lasts = answer.get("access_token"), answer.get("expires_in")
        # It goes into a header, where a line break would begin another.
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise self._something_else("no token that could be used")
        lasts_s = float(lasts) if isinstance(lasts, int | float) and 0 < lasts <= _DAY_S else 900.0
        return Secret(token), self._monotonic() + max(lasts_s - _REFRESH_BEFORE_S, 1.0)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, authorization: str) -> Reply:
        headers = {"Accept": "application/json", "User-Agent": "gcms-tui"}
        headers |= {"Authorization": authorization} if authorization else {}
        try:
            return self._base.send(method, path, body, headers)
        except NotSent as error:
            raise self._unavailable(error, Unavailable) from None
        except NoAnswer as error:
            raise self._unavailable(error, AnswerUnknown) from None

    # -- what went wrong ---------------------------------------------------------------------------------------------

    def _unavailable(self, error: Exception, kind: type[Unavailable]) -> Unavailable:
        advice = "Check base_url under [airbyte], the network and VPN; look whether Airbyte runs."
        if "certificate" in str(error).lower():
            advice = "Its certificate is not trusted here: name the host that it is made for, or trust its issuer."
        return kind("Airbyte cannot be reached", f"{self.where}: {self._safe(str(error))}", advice)

    def _problem(self, reply: Reply) -> GcmsError:
        status, message = reply.status, f"{self.where}: {reply.status}: {self._said(reply)}"
        if 300 <= status < 400:
            leads = f"{self.where}: {status} leads to {self._safe(reply.location) or 'nowhere'}; it is not followed."
            return StatementFailed("Airbyte is somewhere else", leads, f"Where that is right, name it. {_ASK_BASE}")
        if status == 409:
            return Refused("A sync runs already", message, "Watch that one.", guard="sync_running")
        if status == 401 and self._client_id is None:
            return ConfigError("Airbyte wants a login", message, "Name client_id and its secret under [airbyte].")
        if status in (401, 403):
            return ConfigError("Airbyte refuses this", message, "Give the application the right to it.")
        if status == 404:
            return UsageError(
                "Airbyte knows no such thing", message, f"gcms-tui pipeline status lists what there is. {_ASK_BASE}"
            )
        if status == 429:
            return Unavailable("Airbyte is asked too often", message, "Wait a minute, then look again.")
        if status == 408 or status >= 500:
            return AnswerUnknown(
                "Airbyte is in trouble", message, "Look at Airbyte itself; an inactive connection may do it."
            )
        return StatementFailed("Airbyte refused", message, _ASK_BASE)

    def _something_else(self, what: str) -> _SomethingElse:
        return _SomethingElse("Airbyte answered something else", f"{self.where}: {what}.", _ASK_BASE)

    def _said(self, reply: Reply) -> str:
        body = reply.body
        told = (body.get("detail") or body.get("message") or body.get("title")) if isinstance(body, dict) else None
        return self._safe(str(told or body or "nothing else was said"))

    def _safe(self, text: str) -> str:
        """Outside text that may hold what was sent: without it, on one line."""
        secrets = [*self._spoken, *([self._client_secret] if self._client_secret else [])]
        return printable(masked(text, secrets), 300)


class AirbyteSyncs(AirbyteApi):
    """Reading, and starting syncs: built only where writing is allowed."""

    def start_sync(self, connection_id: str) -> SyncJob:
        """Raises `Refused` (guard `sync_running`) where Airbyte says that one runs, `AnswerUnknown` where it may have
        been started all the same; else as `connections`: then it was not."""
        try:
            return _job(self._ask("POST", "/jobs", {"connectionId": connection_id, "jobType": "sync"}))
        except _SomethingElse as error:  # it said yes, and not to what
            raise AnswerUnknown(error.title, error.message, error.next_step) from None


class AbsentAirbyte:
    """None is configured, or what is configured cannot be used: whoever asks is told so."""

    where = "nowhere"

    def __init__(self, reason: ConfigError) -> None:
        self._reason = reason

    def connections(self) -> NoReturn:
        raise ConfigError(self._reason.title, self._reason.message, self._reason.next_step)

    def jobs(self, connection_id: str, limit: int = 20) -> NoReturn:
        self.connections()

    def job(self, job_id: int) -> NoReturn:
        self.connections()

    def start_sync(self, connection_id: str) -> NoReturn:
        self.connections()


A = TypeVar("A", bound=AirbyteApi)


def open_api(settings: AirbyteSettings, env: Mapping[str, str]) -> AirbyteApi:
    """Raises `ConfigError` where none is configured, or what is cannot be used."""
    return _opened(AirbyteApi, settings, env)


def open_syncs(settings: AirbyteSettings, env: Mapping[str, str]) -> AirbyteSyncs:
    """As `open_api`, to start syncs too."""
    return _opened(AirbyteSyncs, settings, env)


def _opened(kind: type[A], settings: AirbyteSettings, env: Mapping[str, str]) -> A:
    if settings.base_url is None:
        raise ConfigError(
            "Airbyte is not configured", "No Airbyte is named.", "Name its public API under [airbyte]: base_url."
        )
    secret = client_secret(settings, env)
    if (settings.client_id is None) != (secret is None):
        missing = "client_id" if settings.client_id is None else "client_secret_env or client_secret_file"
        message = f"{missing} is not named: an application logs in with both."
        raise ConfigError("Airbyte's login is incomplete", message, "Name it under [airbyte].")
    return kind(
        settings.base_url,
        settings.client_id,
        secret,
        workspace_id=settings.workspace_id,
        timeout_s=settings.timeout_s,
    )


def client_secret(settings: AirbyteSettings, env: Mapping[str, str]) -> Secret | None:
    """The application's secret; None where none is named. Raises `ConfigError` where it is missing, empty, or open to
    others."""
    variable, file = settings.client_secret_env, settings.client_secret_file
    if variable is not None:
        value = env.get(variable, "").strip()
        if not value:
            message = f"The environment variable {variable} is not set."
            raise ConfigError("No secret for Airbyte", message, f"export {variable}=…")
        return Secret(value)
    if file is None:
        return None
    text = read_text(file, "the file of Airbyte's secret").strip()
    refuse_if_others_may_read(file)
    if not text:
        raise ConfigError("No secret for Airbyte", f"{file} is empty.", "Write the application's secret into it.")
    return Secret(text)


_ASK_BASE = "See that base_url under [airbyte] is the public API's whole base: …/api/public/v1."


def _connection(item: Mapping[str, Any]) -> Connection:
    schedule, configured = _object(item.get("schedule")), _object(item.get("configurations"))
    words = schedule.get("cronExpression") or schedule.get("basicTiming") or schedule.get("scheduleType") or ""
    streams = configured.get("streams")
    return Connection(
        str(item.get("connectionId") or ""),
        str(item.get("name") or ""),
        str(item.get("status") or "unknown"),
        "" if words == "manual" else str(words),
        tuple(
            str(stream["name"])
            for stream in (streams if isinstance(streams, list) else ())
            if isinstance(stream, dict) and stream.get("name")
        ),
        str(item.get("prefix") or ""),
    )


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _job(item: Mapping[str, Any]) -> SyncJob:
    rows, job_id = item.get("rowsSynced"), item.get("jobId")
    if not isinstance(job_id, int) or isinstance(job_id, bool):
        raise _SomethingElse("Airbyte answered something else", "A job without a number.", _ASK_BASE)
    return SyncJob(
        job_id,
        str(item.get("connectionId") or ""),
        str(item.get("jobType") or ""),
        str(item.get("status") or "unknown"),
        _moment(item.get("startTime")),
        _moment(item.get("lastUpdatedAt")),
        rows if isinstance(rows, int) and not isinstance(rows, bool) else None,
    )


def _moment(value: object) -> datetime | None:
    """None where it is no moment. A number counts seconds since 1970, as some versions tell it."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except (ValueError, OverflowError, OSError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
