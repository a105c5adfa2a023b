"""Writes in doubt: what looking tells, what is written down of it, and that undo goes on from there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gcms_tui.core.errors import CommitUnknown, GcmsError, Refused, Unavailable, UsageError
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.writing.doubt import Verdict, rows_left
from gcms_tui.core.writing.journal import INTENT, OUTCOME, SETTLED
from gcms_tui.core.writing.lease import LeaseHolder
from gcms_tui.core.writing.plan import rows_of
from gcms_tui.core.writing.plan_json import row_document
from gcms_tui.operations.writing.doubts import open_doubts
from gcms_tui.operations.writing.guarded_write import BACKUP_OF, Outcome, lease_name
from tests.operations.write_memory import MemoryDatabase
from tests.operations.write_scene import BO, KEY, Bench

NO_ANSWER = CommitUnknown("No answer to COMMIT", "The line is gone.")


def fails(error: GcmsError) -> Callable[[MemoryDatabase], object]:
    def hook(_: MemoryDatabase) -> object:
        raise error

    return hook


def in_doubt(when: str) -> tuple[Bench, str]:
    """A repair whose COMMIT was not answered, `COMMIT`: and not done, `after COMMIT`: and done."""
    bench = Bench()
    bench.base.on(when, fails(NO_ANSWER))
    ended = bench.apply(bench.propose())
    assert ended.outcome is Outcome.IN_DOUBT
    bench.base.hooks.clear()
    return bench, ended.write_id


@pytest.fixture
def done() -> tuple[Bench, str]:
    return in_doubt("after COMMIT")


@pytest.fixture
def not_done() -> tuple[Bench, str]:
    return in_doubt("COMMIT")


def test_a_doubt_is_known_by_its_write(done: tuple[Bench, str]) -> None:
    bench, write_id = done
    [doubt] = bench.doubts().open()
    assert (doubt.write_id, doubt.under_way, doubt.words) == (write_id, False, f"repair of {KEY} in bronze.br_t0_scd2")


@pytest.mark.parametrize(("when", "verdict"), [("COMMIT", Verdict.NOT_APPLIED), ("after COMMIT", Verdict.APPLIED)])
@pytest.mark.parametrize("history", ["unseen", "away", "told"])
def test_it_is_settled_by_its_rows_and_once(when: str, verdict: Verdict, history: str) -> None:
    bench, write_id = in_doubt(when)
    if history == "away":
        bench.base.history = Unavailable("Lost", "no history")
    if history == "told":
        status = "SUCCESS" if verdict is Verdict.APPLIED else "FAILED_WITH_ERROR"
        bench.base.history = ({"query_text": "COMMIT", "execution_status": status},)
    doubts, entries = bench.doubts(), len(bench.journal.kept)
    looked = doubts.look(write_id)
    assert looked.verdict is verdict and len(bench.journal.kept) == entries, "looking writes nothing down"
    settled = doubts.settle(write_id)
    assert settled == looked and not doubts.open()
    said = bench.journal.said(SETTLED, write_id)
    assert said["verdict"] == verdict.value and said["evidence"] == list(settled.evidence)
    assert ("after" in said) is (verdict is Verdict.APPLIED)
    with pytest.raises(UsageError):
        doubts.settle(write_id)
    assert bench.journal.kinds().count(SETTLED) == 1
    assert (rows_left(bench.journal.about(write_id)) is not None) is (verdict is Verdict.APPLIED)


def test_two_who_settle_at_once_write_it_once(done: tuple[Bench, str], monkeypatch: pytest.MonkeyPatch) -> None:
    bench, write_id = done
    read, others = bench.base.read, [bench.doubts()]

    def slowly(statement: Statement) -> Answer:
        if statement.query == "scd2_key_versions" and others:
            assert others.pop().settle(write_id).verdict is Verdict.RUNNING, "one at a time"
        return read(statement)

    monkeypatch.setattr(bench.base, "read", slowly)
    assert bench.doubts().settle(write_id).verdict is Verdict.APPLIED
    assert bench.journal.kinds().count(SETTLED) == 1 and not others


def test_what_was_settled_as_applied_can_be_taken_back(done: tuple[Bench, str]) -> None:
    bench, write_id = done
    with pytest.raises(Refused) as caught:
        bench.repairs.propose_undo(write_id)
    assert caught.value.guard == "not_applied" and "doubts --settle" in caught.value.next_step
    bench.doubts().settle(write_id)
    assert bench.apply(bench.repairs.propose_undo(write_id)).outcome is Outcome.APPLIED
    assert bench.now() == Bench().now()


def test_what_was_settled_as_not_applied_is_planned_again(not_done: tuple[Bench, str]) -> None:
    bench, write_id = not_done
    bench.doubts().settle(write_id)
    with pytest.raises(Refused) as caught:
        bench.repairs.propose_undo(write_id)
    assert caught.value.guard == "not_applied"
    bench.clock.now = bench.clock.now.replace(second=9)
    assert bench.apply(bench.propose()).outcome is Outcome.APPLIED


def meddled(bench: Bench) -> None:
    bench.table.rows[0]["status"] = "absent"


def committed(bench: Bench) -> None:
    bench.base.history = ({"query_text": "commit", "execution_status": "SUCCESS"},)


def emptied(bench: Bench) -> None:
    bench.table.rows.clear()


@pytest.mark.parametrize("meddle", [meddled, committed, emptied])
def test_what_is_neither_before_nor_after_is_for_a_person(
    not_done: tuple[Bench, str], meddle: Callable[[Bench], None]
) -> None:
    bench, write_id = not_done
    meddle(bench)
    settled = bench.doubts().settle(write_id)
    assert settled.verdict is Verdict.LOOK and settled.evidence
    assert bench.journal.said(SETTLED, write_id)["verdict"] == Verdict.LOOK.value


def test_whoever_slept_in_the_middle_cannot_commit_what_was_settled(not_done: tuple[Bench, str]) -> None:
    """Its lease died while it slept; the look takes it over, and the sleeper finds it lost before COMMIT."""
    bench, write_id = not_done
    [name] = [doubt.lease for doubt in bench.doubts().open()]
    taken, take = list[str](), bench.leases.take

    def noted(name: str, purpose: str) -> Any:
        taken.append(name)
        return take(name, purpose)

    bench.leases.take = noted  # type: ignore[method-assign]
    bench.base.events.clear()
    assert bench.doubts().settle(write_id).verdict is Verdict.NOT_APPLIED
    assert taken == [name] and bench.base.events == ["lease", SETTLED, "release"]


def test_what_ends_while_one_waits_for_the_lease_is_no_longer_settled(not_done: tuple[Bench, str]) -> None:
    bench, write_id = not_done
    take = bench.leases.take

    def slowly(name: str, purpose: str) -> Any:
        bench.journal.append(OUTCOME, write_id, {"outcome": "applied"})
        return take(name, purpose)

    bench.leases.take = slowly  # type: ignore[method-assign]
    with pytest.raises(UsageError):
        bench.doubts().settle(write_id)
    assert SETTLED not in bench.journal.kinds() and not bench.leases.taken


@pytest.mark.parametrize("when", ["COMMIT", "after COMMIT"])
def test_rows_in_doubt_are_not_written_again_before_they_were_settled(when: str) -> None:
    """Else what the second write does would be taken for what the first one did."""
    bench, write_id = in_doubt(when)
    bench.clock.now += timedelta(seconds=1)
    again = bench.propose() if when == "COMMIT" else bench.repairs.propose_undo(_applied_once(bench))
    rows = bench.now()
    assert bench.refused(again).guard == "in_doubt" and bench.now() == rows
    assert not bench.plans.get(again.plan_id).used_by and not bench.leases.taken
    other = bench.planner.backup_of(bench.tables.get("br_t0_scd2"))
    bench.plans.keep(other)
    assert bench.apply(other).outcome is Outcome.APPLIED, "of other rows nothing is in doubt"
    bench.doubts().settle(write_id)
    assert bench.apply(again).outcome is Outcome.APPLIED


def _applied_once(bench: Bench) -> str:
    """A write of the same rows that is known to have been applied."""
    [intent] = [entry for entry in bench.journal.open_intents() if not entry.subject.startswith(BACKUP_OF)]
    read = bench.base.read(next(kept.plan for kept in bench.plans.newest()).look)  # type: ignore[arg-type]
    plan = bench.plans.get(json.loads(intent.payload)["plan"]).plan
    rows = [row_document(one) for one in rows_of(read, plan.named, plan.written)]
    bench.journal.append(INTENT, "20260228-090000-abcdef", json.loads(intent.payload))
    bench.journal.append(OUTCOME, "20260228-090000-abcdef", {"outcome": "applied", "after": rows})
    return "20260228-090000-abcdef"


def leased(bench: Bench) -> None:
    bench.leases.others["write:sandbox:bronze.br_t0_scd2"] = BO


def running(bench: Bench) -> None:
    bench.base.history = ({"query_text": "COMMIT", "execution_status": "RUNNING"},)


@pytest.mark.parametrize("going_on", [leased, running])
def test_what_is_under_way_is_not_settled(done: tuple[Bench, str], going_on: Callable[[Bench], None]) -> None:
    bench, write_id = done
    going_on(bench)
    assert bench.doubts().settle(write_id).verdict is Verdict.RUNNING
    assert SETTLED not in bench.journal.kinds() and len(bench.doubts().open()) == 1
    [doubt] = bench.doubts().open()
    assert doubt.under_way is (going_on is leased)
    called = {**doubt.intent, "table": "GCMS.BRONZE.BR_T0_SCD2"}
    assert replace(doubt, intent=called).lease == doubt.lease, "however whoever wrote called the table"


def test_a_lease_that_is_taken_while_one_looks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that begins between the two questions must not look like one that was cut off."""
    bench = Bench()
    plan = replace(bench.propose(), backup=None)
    bench.plans.keep(plan)
    held, intents = type(bench.leases).held, type(bench.journal).open_intents
    begun: list[object] = []

    def begin() -> None:
        if not begun:
            begun.append(bench.leases.take(lease_name(plan), "repair"))
            bench.journal.append(INTENT, "20260301-090000-abcdef", _intent(plan.plan_id))

    def later_held(leases: Any, prefix: str = "") -> tuple[LeaseHolder, ...]:
        answer = held(leases, prefix)
        begin()
        return answer

    def later_intents(journal: Any) -> Any:
        answer = intents(journal)
        begin()
        return answer

    monkeypatch.setattr(type(bench.leases), "held", later_held)
    monkeypatch.setattr(type(bench.journal), "open_intents", later_intents)
    assert all(doubt.under_way for doubt in open_doubts(bench.journal, bench.leases))
    assert begun


def _intent(plan_id: str) -> dict[str, object]:
    said = {"kind": "repair", "target": "sandbox", "table": "bronze.br_t0_scd2", "key": KEY, "query_tag": "t"}
    return {"plan": plan_id, **said}


@pytest.mark.parametrize(
    ("target", "read_only", "guard"), [("prod", "", "target"), ("", "the config file", "read_only")]
)
def test_another_target_looks_not_and_read_only_writes_nothing(
    done: tuple[Bench, str], target: str, read_only: str, guard: str
) -> None:
    bench, write_id = done
    doubts = bench.doubts(target, read_only)
    with pytest.raises(Refused) as caught:
        doubts.settle(write_id)
    assert caught.value.guard == guard and SETTLED not in bench.journal.kinds()
    if read_only:
        assert doubts.look(write_id).verdict is Verdict.APPLIED, "looking is free to all"


@pytest.mark.parametrize("write_id", ["", "20260301-090000", "nobody's"])
def test_what_is_not_in_doubt_is_not_looked_at(done: tuple[Bench, str], write_id: str) -> None:
    with pytest.raises(UsageError):
        done[0].doubts().look(write_id)


def test_where_nothing_can_be_read_nothing_is_settled(done: tuple[Bench, str]) -> None:
    bench, write_id = done
    bench.base.tables.clear()
    with pytest.raises(GcmsError):
        bench.doubts().settle(write_id)
    assert SETTLED not in bench.journal.kinds()


@pytest.mark.parametrize(
    ("when", "verdict"), [("clone_table", Verdict.NOT_APPLIED), ("after clone_table", Verdict.APPLIED)]
)
@pytest.mark.parametrize("alone", [False, True], ids=["for a write", "by itself"])
def test_a_clone_in_doubt_is_there_or_not(when: str, verdict: Verdict, alone: bool) -> None:
    bench = Bench()
    plan = bench.planner.backup_of(bench.tables.get("br_t0_scd2")) if alone else bench.propose()
    bench.plans.keep(plan)
    bench.base.on(when, fails(Unavailable("Lost", "the line is gone")))
    with pytest.raises(GcmsError):
        bench.apply(plan)
    doubts = bench.doubts()
    [doubt] = doubts.open()
    assert doubt.write_id.startswith(BACKUP_OF) is not alone and doubt.intent["kind"] == "backup"
    assert doubts.settle(doubt.write_id).verdict is verdict
    assert not doubts.open() and bench.current() == ["a", "b"]
    assert [kind for kind in bench.journal.kinds() if kind in (OUTCOME, SETTLED)][-1] == SETTLED
