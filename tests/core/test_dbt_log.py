"""Over logs that dbt 1.11 wrote, cut down to the lines that tell something and some that do not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from gcms_tui.core.dbt_log import DbtLog, Invocation, LogPart, read_log

DATA = Path(__file__).parent / "data"
TEXT = (DATA / "dbt_text.log").read_text(encoding="utf-8")
JSON = (DATA / "dbt_json.log").read_text(encoding="utf-8")
WRITTEN = datetime(2026, 11, 23, 17, 42, 10, tzinfo=UTC)
RULE = "=" * 30


def log_of(*texts: str, modified_at: datetime = WRITTEN) -> DbtLog:
    return read_log("logs/dbt.log", [LogPart([text], modified_at) for text in texts])


def header(at: str, invocation_id: str) -> str:
    return f"\n\n{RULE} {at} | {invocation_id} {RULE}\n"


def uuid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


def line(at: str, message: str, thread: str = "MainThread", level: str = "info ") -> str:
    return f"\x1b[0m{at} [{level}] [{thread}]: {message}\n"


def run(number: int, at: str, end: str, message: str = "succeeded") -> str:
    """A whole `dbt run` of one model."""
    return (
        header(at, uuid(number))
        + line(at, "Began running node model.gcms.dim", "Thread-1 (")
        + line(end, "1 of 1 OK created sql table model GOLD.dim .... [\x1b[32mSUCCESS 1\x1b[0m in 0.1s]", "Thread-1 (")
        + line(end, f"Command `dbt run` {message} at {end} after 1.00 seconds", level="debug")
    )


def outcomes(invocation: Invocation) -> dict[str, str]:
    return {outcome.name: outcome.status for outcome in invocation.outcomes}


def test_every_invocation_is_told_with_its_command_and_end() -> None:
    assert [(item.command, item.target, item.success) for item in log_of(TEXT).invocations] == [
        ("run", "one", False),
        ("test", "one", False),
        ("build", "one", False),
        ("ls", None, True),
        ("test", None, True),
        ("docs generate", "one", True),
        ("test", None, False),
    ]


def test_result_lines_are_tied_to_nodes_by_their_thread() -> None:
    first, second, third, *_ = log_of(TEXT).invocations
    assert outcomes(first) == {
        "model.demo.broken": "error",
        "model.demo.br_x_scd2": "success",
        "model.demo.after_broken": "skipped",
        "model.demo.fct": "success",
        "model.demo.dim": "success",
    }
    assert outcomes(second)["test.demo.accepted_values_fct_id__1.606f370df6"] == "fail"
    assert outcomes(second)["test.demo.unique_after_broken_id.abd92831e7"] == "error"
    assert outcomes(third)["test.demo.unique_dim_id.a3bd56e5bf"] == "skipped"
    assert outcomes(third)["snapshot.demo.snap_x"] == "success"


@pytest.mark.parametrize(("text", "place"), [(TEXT, 0), (JSON, 0)])
def test_result_lines_tell_how_long_each_node_took(text: str, place: int) -> None:
    invocation = log_of(text).invocations[place]
    seconds = {outcome.name: outcome.seconds for outcome in invocation.outcomes}
    executed = {outcome.name for outcome in invocation.outcomes if outcome.status != "skipped"}
    assert executed
    for name, taken in seconds.items():
        assert (taken is not None and 0 < taken < 60) == (name in executed), name


def test_seconds_are_those_of_the_line() -> None:
    seconds = {outcome.name: outcome.seconds for outcome in log_of(TEXT).invocations[0].outcomes}
    assert (seconds["model.demo.broken"], seconds["model.demo.br_x_scd2"]) == (0.10, 0.16)


def test_a_parse_failure_and_an_empty_selection_are_told() -> None:
    *_, nothing, _, broken = log_of(TEXT).invocations
    assert nothing.nothing_to_do
    assert broken.error.splitlines() == [
        "Compilation Error",
        "Model 'model.demo.bad' (models/gold/bad.sql) depends on a node named 'nope' which was not found",
    ]


def test_json_tells_the_same_and_exactly_when() -> None:
    build, nothing, broken = log_of(JSON, modified_at=datetime(2030, 1, 1, tzinfo=UTC)).invocations
    assert (build.command, build.target, build.success, build.started_exactly) == ("build", "one", False, True)
    assert build.started_at == datetime(2026, 11, 23, 17, 42, 13, 105959, tzinfo=UTC)
    assert outcomes(build)["test.demo.accepted_values_fct_id__1.606f370df6"] == "fail"
    assert outcomes(build)["model.demo.dim"] == "skipped"
    assert outcomes(build)["snapshot.demo.snap_x"] == "error"
    assert nothing.nothing_to_do
    assert "depends on a node named 'nope'" in broken.error


def test_formats_may_change_within_a_file() -> None:
    assert [item.command for item in log_of(TEXT + JSON).invocations][-4:] == ["test", "build", "test", "test"]


def test_the_newest_of_a_text_file_is_dated_by_the_file_and_older_ones_at_the_latest() -> None:
    invocations = log_of(TEXT).invocations
    assert invocations[-1].started_at == datetime(2026, 11, 23, 17, 42, 7, 787106, tzinfo=UTC)
    assert [item.started_exactly for item in invocations] == [False] * 6 + [True]


def test_text_times_are_local_and_wrap_at_midnight() -> None:
    chicago = timezone(timedelta(hours=-6))
    text = run(1, "22:00:00.0", "22:00:05.0") + run(2, "23:59:58.0", "00:00:03.0") + run(3, "07:00:00.0", "07:00:05.0")
    log = log_of(text, modified_at=datetime(2026, 3, 2, 7, 0, 6, tzinfo=chicago))
    assert [(item.started_at, item.ended_at) for item in log.invocations] == [
        (datetime(2026, 3, 2, 4, 0, tzinfo=UTC), datetime(2026, 3, 2, 4, 0, 5, tzinfo=UTC)),
        (datetime(2026, 3, 2, 5, 59, 58, tzinfo=UTC), datetime(2026, 3, 2, 6, 0, 3, tzinfo=UTC)),
        (datetime(2026, 3, 2, 13, 0, tzinfo=UTC), datetime(2026, 3, 2, 13, 0, 5, tzinfo=UTC)),
    ]


def test_a_file_last_written_just_after_midnight_ends_the_day_before() -> None:
    log = log_of(run(1, "23:59:50.0", "23:59:55.0"), modified_at=datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC))
    assert log.invocations[0].ended_at == datetime(2026, 3, 1, 23, 59, 55, tzinfo=UTC)


def test_an_earlier_hour_in_the_next_run_means_another_day() -> None:
    text = run(1, "09:00:00.0", "09:00:05.0") + run(2, "05:00:00.0", "05:00:05.0")
    log = log_of(text, modified_at=datetime(2026, 3, 2, 5, 0, 6, tzinfo=UTC))
    assert log.invocations[0].started_at == datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def test_an_invocation_may_run_over_the_end_of_a_rotated_file() -> None:
    whole = run(1, "23:00:00.0", "01:00:00.0")
    at = whole.index("\x1b[0m01:00:00.0 [info ]")
    log = read_log(
        "logs/dbt.log",
        [
            LogPart([whole[:at]], datetime(2026, 3, 1, 23, 59, tzinfo=UTC)),
            LogPart([whole[at:]], datetime(2026, 3, 2, 1, 0, tzinfo=UTC)),
        ],
    )
    (only,) = log.invocations
    assert only.started_at == datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    assert only.ended_at == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    assert only.success is True
    assert outcomes(only) == {"model.gcms.dim": "success"}


def test_lines_before_the_first_beginning_are_passed_over() -> None:
    tail = run(1, "08:00:00.0", "08:00:05.0")
    cut = tail[tail.index("\x1b[0m08:00:05.0") :] + run(2, "09:00:00.0", "09:00:05.0")
    assert [item.invocation_id for item in log_of(cut).invocations] == [uuid(2)]


def test_an_invocation_without_an_end_is_neither_a_success_nor_a_failure() -> None:
    killed = run(1, "08:00:00.0", "08:00:05.0").partition("\x1b[0m08:00:05.0 [debug")[0]
    (only,) = log_of(killed).invocations
    assert only.success is None
    assert only.working, "it executed nodes, so it may have built something"


def test_a_killed_one_and_its_successor_are_told_apart() -> None:
    killed = run(1, "08:00:00.0", "08:00:05.0").partition("\x1b[0m08:00:05.0 [debug")[0]
    first, second = log_of(killed + run(2, "09:00:00.0", "09:00:05.0", "failed")).invocations
    assert (first.success, second.success) == (None, False)
    assert not second.interleaved


def test_two_at_once_in_one_text_file_are_marked() -> None:
    text = (
        header("08:00:00.0", uuid(1))
        + header("08:00:01.0", uuid(2))
        + line("08:00:05.0", "Command `dbt run` succeeded at 08:00:05.0 after 4.00 seconds", level="debug")
        + line("08:00:06.0", "Command `dbt test` failed at 08:00:06.0 after 6.00 seconds", level="debug")
    )
    first, second = log_of(text).invocations
    assert first.interleaved
    assert second.interleaved
    assert {first.command, second.command} == {"run", "test"}


@pytest.mark.parametrize(
    ("said", "command", "working"),
    [
        ("dbt --quiet docs generate --target x", "docs generate", False),
        ("dbt source freshness", "source freshness", False),
        ("dbt build --select gold", "build", True),
        ("cli run", "run", True),
        ("dbt ls -q", "ls", False),
        ("dbt retry", "retry", True),
        ("dbt ", "", False),
        ("dbt dance", "", False),
    ],
)
def test_the_command_is_taken_from_how_dbt_names_it(said: str, command: str, working: bool) -> None:
    text = header("08:00:00.0", uuid(1)) + line("08:00:05.0", f"Command `{said}` succeeded at 08:00 after 1.00 seconds")
    (only,) = log_of(text).invocations
    assert (only.command, only.working) == (command, working)


def test_names_with_markup_and_escapes_stay_data() -> None:
    hostile = "[/b][red]x\x1b[2J😀"
    text = header("08:00:00.0", uuid(1)) + line(
        "08:00:01.0", f"1 of 1 ERROR creating sql table model GOLD.{hostile} ... [\x1b[31mERROR\x1b[0m in 0.1s]"
    )
    (only,) = log_of(text).invocations
    assert only.outcomes[0].status == "error"
    assert only.outcomes[0].name.startswith("sql table model GOLD.[/b][red]x")


def test_half_a_json_line_and_foreign_json_are_passed_over() -> None:
    *_, last = JSON.strip().splitlines()
    log = log_of(
        JSON + last[: len(last) // 2] + '\n{"a": 1}\n{"info": 3, "data": 4}\n{"info": {"name": "LogModelResult"}\n'
    )
    assert len(log.invocations) == 3


@pytest.mark.parametrize("seconds", ["1e400", "NaN", "-1", '"soon"', "1" + "0" * 400, "null"])
def test_a_time_that_is_none_costs_the_time_alone(seconds: str) -> None:
    results = [text for text in JSON.splitlines() if '"LogModelResult"' in text]
    assert results
    broken = JSON.replace(
        results[0], re.sub(r'"execution_time": ?[0-9.e+-]+', f'"execution_time": {seconds}', results[0])
    )
    assert broken != JSON
    assert [len(item.outcomes) for item in log_of(broken).invocations] == [
        len(item.outcomes) for item in log_of(JSON).invocations
    ]


def test_nothing_at_all_is_no_invocation() -> None:
    assert log_of("").invocations == ()
    assert log_of("hello\nworld\n").invocations == ()
