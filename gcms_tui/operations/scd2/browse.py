"""Browsing SCD2 tables: what is wrong in each, which keys, and every version of one key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gcms_tui.core.conclusion import whole
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import Provenance, Scalar
from gcms_tui.core.personal import masked, personal_columns
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.scd2.scan import (
    DEFECTS,
    DefectiveKey,
    Group,
    GroupOrder,
    GroupPage,
    KeyVersions,
    Place,
    TableScan,
    VersionRow,
)
from gcms_tui.core.scd2.table import Closed, InForce, convention_of
from gcms_tui.core.scd2.version import NAMED, Version
from gcms_tui.core.writing.plan import rows_of
from gcms_tui.operations.ports import QueryLibrary, Warehouse
from gcms_tui.operations.run_ports import Journal
from gcms_tui.operations.scd2.tables import Listed, Scd2Table, Scd2Tables

PAGE = 100
"""Keys of one page."""


@dataclass(frozen=True, slots=True)
class DefectivePage:
    keys: tuple[DefectiveKey, ...]
    after: str | None
    """The last key, where there are more behind it."""
    provenance: Provenance


class Scd2Browser:
    """Reads only. Blocking I/O; safe from several threads. Every method raises `GcmsError` where it cannot look."""

    def __init__(
        self,
        tables: Scd2Tables,
        warehouse: Warehouse,
        queries: QueryLibrary,
        journal: Journal,
        *,
        further_personal: Sequence[str] = (),
    ) -> None:
        self._tables = tables
        self._warehouse = warehouse
        self._queries = queries
        self._journal = journal
        self._further_personal = tuple(further_personal)

    def tables(self) -> tuple[Listed, ...]:
        return self._tables.listed()

    def scan(self, name: str) -> TableScan:
        """Every class of defect, in one scan of the table."""
        answer, origin = self._ask(self._tables.get(name), "scd2_integrity")
        row = answer.records()[0]
        counts = {defect: whole(row[column]) for defect, column in DEFECTS.items()}
        closed = Closed(whole(row["closed_day_before"]), whole(row["closed_same_instant"]))
        rows, keys = whole(row["row_count"]), whole(row["key_count"])
        return TableScan(rows, keys, counts, closed, answer.taken_at, answer.elapsed_ms, origin)

    def in_force(self, name: str, closed: Closed) -> InForce:
        """The closing convention that a repair of the table goes by; `closed` comes from a scan of it."""
        return convention_of(self._tables.get(name).settings.closing, closed)

    def groups(
        self,
        name: str,
        *,
        order: GroupOrder = GroupOrder.KEY,
        containing: str = "",
        after: Place | None = None,
        size: int = PAGE,
    ) -> GroupPage:
        """Keys with more than one current version, a page behind `after`. Every page costs the same."""
        values: dict[str, Scalar] = {
            "sort_by": order.value,
            "containing": containing,
            "after_number": after.number if after else None,
            "after_key": after.key if after else None,
            "page_size": size,
        }
        answer, origin = self._ask(self._tables.get(name), "scd2_duplicate_groups", values)
        rows = answer.records()
        groups = tuple(
            Group(
                natural_key=str(row["natural_key"]),
                current_count=whole(row["current_count"]),
                distinct_ids=whole(row["distinct_ids"]),
                newest_recorded_at=row["newest_recorded_at"],  # type: ignore[arg-type]
                scd_ids=tuple(str(row["scd_ids"] or "").split(", ")),
            )
            for row in rows
        )
        last = rows[-1] if len(rows) == size else None
        place = Place(whole(last["order_number"]), str(last["natural_key"])) if last else None
        return GroupPage(groups, place, answer.taken_at, origin)

    def defective(self, name: str, defect: str, *, after: str | None = None, size: int = PAGE) -> DefectivePage:
        """Keys with a defect of one class other than duplicates, by key."""
        values: dict[str, Scalar] = {"defect": defect, "after_key": after, "page_size": size}
        answer, origin = self._ask(self._tables.get(name), "scd2_defective_keys", values)
        keys = tuple(DefectiveKey(str(row["natural_key"]), whole(row["row_count"])) for row in answer.records())
        return DefectivePage(keys, keys[-1].natural_key if len(keys) == size else None, origin)

    def key(self, name: str, natural_key: str, *, reveal: bool = False) -> KeyVersions:
        """Every version of a key. Personal columns are masked; `reveal` shows them, and is journalled first."""
        table = self._tables.get(name)
        if reveal:
            self._journal.append("rows.reveal", f"{table.relation} {natural_key[:200]}", {"table": str(table.relation)})
        answer, origin = self._ask(table, "scd2_key_versions", {"natural_key_value": natural_key})
        try:
            return key_versions(natural_key, table, answer, origin, self._further_personal, reveal=reveal)
        except ValueError as error:
            raise GcmsError(
                "A version of it cannot be read",
                f"{table.relation}, {natural_key[:80]!r}: {error}.",
                "Correct it where it comes from; it is on no axis of time.",
            ) from None

    def _ask(self, table: Scd2Table, query: str, values: dict[str, Scalar] | None = None) -> tuple[Answer, Provenance]:
        statement = table.render(self._queries.get(query), values)
        answer = self._warehouse.read(statement)
        return answer, provenance(statement, answer)


def provenance(statement: Statement, answer: Answer) -> Provenance:
    return Provenance(statement.source, statement.sql, statement.binds, answer.query_id)


def key_versions(
    natural_key: str,
    table: Scd2Table,
    answer: Answer,
    origin: Provenance,
    further_personal: Sequence[str] = (),
    *,
    reveal: bool = False,
) -> KeyVersions:
    """The answer of `scd2_key_versions`. Raises `ValueError` where a moment in it is none."""
    first = len(NAMED)
    columns = answer.columns[first:]
    versions = [Version.of(row) for row in rows_of(answer, NAMED, table.written)]
    cells = [row[first:] for row in answer.rows]
    personal = personal_columns(columns, "", further_personal)
    current = [row for row, version in zip(cells, versions, strict=True) if version.is_current]
    differing = frozenset(
        column for place, column in enumerate(columns) if len({repr(row[place]) for row in current}) > 1
    )
    shown = cells if reveal else masked(cells, columns, personal)
    rows = [
        VersionRow(version, dict(zip(columns, row, strict=True))) for version, row in zip(versions, shown, strict=True)
    ]
    rows.sort(key=lambda row: (row.version.clocks, row.version.scd_id or ""), reverse=True)
    return KeyVersions(natural_key, tuple(rows), columns, differing, personal, reveal, answer.taken_at, origin)
