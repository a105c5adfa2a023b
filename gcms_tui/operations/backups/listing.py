"""What backups there are: as the journal knows them, and as they stand in the warehouse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from gcms_tui.core.backups.made import Backup, Made, Standing
from gcms_tui.core.backups.names import looks_ours, set_of
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.identifier import Relation, Schema
from gcms_tui.operations.backups.book import BackupBook
from gcms_tui.operations.backups.looks import Found, TableLooks
from gcms_tui.operations.backups.tables import BackupTables, parsed


@dataclass(frozen=True, slots=True)
class Listing:
    backups: tuple[Backup, ...]
    """Newest first."""
    unread: tuple[str, ...] = ()
    """Why some of it could not be asked for."""


class BackupList:
    """Reads only. Blocking I/O."""

    def __init__(self, book: BackupBook, tables: BackupTables, looks: TableLooks, suffix: str) -> None:
        self._book = book
        self._tables = tables
        self._looks = looks
        self._suffix = suffix

    def read(self, table: str = "") -> Listing:
        """All of them, or those of one table. Raises `GcmsError` where the journal cannot be read, `UsageError` where
        `table` is none; where the warehouse cannot, what the journal knows is NOT_SEEN."""
        wanted = parsed(table) if table else None
        made = tuple(one for one in self._book.made() if wanted is None or one.table.may_be(wanted))
        unread: list[str] = []
        standing: dict[Relation, Found] = {}
        asked: set[Schema] = set()
        for schema in self._schemas(made, unread):
            try:
                standing |= {one.relation: one for one in self._looks.standing_in(schema)}
                asked.add(schema)
            except GcmsError as error:
                unread.append(f"{schema}: {error.message}")
        known = {one.clone for one in made}
        backups = [_known(one, standing.get(one.clone), _schema_of(one.clone) in asked) for one in made]
        foreign = (one for name, one in standing.items() if name not in known and looks_ours(name.name))
        tables = ((one, self._table_of(one.relation)) for one in foreign)
        backups += [_foreign(one, of) for one, of in tables if wanted is None or of.may_be(wanted)]
        backups.sort(key=lambda one: one.made_at or _NEVER, reverse=True)
        return Listing(tuple(backups), tuple(unread))

    def _table_of(self, clone: Relation) -> Relation:
        """By its name alone."""
        return Relation(clone.schema.removesuffix(self._suffix), looks_ours(clone.name), clone.database)

    def _schemas(self, made: Iterable[Made], unread: list[str]) -> tuple[Schema, ...]:
        """Where backups are, and where they would be."""
        found = [_schema_of(one.clone) for one in made]
        try:
            found += [Schema(f"{one.schema}{self._suffix}", one.database) for one in self._tables.all()]
        except GcmsError as error:
            unread.append(error.message)
        return tuple(dict.fromkeys(found))


_NEVER = datetime.min.replace(tzinfo=UTC)


def _schema_of(relation: Relation) -> Schema:
    return Schema(relation.schema, relation.database)


def _known(made: Made, found: Found | None, asked: bool) -> Backup:
    if found is None:
        standing = Standing.GONE if asked else Standing.NOT_SEEN
    else:
        standing = Standing.CHANGED if made.rows not in (None, found.rows) else Standing.THERE
    return Backup(
        clone=str(made.clone),
        table=str(made.table),
        standing=standing,
        kind=found.kind if found else made.kind,
        rows=found.rows if found else made.rows,
        made_at=made.made_at,
        whose=f"{made.user}@{made.host}",
        run_id=set_of(made.clone.name),
    )


def _foreign(found: Found, table: Relation) -> Backup:
    return Backup(
        clone=str(found.relation),
        table=str(table),
        standing=Standing.NOT_OURS,
        kind=found.kind,
        rows=found.rows,
        made_at=found.created,
        whose=found.owner,
    )
