"""Supabase's payments in memory, read and written as the statements of recording do, for tests of step 7."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NoReturn

from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import Scalar
from gcms_tui.core.query import Access, Answer, Statement
from gcms_tui.core.writing.written import SessionIdentity, Written
from tests.operations.memory import NOW
from tests.operations.payroll.scene import CONCERT, Row

PAYMENT = ("payment_id", "musician_id", "net_amount", "paid", "payment_date")


def held(musician: int, net: str = "100.00", **other: Scalar) -> Row:
    """A payment that Supabase holds and nobody has paid."""
    row: Row = {
        "payment_id": str(1000 + musician),
        "musician_id": str(musician),
        "net_amount": Decimal(net),
        "paid": False,
        "payment_date": None,
    }
    return {**row, **other}


@dataclass
class MemorySupabase:
    """`rows` are those of the one concert. `hooks`: what happens just before a statement of that query, `BEGIN`,
    `COMMIT`, or just after it where the name begins with `after `."""

    rows: list[Row] = field(default_factory=lambda: [held(number) for number in range(1, 21)])
    hooks: dict[str, Callable[[], object]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Every statement's query, in order."""
    sessions: list[int] = field(default_factory=list)
    """Those that a write has left."""

    def read(self, statement: Statement) -> Answer:
        return self.answer(self.rows, statement)

    def answer(self, rows: list[Row], statement: Statement) -> Answer:
        assert statement.access is Access.READ
        self.happens(statement.query)
        match statement.query:
            case "supabase_payments":
                assert statement.binds == (CONCERT,)
                return _answer(PAYMENT, [tuple(row[name] for name in PAYMENT) for row in rows])
            case "sessions_by_name":
                return _answer(("pid",), [(pid,) for pid in self.sessions])
            case "signed_payments":
                wanted = frozenset(json.loads(str(statement.binds[1])))
                return _looked([row for row in rows if row["musician_id"] in wanted])
        raise AssertionError(statement.query)

    def open(self, write_id: str) -> MemoryWrite:
        self.happens("open")
        return MemoryWrite(self, f"gcms-tui {write_id}")

    def happens(self, event: str) -> None:
        self.asked.append(event)
        if hook := self.hooks.pop(event, None):
            hook()

    def set(self, musician: int, **values: Scalar) -> None:
        for row in self.rows:
            if row["musician_id"] == str(musician):
                row.update(values)

    def paid(self) -> dict[str, Scalar]:
        """When, by the musicians whose payments are paid."""
        return {str(row["musician_id"]): row["payment_date"] for row in self.rows if row["paid"]}


@dataclass
class MemoryWrite:
    base: MemorySupabase
    query_tag: str
    identity: SessionIdentity = field(default=SessionIdentity("payer", "payer", "4711"))
    mine: list[Row] = field(default_factory=list)

    def read(self, statement: Statement) -> Answer:
        return self.base.answer(self.mine, statement)

    def run(self, statement: Statement, request_id: str) -> Written:
        assert statement.access is Access.WRITE
        self.base.happens(statement.query)
        if statement.query == "lock_payments":
            self.mine = deepcopy(self.base.rows)  # what is committed by now
            return Written(len(self.mine), 0, None, 1)
        day, concert, ids = statement.binds
        assert concert == CONCERT and isinstance(day, date)
        wanted = frozenset(json.loads(str(ids)))
        marked = [row for row in self.mine if row["payment_id"] in wanted and row["paid"] is not True]
        for row in marked:
            row.update(paid=True, payment_date=day)
        return Written(len(marked), 0, None, 1)

    def begin(self) -> None:
        self.base.happens("BEGIN")
        self.mine = deepcopy(self.base.rows)

    def commit(self, request_id: str) -> str | None:
        self.base.happens("COMMIT")
        self.base.rows = self.mine
        self.base.happens("after COMMIT")
        return None

    def rollback(self) -> None:
        self.base.happens("ROLLBACK")

    def close(self) -> None:
        pass


def failing(error: GcmsError) -> Callable[[], NoReturn]:
    def hook() -> NoReturn:
        raise error

    return hook


def _looked(rows: list[Row]) -> Answer:
    lines = sorted(f"{row['payment_id']}\x1f{row['musician_id']}\x1f{row['net_amount']}" for row in rows)
    content = hashlib.sha256("\x1e".join(lines).encode()).hexdigest()
    states = Counter((row["paid"], row["payment_date"]) for row in rows)
    return _answer(
        ("paid", "payment_date", "payments", "content"),
        [(paid, day, number, content) for (paid, day), number in states.items()],
    )


def _answer(columns: tuple[str, ...], rows: list[tuple[Scalar, ...]]) -> Answer:
    return Answer(columns, tuple(rows), None, NOW, 1)
