"""The journal: who did what, when; append-only, each entry bound to the one before by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcms_tui.adapters.database import Database
from gcms_tui.adapters.last_health import StateError
from gcms_tui.core.run import Person

if TYPE_CHECKING:
    from sqlalchemy import Table

FIRST = "0" * 64
"""What the first entry has in place of the hash of the one before."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal."""

    sequence: int
    at: str
    """UTC, ISO 8601 with microseconds."""
    user: str
    host: str
    ssh_client: str
    kind: str
    """What it is about: `run.start`, `rows.reveal`."""
    subject: str
    payload: str
    """JSON, canonical."""
    previous: str
    own: str


class Journal:
    """The journal of the state directory, written by all consoles of this user. Safe from several threads."""

    def __init__(self, state_dir: Path, person: Person, now: Callable[[], datetime]) -> None:
        self._person = person
        self._now = now
        self._database = Database(state_dir, lambda: _table().metadata, _unusable, immediate=True)

    def prepare(self) -> None:
        """Import what it needs and open its file: the next entry does not wait for that. Raises `StateError`."""
        with self._database.transaction():
            pass

    def append(self, kind: str, subject: str, payload: Mapping[str, Any]) -> None:
        """On disk when it returns. Raises `StateError`: then what was to be recorded must not happen."""
        self._append(kind, subject, payload, once=False)

    def append_once(self, kind: str, subject: str, payload: Mapping[str, Any]) -> None:
        """As `append`, unless an entry of this kind and subject is there: of two who try at once, one writes it."""
        self._append(kind, subject, payload, once=True)

    def _append(self, kind: str, subject: str, payload: Mapping[str, Any], *, once: bool) -> None:
        from sqlalchemy import select

        table = _table()
        with self._database.transaction() as connection:
            same = select(table.c.sequence).where(table.c.kind == kind, table.c.subject == subject).limit(1)
            if once and connection.execute(same).first() is not None:
                return
            newest = connection.execute(
                select(table.c.sequence, table.c.own).order_by(table.c.sequence.desc()).limit(1)
            ).first()
            values: dict[str, Any] = {
                "sequence": newest.sequence + 1 if newest else 1,
                "at": self._now().astimezone(UTC).isoformat(timespec="microseconds"),
                "user": self._person.user,
                "host": self._person.host,
                "ssh_client": self._person.ssh_client,
                "kind": kind,
                "subject": subject,
                "payload": canonical(payload),
                "previous": newest.own if newest else FIRST,
            }
            connection.execute(table.insert().values(**values, own=hash_of(values)))

    def entries(self, limit: int = 1000) -> tuple[Entry, ...]:
        """The newest `limit` entries, oldest first. Raises `StateError`."""
        from sqlalchemy import select

        table = _table()
        with self._database.transaction() as connection:
            rows = connection.execute(select(table).order_by(table.c.sequence.desc()).limit(limit)).mappings().all()
        return tuple(Entry(**row) for row in reversed(rows))


def canonical(value: Mapping[str, Any]) -> str:
    """JSON of which there is only one for each value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def hash_of(values: Mapping[str, Any]) -> str:
    """SHA-256 over everything an entry says, the hash of the one before among it."""
    return hashlib.sha256(canonical(values).encode("ascii")).hexdigest()


@lru_cache(maxsize=1)
def _table() -> Table:
    from sqlalchemy import Column, Integer, MetaData, String, Table

    texts = ("at", "user", "host", "ssh_client", "kind", "subject", "payload", "previous", "own")
    return Table(
        "journal",
        MetaData(),
        Column("sequence", Integer, primary_key=True, autoincrement=False),
        *(Column(name, String, nullable=False) for name in texts),
    )


def _unusable(path: Path, reason: str) -> StateError:
    return StateError(
        "The journal cannot be written",
        f"{path}: {reason}",
        "Nothing was done, as what leaves no trace does not happen. Make room, or correct the permissions; then again.",
    )
