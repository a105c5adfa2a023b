"""The outside in memory, for tests of operations: a warehouse that answers as it is told, and what surrounds it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from gcms_tui.core.dbt_log import DbtLog, Invocation, NodeOutcome
from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import ArtifactError, NodeResult, RunResults
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import HealthReport, Point, Scalar
from gcms_tui.core.identifier import Relation
from gcms_tui.core.query import Answer, Query, Statement, parse_query
from gcms_tui.core.settings import Scd2TableSettings, Settings, SourceSettings

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUERIES = Path(__file__).parents[2] / "queries"

Row = Mapping[str, Scalar]
T = TypeVar("T")
Reply = Callable[[Statement], "tuple[Row, ...]"]


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


class ShippedQueries:
    """The real query library, read from the checkout."""

    def get(self, name: str) -> Query:
        file = QUERIES / f"{name}.sql"
        if not file.is_file():
            raise KeyError(name)
        return parse_query(file.read_text(encoding="utf-8"), f"queries/{name}.sql")


HEALTHY: Mapping[str, tuple[Row, ...]] = {
    "source_freshness": ({"row_count": 10, "last_loaded_at": NOW - HOUR},),
    "payment_fact_freshness": (
        {
            "row_count": 500,
            "last_calculated_at": NOW - HOUR,
            "null_calculated_at": 0,
            "null_net": 0,
            "null_keys": 0,
        },
    ),
    "scd2_integrity": (
        {
            "row_count": 1000,
            "key_count": 400,
            "duplicate_current_keys": 0,
            "no_current_keys": 0,
            "null_keys": 0,
            "null_flags": 0,
            "null_ids": 0,
            "null_begins": 0,
            "rows_sharing_scd_id": 0,
            "inverted": 0,
            "current_but_closed": 0,
            "closed_but_open": 0,
            "overlaps": 0,
        },
    ),
    "scd2_duplicate_keys_sample": (),
    "payroll_totals": (
        {
            "dbt_rows": 500,
            "dbt_total": Decimal("100.10"),
            "source_rows": 500,
            "source_total": Decimal("100.10"),
            "compared": 500,
            "missing_in_source": 0,
            "missing_in_dbt": 0,
            "duplicate": 0,
            "null_amount": 0,
            "amount": 0,
        },
    ),
    "payroll_discrepancies": (),
    "table_columns": (
        {"column_name": "ID", "data_type": "NUMBER"},
        {"column_name": "_AIRBYTE_EXTRACTED_AT", "data_type": "TIMESTAMP_TZ"},
    ),
}


class MemoryWarehouse:
    """Answers by query name; `replies` are asked first and may raise."""

    def __init__(self) -> None:
        self.replies: list[Callable[[Statement], tuple[Row, ...] | None]] = []
        self.asked: list[Statement] = []
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def on(self, query: str, reply: Reply | GcmsError | tuple[Row, ...], table: str = "") -> None:
        """From now on `reply` is the answer to `query`, for one `table` or for all."""

        def answer(statement: Statement) -> tuple[Row, ...] | None:
            if statement.query != query or table not in statement.sql:
                return None
            if isinstance(reply, GcmsError):
                raise reply
            return reply if isinstance(reply, tuple) else reply(statement)

        self.replies.insert(0, answer)

    def read(self, statement: Statement) -> Answer:
        with self._lock:
            self.asked.append(statement)
            number = len(self.asked)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            replies = (answer for reply in self.replies if (answer := reply(statement)) is not None)
            rows = next(replies, None)
            return self._answer(HEALTHY[statement.query] if rows is None else rows, number)
        finally:
            with self._lock:
                self.at_once -= 1

    def close(self) -> None:
        pass

    def names(self) -> list[str]:
        return [statement.query for statement in self.asked]

    def _answer(self, rows: tuple[Row, ...], number: int) -> Answer:
        columns = tuple(rows[0]) if rows else ()
        return Answer(columns, tuple(tuple(row.values()) for row in rows), f"query-{number}", NOW, 5)


@dataclass
class MemoryDbt:
    """A project whose last build, an hour ago, went well. Any of the three may be an error instead."""

    the_results: RunResults | ArtifactError = field(
        default_factory=lambda: RunResults(
            "target/run_results.json",
            "id-1",
            NOW - HOUR,
            "build",
            "prod",
            "v6",
            (NodeResult("model.gcms.fct", "success"), NodeResult("test.gcms.grave", "pass", failures=0)),
        )
    )
    the_manifest: Manifest | ArtifactError = field(
        default_factory=lambda: Manifest(
            "target/manifest.json",
            "v12",
            {
                "test.gcms.grave": Node(
                    "test.gcms.grave", "test", "grave", "grave", ("gcms", "gold", "grave"), frozenset({"critical"})
                ),
                "model.gcms.br_t0_scd2": Node(
                    "model.gcms.br_t0_scd2", "model", "br_t0_scd2", "br_t0_scd2", relation_name="GCMS.BRONZE.BR_T0_SCD2"
                ),
            },
        )
    )
    the_log: DbtLog | ArtifactError = field(
        default_factory=lambda: DbtLog(
            "logs/dbt.log",
            (
                Invocation(
                    "id-1", NOW - HOUR, True, NOW - HOUR, "build", "prod", True,
                    (NodeOutcome("success", "model.gcms.fct", "model"),),
                ),
            ),
        )
    )  # fmt: skip
    artifacts: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    written_at: datetime | None = None
    times_read: dict[str, int] = field(default_factory=dict)

    def run_results(self) -> RunResults:
        return self._read("results", self.the_results)

    def manifest(self) -> Manifest:
        return self._read("manifest", self.the_manifest)

    def log(self) -> DbtLog:
        return self._read("log", self.the_log)

    def results_of(self, invocation_id: str) -> RunResults:
        if isinstance(self.the_results, RunResults) and self.the_results.invocation_id == invocation_id:
            return self.the_results
        raise ArtifactError("No results", f"none of {invocation_id}")

    def left_by(self, invocation_id: str) -> tuple[Path, ...]:
        return self.artifacts.get(invocation_id, ())

    def log_written_at(self) -> datetime | None:
        return self.written_at

    def _read(self, what: str, value: T | ArtifactError) -> T:
        self.times_read[what] = self.times_read.get(what, 0) + 1
        if isinstance(value, ArtifactError):
            raise value
        return value


@dataclass
class MemoryHistory:
    reports: list[HealthReport] = field(default_factory=list)
    error: GcmsError | None = None

    def record(self, report: HealthReport) -> None:
        if self.error:
            raise self.error
        self.reports.append(report)

    def series(self, target: str, name: str, limit: int = 60) -> tuple[Point, ...]:
        if self.error:
            raise self.error
        found = [report.finding(name) for report in self.reports if report.target == target]
        return tuple(Point(item.taken_at, item.verdict, item.value) for item in found if item)[-limit:]


@dataclass
class MemoryLast:
    report: HealthReport | None = None
    error: GcmsError | None = None

    def load(self) -> HealthReport | None:
        return self.report

    def save(self, report: HealthReport) -> None:
        if self.error:
            raise self.error
        self.report = report


def settings(sources: int = 2, scd2: int = 1) -> Settings:
    return Settings(
        sources=tuple(SourceSettings(table=Relation("RAW", f"SUPABASE_T{number}")) for number in range(sources)),
        scd2=tuple(Scd2TableSettings(table=Relation("BRONZE", f"BR_T{number}_SCD2")) for number in range(scd2)),
    )
