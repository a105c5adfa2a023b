from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from gcms_tui.core.conclusion import whole
from gcms_tui.core.finding import Scalar
from gcms_tui.core.freshness import (
    age_verdict,
    age_words,
    judge_source,
    no_timestamp_column,
    pick_timestamp_column,
)
from gcms_tui.core.verdict import Verdict

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.mark.covers("Daily 2")
@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (timedelta(), Verdict.OK),
        (24 * HOUR - timedelta(microseconds=1), Verdict.OK),
        (24 * HOUR, Verdict.WARN),
        (48 * HOUR, Verdict.WARN),
        (48 * HOUR + timedelta(microseconds=1), Verdict.FAIL),
    ],
)
def test_both_bounds_themselves_are_warnings(age: timedelta, verdict: Verdict) -> None:
    assert age_verdict(age, 24, 48) is verdict


def judged(loaded_at: Scalar, rows: Scalar = 10) -> tuple[Verdict, Scalar, str]:
    row = {"row_count": rows, "last_loaded_at": loaded_at}
    conclusion = judge_source("raw.supabase_attendance", "_airbyte_extracted_at", row, NOW, 24, 48)
    return conclusion.verdict, conclusion.value, conclusion.summary


def test_the_age_is_counted_in_time_gone_by_and_not_in_hours_struck() -> None:
    """DATEDIFF(hour) calls 24 h 59 min "24"."""
    verdict, value, summary = judged(NOW - 25 * HOUR + SECOND)
    assert verdict is Verdict.WARN
    assert value == 25.0
    assert "1 d ago" in summary


def test_an_aware_time_of_another_zone_is_the_same_moment() -> None:
    chicago = timezone(timedelta(hours=-6))
    assert judged((NOW - 3 * HOUR).astimezone(chicago))[:2] == (Verdict.OK, 3.0)


@pytest.mark.parametrize(
    ("loaded_at", "rows", "said"),
    [
        (None, 0, "is empty"),
        (NOW, 0, "is empty"),
        (None, 10, "NULL in all"),
        ("2026-03-01 08:00:00", 10, "str values, not timestamps"),
        (date(2026, 3, 1), 10, "date values, not timestamps"),
        (NOW + timedelta(minutes=5) + SECOND, 10, "in the future"),
    ],
)
def test_what_tells_no_age_is_unknown(loaded_at: Scalar, rows: int, said: str) -> None:
    verdict, value, summary = judged(loaded_at, rows)
    assert verdict is Verdict.UNKNOWN
    assert value is None
    assert said in summary


def test_a_clock_slightly_ahead_reads_as_now() -> None:
    assert judged(NOW + timedelta(minutes=5))[:2] == (Verdict.OK, 0.0)


def test_the_evidence_says_which_column_was_read() -> None:
    row: dict[str, Scalar] = {"row_count": 10, "last_loaded_at": NOW - HOUR}
    evidence = judge_source("raw.t", "_airbyte_emitted_at", row, NOW, 24, 48).evidence
    assert dict(zip(evidence.columns, evidence.rows[0], strict=True)) == {
        "table": "raw.t",
        "column": "_airbyte_emitted_at",
        "row_count": 10,
        "last_loaded_at": NOW - HOUR,
        "age_h": 1.0,
    }


def test_the_newer_column_is_preferred_and_none_is_none() -> None:
    both = {"ID", "_AIRBYTE_EMITTED_AT", "_AIRBYTE_EXTRACTED_AT"}
    assert pick_timestamp_column(both) == "_AIRBYTE_EXTRACTED_AT"
    assert pick_timestamp_column(both - {"_AIRBYTE_EXTRACTED_AT"}) == "_AIRBYTE_EMITTED_AT"
    assert pick_timestamp_column({"ID"}) is None


def test_a_column_in_another_case_is_found_and_named_as_stored() -> None:
    assert pick_timestamp_column({"ID", "_airbyte_extracted_at"}) == "_airbyte_extracted_at"
    both = {"_airbyte_extracted_at", "_AIRBYTE_EXTRACTED_AT"}
    assert pick_timestamp_column(both) == "_AIRBYTE_EXTRACTED_AT", "the plain name first"


def test_no_timestamp_column_is_unknown_and_shows_the_columns_there_are() -> None:
    conclusion = no_timestamp_column("raw.t", ["id", "name"])
    assert conclusion.verdict is Verdict.UNKNOWN
    assert conclusion.evidence.rows == (("id",), ("name",))
    assert no_timestamp_column("raw.t", []).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=59), "under a minute"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(hours=23, minutes=59, seconds=59), "23 h 59 min"),
        (timedelta(hours=24), "1 d"),
        (timedelta(days=2, hours=3), "2 d 3 h"),
    ],
)
def test_ages_are_never_rounded_up(age: timedelta, words: str) -> None:
    assert age_words(age) == words


def test_counts_come_as_any_number_but_not_as_nothing() -> None:
    assert whole(3) == whole(Decimal("3")) == whole(3.0) == 3
    for wrong in (None, True, "3", 3.5, Decimal("0.1")):
        with pytest.raises(ValueError, match="count"):
            whole(wrong)
