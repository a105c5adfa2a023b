"""A payroll beside the one before."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from gcms_tui.core.payroll.payment import Payment
from gcms_tui.core.payroll.sample import Risk
from gcms_tui.core.payroll.variance import Variance, VarianceLine, compare
from tests.core.payroll.test_sample import pay

QUARTER = Decimal("25.0")
RISKS = (Risk("new payee", 7, 3), Risk("changed", 2, 2))


def beside(now: list[Payment], before: list[Payment] | None) -> Variance:
    return compare(now, before, "6 Mahler, 2026-01-01", RISKS, QUARTER)


def test_every_figure_has_its_difference_and_percent() -> None:
    now = [pay(1, "150.00"), pay(2, "50.00"), pay(3, "30.00", pay_type="per_concert")]
    found = beside(now, [pay(1, "100.00"), pay(9, "60.00"), pay(8, "0.00", pay_type="extra")])
    lines = {(line.pay_type, line.what): (line.difference, line.percent) for line in found.lines}
    assert lines["", "payments"] == (Decimal(0), Decimal("0.0"))
    assert lines["", "musicians"] == (Decimal(0), Decimal("0.0"))
    assert lines["", "net"] == (Decimal("70.00"), Decimal("43.8"))
    assert lines["", "deductions"] == (Decimal(0), None)
    assert lines["per_service", "net"] == (Decimal("40.00"), Decimal("25.0"))
    assert lines["per_concert", "net"] == (Decimal("30.00"), None)
    assert lines["extra", "payments"] == (Decimal(-1), Decimal("-100.0"))
    assert [line.pay_type for line in found.lines] == [""] * 5 + ["extra"] * 4 + ["per_concert"] * 4 + [
        "per_service"
    ] * 4
    assert (found.joined, found.dropped, found.new_payees, found.changed) == (2, 2, 7, 2)


def test_without_a_payroll_before_there_is_nothing_to_divide_by() -> None:
    found = beside([pay(1)], None)
    assert found.before is None and (found.joined, found.dropped) == (0, 0)
    assert {(line.before, line.difference, line.percent) for line in found.lines} == {(None, None, None)}
    assert Variance.read(json.loads(json.dumps(found.document()))) == found


@pytest.mark.parametrize(
    ("now", "before", "percent"),
    [
        ("10", "-10", "200.0"),
        ("-20", "-10", "-100.0"),
        ("0", "0", None),
        ("1", "3", "-66.7"),
        (f"2{'0' * 37}", f"1{'0' * 37}", "100.0"),
    ],
)
def test_the_percent_is_of_what_it_was(now: str, before: str, percent: str | None) -> None:
    line = VarianceLine("", "net", Decimal(now), Decimal(before))
    assert line.percent == (None if percent is None else Decimal(percent))


def test_its_document_reads_back_exactly_and_names_nobody() -> None:
    now = [pay(1, "0.10", full_name="Ada Byron"), pay(2, "99.91", full_name="Bo Li"), pay(77_001, "7.77")]
    found = beside(now, [pay(3, "1.13"), pay(4, "2.23")])
    text = json.dumps(found.document())
    assert Variance.read(json.loads(text)) == found
    assert not any(one in text for one in ("Ada", "example.org", "77001", "0.10", "99.91", "7.77", "1.13", "2.23"))
    assert '"words": "new payee: 7, of which 3 were drawn' in text
