"""What the dbt runs of the second and third step come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import MissingArtifact, NodeResult, RunResults
from gcms_tui.core.payroll.models import judge_models
from gcms_tui.core.payroll.tests_passed import JudgedTests, Wanted, judge_tests
from tests.operations.run_memory import past_run, results

FCT, MUSICIAN, CONCERT = PAYROLL = ("model.gcms.fct", "model.gcms.dim_musician", "model.gcms.dim_concert")
UP, FLAT = "model.gcms.up", "model.gcms.flat"
GRAVE, OTHER, ON_DIMENSION, UPSTREAM, UNIT = (
    "test.gcms.grave", "test.gcms.other", "test.gcms.on_dim", "test.gcms.upstream", "unit_test.gcms.unit",
)  # fmt: skip
NOTHING = MissingArtifact("No run_results.json", "dbt has left none")


def guarding(unique_id: str, on: str, *tags: str) -> Node:
    kind, _, name = unique_id.split(".")
    return Node(unique_id, kind, name, name, tags=frozenset(tags), depends_on=(on,))


MODELS = {name: Node(name, "model", name[11:], name[11:], relation_name=name[11:]) for name in (*PAYROLL, UP)}
GUARDS = (
    guarding(GRAVE, FCT, "critical"),
    guarding(OTHER, FCT),
    guarding(ON_DIMENSION, MUSICIAN),
    guarding(UPSTREAM, UP, "critical"),
    guarding(UNIT, CONCERT),
)
MANIFEST = Manifest(
    "manifest.json",
    "v12",
    {**MODELS, FLAT: Node(FLAT, "model", "flat", "flat"), **{test.unique_id: test for test in GUARDS}},
)

BUILD = DbtCommand("build", ("+fct", "dim_musician", "dim_concert"))
TEST = DbtCommand("test", ("fct", "dim_musician", "dim_concert"))
BUILT = dict.fromkeys((*PAYROLL, UP), "success") | {GRAVE: "pass", UPSTREAM: "pass"}


def build(statuses: Mapping[str, str], command: str = "build", **ended: Any) -> tuple[bool, str]:
    selected = " ".join((*BUILT, FLAT))
    run = past_run("r-1", BUILD, **{"exit_code": 0, "selected": selected, **ended})
    judged = judge_models(run, results(command, *statuses.items()), MANIFEST, PAYROLL)
    return judged.passed, judged.words


def test_every_table_built_passes_though_an_ephemeral_model_has_no_result() -> None:
    assert build(BUILT) == (True, "4 nodes built, none skipped")
    assert build({**BUILT, "exposure.gcms.report": "no-op"})[0]


def test_a_failing_test_that_stops_no_model_is_the_next_steps_matter() -> None:
    assert build({**BUILT, GRAVE: "fail"}, exit_code=1) == (
        True, "4 nodes built, none skipped; grave failed in the build: the next step will tell",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({FCT: "skipped", UPSTREAM: "fail"}, "1 skipped (fct) of 4 nodes, because upstream failed"),
        ({UP: "error", FCT: "skipped"}, "1 error (up), 1 skipped (fct) of 4 nodes"),
        ({MUSICIAN: "no-op"}, "1 no-op (dim_musician)"),
        ({MUSICIAN: "reused"}, "1 reused (dim_musician)"),
        ({FCT: "partial success"}, "1 partial success (fct)"),
        ({"operation.gcms.hook": "error"}, "1 error (operation.gcms.hook)"),
    ],
)
def test_a_table_that_is_not_built_anew_stops_it(changed: dict[str, str], said: str) -> None:
    passed, words = build({**BUILT, **changed}, exit_code=1)
    assert not passed
    assert said in words


@pytest.mark.parametrize("missing", [*PAYROLL, UP])
def test_a_table_without_a_result_was_not_run(missing: str) -> None:
    passed, words = build({name: status for name, status in BUILT.items() if name != missing})
    assert (passed, words) == (False, f"1 not run ({missing[11:]}) of 4 nodes")


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ({"exit_code": None, "signal": 9}, "did not come to its end: killed"),
        ({"exit_code": 2}, "did not come to its end: error, exit 2"),
        ({"exit_code": 1, "cancelled": True}, "did not come to its end: cancelled"),
        ({"ended": False}, "did not come to its end: lost"),
        ({"exit_code": 1}, "its results do not say why"),
        ({"command": "compile"}, "is of dbt compile, not of dbt run"),
    ],
)
def test_results_of_a_build_that_was_cut_off_or_of_another_command_prove_nothing(
    ended: dict[str, Any], said: str
) -> None:
    passed, words = build(BUILT, **ended)
    assert not passed
    assert said in words


def test_without_results_or_manifest_nothing_is_known() -> None:
    run = past_run("r-1", BUILD, exit_code=0)
    assert not judge_models(run, NOTHING, MANIFEST, PAYROLL).passed
    assert not judge_models(run, results("build", *BUILT.items()), NOTHING, PAYROLL).passed


# --- the tests -----------------------------------------------------------------------------------------------------

WANTED = Wanted(FCT, PAYROLL, baseline=3)
PASSED = dict.fromkeys((GRAVE, OTHER, ON_DIMENSION, UNIT), "pass")


def judged_tests(
    statuses: Mapping[str, str], wanted: Wanted = WANTED, command: str = "test", **ended: Any
) -> JudgedTests:
    run = past_run("r-2", TEST, **{"exit_code": 0, **ended})
    return judge_tests(run, _with_rows(results(command, *statuses.items())), MANIFEST, wanted)


def _with_rows(told: RunResults) -> RunResults:
    nodes = (replace(node, failures=4 if node.status == "fail" else None) for node in told.results)
    return replace(told, results=tuple(nodes))


def test_all_that_stand_on_the_three_tables_passed() -> None:
    found = judged_tests(PASSED)
    assert (found.passed, found.problems, found.critical) == (4, (), ())
    assert not judged_tests(PASSED, replace(WANTED, baseline=4, before=9)).problems


@pytest.mark.parametrize("status", ["warn", "skipped", "error", "fail", "runtime error", "success", "of a new kind"])
@pytest.mark.parametrize("name", [GRAVE, ON_DIMENSION, UNIT])
def test_nothing_but_pass_is_a_pass(name: str, status: str) -> None:
    found = judged_tests({**PASSED, name: status}, exit_code=1)
    label = name.split(".")[2]
    assert f"1 test did not pass (1 {status}): {label}" in found.problems
    assert found.critical == (("grave (4 rows)",) if (name, status) == (GRAVE, "fail") else ())


@pytest.mark.parametrize("missing", PASSED)
def test_one_that_did_not_run_stops_it(missing: str) -> None:
    found = judged_tests({name: status for name, status in PASSED.items() if name != missing})
    kind = "critical test" if missing == GRAVE else "test"
    assert f"1 {kind} did not run: {missing.split('.')[2]}" in found.problems


@pytest.mark.parametrize(
    ("wanted", "statuses", "said"),
    [
        (replace(WANTED, baseline=5), PASSED, "4 tests passed, and at least 5 have to"),
        (
            replace(WANTED, baseline=None, before=5),
            PASSED,
            "4 tests passed, and in the last payroll that was closed 5 did: where tests were taken out on purpose, "
            "name baseline_tests under [payroll]",
        ),
        (replace(WANTED, baseline=None), {GRAVE: "pass", OTHER: "pass"}, "2 tests passed, and at least 3 have to"),
        (replace(WANTED, baseline=0), {}, "0 tests passed, and at least 1 have to"),
        (replace(WANTED, fact=CONCERT), PASSED, "no critical test stands on the table that payroll is paid from"),
    ],
)
def test_too_few_or_none_of_weight_stop_it(wanted: Wanted, statuses: dict[str, str], said: str) -> None:
    assert said in judged_tests(statuses, wanted).problems


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ({"exit_code": None, "signal": 9}, "dbt test did not come to its end: killed (r-2)"),
        ({"exit_code": 1}, "dbt ended with 1, and its results do not say why: look at the run's log"),
        ({"command": "build"}, "r-2 is of dbt build, not of dbt test"),
    ],
)
def test_passes_of_a_run_that_was_cut_off_or_of_another_command_do_not_count(ended: dict[str, Any], said: str) -> None:
    assert said in judged_tests(PASSED, **ended).problems


def test_without_results_or_manifest_no_test_counts() -> None:
    run = past_run("r-2", TEST, exit_code=0)
    one_passed = results("test", NodeResult(GRAVE, "pass"))
    for found in (judge_tests(run, NOTHING, MANIFEST, WANTED), judge_tests(run, one_passed, NOTHING, WANTED)):
        assert found.passed == 0
        assert len(found.problems) == 1
