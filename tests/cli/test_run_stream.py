from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.run_stream import EXIT_UNKNOWN, exit_code, printer_for
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.run import CancelAsked, Person, Run, RunEnd, RunRecord
from gcms_tui.core.run_progress import Message, NodeProgress, Progress
from gcms_tui.operations.runs import Look

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ANA = Person("ana", "ops1")
RECORD = RunRecord("20260301-090000-aaaa", DbtCommand("build"), ("dbt",), "/p", "sandbox", ANA, NOW)
HOSTILE = "x\x1b]52;c;AAAA\x07\x1b[2Jy\u202e"


def node(name: str, status: str, failures: int | None = None) -> NodeProgress:
    return NodeProgress(f"test.gcms.{name}.1", name, "test", status, elapsed_s=0.5, failures=failures)


def look(*nodes: NodeProgress, end: RunEnd | None = None, cancelled: bool = False, **progress: object) -> Look:
    run = Run(RECORD, end, CancelAsked(NOW, ANA) if cancelled else None, alive=end is None)
    return Look(run, replace(Progress(total=3, nodes=nodes), **progress), 65.0)  # type: ignore[arg-type]


FIRST = look(node("a", "pass"), node("b", "running"))
SECOND = look(node("a", "pass"), node(HOSTILE, "fail", 3), node("c", "running"))
LAST = look(
    node("a", "pass"), node(HOSTILE, "fail", 3), node("c", "skipped"),
    end=RunEnd(NOW + timedelta(seconds=75), 1, note="its failing rows were not kept within 60 s"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (RunEnd(NOW, 0), 0),
        (RunEnd(NOW, 1), 1),
        (RunEnd(NOW, 2), 2),
        (RunEnd(NOW, signal=9), 137),
        (RunEnd(NOW, signal=15), 143),
        (RunEnd(NOW), EXIT_UNKNOWN),
        (None, EXIT_UNKNOWN),
    ],
)
def test_the_status_is_dbts_own_or_the_signals_or_unknown(end: RunEnd | None, status: int) -> None:
    assert exit_code(Run(RECORD, end)) == status


def test_in_a_pipe_each_node_is_one_line_that_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    printer = printer_for(Invocation())
    for one in (FIRST, FIRST, SECOND, LAST):
        printer.show(one)
    printer.end(LAST, "dbt was ended while it worked on c.")
    out, err = capsys.readouterr()
    assert [line.split()[:2] for line in out.splitlines()] == [["1/3", "pass"], ["2/3", "fail"], ["3/3", "skipped"]]
    assert "(3 rows)" in out.splitlines()[1]
    assert "\x1b" not in out + err and "\u202e" not in out + err
    assert "failed after 1 min 15 s, exit 1: 3 of 3 done" in err
    assert "not kept within 60 s" in err and "worked on c" in err
    assert f"runs failures {RECORD.run_id}" in err


def test_a_command_that_failed_as_a_whole_says_why_and_nothing_to_do_is_no_success(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failed = look(end=RunEnd(NOW, 2), error="Compilation Error\n  in model x\x1b[2J", nothing_to_do=True)
    printer_for(Invocation()).end(failed, "")
    out, err = capsys.readouterr()
    assert out == ""
    assert "Compilation Error" in err and "in model x" in err and "\x1b" not in err
    assert "That is no success" in err
    assert f"runs show {RECORD.run_id}" in err


def test_of_a_command_without_nodes_dbts_own_words_are_all_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    said = look(end=RunEnd(NOW, 0), total=None, messages=(Message(NOW, "info", "Connection test:\n  OK \x1b[2J"),))
    debug = replace(said, run=replace(said.run, record=replace(RECORD, command=DbtCommand("debug"))))
    printer_for(Invocation()).end(debug, "")
    out, err = capsys.readouterr()
    assert out == "Connection test:\n  OK \n"
    assert err == f"gcms-tui: {RECORD.run_id} succeeded after 0.0 s, exit 0\n"
    printer_for(Invocation(json=True)).end(debug, "")
    assert json.loads(capsys.readouterr().out)["messages"] == ["Connection test:\n  OK \x1b[2J"]


def test_as_json_every_line_is_an_object_and_the_last_is_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    printer = printer_for(Invocation(json=True))
    for one in (FIRST, SECOND, LAST):
        printer.show(one)
    printer.end(LAST, "")
    out, err = capsys.readouterr()
    assert err == "" and out.isascii()
    *nodes, end = [json.loads(line) for line in out.splitlines()]
    assert [(item["event"], item["status"], item["total"]) for item in nodes] == [
        ("node", "pass", 3), ("node", "fail", 3), ("node", "skipped", 3),
    ]  # fmt: skip
    assert nodes[1]["name"] == HOSTILE
    assert (end["event"], end["state"], end["exit_code"], end["done"], end["total"]) == ("end", "failed", 1, 3, 3)


class _Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("ascii_only", "full"), [(False, "█"), (True, "#")])
def test_on_a_terminal_a_bar_is_drawn_over_itself_and_what_failed_stays_above(
    monkeypatch: pytest.MonkeyPatch, ascii_only: bool, full: str
) -> None:
    screen = _Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("COLUMNS", "70")
    printer = printer_for(Invocation(ascii=ascii_only))
    for one in (FIRST, SECOND, look(cancelled=True)):
        printer.show(one)
    printer.clear()
    drawn = screen.getvalue()
    lines = re.split(r"[\r\n]+", drawn)
    assert all(len(line) <= 70 for line in lines)
    assert full * 8 in drawn and "1/3" in drawn and "about 1 min 05 s left" in drawn
    assert "stopping" in drawn and "1 failed" in drawn
    assert drawn.count("\n") == 1, "only the failure is a line of its own"
    assert drawn.endswith("\r") and "\x1b" not in drawn
    assert drawn.isascii() == ascii_only
