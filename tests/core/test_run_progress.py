"""A run's progress, folded from events that dbt wrote; the run_results.json of the same run is the oracle."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.dbt_results import RunResults, parse_run_results
from gcms_tui.core.run_progress import LONGEST_TEXT, MESSAGES_KEPT, Progress, ProgressReader

DATA = Path(__file__).parent / "data"
BUILD, CANCELLED, FRESHNESS = (
    (DATA / f"run_{name}.jsonl").read_bytes() for name in ("build", "cancelled", "freshness")
)
AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


def read(*pieces: bytes, selected: tuple[str, ...] = ()) -> Progress:
    reader = ProgressReader(selected, AT)
    for piece in pieces:
        reader.feed(piece)
    return reader.snapshot()


def oracle(name: str) -> RunResults:
    return parse_run_results(json.loads((DATA / f"run_{name}_results.json").read_text()), name)


def event(name: str, data: dict[str, Any] | None = None, **info: Any) -> bytes:
    head = {
        "name": name, "level": "info", "msg": f"said by {name}", "invocation_id": "inv-1", "thread": "Thread-1",
        "ts": "2026-03-01T08:30:01.5Z", **info,
    }  # fmt: skip
    return json.dumps({"data": data or {}, "info": head}, sort_keys=True).encode() + b"\n"


def node(unique_id: str = "model.gcms.dim", status: str = "started", **more: Any) -> dict[str, Any]:
    return {"node_info": {"unique_id": unique_id, "node_status": status, "resource_type": "model", **more}}


BEGUN = event("NodeStart", node(), level="debug")


def test_a_build_ends_as_its_own_results_say() -> None:
    progress, results = read(BUILD), oracle("build")
    assert progress.invocation_id == results.invocation_id
    assert progress.command == results.command == "build" and progress.target == "sandbox"
    assert progress.dbt_version == "1.11.16" and progress.threads == 3
    assert progress.success is False and not progress.interrupted and progress.unread == 0
    hooks = [one for one in progress.nodes if one.resource_type == "operation"]
    assert progress.done == progress.total == len(progress.nodes) - len(hooks) and len(hooks) == 1
    told = {one.unique_id: one for one in progress.finished}
    assert set(told) == {result.unique_id for result in results.results}
    assert {result.status for result in results.results} == {"success", "error", "fail", "warn", "pass", "skipped"}
    for result in results.results:
        one = told[result.unique_id]
        assert one.status == result.status and one.query_id == (result.query_id or "")
        assert one.elapsed_s == pytest.approx(result.execution_time_s, abs=1e-6)
        if one.resource_type != "operation":
            assert one.message == result.message
            assert one.relation_name == (result.relation_name or one.relation_name)
        if one.resource_type == "test":
            assert one.failures == result.failures


def test_each_node_has_its_thread_and_its_times() -> None:
    progress = read(BUILD)
    for one in progress.nodes:
        assert one.thread and one.started_at and one.finished_at and one.started_at <= one.finished_at
    began = [one.started_at for one in progress.nodes if one.started_at and one.status != "skipped"]
    assert began == sorted(began)
    assert progress.started_at and progress.ended_at and progress.started_at < began[0] <= progress.ended_at


def test_what_dbt_said_to_the_person_is_kept_and_debug_is_not() -> None:
    messages = read(BUILD).messages
    assert messages[0].text.startswith("Running with dbt=1.11.16")
    assert {message.level for message in messages} == {"info", "warn", "error"}
    failing = [message for message in messages if message.level == "error" and message.unique_id]
    assert any("FAIL 3" in message.text for message in failing)
    assert not any(not message.text.strip() or "Traceback" in message.text for message in messages)


def test_a_cancelled_run_tells_what_was_cut_off_from_what_had_ended() -> None:
    progress, results = read(CANCELLED), oracle("cancelled")
    assert progress.interrupted and progress.success is False and progress.error == ""
    cut_off = [one for one in progress.nodes if one.status == "cancelled"]
    assert [one.name for one in cut_off] == ["slow"] and "canceled" in cut_off[0].message
    assert {result.unique_id for result in results.results} <= {one.unique_id for one in progress.finished}
    assert not cut_off[0].finished and progress.total == 7


def test_freshness_has_sources_under_the_names_that_people_know() -> None:
    progress = read(FRESHNESS)
    assert progress.command == "source freshness" and progress.total == progress.done == 6
    names = {one.name: one.status for one in progress.nodes if one.resource_type == "source"}
    assert names["supabase.instrument"] == "error" and names["supabase.attendance"] == "pass"


@pytest.mark.parametrize("data", [BUILD, CANCELLED], ids=["build", "cancelled"])
@pytest.mark.parametrize("size", [1, 7, 4_096])
def test_pieces_make_no_difference(data: bytes, size: int) -> None:
    assert read(*(data[at : at + size] for at in range(0, len(data), size))) == read(data)


def test_half_a_line_waits_for_the_rest() -> None:
    reader = ProgressReader()
    reader.feed(BEGUN[:50])
    assert reader.snapshot() == Progress()
    reader.feed(BEGUN[50:])
    assert [one.status for one in reader.snapshot().nodes] == ["running"]


def test_unchanged_parts_are_the_same_objects() -> None:
    reader = ProgressReader()
    reader.feed(BUILD)
    before = reader.snapshot()
    assert reader.snapshot() is before
    reader.feed(event("SQLQuery", level="debug"))
    assert reader.snapshot() is before
    reader.feed(event("Note", invocation_id=before.invocation_id))
    after = reader.snapshot()
    assert after.nodes is before.nodes and len(after.messages) == len(before.messages) + 1


def test_selected_nodes_wait_at_the_end_in_their_order() -> None:
    selected = ("test.gcms.unique_dim_id.0a1b2c", "model.gcms.dim", "source.gcms.supabase.attendance")
    progress = read(BEGUN, selected=selected)
    assert [(one.name, one.status) for one in progress.nodes] == [
        ("dim", "running"),
        ("unique_dim_id", "waiting"),
        ("supabase.attendance", "waiting"),
    ]
    assert [one.name for one in read(selected=selected).nodes] == ["unique_dim_id", "dim", "supabase.attendance"]


def test_what_is_no_event_is_counted_and_kept() -> None:
    usage = b"Usage: dbt build [OPTIONS]\n\nError: No such option '--selct'\r\n"
    progress = read(usage)
    assert progress.unread == 2 and progress.invocation_id is None
    assert [(one.level, one.text, one.at) for one in progress.messages] == [
        ("raw", "Usage: dbt build [OPTIONS]", AT),
        ("raw", "Error: No such option '--selct'", AT),
    ]
    later = read(BEGUN + b"Segmentation fault\n").messages[-1]
    assert later.level == "raw" and later.at == datetime(2026, 3, 1, 8, 30, 1, 500_000, UTC)


@pytest.mark.parametrize(
    "line",
    [
        b'{"data": {}, "info": {"name": "NodeSt',
        b'{"data": {}}',
        b'{"info": 3, "data": {}}',
        b"{}",
        b'{"a": ' * 100_000,
        event("Note", ts="yesterday").strip(),
        event("Note", ts=None).strip(),
        event("Note", invocation_id="another's").strip(),
        b"\xff\xfe\x00",
        b'{"info": \xff}',
    ],
    ids=lambda line: repr(line[:30]),
)
def test_a_broken_line_costs_only_itself(line: bytes) -> None:
    progress = read(BEGUN, line + b"\n", event("NodeFinished", node(status="success")))
    assert progress.unread == 1 and [one.status for one in progress.nodes] == ["success"]


def test_an_endless_line_is_not_kept() -> None:
    reader = ProgressReader()
    reader.feed(BEGUN)
    for _ in range(10):
        reader.feed(b"{" + b"x" * 1_000_000)
    reader.feed(b"\n" + event("NodeFinished", node(status="success")))
    progress = reader.snapshot()
    assert progress.unread == 1 and progress.nodes[0].status == "success"
    assert len(progress.messages[0].text) == LONGEST_TEXT


def test_unknown_events_and_statuses_do_not_break_it() -> None:
    finished = event(
        "NodeFinished",
        {**node(status="levitating"), "run_result": {"status": "levitating", "execution_time": "long", "message": 3}},
    )
    progress = read(BEGUN, event("NoveltyOfNextYear", {"node_info": "x"}), finished)
    assert [(one.status, one.elapsed_s, one.message) for one in progress.nodes] == [("levitating", None, "")]
    assert progress.messages[0].text == "said by NoveltyOfNextYear"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, True, None, "3", [], {}])
def test_impossible_figures_are_left_out(value: Any) -> None:
    result = {"status": "pass", "execution_time": value, "num_failures": value, "message": value}
    finished = {**node("test.gcms.t", "pass", resource_type="test"), "run_result": result}
    progress = read(event("ConcurrencyLine", {"node_count": value}), event("NodeFinished", finished))
    assert progress.nodes[0].elapsed_s is None and progress.nodes[0].failures is None and progress.total is None


def test_a_level_named_in_the_data_hides_nothing() -> None:
    """SQL may hold what looks like an event: inside of a string its quotes are escaped."""
    sql = 'select \'"level": "debug", "name": "SQLQuery"\''
    progress = read(event("LogModelResult", {**node(status="error"), "sql": sql, "level": "debug"}))
    assert [one.status for one in progress.nodes] == ["error"] and progress.messages[0].level == "info"
    assert [one.status for one in read(event("NodeStart", {**node(), "sql": sql}, level="debug")).nodes] == ["running"]


def test_hostile_text_stays_data() -> None:
    hostile = "\x1b[2J[red]x[/]\u202e\ud800" + "y" * 100_000
    progress = read(event("Note", {"node_info": {"unique_id": hostile}}, msg=hostile))
    assert progress.messages[0].text == hostile[:LONGEST_TEXT]


def test_only_the_newest_messages_are_kept() -> None:
    progress = read(*(event("Note", msg=f"line {number}") for number in range(MESSAGES_KEPT + 7)))
    assert len(progress.messages) == MESSAGES_KEPT and progress.messages[0].text == "line 7"


def test_a_command_that_did_nothing_says_so() -> None:
    progress = read(event("NothingToDo"), event("CommandCompleted", {"command": "dbt test", "success": True}))
    assert progress.nothing_to_do and progress.success is True and progress.total is None


def test_an_error_of_the_whole_command_is_told_and_an_interrupt_is_none() -> None:
    assert read(event("MainEncounteredError", {"exc": "Compilation Error\n  x"})).error == "Compilation Error\n  x"
    stopped = read(
        event("MainEncounteredError", {"exc": ""}, level="error"),
        event("MainStackTrace", {"stack_trace": "Traceback\n  File …\nKeyboardInterrupt\n"}, level="error"),
    )
    assert stopped.error == "" and stopped.interrupted
    assert [one.text for one in stopped.messages] == ["said by MainEncounteredError"], "no trace at the person"


def test_a_test_that_could_not_run_has_counted_no_rows() -> None:
    finished = {
        **node("test.gcms.t", "error", resource_type="test"),
        "run_result": {"status": "error", "num_failures": 0},
    }
    assert read(event("NodeFinished", finished)).nodes[0].failures is None


@given(st.lists(st.binary(max_size=60), max_size=30))
def test_no_bytes_whatever_break_it(pieces: list[bytes]) -> None:
    reader = ProgressReader()
    for piece in pieces:
        reader.feed(piece)
    raw = [line for line in b"".join(pieces).split(b"\n")[:-1] if line and not line.isspace()]
    assert reader.snapshot().unread <= len(raw)
