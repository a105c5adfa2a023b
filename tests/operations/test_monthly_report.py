"""The monthly audit: counts and totals of what is there, UNKNOWN of what is not, and no single person's amount."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import ArtifactError
from gcms_tui.core.errors import GcmsError, MissingRelation, Unavailable
from gcms_tui.core.payroll_accuracy import PROBLEMS
from gcms_tui.core.procedures.cadence import Calendar, calendar
from gcms_tui.core.reports.monthly import markdown
from gcms_tui.core.run import Person
from gcms_tui.core.run_trend import NodeTrend, Trend
from gcms_tui.core.scd2.corrections import Month, Review
from gcms_tui.core.settings import Settings
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.reports.monthly import MonthlyReview
from tests.operations.memory import NOW, MemoryDbt, MemoryWarehouse, Row, ShippedQueries
from tests.operations.procedures.scene import MemoryHealth

NODE = NodeTrend("model.g.fct", "fct_musician_payment", "model", 9, 2.0, 3.0, 3.5, 2.5, False, (2.0, 2.5))
ELEMENTARY = Manifest(
    "manifest.json",
    "v12",
    {
        "model.elementary.dbt_run_results": Node(
            "model.elementary.dbt_run_results", "model", "dbt_run_results", "dbt_run_results",
            relation_name="GCMS.ELEMENTARY.DBT_RUN_RESULTS",
        )
    },
)  # fmt: skip


@dataclass
class Audit:
    """What the audit reads."""

    warehouse: MemoryWarehouse = field(default_factory=MemoryWarehouse)
    health: MemoryHealth = field(default_factory=MemoryHealth)
    project: MemoryDbt = field(default_factory=MemoryDbt)
    trend: Trend | GcmsError = field(default_factory=lambda: Trend(NOW, 9, (NODE,), "K1 99 %", "K2 100 %"))
    rows: int = 100
    reviewed: list[timedelta] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    no_tables: GcmsError | None = None
    calendar: Calendar = field(default_factory=lambda: calendar("UTC", ()))
    now: datetime = NOW

    def review(self, name: str, tolerance: timedelta = timedelta()) -> Review:
        self.reviewed.append(tolerance)
        if name == "gone":
            raise MissingRelation("No such table", "BRONZE.GONE")
        return Review("bronze." + name, tolerance, self.rows, (Month(date(2026, 2, 1), 7, 5),), NOW)

    def keep(self, name: str, text: str) -> str:
        self.kept[name] = text
        return f"/state/reports/{name}.md"

    def _trend(self, window: timedelta) -> Trend:
        if isinstance(self.trend, GcmsError):
            raise self.trend
        return self.trend

    def _tables(self) -> tuple[str, ...]:
        if self.no_tables:
            raise self.no_tables
        return ("br_attendance_scd2",)

    def report(self, tables: Callable[[], tuple[str, ...]] | None = None) -> MonthlyReview:
        return MonthlyReview(
            Settings(),
            "prod/eu",
            health=self.health,
            tables=tables or self._tables,
            corrections=self,
            trend=self._trend,
            warehouse=self.warehouse,
            queries=ShippedQueries(),
            project=self.project,
            shelf=self,
            person=Person("ana", "ops-1"),
            clock=lambda: self.now,
            calendar=self.calendar,
        )


def disagreeing(count: int) -> tuple[Row, ...]:
    return tuple(
        {
            "concert_id": 33, "musician_id": 100 + number, "dbt_calculated": Decimal("777.77"),
            "source_recorded": Decimal("111.11"), "difference": Decimal("666.66"), "problem": "amount",
            "total_problems": count,
        }
        for number in range(count)
    )  # fmt: skip


@pytest.mark.covers("Monthly 1", "Monthly 2", "Monthly 3", "Monthly 4")
def test_all_four_reviews_are_in_one_document() -> None:
    audit = Audit(project=MemoryDbt(the_manifest=ELEMENTARY))
    audit.warehouse.on(
        "model_timings_elementary",
        ({"model": "model.g.fct", "run_count": 9, "average_s": Decimal("2.0"), "p95_s": Decimal("3.0"),
          "maximum_s": Decimal("3.5")},),
    )  # fmt: skip
    outcome = audit.report().look(None)

    ((name, text),) = audit.kept.items()
    assert name == "audit-prod-eu-2026-03-01"
    assert outcome.verdict is Verdict.OK
    assert outcome.ids == {"report": f"/state/reports/{name}.md"}
    shown = text.replace("\\", "")
    for said in ("# Data quality audit 2026-03", "Result: **OK**", "scd2.br_attendance_scd2", "| 2026-02 | 7 | 5 |",
                 "| dbt | 500 | 100.10 |", "| Supabase | 500 | 100.10 |", "fct_musician_payment", "**elementary**",
                 "dbt_artifacts**: the project does not have it"):  # fmt: skip
        assert said in shown
    assert audit.reviewed == [timedelta(minutes=1440)]
    assert "100.10" not in outcome.words


def test_discrepancies_are_counted_by_class_and_concert_and_nobodys_amount_is_in_it() -> None:
    audit = Audit()
    audit.warehouse.on("payroll_discrepancies", disagreeing(3))
    made = audit.report().gather()
    text = markdown(made)

    assert made.verdict is Verdict.FAIL
    assert "| 33 | with different amounts | 3 |" in text
    for amount in ("777.77", "111.11", "666.66", "101"):
        assert amount not in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda audit: setattr(audit, "rows", 0), "UNKNOWN: the table is empty"),
        (lambda audit: setattr(audit, "trend", Unavailable("No runs", "disk")), "UNKNOWN: No runs: disk"),
        (lambda audit: setattr(audit, "trend", Trend(NOW, 0, (), "", "")), "no run is known"),
        (lambda audit: setattr(audit, "no_tables", GcmsError("None known", "dbt parse")), "UNKNOWN: None known"),
        (lambda audit: audit.warehouse.on("payroll_totals", Unavailable("No link", "gone")), "UNKNOWN: No link: gone"),
        (lambda audit: audit.health.bad.update({"metric.scd2": Verdict.UNKNOWN}), "| metric.scd2 | UNKNOWN |"),
    ],
)
def test_what_could_not_be_looked_at_is_unknown_and_takes_nothing_else_away(
    change: Callable[[Audit], object], said: str
) -> None:
    audit = Audit()
    change(audit)
    made = audit.report().gather()
    assert made.verdict is Verdict.UNKNOWN
    assert ("late corrections not known" in made.words) is not any(review.known for review in made.corrections)
    assert said in markdown(made).replace("\\", "")
    assert all(f"## {number} " in markdown(made) for number in (1, 2, 3, 4))


def test_a_table_that_cannot_be_read_and_a_project_without_a_manifest_are_told() -> None:
    audit = Audit(project=MemoryDbt(the_manifest=ArtifactError("No manifest", "run dbt parse")))
    made = audit.report(lambda: ("br_attendance_scd2", "gone")).gather()
    assert [table for table, _ in made.uncorrected] == ["gone"]
    assert "late corrections in 1 of 2 tables" in made.words
    assert "not known whether they are there" in markdown(made)
    assert made.verdict is Verdict.UNKNOWN


def test_the_month_and_the_day_are_those_of_the_runbooks_clocks() -> None:
    audit = Audit(calendar=calendar("Pacific/Auckland", ()), now=datetime(2026, 5, 31, 21, 0, tzinfo=UTC))
    audit.report().look(None)
    ((name, text),) = audit.kept.items()
    assert name == "audit-prod-eu-2026-06-01"  # a first Monday there, and still May by UTC
    assert text.startswith("# Data quality audit 2026-06\n")
    assert "Mon 2026-06-01 09:00 Pacific/Auckland" in text.replace("\\", "")


@pytest.mark.covers("Monthly 3")
def test_a_payroll_of_nothing_is_not_compared() -> None:
    audit = Audit()
    sides = ("dbt_rows", "dbt_total", "source_rows", "source_total", "compared")
    audit.warehouse.on("payroll_totals", (dict.fromkeys((*sides, *PROBLEMS), 0),))
    audit.warehouse.on("payroll_discrepancies", ())
    made = audit.report().gather()
    assert made.verdict is Verdict.UNKNOWN and "payroll not compared" in made.words
    assert "UNKNOWN: 0 payments compared" in markdown(made)
