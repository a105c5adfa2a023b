"""The journal: who did what, when; append-only, each entry bound to the one before by its hash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store.anchors import AnchorFile
from gcms_tui.adapters.store.database import Database, storable
from gcms_tui.adapters.store.references import begins_with, resolved
from gcms_tui.adapters.store.schema import table
from gcms_tui.core.errors import UsageError
from gcms_tui.core.run import Person
from gcms_tui.core.writing.journal import FIRST, INTENT, OUTCOME, SETTLED, Anchor, ChainReport, Entry, hash_of, verify
from gcms_tui.core.writing.plan import canonical

if TYPE_CHECKING:
    from sqlalchemy import Connection

_PAGE = 5_000
_SUBJECTS = 500
"""Of one statement: databases limit how many values are bound."""


class Journal:
    """The journal of one store, written by all its consoles. Safe from several threads and processes."""

    def __init__(self, database: Database, person: Person, now: Callable[[], datetime], anchors: AnchorFile) -> None:
        self._database = database
        self._person = person
        self._now = now
        self._anchors = anchors
        self._notes: tuple[str, ...] = ()

    # -- writing -----------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Import what it needs and open the store: the next entry does not wait for that. Raises `StateError`."""
        with self._database.transaction(_unwritable, alone=True):
            pass

    def append(self, kind: str, subject: str, payload: Mapping[str, Any]) -> Entry:
        """On disk when it returns. Raises `StateError`: then what was to be recorded must not happen; where the answer
        to its COMMIT was lost the entry may be there all the same, and the error says so."""
        entry = self._append(kind, subject, payload, once=False)
        assert entry is not None
        return entry

    def append_once(self, kind: str, subject: str, payload: Mapping[str, Any]) -> Entry | None:
        """As `append`, unless an entry of this kind and subject is there: of two who try at once, one writes it."""
        return self._append(kind, subject, payload, once=True)

    def _append(self, kind: str, subject: str, payload: Mapping[str, Any], *, once: bool) -> Entry | None:
        from sqlalchemy import select

        journal, subject = table("journal"), storable(subject)
        with self._database.transaction(_unwritable, alone=True, unknown=_unknown) as connection:
            same = select(journal.c.sequence).where(journal.c.kind == kind, journal.c.subject == subject).limit(1)
            if once and connection.execute(same).first() is not None:
                return None
            newest = _head(connection)
            values: dict[str, Any] = {
                "sequence": newest[0] + 1,
                "at": self._now().astimezone(UTC).isoformat(timespec="microseconds"),
                "user": self._person.user,
                "host": self._person.host,
                "ssh_client": self._person.ssh_client,
                "kind": kind,
                "subject": subject,
                "payload": canonical(payload),
                "previous": newest[1],
            }
            values["own"] = hash_of(values)
            connection.execute(journal.insert().values(**values))
            store_id = _store_id(connection)
        self._advance(store_id, Anchor(values["sequence"], values["own"], values["at"]))
        return Entry(**values)

    # -- reading -----------------------------------------------------------------------------------------------------

    def entries(self, limit: int = 200, *, before: int | None = None, kind: str = "") -> tuple[Entry, ...]:
        """The newest `limit` entries, newest first; `before` a sequence number for the next page; a `kind` that ends
        in a dot stands for all that begin so. Raises `StateError`."""
        from sqlalchemy import select

        journal = table("journal")
        asked = select(journal).order_by(journal.c.sequence.desc()).limit(limit)
        if before is not None:
            asked = asked.where(journal.c.sequence < before)
        if kind:
            asked = asked.where(
                begins_with(journal.c.kind, kind) if kind.endswith(".") else journal.c.kind == storable(kind)
            )
        with self._database.transaction(_unreadable) as connection:
            return tuple(_entry(row) for row in connection.execute(asked).mappings())

    def about(self, subject: str) -> tuple[Entry, ...]:
        """Every entry of one subject, oldest first; by an unambiguous beginning too. Raises `UsageError`."""
        from sqlalchemy import select

        journal = table("journal")
        with self._database.transaction(_unreadable) as connection:
            found = resolved(connection, journal.c.subject, subject, "subject", "gcms-tui journal list")
            asked = select(journal).where(journal.c.subject == found).order_by(journal.c.sequence)
            return tuple(_entry(row) for row in connection.execute(asked).mappings())

    def of(self, subjects: Iterable[str]) -> dict[str, tuple[Entry, ...]]:
        """Every entry of exactly these subjects, oldest first, by subject; one without entries is left out."""
        from sqlalchemy import select

        journal, given = table("journal"), {storable(subject): subject for subject in subjects}
        stored = list(given)
        found: dict[str, list[Entry]] = {}
        with self._database.transaction(_unreadable) as connection:
            for start in range(0, len(stored), _SUBJECTS):
                some = journal.c.subject.in_(stored[start : start + _SUBJECTS])
                asked = select(journal).where(some).order_by(journal.c.sequence)
                for row in connection.execute(asked).mappings():
                    found.setdefault(given[row["subject"]], []).append(_entry(row))
        return {subject: tuple(entries) for subject, entries in found.items()}

    def entry(self, sequence: int) -> Entry:
        """Raises `UsageError`."""
        from sqlalchemy import select

        journal = table("journal")
        with self._database.transaction(_unreadable) as connection:
            row = connection.execute(select(journal).where(journal.c.sequence == sequence)).mappings().first()
        if row is None:
            raise UsageError("No such entry", f"The journal has no entry {sequence}.", "gcms-tui journal list")
        return _entry(row)

    def open_intents(self) -> tuple[Entry, ...]:
        """Intents that have no outcome and were not settled, oldest first. Raises `StateError`."""
        return self.open_of(INTENT, (OUTCOME, SETTLED))

    def open_of(self, kind: str, ended_by: Sequence[str]) -> tuple[Entry, ...]:
        """Entries of a kind whose subject has none of those that end it, oldest first. Raises `StateError`."""
        from sqlalchemy import select

        journal = table("journal")
        ended = journal.alias()
        over = select(ended.c.sequence).where(ended.c.subject == journal.c.subject, ended.c.kind.in_(ended_by))
        asked = select(journal).where(journal.c.kind == kind, ~over.exists()).order_by(journal.c.sequence)
        with self._database.transaction(_unreadable) as connection:
            return tuple(_entry(row) for row in connection.execute(asked).mappings())

    # -- the chain ---------------------------------------------------------------------------------------------------

    def verify(self, anchors: Sequence[Anchor] = ()) -> ChainReport:
        """Read the whole chain, and compare it with the anchor file and those given. Raises `StateError`."""
        store_id = self.store_id()
        own = self._anchors.known(store_id)
        unread = tuple(filter(None, (self._anchors.trouble(), self._anchors.replaced(store_id))))
        damage: list[str] = []
        report = verify(self._stream(damage), (*((own,) if own else ()), *anchors))
        if damage and report.broken_at in (None, report.count + 1):
            report = replace(report, broken_at=report.count + 1, problem=f"it cannot be read: {damage[0]}")
        return replace(report, unread=unread)

    def anchored(self) -> tuple[Anchor | None, str]:
        """The head that the anchor file knows, and why the journal does not hold it; the chain is not read.

        None where it knows none. Raises `StateError`.
        """
        anchor = self._anchors.known(self.store_id())
        if anchor is None or not anchor.count:
            return None, ""
        if self._own_hash(anchor.count) == anchor.head:
            return anchor, ""
        return anchor, f"{anchor.place} knew another entry {anchor.count:,}: the end was cut off, or written anew"

    def anchor_now(self) -> Anchor:
        """The head as it is, written to the anchor file as well. Raises `StateError`."""
        with self._database.transaction(_unreadable) as connection:
            count, head = _head(connection)
            store_id = _store_id(connection)
        at = self._now().astimezone(UTC).isoformat(timespec="microseconds")
        self._advance(store_id, Anchor(count, head, at))
        return Anchor(count, head, at, self._anchors.place)

    def store_id(self) -> str:
        """Which store this is. Raises `StateError`."""
        with self._database.transaction(_unreadable) as connection:
            return _store_id(connection)

    def notes(self) -> tuple[str, ...]:
        """Why the head is not kept elsewhere as it should be; none where it is."""
        trouble = self._anchors.trouble()
        return tuple(dict.fromkeys((*self._notes, *([trouble] if trouble else []))))

    def _advance(self, store_id: str, head: Anchor) -> None:
        note = self._anchors.advance(store_id, head, self._own_hash)
        self._notes = (note,) if note else ()

    def _own_hash(self, sequence: int) -> str | None:
        try:
            return self.entry(sequence).own
        except UsageError:
            return None

    def _stream(self, damage: list[str]) -> Iterator[Entry]:
        """A page at a time: a chain of a million entries is never in memory whole. One that cannot be read ends it, and
        why is put into `damage`. Raises `StateError` where nothing can be read at all."""
        from sqlalchemy import select

        journal, size = table("journal"), _PAGE
        asked = select(journal)
        while True:
            try:
                with self._database.transaction(_unreadable) as connection:
                    rows = connection.execute(asked.order_by(journal.c.sequence).limit(size)).mappings().all()
            except StateError as error:
                self.store_id()  # which is read from elsewhere: it tells a damaged page from a store that is gone
                if size == 1:
                    damage.append(error.message)
                    return
                size = 1
                continue
            yield from map(_entry, rows)
            if len(rows) < size:
                return
            asked = select(journal).where(journal.c.sequence > rows[-1]["sequence"])


def _entry(row: Any) -> Entry:
    said: dict[str, Any] = {name: value if name == "sequence" else _text(value) for name, value in row.items()}
    return Entry(**said)


def _text(value: object) -> str:
    """SQLite keeps in a column of text what else somebody puts there."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="surrogateescape")
    return value if isinstance(value, str) else repr(value)


def _head(connection: Connection) -> tuple[int, str]:
    from sqlalchemy import select

    journal = table("journal")
    newest = connection.execute(
        select(journal.c.sequence, journal.c.own).order_by(journal.c.sequence.desc()).limit(1)
    ).first()
    return (newest.sequence, _text(newest.own)) if newest else (0, FIRST)


def _store_id(connection: Connection) -> str:
    from sqlalchemy import select

    info = table("store_info")
    found: str = connection.execute(select(info.c.value).where(info.c.name == "store_id")).scalar_one()
    return found


def _unwritable(where: str, reason: str) -> StateError:
    return StateError(
        "The journal cannot be written",
        f"{where}: {reason}",
        "Nothing was done, as what leaves no trace does not happen. Make room, or correct the permissions; then again.",
    )


def _unknown(where: str, reason: str) -> StateError:
    return StateError(
        "Not known whether the journal has it",
        f"{where}: no answer to COMMIT ({reason})",
        "Look once the store answers again: either the entry is there, or it is to be done again.",
    )


def _unreadable(where: str, reason: str) -> StateError:
    return StateError(
        "The journal cannot be read",
        f"{where}: {reason}",
        "Make room where the disk is full; correct the permissions, or the store's address in gcms.toml. A damaged "
        "file is kept for whoever looks at it.",
    )
