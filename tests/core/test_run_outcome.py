"""What became of a run: out of its results and events, kept and read again, and among the log's invocations."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_log import Invocation, NodeOutcome
from gcms_tui.core.run import CancelAsked, Person, Run, RunEnd, RunRecord
from gcms_tui.core.run_outcome import dated, decode, encode, invocation_of, merged
from gcms_tui.core.run_progress import NodeProgress, Progress
from gcms_tui.core.run_summary import Summary, short_name, summarise
from tests.core.dbt_samples import HOUR, NOW, TARGET, invocation, log, result, results

ANNA = Person("anna", "ops-1")
RECORD = RunRecord(
    "20260301-080000-1a2b", DbtCommand("test", ("gold",)), ("dbt", "test"), "/project", TARGET, ANNA, NOW - HOUR
)


def ended(code: int | None = 0, signal: int | None = None, *, cancel: bool = False) -> Run:
    end = RunEnd(NOW - HOUR + timedelta(seconds=12), code, signal, "id-1")
    return Run(RECORD, end, CancelAsked(NOW - HOUR, ANNA) if cancel else None)


def node(unique_id: str, status: str, seconds: float | None = 0.5) -> NodeProgress:
    return NodeProgress(unique_id, unique_id.split(".")[2], unique_id.split(".")[0], status, elapsed_s=seconds)


def test_results_tell_what_each_node_came_to() -> None:
    told = invocation_of(
        ended(1), None, results(1, "test", result("test.gcms.a", "fail", 3), result("test.gcms.b", "pass"))
    )
    assert told.outcomes == (
        NodeOutcome("fail", "test.gcms.a", "test", 0.1),
        NodeOutcome("pass", "test.gcms.b", "test", 0.1),
    )
    assert (told.success, told.invocation_id, told.target, told.command) == (False, "id-1", TARGET, "test")
    assert told.started_exactly


def test_what_an_interrupt_kept_out_of_the_results_is_told_by_the_events() -> None:
    progress = Progress(
        nodes=(node("test.gcms.a", "pass"), node("test.gcms.b", "pass", 2.5), node("test.gcms.c", "running"))
    )
    told = invocation_of(ended(2, cancel=True), progress, results(1, "test", result("test.gcms.a", "pass")))
    assert {item.name: item.seconds for item in told.outcomes} == {"test.gcms.a": 0.1, "test.gcms.b": 2.5}
    assert told.success is False
    assert told.error == "anna@ops-1 had it stopped"


@pytest.mark.parametrize(
    ("run", "success", "running", "said"),
    [
        (ended(0), True, False, ""),
        (ended(1), False, False, ""),
        (ended(None, 9), False, False, "signal 9"),
        (ended(None, None), None, False, ""),
        (Run(RECORD), None, False, "left no end"),
        (Run(RECORD, alive=True), None, True, ""),
    ],
)
def test_how_it_ended_is_told_and_not_guessed(run: Run, success: bool | None, running: bool, said: str) -> None:
    told = invocation_of(run, None, None)
    assert (told.success, told.running) == (success, running)
    assert said in told.error
    assert told.invocation_id


def test_dbts_own_words_say_why_a_command_failed_as_a_whole() -> None:
    told = invocation_of(ended(2), Progress(error="Compilation Error\n  depends on a node named 'nope'"), None)
    assert "depends on a node named 'nope'" in told.error
    assert told.outcomes == ()


TEXT = st.text(max_size=30)
OUTCOMES = st.builds(NodeOutcome, TEXT, TEXT, TEXT, st.none() | st.floats(0, 1e6))
MOMENTS = st.datetimes(timezones=st.just(NOW.tzinfo))
FLAGS = st.none() | st.booleans()
INVOCATIONS = st.builds(
    Invocation,
    TEXT, MOMENTS, st.booleans(), st.none() | MOMENTS, TEXT, st.none() | TEXT, FLAGS,
    st.lists(OUTCOMES, max_size=4).map(tuple), TEXT, st.booleans(), st.booleans(), FLAGS,
)  # fmt: skip


@given(INVOCATIONS)
def test_what_is_kept_is_read_again_as_it_was(told: Invocation) -> None:
    assert decode(json.loads(json.dumps(encode(told)))) == told


@pytest.mark.parametrize("missing", [*encode(invocation(1)), "everything", "form of another version", "half a node"])
def test_a_document_that_does_not_fit_is_worked_out_anew(missing: str) -> None:
    document = encode(invocation(1, "test", NodeOutcome("pass", "test.gcms.a", "test", 1.0)))
    if missing == "half a node":
        document["nodes"] = [["test.gcms.a"]]
    elif missing == "form of another version":
        document["form"] = 2
    elif missing != "everything":
        del document[missing]
    assert decode(None if missing == "everything" else document) is None


def test_the_kept_runs_stand_among_the_logs_by_when_they_began() -> None:
    ours = replace(invocation(7, "test", age=2 * HOUR), invocation_id="ours")
    both = merged(log(invocation(1, age=3 * HOUR), invocation(2, age=HOUR)), [ours], "both")
    assert [item.invocation_id for item in both.invocations] == ["id-1", "ours", "id-2"]


def test_an_invocation_that_is_in_both_is_as_it_was_kept_but_for_an_end_that_came_later() -> None:
    vague = invocation(1, "build", age=HOUR, exactly=False)
    kept = invocation(1, "build", age=30 * HOUR, success=None)
    (only,) = merged(log(vague), [kept], "both").invocations
    assert (only.started_at, only.started_exactly, only.success) == (NOW - 30 * HOUR, True, True)


def test_what_the_log_dates_only_at_the_latest_stands_before_what_follows_it() -> None:
    """The newest was kept when its day was still certain; the one before it in the file cannot have been later."""
    before = invocation(1, "run", age=HOUR, exactly=False)
    after = invocation(2, "test", age=HOUR, exactly=False)
    both = merged(log(before, after), [invocation(2, "test", age=20 * HOUR)], "both")
    assert [item.invocation_id for item in both.invocations] == ["id-1", "id-2"]
    assert both.invocations[0].started_at <= NOW - 20 * HOUR


def test_the_order_of_the_log_stands_against_its_own_dates() -> None:
    """The file's time of change puts 23:59 on the day before, though it follows this morning's test in the file."""
    tested = invocation(1, "test", age=HOUR)
    broken = invocation(2, "build", age=10 * HOUR, success=False)
    ours = replace(invocation(7, "test", age=2 * HOUR), invocation_id="ours")
    both = merged(log(tested, broken), [tested, ours], "both")
    assert [item.invocation_id for item in both.invocations] == ["id-1", "id-2", "ours"]
    assert both.invocations[0].started_at == NOW - HOUR


def test_the_artifact_of_the_same_invocation_says_which_day_it_was() -> None:
    told = dated(invocation(1, "test", age=HOUR, exactly=False), results(1, "test", age=25 * HOUR))
    assert (told.started_at, told.started_exactly) == (NOW - 25 * HOUR, True)


def summary(run: Run, *statuses: str) -> Summary:
    outcomes = tuple(NodeOutcome(status, f"test.gcms.n{place}.1f2e", "test") for place, status in enumerate(statuses))
    return summarise(run, replace(invocation_of(run, None, None), outcomes=outcomes))


def test_the_list_counts_failures_first_and_names_the_first() -> None:
    line = summary(ended(1), "pass", "warn", "pass", "fail", "skipped", "mended", "fail", "pass")
    assert line.counts == (("fail", 2), ("mended", 1), ("warn", 1), ("skipped", 1), ("pass", 3))
    assert (line.first_failing, line.failed, line.total, line.duration_s) == ("n3", 3, 8, 12.0)


@given(st.lists(st.sampled_from(["pass", "success", "fail", "error", "warn", "skipped", "no-op", "x"])))
def test_every_node_is_counted_once(statuses: list[str]) -> None:
    line = summary(ended(1), *statuses)
    assert sum(number for _, number in line.counts) == len(statuses)
    assert len(dict(line.counts)) == len(line.counts)
    assert line.failed == sum(status in ("fail", "error", "x") for status in statuses)


def test_a_run_that_goes_on_has_no_duration_yet() -> None:
    assert summary(Run(RECORD, alive=True)).duration_s is None


@pytest.mark.parametrize(
    ("unique_id", "name"),
    [
        ("model.gcms.dim_concert", "dim_concert"),
        ("test.gcms.unique_dim.1f2e3d", "unique_dim"),
        ("sql table model GOLD.dim", "sql table model GOLD.dim"),
        ("source.gcms.supabase.payment", "supabase.payment"),
        ("", ""),
    ],
)
def test_names_are_short(unique_id: str, name: str) -> None:
    assert short_name(unique_id) == name
