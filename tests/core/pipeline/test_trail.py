"""Where a table's data stopped, by what each place holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gcms_tui.core.pipeline.airbyte import SyncJob
from gcms_tui.core.pipeline.trail import Side, Stop, Trail, where_it_stopped
from gcms_tui.core.verdict import Verdict
from tests.core.pipeline.test_airbyte import a_job
from tests.operations.memory import HOUR, NOW

CHANGED = NOW - 6 * HOUR
GOOD = a_job(1, "succeeded", 3 * HOUR)  # begun 3 h 10 min ago
FAILED = a_job(2, "failed")
SUPABASE = Side(100, CHANGED)
LANDED = Side(100, CHANGED, NOW - 3 * HOUR)
BEHIND = Side(100, CHANGED - 2 * HOUR, NOW - 3 * HOUR)
WELL = Trail("raw.supabase_instrument", SUPABASE, LANDED, LANDED, (GOOD,))


@pytest.mark.parametrize(
    ("trail", "where", "verdict", "words"),
    [
        (WELL, Stop.NOWHERE, Verdict.OK, "everything has arrived"),
        (replace(WELL, bronze=None), Stop.NOWHERE, Verdict.OK, "no model reads it"),
        # More rows than in Supabase are deletions there, or history here.
        (replace(WELL, landed=replace(LANDED, rows=130)), Stop.NOWHERE, Verdict.OK, "everything"),
        # A destination that keeps milliseconds.
        (
            replace(WELL, landed=replace(LANDED, changed_at=CHANGED - timedelta(microseconds=400))),
            Stop.NOWHERE, Verdict.OK, "everything",
        ),
        # The source has nothing new.
        (
            replace(WELL, source=Side(100, NOW - 99 * HOUR), landed=replace(LANDED, changed_at=NOW - 99 * HOUR)),
            Stop.SOURCE, Verdict.OK, "newest change is 4 d 3 h old",
        ),
        (
            replace(WELL, source=Side(0, None), landed=Side(0, None, None), bronze=Side(0, None)),
            Stop.SOURCE, Verdict.WARN, "empty",
        ),
        # Airbyte.
        (replace(WELL, landed=BEHIND, jobs=(FAILED, GOOD)), Stop.AIRBYTE, Verdict.FAIL, "2 h newer"),
        (replace(WELL, landed=Side(90, CHANGED), jobs=(FAILED, GOOD)), Stop.AIRBYTE, Verdict.FAIL, "10 rows"),
        (replace(WELL, jobs=(FAILED, GOOD)), Stop.AIRBYTE, Verdict.WARN, "missing yet"),
        (replace(WELL, landed=BEHIND, jobs=()), Stop.AIRBYTE, Verdict.FAIL, "no sync has succeeded"),
        (
            replace(WELL, landed=BEHIND, jobs=(a_job(3, "running"), FAILED, GOOD)),
            Stop.AIRBYTE, Verdict.WARN, "job 3 is running",
        ),
        (
            replace(WELL, source=Side(100, NOW - HOUR)),
            Stop.AIRBYTE, Verdict.OK, "waits for the next sync, the last ended 3 h ago",
        ),
        (
            replace(WELL, source=Side(100, NOW - HOUR), jobs=(a_job(1, "succeeded", 50 * HOUR),)),
            Stop.AIRBYTE, Verdict.FAIL, "waits",
        ),
        # It was there when the sync began, and did not land.
        (replace(WELL, landed=BEHIND), Stop.LANDING, Verdict.FAIL, "though job 1 succeeded"),
        (replace(WELL, landed=Side(0, None, None)), Stop.LANDING, Verdict.FAIL, "100 rows"),
        # dbt.
        (
            replace(WELL, bronze=replace(LANDED, loaded_at=NOW - 27 * HOUR)),
            Stop.DBT, Verdict.WARN, "dbt has not been built since",
        ),
        (
            replace(WELL, landed=replace(LANDED, loaded_at=NOW - 50 * HOUR), bronze=Side(100, None, NOW - 90 * HOUR)),
            Stop.DBT, Verdict.FAIL, "dbt",
        ),
        (replace(WELL, bronze=Side(90, BEHIND.changed_at)), Stop.DBT, Verdict.WARN, "dbt"),
        (replace(WELL, bronze=Side(0, None)), Stop.DBT, Verdict.WARN, "dbt"),
        # What cannot be asked is not known, and what is known of it is said all the same.
        (replace(WELL, landed="no grant"), Stop.UNKNOWN, Verdict.UNKNOWN, "no grant"),
        (replace(WELL, source="refused"), Stop.UNKNOWN, Verdict.UNKNOWN, "refused"),
        (replace(WELL, source="refused", jobs=(FAILED,)), Stop.AIRBYTE, Verdict.FAIL, "job 2 failed"),
        (replace(WELL, bronze="no manifest"), Stop.UNKNOWN, Verdict.UNKNOWN, "no manifest"),
        (replace(WELL, bronze=Side(100, None)), Stop.UNKNOWN, Verdict.UNKNOWN, "neither side"),
        (replace(WELL, source=Side(100, None)), Stop.UNKNOWN, Verdict.UNKNOWN, "nothing can be compared"),
        (replace(WELL, landed=BEHIND, jobs="Airbyte is down"), Stop.UNKNOWN, Verdict.UNKNOWN, "Airbyte is down"),
        # What is there is judged without Airbyte.
        (replace(WELL, jobs="Airbyte is down"), Stop.NOWHERE, Verdict.OK, "everything"),
    ],
)  # fmt: skip
def test_where_it_stopped(trail: Trail, where: Stop, verdict: Verdict, words: str) -> None:
    found = where_it_stopped(trail, NOW)
    assert (found.where, found.verdict) == (where, verdict), found.words
    assert words in found.words
    assert bool(found.next_step) or found.verdict is Verdict.OK


def test_a_change_just_before_the_sync_may_have_come_just_after_it() -> None:
    """Two machines' clocks differ."""
    began = GOOD.started_at
    assert began is not None
    for changed, where in ((began - timedelta(minutes=4), Stop.AIRBYTE), (began - timedelta(minutes=6), Stop.LANDING)):
        assert where_it_stopped(replace(WELL, source=Side(100, changed), landed=BEHIND), NOW).where is where


def test_a_refresh_brings_data_and_a_clear_brings_none() -> None:
    jobs: tuple[SyncJob, ...] = (a_job(3, "failed", kind="clear"), replace(GOOD, job_type="refresh"))
    assert where_it_stopped(replace(WELL, jobs=jobs), NOW).where is Stop.NOWHERE
