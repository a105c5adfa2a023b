"""Postgres' errors as ours, each with what to do next. No row's values are in them, whatever the server said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gcms_tui.core.errors import GcmsError, MissingRelation, StatementFailed, StatementTimeout, Unavailable
from gcms_tui.core.text import printable

if TYPE_CHECKING:
    import psycopg

_LONGEST = 400
_NAMES_OBJECTS_ONLY = frozenset({"08", "0A", "23", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58"})
"""Classes of errors whose primary message names tables, columns and rights. Others quote values, as conversions do, or
say what somebody's trigger says."""
_SESSION_ENDED = frozenset({"25P03", "57P01", "57P02", "57P03", "57P05"})
_ADVICE = {
    "25006": "The login, or the server, is read-only: name one that may write under [supabase], write_dsn_env.",
    "40001": "Somebody else wrote the same rows at the same moment: plan again.",
    "40P01": "Somebody else wrote the same rows at the same moment: plan again.",
    "42501": "The login may not do it: GRANT SELECT, UPDATE (paid, payment_date) ON the payments TO it.",
    "55P03": "Another session holds the rows: pg_stat_activity tells whose. Try again when it has ended.",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A driver error, classified."""

    error: GcmsError
    says_no: bool
    """The server itself answered that it has not done what it was asked."""


def classify(error: psycopg.Error, *, where: str, source: str = "", waited_s: float | None = None) -> Failure:
    """One driver error. `where` is the server, `source` the statement's file; `waited_s` says that the link was cut on
    this side, after so long without an answer."""
    state = error.sqlstate or ""
    # FATAL ends the session, and tells nothing of what was under way in it.
    said_no = bool(state) and error.diag.severity_nonlocalized == "ERROR"
    if waited_s is not None or not said_no:
        return Failure(_lost(error, where, waited_s), says_no=False)
    message = printable(f"{where}: {_words(error, state)}", _LONGEST)
    of = f" ({source})" if source else ""
    match state:
        case "57014":
            failed: StatementFailed = StatementTimeout(
                f"The statement took too long{of}", message, "Try again when the database is less busy."
            )
        case "42P01" | "3F000":
            failed = MissingRelation(f"A table is missing{of}", message, "Check payment_table under [supabase].")
        case _:
            failed = StatementFailed(
                f"Supabase refused the statement{of}",
                message,
                _ADVICE.get(state, "`gcms-tui doctor` tells what works."),
            )
    return Failure(failed, says_no=True)


def _lost(error: psycopg.Error, where: str, waited_s: float | None) -> GcmsError:
    import psycopg

    state = error.sqlstate or ""
    if waited_s is None and not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and not state:
        # The driver itself could not make sense of a value, and quotes it.
        return StatementFailed("An answer cannot be read", f"{where}: {type(error).__name__} of the driver.")
    if waited_s is not None:
        message = f"{where}: no answer within {waited_s:g} s."
    elif state in _SESSION_ENDED:
        message = f"{where}: {_words(error, state)}"
    else:
        message = f"{where}: the link was lost." if not state else f"{where}: {_words(error, state)}"
    return Unavailable(
        "Supabase does not answer", printable(message, _LONGEST), "Check the network and VPN, then look."
    )


def _words(error: psycopg.Error, state: str) -> str:
    """Never the detail nor the context, which hold rows and values."""
    diag = error.diag
    if state[:2] in _NAMES_OBJECTS_ONLY and diag.message_primary:
        return f"{diag.message_primary} ({state})"
    named = " ".join(name for name in (diag.table_name, diag.column_name, diag.constraint_name) if name)
    return f"{type(error).__name__} ({state}){f' of {named}' if named else ''}"
