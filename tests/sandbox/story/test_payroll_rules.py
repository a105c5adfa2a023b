from __future__ import annotations

from decimal import Decimal

import pytest

from gcms_tui.sandbox.story.payroll import owed
from gcms_tui.sandbox.story.rows import AttendanceState


def entries(*statuses: str) -> list[AttendanceState]:
    return [AttendanceState(1, 2, service, status, None) for service, status in enumerate(statuses, start=1)]


def test_by_the_service_each_service_attended_is_paid_and_nothing_is_deducted() -> None:
    amounts = owed("per_service", Decimal("93.35"), 4, entries("present", "absent", "excused", "present"))

    assert (amounts.attended_services, amounts.required_services) == (2, 4)
    assert (amounts.gross_amount, amounts.deductions, amounts.net_amount) == (
        Decimal("186.70"),
        Decimal("0.00"),
        Decimal("186.70"),
    )


def test_by_the_concert_only_what_was_missed_without_excuse_is_deducted() -> None:
    amounts = owed("per_concert", Decimal("400.00"), 4, entries("present", "absent", "excused", "present"))

    assert (amounts.gross_amount, amounts.deductions, amounts.net_amount) == (
        Decimal("400.00"),
        Decimal("100.00"),
        Decimal("300.00"),
    )


@pytest.mark.parametrize(
    ("rate", "missed", "required", "deductions"),
    [
        ("150.10", 1, 4, "37.53"),  # 37.525, which binary floating point holds as a little less
        ("433.35", 1, 6, "72.23"),  # 72.225
        ("100.00", 1, 3, "33.33"),
        ("100.00", 2, 3, "66.67"),
        ("437.45", 6, 6, "437.45"),
    ],
)
def test_deductions_are_rounded_half_up_to_the_cent(rate: str, missed: int, required: int, deductions: str) -> None:
    statuses = ["absent"] * missed + ["present"] * (required - missed)

    amounts = owed("per_concert", Decimal(rate), required, entries(*statuses))

    assert amounts.deductions == Decimal(deductions)
    assert amounts.net_amount == Decimal(rate) - Decimal(deductions)


def test_who_never_came_is_owed_nothing() -> None:
    for pay_type in ("per_service", "per_concert"):
        assert owed(pay_type, Decimal("123.45"), 4, entries(*["absent"] * 4)).net_amount == 0
