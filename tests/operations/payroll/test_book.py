"""The book of payroll runs: opened once, held by one, and given free by whoever was cut off."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store.journal import Journal
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.run import PayrollState
from gcms_tui.core.payroll.steps import Step
from gcms_tui.operations.payroll.holding import CRITICAL_TEST
from tests.operations.payroll.scene import CONCERT, Scene, payment

OPENING = (CONCERT, "Sibelius 2", date(2026, 2, 20), "gold.fct_musician_payment")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_concert_has_one_open_run_whoever_asks(scene: Scene) -> None:
    run = scene.opened()
    with pytest.raises(Refused, match=run.run_id) as refused:
        scene.book("max", "ops-2").open(*OPENING)
    assert refused.value.guard == "open_run"
    assert scene.book("max", "ops-2").get(run.run_id) == run
    with scene.book().alone(run.run_id, "a test") as at:
        assert at.note(events.ABANDONED, {"reason": "a trial", "withdrawn": False}).state is PayrollState.ABANDONED
    assert scene.book().open(*OPENING).run_id != run.run_id


def test_two_consoles_do_not_drive_one_run(scene: Scene) -> None:
    run = scene.opened()
    with scene.book().at(run.run_id, Step.FRESHNESS):
        other = scene.book("max", "ops-2")
        with pytest.raises(Refused, match="1 Verify data fr") as refused, other.at(run.run_id, Step.FRESHNESS):
            pytest.fail("both were let in")
        assert refused.value.guard == "lease"


def test_what_is_done_after_the_lease_was_lost_is_not_noted(scene: Scene) -> None:
    run = scene.opened()
    with scene.book().at(run.run_id, Step.FRESHNESS) as at:
        store = scene.store()
        with store.database.transaction(lambda where, why: StateError(where, why), alone=True) as connection:
            connection.exec_driver_sql("DELETE FROM lease")
        with pytest.raises(Refused):
            at.note(events.CHECKED, {"step": "freshness", "passed": True, "words": ""})
    assert not scene.book().get(run.run_id).checks


@pytest.mark.parametrize("cut_off", ["before it was journalled", "after its end was journalled"])
def test_whoever_is_cut_off_leaves_no_concert_locked(scene: Scene, cut_off: str) -> None:
    if cut_off.startswith("before"):
        with patch.object(Journal, "append", side_effect=SystemExit), pytest.raises(SystemExit):
            scene.opened()
        left = scene.store().payroll.active("sandbox", CONCERT)
        assert left is not None
        with pytest.raises(Refused, match="Never begun"):
            scene.book().get(left.run_id)
    else:
        run = scene.opened()
        with (
            patch.object(type(scene.store().payroll), "end", side_effect=SystemExit),
            scene.book().alone(run.run_id, "a test") as at,
            pytest.raises(SystemExit),
        ):
            at.note(events.ABANDONED, {"reason": "a trial", "withdrawn": False})
        assert scene.store().payroll.active("sandbox", CONCERT) is not None
    assert scene.book().open(*OPENING).state is PayrollState.ACTIVE


def test_an_edited_entry_is_told_and_hides_no_other_run(scene: Scene) -> None:
    other = scene.book().open("8", "Other", None, "gold.fct_musician_payment")
    run = scene.passed()
    scene.edit(f"UPDATE journal SET payload = '{{}}' WHERE subject = '{run.run_id}' AND kind = '{events.CHECKED}'")
    with pytest.raises(GcmsError, match="edited|changed"):
        scene.book().get(run.run_id)
    assert [found.run_id for found in scene.book().all()] == [other.run_id]
    with pytest.raises(Refused):  # it stays in the way
        scene.book().open(*OPENING)


def test_a_store_that_is_lost_is_not_taken_for_one_without_runs(scene: Scene) -> None:
    scene.opened()
    with patch.object(Journal, "of", side_effect=StateError("Lost", "it is")), pytest.raises(StateError):
        scene.book().all()


def test_data_that_moved_voids_what_was_done_on_it(scene: Scene) -> None:
    run = scene.ticked()
    scene.warehouse.answers["payroll_export"] = [payment(number, "100.01") for number in range(1, 21)]
    with scene.book().at(run.run_id, Step.EXPORT) as at, pytest.raises(Refused, match=r"2,000\.20") as refused:
        scene.reader().unchanged(at)
    assert refused.value.guard == "data_changed"
    after = scene.book().get(run.run_id)
    assert after.frozen is None and after.sample is None
    assert scene.book().next_step(after) is Step.TESTS


def test_another_table_than_the_one_it_was_opened_on_is_not_read(scene: Scene) -> None:
    run = scene.ticked()
    other = Relation.parse("gold_dev.fct_musician_payment")
    scene.settings = replace(scene.settings, payroll=replace(scene.settings.payroll, fact=other))
    with scene.book().at(run.run_id, Step.EXPORT) as at, pytest.raises(Refused, match="gold_dev") as refused:
        scene.reader().unchanged(at)
    assert refused.value.guard == "fact"
    assert scene.book().get(run.run_id) == run


def test_a_hold_is_lifted_by_a_second_person_and_not_while_a_critical_test_fails(scene: Scene) -> None:
    run = scene.passed()
    hold = scene.holds("erin").set("incident", "wrong rates")
    assert [item.words for item in scene.holds("max").open()] == [hold.words]
    with pytest.raises(Refused, match="wrong rates") as refused, scene.book().at(run.run_id, Step.SPOT_CHECK):
        pytest.fail("the hold let it pass")
    assert refused.value.guard == "hold"
    scene.critical = "net_amount = gross_amount - deductions"
    assert [item.cause for item in scene.holds().open()] == ["incident", CRITICAL_TEST]
    for user, guard in (("erin", "second_person"), ("CORP\\Erin", "second_person"), ("max", "critical_test")):
        with pytest.raises(Refused) as refused:
            scene.holds(user).lift(hold.hold_id, "mended")
        assert refused.value.guard == guard
    scene.critical = ""
    with pytest.raises(Refused) as refused:
        scene.holds("max").lift(hold.hold_id, "  ")
    assert refused.value.guard == "reason"
    scene.holds("max", "ops-2").lift(hold.hold_id, "the rates are right now")
    assert scene.holds().open() == ()


def test_a_clock_that_was_set_back_stops_the_run(scene: Scene) -> None:
    run = scene.passed()
    scene.clock.now -= timedelta(hours=2)
    with pytest.raises(Refused) as refused, scene.book().at(run.run_id, Step.SPOT_CHECK):
        pytest.fail("the clock let it pass")
    assert refused.value.guard == "clock"


def test_however_many_runs_there_are_the_journal_is_asked_once(scene: Scene) -> None:
    for concert in map(str, range(1, 31)):
        scene.book().open(concert, f"Concert {concert}", None, "gold.fct_musician_payment")
    book = scene.book()
    with (
        patch.object(Journal, "of", autospec=True, side_effect=Journal.of) as of,
        patch.object(Journal, "about") as about,
    ):
        assert {run.concert_id for run in book.all()} == {str(number) for number in range(1, 31)}
        assert [run.concert_id for run in book.of("7")] == ["7"]
    assert (of.call_count, about.call_count) == (2, 0)
