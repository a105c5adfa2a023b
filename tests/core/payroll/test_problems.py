"""What in a concert's payments must not be paid, and what is only looked at by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from gcms_tui.core.payroll.freezing import control_totals
from gcms_tui.core.payroll.payment import Payment, number_of
from gcms_tui.core.payroll.problems import accuracy_problems, payment_problems
from tests.operations.memory import NOW

SOUND = Payment(
    concert_id="7",
    musician_id="4",
    pay_type="per_concert",
    attended_services=4,
    required_services=5,
    gross_amount=Decimal("100.00"),
    deductions=Decimal("20.00"),
    net_amount=Decimal("80.00"),
    calculated_at=NOW,
    full_name="Ada Lovelace",
    email="ada@example.org",
    concert="Sibelius 2",
)
OTHER = replace(SOUND, musician_id="5")


def sums(gross: str, deductions: str, net: str) -> dict[str, Any]:
    return dict(gross_amount=Decimal(gross), deductions=Decimal(deductions), net_amount=Decimal(net))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"musician_id": ""}, "without a musician or a concert"),
        ({"concert_id": ""}, "without a musician or a concert (musician 4)"),
        ({"pay_type": None}, "without a pay type"),
        ({"pay_type": " "}, "without a pay type"),
        ({"gross_amount": None}, "not filled in"),
        ({"deductions": None}, "not filled in"),
        ({"net_amount": None}, "not filled in"),
        ({"net_amount": 80.0}, "no exact number"),
        ({"net_amount": Decimal("NaN")}, "no exact number"),
        ({"gross_amount": Decimal("Infinity")}, "no exact number"),
        (sums("100.00", "20.00", "80.01"), "net is not gross less deductions"),
        (sums("1" + "0" * 30, "0.01", "1" + "0" * 30), "net is not gross less deductions"),
        (sums("10.00", "20.00", "-10.00"), "below nothing"),
        (sums("100.005", "20.005", "80.00"), "part of a cent"),
        ({"pay_type": "per_service"}, "by the service, and yet with deductions"),
        ({"attended_services": 6}, "more services than were asked for"),
        ({"attended_services": None}, "without a number of services"),
        ({"required_services": None}, "without a number of services"),
        ({"musician_matches": 0, "full_name": None}, "whom the dimension does not know"),
        ({"musician_matches": 2}, "whom the dimension has more than once"),
        ({"concert_matches": 0}, "the dimension does not know"),
        ({"concert_matches": 2}, "the dimension has more than once"),
    ],
)
def test_what_must_not_be_paid_is_told_with_the_musicians_id_and_nothing_personal(
    change: dict[str, Any], said: str
) -> None:
    [problem] = payment_problems([replace(SOUND, **change), OTHER])
    assert said in problem
    assert problem.startswith("1 payment ")
    assert not any(personal in problem for personal in ("Ada", "example.org", "80", "100"))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"email": None},
        sums("20.00", "20.00", "0.00"),
        sums("100", "20", "80"),
        sums("1e2", "20.0000", "80.000"),
        {**sums("33.33", "0", "33.33"), "pay_type": "per_service"},
        {"attended_services": 5},
    ],
)
def test_a_sound_payment_a_net_of_zero_and_a_missing_address_stop_nothing(change: dict[str, Any]) -> None:
    assert payment_problems([replace(SOUND, **change), OTHER]) == ()


def test_a_musician_who_would_be_paid_twice_and_a_concert_without_musicians_stop_it() -> None:
    assert payment_problems([SOUND, SOUND, OTHER]) == ("1 musician paid more than once (musician 4)",)
    assert payment_problems([]) == ("the concert has no payments",)


def test_many_are_counted_and_few_named_and_ids_are_only_text() -> None:
    many = [replace(SOUND, musician_id=str(number), net_amount=None) for number in range(9)]
    assert payment_problems(many) == (
        "9 payments with an amount that is not filled in (musicians 0, 1, 2, 3, 4 and 4 more)",
    )
    [problem] = payment_problems([replace(SOUND, musician_id="a\x1b[31m\n" + "x" * 99, net_amount=None)])
    assert "\x1b" not in problem
    assert len(problem) < 120


def test_a_rate_that_rounds_comes_to_the_cent_over_twenty_thousand_payments() -> None:
    """A third of a hundred, rounded for each payment: what is summed is what is paid."""
    share = (Decimal(100) / 3).quantize(Decimal("0.01"))
    payments = [
        replace(SOUND, musician_id=str(number), **sums("100.00", str(share), str(100 - share)))
        for number in range(20_000)
    ]
    assert payment_problems(payments) == ()
    totals = control_totals(payments)
    assert totals.net == Decimal("66.67") * 20_000 == totals.gross - totals.deductions


def row(musician: int | None, problem: str, total: int = 3) -> dict[str, Any]:
    return {"musician_id": musician, "problem": problem, "total_problems": total, "difference": Decimal("12.34")}


def test_disagreement_with_supabase_is_told_both_ways_without_amounts() -> None:
    rows = [row(4, "amount"), row(5, "missing_in_source"), row(None, "missing_in_dbt")]
    [problem] = accuracy_problems(rows)
    assert problem == (
        "dbt and Supabase do not agree on 3 payments: 1 with different amounts (musician 4), 1 that dbt does not know, "
        "1 that Supabase does not know (musician 5)"
    )
    assert accuracy_problems([]) == ()
    assert "900 payments" in accuracy_problems([row(4, "of a new kind", 900)])[0]


@pytest.mark.parametrize(
    ("musician", "number"), [("0033", 33), ("x-1", None), ("\u0663", None), ("9" * 38, int("9" * 38)), ("9" * 39, None)]
)
def test_an_id_counts_as_the_number_that_it_is_and_no_longer_than_the_warehouse_has(
    musician: str, number: int | None
) -> None:
    assert number_of(musician) == number
