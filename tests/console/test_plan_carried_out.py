"""The writing dialogs once they write: however it ends is told, and proven."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.writing.result_page import Proof, proof_lines
from gcms_tui.core.errors import CommitUnknown, GcmsError, Unavailable
from gcms_tui.core.scd2.proof import KeyCheck, TestCheck
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.journal import Entry
from gcms_tui.operations.writing.guarded_write import Ended, Outcome
from tests.console.asked import REASON, Asked, kinds, look_quickly, told
from tests.console.driving import drawn, until
from tests.console.small_platform import services
from tests.console.small_writing import KEY, TABLE, repair, small_writing

SMALL, LARGE = (80, 24), (140, 40)


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    look_quickly(monkeypatch)


async def test_a_plan_is_applied_proven_and_its_undo_offered(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        await asked.confirm(pilot)
        await pilot.press("enter")
        await asked.over(pilot)
        assert dialog.way_out.has_focus and dialog.act.display is False
        assert "✓ APPLIED: 1 row written, exactly as planned" in drawn(asked.app) and "[ Close ]" in drawn(asked.app)
        await asked.proven(pilot)
        said = asked.shown()
        assert "other keys may not be" not in said
        assert "✓ OK  1 current version of 2" in said and "✓ OK  4 tests passed" in said
        assert dialog.ended.backup in said and dialog.ended.write_id in said
        assert dialog.steps[0] == "checking" and "COMMIT" in dialog.steps
        await asked.armed(pilot)
        await pilot.press("u")
        await until(pilot, lambda: pilot.app.screen is not dialog, "the plan of the undo")
        undo: Any = pilot.app.screen
        await until(pilot, lambda: undo.made, "the plan of the undo")
        assert small.repairs.undone == [dialog.ended.write_id] and f"undo of {KEY}" in drawn(asked.app)
        shown = "\n".join(line.plain for line in undo.page(100))
        assert "dbt tests run." in shown and "Undo is offered" not in shown, "an undo is not undone"
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is dialog, "the way back")
        await pilot.press("escape")
        await until(pilot, lambda: asked.answers, "the answer")
    assert asked.answers[0].outcome is Outcome.APPLIED
    assert kinds(small) == ["write.intent", "write.outcome", "scd2.verified"]
    assert json.loads(small.book.kept[0].payload)["reason"] == REASON
    assert small.access.ran[-1] == "COMMIT" and small.access.ran.count("COMMIT") == 1


async def test_leaving_while_the_tests_run_leaves_them_running_and_records_them(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    small.verification.key = KeyCheck(2, 2, {"duplicate_current": 1})
    asked = Asked(state, small)
    async with asked.app.run_test(size=LARGE) as pilot:
        dialog = await asked.open(pilot)
        await asked.confirm(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: dialog.proof.run_id, "the tests")
        assert "✗ FAIL  2 current versions of 2; duplicate_current 1" in asked.shown()
        await pilot.press("escape")
        await until(pilot, lambda: asked.answers, "the way out")
        await until(pilot, lambda: told(asked.app, f"The tests go on as run {dialog.proof.run_id}"), "the word")
        scripted = small.dbt.shelf.scripted[dialog.proof.run_id]
        scripted.advance(scripted.steps)
        await until(pilot, lambda: kinds(small)[-1] == "scd2.verified", "the record")
    assert json.loads(small.book.kept[-1].payload)["tests"]["verdict"] == "OK"


async def test_no_test_at_all_is_not_green(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    small.dbt.runs.nodes = ()
    small.verification.key = Unavailable("No answer", "The warehouse does not answer.")
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        await asked.confirm(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: dialog.proof.tests is not None, "the proof")
        said = asked.shown()
    assert "? UNKNOWN  not run: Not started: nothing is selected" in said
    assert "? UNKNOWN  could not be looked at: No answer: The warehouse does not answer." in said


async def test_a_refusal_while_it_is_carried_out_is_told_and_the_plan_used_up(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    small.access.touches = 2
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        await asked.confirm(pilot)
        await pilot.press("enter")
        await asked.over(pilot)
        seen = drawn(asked.app)
        assert "REFUSED by the guard row_count: nothing was written" in seen and "r plans again" in asked.shown()
        await until(pilot, lambda: not asked.app._doubts.busy, "the journal, asked")
        assert dialog.act.disabled and not dialog.over and asked.app.doubts == ()
        await asked.armed(pilot)
        await pilot.press("r")
        await until(pilot, lambda: dialog.failure is None and dialog.made, "another plan")
        assert dialog._confirmation.value == "", "another plan is confirmed anew"
    assert small.access.ran[-1] == "ROLLBACK" and kinds(small) == ["write.intent", "write.outcome"]


async def test_who_is_held_up_by_another_confirms_once(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    lease = small.leases.take(f"write:sandbox:{TABLE}", "repair of 1-1-1")
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        await asked.confirm(pilot)
        await pilot.press("enter")
        await asked.over(pilot)
        assert "REFUSED by the guard lease" in drawn(asked.app) and "The plan still holds" in asked.shown()
        lease.release()
        await asked.armed(pilot)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: dialog.over, "the write")
    assert dialog.ended.outcome is Outcome.APPLIED


@pytest.mark.parametrize(
    "lost",
    [CommitUnknown("No answer", "The link was lost at COMMIT."), Unavailable("No answer", "The link was lost.")],
    ids=["as such", "as any lost link"],
)
async def test_a_lost_commit_is_in_doubt_in_every_bar_until_it_is_settled(
    state: Path, tmp_path: Path, lost: GcmsError
) -> None:
    small = small_writing(tmp_path)
    small.access.error = lost
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        await asked.confirm(pilot)
        await pilot.press("enter")
        await asked.over(pilot)
        assert "? IN DOUBT: it may have been written, or not" in drawn(asked.app)
        assert "Pane 6 shows it first" in asked.shown() and "APPLIED" not in asked.shown()
        await until(pilot, lambda: asked.app.doubts, "the doubt in the bar")
        assert dialog.act.disabled or not dialog.act.display
        await asked.armed(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "IN DOUBT 1 → 6" in drawn(asked.app), "the bar")
        assert f"IN DOUBT repair of {KEY} in {TABLE}" in drawn(asked.app)
        small.desk.doubts.settle(asked.app.doubts[0].write_id)
        asked.app.look_for_doubts()
        await until(pilot, lambda: "IN DOUBT" not in drawn(asked.app), "it to be settled")
    assert kinds(small) == ["write.intent", "write.settled"]


async def test_a_write_under_way_is_neither_left_nor_quit(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    small.access.gate = threading.Event()
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        await asked.confirm(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: any("backing up" in step for step in dialog.steps), "the first steps")
        assert asked.app.writer.busy and not asked.app.writer.wait(0)
        seen = drawn(asked.app)
        assert "→ backing up to" in seen and "✓ writing the intent into the journal" in seen
        await pilot.press("escape")
        assert "A write is not broken off halfway: it ends in seconds." in drawn(asked.app) and not asked.answers
        await asked.app.run_action("quit")
        await until(pilot, lambda: told(asked.app, "Then quit again."), "the refusal to quit")
        assert asked.app.is_running and asked.app.refusal("suspend_process")
        small.access.gate.set()
        await asked.over(pilot)
        assert dialog.ended.outcome is Outcome.APPLIED and asked.app.writer.wait(0)
        await asked.app.run_action("quit")
    assert not asked.app.is_running and small.access.closed.is_set()


async def test_a_bug_in_the_middle_is_told_as_one_of_a_write(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    asked = Asked(state, small)

    def broken(*_: object) -> None:
        raise KeyError("boom")

    small.leases.take = broken  # type: ignore[assignment]
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        await asked.confirm(pilot)
        await pilot.press("enter")
        await asked.over(pilot)
        assert "NOT APPLIED: nothing was written" in drawn(asked.app) and "boom" in asked.shown()
        assert not asked.app.writer.busy and not dialog.over
        small.book.error = GcmsError("The journal cannot be read", "Disk full.")
        small.access.error = None
        await asked.armed(pilot)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: dialog.failure and dialog.failure.unseen, "the second failure")
        assert "IN DOUBT" in drawn(asked.app) and "nobody knows whether anything was written" in asked.shown()


# -- batches -----------------------------------------------------------------------------------------------------------


async def test_a_batch_is_confirmed_by_its_number_stops_and_is_gone_on_with(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    small.access.commits = False
    asked = Asked(state, small, batch=True)
    async with asked.app.run_test(size=LARGE) as pilot:
        dialog = await asked.open(pilot)
        said = asked.shown()
        assert "repair of 3 keys" in said and "type  3 keys  to confirm" in drawn(asked.app)
        assert (
            "27-190-312  tie: 2 current versions" in said and "27-88-311                 1 of 2   9f31c0aa41d2" in said
        )
        small.leases.take(f"write:sandbox:{TABLE}", "another")
        await asked.confirm(pilot, "3 keys")
        await pilot.press("enter")
        await until(pilot, lambda: dialog.ended is not None, "the first stop")
        said = asked.shown()
        assert "▲ STOPPED: 0 keys written" in said and "stopped at  27-14-311" in said and "left        2 keys" in said
        assert "Somebody writes" in said and "Go on" in drawn(asked.app) and not dialog.over
        small.leases.alive.clear()
        await asked.armed(pilot)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: dialog.over, "the end")
        said = asked.shown()
        assert "✓ APPLIED: 3 keys written" in said and "refused     1 key" in said
        assert "key 3 of 3" in dialog.steps
        await asked.proven(pilot)
        said = asked.shown()
        assert "keys        ✓ OK  3 of 3 are sound" in said and "tests       ✓ OK  " in said
        assert "batch-1a2b3c4d, used" in said, "it holds no more"
        await asked.armed(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: asked.answers, "the answer")
    assert [one.plan.subject for one in asked.answers[0].applied] == ["27-14-311", "27-88-311", "27-131-311"]
    assert kinds(small) == ["write.intent", "write.outcome"] * 3 + ["scd2.verified"] * 3


async def test_a_batch_that_is_left_halfway_is_proven_all_the_same(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    small.access.commits = False
    small.verification.key = KeyCheck(2, 2, {"duplicate_current": 1})
    asked = Asked(state, small, batch=True)

    def too_many(entry: Entry) -> None:
        small.access.touches = 2 if entry.kind == "write.outcome" else small.access.touches

    small.book.heard = too_many
    async with asked.app.run_test(size=LARGE) as pilot:
        dialog = await asked.open(pilot)
        await asked.confirm(pilot, "3 keys")
        await pilot.press("enter")
        await until(pilot, lambda: dialog.ended is not None, "the stop")
        before = set(small.dbt.shelf.scripted)
        said = asked.shown()
        assert "▲ STOPPED: 1 key written" in said and "left        1 key: 27-131-311" in said
        assert "not yet: a run of dbt would hold up going on" in said and not dialog.proof.run_id
        await pilot.press("escape")
        await until(pilot, lambda: asked.answers, "the answer")
        assert told(asked.app, "The proof is still being made")
        await until(pilot, lambda: small.dbt.shelf.scripted.keys() > before, "the tests")
        scripted = next(run for run_id, run in small.dbt.shelf.scripted.items() if run_id not in before)
        scripted.advance(scripted.steps)
        await until(pilot, lambda: "scd2.verified" in kinds(small), "the record")
    proof = json.loads(small.book.kept[-1].payload)
    assert proof["key"]["verdict"] == "FAIL" and proof["tests"]["run"]
    assert small.book.kept[-1].subject == dialog.applied[0].write_id


def test_keys_that_are_not_sound_are_named(state: Path) -> None:
    look = ConsoleApp(services(state)).look
    ended = [Ended(f"w{number}", repair(f"27-{number}-311"), Outcome.APPLIED) for number in range(3)]
    keys = {"w0": KeyCheck(2, 1, {}), "w1": KeyCheck(2, 2, {"duplicate_current": 1})}

    def said(proof: Proof) -> str:
        return "\n".join(line.plain for line in proof_lines(ended, proof, look, 100))

    assert "keys        2 of 3 looked at" in said(Proof(keys)) and "27-1-311: 2 current versions of 2" in said(
        Proof(keys)
    )
    whole = said(Proof({**keys, "w2": "No answer: the link was lost"}, tests=TestCheck(Verdict.FAIL, "1 of 4 failed")))
    assert "keys        ? UNKNOWN  1 of 3 are sound" in whole and "27-2-311: could not be looked at: No answer" in whole
    assert "What was written is sound" not in whole
