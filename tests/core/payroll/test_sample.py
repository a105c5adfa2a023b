"""Which payments are looked at by hand, and why."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from gcms_tui.core.payroll.payment import Payment
from gcms_tui.core.payroll.sample import (
    OF_ONE_REASON,
    Drawn,
    Earlier,
    Previous,
    Reason,
    by_lot,
    changed,
    draw,
    risks_of,
)

QUARTER = Decimal("25.0")
SEED = "ab12"


def pay(musician: int | str, net: str | None = "100.00", **other: Any) -> Payment:
    amount = None if net is None else Decimal(net)
    plain = Payment("7", str(musician), "per_service", 4, 5, amount, Decimal(0), amount, None, email="m@example.org")
    return replace(plain, **other)


def last(net: str | None = "100.00") -> Previous:
    return Previous("6", date(2026, 1, 1), None if net is None else Decimal(net))


def drawn(payments: list[Payment], earlier: Earlier | None = None, rows: int = 10) -> Drawn:
    known = {item.musician_id: last() for item in payments} if earlier is None else earlier
    return draw(payments, SEED, known, rows=rows, change_percent=QUARTER)


def test_the_lot_is_the_md5_of_the_seed_and_the_id_whatever_the_order() -> None:
    payments = [pay(number) for number in range(1, 60)]
    expected = sorted(range(1, 60), key=lambda number: hashlib.md5(f"{SEED}:{number}".encode()).hexdigest())[:10]
    assert by_lot(payments, SEED, 10) == tuple(map(str, expected))
    shuffled = random.Random(4).sample(payments, len(payments))
    assert drawn(shuffled) == drawn(payments)
    assert by_lot(payments, "cd34", 10) != by_lot(payments, SEED, 10)


@pytest.mark.parametrize(
    ("payment", "previous", "reasons"),
    [
        (pay(1), last(), ()),
        (pay(1, "0.00"), last("0"), (Reason.ZERO,)),
        (pay(1, "0.00"), last(), (Reason.ZERO, Reason.CHANGED)),
        (pay(1, "-0.01"), last("-0.01"), (Reason.NEGATIVE,)),
        (pay(1, None), last(), (Reason.NO_AMOUNT, Reason.CHANGED)),
        (pay(1), last(None), (Reason.CHANGED,)),
        (pay(1), None, (Reason.NEW_PAY_TYPE,)),
        (pay(1, email=None), last(), (Reason.NO_EMAIL,)),
        (pay(1, email=" \t"), last(), (Reason.NO_EMAIL,)),
        (pay(1, attended_services=2), last(), (Reason.FEW_SERVICES,)),
        (pay(1, attended_services=2, required_services=4), last(), ()),
        (pay(1, attended_services=None), last(), (Reason.FEW_SERVICES,)),
        (pay(1, attended_services=0, required_services=0), last(), ()),
        (pay(1, "-5", email=""), last(), (Reason.NEGATIVE, Reason.CHANGED, Reason.NO_EMAIL)),
    ],
)
def test_what_makes_a_payment_a_risk(payment: Payment, previous: Previous | None, reasons: tuple[Reason, ...]) -> None:
    assert risks_of(payment, {"1": previous}, QUARTER) == reasons


def test_who_was_never_paid_before_is_new() -> None:
    assert risks_of(pay(1), {"2": last()}, QUARTER) == (Reason.NEW_PAYEE,)


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        ("125.00", "100.00", False),
        ("125.01", "100.00", True),
        ("75.00", "100.00", False),
        ("74.99", "100.00", True),
        ("0.01", "0.00", True),
        ("0.00", "0.000", False),
        ("-100", "100", True),
        ("-120", "-100", False),
        (None, "1", True),
        (f"1{'0' * 36}.01", f"1{'0' * 36}.00", False),
    ],
)
def test_a_change_is_one_beyond_the_threshold(now: str | None, before: str, told: bool) -> None:
    assert changed(None if now is None else Decimal(now), Decimal(before), QUARTER) is told


def test_no_percent_allows_no_change_at_all() -> None:
    assert changed(Decimal(f"1{'0' * 36}.01"), Decimal(f"1{'0' * 36}.00"), Decimal(0))


def test_the_sample_comes_first_then_the_risks_by_id_each_with_all_its_reasons() -> None:
    payments = [pay(number, str(number)) for number in range(1, 41)]
    payments[8] = pay(9, "9", email=None)
    known = {str(number): last(str(number)) for number in range(1, 41)}
    found = drawn(payments, known, rows=4).rows
    lot = by_lot(payments, SEED, 4)
    assert tuple(item.row for item in found[:4]) == lot
    assert all(item.reasons[0] == "sample" for item in found[:4])
    others = {item.row: item.reasons for item in found[4:]}
    assert list(others) == sorted({"9", "38", "39", "40"} - set(lot), key=int)
    both = {item.row: item.reasons for item in found}
    assert both["9"][-1] == "no e-mail" and "largest" in both["40"]
    chosen = drawn([pay(number, email="") for number in (1, 2)], rows=4).rows
    assert {item.reasons for item in chosen} == {("sample", "largest", "no e-mail")}


@pytest.mark.parametrize("rows", [0, -3, 10, 1_000])
def test_a_small_concert_is_drawn_whole_and_an_empty_one_not_at_all(rows: int) -> None:
    small = drawn([pay(number) for number in (10, 9, 8)], rows=rows)
    assert {item.row for item in small.rows} == {"8", "9", "10"}
    if rows <= 0:
        assert [item.row for item in small.rows] == ["8", "9", "10"]
    assert drawn([], rows=rows) == Drawn((), ())


def test_of_twenty_thousand_new_payees_some_are_drawn_and_all_are_told() -> None:
    payments = [pay(number, f"{number}.00") for number in range(1, 20_001)]
    payments[4] = pay(5, "5.00", email=None)
    payments[6] = pay(7, "-7.00")
    found = drawn(payments, {})
    rows = {item.row: item.reasons for item in found.rows}
    assert 30 <= len(rows) <= 10 + 2 + OF_ONE_REASON
    assert {str(number) for number in range(20_000 - OF_ONE_REASON + 1, 20_001)} <= set(rows)
    assert rows["5"] == ("new payee", "no e-mail") and rows["7"] == ("negative", "new payee")
    [new] = [risk for risk in found.risks if risk.reason == "new payee"]
    assert (new.found, new.drawn) == (20_000, len(rows))
    assert f"20,000, of which {len(rows)} were drawn: the {OF_ONE_REASON} largest amounts" in new.words
    [negative] = [risk for risk in found.risks if risk.reason == "negative"]
    assert negative.words == "negative: 1, all drawn"


def test_an_amount_that_is_not_filled_in_is_drawn_before_the_largest() -> None:
    payments = [pay(number, f"-{number}") for number in range(1, 100)] + [pay(500, None)]
    found = draw(payments, SEED, {}, rows=0, change_percent=QUARTER)
    assert "500" in {item.row for item in found.rows}
    negative = {item.row for item in found.rows if "negative" in item.reasons}
    assert {str(number) for number in range(80, 100)} <= negative
