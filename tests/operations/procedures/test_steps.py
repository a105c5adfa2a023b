"""Each kind of step: looked at, run by dbt, carried out by another desk, said by a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.core.errors import GcmsError, Refused, Unavailable
from gcms_tui.core.procedures import events
from gcms_tui.core.procedures.gates import StepState
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.procedures.ports import Outcome
from tests.operations.procedures.scene import MODEL, Scene, refused


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.fixture
def daily(scene: Scene) -> str:
    return scene.book().open("daily").run_id


@pytest.mark.covers("Monthly 1", "Monthly 3", "E2 1")
def test_a_check_takes_down_every_finding_and_no_amount(scene: Scene) -> None:
    run = scene.book().open("monthly").run_id
    scene.health.bad = {"scd2.br_attendance_scd2": Verdict.FAIL, "payroll.accuracy": Verdict.FAIL}

    done = scene.steps().check(run, "scd2")
    assert scene.health.asked[-1] == ("scd2.br_attendance_scd2", "metric.scd2")
    assert done.did["scd2"].verdict is Verdict.FAIL
    assert "br_attendance_scd2 said" in done.did["scd2"].words
    assert len(done.did["scd2"].evidence) == 2

    payroll = scene.steps().check(run, "accuracy").did["accuracy"]
    assert payroll.verdict is Verdict.FAIL
    assert "said" not in " ".join((payroll.words, *payroll.evidence))  # the summary has the totals of both sides


def test_a_check_of_nothing_and_one_that_could_not_look_are_unknown(scene: Scene, daily: str) -> None:
    scene.health.known = ("dbt.last_run",)
    assert scene.steps().check(daily, "freshness").did["freshness"].verdict is Verdict.UNKNOWN
    scene.health.error = Unavailable("No link", "host secret.example.org is gone")
    with pytest.raises(Unavailable):
        scene.steps().check(daily, "last-run")
    item = scene.look(daily, "last-run")
    assert (item.state, item.verdict) == (StepState.FAILED, Verdict.UNKNOWN)
    assert "secret" not in item.words


@pytest.mark.parametrize(
    ("end", "verdict", "said"),
    [
        ({"status": "pass"}, Verdict.OK, "1 pass"),
        ({"status": "warn"}, Verdict.WARN, "grave"),
        ({"status": "fail"}, Verdict.FAIL, "grave"),
        ({"status": "skipped"}, Verdict.FAIL, "1 skipped"),
        ({"status": "success", "exit_code": 1}, Verdict.FAIL, "do not say why"),
        ({"status": "mystery"}, Verdict.UNKNOWN, "mystery"),
        ({"exit_code": 2}, Verdict.FAIL, "did not come to its end"),
        ({"signal": 9}, Verdict.UNKNOWN, "killed"),
    ],
)
@pytest.mark.covers("Daily 3", "Weekly 3")
def test_a_dbt_run_is_judged_by_what_it_left(
    scene: Scene, daily: str, end: dict[str, Any], verdict: Verdict, said: str
) -> None:
    done = scene.ran(daily, "test-gold", **end).did["test-gold"]
    assert done.verdict is verdict
    assert said in done.words
    assert done.ids["run"] == "new-1"


def test_dbt_that_did_nothing_and_dbt_without_results_are_not_green(scene: Scene, daily: str) -> None:
    steps = scene.steps()
    run = steps.start(daily, "test-gold", steps.preview(daily, "test-gold"))
    scene.end(run)
    results = scene.shelf.the_results[run.run_id]
    for nodes, verdict in (((), Verdict.FAIL), ((_node(MODEL),), Verdict.FAIL)):
        scene.shelf.the_results[run.run_id] = type(results)(
            results.source, results.invocation_id, results.generated_at, "test", "sandbox", "v6", nodes
        )
        assert steps.settle(daily, "test-gold").did["test-gold"].verdict is verdict
        run = steps.start(daily, "test-gold", steps.preview(daily, "test-gold"))
        scene.end(run)
    del scene.shelf.the_results[run.run_id]
    assert steps.settle(daily, "test-gold").did["test-gold"].verdict is Verdict.UNKNOWN


def _node(name: str) -> Any:
    from gcms_tui.core.dbt_results import NodeResult

    return NodeResult(name, "success")


def test_a_run_that_goes_on_is_taken_up_by_whoever_comes(scene: Scene, daily: str) -> None:
    ana = scene.steps()
    started = ana.start(daily, "test-gold", ana.preview(daily, "test-gold"))
    bo = scene.steps("bo")
    assert bo.pending(daily, "test-gold") == started
    assert refused(lambda: bo.settle(daily, "test-gold")) == "running"
    assert refused(lambda: bo.start(daily, "test-gold", ana.preview(daily, "test-gold"))) == "started"
    scene.end(started)
    done = bo.settle(daily, "test-gold")
    assert done.did["test-gold"].by.person.user == "bo"
    assert bo.pending(daily, "test-gold") is None
    assert ana.settle(daily, "test-gold") == done


def test_on_another_host_its_run_is_not_to_be_judged_but_may_be_started_anew(scene: Scene, daily: str) -> None:
    ana = scene.steps()
    ana.start(daily, "test-gold", ana.preview(daily, "test-gold"))
    bo = scene.steps("bo", "ops-2")
    assert bo.pending(daily, "test-gold") is None
    assert refused(lambda: bo.settle(daily, "test-gold")) == "another_host"
    assert "ana" in scene.look(daily, "test-gold").words
    again = bo.start(daily, "test-gold", bo.preview(daily, "test-gold"))
    assert bo.pending(daily, "test-gold") == again


def test_only_the_steps_own_command_is_started_and_what_could_not_be_is_taken_back(scene: Scene, daily: str) -> None:
    steps = scene.steps()
    other = steps.runs.preview(steps.runs.parse(("build",)))
    assert refused(lambda: steps.start(daily, "test-gold", other)) == "preview"
    scene.launcher.on_start = Refused("The lease is held", "bo runs dbt", guard="lease")
    preview = steps.preview(daily, "test-gold")
    assert refused(lambda: steps.start(daily, "test-gold", preview)) == "lease"
    assert scene.look(daily, "test-gold").state is StepState.OPEN
    assert [entry.kind for entry in scene.book().get(daily).entries][-2:] == [events.STARTED, events.STARTED]


@pytest.mark.covers("E3 4")
def test_another_desk_is_asked_once_it_is_confirmed_and_its_ids_are_kept(scene: Scene) -> None:
    run = scene.book().open("weekly").run_id
    scene.desk.confirmation = "2 tables"
    steps = scene.steps()
    offer = steps.offer(run, "backup")
    assert refused(lambda: steps.carry_out(run, "backup", offer)) == "confirmation"
    assert scene.desk.carried_out == []
    done = steps.carry_out(run, "backup", offer, "2 tables")
    assert done.did["backup"].ids == {"backup": "b-1"}
    assert scene.desk.carried_out == [(run, "2 tables")]
    bo = scene.steps("bo")
    assert refused(lambda: bo.carry_out(run, "backup", offer, "2 tables")) == "done", "since it was shown to bo"
    assert scene.desk.carried_out == [(run, "2 tables")]
    bo.carry_out(run, "backup", bo.offer(run, "backup"), "2 tables")
    assert len(scene.desk.carried_out) == 2, "shown anew it may be done again"


def test_a_desk_that_refuses_leaves_the_step_open_and_one_that_fails_leaves_it_unknown(scene: Scene) -> None:
    run = scene.book().open("weekly").run_id
    scene.desk.error = Refused("Taken", "the name is taken", guard="name_taken")
    assert refused(lambda: scene.carried_out(run, "backup")) == "name_taken"
    assert scene.look(run, "backup").state is StepState.OPEN

    scene.desk.error = Unavailable("The link was lost", "password=hunter2")
    with pytest.raises(Unavailable):
        scene.carried_out(run, "backup")
    item = scene.look(run, "backup")
    assert (item.state, item.verdict) == (StepState.FAILED, Verdict.UNKNOWN)
    assert "hunter2" not in json.dumps([entry.payload for entry in scene.book().get(run).entries])
    assert refused(lambda: scene.steps().check(run, "counts-before")) == "gate"


def test_a_console_that_is_killed_in_between_leaves_the_step_begun(scene: Scene) -> None:
    run = scene.book().open("weekly").run_id

    class Killed(BaseException):
        pass

    def dies(*_: object) -> Outcome:
        raise Killed

    scene.desk._answer = dies  # type: ignore[method-assign]
    with pytest.raises(Killed):
        scene.carried_out(run, "backup")
    assert scene.look(run, "backup").state is StepState.BEGUN
    del scene.desk._answer
    assert scene.carried_out(run, "backup").did["backup"].verdict is Verdict.OK


def test_a_desk_that_is_not_there_is_told_with_the_way_round(scene: Scene) -> None:
    run = scene.book().open("pipeline-failure").run_id
    with pytest.raises(Refused) as caught:
        scene.steps().check(run, "supabase")
    assert caught.value.guard == "no_desk"
    assert "gcms-tui doctor" in caught.value.next_step
    assert scene.look(run, "supabase").state is StepState.OPEN


@pytest.mark.covers("E3 5")
def test_dbt_waits_until_the_sources_are_fresh(scene: Scene) -> None:
    run = scene.book().open("pipeline-failure").run_id
    scene.health.bad = {"freshness.payment": Verdict.FAIL}
    scene.steps().check(run, "fresh")
    assert refused(lambda: scene.steps().preview(run, "build")) == "gate"
    scene.health.bad = {}
    scene.steps().check(run, "fresh")
    assert scene.ran(run, "build").did["build"].verdict is Verdict.OK


@pytest.mark.covers("E2 4", "E2 5")
def test_scd2_corruption_is_not_closed_without_a_cause(scene: Scene) -> None:
    run = scene.book().open("scd2-corruption").run_id
    steps = scene.steps()
    scene.health.bad = {"metric.scd2": Verdict.FAIL}
    steps.check(run, "identify")
    steps.attest(run, "determine", "the second import is right")
    steps.attest(run, "correct", "repair rep-1 of 1-5-1")
    steps.check(run, "verify-rows")
    assert refused(lambda: steps.preview(run, "verify-tests")) == "gate"
    scene.health.bad = {}
    steps.check(run, "verify-rows")
    assert steps.preview(run, "verify-tests").command.select == ("br_attendance_scd2",)
    scene.ran(run, "verify-tests")
    assert refused(lambda: scene.book().close(run)) == "unsettled"
    assert refused(lambda: scene.book().skip(run, "root-cause", "late")) == "gate"
    steps.attest(run, "root-cause", "cron and a shell ran dbt at the same time")
    assert scene.look(run, "identify").verdict is Verdict.FAIL
    assert scene.book().close(run).verdict is Verdict.OK  # what was wrong has been proven to be mended


@pytest.mark.parametrize(
    ("text", "guard"),
    [
        ("", "evidence"), (" \u200b ", "evidence"), ("x" * 2001, "evidence"),
        ("ask anna@example.org", "personal"), ("net was 1234.50", "personal"), ("€ 12 too much", "personal"),
        ("12 EUR", "personal"), ("paid 1.234,50", "personal"), ("1,234.50 too little, 3 times", "personal"),
        ("it was 99.50.", "personal"),
    ],
)  # fmt: skip
def test_evidence_is_wanted_and_holds_no_address_and_no_amount(scene: Scene, text: str, guard: str) -> None:
    run = scene.book().open("scd2-corruption").run_id
    assert refused(lambda: scene.steps().attest(run, "determine", text)) == guard


@pytest.mark.parametrize("text", ["dbt 1.11.16, 3 of 12 keys", "took 12.50 s at 09:30", "run 20260301-083000-1a2b"])
def test_what_is_no_amount_may_be_said_and_is_kept_on_one_line(scene: Scene, text: str) -> None:
    run = scene.book().open("scd2-corruption").run_id
    done = scene.steps().attest(run, "determine", f"{text}\n\x1b[31mred")
    assert done.did["determine"].words == f"{text} red"


def test_nobody_attests_what_the_console_can_see_itself(scene: Scene, daily: str) -> None:
    assert refused(lambda: scene.steps().attest(daily, "freshness", "all fresh, trust me")) == "kind"
    assert refused(lambda: scene.steps().attest(daily, "test-gold", "they passed")) == "kind"


def test_a_journal_that_cannot_be_written_stops_the_step_before_dbt(scene: Scene, daily: str) -> None:
    steps = scene.steps()
    preview = steps.preview(daily, "test-gold")
    with scene.store().database.transaction(StateError, alone=True) as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    with pytest.raises(GcmsError):
        steps.start(daily, "test-gold", preview)
    assert scene.launcher.started == []
