"""The writing dialogs: nothing is written that was not read, typed and meant, and however it ends is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from gcms_tui.console import guarded
from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.clipboard import FILE
from gcms_tui.console.writing import verifying
from gcms_tui.console.writing.batch_dialog import BatchDialog
from gcms_tui.console.writing.plan_dialog import PlanDialog
from gcms_tui.console.writing.plan_page import plan_page
from gcms_tui.console.writing.result_page import Proof, proof_lines
from gcms_tui.core.errors import CommitUnknown, GcmsError, Refused, Unavailable
from gcms_tui.core.scd2.proof import KeyCheck, TestCheck
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.journal import Entry
from gcms_tui.core.writing.plan import Plan
from gcms_tui.operations.writing.guarded_write import Ended, Outcome
from tests.console.driving import drawn, typed, until
from tests.console.small_platform import services
from tests.console.small_writing import KEY, TABLE, SmallWriting, repair, small_writing
from tests.console.test_hostile_text import HOSTILE

SMALL, LARGE = (80, 24), (140, 40)
REASON = "late webhook"


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "_LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(guarded, "HOLD_S", 0.02)


class Asked:
    """A dialog over a console, and what came of it."""

    def __init__(
        self,
        state: Path,
        small: SmallWriting,
        make: Callable[[], Plan] | None = None,
        *,
        batch: bool = False,
        **services_of: Any,
    ) -> None:
        self.small = small
        given = {"read_only": False, "clock": small.clock, "runs": small.dbt.desk, "scd2": small.desk, **services_of}
        prepared = services(state, **given)
        self.app = ConsoleApp(prepared)
        self.answers: list[Any] = []
        self.dialog: Any = (
            BatchDialog(prepared, self.app.look, small.desk, lambda: small.repairs.propose_batch(TABLE))
            if batch
            else PlanDialog(prepared, self.app.look, small.desk, make or small.propose)
        )

    async def open(self, pilot: Pilot[Any], *, armed: bool = True) -> Any:
        await pilot.pause()
        self.app.push_screen(self.dialog, self.answers.append)
        await until(pilot, lambda: self.dialog.made or self.dialog.error, "the plan")
        await self.armed(pilot, wanted=armed)
        return self.dialog

    async def armed(self, pilot: Pilot[Any], *, wanted: bool = True) -> None:
        await until(pilot, lambda: self.dialog.armed or not wanted, "the end of the first moment")

    async def confirm(self, pilot: Pilot[Any], words: str = KEY) -> None:
        """Type what is to be typed, and come to the answer."""
        await pilot.press("tab")
        await typed(pilot, words)
        await pilot.press("enter")
        await typed(pilot, REASON)
        await pilot.press("enter")
        await self.armed(pilot)

    async def over(self, pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: self.dialog.over or self.dialog.failure, "the end of the write")

    async def proven(self, pilot: Pilot[Any]) -> None:
        """Let the tests run to their end."""
        await until(pilot, lambda: self.dialog.proof.run_id, "the tests")
        scripted = self.small.dbt.shelf.scripted[self.dialog.proof.run_id]
        scripted.advance(scripted.steps)
        await until(pilot, lambda: self.dialog.proof.tests is not None, "their end")

    def shown(self, width: int = 100) -> str:
        return "\n".join(line.plain for line in self.dialog.page(width))


def told(app: ConsoleApp, words: str) -> bool:
    """In the corner."""
    return any(words in one.message for one in app._notifications)


def kinds(small: SmallWriting) -> list[str]:
    return [entry.kind for entry in small.book.kept if not entry.subject.startswith("backup-")]


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_everything_to_be_known_is_told(state: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    small = small_writing(tmp_path, target="prod")
    asked = Asked(state, small, lambda: repair(target="prod"), target="prod", sandbox=False)
    async with asked.app.run_test(size=size) as pilot:
        dialog = await asked.open(pilot)
        seen = drawn(asked.app)
        assert "[ Cancel ]" in seen and dialog.way_out.has_focus, "the way out has the focus"
        assert f"WRITE on  PROD   repair of {KEY}" in seen and "Write to PROD" in seen
        assert "9f31c0aa41d2 stays: recorded last, 2026-02-16" in seen
        assert f"type  {KEY}  to confirm, and the reason below it" in seen
        for _ in range(8):
            await pilot.press("pagedown")
            seen += drawn(asked.app)
        assert "more lines" not in drawn(asked.app)
        for expected in (
            "1 row of the key's 2, by 1 statement",
            "* effective_to    NULL                  → 2026-02-15",
            "* is_current      true                  → false",
            "* updated_at      2026-01-12 03:10:00   → now",
            "unchanged: scd_id 1b7e55d09c3f, effective_from 2026-01-12",
            "ends where 9f31c0aa41d2 begins",
            "BRONZE_BACKUP.BR_ATTENDANCE_SCD2_20260302_120000_1A2B3C4D5E",
            'UPDATE "BRONZE"."BR_ATTENDANCE_SCD2"',
            "bind 1  2026-02-15 00:00:00.000000000  (str)",
            "queries/scd2_close_version.sql, touches 1 row",
            "The rows are read once more and have to be as above.",
            dialog.made.fingerprint[:40],
            f"{dialog.made.short_id}, holds 30 min",
            "2026-03-02 12:30:00 UTC",
        ):
            assert expected in seen, expected
        await pilot.press("c")
        await until(pilot, lambda: (state / FILE).exists(), "the copy")
    assert dialog.made.plan_id in (state / FILE).read_text() and not small.book.kept


async def test_enter_does_not_go_through(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot, armed=False)
        for key in ("tab", "enter", "enter", "tab", "enter", "space", "right", "enter"):
            pressed = events.Key(key, None)
            pressed.time = dialog._held_until - 0.01  # typed before it was read, however late it is heard
            asked.app.post_message(pressed)
        await pilot.pause()
        await asked.armed(pilot)
        assert dialog.way_out.has_focus and not asked.answers
        await asked.confirm(pilot)
        assert dialog.act.has_focus and not small.access.ran, "Enter behind the reason leads to the answer only"
        dialog.hold()
        held = dialog._held_until
        repeated = events.Key("enter", None)
        repeated.time = held - 0.01
        asked.app.post_message(repeated)
        await until(pilot, lambda: dialog._held_until > held, "Enter that is held down to be heard")
        assert not small.access.ran and not dialog.writing
        dialog.way_out.focus()
        await asked.armed(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: asked.answers, "the way out")
    assert asked.answers == [None] and not small.book.kept


@pytest.mark.parametrize(
    "typed, reason, said",
    [
        ("", REASON, "to confirm"),
        (KEY[:-1], REASON, "to confirm"),
        (KEY + " ", REASON, "to confirm"),
        (KEY, "", "say why"),
        (KEY, "   ", "say why"),
    ],
    ids=["nothing", "a letter short", "a space more", "no reason", "blanks for a reason"],
)
async def test_what_is_not_typed_exactly_writes_nothing(
    state: Path, tmp_path: Path, typed: str, reason: str, said: str
) -> None:
    small = small_writing(tmp_path)
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        dialog._confirmation.value, dialog._reason.value = typed, reason
        await pilot.pause()
        assert dialog.act.disabled and said in drawn(asked.app)
        dialog.act.action_give()
        dialog.done()
        await pilot.press("tab", "enter", "enter")
        assert not dialog.writing and not small.book.kept


async def test_the_confirmation_is_never_pasted_and_the_reason_may_be(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        await pilot.press("tab")
        asked.app.post_message(events.Paste(KEY))
        await until(pilot, lambda: "Pasting does not count here: type it." in drawn(asked.app), "the refusal")
        asked.app.copy_to_clipboard(KEY)
        await pilot.press("ctrl+v")
        assert dialog._confirmation.value == "" and dialog.act.disabled
        await pilot.press("enter")
        assert dialog._reason.has_focus
        asked.app.post_message(events.Paste("ticket 17"))
        await until(pilot, lambda: dialog._reason.value == "ticket 17", "the reason")


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


@pytest.mark.parametrize("guard, way", [("tie", "Enter on the one"), ("begins_after_winner", "Or S there"),
                                        ("shared_scd_id", "with C in the key's timeline")])  # fmt: skip
async def test_a_refused_plan_says_which_guard_and_the_ways_out(
    state: Path, tmp_path: Path, guard: str, way: str
) -> None:
    small = small_writing(tmp_path)

    def refuse() -> Plan:
        raise Refused("It is refused", "Because of the rows.", "Do the next step.", guard=guard)

    asked = Asked(state, small, refuse)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        seen = drawn(asked.app)
        assert f"✗ REFUSED by the guard {guard}: nothing was written" in seen and "Because of the rows." in seen
        assert "Do the next step." in seen and way in seen
        assert dialog.act.disabled and not dialog._confirmation.display and not dialog._reason.display
        dialog._make = small.propose
        await pilot.press("r")
        await until(pilot, lambda: dialog.made, "the plan")
        assert f"type  {KEY}" in drawn(asked.app)


async def test_read_only_has_no_way_to_it(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path, read_only=True)
    asked = Asked(state, small, repair, read_only=True)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        assert "read-only: gcms.toml does not allow writing" in drawn(asked.app)
        assert not dialog._confirmation.display and dialog.act.disabled
        dialog._confirmation.value, dialog._reason.value = KEY, REASON
        dialog.done()
        await pilot.pause()
        assert not dialog.writing
    assert not small.book.kept


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
        await until(pilot, lambda: "IN DOUBT 1: 6" in drawn(asked.app), "the bar")
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


async def test_an_old_plan_counts_down_and_cannot_be_confirmed(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        for minutes, held in ((28, "holds 2 min"), (1.5, "holds 30 s"), (1, "EXPIRED: r plans again")):
            small.clock.pass_by(minutes=minutes)
            dialog._tick()
            await pilot.pause()
            assert held in drawn(asked.app)
        await asked.confirm(pilot)
        assert "the plan has expired: r plans again" in drawn(asked.app) and dialog.act.disabled
        await pilot.press("escape")
    assert not small.book.kept


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


# -- pages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ascii", [False, True])
async def test_hostile_text_is_shown_as_data(state: Path, tmp_path: Path, ascii: bool) -> None:  # noqa: A002
    from dataclasses import replace

    from gcms_tui.core.writing.plan import Row, RowChange

    small = small_writing(tmp_path)
    everything = " ".join(HOSTILE)

    def hostile() -> Plan:
        made = repair()
        rows = [Row(tuple((name, text) for name, _ in made.before[0].values)) for text in HOSTILE]
        changes = tuple(RowChange(text, row, made.after[1], text) for text, row in zip(HOSTILE, rows, strict=True))
        gone = (RowChange(everything, rows[0], None, everything), RowChange(everything, None, rows[1], everything))
        return replace(
            made, subject=everything, table=everything, warnings=HOSTILE, reason=everything, winner=everything,
            confirmation=everything, changes=(*changes, *gone), target=everything,
        )  # fmt: skip

    asked = Asked(state, small, hostile, ascii=ascii)
    async with asked.app.run_test(size=(60, 20)) as pilot:
        await asked.open(pilot)
        seen = drawn(asked.app)
        for _ in range(40):
            await pilot.press("pagedown")
            seen += drawn(asked.app)
    assert not {letter for letter in seen if letter != "\n" and not letter.isprintable()} - set("\u200d\ufe0f")
    assert seen.isascii() or not ascii
    assert "[/b]" in seen and "[red]red[/red]" in seen


def test_no_line_is_wider_than_the_page(state: Path, tmp_path: Path) -> None:
    look = ConsoleApp(services(state)).look
    for width in (30, 78, 108):
        lines = plan_page(repair(), look, width, repair().made_at)
        assert all(line.cell_len <= width for line in lines)
