"""The plans of a payroll in lines for people: what is recorded as paid, and what is archived."""

from __future__ import annotations

from gcms_tui.cli.scd2_plan import plan_lines
from gcms_tui.core.query import Access, Statement
from gcms_tui.core.run import Person
from gcms_tui.core.writing.plan import Plan, PlanKind, Row, RowChange, Step
from tests.operations.memory import NOW

WRITE = Statement("q", "queries/q.sql", "UPDATE x", access=Access.WRITE)


def plan(kind: PlanKind, rows: int | None, *changes: RowChange) -> Plan:
    return Plan(
        kind, "prod", "public.payment", "pay-1", "7", (Step(WRITE, rows),), NOW, Person("erin", "ops-1"),
        changes=changes, reason="2,000.00 in all\x1b[31m",
    )  # fmt: skip


def test_a_day_of_payment_is_a_day_and_no_moment() -> None:
    before = Row.of({"paid": None, "payment_date": None, "payments": "1200"})
    change = RowChange("1,200 payments", before, before.but(paid=True, payment_date="2026-03-01"), "signed")
    told = list(plan_lines(plan(PlanKind.MARK_PAID, 1200, change)))
    assert told[1:5] == [
        "  2,000.00 in all",
        "  1,200 payments: signed",
        "    paid: NULL -> true",
        "    payment_date: NULL -> 2026-03-01",
    ]
    assert "  1,200 rows by:" in told


def test_what_touches_no_rows_counts_none() -> None:
    told = list(plan_lines(plan(PlanKind.ARCHIVE, None)))
    assert "  by:" in told and not [line for line in told if "None" in line]
