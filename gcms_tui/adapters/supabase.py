"""Supabase's Postgres: the way in, to read and to write."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gcms_tui.adapters.files import read_text, refuse_if_others_may_read
from gcms_tui.adapters.line import cut_after
from gcms_tui.adapters.postgres_session import PATIENCE_S
from gcms_tui.core.errors import ConfigError, Refused, Unavailable
from gcms_tui.core.query import Statement
from gcms_tui.core.secret import Secret, masked
from gcms_tui.core.settings import SupabaseSettings
from gcms_tui.core.text import printable

if TYPE_CHECKING:
    from psycopg import Connection

_CONNECT_TIMEOUT_S = 10
_SESSION = (
    # By SQL, because poolers may ignore what is asked for at the start of a connection.
    "SET default_transaction_read_only = on",
    "SET statement_timeout = '30s'",
    "SET lock_timeout = '5s'",
    "SET idle_in_transaction_session_timeout = '60s'",
    "SET TimeZone = 'UTC'",
)
LOCK_TIMEOUT_S = 5
"""How long a write waits for another's lock."""
_TRANSACTION_POOLER = 6543
"""Supabase's port where each transaction, or statement, is handed to another session."""
_NO_ROUTE = ("network is unreachable", "cannot assign requested address", "address family not supported")
"""What a machine without IPv6 says of a host that has nothing else."""
_UNENCRYPTED = frozenset({"disable", "allow", "prefer"})


@dataclass(frozen=True, slots=True)
class PostgresPing:
    """What one visit found out."""

    host: str
    database: str
    user: str
    version: str
    encryption: str
    """`TLS (verify-full)`, or why there is none: `unix socket`, `this machine`."""
    read_only: bool


def read_dsn(settings: SupabaseSettings, env: Mapping[str, str]) -> Secret | None:
    """The connection string, None where nothing is configured.

    Raises `ConfigError` where the variable or file is missing, empty, or open to others.
    """
    if settings.service is not None:
        return Secret(f"service={settings.service}")
    return kept_apart(settings.dsn_env, settings.dsn_file, env, "Supabase DSN")


def write_dsn(settings: SupabaseSettings, env: Mapping[str, str]) -> Secret | None:
    """The connection string for recording; where none is named that for reading. Raises as `read_dsn`."""
    if settings.write_service is not None:
        return Secret(f"service={settings.write_service}")
    own = kept_apart(settings.write_dsn_env, settings.write_dsn_file, env, "Supabase DSN for recording")
    return own or read_dsn(settings, env)


def kept_apart(variable: str | None, file: Path | None, env: Mapping[str, str], what: str) -> Secret | None:
    """A connection string out of an environment variable or a file; None where neither is named.

    `what` is what it is called in errors. Raises `ConfigError` where it is missing, empty, or open to others.
    """
    if variable is not None:
        value = env.get(variable, "").strip()
        if not value:
            message = f"The environment variable {variable} is not set."
            raise ConfigError(f"No {what}", message, f"export {variable}=postgresql://…")
        return Secret(value)
    if file is not None:
        text = read_text(file, f"the file of the {what}").strip()
        refuse_if_others_may_read(file)
        if not text:
            raise ConfigError(f"No {what}", f"{file} is empty.", f"Write the {what} into it.")
        return Secret(text)
    return None


def connect(dsn: Secret) -> Connection[tuple[object, ...]]:
    """A read-only session. Raises as `open_postgres`."""
    return open_postgres(dsn, _SESSION, "Supabase")


def connect_to_write(dsn: Secret, name: str, lock_timeout_s: int = LOCK_TIMEOUT_S) -> Connection[tuple[object, ...]]:
    """A session that may write, known to the server by `name`; what it is set to is read back.

    Raises as `open_postgres`; `Refused` (guard `pooler`) where the server keeps no settings, or would not.
    """
    import psycopg

    wanted = {
        "application_name": name,
        "default_transaction_read_only": "off",
        "statement_timeout": "30s",
        "lock_timeout": f"{lock_timeout_s}s",
        "idle_in_transaction_session_timeout": "1min",
        "TimeZone": "UTC",
        "synchronous_commit": "on",  # what is answered with COMMIT is on disk
    }
    _refuse_pooler(_ports(dsn))
    connection = open_postgres(dsn, (), "Supabase")
    try:
        _refuse_pooler([str(connection.info.port)])  # a service of pg_service.conf names its own
        sets = ", ".join("set_config(%s, %s, false)" for _ in wanted)
        shows = ", ".join("current_setting(%s)" for _ in wanted)
        with cut_after(connection.fileno(), PATIENCE_S):
            connection.execute(f"SELECT {sets}".encode(), [word for pair in wanted.items() for word in pair])
            kept = connection.execute(f"SELECT {shows}".encode(), list(wanted)).fetchone()
        if kept != tuple(wanted.values()):
            raise _pooler(f"{connection.info.host}:{connection.info.port} does not keep what a session is set to.")
    except psycopg.Error as error:
        connection.close()
        raise _unavailable(error, "the session's settings", {}, "Supabase") from None
    except BaseException:
        connection.close()
        raise
    return connection


def _ports(dsn: Secret) -> list[str]:
    """Those that libpq may try, as far as they are named."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        named = conninfo_to_dict(dsn.reveal()).get("port")
    except psycopg.ProgrammingError:
        return []  # whoever opens it says so
    return str(named or os.environ.get("PGPORT") or "").split(",")


def _refuse_pooler(ports: Sequence[str]) -> None:
    if str(_TRANSACTION_POOLER) in ports:
        raise _pooler(f"Port {_TRANSACTION_POOLER} is Supabase's transaction pooler: it keeps no session.")


def _pooler(message: str) -> Refused:
    return Refused(
        "Not through this pooler",
        message,
        "Use the session pooler, <region>.pooler.supabase.com:5432, or the database itself.",
        guard="pooler",
    )


def open_postgres(dsn: Secret, session: Sequence[str], what: str) -> Connection[tuple[object, ...]]:
    """A session with autocommit in which the statements `session` have been run. Encrypted, but on this machine itself.

    `what` names it in errors. Raises `ConfigError` for a DSN that cannot be read or asks for less, `Unavailable` where
    nobody answers.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    try:
        parts = conninfo_to_dict(dsn.reveal())
    except psycopg.ProgrammingError:
        # The library quotes the string, password and all.
        raise ConfigError(
            f"The DSN of {what} cannot be read", "It is neither a postgresql:// URL nor key=value pairs.", "Correct it."
        ) from None
    where = f"{parts.get('host') or os.environ.get('PGHOST') or 'this machine'}:{parts.get('port') or 5432}"
    extra = {
        "connect_timeout": str(parts.get("connect_timeout") or _CONNECT_TIMEOUT_S),
        "application_name": "gcms-tui",
    }
    if not _is_here(parts) and "service" not in parts:
        # What is passed on wins over libpq's own variable, which may be the stricter one.
        mode = parts.get("sslmode") or os.environ.get("PGSSLMODE") or "require"
        if mode in _UNENCRYPTED:
            message = f"The DSN of {where}, or PGSSLMODE, says sslmode={mode}."
            raise ConfigError(f"{what} without encryption", message, "Use sslmode=verify-full, at least require.")
        extra["sslmode"] = str(mode)
    try:
        connection = psycopg.connect(make_conninfo(dsn.reveal(), **extra), autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        raise _unavailable(error, where, parts, what) from None
    try:
        if _encryption(connection) == "none":
            # A service of pg_service.conf decides for itself.
            raise ConfigError(f"{what} without encryption", f"{where} was reached in clear.", "Set sslmode=require.")
        with cut_after(connection.fileno(), PATIENCE_S):
            for statement in session:
                connection.execute(statement.encode())
    except psycopg.Error as error:
        connection.close()
        raise _unavailable(error, where, parts, what) from None
    except ConfigError:
        connection.close()
        raise
    return connection


def ping(dsn: Secret, question: Statement) -> PostgresPing:
    """Connect, ask the library's `supabase_session`, leave. Raises as `connect`."""
    import psycopg
    from psycopg.rows import dict_row

    with connect(dsn) as connection:
        info = connection.info
        try:
            told = connection.cursor(row_factory=dict_row).execute(question.sql.encode()).fetchone() or {}
        except psycopg.Error as error:
            raise _unavailable(error, f"{info.host}:{info.port}", {}, "Supabase") from None
        return PostgresPing(
            info.host,
            str(told["database_name"]),
            str(told["user_name"]),
            str(told["server_version"]),
            _encryption(connection),
            told["read_only"] is True,
        )


def _encryption(connection: Connection[tuple[object, ...]]) -> str:
    info = connection.info
    if connection.pgconn.ssl_in_use:
        return f"TLS ({info.get_parameters().get('sslmode', 'require')})"
    return "unix socket" if info.host.startswith("/") else "this machine" if _is_loopback(info.host) else "none"


def leads_here(dsn: Secret) -> bool:
    """Whether it can lead to nothing but this machine; a service of libpq's may lead anywhere."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(dsn.reveal())
    except psycopg.ProgrammingError:
        return False
    return "service" not in parts and _is_here(parts)


def _is_here(parts: Mapping[str, object]) -> bool:
    """Whether every host that libpq may try is this machine, those of its own variables among them."""
    named = (
        parts.get("host") or os.environ.get("PGHOST"),
        parts.get("hostaddr") or os.environ.get("PGHOSTADDR"),
    )
    hosts = [host.strip() for name in named for host in str(name or "").split(",")]
    return all(not host or host.startswith("/") or _is_loopback(host) for host in hosts)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, host)
        except OSError:
            continue
        return packed[0] == 127 if family == socket.AF_INET else packed == b"\0" * 15 + b"\1"
    return False


def _unavailable(error: Exception, where: str, parts: Mapping[str, object], what: str) -> Unavailable:
    text = " ".join(str(error).split())
    text = masked(text, [Secret(str(parts.get("password") or ""))])
    lowered = text.lower()
    advice = "Check the DSN, the network and VPN."
    if any(said in lowered for said in _NO_ROUTE):
        advice = "db.<ref>.supabase.co has IPv6 only: use the session pooler, <region>.pooler.supabase.com:5432."
    elif "password authentication failed" in lowered or "tenant or user not found" in lowered:
        advice = "Check user and password; the session pooler wants postgres.<ref> as the user."
    elif "does not support ssl" in lowered or "certificate" in lowered:
        advice = "No TLS that can be trusted: check the host; verify-full wants Supabase's certificate as sslrootcert."
    elif "refused" in lowered:
        advice = "Nothing listens there: check host and port. On the practice platform: gcms-tui demo."
    return Unavailable(f"{what} cannot be reached", f"{where}: {printable(text, 400)}", advice)
