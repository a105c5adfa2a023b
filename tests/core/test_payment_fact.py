from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gcms_tui.core.conclusion import Conclusion
from gcms_tui.core.finding import Scalar
from gcms_tui.core.payment_fact import FactReading, judge_fact
from gcms_tui.core.verdict import Verdict

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def judged(rows_before: int | None = None, newest: datetime | None = None, **given: Scalar) -> Conclusion:
    row: dict[str, Scalar] = {
        "row_count": 500,
        "last_calculated_at": NOW - HOUR,
        "null_calculated_at": 0,
        "null_net": 0,
        "null_keys": 0,
        **given,
    }
    return judge_fact(FactReading("gold.fct_musician_payment", row, NOW), rows_before, newest, 24)


@pytest.mark.covers("Daily 4")
@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (24 * HOUR - timedelta(seconds=1), Verdict.OK),
        (24 * HOUR, Verdict.WARN),
        (48 * HOUR, Verdict.WARN),
        (48 * HOUR + timedelta(seconds=1), Verdict.FAIL),
        (-timedelta(minutes=6), Verdict.UNKNOWN),
    ],
)
def test_the_age_of_the_calculation_decides(age: timedelta, verdict: Verdict) -> None:
    assert judged(last_calculated_at=NOW - age).verdict is verdict


def test_no_rows_is_a_failure() -> None:
    conclusion = judged(row_count=0, last_calculated_at=None)
    assert conclusion.verdict is Verdict.FAIL
    assert conclusion.value is None


def test_no_calculation_time_is_unknown() -> None:
    assert judged(last_calculated_at=None, null_calculated_at=500).verdict is Verdict.UNKNOWN
    assert judged(last_calculated_at="yesterday").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("gap", ["null_net", "null_keys"])
def test_a_payment_without_amount_or_payee_is_a_failure_however_fresh(gap: str) -> None:
    given: dict[str, Scalar] = {gap: 1}
    conclusion = judged(None, None, **given)
    assert conclusion.verdict is Verdict.FAIL
    assert "1 row without" in conclusion.summary


def test_rows_without_a_calculation_time_are_a_warning() -> None:
    assert judged(null_calculated_at=2).verdict is Verdict.WARN


def test_the_change_since_the_last_look_and_the_newest_input_are_shown() -> None:
    conclusion = judged(rows_before=520, newest=NOW - 30 * HOUR)
    assert "500 rows (-20 since the last look)" in conclusion.summary
    assert "newest input 1 d 6 h old" in conclusion.summary
    evidence = dict(zip(conclusion.evidence.columns, conclusion.evidence.rows[0], strict=True))
    assert evidence["row_count"] == 500
    assert evidence["rows_before"] == 520
    assert "(as before)" in judged(rows_before=500).summary
    assert "since" not in judged(rows_before=None).summary
