"""Snowflake's error numbers as ours, each with what to do next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gcms_tui.core.errors import ConfigError, GcmsError, MissingRelation, StatementFailed, StatementTimeout, Unavailable
from gcms_tui.core.text import printable

_LONGEST = 600


class Kind(StrEnum):
    """What went wrong, as far as it decides what the adapter does next."""

    LOGIN_REFUSED = "login refused"
    SESSION_LOST = "session lost"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    MISSING = "missing"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Failure:
    """A driver error, classified."""

    kind: Kind
    error: GcmsError

    @property
    def session_is_gone(self) -> bool:
        """The session is not to be used again."""
        return self.kind in (Kind.SESSION_LOST, Kind.UNREACHABLE)

    @property
    def says_no(self) -> bool:
        """The warehouse itself answered that it has not done what it was asked.

        A statement that was cancelled, ended in an internal error, or has an answer that is no longer kept may have
        been done: that is no answer. Nor is an error of the driver's own, whose numbers begin at 250000.
        """
        code = self.error.code if isinstance(self.error, StatementFailed) else None
        refused = code is not None and code < _THE_DRIVERS_OWN and code not in (_INTERNAL, _ANSWER_GONE)
        return refused and self.kind in (Kind.MISSING, Kind.OTHER)

    @property
    def worth_asking_again(self) -> bool:
        """A new session may answer. A server that cannot be reached has been tried by the driver for long enough."""
        return self.kind is Kind.SESSION_LOST


_INTERNAL, _ANSWER_GONE, _THE_DRIVERS_OWN = 603, 709, 250000
_KINDS: Mapping[int, Kind] = {
    390100: Kind.LOGIN_REFUSED,  # incorrect user or password
    390101: Kind.LOGIN_REFUSED,
    390102: Kind.LOGIN_REFUSED,
    390144: Kind.LOGIN_REFUSED,  # JWT
    390189: Kind.LOGIN_REFUSED,  # role
    390303: Kind.LOGIN_REFUSED,  # OAuth token invalid
    390318: Kind.LOGIN_REFUSED,  # OAuth token expired
    390394: Kind.LOGIN_REFUSED,
    390395: Kind.LOGIN_REFUSED,  # programmatic access token
    390422: Kind.LOGIN_REFUSED,  # network policy
    390432: Kind.LOGIN_REFUSED,
    **dict.fromkeys((251001, 251005, 251006, 251007, 251008, 251013, 251017, 251020), Kind.LOGIN_REFUSED),
    250002: Kind.SESSION_LOST,
    252006: Kind.SESSION_LOST,
    390104: Kind.SESSION_LOST,
    390111: Kind.SESSION_LOST,
    390112: Kind.SESSION_LOST,
    390114: Kind.SESSION_LOST,
    290401: Kind.SESSION_LOST,
    250001: Kind.UNREACHABLE,
    250003: Kind.UNREACHABLE,
    250005: Kind.UNREACHABLE,
    251011: Kind.UNREACHABLE,
    251012: Kind.UNREACHABLE,
    604: Kind.TIMEOUT,
    630: Kind.TIMEOUT,
    2003: Kind.MISSING,
}
_MISSING_TEXT = re.compile(r"does not exist", re.IGNORECASE)
_MISSING_COLUMN_TEXT = re.compile(r"invalid identifier|referenced column|scalar function", re.IGNORECASE)
_HTTP_ERROR = re.compile(r"\bHTTP (?P<status>[45]\d\d)\b")


def classify(
    number: int | None,
    text: str,
    *,
    where: str,
    query_id: str | None = None,
    source: str = "",
    logging_in: bool = False,
    is_driver_error: bool = True,
    limit: str = "statement_timeout_s",
) -> Failure:
    """One driver error.

    `text` is the driver's message, already without secrets; `source` names the statement's file, `limit` the setting
    that says how long a statement may take. The number decides; the text only where the number says too little (the
    practice warehouse numbers some errors otherwise). What is no error of the driver's own (`is_driver_error`) came of
    an answer that it could not make sense of.
    """
    number = abs(number) if isinstance(number, int) else None
    kind = _kind(number, text, logging_in) if is_driver_error else Kind.UNREACHABLE
    message = printable(f"{where}: {_without_prefix(text)}", _LONGEST)
    of = f" ({source})" if source else ""
    match kind:
        case Kind.LOGIN_REFUSED:
            return Failure(kind, ConfigError("Snowflake refused the login", message, _login_advice(number)))
        case Kind.SESSION_LOST:
            return Failure(kind, Unavailable("The Snowflake session ended", message, "Look again: it is reopened."))
        case Kind.UNREACHABLE:
            return Failure(kind, Unavailable("Snowflake cannot be reached", message, _reach_advice(text)))
    failed, title, advice = _STATEMENT[kind]
    advice = _lock_advice(text) if number == _LOCKED else _OTHER_ADVICE.get(number or 0, advice.format(limit=limit))
    return Failure(kind, failed(f"{title}{of}", message, advice, code=number, query_id=query_id))


_STATEMENT: Mapping[Kind, tuple[type[StatementFailed], str, str]] = {
    Kind.TIMEOUT: (
        StatementTimeout,
        "The query took too long",
        "Ask again when the warehouse is less busy, or raise {limit} under [snowflake].",
    ),
    Kind.MISSING: (
        MissingRelation,
        "A table is missing",
        "Build it (dbt run), or ask for the right to see it: Snowflake does not tell which of both it is.",
    ),
    Kind.OTHER: (StatementFailed, "Snowflake refused the query", "`gcms-tui doctor` tells what works."),
}


def _kind(number: int | None, text: str, logging_in: bool) -> Kind:
    kind = _KINDS.get(number or 0, Kind.OTHER)
    if kind is Kind.OTHER and _is_http_failure(number, text):
        return Kind.UNREACHABLE
    if logging_in and kind not in (Kind.LOGIN_REFUSED, Kind.UNREACHABLE):
        return Kind.LOGIN_REFUSED if number in range(390100, 391000) else Kind.UNREACHABLE
    if kind is Kind.OTHER and _MISSING_TEXT.search(text):
        kind = Kind.MISSING
    if kind is Kind.MISSING and _MISSING_COLUMN_TEXT.search(text):
        kind = Kind.OTHER
    return kind


_OTHER_ADVICE: Mapping[int, str] = {
    606: "Name a warehouse in the dbt target, and make sure that the role may use it.",
    707: "The time asked for lies before what Time Travel keeps.",
    904: "A column is missing: check the timestamp_column and key settings in gcms.toml.",
    1003: "The statement is not valid here: `gcms-tui queries check` tests them all.",
    3001: "The role lacks a privilege: `gcms-tui doctor` shows which role is used.",
}


_LOCKED = 625
_LOCKED_TABLE = re.compile(r"table '(?P<table>[^']+)'")


def _lock_advice(text: str) -> str:
    found = _LOCKED_TABLE.search(text)
    lock = f"the lock on {printable(found['table'], 200)}" if found else "the lock on the same rows"
    return f"Another transaction holds {lock}: SHOW LOCKS tells whose. Try again when it has ended."


def _is_http_failure(number: int | None, text: str) -> bool:
    # The connector gives 290000 + status for a plain answer, the bare status or 580000 + status for a retried one.
    return (number is not None and number - 290000 in range(400, 600)) or bool(_HTTP_ERROR.search(text))


def _without_prefix(text: str) -> str:
    return re.sub(r"^\d{6}(?: \(\w+\))?: ", "", text.strip())


def _login_advice(number: int | None) -> str:
    match number:
        case 390144:
            return "Check this machine's clock (a login token lives 60 s) and the public key registered for the user."
        case 390394 | 390395:
            return "The access token may have expired, or the user is under no network policy."
        case 390422 | 390432:
            return "Ask for this machine's address to be added to the network policy."
        case 390189:
            return "The role does not exist or is not granted to the user."
        case 390303 | 390318:
            return "Renew the OAuth token."
        case _:
            return "Check user and secret of the dbt target. Mind that a few wrong logins lock the user."


def _reach_advice(text: str) -> str:
    lowered = text.lower()
    if "name or service not known" in lowered or "name resolution" in lowered or "nodename" in lowered:
        return "The host name is not known: check account in the dbt target, and this machine's DNS."
    if "refused" in lowered:
        return "Nothing listens there: check account or host and port. On the practice platform: gcms-tui demo."
    if "certificate" in lowered or "ssl" in lowered:
        return "The secure connection failed: check the proxy and this machine's certificates."
    if _HTTP_ERROR.search(text):
        return "The service answers with errors: look at status.snowflake.com and try again."
    return "Check the network, VPN and account name, and status.snowflake.com."
