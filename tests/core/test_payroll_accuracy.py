from __future__ import annotations

from decimal import Decimal

from gcms_tui.core.finding import Scalar
from gcms_tui.core.payroll_accuracy import PROBLEMS, Agreement, judge_accuracy
from gcms_tui.core.verdict import Verdict


def totals(**given: Scalar) -> dict[str, Scalar]:
    return {
        "dbt_rows": 100,
        "dbt_total": Decimal("1000000000000000.10"),
        "source_rows": 100,
        "source_total": Decimal("1000000000000000.10"),
        "compared": 100,
        **dict.fromkeys(PROBLEMS, 0),
        **given,
    }


def problem(concert: int, kind: str = "amount", total: int = 1) -> dict[str, Scalar]:
    return {
        "concert_id": concert,
        "musician_id": 5,
        "dbt_calculated": Decimal("100.10"),
        "source_recorded": None,
        "difference": None,
        "problem": kind,
        "total_problems": total,
    }


def test_full_agreement_is_ok_and_names_both_totals_to_the_cent() -> None:
    conclusion, agreement = judge_accuracy(totals(), [])
    assert conclusion.verdict is Verdict.OK
    assert conclusion.value == 0
    assert conclusion.summary.count("1,000,000,000,000,000.10") == 2
    assert agreement == Agreement(100, 0)


def test_nothing_on_both_sides_is_unknown() -> None:
    conclusion, agreement = judge_accuracy(
        totals(dbt_rows=0, dbt_total=None, source_rows=0, source_total=None, compared=0), []
    )
    assert (conclusion.verdict, conclusion.value, agreement) == (Verdict.UNKNOWN, None, None)


def test_nothing_on_one_side_is_a_failure() -> None:
    conclusion, _ = judge_accuracy(
        totals(source_rows=0, source_total=None, missing_in_source=100), [problem(1, "missing_in_source", 100)]
    )
    assert conclusion.verdict is Verdict.FAIL
    assert conclusion.value == 100
    assert "Supabase nothing in 0" in conclusion.summary


def test_any_discrepancy_fails_and_the_concert_is_named() -> None:
    conclusion, agreement = judge_accuracy(
        totals(amount=1, null_amount=1), [problem(12, total=2), problem(12, total=2)]
    )
    assert conclusion.verdict is Verdict.FAIL
    assert conclusion.value == 2
    assert (
        "2 payments of 100 disagree in concert 12: 1 with different amounts, 1 without an amount" in conclusion.summary
    )
    assert conclusion.evidence.rows[0] == (12, 5, Decimal("100.10"), None, None, "amount")
    assert agreement == Agreement(100, 2)


def test_concerts_are_not_named_where_not_all_discrepancies_are_at_hand() -> None:
    conclusion, _ = judge_accuracy(totals(amount=900, compared=1000), [problem(12, total=900)])
    assert "in concert" not in conclusion.summary
    assert conclusion.evidence.total == 900


def test_where_totals_and_list_disagree_the_worse_is_told() -> None:
    assert judge_accuracy(totals(), [problem(12)])[0].verdict is Verdict.FAIL
    assert judge_accuracy(totals(amount=3), [])[0].value == 3
