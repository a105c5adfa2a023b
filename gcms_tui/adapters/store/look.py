"""The store as it is found, for who asks how it is: nothing is made and nothing migrated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store.database import POSTGRES_SCHEMA, Database, revision_of
from gcms_tui.adapters.store.schema import NEWEST, table

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class StoreSeen:
    """What one look told."""

    there: bool
    """False where the first use is yet to make it."""
    revision: str = ""
    """Empty where it has none: it is new, or of the time before revisions."""
    newest: bool = True
    """False where the next use brings it to the revision of this program."""
    count: int = 0
    head: str = ""
    """Of the journal; empty where it has none yet."""
    refusal: str = ""
    """Why it cannot be written; empty where it can."""


def look(database: Database) -> StoreSeen:
    """Raises `StateError`: it cannot be opened, or is of a newer program."""
    if not database.is_there():
        return StoreSeen(there=False)
    with database.transaction(_unusable, alone=True, as_it_is=True) as connection:
        revision = revision_of(connection, database.where)
        if revision != NEWEST:
            return StoreSeen(True, revision or "", False, refusal=_refusal(connection, _MAY_MAKE))
        journal = table("journal")
        newest = connection.execute(journal.select().order_by(journal.c.sequence.desc()).limit(1)).first()
        count, head = (newest.sequence, newest.own) if newest else (0, "")
        return StoreSeen(True, revision, True, count, head, _refusal(connection, _MAY_WRITE))


_MAY_WRITE = (
    "has_table_privilege('journal', 'INSERT') AND has_table_privilege('plan', 'UPDATE') "
    "AND has_table_privilege('lease', 'INSERT') AND has_table_privilege('lease', 'DELETE')"
)
_MAY_MAKE = (
    "coalesce((SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = "
    f"'{POSTGRES_SCHEMA}'), has_database_privilege(current_database(), 'CREATE'))"
)


def _refusal(connection: Connection, may: str) -> str:
    """SQLite's own file was just locked for writing; Postgres has to be asked."""
    if connection.dialect.name != "postgresql":
        return ""
    standby, allowed, user = connection.exec_driver_sql(f"SELECT pg_is_in_recovery(), {may}, current_user").one()
    if standby:
        return "it is a standby, which can only be read"
    return "" if allowed else f"{user} may not write to its schema {POSTGRES_SCHEMA}"


def _unusable(where: str, reason: str) -> StateError:
    return StateError(
        "The store cannot be used",
        f"{where}: {reason}",
        "Make room where the disk is full; correct the permissions, or name another: [store] or state_dir in "
        "gcms.toml. Nothing is written without it.",
    )
