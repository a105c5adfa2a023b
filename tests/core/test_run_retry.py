from __future__ import annotations

from datetime import UTC, datetime

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_manifest import Node
from gcms_tui.core.dbt_results import NodeResult, RunResults
from gcms_tui.core.run import CancelAsked, Person, Run, RunEnd, RunRecord
from gcms_tui.core.run_progress import NodeProgress, Progress
from gcms_tui.core.run_retry import EXACTLY, again, not_succeeded, selectors

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ANA = Person("ana", "ops1")


def run(selected: str = "", *, exit_code: int | None = None, signal: int | None = None, cancelled: bool = False) -> Run:
    record = RunRecord("r", DbtCommand("build"), (), "/p", "sandbox", ANA, NOW, selected=tuple(selected.split()))
    end = RunEnd(NOW, exit_code, signal) if exit_code is not None or signal is not None else None
    return Run(record, end, CancelAsked(NOW, ANA) if cancelled else None)


def results(*statuses: tuple[str, str]) -> RunResults:
    return RunResults("x", "i", NOW, "build", "sandbox", "v6", tuple(NodeResult(*item) for item in statuses))


def progress(*statuses: tuple[str, str]) -> Progress:
    return Progress(nodes=tuple(NodeProgress(name, name, "model", status) for name, status in statuses))


def test_what_failed_was_skipped_or_is_not_understood_is_run_again() -> None:
    left = results(
        ("a", "success"), ("b", "error"), ("c", "skipped"), ("d", "fail"), ("e", "warn"), ("f", "runtime error"),
        ("g", "partial success"), ("h", "of dbt 3"), ("i", "pass"), ("j", "no-op"),
    )  # fmt: skip
    assert not_succeeded(run("a b", exit_code=1), left, Progress()) == ("b", "c", "d", "f", "g", "h")


def test_an_ephemeral_model_has_no_result_and_is_not_run_again() -> None:
    assert not_succeeded(run("a view", exit_code=1), results(("a", "error")), progress(("view", "waiting"))) == ("a",)
    assert not_succeeded(run("a view", exit_code=0), results(("a", "success")), Progress()) == ()


def test_after_an_interrupt_what_never_finished_is_run_again_too() -> None:
    """As dbt leaves it after Ctrl-C: only finished nodes stand in run_results.json, in its own retry nothing."""
    left = results(("a", "success"))
    begun = progress(("a", "success"), ("b", "running"), ("c", "waiting"))
    assert not_succeeded(run("a b c d", exit_code=2, cancelled=True), left, begun) == ("b", "c", "d")
    assert not_succeeded(run("a b c d", signal=9), None, begun) == ("b", "c", "d")
    assert not_succeeded(run("a b c d"), None, begun) == ("b", "c", "d")


def test_a_run_that_could_not_even_be_parsed_is_run_again_whole() -> None:
    assert not_succeeded(run("a b", exit_code=2), None, Progress()) == ("a", "b")


def test_freshness_leaves_no_run_results_and_its_events_tell() -> None:
    seen = progress(("source.gcms.raw.a", "pass"), ("source.gcms.raw.b", "error"))
    assert not_succeeded(run("source.gcms.raw.a", exit_code=1), None, seen) == ("source.gcms.raw.b",)


def test_the_command_stays_and_its_selection_is_replaced() -> None:
    command = DbtCommand(
        "build", ("gold",), ("x",), full_refresh=True, store_failures=True, state_of="r1",
        extra=("--threads", "2", "--resource-type", "model", "seed", "--fail-fast"),
    )  # fmt: skip
    found = again(command, ("a", "b"))
    assert found == DbtCommand(
        "build", ("a", "b"), full_refresh=True, store_failures=True, extra=("--threads", "2", "--fail-fast", *EXACTLY)
    )
    assert again(found, ("a",)).extra == found.extra


def node(unique_id: str, *fqn: str, name: str = "") -> Node:
    return Node(unique_id, unique_id.partition(".")[0], name or fqn[-1], fqn[-1], fqn)


def test_a_name_is_enough_where_it_means_one_node() -> None:
    nodes = {
        item.unique_id: item
        for item in (
            node("model.gcms.fct", "gcms", "gold", "fct"),
            node("model.gcms.gold", "gcms", "silver", "gold"),
            node("test.gcms.t.1", "gcms", "gold", "t"),
            node("test.gcms.t.2", "gcms", "silver", "t"),
            node("model.gcms.v.v1", "gcms", "gold", "v", "v1", name="v"),
            node("model.gcms.same", "gcms", "one", "same"),
            node("seed.gcms.same", "gcms", "one", "same"),
            node("test.gcms.odd", "gcms", "tests", "odd name"),
            node("model.gcms.deep", "gcms", "deep"),
            node("model.gcms.below", "gcms", "deep", "below"),
        )
    }
    found, missing = selectors((*nodes, "model.gcms.gone", "source.gcms.raw.supabase_concert"), nodes)
    assert found == (
        "fct",
        "fqn:gcms.silver.gold",
        "fqn:gcms.gold.t",
        "fqn:gcms.silver.t",
        "fqn:gcms.gold.v.v1",
        "fqn:gcms.one.same,resource_type:model",
        "fqn:gcms.one.same,resource_type:seed",
        "below",
        "source:raw.supabase_concert",
    )
    assert missing == ("test.gcms.odd", "model.gcms.deep", "model.gcms.gone")
