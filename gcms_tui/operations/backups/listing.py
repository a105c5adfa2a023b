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
from gcms_tui.operations.backups.tables import BackupTables


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
        """All of them, or those of one table. Raises `GcmsError` where the journal cannot be read; where the warehouse
        cannot, what the journal knows is NOT_SEEN."""
        made = tuple(one for one in self._book.made() if not table or one.table == table)
        unread: list[str] = []
        standing: dict[str, Found] = {}
        asked: set[Schema] = set()
        for schema in self._schemas(made, unread):
            try:
                standing |= {str(one.relation): one for one in self._looks.standing_in(schema)}
                asked.add(schema)
            except GcmsError as error:
                unread.append(f"{schema}: {error.message}")
        known = {one.clone for one in made}
        backups = [_known(one, standing.get(one.clone), _schema_of(one) in asked) for one in made]
        foreign = (one for name, one in standing.items() if name not in known and looks_ours(one.relation.name))
        backups += [one for one in map(self._foreign, foreign) if not table or one.table == table]
        backups.sort(key=lambda one: one.made_at or _NEVER, reverse=True)
        return Listing(tuple(backups), tuple(unread))

    def _foreign(self, found: Found) -> Backup:
        relation = found.relation
        schema = relation.schema.removesuffix(self._suffix)
        return Backup(
            clone=str(relation),
            table=str(Relation(schema, looks_ours(relation.name), relation.database)),
            standing=Standing.NOT_OURS,
            kind=found.kind,
            rows=found.rows,
            made_at=found.created,
            whose=found.owner,
        )

    def _schemas(self, made: Iterable[Made], unread: list[str]) -> tuple[Schema, ...]:
        """Where backups are, and where they would be."""
        found = [_schema_of(one) for one in made]
        try:
            found += [Schema(f"{one.schema}{self._suffix}", one.database) for one in self._tables.all()]
        except GcmsError as error:
            unread.append(error.message)
        return tuple(dict.fromkeys(schema for schema in found if schema is not None))


_NEVER = datetime.min.replace(tzinfo=UTC)


def _relation_of(made: Made) -> Relation | None:
    """None where somebody edited the journal so that it names no table."""
    try:
        return Relation.parse(made.clone)
    except ValueError:
        return None


def _schema_of(made: Made) -> Schema | None:
    relation = _relation_of(made)
    return Schema(relation.schema, relation.database) if relation else None


def _known(made: Made, found: Found | None, asked: bool) -> Backup:
    if found is None:
        standing = Standing.GONE if asked else Standing.NOT_SEEN
    else:
        standing = Standing.CHANGED if made.rows not in (None, found.rows) else Standing.THERE
    relation = _relation_of(made)
    return Backup(
        clone=made.clone,
        table=made.table,
        standing=standing,
        kind=found.kind if found else made.kind,
        rows=found.rows if found else made.rows,
        made_at=made.made_at,
        whose=f"{made.user}@{made.host}",
        run_id=set_of(relation.name) if relation else "",
    )
