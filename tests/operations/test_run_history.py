"""The history of dbt runs: ours worked out once, foreign ones picked up from what they left."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_log import DbtLog, Invocation, NodeOutcome
from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import ArtifactError, MissingArtifact, NodeResult, RunResults
from gcms_tui.core.errors import Unavailable, UsageError
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.run_progress import NodeProgress, Progress
from gcms_tui.operations.run_history import RunHistory
from tests.operations.memory import HOUR, NOW, Clock, MemoryDbt
from tests.operations.memory_runs import PROJECT_DIR, MemoryShelf, left, ran

NO_LOG = MissingArtifact("No dbt.log", "dbt has left no logs/dbt.log")
UUID = "a58fd776-ec5b-4872-b5f8-b246167900{:02}"
DIM = NodeOutcome("success", "model.gcms.dim", "model", 2.0)


def foreign(
    number: int, command: str = "run", *outcomes: NodeOutcome, age: timedelta = HOUR, success: bool | None = True,
    exactly: bool = True, target: str | None = "prod",
) -> Invocation:  # fmt: skip
    ended = None if success is None else NOW - age + timedelta(seconds=30)
    return Invocation(
        UUID.format(number), NOW - age, exactly, ended, command, target, success, outcomes or (DIM,)
    )  # fmt: skip


def project(*invocations: Invocation, results: RunResults | ArtifactError | None = None) -> MemoryDbt:
    return MemoryDbt(
        the_results=results or MissingArtifact("No run_results.json", "none"),
        the_log=DbtLog("logs/dbt.log", invocations) if invocations else NO_LOG,
        written_at=NOW - HOUR if invocations else None,
    )


def history(shelf: MemoryShelf, dbt: MemoryDbt | None = None, clock: Clock | None = None) -> RunHistory:
    return RunHistory(shelf, dbt or project(), "prod", clock or Clock(), project_dir=PROJECT_DIR)


def states(kept: RunHistory) -> list[tuple[str, RunState]]:
    return [(item.run.run_id, item.run.state) for item in kept.summaries()]


def test_runs_of_ours_are_listed_newest_first_with_what_became_of_them() -> None:
    shelf = MemoryShelf()
    shelf.add(ran(1, age=2 * HOUR), left(1, "test", NodeResult("test.gcms.a.1f", "pass", execution_time_s=1.5)))
    failing = (NodeResult("test.gcms.a.1f", "fail", failures=2), NodeResult("test.gcms.b.1f", "pass"))
    shelf.add(ran(2, code=1), left(2, "test", *failing))
    second, first = history(shelf).summaries()
    assert (second.run.run_id, second.counts, second.first_failing) == ("run-2", (("fail", 1), ("pass", 1)), "a")
    assert (first.run.run_id, first.counts, first.duration_s) == ("run-1", (("pass", 1),), 10.0)
    assert len(history(shelf).summaries(limit=1)) == 1


def test_what_became_of_an_ended_run_is_worked_out_once_and_kept_with_it() -> None:
    shelf = MemoryShelf()
    shelf.add(ran(1), left(1, "test", NodeResult("test.gcms.a.1f", "pass")))
    told = history(shelf).summaries()
    shelf.the_results.clear()
    assert history(shelf).summaries() == told, "another process reads the document that the first one kept"


def test_a_damaged_document_is_worked_out_anew() -> None:
    shelf = MemoryShelf()
    shelf.add(ran(1), left(1, "test", NodeResult("test.gcms.a.1f", "pass")))
    shelf.documents[("run-1", "outcome")] = '{"form": 1, "nodes": "x"}'
    assert history(shelf).summaries()[0].counts == (("pass", 1),)


def test_a_full_disk_costs_a_note_and_no_answer() -> None:
    shelf = MemoryShelf(full=Unavailable("The run cannot be kept", "No space left on device"))
    shelf.add(ran(1), left(1, "test", NodeResult("test.gcms.a.1f", "pass")))
    kept = history(shelf, project(foreign(1, age=HOUR / 2)))
    assert [item.counts for item in kept.summaries()] == [(("success", 1),), (("pass", 1),)]
    assert kept.notes() == ("The run cannot be kept: No space left on device",)


def test_without_results_the_events_tell_and_dbts_reason_with_them() -> None:
    shelf = MemoryShelf()
    shelf.add(ran(1, code=2), progress=Progress(error="Compilation Error: no such model", total=12))
    (summary,) = history(shelf).summaries()
    assert (summary.run.state, summary.error, summary.counts) == (
        RunState.ERROR,
        "Compilation Error: no such model",
        (),
    )
    assert all(watch.closed for watch in shelf.watches)


def test_a_run_that_goes_on_is_followed_and_not_kept() -> None:
    shelf = MemoryShelf()
    done = NodeProgress("model.gcms.a", "a", "model", "success", elapsed_s=1.0)
    shelf.add(ran(1, "run", alive=True), progress=Progress(nodes=(done,), total=3))
    kept = history(shelf)
    assert (kept.summaries()[0].counts, kept.summaries()[0].total) == ((("success", 1),), 3)
    assert len(shelf.watches) == 1, "the next look goes on where the last ended"
    assert not shelf.documents
    shelf.add(ran(1, "run"), left(1, "run", NodeResult("model.gcms.a", "error")))
    assert kept.summaries()[0].counts == (("error", 1),)
    assert shelf.documents


def test_foreign_runs_are_kept_as_they_are_seen_with_copies_of_what_they_left() -> None:
    shelf, dbt = MemoryShelf(), project(foreign(1, age=2 * HOUR), foreign(2, "test", success=False))
    dbt.artifacts[UUID.format(2)] = (Path("target/run_results.json"),)
    kept = history(shelf, dbt)
    newest, older = kept.summaries()
    assert (newest.run.state, older.run.state) == (RunState.FAILED, RunState.SUCCEEDED)
    assert newest.run.record.foreign
    assert newest.run.record.command.words == ("test",)
    assert shelf.copies[newest.run.run_id] == (Path("target/run_results.json"),)
    assert shelf.copies[older.run.run_id] == ()
    dbt.the_log = DbtLog("logs/dbt.log", ())
    assert kept.summaries() == (newest, older), "the log has been rotated away"
    assert history(shelf, dbt).summaries() == (newest, older)


@pytest.mark.parametrize(("status", "copied"), [("fail", True), ("warn", True), ("pass", False), ("skipped", False)])
def test_a_manifest_is_copied_where_it_names_tests_that_did_not_pass(status: str, copied: bool) -> None:
    shelf, dbt = MemoryShelf(), project(foreign(1, "test", NodeOutcome(status, "test.gcms.a.1f", "test", 1.0)))
    results, manifest = Path("target/run_results.json"), Path("target/manifest.json")
    dbt.artifacts[UUID.format(1)] = (results, manifest)
    (summary,) = history(shelf, dbt).summaries()
    assert shelf.copies[summary.run.run_id] == ((results, manifest) if copied else (results,))


def test_a_foreign_run_is_kept_once_however_the_log_dates_it_later() -> None:
    shelf, dbt = MemoryShelf(), project(foreign(1))
    kept = history(shelf, dbt)
    kept.summaries()
    dbt.the_log = DbtLog("logs/dbt.log", (foreign(1, age=HOUR / 2, exactly=False), foreign(2, age=HOUR / 2)))
    newest, oldest = kept.summaries()
    assert (oldest.run.record.started_at, oldest.started_exactly) == (NOW - HOUR, True)
    assert newest.run.record.started_at == NOW - HOUR / 2


def test_our_own_invocations_in_the_projects_log_are_not_foreign() -> None:
    shelf = MemoryShelf()
    shelf.add(ran(1), left(1, "test", NodeResult("test.gcms.a.1f", "pass")))
    kept = history(shelf, project(replace(foreign(1), invocation_id="ours-1")))
    assert [item.run.record.foreign for item in kept.summaries()] == [False]


@pytest.mark.parametrize("command", ["ls", "parse", "debug", "deps"])
def test_what_editors_send_all_day_is_passed_over(command: str) -> None:
    assert history(MemoryShelf(), project(foreign(1, command))).summaries() == ()


def test_the_artifact_says_which_day_a_text_log_means() -> None:
    results = RunResults("run_results.json", UUID.format(1), NOW - 30 * HOUR, "run", "prod", "v6", ())
    (summary,) = history(MemoryShelf(), project(foreign(1, exactly=False), results=results)).summaries()
    assert (summary.run.record.started_at, summary.started_exactly) == (NOW - 30 * HOUR, True)


def test_without_it_the_time_is_said_to_be_the_latest_possible() -> None:
    (summary,) = history(MemoryShelf(), project(foreign(1, exactly=False))).summaries()
    assert not summary.started_exactly


def test_one_without_an_end_may_still_run_and_is_kept_once_the_log_is_quiet() -> None:
    shelf, dbt, clock = MemoryShelf(), project(foreign(1, "build", success=None)), Clock()
    dbt.written_at = NOW - timedelta(minutes=2)
    kept = history(shelf, dbt, clock)
    assert [state for _, state in states(kept)] == [RunState.UNKNOWN]
    assert not shelf.the_runs
    assert "dbt build, begun 08:00 UTC outside this console, may be running" in kept.foreign_running()
    assert "2 min ago" in kept.foreign_running()
    clock.now = NOW + HOUR
    assert kept.foreign_running() == ""
    assert [state for _, state in states(kept)] == [RunState.UNKNOWN]
    assert len(shelf.the_runs) == 1


@pytest.mark.parametrize("said", ["ended", "no log", "ours"])
def test_nothing_foreign_is_said_to_run_where_nothing_does(said: str) -> None:
    shelf, dbt = MemoryShelf(), project(foreign(1, success=True if said == "ended" else None))
    dbt.written_at = NOW
    if said == "no log":
        dbt.the_log = NO_LOG
    if said == "ours":
        shelf.add(ran(1, alive=True), progress=Progress(invocation_id=UUID.format(1)))
    assert history(shelf, dbt).foreign_running() == ""


def test_a_log_that_cannot_be_read_is_a_note_and_one_that_is_not_there_is_none() -> None:
    dbt = project()
    assert history(MemoryShelf(), dbt).notes() == ()
    dbt.the_log = ArtifactError("dbt.log cannot be read", "logs/dbt.log: Permission denied")
    kept = history(MemoryShelf(), dbt)
    assert kept.summaries() == ()
    assert kept.notes() == ("dbt.log cannot be read: logs/dbt.log: Permission denied",)


def test_a_run_goes_by_its_id_its_beginning_or_last() -> None:
    shelf = MemoryShelf()
    for number in (1, 2, 20):
        shelf.add(ran(number, age=HOUR * 30 / number), left(number, "test", NodeResult("test.gcms.a.1f", "pass")))
    kept = history(shelf)
    assert [kept.summary(text).run.run_id for text in ("last", "run-1", "run-2", "run-20")] == [
        "run-20", "run-1", "run-2", "run-20",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="run-20, run-2, run-1"):
        kept.summary("run-")
    for nothing in ("", "nope", "run-3"):
        with pytest.raises(UsageError, match="no run"):
            kept.summary(nothing)
    assert kept.invocation("run-1") is not None
    assert kept.invocation("nope") is None


def timed(shelf: MemoryShelf, *seconds: float, target: str = "prod", start: int = 0) -> None:
    for place, value in enumerate(seconds):
        number, age = start + place, HOUR * (len(seconds) - place)
        node = NodeResult("model.gcms.dim", "success", execution_time_s=value)
        shelf.add(ran(number, "run", age=age, target=target), left(number, "run", node, age=age, target=target))


def test_a_trend_is_of_this_target_within_the_window_ours_and_foreign_together() -> None:
    shelf = MemoryShelf()
    timed(shelf, 2.0, 2.1, 2.0, 1.9, 2.0, 9.0)
    timed(shelf, 50.0, target="dev", start=100)
    shelf.add(ran(200, "run", age=40 * 24 * HOUR), left(200, "run", NodeResult("model.gcms.dim", "error")))
    dbt = project(foreign(1, age=8 * HOUR))
    dbt.the_manifest = Manifest(
        "m", "v12", {"model.gcms.dim": Node("model.gcms.dim", "model", "dim", "dim_alias", ("gcms", "gold", "dim"))}
    )
    review = history(shelf, dbt).trend()
    (node,) = review.nodes
    assert (review.runs, review.since) == (7, NOW - timedelta(days=30))
    assert (node.name, node.points, node.regressed) == ("dim_alias", (2.0, 2.0, 2.1, 2.0, 1.9, 2.0, 9.0), True)
    assert review.run_success.startswith("OK: 100.0 % of 7 model executions succeeded in 7 runs of the last 30 days")
    assert review.test_pass == "UNKNOWN: no test was executed in the last 30 days"
    assert history(shelf, dbt).trend(timedelta(hours=2)).runs == 2


def test_a_trend_of_nothing_is_empty_and_says_so() -> None:
    review = history(MemoryShelf()).trend()
    assert (review.runs, review.nodes) == (0, ())
    assert review.run_success.startswith("UNKNOWN")


def test_expectations_come_from_the_same_command_or_else_from_its_nodes() -> None:
    shelf = MemoryShelf()
    timed(shelf, 4.0, 6.0, 5.0)
    kept = history(shelf)
    assert kept.node_seconds(("model.gcms.dim", "model.gcms.new")) == {"model.gcms.dim": 5.0}
    assert kept.expected(DbtCommand("run"), ("model.gcms.dim",)) == 10.0, "the whole command took ten seconds"
    assert kept.expected(DbtCommand("run", ("dim",)), ("model.gcms.dim",), 4) == 5.0
    assert kept.expected(DbtCommand("run", ("new",)), ("model.gcms.new",), 4) is None
    assert kept.expected(DbtCommand("debug"), ()) is None


def test_what_is_left_of_a_running_command() -> None:
    shelf = MemoryShelf()
    timed(shelf, 4.0, 6.0, 5.0)
    began = NodeProgress("model.gcms.dim", "dim", "model", "running", started_at=NOW - timedelta(seconds=2))
    assert history(shelf).remaining(Progress(nodes=(began,), threads=2, total=1)) == 3.0
    assert history(MemoryShelf()).remaining(Progress(nodes=(began,), threads=2, total=1)) is None


def aged(*days: int) -> MemoryShelf:
    shelf = MemoryShelf()
    for number, age in enumerate(days):
        shelf.add(ran(number, age=age * 24 * HOUR))
    return shelf


def pruned(kept: RunHistory, days: int | None, size: int | None = None) -> list[str]:
    older = None if days is None else timedelta(days=days)
    return [run.run_id for run in kept.prune(older_than=older, larger_than=size, dry_run=False)]


def test_old_runs_are_removed_and_the_newest_and_running_ones_stay() -> None:
    shelf = aged(100, 95, 10)
    shelf.add(ran(9, age=200 * 24 * HOUR, alive=True))
    dry = history(shelf).prune(older_than=timedelta(days=90), larger_than=None, dry_run=True)
    assert [run.run_id for run in dry] == ["run-0", "run-1"]
    assert len(shelf.the_runs) == 4
    assert pruned(history(shelf), 90) == ["run-0", "run-1"]
    assert shelf.the_runs.keys() == {"run-2", "run-9"}
    assert pruned(history(aged(100)), 90) == [], "the newest stays, however old"


def test_the_oldest_go_until_the_rest_is_small_enough() -> None:
    assert pruned(history(aged(5, 4, 3, 2)), None, 2500) == ["run-0", "run-1"]
    assert pruned(history(aged(5, 4)), None, 1) == ["run-0"]
    assert pruned(history(aged(5, 4)), None, 2000) == []
    assert pruned(history(aged(5, 4)), None) == []


def test_what_was_removed_is_not_picked_up_again() -> None:
    shelf = MemoryShelf()
    dbt = project(*(foreign(number, age=HOUR * (10 - number)) for number in range(4)))
    kept = history(shelf, dbt)
    assert len(kept.summaries()) == 4
    assert len(pruned(kept, None, 1)) == 3
    assert len(kept.summaries()) == 1
    assert len(history(shelf, dbt).summaries()) == 1


def test_two_foreign_ones_at_once_are_both_kept() -> None:
    """The first one ends after the second, which was kept before it."""
    shelf, dbt = MemoryShelf(), project(foreign(1, "build", age=HOUR, success=None), foreign(2, age=HOUR / 2))
    dbt.written_at = NOW
    kept = history(shelf, dbt)
    kept.summaries()
    ended = replace(foreign(1, "build", age=HOUR), ended_at=NOW - timedelta(minutes=1))
    dbt.the_log = DbtLog("logs/dbt.log", (ended, foreign(2, age=HOUR / 2)))
    assert [state for _, state in states(kept)] == [RunState.SUCCEEDED] * 2
    assert len(shelf.the_runs) == 2


def test_a_foreign_record_without_its_document_is_listed_as_far_as_it_is_known() -> None:
    shelf = MemoryShelf()
    record = replace(ran(1, "build").record, foreign=True)
    shelf.add(Run(record))
    (summary,) = history(shelf).summaries()
    assert (summary.run.state, summary.counts, summary.started_exactly) == (RunState.UNKNOWN, (), False)
