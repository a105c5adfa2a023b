"""The first three steps: what passes them, what stops them, and what is never settled wrongly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import ArtifactError, NodeResult, RunResults
from gcms_tui.core.errors import GcmsError, MissingRelation, Refused, StatementFailed, Unavailable
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.gates import StepState
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.query import Statement
from gcms_tui.core.run import Holder, Run, RunEnd
from gcms_tui.core.run_preview import SelectedNode
from gcms_tui.core.settings import SourceSettings
from gcms_tui.operations.payroll.checklist import Checklist
from gcms_tui.operations.payroll.critical import CriticalTests
from gcms_tui.operations.payroll.holding import CRITICAL_TEST
from gcms_tui.operations.run_desk import RunDesk
from gcms_tui.operations.runs import DbtRuns, Place
from tests.operations.memory import HOUR, NOW, MemoryDbt, ShippedQueries
from tests.operations.payroll.scene import CONCERT, Row, Scene, payment
from tests.operations.run_memory import ANA, BO, PROJECT, TARGET, MemoryJournal, MemoryLauncher, MemoryShelf, history

FCT, MUSICIAN, CONCERTS, UP = (
    "model.gcms.fct_musician_payment", "model.gcms.dim_musician", "model.gcms.dim_concert", "model.gcms.up",
)  # fmt: skip
MODELS = (FCT, MUSICIAN, CONCERTS, UP)
TESTS = tuple(f"test.gcms.grave_{number}" for number in range(3))
SOURCES = ("attendance", "musician", "concert")


def node(unique_id: str, schema: str, *above: str, tags: tuple[str, ...] = ()) -> Node:
    kind, _, name = unique_id.split(".")[:3]
    relation = f"gcms.{schema}.{name}" if schema else None
    return Node(
        unique_id, kind, name, name, ("gcms", schema or "gold", name), frozenset(tags), above, relation_name=relation
    )


MANIFEST = Manifest(
    "manifest.json",
    "v12",
    {
        item.unique_id: item
        for item in (
            node(UP, "silver", "source.gcms.raw.attendance"),
            node(FCT, "gold", UP),
            node(MUSICIAN, "gold", "source.gcms.raw.musician"),
            node(CONCERTS, "gold", "source.gcms.raw.concert"),
            *(node(name, "", FCT, tags=("critical",)) for name in TESTS),
        )
    },
    sources={
        f"source.gcms.raw.{name}": Node(
            f"source.gcms.raw.{name}", "source", name, name, relation_name=f"gcms.raw.supabase_{name}"
        )
        for name in (*SOURCES, "instrument")
    },
)


def selected(command: DbtCommand) -> tuple[SelectedNode, ...]:
    return tuple(SelectedNode(name, name.partition(".")[0], name.split(".")[2]) for name in (*MODELS, *TESTS))


@dataclass
class Stage:
    scene: Scene
    shelf: MemoryShelf = field(default_factory=MemoryShelf)
    project: MemoryDbt = field(default_factory=lambda: MemoryDbt(the_manifest=MANIFEST))
    loaded: dict[str, Row | GcmsError] = field(default_factory=dict)
    """What a source answers, where it is not loaded an hour ago."""

    def __post_init__(self) -> None:
        self.launcher = MemoryLauncher(self.shelf, selected)
        self.scene.warehouse.answers["source_freshness"] = self._load
        self.scene.warehouse.answers["payroll_concert_discrepancies"] = []
        self.run_id = self.scene.opened().run_id

    def _load(self, statement: Statement) -> list[Row]:
        found = next((item for name, item in self.loaded.items() if name.upper() in statement.sql), None)
        if isinstance(found, GcmsError):
            raise found
        return [found or {"row_count": 10, "last_loaded_at": NOW - HOUR}]

    def checklist(self, user: str = "erin") -> Checklist:
        scene = self.scene
        runs = DbtRuns(
            Place(PROJECT, TARGET, "target"),
            launcher=self.launcher,
            shelf=self.shelf,
            history=history(self.shelf, scene.clock),
            journal=MemoryJournal(),
            person=ANA,
            clock=scene.clock,
        )
        return Checklist(
            scene.settings,
            book=scene.book(user),
            reader=scene.reader(),
            warehouse=scene.warehouse,
            queries=ShippedQueries(),
            project=self.project,
            runs=RunDesk(runs, None, None, self.shelf, Path("dbt.log")),  # type: ignore[arg-type]  # not asked here
            clock=scene.clock,
        )

    def freshness(self) -> PayrollRun:
        return self.checklist().freshness(self.run_id)

    def up_to(self, step: Step) -> None:
        for earlier in step.earlier:
            self.scene.checked(self.scene.book().get(self.run_id), earlier)

    def start(self, step: Step) -> Run:
        checklist = self.checklist()
        if step is Step.MODELS:
            return checklist.start_models(self.run_id, checklist.preview_models(self.run_id))
        return checklist.start_tests(self.run_id, checklist.preview_tests(self.run_id))

    def settle(self, step: Step, run: Run) -> PayrollRun:
        checklist = self.checklist()
        settle = checklist.settle_models if step is Step.MODELS else checklist.settle_tests
        return settle(self.run_id, run.run_id)

    def end(self, run: Run, changed: Mapping[str, str] | None = None, **end: Any) -> Run:
        """The dbt run ends; every node of it did well, but for those in `changed`."""
        command = run.record.command.subcommand
        good = dict.fromkeys(MODELS, "success") if command == "build" else dict.fromkeys(TESTS, "pass")
        statuses = {**good, **(changed or {})}
        nodes = tuple(
            NodeResult(name, status, failures=2 if status == "fail" else None) for name, status in statuses.items()
        )
        code = int(any(status not in ("success", "pass", "warn") for status in statuses.values()))
        ended = replace(run, alive=False, end=RunEnd(NOW, **{"exit_code": code, **end}))
        told = RunResults("run_results.json", run.run_id, NOW, command, TARGET, "v6", nodes)
        self.shelf.the_manifests[run.run_id] = MANIFEST
        return self.shelf.add(ended, told)

    def done(self, step: Step, changed: Mapping[str, str] | None = None) -> PayrollRun:
        """Started, ended and settled."""
        run = self.start(step)
        self.end(run, changed)
        return self.settle(step, run)

    def refused(self, step: Step, run: Run) -> str:
        with pytest.raises(Refused) as caught:
            self.settle(step, run)
        return caught.value.guard

    def state(self, step: Step) -> StepState:
        book = self.scene.book()
        return book.looks(book.get(self.run_id))[step.number - 1].state


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(Scene(tmp_path))


# --- 1: freshness --------------------------------------------------------------------------------------------------


def test_every_source_of_the_three_tables_and_no_other_is_looked_at(stage: Stage) -> None:
    check = stage.freshness().checks[Step.FRESHNESS]
    assert (check.passed, check.words) == (True, "all 3 sources loaded within 24 h, the oldest 1 h ago")
    tables = [item["table"] for item in check.said["sources"]]
    assert tables == [f"gcms.raw.supabase_{name}" for name in sorted(SOURCES)]
    assert {item["loaded_at"] for item in check.said["sources"]} == {(NOW - HOUR).isoformat()}
    assert len(set(check.said["query_ids"])) == 3


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"row_count": 10, "last_loaded_at": NOW - 25 * HOUR}, "last loaded 1 d 1 h ago"),
        ({"row_count": 10, "last_loaded_at": NOW - 24 * HOUR}, "last loaded 1 d ago"),
        ({"row_count": 10, "last_loaded_at": NOW + HOUR}, "in the future"),
        ({"row_count": 10, "last_loaded_at": None}, "is NULL in all of them"),
        ({"row_count": 0, "last_loaded_at": None}, "is empty"),
        (MissingRelation("A table is missing", "raw.supabase_musician does not exist"), "does not exist"),
        (Unavailable("The line was lost", "no answer"), "no answer"),
    ],
)
def test_one_source_that_is_stale_or_not_known_stops_the_payroll(
    stage: Stage, answer: Row | GcmsError, said: str
) -> None:
    stage.loaded["supabase_musician"] = answer
    check = stage.freshness().checks[Step.FRESHNESS]
    assert not check.passed
    assert said in check.words
    assert stage.state(Step.FRESHNESS) is StepState.FAILED
    with pytest.raises(Refused) as caught:
        stage.checklist().preview_models(stage.run_id)
    assert caught.value.guard == "freshness"


def test_where_no_source_can_be_asked_at_all_nothing_is_journalled(stage: Stage) -> None:
    stage.loaded[""] = Unavailable("Snowflake cannot be reached", "no route")
    with pytest.raises(Unavailable):
        stage.freshness()
    assert stage.state(Step.FRESHNESS) is StepState.OPEN


def test_the_configured_column_tells_when_a_source_was_loaded(stage: Stage) -> None:
    source = SourceSettings(table=Relation("RAW", "SUPABASE_MUSICIAN"), timestamp_column="pulled_at", fail_after_h=999)
    stage.scene.settings = replace(stage.scene.settings, sources=(source,))
    stage.freshness()
    columns = {"PULLED_AT" in statement.sql for statement in stage.scene.warehouse.asked if "MUSICIAN" in statement.sql}
    assert columns == {True}


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (ArtifactError("No manifest.json", "dbt has left no target/manifest.json", "run dbt build"), "run dbt build"),
        (replace(MANIFEST, nodes={}), "no model that builds gold.fct_musician_payment"),
        (replace(MANIFEST, sources={}), "does not tell what source.gcms.raw"),
    ],
)
def test_without_a_manifest_that_tells_the_sources_the_step_does_not_pass(
    stage: Stage, manifest: Manifest | ArtifactError, said: str
) -> None:
    stage.project.the_manifest = manifest
    check = stage.freshness().checks[Step.FRESHNESS]
    assert not check.passed
    assert said in check.words


# --- 2: models -----------------------------------------------------------------------------------------------------


def test_the_build_takes_in_the_fact_with_its_ancestors_and_both_dimensions(stage: Stage) -> None:
    stage.up_to(Step.MODELS)
    run = stage.start(Step.MODELS)
    assert run.record.command == DbtCommand("build", ("+fct_musician_payment", "dim_musician", "dim_concert"))
    pending = stage.checklist("finn").pending(stage.run_id)
    assert pending is not None
    assert pending.run_id == run.run_id
    assert stage.refused(Step.MODELS, run) == "running"
    stage.end(run)
    check = stage.settle(Step.MODELS, run).checks[Step.MODELS]
    assert (check.passed, check.words) == (True, "4 nodes built, none skipped")
    assert (check.said["run"], check.said["argv"]) == (run.run_id, list(run.record.argv))
    assert stage.checklist().pending(stage.run_id) is None


@pytest.mark.parametrize(
    ("changed", "end", "said"),
    [
        ({FCT: "skipped", TESTS[0]: "fail"}, {}, "1 skipped (fct_musician_payment) of 4 nodes, because grave_0 failed"),
        ({UP: "error"}, {}, "1 error (up)"),
        ({}, {"exit_code": None, "signal": 9}, "did not come to its end: killed"),
    ],
)
def test_models_that_are_not_built_stop_the_payroll(
    stage: Stage, changed: dict[str, str], end: dict[str, Any], said: str
) -> None:
    stage.up_to(Step.MODELS)
    run = stage.start(Step.MODELS)
    stage.end(run, changed, **end)
    check = stage.settle(Step.MODELS, run).checks[Step.MODELS]
    assert not check.passed
    assert said in check.words
    assert stage.done(Step.MODELS).checks[Step.MODELS].passed  # begun anew


def test_what_was_not_shown_for_the_step_is_not_started(stage: Stage) -> None:
    stage.up_to(Step.MODELS)
    checklist = stage.checklist()
    other = replace(checklist.preview_models(stage.run_id), command=DbtCommand("run", ("fct_musician_payment",)))
    with pytest.raises(Refused) as caught:
        checklist.start_models(stage.run_id, other)
    assert caught.value.guard == "preview"
    assert stage.launcher.started == []


def test_a_start_that_fails_leaves_the_one_before_it_to_be_settled(stage: Stage) -> None:
    stage.up_to(Step.MODELS)
    first = stage.start(Step.MODELS)
    stage.launcher.on_start = Refused("Not started", "another run holds the lease", guard="lease")
    with pytest.raises(Refused, match="another run holds the lease"):
        stage.start(Step.MODELS)
    pending = stage.checklist().pending(stage.run_id)
    assert pending is not None
    assert pending.run_id == first.run_id
    stage.end(first)
    assert stage.settle(Step.MODELS, first).checks[Step.MODELS].passed


def test_a_project_that_does_not_build_the_tables_is_refused(stage: Stage) -> None:
    stage.up_to(Step.MODELS)
    twice = node("model.other.fct_musician_payment", "gold")
    for nodes in ({}, {**MANIFEST.nodes, twice.unique_id: twice}):
        stage.project.the_manifest = replace(MANIFEST, nodes=nodes)
        with pytest.raises(Refused) as caught:
            stage.checklist().preview_models(stage.run_id)
        assert caught.value.guard == "models"


def test_two_consoles_do_not_work_at_one_run(stage: Stage) -> None:
    stage.up_to(Step.MODELS)
    run = stage.start(Step.MODELS)
    stage.end(run)
    with stage.scene.book("finn", "ops-2").at(stage.run_id, Step.MODELS):
        assert stage.refused(Step.MODELS, run) == "lease"
        with pytest.raises(Refused) as caught:
            stage.freshness()
    assert caught.value.guard == "lease"
    assert stage.settle(Step.MODELS, run).checks[Step.MODELS].passed


# --- what settles, and what no longer does -------------------------------------------------------------------------


def test_what_is_settled_is_not_settled_again(stage: Stage) -> None:
    stage.up_to(Step.MODELS)
    first = stage.start(Step.MODELS)
    stage.end(first, {UP: "error"})
    stage.settle(Step.MODELS, first)
    stage.end(first)  # whatever its directory says by now
    before = stage.done(Step.MODELS)
    assert stage.settle(Step.MODELS, first) == before
    assert stage.settle(Step.MODELS, stage.shelf.runs()[0]).entries == before.entries


@pytest.mark.parametrize("step", [Step.MODELS, Step.TESTS])
def test_a_run_of_another_step_another_host_or_before_a_later_one_settles_nothing(stage: Stage, step: Step) -> None:
    stage.up_to(step)
    first = stage.start(step)
    stage.end(first)
    other = Step.TESTS if step is Step.MODELS else Step.MODELS
    stage.up_to(Step.SPOT_CHECK)
    assert stage.refused(other, first) == "not_this_step"
    stage.shelf.the_runs["foreign"] = replace(first, record=replace(first.record, run_id="foreign"))
    assert stage.refused(step, stage.shelf.the_runs["foreign"]) == "not_this_step"
    second = stage.start(step)
    assert stage.refused(step, first) == "outdated"
    del stage.shelf.the_runs[second.run_id]
    assert stage.refused(step, second) == "another_host"
    assert stage.checklist().pending(stage.run_id) is None


def test_a_build_from_before_the_sources_were_found_stale_does_not_pass_the_step_afterwards(stage: Stage) -> None:
    stage.up_to(Step.MODELS)
    run = stage.start(Step.MODELS)
    stage.end(run)
    opened = stage.scene.book().get(stage.run_id)
    stage.scene.checked(opened, Step.FRESHNESS, passed=False)
    stage.scene.checked(opened, Step.FRESHNESS)
    assert stage.refused(Step.MODELS, run) == "outdated"
    assert stage.checklist().pending(stage.run_id) is None


@pytest.mark.parametrize("kind", [events.CHECKED, events.VOIDED])
def test_tests_from_before_the_models_or_the_data_changed_pass_nothing(stage: Stage, kind: str) -> None:
    stage.up_to(Step.TESTS)
    run = stage.start(Step.TESTS)
    stage.end(run)
    with stage.scene.book().alone(stage.run_id, "a test") as at:
        at.note(kind, {"step": "models", "passed": True, "words": "built", "why": "changed", "found": {}})
    assert stage.refused(Step.TESTS, run) == "outdated"
    assert stage.state(Step.TESTS) is not StepState.PASSED


def test_a_run_that_ended_long_ago_is_too_old_to_count_from_now(stage: Stage) -> None:
    stage.up_to(Step.MODELS)
    run = stage.start(Step.MODELS)
    stage.end(run)
    stage.scene.clock.now += timedelta(hours=23)
    assert stage.checklist().pending(stage.run_id) is not None
    stage.scene.clock.now += timedelta(hours=2)
    stage.scene.checked(stage.scene.book().get(stage.run_id), Step.FRESHNESS)
    assert stage.refused(Step.MODELS, run) == "outdated"


# --- 3: tests ------------------------------------------------------------------------------------------------------


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
        "test", ("fct_musician_payment", "dim_musician", "dim_concert")
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
        stage.scene.settings, payroll=replace(stage.scene.settings.payroll, baseline_tests=3)
    )
    last = stage.scene.book().open("6", "Before", None, "gold.fct_musician_payment")
    with stage.scene.book().alone(last.run_id, "a test") as at:
        frozen = stage.scene.reader().read("6").frozen.document()
        at.note(events.CHECKED, {"step": "tests", "passed": True, "words": "", "tests": 9, "frozen": frozen})
        at.note(events.CLOSED, {"exceptions": "none", "markdown_sha256": "m"})
    assert "in the last payroll that was closed 9 did" in stage.done(Step.TESTS).checks[Step.TESTS].words


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
    stage.shelf.add(replace(stage.shelf.run(run.run_id), alive=True))  # it is its own keeper, putting things in order
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
    words = CriticalTests(failing("fail"), "prod", lambda: NOW)()
    assert words == "grave (3 rows) fails, by the tests of 2026-03-01 08:00 UTC"
    assert "grave (error) fails" in CriticalTests(failing("error"), "prod", lambda: NOW)()


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
    assert CriticalTests(project, "prod", lambda: NOW)() == ""
