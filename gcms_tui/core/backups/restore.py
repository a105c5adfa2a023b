"""Bringing a table back: by which way, whether the columns allow it, and what it has to look like before and after."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gcms_tui.core.row_text import exact_text
from gcms_tui.core.writing.plan import Row, canonical

STATE = ("table_rows", "added_since", "removed_since", "only_in_table", "only_in_backup")
"""What is read before and after: the columns of the query `restore_state`."""


class Way(StrEnum):
    SWAP = "swap"
    """A fresh clone of the backup takes the table's place, and the table the clone's."""
    INSERT = "insert"
    """The table's rows are replaced by the backup's, in one transaction."""
    CLONE = "clone"
    """The table is gone: the backup is cloned to its name."""
    UNDROP = "undrop"
    """The table is gone: the one that was dropped comes back."""


@dataclass(frozen=True, slots=True)
class ColumnOf:
    """One column of a table."""

    name: str
    type: str

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


@dataclass(frozen=True, slots=True)
class Differences:
    """Between a table and a backup, by rows with their number of copies."""

    table_rows: int
    backup_rows: int
    only_in_table: int
    only_in_backup: int

    @property
    def alike(self) -> bool:
        same = self.table_rows == self.backup_rows
        return same and not self.only_in_table and not self.only_in_backup

    @property
    def words(self) -> str:
        if self.alike:
            return f"the table and the backup hold the same {self.table_rows:,} rows"
        return (
            f"the table holds {self.table_rows:,} rows and the backup {self.backup_rows:,}: {self.only_in_table:,} in "
            f"the table alone, {self.only_in_backup:,} in the backup alone"
        )


def columns_differ(table: Sequence[ColumnOf], backup: Sequence[ColumnOf]) -> str:
    """In words, with names and types; empty where they are equal, their order too."""
    if tuple(table) == tuple(backup):
        return ""
    of_table = {column.name: column.type for column in table}
    of_backup = {column.name: column.type for column in backup}
    said = []
    if alone := [str(column) for column in table if column.name not in of_backup]:
        said.append(f"in the table alone: {', '.join(alone)}")
    if alone := [str(column) for column in backup if column.name not in of_table]:
        said.append(f"in the backup alone: {', '.join(alone)}")
    if others := [
        f"{column.name} is {column.type}, and {of_backup[column.name]} in the backup"
        for column in table
        if of_backup.get(column.name, column.type) != column.type
    ]:
        said.append("; ".join(others))
    return "; ".join(said) or "they stand in another order"


def state_before(found: Differences) -> Row:
    """The table is as its clone of just now, and differs from the backup as it was seen to."""
    return _state(found.table_rows, 0, 0, found.only_in_table, found.only_in_backup)


def state_after(found: Differences) -> Row:
    """The table is as the backup, and differs from its clone of just now as that does from the backup."""
    return _state(found.backup_rows, found.only_in_backup, found.only_in_table, 0, 0)


def _state(*counts: int) -> Row:
    return Row(tuple((name, exact_text(count)) for name, count in zip(STATE, counts, strict=True)), _NOTHING_ELSE)


_NOTHING_ELSE = hashlib.sha256(canonical({}).encode("ascii")).hexdigest()
"""What a row has as its `rest` where it has no further columns."""
