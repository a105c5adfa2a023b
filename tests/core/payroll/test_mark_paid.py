"""What Supabase holds is exactly what was signed, or it is said what is not, and nobody's amount is told."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.payroll.freezing import control_totals
from gcms_tui.core.payroll.mark_paid import (
    Entries,
    HeldPayment,
    content_of,
    held_payments,
    match,
    recorded_on,
    require_date,
    require_unpaid,
)
from gcms_tui.core.payroll.payment import ControlTotals, Payment
from gcms_tui.core.query import Answer

DAY, NOW = date(2026, 3, 1), datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
COLUMNS = ("payment_id", "musician_id", "net_amount", "paid", "payment_date")


def held(musician: str, net: str = "10.01", **other: Any) -> HeldPayment:
    return replace(HeldPayment(f"p{musician}", musician, Decimal(net), False, None), **other)


def totals(entries: Entries) -> ControlTotals:
    return control_totals(
        [Payment("7", musician, None, 1, 1, amount, Decimal(0), amount, None) for musician, amount in entries]
    )


ENTRIES: tuple[tuple[str, Decimal], ...] = tuple((str(number), Decimal("10.01")) for number in range(1, 31))
HELD = tuple(held(musician) for musician, _ in ENTRIES)


def guard(do: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        do()
    assert "10.0" not in str(caught.value) and "10.5" not in str(caught.value)
    return caught.value


def test_each_entry_has_its_payment_whatever_their_order_and_their_scale() -> None:
    shuffled = [*HELD, held("99", "1")]
    random.Random(7).shuffle(shuffled)
    shuffled[shuffled.index(held("5"))] = held("5", "10.0100")
    matched = match(ENTRIES[::-1], totals(ENTRIES), shuffled)
    assert {item.musician_id for item in matched.payments} == {musician for musician, _ in ENTRIES}
    assert matched.further == ("99",) and not matched.all_paid
    require_unpaid(matched)
    assert "10.01" not in repr(matched) + repr(HELD)


@pytest.mark.parametrize(
    ("found", "expected", "named"),
    [
        ((), "nothing_visible", ()),
        (HELD[1:], "ids", ("no payment of 1,",)),
        (HELD[:-12], "ids", ("19, 20, 21, 22, 23, 24, 25, 26, 27, 28 and 2 more",)),
        ((*HELD, held("4", payment_id="again")), "ids", ("more than one payment of 4,",)),
        ((*HELD[2:], HELD[2]), "ids", ("no payment of 1, 2", "more than one payment of 3,")),
        ((held("1", "10.02"), *HELD[1:]), "sum", ("payments of 1,",)),
        ((held("1", "10.011"), *HELD[1:]), "sum", ("payments of 1,",)),
        ((held("1", net_amount=None), *HELD[1:]), "sum", ("payments of 1,",)),
        ((held("1", net_amount=Decimal("NaN")), *HELD[1:]), "sum", ("payments of 1,",)),
        ((held("1", "10.00"), held("2", "10.02"), *HELD[2:]), "sum", ("payments of 1, 2,",)),
    ],
)
def test_what_differs_is_named_by_musician(
    found: tuple[HeldPayment, ...], expected: str, named: tuple[str, ...]
) -> None:
    refused = guard(lambda: match(ENTRIES, totals(ENTRIES), found))
    assert refused.guard == expected and all(name in refused.message for name in named)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (ENTRIES[1:], "sum"),
        ((("1", Decimal("10.02")), *ENTRIES[1:]), "sum"),
        ((*ENTRIES[1:], ENTRIES[1]), "ids"),
        ((("31", Decimal("10.01")), *ENTRIES[1:]), "ids"),
    ],
)
def test_entries_that_are_not_what_was_signed_are_not_recorded(entries: Entries, expected: str) -> None:
    assert guard(lambda: match(entries, totals(ENTRIES), HELD)).guard == expected


def test_sums_are_exact_however_large() -> None:
    huge = Decimal("12345678901234567890123456789012345.67")
    entries = (("1", huge), ("2", Decimal("0.01")))
    rows = (held("1", str(huge)), held("2", "0.01"))
    assert match(entries, totals(entries), rows).payments
    short = replace(totals(entries), net=huge)
    with pytest.raises(Refused):
        match(entries, short, rows)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({}, "not_recorded"),
        ({"3": DAY, "1": DAY}, "partly_paid"),
        (dict.fromkeys(map(str, range(1, 30)), DAY), "partly_paid"),
        ({**dict.fromkeys(map(str, range(1, 31)), DAY), "7": date(2026, 2, 1)}, "date"),
        (dict.fromkeys(map(str, range(1, 31)), None), "date"),
        (dict.fromkeys(map(str, range(1, 31)), DAY), ""),
    ],
)
def test_it_is_recorded_where_all_are_paid_on_one_day(states: dict[str, date | None], expected: str) -> None:
    rows = [replace(item, paid=item.musician_id in states, payment_date=states.get(item.musician_id)) for item in HELD]
    matched = match(ENTRIES, totals(ENTRIES), rows)
    assert matched.all_paid is (len(states) == len(HELD))
    if expected:
        assert guard(lambda: recorded_on(matched)).guard == expected
    else:
        assert recorded_on(matched) == DAY
    if states:
        assert guard(lambda: require_unpaid(matched)).guard == "partly_paid"


@pytest.mark.parametrize(
    ("day", "concert", "fine"),
    [
        (DAY, None, True), (date(2026, 3, 2), None, True), (date(2026, 3, 3), None, False), (DAY, DAY, True),
        (date(2026, 2, 28), DAY, False), (date(1926, 3, 1), None, True),
    ],
)  # fmt: skip
def test_nobody_has_paid_tomorrow_or_before_the_concert(day: date, concert: date | None, fine: bool) -> None:
    if fine:
        require_date(day, NOW, concert)
    else:
        assert guard(lambda: require_date(day, NOW, concert)).guard == "date"


def test_rows_are_read_as_they_are_and_a_float_is_no_money() -> None:
    rows = (("p1", "1", Decimal("1.10"), None, None), ("p2", None, 7, True, DAY), ("p3", "3", None, False, None))
    found = held_payments(Answer(COLUMNS, rows, None, NOW, 1))
    assert found == (
        HeldPayment("p1", "1", Decimal("1.10"), None, None),
        HeldPayment("p2", "", Decimal(7), True, DAY),
        HeldPayment("p3", "3", None, False, None),
    )
    with pytest.raises(GcmsError, match="float") as caught:
        held_payments(Answer(COLUMNS, (("p1", "1", 1.1, True, None),), None, NOW, 1))
    assert "1.1" not in str(caught.value)


rows = st.lists(
    st.builds(
        HeldPayment,
        st.text("ab1é", min_size=1, max_size=3),
        st.sampled_from(["1", "2"]),
        st.sampled_from([None, Decimal("1.1"), Decimal("1.10"), Decimal(0)]),
        st.none(),
        st.none(),
    ),
    max_size=4,
    unique_by=lambda item: item.payment_id,
)


@given(rows, rows, st.randoms())
def test_the_hash_tells_ids_and_amounts_apart_and_no_order(
    one: list[HeldPayment], other: list[HeldPayment], dice: random.Random
) -> None:
    shuffled = list(one)
    dice.shuffle(shuffled)
    assert content_of(one) == content_of(shuffled)

    def texts(items: list[HeldPayment]) -> list[str]:
        return sorted(f"{item.payment_id} {item.musician_id} {item.net_amount}" for item in items)

    assert (content_of(one) == content_of(other)) is (texts(one) == texts(other))
