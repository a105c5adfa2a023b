"""The first two steps, and what is never settled wrongly."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import ArtifactError
from gcms_tui.core.errors import GcmsError, MissingRelation, Refused, Unavailable
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.gates import StepState
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.settings import SourceSettings
from tests.operations.memory import HOUR, NOW
from tests.operations.payroll.checklist_stage import FCT, MANIFEST, SOURCES, UP, OneStore, Stage, node
from tests.operations.payroll.scene import Row


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(OneStore(tmp_path))


# --- 1: freshness --------------------------------------------------------------------------------------------------


def test_every_source_of_the_three_tables_and_no_other_is_looked_at(stage: Stage) -> None:
    check = stage.freshness().checks[Step.FRESHNESS]
    assert (check.passed, check.words) == (True, "all 3 sources loaded within 24 h, the oldest 1 h ago")
    tables = [item["table"] for item in check.said["sources"]]
    assert tables == [f"gcms.raw.supabase_{name}" for name in sorted(SOURCES)]
    assert {item["loaded_at"] for item in check.said["sources"]} == {(NOW - HOUR).isoformat()}
    assert len(set(check.said["query_ids"])) == 3


@pytest.mark.covers("Pre-payroll 1")
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


@pytest.mark.covers("Pre-payroll 2")
def test_the_run_takes_in_the_fact_with_its_ancestors_and_both_dimensions(stage: Stage) -> None:
    stage.up_to(Step.MODELS)
    run = stage.start(Step.MODELS)
    assert run.record.command == DbtCommand("run", ("+fct_musician_payment", "dim_musician", "dim_concert"))
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
        ({FCT: "skipped", UP: "error"}, {}, "1 error (up), 1 skipped (fct_musician_payment) of 4 nodes"),
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
    other = replace(checklist.preview_models(stage.run_id), command=DbtCommand("run", ("dim_concert",)))
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
