"""The third step: what freezes the data, what stops the payroll, and what holds every other one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_log import DbtLog, Invocation
from gcms_tui.core.dbt_results import ArtifactError, NodeResult, RunResults
from gcms_tui.core.errors import GcmsError, StatementFailed, Unavailable
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.query import Statement
from gcms_tui.core.run import Holder
from gcms_tui.operations.payroll.critical import CriticalTests
from gcms_tui.operations.payroll.holding import CRITICAL_TEST
from tests.operations.memory import HOUR, NOW, MemoryDbt
from tests.operations.payroll.checklist_stage import TESTS, OneStore, Stage
from tests.operations.payroll.scene import CONCERT, Row, payment
from tests.operations.run_memory import BO


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(OneStore(tmp_path))


# --- 3: tests ------------------------------------------------------------------------------------------------------


@pytest.mark.covers("Pre-payroll 3")
def test_passing_the_tests_freezes_the_data(stage: Stage) -> None:
    stage.up_to(Step.TESTS)
    run = stage.done(Step.TESTS)
    check = run.checks[Step.TESTS]
    assert (check.passed, check.words) == (True, "3 tests passed; 20 payments frozen")
    read = stage.scene.reader().read(CONCERT).frozen
    assert run.frozen == read
    assert (check.said["tests"], check.said["baseline"], check.said["problems"]) == (3, 3, [])
    assert len(check.said["query_ids"]) == 2
    [asked] = [item for item in stage.scene.warehouse.asked if item.query == "payroll_concert_discrepancies"]
    assert asked.binds.count(CONCERT) == 2
    assert stage.launcher.started[0].command == DbtCommand(
        "test", ("+fct_musician_payment", "dim_musician", "dim_concert")
    )


PROBLEMS: dict[str, tuple[Row, str]] = {
    "NULL net": ({"net_amount": None}, "not filled in (musician 20)"),
    "negative net": (
        {"gross_amount": Decimal("1.00"), "deductions": Decimal("2.00"), "net_amount": Decimal("-1.00"),
         "pay_type": "per_concert"}, "below nothing (musician 20)",
    ),
    "not in the dimension": ({"musician_matches": 0, "full_name": None}, "whom the dimension does not know"),
    "two current rows": ({"musician_matches": 2}, "whom the dimension has more than once"),
    "attended too many": ({"attended_services": 6}, "for more services than were asked for"),
    "twice": ({"musician_id": 1}, "1 musician paid more than once (musician 1)"),
}  # fmt: skip


@pytest.mark.parametrize("what", PROBLEMS)
def test_a_payment_that_must_not_be_made_stops_it_though_every_test_passed(stage: Stage, what: str) -> None:
    change, said = PROBLEMS[what]
    rows = [payment(number) for number in range(1, 20)]
    stage.scene.warehouse.answers["payroll_export"] = [*rows, {**payment(20), **change}]
    stage.up_to(Step.TESTS)
    run = stage.done(Step.TESTS)
    check = run.checks[Step.TESTS]
    assert not check.passed
    assert said in check.words
    assert run.frozen is None
    assert "frozen" not in check.said
    assert all(personal not in run.entries[-1].payload for personal in ("@", "Musician 20", "100.00"))


def test_a_missing_address_and_a_net_of_zero_are_looked_at_by_hand_later(stage: Stage) -> None:
    stage.scene.warehouse.answers["payroll_export"] = [payment(1, "0.00"), payment(2, email=None)]
    stage.up_to(Step.TESTS)
    assert stage.done(Step.TESTS).checks[Step.TESTS].passed


def test_a_concert_without_musicians_is_not_frozen(stage: Stage) -> None:
    stage.scene.warehouse.answers["payroll_export"] = []
    stage.up_to(Step.TESTS)
    assert stage.done(Step.TESTS).checks[Step.TESTS].words == "the concert has no payments"


def test_what_supabase_does_not_agree_on_stops_it(stage: Stage) -> None:
    row: Row = {"musician_id": 9, "problem": "missing_in_dbt", "total_problems": 1}
    stage.scene.warehouse.answers["payroll_concert_discrepancies"] = [row]
    stage.up_to(Step.TESTS)
    assert "1 that dbt does not know (musician 9)" in stage.done(Step.TESTS).checks[Step.TESTS].words


@pytest.mark.parametrize("change", [{"net_amount": Decimal("99.00")}, {"email": "another@example.org"}])
def test_data_that_changed_while_the_tests_ran_is_not_what_they_passed(stage: Stage, change: Row) -> None:
    stage.up_to(Step.TESTS)
    run = stage.start(Step.TESTS)
    stage.end(run)
    rows = [payment(number) for number in range(1, 20)]
    stage.scene.warehouse.answers["payroll_export"] = [*rows, {**payment(20), **change}]
    check = stage.settle(Step.TESTS, run).checks[Step.TESTS]
    assert not check.passed
    assert "the data changed while the tests ran" in check.words


def test_an_amount_that_came_as_a_float_by_then_is_no_money(stage: Stage) -> None:
    stage.up_to(Step.TESTS)
    run = stage.start(Step.TESTS)
    stage.end(run)
    stage.scene.warehouse.answers["payroll_export"] = [payment(1, net_amount=1.5)]
    check = stage.settle(Step.TESTS, run).checks[Step.TESTS]
    assert not check.passed
    assert "cannot be exact" in check.words


@pytest.mark.parametrize("status", ["warn", "skipped", "error"])
def test_a_test_that_is_no_pass_stops_it_and_holds_nothing(stage: Stage, status: str) -> None:
    stage.up_to(Step.TESTS)
    check = stage.done(Step.TESTS, {TESTS[1]: status}).checks[Step.TESTS]
    assert not check.passed
    assert f"1 test did not pass (1 {status}): grave_1" in check.words
    assert stage.scene.holds().open() == ()


def test_fewer_tests_than_the_baseline_or_the_last_payroll_stop_it(stage: Stage) -> None:
    stage.up_to(Step.TESTS)
    stage.scene.settings = replace(
        stage.scene.settings, payroll=replace(stage.scene.settings.payroll, baseline_tests=4)
    )
    assert "3 tests passed, and at least 4 have to" in stage.done(Step.TESTS).checks[Step.TESTS].words
    stage.scene.settings = replace(
        stage.scene.settings, payroll=replace(stage.scene.settings.payroll, baseline_tests=None)
    )
    last = stage.scene.book().open("6", "Before", None, "gold.fct_musician_payment")
    with stage.scene.book().alone(last.run_id, "a test") as at:
        frozen = stage.scene.reader().read("6").frozen.document()
        at.note(events.CHECKED, {"step": "tests", "passed": True, "words": "", "tests": 9, "frozen": frozen})
        at.note(events.CLOSED, {"exceptions": "none", "markdown_sha256": "m"})
    assert "in the last payroll that was closed 9 did" in stage.done(Step.TESTS).checks[Step.TESTS].words


@pytest.mark.covers("E1 1", "E1 2")
def test_a_critical_test_that_fails_holds_payroll_for_everybody_and_once(stage: Stage) -> None:
    stage.up_to(Step.TESTS)
    run = stage.done(Step.TESTS, {TESTS[0]: "fail"})
    assert not run.checks[Step.TESTS].passed
    assert run.checks[Step.TESTS].said["critical"] == ["grave_0 (2 rows)"]
    [hold] = stage.scene.holds("olga", "ops-9").open()
    assert (hold.cause, hold.by and hold.by.person.user) == (CRITICAL_TEST, "erin")
    assert "grave_0 (2 rows) failed in new-" in hold.reason
    stage.done(Step.TESTS, {TESTS[0]: "fail"})
    assert stage.scene.holds().open() == (hold,)
    assert stage.done(Step.TESTS).checks[Step.TESTS].passed  # to look is allowed; to go on is not
    refusal = stage.scene.book("olga").refusal(stage.scene.book().get(stage.run_id), Step.SPOT_CHECK)
    assert refusal is not None
    assert refusal.guard == "hold"


def test_another_dbt_that_may_change_the_data_keeps_it_from_being_frozen(stage: Stage) -> None:
    stage.up_to(Step.TESTS)
    run = stage.start(Step.TESTS)
    stage.end(run)
    stage.launcher.the_holder = Holder("r-nightly", BO, 4711, NOW, ("build",))
    assert stage.refused(Step.TESTS, run) == "dbt_running"
    stage.launcher.the_holder = Holder(run.run_id, BO, 4711, NOW, ("test",))  # its own keeper, with its failing rows
    assert stage.settle(Step.TESTS, run).checks[Step.TESTS].passed


@pytest.mark.parametrize("error", [Unavailable("Lost", "no answer"), StatementFailed("Refused", "no warehouse")])
def test_a_line_that_is_lost_while_it_is_settled_leaves_it_to_be_settled(stage: Stage, error: GcmsError) -> None:
    stage.up_to(Step.TESTS)
    run = stage.start(Step.TESTS)
    stage.end(run)

    def lost(_: Statement) -> list[Row]:
        raise error

    stage.scene.warehouse.answers["payroll_concert_discrepancies"] = lost
    with pytest.raises(type(error)):
        stage.settle(Step.TESTS, run)
    assert stage.checklist().pending(stage.run_id) is not None
    stage.scene.warehouse.answers["payroll_concert_discrepancies"] = []
    assert stage.settle(Step.TESTS, run).checks[Step.TESTS].passed


# --- which critical tests fail -------------------------------------------------------------------------------------


def failing(status: str, command: str = "build", target: str = "prod") -> MemoryDbt:
    found = NodeResult("test.gcms.grave", status, failures=3 if status == "fail" else None)
    return MemoryDbt(RunResults("run_results.json", "id-1", NOW - HOUR, command, target, "v6", (found,)))


def test_a_failing_critical_test_is_named_by_the_newest_trusted_results() -> None:
    words = CriticalTests(failing("fail"), "prod")()
    assert words == "grave (3 rows) fails, by the tests of 2026-03-01 08:00 UTC"
    assert "grave (error) fails" in CriticalTests(failing("error"), "prod")()


@pytest.mark.parametrize(
    "project",
    [
        failing("pass"),
        failing("warn"),
        failing("fail", target="dev"),
        failing("fail", command="compile"),
        MemoryDbt(ArtifactError("No results", "none")),
        replace(failing("fail"), the_manifest=ArtifactError("No manifest.json", "none")),
    ],
)
def test_where_none_fails_or_nothing_is_known_no_test_is_named(project: MemoryDbt) -> None:
    assert CriticalTests(project, "prod")() == ""


class Kept(MemoryDbt):
    """Several runs, whose results are all kept."""

    results: ClassVar[dict[str, RunResults]] = {}

    def results_of(self, invocation_id: str) -> RunResults:
        return self.results[invocation_id]


def test_a_failure_stands_until_the_test_has_passed_whatever_is_built_in_between() -> None:
    runs = (("id-1", "test", "fail"), ("id-2", "run", ""), ("id-3", "test", "skipped"), ("id-4", "test", "pass"))
    told, results = [], []
    for hour, (name, command, status) in enumerate(runs):
        at = NOW - (9 - hour) * HOUR
        told.append(Invocation(name, at, True, at, command, "prod", status != "fail", ()))
        node = NodeResult("test.gcms.grave", status) if status else NodeResult("model.gcms.fct", "success")
        results.append(RunResults(f"{name}.json", name, at, command, "prod", "v6", (node,)))
    for so_far, said in ((1, "grave (fail) fails"), (2, "grave (fail) fails"), (3, "grave (fail) fails"), (4, "")):
        project = Kept(results[so_far - 1], the_log=DbtLog("logs/dbt.log", tuple(told[:so_far])))
        project.results.update({one.invocation_id: one for one in results})
        assert CriticalTests(project, "prod")()[: len("grave (fail) fails")] == said
