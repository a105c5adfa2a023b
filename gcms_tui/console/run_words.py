"""A dbt run in words and symbols: the same on every screen. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rich.text import Text

from gcms_tui.console.theme import Look
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_results import WORKING_COMMANDS
from gcms_tui.core.dbt_runs import SUCCEEDED
from gcms_tui.core.duration import seconds_text as seconds_text
from gcms_tui.core.run import Person, Run, RunState
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.run_history import Summary

_SYMBOLS = {
    RunState.RUNNING: ("►", ">"),
    RunState.CANCELLING: ("■", "="),
    RunState.SUCCEEDED: ("✓", "+"),
    RunState.FAILED: ("✗", "x"),
    RunState.ERROR: ("✗", "x"),
    RunState.CANCELLED: ("■", "="),
    RunState.KILLED: ("✗", "x"),
    RunState.LOST: ("?", "?"),
    RunState.UNKNOWN: ("?", "?"),
}
_VERDICTS = {
    RunState.SUCCEEDED: Verdict.OK,
    RunState.FAILED: Verdict.FAIL,
    RunState.ERROR: Verdict.FAIL,
    RunState.CANCELLED: Verdict.WARN,
    RunState.KILLED: Verdict.FAIL,
}
_KINDS = {Verdict.OK: "ok", Verdict.WARN: "warn", Verdict.FAIL: "failing", Verdict.UNKNOWN: "unfinished"}
_NO_RESULT = "no result"
"""dbt ended with 0, and yet nothing says that any node was executed: that is not a success."""


def run_verdict(summary: Summary) -> Verdict | None:
    """What to make of a run; None while it is under way. Exit code 0 alone is not OK."""
    state = summary.run.state
    if state in (RunState.RUNNING, RunState.CANCELLING):
        return None
    if state is RunState.SUCCEEDED and summary.run.record.command.subcommand in WORKING_COMMANDS:
        executed = [status for status, number in summary.counts if number and status != "skipped"]
        if not executed:
            return Verdict.UNKNOWN
        if any(status_verdict(status) is Verdict.FAIL for status in executed):
            return Verdict.FAIL
        return Verdict.WARN if "warn" in executed else Verdict.OK
    return _VERDICTS.get(state, Verdict.UNKNOWN)


def state_text(summary: Summary, look: Look) -> Text:
    """Symbol and word: `✗ failed`."""
    state, verdict = summary.run.state, run_verdict(summary)
    if verdict is None:
        tint = look.palette.accent if state is RunState.RUNNING else look.palette.warn
    else:
        tint = look.colour(verdict)
    if state is RunState.SUCCEEDED and verdict is Verdict.UNKNOWN:
        return Text(f"? {_NO_RESULT}", tint)
    return Text(f"{_SYMBOLS[state][look.glyphs.ascii]} {state.value}", tint)


def status_verdict(status: str) -> Verdict:
    """A node's status, in dbt's own word, as a verdict; a word that is not known here is no success."""
    if status == "warn":
        return Verdict.WARN
    if status in SUCCEEDED:
        return Verdict.OK
    return Verdict.UNKNOWN if status in ("skipped", "waiting", "running", "cancelled") else Verdict.FAIL


def status_colour(status: str, look: Look) -> str:
    if status in ("skipped", "waiting"):
        return look.palette.muted
    return look.palette.accent if status == "running" else look.colour(status_verdict(status))


def counts_text(counts: Iterable[tuple[str, int]], look: Look) -> Text:
    """`1 error  2 fail  11 pass`, in the order in which they are given."""
    text = Text()
    for status, number in counts:
        text.append("  " if text else "").append(
            f"{number:,} {look.glyphs.text(status, 20)}", status_colour(status, look)
        )
    return text


def brief_counts(counts: Iterable[tuple[str, int]], look: Look, width: int | None = None) -> Text:
    """The same in few words, for a column: `2 failing  1 warn  10 ok`; what does not fit goes from the end."""
    numbers = {"failing": 0, "warn": 0, "ok": 0, "skipped": 0, "unfinished": 0}
    for status, number in counts:
        kind = status if status in ("warn", "skipped") else _KINDS[status_verdict(status)]
        numbers[kind] += number
    tints = {"failing": look.palette.fail, "warn": look.palette.warn, "ok": look.palette.ok}
    text = Text()
    for kind, number in numbers.items():
        gap, said = "  " if text else "", f"{number:,} {kind}"
        if number and (width is None or text.cell_len + len(gap + said) <= width):
            text.append(gap).append(said, tints.get(kind, look.palette.muted))
        elif number:
            more = f" {look.glyphs.ellipsis}"
            return text.append(more, look.palette.faint) if width and text.cell_len + len(more) <= width else text
    return text


def person_text(person: Person) -> str:
    """The short form: who, and on which machine without its domain."""
    return f"{person.user}@{person.host.partition('.')[0]}"


def words_text(command: DbtCommand) -> str:
    """What was asked, without `dbt` in front."""
    return " ".join(command.words)


def took(summary: Summary, now: datetime) -> float | None:
    """Seconds that the run took, or has been at it so far."""
    if summary.duration_s is not None or run_verdict(summary) is not None:
        return summary.duration_s
    return (now - summary.run.record.started_at) / timedelta(seconds=1)


def end_text(run: Run) -> str:
    """How it ended, as the operating system saw it."""
    if run.end is None:
        return {RunState.LOST: "it is gone and has left no end", RunState.UNKNOWN: "its log has no end"}.get(
            run.state, "it has not ended"
        )
    if run.end.signal is not None:
        return f"killed by signal {run.end.signal}"
    return "exit code unknown" if run.end.exit_code is None else f"exit {run.end.exit_code}"
