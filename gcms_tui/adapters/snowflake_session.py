"""One login to Snowflake: the driver, its many timeouts, and what it is kept from doing."""

from __future__ import annotations

import base64
import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gcms_tui import __version__
from gcms_tui.adapters.credentials import Credentials
from gcms_tui.adapters.snowflake_errors import Failure, classify
from gcms_tui.adapters.snowflake_rows import bind, column_name, converters
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.settings import SnowflakeSettings

LOCK_TIMEOUT_S = 15
"""How long a write waits for another's lock."""
_CLOSE_WITHIN_S = 2.0
_ALLOWANCE_S = 2
"""How much later than the warehouse the client gives a statement up, so that the warehouse's own answer comes first."""
_READ_ALLOWANCE_S = 5
"""How long after that a socket may stay silent. Snowflake itself says something every 45 s at the latest."""
_SNOWFLAKE_SPEAKS_WITHIN_S = 45
_READS_THE_SAME_EVERYWHERE: Mapping[str, Any] = {
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "DATE_INPUT_FORMAT": "AUTO",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "DEFAULT_NULL_ORDERING": "LAST",
}
"""What an account or a user may have set otherwise, and a statement of the library would mean another thing under."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a session is for, and what it may take."""

    query_tag: str
    role: str | None
    """None: the connection's own."""
    statement_timeout_s: int
    limit: str
    """The setting that statement_timeout_s comes from."""
    parameters: Mapping[str, Any]
    """Session parameters of this purpose alone."""
    without_secondary_roles: bool = False
    """Also where the role is the user's default: nothing is done by a role that nobody named."""


def reading(settings: SnowflakeSettings, purpose: str) -> Terms:
    return Terms(
        _query_tag(purpose=purpose), settings.role, settings.statement_timeout_s, "statement_timeout_s", parameters={}
    )


def writing(settings: SnowflakeSettings, write_id: str, lock_timeout_s: int) -> Terms:
    return Terms(
        _query_tag(write=write_id),
        settings.write_role,
        settings.write_timeout_s,
        "write_timeout_s",
        # Without it a failed statement would leave its transaction open, and what came before it to be committed.
        parameters={"LOCK_TIMEOUT": lock_timeout_s, "TRANSACTION_ABORT_ON_ERROR": True},
        without_secondary_roles=True,
    )


def _query_tag(**said: str) -> str:
    return json.dumps({"app": "gcms-tui", "version": __version__, **said})


class SessionFailed(Exception):
    """Carries a classified driver error out of a session."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.kind)
        self.failure = failure


class Session:
    """One login. Used by one thread at a time."""

    def __init__(self, credentials: Credentials, settings: SnowflakeSettings, terms: Terms) -> None:
        self._driver = _driver()
        self._credentials = credentials
        self._terms = terms
        self._timeout = terms.statement_timeout_s + _ALLOWANCE_S
        self.is_new = True
        """Nothing has been answered on it yet."""
        arguments = _arguments(credentials, settings, terms)
        try:
            if not _goes_through_a_proxy(arguments):
                host = arguments.get("host") or self._driver.hostname(arguments.get("region"), arguments["account"])
                _knock(host, int(arguments.get("port") or 443), settings.login_timeout_s)
            self._connection = self._driver.connect(**arguments)
        except self._driver.faults as error:
            raise self._failure(error, logging_in=True).error from None
        finally:
            del arguments
        self._connection.telemetry_enabled = False
        # The driver has one socket timeout for the login and for statements; a statement needs the longer one.
        self._connection._socket_timeout = _silence_s(settings, terms)

    def run(
        self,
        statement: Statement,
        now: Callable[[], datetime],
        *,
        request_id: str | None = None,
        within_s: int | None = None,
    ) -> Answer:
        """Run one statement. Raises `SessionFailed`.

        The driver sends it again where no answer comes, always with the same `request_id` (a UUID of version 4; None:
        one of its own), by which the warehouse knows that it has it already. `within_s` is less than the terms allow.
        """
        given = {"requestId": request_id} if request_id else None
        binds = tuple(bind(value) for value in statement.binds)
        began = time.monotonic()
        try:
            cursor = self._connection.cursor()
            try:
                cursor.execute(statement.sql, binds or None, timeout=within_s or self._timeout, _statement_params=given)
                rows, description, query_id = cursor.fetchall(), cursor.description, cursor.sfqid
            except self._driver.faults:
                # Closing waits for the timer's request to abort, which a server in trouble does not answer either. The
                # thread also keeps the cursor from being closed by the garbage collector meanwhile.
                threading.Thread(target=cursor.close, daemon=True).start()
                raise
            cursor.close()
        except self._driver.faults as error:
            raise SessionFailed(self._failure(error, source=statement.source)) from None
        self.is_new = False
        elapsed_ms = round((time.monotonic() - began) * 1000)
        columns = tuple(column_name(column.name) for column in description)
        converts = converters(description)
        return Answer(
            columns,
            tuple(tuple(convert(value) for convert, value in zip(converts, row, strict=True)) for row in rows),
            query_id,
            now(),
            elapsed_ms,
        )

    def close(self) -> None:
        self._connection.close(retry=False)

    def _failure(self, error: Exception, *, source: str = "", logging_in: bool = False) -> Failure:
        return classify(
            getattr(error, "errno", None),
            self._credentials.masked(str(getattr(error, "raw_msg", None) or getattr(error, "strerror", None) or error)),
            where=self._credentials.where,
            query_id=getattr(error, "sfqid", None),
            source=source,
            logging_in=logging_in,
            is_driver_error=isinstance(error, self._driver.own_errors),
            limit=self._terms.limit,
        )


def close_soon(sessions: Iterable[Session]) -> None:
    """End them, running statements too. Returns within about two seconds, also where the server is gone."""
    threads = [threading.Thread(target=session.close, daemon=True) for session in sessions]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _CLOSE_WITHIN_S
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))


def _arguments(credentials: Credentials, settings: SnowflakeSettings, terms: Terms) -> dict[str, Any]:
    """What `connect` is called with. Raises as `Credentials.arguments`."""
    arguments = credentials.arguments()
    if terms.role is not None:
        arguments["role"] = terms.role
    if arguments.get("role") or terms.without_secondary_roles:
        arguments["secondary_roles"] = "NONE"
    return arguments | {
        "application": "gcms_tui",
        "paramstyle": "qmark",
        "autocommit": True,
        "login_timeout": settings.login_timeout_s,
        "network_timeout": settings.network_timeout_s,
        "socket_timeout": settings.login_timeout_s,
        "backoff_policy": _backoff,
        "client_session_keep_alive": False,
        "platform_detection_timeout_seconds": 0.0,
        "log_imported_packages_in_telemetry": False,
        "session_parameters": {
            "TIMEZONE": "UTC",
            "QUERY_TAG": terms.query_tag,
            "STATEMENT_TIMEOUT_IN_SECONDS": terms.statement_timeout_s,
            "ABORT_DETACHED_QUERY": True,
            "CLIENT_TELEMETRY_ENABLED": False,
            **_READS_THE_SAME_EVERYWHERE,
            **terms.parameters,
        },
    }


def _silence_s(settings: SnowflakeSettings, terms: Terms) -> int:
    """How long a socket may stay silent while a statement runs."""
    longest = min(terms.statement_timeout_s, _SNOWFLAKE_SPEAKS_WITHIN_S) + _ALLOWANCE_S + _READ_ALLOWANCE_S
    return min(longest, settings.network_timeout_s)


def _knock(host: str, port: int, within_s: float) -> None:
    """Open and close a TCP connection. Raises `OSError`.

    The driver tells neither why it could not connect nor stops in time: it doubles its timeout for a host that drops
    packets. This costs one round trip a login and names the reason.
    """
    deadline = time.monotonic() + within_s
    reason: OSError | None = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        with socket.socket(family, kind, protocol) as knock:
            knock.settimeout(max(deadline - time.monotonic(), 0.1))
            try:
                knock.connect(address)
            except OSError as error:
                reason = error if error.strerror else TimeoutError(f"no answer within {within_s:g} s")
            else:
                return
    raise reason or OSError(f"no address for {host}")


def _goes_through_a_proxy(arguments: Mapping[str, Any]) -> bool:
    variables = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy")
    return bool(arguments.get("proxy_host")) or any(os.environ.get(name) for name in variables)


def _backoff() -> Iterator[int]:
    """Whole seconds between tries. The driver's own policy waits up to 16 s, and overshoots every limit by as much."""
    yield 1
    while True:
        yield 2


@dataclass(frozen=True, slots=True)
class _Driver:
    connect: Callable[..., Any]
    hostname: Callable[[str | None, str], str]
    own_errors: tuple[type[Exception], ...]
    faults: tuple[type[Exception], ...]
    """What the driver raises: its own errors, and what slips through where a server answers something odd."""


_driver_lock = threading.Lock()
_loaded: list[_Driver] = []


def _driver() -> _Driver:
    """The connector, imported by the first thread that needs it, and made to keep off the terminal."""
    with _driver_lock:
        if not _loaded:
            logger = logging.getLogger("snowflake")
            logger.setLevel(logging.WARNING)
            # At ERROR it would log whole tracebacks to stderr, over the console. What matters comes as an exception.
            logger.propagate = False
            logger.addHandler(logging.NullHandler())
            with _unimportable("pandas", "pyarrow"):
                import snowflake.connector

                _set_up_decoder()
            from snowflake.connector.util_text import construct_hostname
            from snowflake.connector.vendored.requests.exceptions import RequestException

            slips = (RequestException, OSError, ValueError, LookupError, TypeError, AttributeError)
            _loaded.append(
                _Driver(
                    snowflake.connector.connect,
                    construct_hostname,
                    (snowflake.connector.Error,),
                    (snowflake.connector.Error, *slips),
                )
            )
            _silence_timer_threads()
        return _loaded[0]


_NO_ROWS = base64.b64decode("/////zAAAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAAAAAD/////AAAAAA==")
"""An Arrow stream without columns and rows."""


def _set_up_decoder() -> None:
    """Decode nothing once, while there is one thread only.

    The driver's decoder sets up its logger at the first result, in a std::call_once that calls into Python. Where two
    threads decode their first results at once, one waits in it with the interpreter's lock, which the other needs to
    finish: the whole process stands still for good.
    """
    with suppress(ImportError, TypeError):  # another driver's decoder: then there is nothing of this to set up
        from snowflake.connector.arrow_context import ArrowConverterContext
        from snowflake.connector.nanoarrow_arrow_iterator import PyArrowRowIterator

        PyArrowRowIterator(None, _NO_ROWS, ArrowConverterContext(), False, False, False, True)


@contextmanager
def _unimportable(*names: str) -> Iterator[None]:
    """Keep the connector from importing what it only offers: it halves the time to the first login and the memory.

    It takes both where they are installed, for results as data frames, which nobody here asks it for.
    """
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: importing it fails
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def _silence_timer_threads() -> None:
    """Keep the driver's timers from printing tracebacks.

    Each statement has a timer thread that posts an abort when time is up. Where the server is gone that fails too, and
    an unhandled exception of a thread goes to stderr, over the console. The statement itself reports the failure.
    """
    outer = threading.excepthook

    def hook(arguments: threading.ExceptHookArgs, /) -> None:
        if type(arguments.thread).__module__.partition(".")[0] != "snowflake":
            outer(arguments)

    threading.excepthook = hook
