"""A run in words: every state, and what exit code 0 is worth."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.console.glyphs import ASCII, UNICODE
from gcms_tui.console.live_words import (
    elapsed_s,
    rank,
    remaining_text,
    settled,
    standing,
    status_mark,
    tally,
    tally_text,
)
from gcms_tui.console.run_head import Head, bar_text, shares
from gcms_tui.console.theme import CALM, Look
from gcms_tui.core.run_progress import Message, NodeProgress, Progress
from gcms_tui.core.verdict import Verdict
from tests.console.scripted_run import CRITICAL_TEST, GREEN, STORY, Planned, ScriptedRun, command, record
from tests.console.small_platform import NOON

LOOK = Look(CALM, UNICODE)


def ended(
    *nodes: Planned, words: tuple[str, ...] = ("build",), exit_code: int | None = 0, signal: int | None = None
) -> ScriptedRun:
    scripted = ScriptedRun(nodes, record(what=command(*words)))
    scripted.advance(scripted.steps)
    scripted.finish(exit_code=exit_code, signal=signal)
    return scripted


def stands(scripted: ScriptedRun) -> tuple[Verdict | None, str, str]:
    told = standing(scripted.run, settled(scripted.run, scripted.progress()), scripted.clock())
    return told.verdict, told.word, told.said


def test_while_it_runs_there_is_no_verdict() -> None:
    scripted = ScriptedRun()
    assert stands(scripted) == (None, "STARTING", "")
    scripted.advance(5)
    assert stands(scripted) == (None, "RUNNING", "")


def test_asked_is_not_stopped() -> None:
    scripted = ScriptedRun()
    scripted.advance(10)
    scripted.ask_to_stop()
    scripted.clock.pass_by(seconds=12)
    verdict, word, said = stands(scripted)
    assert verdict is None and word == "CANCEL ASKED"
    assert said == "anna@ops-1 asked 12 s ago; dbt has not stopped yet"
    assert remaining_text(scripted.run, scripted.progress(), 60.0) == "waiting for dbt to stop"
    scripted.finish(exit_code=2)
    verdict, word, said = stands(scripted)
    assert (verdict, word) == (Verdict.WARN, "CANCELLED")
    assert said == "dbt has stopped; asked by anna@ops-1; 2 of 13 done, 4 cut off, 7 never began"


def test_a_cancel_that_came_too_late_is_no_cancel() -> None:
    scripted = ended(*GREEN, words=("test", "--select", "gold"))
    scripted.ask_to_stop()
    assert stands(scripted) == (Verdict.OK, "SUCCEEDED", "all 4 tests passed; the cancel came too late")


@pytest.mark.parametrize("words", [("test", "--select", "nothing"), ("build",), ("run",), ("source freshness",)])
def test_nothing_ran_is_not_green(words: tuple[str, ...]) -> None:
    verdict, word, said = stands(ended(words=words))
    assert (verdict, word) == (Verdict.UNKNOWN, "NOTHING RAN") and "proves nothing" in said


def test_what_was_only_skipped_did_not_run_either() -> None:
    assert stands(ended(Planned("model.gcms.a", 0, "skipped")))[:2] == (Verdict.UNKNOWN, "NOTHING RAN")


def test_a_command_without_nodes_says_only_that_it_ended() -> None:
    assert stands(ended(words=("debug",))) == (Verdict.OK, "SUCCEEDED", "dbt debug ended with 0")


def test_exit_0_with_a_failure_is_a_failure() -> None:
    verdict, word, said = stands(ended(*STORY))
    assert (verdict, word) == (Verdict.FAIL, "FAILED") and said.startswith("dbt ended with 0, and yet not all is well")


def test_exit_0_without_all_the_nodes_is_not_known() -> None:
    scripted = ended(*GREEN)
    progress = replace(scripted.progress(), total=9)
    told = standing(scripted.run, progress, scripted.clock())
    assert (told.verdict, told.word) == (Verdict.UNKNOWN, "INCOMPLETE") and "only 4 of 9" in told.said


def test_a_run_without_tests_claims_none() -> None:
    models = [replace(node, status="success") for node in STORY if node.resource_type == "model"]
    assert stands(ended(*models, words=("run",)))[2] == "all 9 models done, no test was run"


@pytest.mark.parametrize(("status", "said"), [("warn", "3 of 4 tests passed, 1 warned"), ("skipped", "1 skipped")])
def test_a_warning_or_a_skip_is_not_ok(status: str, said: str) -> None:
    verdict, _, told = stands(ended(*GREEN[:3], replace(GREEN[3], status=status)))
    assert verdict is Verdict.WARN and said in told


def test_a_failure_tells_each_kind_apart() -> None:
    verdict, word, said = stands(ended(*STORY, exit_code=1))
    assert (verdict, word) == (Verdict.FAIL, "FAILED")
    assert said == "7 of 8 models done, 2 of 4 tests passed, 1 warned, 1 skipped; exit 1"


def test_an_error_gives_dbts_reason_or_what_it_said_last() -> None:
    scripted = ended(exit_code=2)
    told = standing(scripted.run, replace(scripted.progress(), error="Compilation Error"), NOON)
    assert (told.verdict, told.word) == (Verdict.FAIL, "ERROR") and "Compilation Error" in told.said


def test_the_failure_of_one_node_is_not_taken_for_the_reason_of_an_error() -> None:
    scripted = ended(*STORY, exit_code=2)
    of_a_node = Message(NOON, "error", "1 of 16 FAIL 3 a_test", "test.gcms.a_test.1")
    progress = replace(scripted.progress(), messages=(of_a_node,))
    assert "a_test" not in standing(scripted.run, progress, NOON).said
    full = replace(of_a_node, text="No space left on device", unique_id="")
    assert "No space" in standing(scripted.run, replace(progress, messages=(full, of_a_node)), NOON).said


def test_killed_and_lost_say_what_is_not_known() -> None:
    scripted = ScriptedRun()
    scripted.advance(10)
    scripted.finish(signal=9)
    verdict, word, said = stands(scripted)
    assert (verdict, word) == (Verdict.FAIL, "KILLED")
    assert said == "killed by signal 9 (SIGKILL), and nobody here sent it; 2 of 13 done, 4 cut off, 7 never began"
    lost = ScriptedRun()
    lost.advance(10)
    lost.lose()
    assert stands(lost)[:2] == (Verdict.UNKNOWN, "LOST")
    foreign = ScriptedRun(record=record(foreign=True))
    assert stands(foreign)[:2] == (Verdict.UNKNOWN, "UNKNOWN")


def test_nothing_runs_or_waits_any_more_in_a_run_that_has_ended() -> None:
    scripted = ScriptedRun()
    scripted.advance(5)
    waiting = NodeProgress("model.gcms.w", "w", "model", "waiting")
    progress = replace(scripted.progress(), nodes=(*scripted.progress().nodes, waiting))
    assert settled(scripted.run, progress) is progress
    scripted.finish(signal=9)
    ended = settled(scripted.run, progress)
    assert [node.status for node in ended.nodes] == ["unfinished"] * 3 + ["not begun"] and ended.done == 0


@pytest.mark.parametrize(
    ("remaining_s", "said"),
    [
        (None, "time left unknown"),
        (-3.0, "later than expected"),
        (0.0, "later than expected"),
        (3.0, "a few seconds left"),
        (12.0, "about 15 s left"),
        (54.0, "about 55 s left"),
        (60.0, "about 1 min left"),
        (170.0, "about 3 min left"),
        (7_200.0, "about 2.0 h left"),
    ],
)
def test_the_time_left_in_words(remaining_s: float | None, said: str) -> None:
    scripted = ScriptedRun()
    scripted.advance(5)
    assert remaining_text(scripted.run, scripted.progress(), remaining_s) == said


def test_the_time_it_took_stops_at_its_end() -> None:
    scripted = ended(*STORY, exit_code=1)
    assert elapsed_s(scripted.run, NOON + timedelta(hours=3)) == pytest.approx(7.2)


def test_failing_stands_first_and_an_unknown_word_is_no_success() -> None:
    order = ["error", "running", "warn", "pass", "cancelled", "skipped", "waiting"]
    assert sorted(reversed(order), key=rank) == order
    assert rank("a word of next year") == rank("error")
    scripted = ScriptedRun()
    scripted.until(CRITICAL_TEST, ended=True)
    assert [status for status, _ in tally(scripted.progress().nodes)] == ["fail", "running", "warn", "pass", "success"]
    text = tally_text(scripted.progress().nodes, LOOK).plain
    assert text == "1 fail · 3 running · 1 warn · 2 pass · 5 success"


def test_each_status_has_a_shape_of_its_own() -> None:
    words = ("success", "error", "warn", "running", "skipped", "waiting", "cancelled", "unfinished")
    for glyphs in (UNICODE, ASCII):
        marks = {status_mark(word, Look(CALM, glyphs)).plain for word in words}
        assert len(marks) == len(words) and (not glyphs.ascii or "".join(marks).isascii())


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=7), st.integers(7, 80))
def test_shares_fill_the_bar_and_show_the_smallest(numbers: list[int], width: int) -> None:
    cells = shares(numbers, width)
    assert sum(cells) == (width if any(numbers) else 0)
    assert all(bool(share) == bool(number) for share, number in zip(cells, numbers, strict=True))


def test_the_bar_is_drawn_before_anything_is_known() -> None:
    assert bar_text(Progress(), None, 20, LOOK).plain == "─" * 20
    assert bar_text(Progress(total=5), 5, 20, Look(CALM, ASCII)).plain == "-" * 20


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("step", [0, 1, 2, 12, 99])
def test_no_line_of_the_head_passes_the_edge(width: int, step: int) -> None:
    scripted = ScriptedRun()
    scripted.advance(step)
    for height in (12, 24):
        head = Head(scripted.run, scripted.progress(), None, "a query may still run " * 9, None, NOON, height, LOOK)
        assert all(line.cell_len <= width for line in head.lines(width))
