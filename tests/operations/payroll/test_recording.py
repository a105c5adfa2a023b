"""Step 7: exactly what was signed is recorded, once, whoever changes what meanwhile, and it is known that it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.core.errors import CommitUnknown, GcmsError, Refused, Unavailable, UsageError
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.export_file import MANIFEST
from gcms_tui.core.payroll.gates import StepState
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.run import Person
from gcms_tui.core.settings import SupabaseSettings
from gcms_tui.core.writing.doubt import Verdict
from gcms_tui.core.writing.journal import INTENT, OUTCOME, SETTLED
from gcms_tui.core.writing.plan import Plan, PlanKind, canonical
from gcms_tui.core.writing.plan_json import plan_document
from gcms_tui.operations.payroll.recording import Recording
from gcms_tui.operations.writing.doubts import Doubts
from gcms_tui.operations.writing.guarded_write import Ended, GuardedWrites, Outcome
from tests.operations.memory import NOW, ShippedQueries
from tests.operations.payroll.disk import DiskFiles
from tests.operations.payroll.memory_supabase import MemorySupabase, failing, held
from tests.operations.payroll.paid_run import CSV, released
from tests.operations.payroll.scene import CONCERT, TARGET, MemoryWarehouse, Row, Scene, payment

DAY = date(2026, 3, 1)
REASON = "paid by the bank today"
LOST = Unavailable("Lost", "the line")


@dataclass
class Desk:
    """One person's console at a released run, and a Supabase in memory."""

    scene: Scene
    files: DiskFiles
    supabase: MemorySupabase = field(default_factory=MemorySupabase)
    user: str = "erin"

    def __post_init__(self) -> None:
        self.run = self.scene.book().get("last")
        self.recording = self.console()

    def console(self, user: str = "erin", host: str = "ops-1") -> Recording:
        store, queries = self.scene.store(user, host), ShippedQueries()
        writes = GuardedWrites(
            TARGET, access=self.supabase, plans=store.plans, leases=store.leases, journal=store.journal,
            clock=self.scene.clock,
        )  # fmt: skip
        return Recording(
            SupabaseSettings(), book=self.scene.book(user, host), reader=self.scene.reader(), files=self.files,
            supabase=self.supabase, queries=queries, writes=writes, plans=store.plans, journal=store.journal,
            person=Person(user, host), clock=self.scene.clock,
        )  # fmt: skip

    def doubts(self) -> Doubts:
        store = self.scene.store()
        return Doubts(
            TARGET, journal=store.journal, plans=store.plans, leases=store.leases, warehouse=MemoryWarehouse(),
            queries=ShippedQueries(), readers={PlanKind.MARK_PAID: self.supabase},
        )  # fmt: skip

    def plan(self, day: date = DAY) -> Plan:
        plan = self.recording.plan(self.run.run_id, day)
        assert plan is not None
        return plan

    def record(self, plan: Plan, typed: str = CONCERT) -> tuple[PayrollRun, Ended]:
        return self.recording.record(self.run.run_id, plan.plan_id, typed, REASON)

    def refused(self, do: Callable[[], object]) -> str:
        before = self.supabase.paid()
        with pytest.raises(Refused) as caught:
            do()
        assert self.supabase.paid() == before
        return caught.value.guard

    def kinds(self) -> list[str]:
        return [entry.kind for entry in reversed(self.scene.store().journal.entries())]

    def journal_text(self) -> str:
        return "\n".join(entry.payload for entry in self.scene.store().journal.entries())

    def said(self, kind: str) -> dict[str, Any]:
        [entry] = self.scene.store().journal.entries(kind=kind)
        return entry.said


@pytest.fixture(scope="module")
def released_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released run's store and files, to be copied: walking there takes longer than most of what is tested."""
    directory = tmp_path_factory.mktemp("released")
    released(Scene(directory), DiskFiles(directory / "files"))
    return directory


@pytest.fixture
def desk(released_run: Path, tmp_path: Path) -> Desk:
    shutil.copytree(released_run, tmp_path, dirs_exist_ok=True)
    return Desk(Scene(tmp_path), DiskFiles(tmp_path / "files"))


def desk_of(directory: Path, payments: list[Row], supabase: list[Row]) -> Desk:
    """At a released run over these payments."""
    scene, files = Scene(directory), DiskFiles(directory / "files")
    scene.warehouse.answers["payroll_export"] = payments
    released(scene, files)
    return Desk(scene, files, MemorySupabase(supabase))


ALL = {str(number): DAY for number in range(1, 21)}


@pytest.mark.covers("Post-payroll 1")
def test_exactly_the_signed_payments_are_recorded_and_the_run_knows_it(desk: Desk) -> None:
    desk.supabase.rows.append(held(99, "7.77"))
    plan = desk.plan()
    assert (plan.kind, plan.table, plan.subject, plan.confirmation) == (
        PlanKind.MARK_PAID, "public.payment", desk.run.run_id, CONCERT,
    )  # fmt: skip
    assert plan.rows == 20 and plan.lock is not None and "FOR UPDATE" in plan.lock.sql
    assert [row.as_dict() for row in plan.before] == [{"paid": False, "payment_date": None, "payments": "20"}]
    assert [row.as_dict() for row in plan.after] == [{"paid": True, "payment_date": "2026-03-01", "payments": "20"}]
    [warning] = plan.warnings
    assert "99" in warning and "2,000.00" in plan.reason
    desk.supabase.asked.clear()
    run, ended = desk.record(plan)
    assert ended.outcome is Outcome.APPLIED and not ended.note
    assert desk.supabase.paid() == ALL
    assert desk.supabase.asked == [
        "open", "BEGIN", "lock_payments", "signed_payments", "mark_paid", "signed_payments", "COMMIT", "after COMMIT",
    ]  # fmt: skip
    assert run.recorded is not None
    assert (run.recorded.date, run.recorded.entries, str(run.recorded.net)) == (DAY, 20, "2000.00")
    assert (run.recorded.write_id, run.recorded.already) == (ended.write_id, False)
    assert desk.kinds()[-3:] == [INTENT, OUTCOME, events.RECORDED]
    assert desk.scene.book().looks(run)[Step.RECORD.number - 1].state is StepState.PASSED


def test_no_single_amount_is_in_plan_or_journal(tmp_path: Path) -> None:
    amounts = {1: "123.45", 2: "678.91"}
    desk = desk_of(tmp_path, [payment(*item) for item in amounts.items()], [held(*item) for item in amounts.items()])
    plan = desk.plan()
    desk.record(plan)
    for text in (canonical(plan_document(plan)), desk.journal_text(), repr(plan)):
        assert "123.45" not in text and "678.91" not in text


def test_recorded_twice_is_recorded_once(desk: Desk) -> None:
    first, second = desk.plan(), desk.plan(DAY - timedelta(days=1))
    desk.record(first)
    assert desk.recording.plan(desk.run.run_id, DAY - timedelta(days=3)) is None
    assert desk.refused(lambda: desk.record(first)) == "recorded"
    assert desk.refused(lambda: desk.record(second)) == "recorded"
    entries = len(desk.kinds())
    assert desk.recording.adopt(desk.run.run_id).recorded is not None
    assert desk.supabase.paid() == ALL and len(desk.kinds()) == entries


def test_what_is_taken_back_in_supabase_is_not_recorded_again_in_silence(desk: Desk) -> None:
    plan = desk.plan()
    desk.record(plan)
    for number in range(1, 21):
        desk.supabase.set(number, paid=False)
    assert desk.refused(lambda: desk.plan()) == "recorded"
    desk.supabase.set(3, paid=True)
    assert desk.refused(lambda: desk.plan()) == "recorded"


CHANGES: dict[str, tuple[Callable[[MemorySupabase], object], str]] = {
    "none": (lambda base: base.rows.clear(), "nothing_visible"),
    "missing": (lambda base: base.rows.pop(4), "ids"),
    "twice": (lambda base: base.rows.append(held(5, payment_id="77")), "ids"),
    "nobody's": (lambda base: base.set(5, musician_id=None), "ids"),
    "a cent": (lambda base: base.set(5, net_amount=held(5, "100.01")["net_amount"]), "sum"),
    "no amount": (lambda base: base.set(5, net_amount=None), "sum"),
    "partly": (lambda base: base.set(5, paid=True, payment_date=DAY), "partly_paid"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_not_what_was_signed_is_not_planned(desk: Desk, what: str) -> None:
    change, guard = CHANGES[what]
    change(desk.supabase)
    assert desk.refused(lambda: desk.plan()) == guard
    assert not desk.scene.store().plans.newest()


@pytest.mark.parametrize("what", ["missing", "twice", "a cent", "partly"])
def test_what_changes_after_the_plan_is_not_recorded(desk: Desk, what: str) -> None:
    """Before it is applied, and between BEGIN and the lock."""
    change, _ = CHANGES[what]
    first = desk.plan()
    desk.scene.clock.now += timedelta(seconds=1)
    second, before = desk.plan(), deepcopy(desk.supabase.rows)
    change(desk.supabase)
    assert desk.refused(lambda: desk.record(first)) == "rows_moved"
    desk.supabase.rows = before
    desk.supabase.hooks["lock_payments"] = lambda: change(desk.supabase)
    with pytest.raises(Refused) as caught:
        desk.record(second)
    assert caught.value.guard == "rows_moved" and len(desk.supabase.paid()) == (what == "partly")
    assert desk.kinds()[-1] == OUTCOME and not desk.doubts().open()
    assert desk.scene.book().get("last").recorded is None


def test_a_change_while_it_is_read_makes_no_plan(desk: Desk) -> None:
    desk.supabase.hooks["signed_payments"] = lambda: desk.supabase.set(5, net_amount=held(5, "1.00")["net_amount"])
    assert desk.refused(lambda: desk.plan()) == "rows_moved"


@pytest.mark.parametrize(
    ("day", "refused"),
    [
        (DAY + timedelta(days=2), True), (DAY + timedelta(days=1), False), (date(2026, 2, 20), False),
        (date(2026, 2, 19), True), (date(2062, 3, 1), True),
    ],
)  # fmt: skip
def test_the_day_is_one_on_which_it_can_have_been_paid(desk: Desk, day: date, refused: bool) -> None:
    if refused:
        assert desk.refused(lambda: desk.plan(day)) == "date"
    else:
        desk.record(desk.plan(day))
        assert set(desk.supabase.paid().values()) == {day}


def test_it_waits_for_the_release(desk: Desk) -> None:
    unreleased = desk.scene.book().open("8", "Mahler 1", None, "gold.fct_musician_payment")
    for do in (desk.recording.adopt, lambda run_id: desk.recording.plan(run_id, DAY)):
        with pytest.raises(Refused) as caught:
            do(unreleased.run_id)
        assert caught.value.guard == Step.FRESHNESS.value


def test_a_hold_stops_it(desk: Desk) -> None:
    plan = desk.plan()
    desk.scene.critical = "a test fails"
    assert desk.refused(lambda: desk.record(plan)) == "hold"


# -- what was signed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [MANIFEST, CSV, f"{CSV}.sha256"])
def test_a_released_file_that_was_changed_is_not_recorded(desk: Desk, name: str) -> None:
    file = desk.files.place("outbox", desk.run.run_id) / name
    file.write_bytes(file.read_bytes().replace(b"100.00", b"900.00") + b" ")
    assert desk.refused(lambda: desk.plan()) == "tampered"


def test_a_file_that_changes_after_it_was_looked_at_is_seen(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.files, "read", lambda path: path.read_bytes().replace(b"100.00", b"900.00"))
    assert desk.refused(lambda: desk.plan()) == "tampered"


def test_what_is_signed_is_recorded_whatever_the_warehouse_holds_by_now(desk: Desk) -> None:
    desk.scene.warehouse.answers["payroll_export"] = [payment(number, "200.00") for number in range(1, 21)]
    plan = desk.plan()
    assert any("has changed since the release" in warning for warning in plan.warnings)
    desk.scene.warehouse.answers.clear()
    desk.scene.warehouse.answers["payroll_export"] = lambda _: failing(LOST)()
    assert any("not known" in warning for warning in desk.plan().warnings)
    desk.record(plan)
    assert desk.supabase.paid() == ALL


def test_without_the_file_what_was_signed_comes_from_an_unchanged_warehouse(desk: Desk) -> None:
    (desk.files.place("outbox", desk.run.run_id)).rename(desk.files.directory / "taken")
    assert any("not on this host" in warning for warning in desk.plan().warnings)
    desk.scene.warehouse.answers["payroll_export"] = [payment(number, "200.00") for number in range(1, 21)]
    assert desk.refused(lambda: desk.plan()) == "another_host"


def test_a_file_that_whoever_pays_has_taken_is_not_missed(desk: Desk) -> None:
    (desk.files.place("outbox", desk.run.run_id) / CSV).unlink()
    desk.record(desk.plan())
    assert desk.supabase.paid() == ALL


# -- lines and consoles ------------------------------------------------------------------------------------------------


def test_it_wants_the_runs_own_plan_and_the_concerts_id(desk: Desk) -> None:
    plan = desk.plan()
    assert desk.refused(lambda: desk.record(plan, "8")) == "confirmation"
    assert desk.refused(lambda: desk.record(plan, "")) == "confirmation"
    with pytest.raises(UsageError):
        desk.recording.record(desk.run.run_id, "0" * 64, CONCERT, REASON)
    other = Plan(PlanKind.BACKUP, TARGET, "t", "x", "x", (), NOW, Person("erin", "ops-1"))
    desk.scene.store().plans.keep(other)
    assert desk.refused(lambda: desk.record(other, "x")) == "plan"
    assert desk.recording.shown(desk.run.run_id, plan.short_id, DAY).plan == plan
    assert desk.refused(lambda: desk.recording.shown(desk.run.run_id, other.plan_id, DAY)) == "plan"
    assert desk.refused(lambda: desk.recording.shown(desk.run.run_id, plan.plan_id, DAY - timedelta(days=1))) == "plan"
    desk.scene.clock.now += timedelta(minutes=31)
    assert desk.refused(lambda: desk.record(plan)) == "expired"


def test_nothing_is_recorded_by_a_journal_that_somebody_has_edited(desk: Desk) -> None:
    plan = desk.plan()
    desk.scene.edit("UPDATE journal SET at = '2026-01-01T00:00:00.000000+00:00' WHERE kind = 'payroll.signed'")
    assert desk.refused(lambda: desk.record(plan)) == "journal"
    assert desk.supabase.paid() == {} and "write.intent" not in desk.kinds()


def test_its_plan_is_no_repair(desk: Desk) -> None:
    kept = desk.scene.store().plans.get(desk.plan().plan_id)
    assert kept.batch == desk.run.run_id  # `scd2 apply` applies none that is of a batch


def test_of_two_consoles_one_records(desk: Desk) -> None:
    plan, other = desk.plan(), desk.console("frank", "ops-2")
    seen: list[str] = []

    def meanwhile() -> None:
        with pytest.raises(Refused) as caught:
            other.record(desk.run.run_id, plan.plan_id, CONCERT, REASON)
        seen.append(caught.value.guard)

    desk.supabase.hooks["mark_paid"] = meanwhile
    desk.record(plan)
    assert seen == ["lease"] and desk.supabase.paid() == ALL


@pytest.mark.parametrize("where", ["open", "BEGIN", "lock_payments", "signed_payments", "mark_paid"])
def test_a_line_that_is_lost_before_commit_has_recorded_nothing(desk: Desk, where: str) -> None:
    plan = desk.plan()
    desk.supabase.hooks[where] = failing(LOST)
    with pytest.raises(Unavailable):
        desk.record(plan)
    assert not desk.supabase.paid() and not desk.doubts().open()
    again = desk.plan(DAY - timedelta(days=1))
    run, _ = desk.record(again)
    assert run.recorded is not None and set(desk.supabase.paid().values()) == {DAY - timedelta(days=1)}


@pytest.mark.parametrize(("where", "verdict"), [("COMMIT", Verdict.NOT_APPLIED), ("after COMMIT", Verdict.APPLIED)])
def test_a_commit_without_an_answer_is_in_doubt_until_it_is_settled(desk: Desk, where: str, verdict: Verdict) -> None:
    plan = desk.plan()
    desk.supabase.hooks[where] = failing(CommitUnknown("No answer", "the line"))
    run, ended = desk.record(plan)
    assert ended.outcome is Outcome.IN_DOUBT and run.recorded is None and events.RECORDED not in desk.kinds()
    guards = {desk.refused(lambda: desk.recording.adopt(run.run_id))}
    doubts = desk.doubts()
    [doubt] = doubts.open()
    assert doubt.words == f"paid mark of {run.run_id} in public.payment"
    desk.supabase.sessions = [4711]
    assert doubts.settle(doubt.write_id).verdict is Verdict.RUNNING, "a COMMIT may still be on its way"
    desk.supabase.sessions = []
    if verdict is Verdict.NOT_APPLIED:
        desk.scene.clock.now += timedelta(seconds=1)
        again = desk.plan()
        guards.add(desk.refused(lambda: desk.record(again)))
    settled = doubts.settle(doubt.write_id)
    assert settled.verdict is verdict and "20 signed payments" in settled.evidence[0]
    assert not doubts.open() and desk.kinds()[-1] == SETTLED
    if verdict is Verdict.APPLIED:
        assert guards == {"in_doubt"}
        adopted = desk.recording.adopt(run.run_id).recorded
        assert adopted is not None
        assert (adopted.write_id, adopted.already, adopted.date) == (ended.write_id, False, DAY)
    else:
        assert guards == {"in_doubt"}
        assert desk.record(again)[0].recorded is not None


def test_without_a_supabase_to_ask_nothing_is_settled(desk: Desk) -> None:
    plan = desk.plan()
    desk.supabase.hooks["after COMMIT"] = failing(CommitUnknown("No answer", "the line"))
    desk.record(plan)
    doubts = desk.doubts()
    doubts._readers = {}
    [doubt] = doubts.open()
    with pytest.raises(GcmsError, match="Nobody to ask"):
        doubts.settle(doubt.write_id)


# -- cut off before it was noted ---------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process was killed here."""


def test_a_write_that_was_not_noted_is_adopted_as_its_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = desk.plan()

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("gcms_tui.operations.payroll.recording._noted", killed)
        with suppress(Killed):
            desk.record(plan)
    assert desk.supabase.paid() == ALL and desk.scene.book().get("last").recorded is None
    assert desk.recording.plan(desk.run.run_id, DAY) is None
    recorded = desk.recording.adopt(desk.run.run_id).recorded
    assert recorded is not None and not recorded.already and recorded.write_id
    assert desk.said(events.RECORDED)["plan"] == plan.plan_id


def test_a_note_that_cannot_be_written_takes_nothing_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = desk.plan()

    def full(*_: object) -> None:
        raise GcmsError("No journal", "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("gcms_tui.operations.payroll.recording._noted", full)
        run, ended = desk.record(plan)
    assert (run.recorded, ended.outcome) == (None, Outcome.APPLIED)
    assert "the disk is full" in ended.note and "adopt" in ended.note
    assert desk.recording.adopt(run.run_id).recorded is not None


def test_what_somebody_recorded_by_hand_is_adopted_as_theirs(desk: Desk) -> None:
    day = date(2026, 2, 25)
    assert desk.refused(lambda: desk.recording.adopt(desk.run.run_id)) == "not_recorded"
    for number in range(1, 21):
        desk.supabase.set(number, paid=True, payment_date=day)
        if number == 7:
            assert desk.refused(lambda: desk.recording.adopt(desk.run.run_id)) == "partly_paid"
    desk.supabase.set(7, payment_date=DAY)
    assert desk.recording.plan(desk.run.run_id, DAY) is None
    assert desk.refused(lambda: desk.recording.adopt(desk.run.run_id)) == "date"
    desk.supabase.set(7, payment_date=day)
    recorded = desk.recording.adopt(desk.run.run_id).recorded
    assert recorded is not None
    assert (recorded.date, recorded.already, recorded.write_id, recorded.entries) == (day, True, "", 20)


def test_another_days_mark_is_not_taken_for_the_writes_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = desk.plan()
    with monkeypatch.context() as patch:
        patch.setattr("gcms_tui.operations.payroll.recording._noted", lambda *_: failing(LOST)())
        desk.record(plan)
    for number in range(1, 21):
        desk.supabase.set(number, payment_date=date(2026, 2, 25))
    recorded = desk.recording.adopt(desk.run.run_id).recorded
    assert recorded is not None and recorded.already and recorded.write_id == ""
