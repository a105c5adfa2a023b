"""Names, addresses and amounts that nobody is paid by."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll.addresses import judge, masked_names, require_addresses, require_payable
from gcms_tui.core.payroll.payment import Payment
from tests.core.payroll.test_export_file import payment


@pytest.mark.parametrize(
    "email, found",
    [
        ("anna.berg@gcms.example", ""),
        ("a+b_c@sub.domain.org", ""),
        ("x@x.org", ""),
        ("jürgen@bücher.example", ""),
        (None, "missing"),
        ("", "missing"),
        (" \t", "missing"),
        ("***", "masked"),
        ("a***@example.org", "masked"),
        ("*@*", "masked"),
        ("•••@example.org", "masked"),
        ("xxxxx@example.org", "masked"),
        ("XXX@XXX.XX", "masked"),
        ("masked", "masked"),
        ("Masked@example.org", "masked"),
        ("<redacted>", "masked"),
        ("unknown@example.org", "masked"),
        ("no-email@example.org", "masked"),
        ("5e884898da28047151d0e56f8dc62927", "masked"),
        ("anna", "malformed"),
        ("anna@", "malformed"),
        ("@example.org", "malformed"),
        ("anna@localhost", "malformed"),
        ("anna@ex ample.org", "malformed"),
        ("anna@example..org", "malformed"),
        ("anna@@example.org", "malformed"),
        ("anna@example.org,berta@example.org", "malformed"),
        ("anna@example.org ", "malformed"),
        ("anna@example.org\n", "malformed"),
        ("an\u202ena@example.org", "malformed"),
        ("=1@example.org", "malformed"),
        ("-anna@example.org", "malformed"),
        ("z" * 250 + "@example.org", "malformed"),
    ],
)
def test_an_address_is_judged(email: str | None, found: str) -> None:
    judged = judge([payment("1", email=email), payment("2")])
    assert [kind for kind in judged.__slots__ if getattr(judged, kind)] == ([found] if found else [])


def test_different_people_have_different_addresses() -> None:
    emails = {"1": "anna@example.org", "2": "ANNA@example.org", "3": "ａnna@example.org", "4": "else@example.org"}
    found = judge([payment(musician, email=email) for musician, email in emails.items()])
    assert found.repeated == ("1", "2", "3")
    assert judge([payment("1"), payment("1")]).repeated == ()


@pytest.mark.parametrize(
    "name, hidden",
    [
        (None, True), (" ", True), ("***", True), ("A*** B***", True), ("*** ***", True), ("xxxxx", True),
        ("XXX XXX", True), ("Masked", True), ("MASKED MASKED", True), ("<redacted>", True), ("█████", True),
        ("Anna Berg", False), ("Xx Li", False), ("=HYPERLINK(1)", False), ("-2", False), ("+1", False),
        ("Gal·la Null", False), ("O", False), ("\u05d0\u202e\u05d1", False), ("Tom Mask", False),
    ],
)  # fmt: skip
def test_a_name_that_looks_masked(name: str | None, hidden: bool) -> None:
    assert masked_names([payment("1", full_name=name), payment("2"), payment("3")]) == (("1",) if hidden else ())


def test_one_name_for_most_of_them_is_a_mask_and_namesakes_are_none() -> None:
    names = ["Musician", "Musician", "Musician", "Anna Berg", "Anna Berg"]
    assert masked_names([payment(str(number), full_name=name) for number, name in enumerate(names)]) == ("0", "1", "2")


def refused(payments: list[Payment], looked_at: tuple[str, ...] = ()) -> Refused | None:
    try:
        require_payable(payments)
        require_addresses("pay-1", payments, looked_at)
    except Refused as error:
        return error
    return None


def test_who_has_no_address_is_let_through_where_a_person_said_so_and_no_wrong_address_is() -> None:
    assert refused([payment("1", email=None), payment("2")], ("1",)) is None
    error = refused([payment("1", email=None), payment("2", email=None)], ("1",))
    assert error is not None and error.guard == "email"
    assert "missing: 1 musician (2)" in error.message and "spot-check pay-1 --row 2 --ok" in error.next_step
    for wrong in ("***", "anna", "m2@example.org"):
        error = refused([payment("1", email=wrong), payment("2")], ("1", "2"))
        assert error is not None and error.guard == "email"


def test_a_refusal_names_ten_musicians_how_many_there_are_and_nothing_of_them() -> None:
    people = [payment(str(number), email="shared.secret@example.org", full_name="Secret N") for number in range(300)]
    for payments in (people, [payment(str(number), email="shared.secret@example.org") for number in range(300)]):
        error = refused(payments)
        assert error is not None
        assert "300 musicians (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …)" in error.message
        told = f"{error} {error.next_step}"
        assert "ecret" not in told and "@" not in told and "100" not in told
    hostile = refused([payment("\x1b[2J" + "9" * 200, email="***"), payment("2")])
    assert hostile is not None and "\x1b" not in hostile.message and len(hostile.message) < 120


@pytest.mark.parametrize(
    "wrong, guard",
    [
        ({"musician_matches": 0}, "payee"),
        ({"musician_matches": 2}, "payee"),
        ({"concert_matches": 2}, "payee"),
        ({"musician_id": ""}, "payee"),
        ({"musician_id": "2"}, "payee"),
        ({"net_amount": None}, "amount"),
        ({"net_amount": Decimal("-0.01")}, "amount"),
        ({"net_amount": Decimal("0.001")}, "amount"),
        ({"full_name": "***"}, "masked"),
        ({"net_amount": Decimal("0.000")}, ""),
    ],
)
def test_nobody_is_paid_who_is_not_one_person_with_one_amount(wrong: dict[str, Any], guard: str) -> None:
    error = refused([payment(**{"musician": "1", **_keyed(wrong)}), payment("2")])
    assert (error.guard if error else "") == guard


def test_an_empty_concert_is_refused() -> None:
    error = refused([])
    assert error is not None and error.guard == "empty"


def _keyed(wrong: dict[str, Any]) -> dict[str, Any]:
    return {("musician" if name == "musician_id" else name): value for name, value in wrong.items()}
