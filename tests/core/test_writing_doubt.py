from __future__ import annotations

from dataclasses import replace

import pytest

from gcms_tui.core.finding import Scalar
from gcms_tui.core.writing.doubt import Traced, Verdict, intent_of, settle_clone, settle_rows
from gcms_tui.core.writing.plan import Row
from tests.core.writing_samples import AFTER, BEFORE, PLAN, WINNER, chain

STAMP = "2026-03-01 09:00:00.000000000"
OLD = tuple(Row((*row.values, ("updated_at", None)), row.rest) for row in (BEFORE, WINNER))
NEW = tuple(Row((*row.values, ("updated_at", None)), row.rest) for row in (AFTER, WINNER))
WRITE = replace(PLAN, before=OLD, after=NEW)
STAMPED = (NEW[0].but(updated_at=STAMP), NEW[1])


def traced(*statements: tuple[str, str]) -> Traced:
    rows: list[dict[str, Scalar]] = [{"query_text": text, "execution_status": status} for text, status in statements]
    return Traced(rows)


UNSEEN = Traced(unseen="none of its statements is visible to this role")
COMMITTED = traced(("update t", "SUCCESS"), (" commit;", "success"))
FAILED = traced(("COMMIT", "FAILED_WITH_ERROR"))


@pytest.mark.parametrize(
    ("found", "told", "verdict"),
    [
        (OLD, UNSEEN, Verdict.NOT_APPLIED),
        (OLD[::-1], FAILED, Verdict.NOT_APPLIED),
        (OLD, COMMITTED, Verdict.LOOK),
        (STAMPED, UNSEEN, Verdict.APPLIED),
        (STAMPED[::-1], COMMITTED, Verdict.APPLIED),
        (STAMPED, FAILED, Verdict.LOOK),
        (STAMPED, traced(("UPDATE t", "SUCCESS")), Verdict.LOOK),
        ((STAMPED[0], OLD[1].but(scd_id="c")), COMMITTED, Verdict.LOOK),
        ((), UNSEEN, Verdict.LOOK),
        ((*OLD, OLD[0]), UNSEEN, Verdict.LOOK),
        ((OLD[0].but(updated_at=STAMP), OLD[1]), UNSEEN, Verdict.LOOK),
        (STAMPED, traced(("UPDATE t", "RUNNING")), Verdict.RUNNING),
        (OLD, traced(("COMMIT", "queued")), Verdict.RUNNING),
        (OLD, traced(("COMMIT", "BLOCKED")), Verdict.RUNNING),
    ],
)
def test_the_rows_say_what_became_of_it_and_the_history_may_only_contradict(
    found: tuple[Row, ...], told: Traced, verdict: Verdict
) -> None:
    settled = settle_rows(WRITE, found, told)
    assert (settled.verdict, settled.rows) == (verdict, found)
    assert len(settled.evidence) == 2 and settled.evidence[-1].startswith("query history: ")


def test_a_plan_that_changes_nothing_cannot_be_settled_by_its_rows() -> None:
    assert settle_rows(replace(WRITE, after=OLD), OLD, UNSEEN).verdict is Verdict.LOOK


@pytest.mark.parametrize(
    ("counts", "told", "verdict"),
    [
        ((7, 7), UNSEEN, Verdict.APPLIED),
        ((8, 7), COMMITTED, Verdict.APPLIED),
        (None, UNSEEN, Verdict.NOT_APPLIED),
        (None, traced(("CREATE TABLE t CLONE u", "RUNNING")), Verdict.RUNNING),
        ((7, 7), traced(("CREATE TABLE t CLONE u", "RUNNING")), Verdict.RUNNING),
    ],
)
def test_a_clone_is_there_or_not(counts: tuple[int, ...] | None, told: Traced, verdict: Verdict) -> None:
    settled = settle_clone(counts, told)
    assert settled.verdict is verdict
    if verdict is Verdict.APPLIED and counts:
        assert f"with {counts[1]} rows; the table has {counts[0]}" in settled.evidence[0]


def test_the_history_is_told_in_words() -> None:
    told = traced(("  update t set x", "SUCCESS"), ("", "FAILED"), ("commit", "SUCCESS"))
    assert settle_rows(WRITE, OLD, told).evidence[-1] == "query history: UPDATE success, ? failed, COMMIT success"
    assert UNSEEN.unseen in settle_rows(WRITE, OLD, UNSEEN).evidence[-1]


@pytest.mark.parametrize("payload", ["[]", '"x"', "{}", "{", '{"kind": "repair"}'])
def test_an_entry_that_is_no_intent_is_not_read_as_one(payload: str) -> None:
    with pytest.raises(ValueError):
        intent_of(replace(chain(1)[0], payload=payload))
    assert intent_of(replace(chain(1)[0], payload='{"plan": "x"}')) == {"plan": "x"}
