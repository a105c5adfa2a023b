"""What the morning check sees of runs that left the project's own files alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gcms_tui.core.dbt_log import DbtLog, Invocation, NodeOutcome
from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import ArtifactError, MissingArtifact, NodeResult, RunResults
from gcms_tui.core.finding import Finding
from gcms_tui.core.run_progress import NodeProgress, Progress
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.health import Health
from gcms_tui.operations.project_view import ProjectView
from tests.operations.memory import (
    HOUR,
    NOW,
    Clock,
    MemoryDbt,
    MemoryHistory,
    MemoryLast,
    MemoryWarehouse,
    ShippedQueries,
    settings,
)  # fmt: skip
from tests.operations.memory_runs import PROJECT_DIR, MemoryShelf, left, ran

GRAVE = "test.gcms.grave"
NO_FILE = MissingArtifact("No file", "dbt has left none")


def view(shelf: MemoryShelf, dbt: MemoryDbt) -> ProjectView:
    return ProjectView(dbt, shelf, "prod", Clock(), project_dir=PROJECT_DIR)


def found(shelf: MemoryShelf, dbt: MemoryDbt) -> dict[str, Finding]:
    health = Health(
        settings(0, 0), "prod", MemoryWarehouse(), view(shelf, dbt), ShippedQueries(), Clock(), MemoryHistory(),
        MemoryLast(),
    )  # fmt: skip
    names = ("dbt.last_run", "tests.gold", "metric.run_success", "metric.test_pass")
    return {finding.name: finding for finding in health.examine(names).findings}


def grave(status: str = "pass") -> NodeResult:
    return NodeResult(GRAVE, status, failures=int(status == "fail"))


def test_without_runs_of_ours_the_view_is_the_project() -> None:
    dbt = MemoryDbt()
    seen = view(MemoryShelf(), dbt)
    assert seen.log() == dbt.the_log
    assert seen.run_results() == dbt.the_results
    assert seen.manifest() == dbt.the_manifest
    assert found(MemoryShelf(), dbt)["tests.gold"].verdict is Verdict.OK


def test_our_failing_test_shows_through_the_projects_green_files() -> None:
    shelf = MemoryShelf()
    shelf.add(ran(1, age=HOUR / 2, code=1), left(1, "test", grave("fail"), age=HOUR / 2))
    seen = found(shelf, MemoryDbt())
    assert seen["tests.gold"].verdict is Verdict.FAIL
    assert "failed 30 min ago" in seen["tests.gold"].summary
    assert seen["dbt.last_run"].verdict is Verdict.FAIL
    assert seen["metric.test_pass"].verdict is Verdict.FAIL
    assert any(origin.source == "runs/run-1/run_results.json" for origin in seen["tests.gold"].provenance)


def test_our_passing_test_mends_the_projects_red_one() -> None:
    dbt = MemoryDbt()
    assert isinstance(dbt.the_results, RunResults)
    dbt.the_results = replace(dbt.the_results, command="build", results=(grave("fail"),))
    assert found(MemoryShelf(), dbt)["tests.gold"].verdict is Verdict.FAIL
    shelf = MemoryShelf()
    shelf.add(ran(1, age=HOUR / 2), left(1, "test", grave(), age=HOUR / 2))
    assert found(shelf, dbt)["tests.gold"].verdict is Verdict.OK


def test_a_later_run_of_ours_makes_the_projects_tests_old() -> None:
    shelf = MemoryShelf()
    shelf.add(ran(1, "run", age=HOUR / 2), left(1, "run", NodeResult("model.gcms.fct", "success"), age=HOUR / 2))
    seen = found(shelf, MemoryDbt())
    assert seen["tests.gold"].verdict is Verdict.UNKNOWN
    assert "a later dbt run succeeded: the tests are from before it" in seen["tests.gold"].summary
    assert seen["dbt.last_run"].verdict is Verdict.OK
    assert "dbt run succeeded 30 min ago" in seen["dbt.last_run"].summary


@pytest.mark.parametrize("command", ["compile", "docs generate"])
def test_what_only_reads_invalidates_nothing(command: str) -> None:
    shelf = MemoryShelf()
    shelf.add(ran(1, command, age=HOUR / 2), left(1, command, grave("success"), age=HOUR / 2))
    seen = found(shelf, MemoryDbt())
    assert (seen["tests.gold"].verdict, seen["dbt.last_run"].verdict) == (Verdict.OK, Verdict.OK)


def test_a_compile_error_of_ours_is_the_last_run_in_dbts_words() -> None:
    shelf = MemoryShelf()
    shelf.add(ran(1, "build", age=HOUR / 2, code=2), progress=Progress(error="Compilation Error\n  no such model"))
    seen = found(shelf, MemoryDbt())
    assert seen["dbt.last_run"].verdict is Verdict.FAIL
    assert "Compilation Error no such model" in seen["dbt.last_run"].summary
    assert seen["tests.gold"].verdict is Verdict.UNKNOWN


def test_a_run_in_progress_says_so() -> None:
    shelf = MemoryShelf()
    done = NodeProgress("model.gcms.fct", "fct", "model", "success", elapsed_s=1.0)
    shelf.add(ran(1, "build", age=HOUR / 2, alive=True), progress=Progress(nodes=(done,), total=2))
    seen = found(shelf, MemoryDbt())
    assert seen["dbt.last_run"].verdict is Verdict.UNKNOWN
    assert seen["dbt.last_run"].summary == "dbt build, begun 30 min ago, is running"
    assert "dbt build is running" in seen["tests.gold"].summary


def test_a_lost_run_is_told_from_a_running_one() -> None:
    shelf = MemoryShelf()
    shelf.add(ran(1, "build", age=HOUR / 2, ended=False))
    assert "was lost" in found(shelf, MemoryDbt())["dbt.last_run"].summary


def test_only_the_failed_tests_again_after_all_of_them() -> None:
    shelf, dbt = MemoryShelf(), MemoryDbt(the_results=NO_FILE, the_log=NO_FILE)
    assert isinstance(dbt.the_manifest, Manifest)
    plain = Node("test.gcms.plain", "test", "plain", "plain", ("gcms", "gold", "plain"))
    dbt.the_manifest = replace(dbt.the_manifest, nodes={**dbt.the_manifest.nodes, plain.unique_id: plain})
    passed = NodeResult("test.gcms.plain", "pass", failures=0)
    shelf.add(ran(1, age=2 * HOUR, code=1), left(1, "test", grave("fail"), passed, age=2 * HOUR))
    assert found(shelf, dbt)["tests.gold"].verdict is Verdict.FAIL
    shelf.add(ran(2), left(2, "test", grave()))
    seen = found(shelf, dbt)
    assert seen["tests.gold"].verdict is Verdict.OK
    assert seen["tests.gold"].summary == "all 2 gold tests passed at most 2 h ago"
    assert seen["metric.test_pass"].value == 100.0


def test_a_copy_of_what_another_shell_tested_outlives_the_file() -> None:
    """Cron tests, the check looks, cron compiles over run_results.json: the tests have still passed."""
    shelf, dbt = MemoryShelf(), MemoryDbt()
    assert isinstance(dbt.the_results, RunResults)
    assert found(shelf, dbt)["tests.gold"].verdict is Verdict.OK
    (run_id,) = shelf.the_runs
    shelf.the_results[run_id] = dbt.the_results
    dbt.the_results = replace(dbt.the_results, invocation_id="id-2", command="compile", results=())
    assert found(shelf, dbt)["tests.gold"].verdict is Verdict.OK


def test_without_a_log_our_runs_speak_unless_somebody_elses_results_lie_there() -> None:
    shelf, dbt = MemoryShelf(), MemoryDbt(the_log=NO_FILE)
    shelf.add(ran(1), left(1, "test", grave()))
    with pytest.raises(MissingArtifact):
        view(shelf, dbt).log()
    assert found(shelf, dbt)["tests.gold"].verdict is Verdict.UNKNOWN
    dbt.the_results = NO_FILE
    assert [item.invocation_id for item in view(shelf, dbt).log().invocations] == ["ours-1"]
    assert found(shelf, dbt)["tests.gold"].verdict is Verdict.OK
    dbt.the_log = ArtifactError("dbt.log cannot be read", "Permission denied")
    with pytest.raises(ArtifactError, match="Permission denied"):
        view(shelf, dbt).log()
    with pytest.raises(MissingArtifact):
        view(MemoryShelf(), MemoryDbt(the_results=NO_FILE, the_log=NO_FILE)).log()


def test_the_newest_manifest_counts_whoever_left_it() -> None:
    shelf, dbt = MemoryShelf(), MemoryDbt()
    assert isinstance(dbt.the_manifest, Manifest)
    shelf.add(ran(1), left(1, "test", grave()))
    shelf.add(ran(2, "clean", age=HOUR / 2))
    kept = replace(dbt.the_manifest, source="kept", generated_at=NOW - HOUR)
    shelf.the_manifests["run-1"] = kept
    assert view(shelf, dbt).manifest().source == "kept", "the project's own does not say when it was made"
    dbt.the_manifest = replace(dbt.the_manifest, generated_at=NOW)
    assert view(shelf, dbt).manifest() == dbt.the_manifest
    dbt.the_manifest = replace(dbt.the_manifest, generated_at=NOW - 2 * HOUR)
    shelf.the_manifests["run-1"] = replace(kept, generated_at=NOW - 9 * HOUR)
    assert view(shelf, dbt).manifest().source == "kept", "shared with an earlier run, and true of the later one"
    dbt.the_manifest = NO_FILE
    assert view(shelf, dbt).manifest().source == "kept"
    shelf.the_manifests.clear()
    with pytest.raises(MissingArtifact):
        view(shelf, dbt).manifest()


def test_the_manifest_of_another_target_names_other_tables() -> None:
    shelf, dbt = MemoryShelf(), MemoryDbt(the_manifest=NO_FILE)
    shelf.add(ran(1, target="dev"), left(1, "test", grave(), target="dev"))
    shelf.the_manifests["run-1"] = Manifest("dev", "v12", {}, NOW)
    with pytest.raises(MissingArtifact):
        view(shelf, dbt).manifest()


def test_the_share_of_succeeding_models_counts_ours_and_others_over_a_month() -> None:
    shelf, dbt = MemoryShelf(), MemoryDbt()
    assert isinstance(dbt.the_log, DbtLog)
    models = [NodeResult("model.gcms.fct", "success"), NodeResult("model.gcms.dim", "error")]
    shelf.add(ran(1, "run", age=HOUR / 2, code=1), left(1, "run", *models, age=HOUR / 2))
    old = ran(2, "run", age=timedelta(days=31), code=1)
    shelf.add(old, left(2, "run", NodeResult("model.gcms.dim", "error"), age=timedelta(days=31)))
    seen = found(shelf, dbt)["metric.run_success"]
    assert seen.summary.startswith("2 of 3 model executions succeeded in 2 invocations since 2026-03-01 08:00")
    assert seen.verdict is Verdict.FAIL


def test_order_in_time_decides_between_ours_and_foreign() -> None:
    shelf, dbt = MemoryShelf(), MemoryDbt()
    assert isinstance(dbt.the_log, DbtLog)
    broken = Invocation(
        "id-2", NOW - HOUR / 4, True, NOW - HOUR / 4, "build", "prod", False,
        (NodeOutcome("error", "model.gcms.fct", "model", 1.0),),
    )  # fmt: skip
    dbt.the_log = replace(dbt.the_log, invocations=(*dbt.the_log.invocations, broken))
    shelf.add(ran(1, "build", age=HOUR / 2), left(1, "build", grave(), age=HOUR / 2))
    seen = found(shelf, dbt)
    assert "dbt build failed 15 min ago: model.gcms.fct" in seen["dbt.last_run"].summary
    assert seen["tests.gold"].verdict is Verdict.UNKNOWN
