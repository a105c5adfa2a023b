from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gcms_tui.core.dbt_runs import ModelRuns
from gcms_tui.core.finding import Finding, Scalar
from gcms_tui.core.gold_tests import Tally
from gcms_tui.core.metrics import (
    judge_agreement,
    judge_duplicates,
    judge_oldest_source,
    judge_run_success,
    judge_test_pass,
    percent,
)
from gcms_tui.core.payroll_accuracy import Agreement
from gcms_tui.core.verdict import Verdict

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def finding(name: str, verdict: Verdict, value: Scalar = None) -> Finding:
    return Finding(name, "Daily 2", verdict, f"about {name}", NOW, value)


def runs(succeeded: int, failed: int, skipped: int = 0) -> ModelRuns:
    return ModelRuns(succeeded, failed, skipped, 3, NOW)


@pytest.mark.covers("K1")
@pytest.mark.parametrize(
    ("succeeded", "failed", "verdict"),
    [
        (100, 0, Verdict.OK),
        (99, 1, Verdict.OK),
        (9899, 101, Verdict.WARN),
        (95, 5, Verdict.WARN),
        (9499, 501, Verdict.FAIL),
        (0, 1, Verdict.FAIL),
        (0, 0, Verdict.UNKNOWN),
    ],
)
def test_run_success_at_its_bounds(succeeded: int, failed: int, verdict: Verdict) -> None:
    assert judge_run_success(runs(succeeded, failed)).verdict is verdict


def test_run_success_states_its_window_and_what_was_skipped_apart() -> None:
    conclusion = judge_run_success(runs(98, 2, 40))
    assert conclusion.value == 98.0
    assert conclusion.summary == (
        "98 of 100 model executions succeeded in 3 invocations since 2026-03-01 09:00 UTC; 40 skipped"
    )
    assert judge_run_success(runs(0, 0, 7)).summary.endswith("7 models skipped")
    assert judge_run_success(None).verdict is Verdict.UNKNOWN


def test_a_share_is_never_rounded_up_to_all() -> None:
    assert percent(99_999, 100_000) == 99.99
    assert percent(3, 3) == 100.0
    assert percent(2, 3) == 66.66


@pytest.mark.covers("K2")
@pytest.mark.parametrize(
    ("tally", "verdict"),
    [
        (Tally(10, 10, 0, 0, 0), Verdict.OK),
        (Tally(9, 10, 0, 0, 0), Verdict.WARN),
        (Tally(9, 10, 1, 0, 0), Verdict.WARN),
        (Tally(9, 10, 1, 1, 0), Verdict.FAIL),
        (Tally(8, 10, 1, 1, 1), Verdict.FAIL),
        (Tally(9, 10, 0, 0, 1), Verdict.UNKNOWN),
        (Tally(0, 0, 0, 0, 0), Verdict.UNKNOWN),
        (None, Verdict.UNKNOWN),
    ],
)
def test_only_a_critical_failure_fails_the_test_metric(tally: Tally | None, verdict: Verdict) -> None:
    assert judge_test_pass(tally, finding("tests.gold", Verdict.UNKNOWN)).verdict is verdict


@pytest.mark.covers("K3")
def test_freshness_is_that_of_the_oldest_source() -> None:
    sources = [
        finding("freshness.a", Verdict.OK, 3.0),
        finding("freshness.b", Verdict.FAIL, 73.5),
        finding("freshness.c", Verdict.WARN, 30.0),
    ]
    conclusion = judge_oldest_source(sources)
    assert (conclusion.verdict, conclusion.value) == (Verdict.FAIL, 73.5)
    assert conclusion.evidence.rows[0] == ("freshness.b", "FAIL", 73.5)
    assert "freshness.b" in conclusion.next_step


def test_one_unknown_source_makes_freshness_unknown_and_so_does_none() -> None:
    conclusion = judge_oldest_source(
        [finding("freshness.a", Verdict.FAIL, 73.5), finding("freshness.b", Verdict.UNKNOWN)]
    )
    assert (conclusion.verdict, conclusion.value) == (Verdict.UNKNOWN, 73.5)
    assert "1 source unknown: about freshness.b" in conclusion.summary
    assert judge_oldest_source([]).verdict is Verdict.UNKNOWN
    assert judge_oldest_source([finding("freshness.a", Verdict.UNKNOWN)]).value is None


@pytest.mark.covers("K4")
def test_duplicates_are_added_up_over_all_tables() -> None:
    tables = [finding("scd2.a", Verdict.FAIL), finding("scd2.b", Verdict.OK)]
    conclusion = judge_duplicates(tables, {"scd2.a": 3, "scd2.b": 0})
    assert (conclusion.verdict, conclusion.value) == (Verdict.FAIL, 3)
    assert conclusion.summary == "3 duplicate keys in 2 tables"
    assert conclusion.evidence.rows == (("scd2.a", 3), ("scd2.b", 0))
    clean = judge_duplicates(tables, {"scd2.a": 0, "scd2.b": 0})
    assert clean.verdict is Verdict.OK, "another defect is its table's finding, not a duplicate"


def test_a_table_that_was_not_looked_at_makes_duplicates_unknown() -> None:
    tables = [finding("scd2.a", Verdict.FAIL), finding("scd2.b", Verdict.UNKNOWN)]
    assert judge_duplicates(tables, {"scd2.a": 3}).verdict is Verdict.UNKNOWN
    assert judge_duplicates(tables, {}).value is None
    none = judge_duplicates([], {}, "the manifest is torn")
    assert none.verdict is Verdict.UNKNOWN
    assert "the manifest is torn" in none.summary


@pytest.mark.covers("K5")
def test_one_discrepancy_fails_accuracy() -> None:
    conclusion = judge_agreement(Agreement(100_000, 1), None)
    assert (conclusion.verdict, conclusion.value) == (Verdict.FAIL, 99.99)
    assert judge_agreement(Agreement(10, 0), None).verdict is Verdict.OK
    assert judge_agreement(Agreement(0, 0), None).verdict is Verdict.UNKNOWN
    unknown = judge_agreement(None, finding("payroll.accuracy", Verdict.UNKNOWN))
    assert unknown.verdict is Verdict.UNKNOWN
    assert "about payroll.accuracy" in unknown.summary
