"""The log that closes a payroll run, and giving one up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import PayrollRun, PayrollState
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.writing.journal import INTENT, SETTLED
from gcms_tui.operations.payroll.closing import Closing
from tests.operations.memory import HOUR
from tests.operations.payroll.disk import DiskFiles
from tests.operations.payroll.scene import CONCERT, Scene

TOLD: dict[str, dict[str, Any]] = {
    events.EXPORTED: {
        "fingerprint": "f", "payees": "p", "host": "ops-1", "files": {"a.csv": "s"},
        "file": "a.csv", "sha256": "s", "manifest": "m",
    },
    events.SIGNED: {"says": "", "statement": "s", "sha256": "s", "signature": "", "key": ""},
    events.RELEASED: {"host": "ops-1", "file": "a.csv", "sha256": "s"},
    events.RECORDED: {"write": "w-1", "date": "2026-03-01", "entries": 20, "net": "2000.00", "already": False},
    events.ARCHIVED: {
        "write": "w-2", "table": "GOLD.FCT_20260301", "kind": "transient", "fingerprint": "f", "alike": True,
    },
}  # fmt: skip
AFTER = (events.EXPORTED, events.SIGNED, events.RELEASED, events.RECORDED, events.ARCHIVED)


class Cut(Exception):
    """The process ends here."""


class CutFiles(DiskFiles):
    problem: Exception | None = None
    """What withdrawing ends with."""

    def withdraw(self, run_id: str, why: str) -> None:
        if self.problem is not None:
            raise self.problem
        super().withdraw(run_id, why)


@dataclass
class Office:
    scene: Scene
    files: CutFiles

    user: str = "erin"

    @property
    def closing(self) -> Closing:
        return Closing(book=self.scene.book(self.user, self.files.host), files=self.files)

    def until(self, last: str) -> PayrollRun:
        """A run on which everything has been done up to `last`, its files lying where they then are."""
        run = self.scene.ticked("1", "2")
        place = {"directory": str(self.files.prepare(run.run_id, {"a.csv": b"x"}))}
        with self.scene.book().alone(run.run_id, "a test") as at:
            for kind in AFTER[: AFTER.index(last) + 1]:
                if kind == events.RELEASED:
                    place = {"directory": str(self.files.release(run.run_id))}
                for more in [{"role": role.value} for role in Role] if kind == events.SIGNED else [{}]:
                    at.note(kind, {**TOLD[kind], **more, **place})
        return self.scene.book().get(run.run_id)

    def lying(self, run: PayrollRun) -> int:
        return len(self.files.prepared(run.run_id)) + len(self.files.released(run.run_id))

    def refused(self, reference: str, reason: str = "wrong concert", **named: Any) -> str:
        with pytest.raises(Refused) as caught:
            self.closing.abandon(reference, reason, **named)
        return caught.value.guard


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(Scene(tmp_path), CutFiles(tmp_path))


# --- the log --------------------------------------------------------------------------------------------------------


@pytest.mark.covers("Post-payroll 3")
def test_the_log_closes_the_run_and_gives_the_same_text_ever_after(office: Office) -> None:
    run = office.until(events.ARCHIVED)
    draft = office.closing.draft(run, " one rate\nwas | late \u202e")
    assert "| Exceptions or adjustments | one rate was \\| late |" in draft
    closed = office.closing.close(run.run_id, " one rate\nwas | late \u202e")
    assert closed.state is PayrollState.CLOSED and closed.exceptions == "one rate was | late"
    assert closed.entries[-1].said == {
        "exceptions": "one rate was | late",
        "markdown_sha256": hashlib.sha256(draft.encode()).hexdigest(),
    }
    office.scene.clock.now += 900 * HOUR
    office.scene.store().journal.append(events.REVEALED, run.run_id, {"what": "payments"})
    assert office.closing.markdown(office.scene.book().get(run.run_id)) == draft
    assert not any(secret in draft for secret in ("Musician", "example.org"))
    with pytest.raises(Refused) as caught:
        office.closing.close(run.run_id, "none")
    assert caught.value.guard == "ended"
    assert office.scene.book().active(CONCERT) is None


def test_a_log_that_comes_to_another_text_is_not_given_for_it(office: Office) -> None:
    run = office.until(events.ARCHIVED)
    with pytest.raises(Refused) as caught:
        office.closing.markdown(run)
    assert caught.value.guard == "log"
    closed = office.closing.close(run.run_id, "none")
    with pytest.raises(GcmsError, match="not what was written"):
        office.closing.markdown(replace(closed, title="Another"))


@pytest.mark.parametrize(
    "blank", ["", " \t\r\n\v\f", "\u00a0\u2003\u3000\u2028\x85", "\u200b\ufeff\u200d\u3164", "\x00\x1b[m"]
)
def test_exceptions_are_not_blank(office: Office, blank: str) -> None:
    with pytest.raises(Refused) as caught:
        office.closing.close("last", blank)
    assert caught.value.guard == "exceptions"


def test_the_log_waits_for_the_archive_and_for_no_hold(office: Office) -> None:
    run = office.until(events.RECORDED)
    office.scene.critical = "a test fails"
    with pytest.raises(Refused) as caught:
        office.closing.close(run.run_id, "none")
    assert caught.value.guard == "archive"
    with office.scene.book().at(run.run_id, Step.ARCHIVE) as at:
        at.note(events.ARCHIVED, TOLD[events.ARCHIVED])
    with pytest.raises(Refused) as caught:
        office.closing.close(run.run_id, "x" * 2_001)
    assert caught.value.guard == "exceptions"
    assert office.closing.close(run.run_id, "none").state is PayrollState.CLOSED


# --- giving up ------------------------------------------------------------------------------------------------------


def test_before_the_release_a_reason_is_enough_whatever_stands_in_the_way(office: Office) -> None:
    run = office.until(events.EXPORTED)
    office.scene.critical = "a test fails"
    office.scene.clock.now -= 48 * HOUR
    assert office.refused(run.run_id, " \u200b\n") == "reason"
    assert office.refused(run.run_id, "x" * 501) == "reason"
    given_up = office.closing.abandon(run.run_id, "wrong\nconcert")
    assert given_up.state is PayrollState.ABANDONED and given_up.reason == "wrong concert"
    assert given_up.entries[-1].said == {"reason": "wrong concert", "withdrawn": False}
    assert office.lying(run) == 0
    assert office.refused(run.run_id) == "ended"
    assert office.scene.opened().state is PayrollState.ACTIVE


def test_what_is_released_is_given_up_only_once_it_is_withdrawn(office: Office) -> None:
    run = office.until(events.RELEASED)
    assert office.refused(run.run_id) == "released" and office.lying(run) == 1
    given_up = office.closing.abandon(run.run_id, "wrong rates", withdrawn=True)
    assert given_up.entries[-1].said["withdrawn"] is True and office.lying(run) == 0


@pytest.mark.parametrize("last", [events.RECORDED, events.ARCHIVED])
def test_what_is_recorded_as_paid_is_never_given_up(office: Office, last: str) -> None:
    run = office.until(last)
    assert office.refused(run.run_id, withdrawn=True) == "recorded" and office.lying(run) == 1
    if last == events.ARCHIVED:
        office.closing.close(run.run_id, "none")
        assert office.refused(run.run_id, withdrawn=True) == "ended"


@pytest.mark.parametrize("problem", [StateError("Disk", "the outbox cannot be written.", ""), Cut()])
def test_files_that_could_not_be_moved_are_told_and_moved_the_next_time(office: Office, problem: Exception) -> None:
    run = office.until(events.RELEASED)
    office.files.problem = problem
    with pytest.raises((GcmsError, Cut)) as caught:
        office.closing.abandon(run.run_id, "wrong rates", withdrawn=True)
    assert office.scene.book().get(run.run_id).state is PayrollState.ABANDONED
    if isinstance(caught.value, GcmsError):
        place = office.files.place("outbox", run.run_id)
        assert f"Not moved out of the way: {place} (the outbox cannot be written)." in caught.value.message
        assert "by hand" in caught.value.next_step
    assert office.scene.book().active(CONCERT) is None
    office.files.problem = None
    count = len(office.scene.book().get(run.run_id).entries)
    again = office.closing.abandon(run.run_id, "again")
    assert office.lying(run) == 0 and again.reason == "wrong rates" and len(again.entries) == count
    assert office.refused(run.run_id) == "ended"


@pytest.mark.parametrize(("user", "host"), [("erin", "ops-2"), ("frank", "ops-1"), ("frank", "ops-2")])
def test_a_file_out_of_reach_is_told_and_moved_by_whoever_prepared_it(
    office: Office, tmp_path: Path, user: str, host: str
) -> None:
    run = office.until(events.EXPORTED)
    elsewhere = Office(office.scene, CutFiles(tmp_path / "other", host), user)
    with pytest.raises(GcmsError, match="still there") as caught:
        elsewhere.closing.abandon(run.run_id, "wrong concert")
    assert f"{office.files.place('prepared', run.run_id)} on ops-1, erin's" in caught.value.message
    assert not isinstance(caught.value, Refused) and office.lying(run) == 1
    assert elsewhere.refused(run.run_id) == "ended"
    office.closing.abandon(run.run_id, "wrong concert")
    assert office.lying(run) == 0


def test_whoever_plays_several_people_moves_the_file_of_each(office: Office) -> None:
    run = office.until(events.RELEASED)
    Office(office.scene, office.files, "maria").closing.abandon(run.run_id, "wrong rates", withdrawn=True)
    assert office.lying(run) == 0
    withdrawn = office.files.directory / "outbox" / "withdrawn"
    assert [file.read_text() for file in withdrawn.rglob("WHY.txt")] == ["abandoned: wrong rates\n"]


def test_a_journal_that_takes_nothing_leaves_everything_as_it_is(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = office.until(events.ARCHIVED)
    open_run = office.scene.book().open("8", "Mahler", None, "gold.fct_musician_payment")
    office.files.prepare(open_run.run_id, {"b.csv": b"x"})

    def full(*_: object, **__: object) -> None:
        raise StateError("Disk full", "the journal cannot be written", "")

    monkeypatch.setattr(type(office.scene.store().journal), "append", full)
    with pytest.raises(StateError, match="Disk full"):
        office.closing.close(run.run_id, "none")
    with pytest.raises(StateError, match="Disk full"):
        office.closing.abandon(open_run.run_id, "no")
    monkeypatch.undo()
    assert office.scene.book().get(run.run_id).state is PayrollState.ACTIVE
    assert office.scene.book().get(open_run.run_id).state is PayrollState.ACTIVE and office.lying(open_run) == 1


def test_a_run_that_somebody_works_on_is_not_given_up_behind_their_back(office: Office) -> None:
    run = office.until(events.EXPORTED)
    with office.scene.book("frank", "ops-2").at(run.run_id, Step.SIGN_OFF):
        assert office.refused(run.run_id) == "lease"
    with pytest.raises(UsageError):
        office.closing.abandon("pay-19990101-000000-000000", "no such run")


def test_what_may_have_been_recorded_as_paid_is_not_given_up_before_it_is_settled(office: Office) -> None:
    run = office.until(events.RELEASED)
    journal = office.scene.store().journal
    journal.append(INTENT, "w-9", {"plan": "p", "key": run.run_id, "kind": "mark paid"})
    with pytest.raises(Refused, match="w-9") as refused:
        office.closing.abandon(run.run_id, "the bank has a copy", withdrawn=True)
    assert refused.value.guard == "in_doubt"
    journal.append(SETTLED, "w-9", {"verdict": "not applied"})
    assert office.closing.abandon(run.run_id, "the bank has a copy", withdrawn=True).state is PayrollState.ABANDONED
