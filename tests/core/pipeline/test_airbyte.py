"""How a connection is judged by its jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gcms_tui.core.pipeline.airbyte import Connection, SyncJob, judge_connection, running
from gcms_tui.core.verdict import Verdict
from tests.operations.memory import HOUR, NOW

REFERENCE = Connection("c-1", "reference", "active", "Every 24 HOURS", ("instrument",), "supabase_")


def a_job(number: int, status: str, ended: timedelta = HOUR, kind: str = "sync") -> SyncJob:
    """Begun ten minutes before it was last heard of, which is `ended` ago."""
    return SyncJob(number, "c-1", kind, status, NOW - ended - timedelta(minutes=10), NOW - ended)


GOOD = a_job(1, "succeeded", 3 * HOUR)


@pytest.mark.parametrize(
    ("jobs", "verdict", "words"),
    [
        ([], Verdict.UNKNOWN, "no sync of it has ended"),
        ([a_job(2, "running")], Verdict.UNKNOWN, "job 2 is running for 1 h 10 min; no sync of it has ended"),
        ([GOOD], Verdict.OK, "job 1 succeeded 3 h ago"),
        ([a_job(2, "failed"), GOOD], Verdict.FAIL, "job 2 failed 1 h ago; the last that succeeded ended 3 h ago"),
        ([a_job(2, "failed"), a_job(1, "failed")], Verdict.FAIL, "none of the last 2 has succeeded"),
        ([a_job(2, "cancelled"), GOOD], Verdict.WARN, "job 2 was cancelled 1 h ago"),
        ([a_job(3, "running"), a_job(2, "failed"), GOOD], Verdict.FAIL, "job 3 is running"),
        ([a_job(2, "incomplete"), GOOD], Verdict.OK, "job 2 is incomplete for 1 h 10 min; job 1 succeeded 3 h ago"),
        ([a_job(2, "running", 9 * HOUR), GOOD], Verdict.WARN, "it may never end"),
        ([a_job(2, "hibernating"), GOOD], Verdict.UNKNOWN, "no status that this console knows"),
        ([a_job(2, "succeeded", kind="clear"), GOOD], Verdict.WARN, "may be empty since"),
        ([GOOD, a_job(0, "succeeded", kind="reset")], Verdict.OK, "job 1 succeeded"),
        ([a_job(1, "succeeded", 30 * HOUR)], Verdict.WARN, "and none since"),
        ([a_job(1, "succeeded", 50 * HOUR)], Verdict.FAIL, "and none since"),
        ([replace(GOOD, updated_at=None)], Verdict.UNKNOWN, "does not say when"),
        ([a_job(1, "succeeded", -HOUR)], Verdict.UNKNOWN, "in the future"),
    ],
)
def test_a_connection_is_judged_by_its_newest_sync_that_has_ended(
    jobs: list[SyncJob], verdict: Verdict, words: str
) -> None:
    found = judge_connection(REFERENCE, jobs, NOW, 24.0, 48.0)
    assert (found.verdict, words in found.summary) == (verdict, True), found.summary
    assert bool(found.next_step) is (verdict is not Verdict.OK)


def test_a_connection_that_is_switched_off_is_no_good_news() -> None:
    off = Connection("c-1", "reference", "inactive", "", ("instrument",))
    assert judge_connection(off, [GOOD], NOW).verdict is Verdict.WARN
    assert judge_connection(off, [a_job(1, "succeeded", 50 * HOUR)], NOW, 24.0, 48.0).verdict is Verdict.FAIL
    assert judge_connection(REFERENCE, [a_job(1, "succeeded", 900 * HOUR)], NOW).verdict is Verdict.OK


def test_whatever_has_not_ended_counts_as_running() -> None:
    strange = a_job(2, "\x1b[31mwaiting")
    assert running([strange, GOOD]) is strange
    assert running([GOOD, a_job(0, "failed")]) is None
    assert "\x1b" not in judge_connection(REFERENCE, [strange], NOW).summary
