"""What an archive is called, what became of the write that makes it, and how it differs from what was signed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import islice

import pytest

from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.archive import Lasting, archive_name, carried_out, difference, suffixes
from gcms_tui.core.payroll.freezing import freeze
from gcms_tui.core.payroll.payment import Frozen, Payment
from gcms_tui.core.writing.journal import FIRST, INTENT, OUTCOME, SETTLED, Entry
from gcms_tui.core.writing.plan import canonical

DAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("fact", "suffix", "written"),
    [
        ("gold.fct_musician_payment", "", "gold.fct_musician_payment_20260301"),
        ("gcms.gold.fct_musician_payment", "33", "gcms.gold.fct_musician_payment_20260301_33"),
        ("gold.fct_musician_payment", "Re_Run2", "gold.fct_musician_payment_20260301_re_run2"),
        ('gold."Payments"', "a", 'gold."Payments_20260301_a"'),
    ],
)
def test_the_name_is_the_facts_with_the_day_beside_it(fact: str, suffix: str, written: str) -> None:
    assert str(archive_name(Relation.parse(fact), DAY, suffix)) == written


@pytest.mark.parametrize("suffix", ['x"', "a.b", "a-b", " ", "٣", "_2", "a\n", "x" * 41])
def test_no_suffix_wants_quoting(suffix: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        archive_name(Relation("GOLD", "F"), DAY, suffix)


@pytest.mark.parametrize(("concert", "offered"), [("33", ["33", "2", "3"]), ("a b'; --", ["2", "3", "4"])])
def test_the_concerts_id_is_offered_first_where_it_is_plain(concert: str, offered: list[str]) -> None:
    assert list(islice(suffixes(concert), 3)) == offered


def test_the_kind_is_known_by_the_query_that_makes_it() -> None:
    assert [Lasting.of(item.query) for item in Lasting] == list(Lasting)
    assert Lasting.TRANSIENT.warnings and not Lasting.PERMANENT.warnings


def entry(kind: str, payload: str) -> Entry:
    return Entry(1, "2026-03-01T09:00:00+00:00", "erin", "ops-1", "", kind, "w-1", payload, FIRST, FIRST)


@pytest.mark.parametrize(
    ("kind", "payload", "done"),
    [
        (OUTCOME, canonical({"outcome": "applied"}), True),
        (OUTCOME, canonical({"outcome": "not_applied"}), False),
        (SETTLED, canonical({"verdict": "applied"}), True),
        (SETTLED, canonical({"verdict": "a person must look"}), False),
        (OUTCOME, "edited", False),
        (INTENT, canonical({"plan": "p"}), None),
    ],
)
def test_what_became_of_a_write_is_told_by_its_entries(kind: str, payload: str, done: bool | None) -> None:
    assert carried_out([entry(INTENT, canonical({"plan": "p"})), entry(kind, payload)]) is done


def frozen(*amounts: str) -> Frozen:
    nets = map(Decimal, amounts)
    return freeze([Payment("7", str(number), "x", 1, 1, net, Decimal(0), net, None) for number, net in enumerate(nets)])


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (frozen(), "it holds no payment of the concert"),
        (frozen("60.01"), "it holds 1 payment over 60.01; signed were 2 over 100.00"),
        (frozen("60.00", "40.01"), "it holds 2 payments over 100.01; signed were 2 over 100.00"),
        (frozen("40.00", "60.00"), "a payment is another one, though the totals are the same"),
    ],
)
def test_a_difference_is_told_by_the_totals(found: Frozen, words: str) -> None:
    assert difference(frozen("60.00", "40.00"), found) == words
