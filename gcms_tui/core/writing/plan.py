"""A plan: a write as it was shown, and exactly as it will be carried out.

It is made from a read, frozen, named by the SHA-256 of all that it says, used at most once, and holds for half an hour.
Preview, confirmation and application all take this one value.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.row_text import exact_text
from gcms_tui.core.run import Person

HOLDS = timedelta(minutes=30)
"""How long a plan may be applied after it was made."""

Cell = str | bool | None
"""A value in a form of which there is only one: moments are text to the nanosecond, numbers their exact text."""


class PlanKind(StrEnum):
    REPAIR = "repair"
    """Close the current versions of a key that should not be current."""
    COLLAPSE = "collapse"
    """Keep one of several rows that share an id."""
    UNDO = "undo"
    """Put back what a repair or a collapse has changed."""
    BACKUP = "backup"
    """Clone a table under a name of its own."""
    ARCHIVE = "archive"
    """Clone the table that a payroll was paid from, under the payment's day."""
    MARK_PAID = "paid mark"
    """Record in Supabase that payments were paid."""
    RESTORE = "restore"
    """Bring a table back as a backup has it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as far as a plan is concerned: the values it names, and a hash over all the others."""

    values: tuple[tuple[str, Cell], ...]
    rest: str = ""
    """SHA-256 over every column that is not written; two rows of the same rest hold the same there."""

    @classmethod
    def of(cls, values: Mapping[str, Cell], rest: str = "") -> Row:
        return cls(tuple(values.items()), rest)

    def __getitem__(self, name: str) -> Cell:
        for key, value in self.values:
            if key == name:
                return value
        raise KeyError(name)

    def as_dict(self) -> dict[str, Cell]:
        return dict(self.values)

    def but(self, **values: Cell) -> Row:
        """This row with other values in some places."""
        return Row(tuple((name, values.get(name, value)) for name, value in self.values), self.rest)


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row before and after."""

    label: str
    """What a person knows the row by: its scd_id, a payment's id."""
    before: Row | None
    """None where the plan adds it."""
    after: Row | None
    """None where the plan removes it."""
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """One statement, and how many rows it has to touch."""

    statement: Statement
    rows: int | None = None
    """None for DDL, which touches none."""


@dataclass(frozen=True)
class Plan:
    """A frozen guarded write. What it changes is told by `changes`, what proves it by `before`, `after` and `alike`."""

    kind: PlanKind
    target: str
    """dbt's target: the plan belongs to no other."""
    table: str
    """The table that is written, as a person writes it."""
    subject: str
    """The natural key; for a backup the clone's name."""
    confirmation: str
    """What has to be typed."""
    steps: tuple[Step, ...]
    made_at: datetime
    made_by: Person
    look: Statement | None = None
    """Reads the rows concerned: before and after, inside the transaction where there is one. None where `alike` is the
    proof."""
    named: tuple[str, ...] = ()
    """What the first columns of `look` are called in the rows."""
    written: tuple[str, ...] = ()
    """Further columns of `look`, by their names, that are left out of a row's `rest`: the plan changes them."""
    set_when_applied: tuple[str, ...] = ()
    """Those of `named` whose value the warehouse's clock decides: they are not compared afterwards."""
    before: tuple[Row, ...] = ()
    after: tuple[Row, ...] = ()
    changes: tuple[RowChange, ...] = ()
    alike: tuple[Statement, ...] = ()
    """Where there is no transaction: statements that have to answer alike afterwards."""
    backup: Plan | None = None
    """The clone to make first."""
    winner: str = ""
    """The scd_id of the version that stays current."""
    reason: str = ""
    """Why that one, or why this plan at all."""
    warnings: tuple[str, ...] = ()
    undoes: str = ""
    """The id of the write that it takes back."""
    lock: Statement | None = None
    """Holds the rows concerned against everybody else, before they are looked at."""
    source: str = ""
    """The backup that a table is brought back from."""
    defines: bool = False
    """Its statements are DDL, each of which commits by itself: `look` is read before them and after, and nothing can
    be rolled back."""

    @property
    def in_transaction(self) -> bool:
        return self.look is not None and not self.defines

    @property
    def expires_at(self) -> datetime:
        return self.made_at + HOLDS

    @cached_property
    def plan_id(self) -> str:
        """SHA-256 over the canonical plan, 64 hexadecimal digits."""
        from gcms_tui.core.writing.plan_json import plan_document

        return hashlib.sha256(canonical(plan_document(self)).encode("ascii")).hexdigest()

    @property
    def short_id(self) -> str:
        """What a person calls it."""
        return self.plan_id[:12]

    @cached_property
    def fingerprint(self) -> str:
        """Of what it saw."""
        return fingerprint(self.before)

    @property
    def rows(self) -> int:
        """How many rows its statements touch in all."""
        return sum(step.rows or 0 for step in self.steps)


def fingerprint(rows: Iterable[Row]) -> str:
    """SHA-256 over the rows in whatever order, 64 hexadecimal digits."""
    texts = sorted(canonical({"values": row.as_dict(), "rest": row.rest}) for row in rows)
    return hashlib.sha256("\n".join(texts).encode("ascii")).hexdigest()


def same_rows(found: Iterable[Row], wanted: Iterable[Row], but: tuple[str, ...] = ()) -> bool:
    """Whether both hold the same rows, whatever their order and the values of the columns `but`."""
    blank: dict[str, Cell] = dict.fromkeys(but)
    return fingerprint(row.but(**blank) for row in found) == fingerprint(row.but(**blank) for row in wanted)


def rows_of(answer: Answer, named: tuple[str, ...], written: tuple[str, ...]) -> tuple[Row, ...]:
    """The rows of a plan's `look`: its first columns by name, the others hashed."""
    first = len(named)
    hashed = [place for place, column in enumerate(answer.columns) if place >= first and column not in written]
    rows = []
    for cells in answer.rows:
        values = tuple((name, _cell(cells[place])) for place, name in enumerate(named))
        others: dict[str, list[str | None]] = {}
        for place in hashed:  # in an answer AMOUNT and "amount" go by one name
            others.setdefault(answer.columns[place], []).append(exact_text(cells[place]))
        rows.append(Row(values, hashlib.sha256(canonical(others).encode("ascii")).hexdigest()))
    return tuple(rows)


def _cell(value: object) -> Cell:
    return value if value is None or isinstance(value, bool | str) else exact_text(value)


def canonical(value: Mapping[str, Any]) -> str:
    """JSON of which there is only one for each value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
