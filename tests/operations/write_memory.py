"""A warehouse in memory whose statements really act on rows, for tests of guarded writes.

A statement is known by its query and its values; sessions work on copies until COMMIT, DDL acts at once. `on` lets
anything happen just before a statement, or just after it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field

from gcms_tui.core.errors import GcmsError, StatementFailed
from gcms_tui.core.finding import Scalar
from gcms_tui.core.query import Access, Answer, Statement
from gcms_tui.core.scd2.version import NAMED
from gcms_tui.core.settings import Scd2TableSettings
from gcms_tui.core.writing.written import Written
from tests.operations.memory import NOW, ShippedQueries
from tests.operations.memory_session import RELATION, Transactions, answer, there

STAMP = "2026-03-01 09:00:00.123456789"
"""What the warehouse's clock says, always."""

_VALUE = re.compile(r"(?<![:\w]):([a-z][a-z0-9_]*)")
_QUERIES = ShippedQueries()

Row = dict[str, Scalar]
Hook = Callable[["MemoryDatabase"], object]


@dataclass
class MemoryTable:
    """`rows` by what the console calls the columns, `status` among them that it does not know."""

    settings: Scd2TableSettings
    rows: list[Row] = field(default_factory=list)
    stamped: bool = True
    transient: str = "NO"
    kind: str = "BASE TABLE"

    @property
    def columns(self) -> dict[str, str]:
        """What they are called in the table, as an answer has it."""
        known = ("natural_key", "scd_id", "effective_from", "effective_to", "is_current", "recorded_at", "inserted_at")
        names = {name: getattr(self.settings, name) for name in known}
        names |= {"updated_at": self.settings.updated_at if self.stamped else None, "status": "status"}
        return {name: column.strip('"') for name, column in names.items() if column is not None}

    def current(self, row: Row) -> Scalar:
        if self.settings.is_current is not None:
            return row["is_current"]
        end = row["effective_to"]
        return end is None or str(end) >= "9999"


@dataclass
class MemoryDatabase:
    """What is committed, and everything that happened to it."""

    tables: dict[str, MemoryTable] = field(default_factory=dict)
    """By their quoted names."""
    closed: tuple[int, int] = (5, 0)
    """How many closed versions end the day before, and at the same instant."""
    history: GcmsError | tuple[Row, ...] = ()
    """What the query history answers."""
    events: list[str] = field(default_factory=list)
    hooks: dict[str, list[Hook]] = field(default_factory=lambda: defaultdict(list))
    asked: list[Statement] = field(default_factory=list)

    def on(self, event: str, *hooks: Hook) -> None:
        """`event`: a query's name, `BEGIN`, `COMMIT`, `ROLLBACK`, `open`; with `after ` in front, just after it. Each
        time it comes to pass the next of `hooks` is called, and the last one ever after."""
        self.hooks[event] = list(hooks)

    def happens(self, event: str) -> None:
        hooks = self.hooks.get(event)
        if hooks:
            (hooks.pop(0) if len(hooks) > 1 else hooks[0])(self)

    def table(self, name: str = "") -> MemoryTable:
        return self.tables[name] if name else next(iter(self.tables.values()))

    # -- the read side ------------------------------------------------------------------------------------------------

    def read(self, statement: Statement) -> Answer:
        assert statement.access is Access.READ
        self.asked.append(statement)
        return _read(self, self.tables, statement)

    def close(self) -> None:
        pass

    # -- the write side -----------------------------------------------------------------------------------------------

    def open(self, write_id: str) -> MemorySession:
        self.events.append("open")
        self.happens("open")
        return MemorySession(self, f"tag {write_id}")


@dataclass
class MemorySession(Transactions[MemoryTable]):
    base: MemoryDatabase
    requests: list[str] = field(default_factory=list)

    def read(self, statement: Statement) -> Answer:
        assert statement.access is Access.READ
        return self._done(statement.query, lambda: _read(self.base, self._tables, statement))

    def run(self, statement: Statement, request_id: str) -> Written:
        assert statement.access is Access.WRITE
        self.requests.append(request_id)
        ddl = statement.query.startswith(("clone_", "create_"))
        assert ddl is (self.mine is None), "DDL would commit an open transaction, and a change wants one"
        return self._done(statement.query, lambda: Written(_write(self._tables, statement), 0, "q", 1))

    def commit(self, request_id: str) -> str | None:
        self.requests.append(request_id)
        return super().commit(request_id)

    def close(self) -> None:
        super().close()
        self.base.events.append("close")


def _values(statement: Statement) -> dict[str, Scalar]:
    """The values by their names, in the order of their places."""
    names = _VALUE.findall(_QUERIES.get(statement.query).sql)
    return dict(zip(names, statement.binds, strict=True))


def _write(tables: dict[str, MemoryTable], statement: Statement) -> int:
    if statement.query == "create_schema":
        return 0
    first, *others = RELATION.findall(statement.sql)
    values = _values(statement)
    if statement.query.startswith("clone_"):
        if first in tables:
            raise StatementFailed("The warehouse refused", f"Object {first} already exists.", code=2002)
        tables[first] = deepcopy(tables[others[0]])
        return 0
    table = tables[first]
    wanted = [row for row in table.rows if _is_meant(row, values)]
    match statement.query.removesuffix("_unstamped"):
        case "scd2_close_version" | "scd2_end_version":
            change: Row = {"effective_to": values["close_at"]}
            change |= {"is_current": False} if statement.query != "scd2_end_version" else {}
            change |= {"updated_at": STAMP} if statement.query == "scd2_close_version" else {}
            hit = [row for row in wanted if table.current(row)]
        case "scd2_restore_version" | "scd2_restore_end":
            change = {"effective_to": values["effective_to_before"]}
            change |= {"is_current": True} if statement.query != "scd2_restore_end" else {}
            change |= {"updated_at": values["updated_at_before"]} if "updated_at_before" in values else {}
            hit = wanted if statement.query == "scd2_restore_end" else [row for row in wanted if not row["is_current"]]
        case "scd2_delete_copies":
            table.rows = [row for row in table.rows if row not in wanted]
            return len(wanted)
        case "scd2_insert_copies" | "scd2_insert_copy" as query:
            copies = [dict(row) for row in there(tables, others[0]).rows if _is_meant(row, values)]
            copies = copies[:1] if query == "scd2_insert_copy" else copies
            table.rows += copies
            return len(copies)
        case _:
            raise NotImplementedError(statement.query)
    for row in hit:
        row.update(change)
    return len(hit)


def _is_meant(row: Row, values: Mapping[str, Scalar]) -> bool:
    named = {name.removesuffix("_value"): value for name, value in values.items() if name.endswith("_value")}
    return all(row[name] == value for name, value in named.items())


def _read(base: MemoryDatabase, tables: Mapping[str, MemoryTable], statement: Statement) -> Answer:
    match statement.query:
        case "query_history_by_tag":
            if isinstance(base.history, GcmsError):
                raise base.history
            return answer(base.history)
        case "table_columns" | "table_kind":
            schema, name = statement.binds[:2]
            found = tables.get(f'"{schema}"."{name}"')
            if found is None:
                return answer(())
            if statement.query == "table_kind":
                return answer(({"table_type": found.kind, "is_transient": found.transient},))
            named = [(column.upper(), _TYPES.get(role, "TIMESTAMP_NTZ")) for role, column in found.columns.items()]
            return answer(tuple({"column_name": column, "data_type": kind} for column, kind in named))
        case "scd2_closing_convention":
            return answer(({"closed_day_before": base.closed[0], "closed_same_instant": base.closed[1]},))
    [name] = set(RELATION.findall(statement.sql))
    table, values = there(tables, name), _values(statement)
    match statement.query:
        case "row_count":
            return answer(({"row_count": len(table.rows)},))
        case "scd2_key_versions":
            return _versions(table, statement, [row for row in table.rows if _is_meant(row, values)])
        case "scd2_duplicate_groups":
            return _groups(table, values)
    raise NotImplementedError(statement.query)


_TYPES = {"natural_key": "TEXT", "scd_id": "TEXT", "status": "TEXT", "is_current": "BOOLEAN"}


def _versions(table: MemoryTable, statement: Statement, rows: list[Row]) -> Answer:
    columns, stamped = table.columns, "TO_VARCHAR(NULL" not in statement.sql
    cells = []
    for row in rows:
        named = {**row, "is_current": table.current(row), "updated_at": row["updated_at"] if stamped else None}
        cells.append((*(named[name] for name in NAMED), *(row[name] for name in columns)))
    return Answer((*NAMED, *columns.values()), tuple(cells), "q", NOW, 1)


def _groups(table: MemoryTable, values: Mapping[str, Scalar]) -> Answer:
    counts = Counter(str(row["natural_key"]) for row in table.rows if table.current(row) and row["natural_key"])
    part, size = str(values["containing"]).lower(), values["page_size"]
    keys = sorted(key for key, count in counts.items() if count > 1 and part in key.lower())
    assert isinstance(size, int) and values["after_key"] is None
    return answer(
        tuple(
            {
                "natural_key": key, "current_count": counts[key], "distinct_ids": counts[key],
                "newest_recorded_at": NOW, "scd_ids": "", "order_number": 0,
            }
            for key in keys[:size]
        )
    )  # fmt: skip
