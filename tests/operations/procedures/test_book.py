"""Procedures that are opened, taken up by others, closed: with gates, and against clocks, rivals and editors."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gcms_tui.core.errors import GcmsError, UsageError
from gcms_tui.core.procedures import events
from gcms_tui.core.procedures.cadence import Due
from gcms_tui.core.procedures.catalogue import PROCEDURES, procedure
from gcms_tui.core.procedures.gates import StepState
from gcms_tui.core.procedures.run import ProcedureState
from gcms_tui.core.verdict import Verdict
from tests.operations.memory import HOUR
from tests.operations.procedures.scene import Scene, refused


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.mark.covers("Daily 1", "Daily 2", "Daily 4")
def test_a_morning_check_is_walked_and_closed_with_what_it_found(scene: Scene) -> None:
    run = scene.book().open("daily")
    steps, book = scene.steps(), scene.book()
    steps.check(run.run_id, "last-run")
    steps.check(run.run_id, "2")
    assert refused(lambda: book.close(run.run_id)) == "unsettled"
    assert book.next_step(book.get("last")) == procedure("daily").step("test-gold")
    scene.ran(run.run_id, "test-gold", status="warn")
    scene.health.bad = {"fact.fct_musician_payment": Verdict.FAIL}
    steps.check(run.run_id, "fact")

    closed = book.close(run.run_id)

    assert (closed.state, closed.verdict) == (ProcedureState.CLOSED, Verdict.FAIL)
    assert closed.words == "2 steps OK, 1 step WARN, 1 step FAIL"
    assert closed.ended and closed.ended.person.user == "ana"
    assert refused(lambda: steps.check(run.run_id, "fact")) == "ended"
    (line,) = (line for line in book.board()[0] if line.name == "daily")
    assert line.last and (line.last.run_id, line.last.verdict) == (run.run_id, Verdict.FAIL)


def test_it_is_resumed_on_another_day_on_another_host_by_another_person(scene: Scene) -> None:
    run = scene.book().open("scd2-corruption")
    scene.steps().check(run.run_id, "identify")
    scene.clock.now += timedelta(days=2)

    bo = scene.steps("bo", "ops-2")
    seen = bo.book.get(run.run_id[:20])
    assert bo.book.next_step(seen) == procedure("scd2-corruption").step("determine")
    done = bo.attest(run.run_id, "determine", "the version of the second import is right")

    assert done.opened.person.user == "ana"
    assert done.did["determine"].by.person.user == "bo"
    assert done.people == ("ana@ops-1", "bo@ops-2")
    assert scene.book().get(run.run_id) == done


def test_of_two_consoles_at_one_procedure_one_waits(scene: Scene) -> None:
    run = scene.book().open("daily")
    bo = scene.steps("bo", "ops-2")
    with scene.book().at(run.run_id, "last-run") as at:
        assert refused(lambda: bo.check(run.run_id, "last-run")) == "lease"
        assert refused(lambda: bo.book.close(run.run_id)) == "lease"
        at.note(events.DONE, {"step": "last-run", "verdict": "OK", "words": "seen", "evidence": [], "ids": {}})
    assert bo.book.get(run.run_id).did["last-run"].words == "seen"
    assert bo.check(run.run_id, "last-run").did["last-run"].by.person.user == "bo"


def test_one_of_a_name_is_open_on_a_target(scene: Scene) -> None:
    run = scene.book().open("weekly")
    assert refused(lambda: scene.book("bo", "ops-2").open("weekly")) == "open_run"
    elsewhere = scene.book(target="dev")
    elsewhere.open("weekly")
    with pytest.raises(UsageError):
        elsewhere.get(run.run_id)
    assert refused(lambda: scene.book().abandon(run.run_id, " ")) == "reason"
    assert refused(lambda: scene.book().abandon(run.run_id, "Ada wants 1,234.50")) == "personal"
    gone = scene.book().abandon(run.run_id, "the warehouse is down")
    assert (gone.state, gone.verdict) == (ProcedureState.ABANDONED, None)
    again = scene.book().open("weekly")
    assert [item.run_id for item in scene.book().all().runs] == [again.run_id, run.run_id]
    (line,) = (line for line in scene.book().board()[0] if line.name == "weekly")
    assert line.last is None  # abandoned is not done


@pytest.mark.covers("Weekly 1", "Weekly 2")
def test_what_is_behind_a_gate_waits_for_it_or_for_a_reason(scene: Scene) -> None:
    run = scene.book().open("weekly")
    steps, book = scene.steps(), scene.book()
    assert refused(lambda: steps.preview(run.run_id, "full-refresh")) == "gate"
    assert refused(lambda: book.skip(run.run_id, "backup", "no time")) == "gate"
    scene.desk.outcome = type(scene.desk.outcome)(Verdict.FAIL, "a clone was refused")
    scene.carried_out(run.run_id, "backup")
    assert refused(lambda: steps.check(run.run_id, "counts-before")) == "gate"
    assert refused(lambda: book.override(run.run_id, "backup", "")) == "reason"
    assert refused(lambda: book.override(run.run_id, "full-refresh", "hurry")) == "gate"

    book.override(run.run_id, "backup", "cloned by hand yesterday")

    item = scene.look(run.run_id, "backup")
    assert (item.state, item.words, item.verdict) == (
        StepState.OVERRIDDEN, "cloned by hand yesterday", Verdict.FAIL,
    )  # fmt: skip
    scene.desk.outcome = type(scene.desk.outcome)(Verdict.OK, "counted")
    steps.check(run.run_id, "counts-before")
    assert steps.preview(run.run_id, "full-refresh").command.full_refresh


@pytest.mark.covers("E1 1")
def test_nobody_overrides_what_payroll_hangs_on(scene: Scene) -> None:
    for name in ("pre-payroll", "post-payroll"):
        assert refused(lambda name=name: scene.book().open(name)) == "elsewhere"  # type: ignore[misc]
    run = scene.book().open("critical-test")
    assert refused(lambda: scene.book().override(run.run_id, "stop", "finance is waiting")) == "firm_gate"
    assert refused(lambda: scene.book().skip(run.run_id, "stop", "finance is waiting")) == "gate"
    assert refused(lambda: scene.steps().preview(run.run_id, "identify")) == "gate"


def test_a_step_passed_over_is_no_success(scene: Scene) -> None:
    run = scene.book().open("daily")
    for step in ("last-run", "freshness", "fact"):
        scene.steps().check(run.run_id, step)
    scene.book().skip(run.run_id, "test-gold", "dbt is being upgraded")
    assert scene.book().close(run.run_id).verdict is Verdict.WARN

    empty = scene.book().open("daily")
    for step in empty_steps():
        scene.book().skip(empty.run_id, step, "nobody had time")
    assert scene.book().close(empty.run_id).verdict is Verdict.UNKNOWN


def empty_steps() -> tuple[str, ...]:
    return procedure("daily").names


def test_a_backup_grows_old_and_what_was_counted_before_a_refresh_says_nothing_of_it(scene: Scene) -> None:
    run = scene.book().open("weekly")
    scene.carried_out(run.run_id, "backup")
    scene.steps().check(run.run_id, "counts-before")
    scene.clock.now += 25 * HOUR
    assert scene.look(run.run_id, "backup").state is StepState.FALLEN
    assert refused(lambda: scene.steps().preview(run.run_id, "full-refresh")) == "gate"

    scene.carried_out(run.run_id, "backup")
    scene.steps().check(run.run_id, "counts-before")
    scene.ran(run.run_id, "full-refresh")
    scene.ran(run.run_id, "test-all")
    scene.ran(run.run_id, "full-refresh")
    assert scene.look(run.run_id, "test-all").state is StepState.FALLEN


def test_a_refresh_that_ends_after_its_backup_grew_old_is_judged_all_the_same(scene: Scene) -> None:
    run = scene.book().open("weekly")
    scene.carried_out(run.run_id, "backup")
    scene.steps().check(run.run_id, "counts-before")
    scene.clock.now += 23 * HOUR
    steps = scene.steps()
    preview = steps.preview(run.run_id, "full-refresh")
    started = steps.start(run.run_id, "full-refresh", preview, preview.confirmation)
    scene.clock.now += 2 * HOUR
    scene.end(started)
    assert steps.settle(run.run_id, "full-refresh").did["full-refresh"].verdict is Verdict.OK


def test_what_was_begun_before_its_ground_changed_does_not_stand_on_it(scene: Scene) -> None:
    run = scene.book().open("weekly")
    scene.carried_out(run.run_id, "backup")
    scene.steps().check(run.run_id, "counts-before")
    steps = scene.steps()
    preview = steps.preview(run.run_id, "full-refresh")
    started = steps.start(run.run_id, "full-refresh", preview, preview.confirmation)
    bo = scene.steps("bo")
    bo.carry_out(run.run_id, "backup", bo.offer(run.run_id, "backup"))
    scene.end(started)
    steps.settle(run.run_id, "full-refresh")
    item = scene.look(run.run_id, "full-refresh")
    assert (item.state, item.words) == (StepState.FALLEN, "Backup current state was done since")


def test_a_refresh_that_is_done_again_wants_a_backup_as_fresh_as_the_first(scene: Scene) -> None:
    run = scene.book().open("weekly")
    scene.carried_out(run.run_id, "backup")
    scene.steps().check(run.run_id, "counts-before")
    scene.ran(run.run_id, "full-refresh", status="error")
    scene.clock.now += 25 * HOUR
    assert scene.look(run.run_id, "backup").state is StepState.DONE  # it is what would be restored
    assert refused(lambda: scene.steps().preview(run.run_id, "full-refresh")) == "gate"
    scene.carried_out(run.run_id, "backup")
    scene.steps().check(run.run_id, "counts-before")
    assert scene.ran(run.run_id, "full-refresh").did["full-refresh"].verdict is Verdict.OK


@pytest.mark.covers("E2 4")
def test_what_fails_again_after_its_fix_was_proven_is_the_result(scene: Scene) -> None:
    run = scene.book().open("scd2-corruption")
    steps = scene.steps()
    steps.check(run.run_id, "identify")
    steps.attest(run.run_id, "determine", "the second import is right")
    steps.attest(run.run_id, "correct", "repair rep-1")
    steps.check(run.run_id, "verify-rows")
    scene.ran(run.run_id, "verify-tests")
    steps.attest(run.run_id, "root-cause", "two runs at a time")
    scene.health.bad = {"metric.scd2": Verdict.FAIL}
    steps.check(run.run_id, "identify")
    assert scene.book().close(run.run_id).verdict is Verdict.FAIL


def test_a_warning_does_not_pass_a_gate_that_wants_everything_well(scene: Scene) -> None:
    run = scene.book().open("pipeline-failure")
    scene.health.bad = {"freshness.payment": Verdict.WARN}
    scene.steps().check(run.run_id, "fresh")
    item = scene.look(run.run_id, "fresh")
    assert (item.state, item.verdict, item.settled) == (StepState.FAILED, Verdict.WARN, False)
    assert refused(lambda: scene.steps().preview(run.run_id, "build")) == "gate"
    assert {step.name for item in PROCEDURES for step in item.steps if step.only_ok} == {"fresh", "verify"}


def test_a_clock_that_was_set_back_stops_it_and_makes_the_board_unknown(scene: Scene) -> None:
    run = scene.book().open("daily")
    scene.steps().check(run.run_id, "last-run")
    scene.clock.now -= timedelta(minutes=10)
    assert refused(lambda: scene.steps().check(run.run_id, "freshness")) == "clock"
    assert refused(lambda: scene.book().close(run.run_id)) == "clock"
    assert {line.name: line.due for line in scene.book().board()[0]}["daily"] is Due.UNKNOWN
    scene.clock.now += timedelta(minutes=6)  # within what clocks of two machines may differ
    scene.steps().check(run.run_id, "freshness")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET payload = replace(payload, 'FAIL', 'OK') WHERE kind = 'procedure.step'",
        "UPDATE journal SET user = 'bo' WHERE kind = 'procedure.step'",
        "UPDATE journal SET payload = '{}' WHERE kind = 'procedure.opened'",
        "UPDATE journal SET at = '2026-03-01T08:00:00.000000+00:00' WHERE kind = 'procedure.closed'",
        "DELETE FROM journal WHERE kind = 'procedure.step'",
        "DELETE FROM journal WHERE kind = 'procedure.opened'",
    ],
)
def test_an_edited_journal_is_told_and_counts_for_nothing(scene: Scene, statement: str) -> None:
    run = scene.book().open("daily")
    scene.health.bad = {"dbt.last_run": Verdict.FAIL}
    scene.steps().check(run.run_id, "last-run")
    for step in ("freshness", "test-gold", "fact"):
        scene.book().skip(run.run_id, step, "no time")
    scene.book().close(run.run_id)

    scene.edit(statement)

    with pytest.raises(GcmsError) as caught:
        scene.book().get(run.run_id)
    assert caught.value.title == "The journal was changed"
    board, edited = scene.book().board()
    assert [words.partition(":")[0] for words in edited] == [run.run_id]
    assert next(line for line in board if line.name == "daily").last is None
    other = scene.book().open("monthly")
    assert [item.run_id for item in scene.book().all().runs] == [other.run_id]


def test_where_nothing_may_be_written_nothing_is_recorded_and_looking_is_free(scene: Scene) -> None:
    scene.read_only = "--read-only"
    assert refused(lambda: scene.book().open("daily")) == "read_only"
    outcome = scene.steps().see("daily", "freshness")
    assert outcome.verdict is Verdict.OK
    assert scene.health.asked == [("freshness.attendance", "freshness.payment", "metric.freshness")]
    assert refused(lambda: scene.steps().see("daily", "test-gold")) == "kind"
    assert scene.book().all().runs == ()


@pytest.mark.covers("T1", "T4")
def test_what_is_about_a_model_wants_its_name(scene: Scene) -> None:
    assert refused(lambda: scene.book().open("slow-model")) == "about"
    assert refused(lambda: scene.book().open("slow-model", "fct; rm -rf")) == "about"
    with pytest.raises(UsageError):
        scene.book().open("daily", "fct")
    run = scene.book().open("slow-model", "fct_musician_payment")
    assert scene.steps().preview(run.run_id, "compiled").command.select == ("fct_musician_payment",)


@pytest.mark.parametrize("reference", ["daily", "proc-none", "pay-1", ""])
def test_what_was_not_opened_is_told_so(scene: Scene, reference: str) -> None:
    with pytest.raises(UsageError):
        scene.book().get(reference)
    with pytest.raises(UsageError):
        scene.book().get("last")
