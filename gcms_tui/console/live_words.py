"""A watched run in words and symbols: how far it is, what has failed, when it will end, how it ended. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from signal import Signals

from rich.text import Text

from gcms_tui.console.run_words import person_text, seconds_text, status_colour, status_verdict
from gcms_tui.console.theme import Look
from gcms_tui.core.dbt_results import WORKING_COMMANDS
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.run_progress import NodeProgress, Progress
from gcms_tui.core.verdict import Verdict

WAITING, RUNNING, CANCELLED, SKIPPED = "waiting", "running", "cancelled", "skipped"
UNFINISHED, UNBEGUN = "unfinished", "not begun"
"""It ran, or waited, when its run ended."""
_CALM = {
    WAITING: ("·", "."),
    RUNNING: ("►", ">"),
    CANCELLED: ("■", "="),
    SKIPPED: ("○", "o"),
    UNFINISHED: ("?", "?"),
    UNBEGUN: ("·", "."),
}
"""Statuses that are no verdict, each with a shape of its own."""
_GOOD, _BAD, _RUNS, _REST = 3, 0, 1, 4


def status_mark(status: str, look: Look) -> Text:
    """The status's symbol in its colour."""
    tint = node_colour(status, look)
    if status in _CALM:
        return Text(_CALM[status][look.glyphs.ascii], tint)
    verdict = status_verdict(status)
    return Text(verdict.ascii_symbol if look.glyphs.ascii else verdict.symbol, tint)


def node_colour(status: str, look: Look) -> str:
    own = {CANCELLED: look.palette.warn, UNFINISHED: look.palette.unknown, UNBEGUN: look.palette.muted}
    return own.get(status) or status_colour(status, look)


def failed(status: str) -> bool:
    """It has an outcome, and it is a bad one; a word that is not known is one."""
    return status not in _CALM and status_verdict(status) is Verdict.FAIL


def rank(status: str) -> int:
    """Failing first, then what runs, what warned, what is well, and what has not been executed."""
    if failed(status):
        return _BAD
    places = {RUNNING: _RUNS, UNFINISHED: _RUNS, "warn": 2, CANCELLED: _REST, SKIPPED: 5, UNBEGUN: 6, WAITING: 6}
    return places.get(status, _GOOD)


def settled(run: Run, progress: Progress) -> Progress:
    """Of a run that has ended nothing runs any more, and nothing waits."""
    ends = {RUNNING: UNFINISHED, WAITING: UNBEGUN}
    if not run.state.ended or not any(node.status in ends for node in progress.nodes):
        return progress
    ended = (replace(node, status=ends[node.status]) if node.status in ends else node for node in progress.nodes)
    return replace(progress, nodes=tuple(ended))


def tally(nodes: Sequence[NodeProgress]) -> tuple[tuple[str, int], ...]:
    """Statuses with their numbers, failing first."""
    numbers: dict[str, int] = {}
    for node in nodes:
        numbers[node.status] = numbers.get(node.status, 0) + 1
    return tuple(sorted(numbers.items(), key=lambda pair: (rank(pair[0]), pair[0])))


def tally_text(nodes: Sequence[NodeProgress], look: Look) -> Text:
    """`2 fail · 11 pass · 3 running`."""
    dot = Text(f" {look.glyphs.dot} ", look.palette.line)
    return dot.join(
        Text(f"{number:,} {look.glyphs.text(status, 20)}", node_colour(status, look)) for status, number in tally(nodes)
    )


def so_far_text(seconds: float) -> str:
    """Of what still runs: seconds, of which no tenths tick."""
    return f"{int(seconds)} s" if seconds < 60 else seconds_text(seconds)


def total_of(run: Run, progress: Progress) -> int | None:
    """How many nodes it is to execute: dbt's own word, or what was selected before dbt has spoken."""
    return progress.total if progress.total is not None else len(run.record.selected) or None


def elapsed_s(run: Run, now: datetime) -> float:
    """How long it has run, or ran."""
    end = run.end.ended_at if run.end is not None else now
    return max((end - run.record.started_at) / timedelta(seconds=1), 0.0)


def remaining_text(run: Run, progress: Progress, remaining_s: float | None) -> str:
    """`about 3 min left`; what is not known is said."""
    if run.state is RunState.CANCELLING:
        return "waiting for dbt to stop"
    if run.state is not RunState.RUNNING:
        return ""
    if progress.ended_at is not None:
        return "dbt is done and is leaving"
    if remaining_s is None:
        return "time left unknown"
    if remaining_s < 5:
        return "a few seconds left" if remaining_s > 0 else "later than expected"
    if remaining_s < 55:
        return f"about {-(-int(remaining_s) // 5) * 5} s left"
    if remaining_s < 5_400:
        return f"about {max(round(remaining_s / 60), 1)} min left"
    return f"about {remaining_s / 3_600:.1f} h left"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands."""

    verdict: Verdict | None
    """None while it runs."""
    word: str
    """`RUNNING`, `CANCEL ASKED`, `FAILED`."""
    said: str
    """A sentence that says what that means; empty where there is nothing to add."""
    next_step: str = ""


def standing(run: Run, progress: Progress, now: datetime) -> Standing:
    """What is known of the run as a whole. Exit code 0 is never more than it is."""
    state = run.state
    match state:
        case RunState.RUNNING:
            return Standing(None, "RUNNING" if progress.started_at else "STARTING", "")
        case RunState.CANCELLING:
            return Standing(None, "CANCEL ASKED", _asked(run, now))
        case RunState.SUCCEEDED:
            return _succeeded(run, progress)
        case RunState.FAILED:
            return Standing(Verdict.FAIL, "FAILED", _sentence(_outcome(run, progress), _ended_with(run)), _NEXT_FAILED)
        case RunState.ERROR:
            reason = progress.error or _last_word(progress)
            said = _sentence(_ended_with(run), f"dbt could not do it: {reason}" if reason else "dbt could not do it")
            return Standing(Verdict.FAIL, "ERROR", said, "e shows the error in full, L the log.")
        case RunState.CANCELLED:
            by = f"asked by {person_text(run.cancel.person)}" if run.cancel is not None else ""
            return Standing(
                Verdict.WARN, "CANCELLED", _sentence("dbt has stopped", by, _left_over(run, progress)), _NEXT
            )
        case RunState.KILLED:
            said = _sentence(f"killed by {_signal(run)}, and nobody here sent it", _left_over(run, progress))
            return Standing(Verdict.FAIL, "KILLED", said, _NEXT)
        case RunState.LOST:
            said = _sentence("it is no longer there and has left no end", _left_over(run, progress))
            return Standing(Verdict.UNKNOWN, "LOST", said, _NEXT)
        case RunState.UNKNOWN:
            return Standing(Verdict.UNKNOWN, "UNKNOWN", "started elsewhere, and nothing tells of its end")


_NEXT_FAILED = "Enter opens the node, f the failing tests; R shows what would run again."
_NEXT = "R shows what would run again."


def _succeeded(run: Run, progress: Progress) -> Standing:
    """dbt ended with 0: what that is worth depends on what it executed."""
    subcommand = run.record.command.subcommand
    statuses = [node.status for node in progress.nodes]
    executed = [node for node in progress.finished if node.status != SKIPPED]
    total = total_of(run, progress)
    late = "the cancel came too late" if run.cancel is not None else ""
    if any(failed(status) for status in statuses):
        said = _sentence("dbt ended with 0, and yet not all is well", _outcome(run, progress), late)
        return Standing(Verdict.FAIL, "FAILED", said, _NEXT_FAILED)
    if not executed and (subcommand in WORKING_COMMANDS or subcommand == "source freshness" or total):
        said = _sentence("dbt ended with 0, but executed no node: this proves nothing", late)
        return Standing(Verdict.UNKNOWN, "NOTHING RAN", said, "Look at the selection.")
    if total is not None and progress.done < total:
        said = _sentence(f"dbt ended with 0, but only {progress.done} of {total} nodes are told of", late)
        return Standing(Verdict.UNKNOWN, "INCOMPLETE", said, "L shows the log.")
    verdict = Verdict.WARN if "warn" in statuses or SKIPPED in statuses else Verdict.OK
    said = _outcome(run, progress) if executed else f"dbt {subcommand} ended with 0"
    return Standing(verdict, "SUCCEEDED", _sentence(said, late))


def _outcome(run: Run, progress: Progress) -> str:
    """`7 models built, 2 of 4 tests passed, 1 warned, 1 skipped`."""
    nodes = [node for node in progress.finished if node.resource_type != "operation"]
    tests = [node for node in nodes if node.resource_type in ("test", "unit_test") and node.status != SKIPPED]
    others = [node for node in nodes if node.resource_type not in ("test", "unit_test") and node.status != SKIPPED]
    parts = []
    for kind in dict.fromkeys(node.resource_type for node in others):
        of_kind = [node for node in others if node.resource_type == kind]
        good = sum(not failed(node.status) for node in of_kind)
        done = "fresh enough" if kind == "source" else "done"
        parts.append(f"{_of(good, len(of_kind))} {_plural(kind, len(of_kind))} {done}")
    if tests:
        passed = sum(node.status == "pass" for node in tests)
        parts.append(f"{_of(passed, len(tests))} {_plural('test', len(tests))} passed")
    elif run.record.command.subcommand in WORKING_COMMANDS:
        parts.append("no test was run")
    warned = sum(node.status == "warn" for node in nodes)
    skipped = sum(node.status == SKIPPED for node in nodes)
    parts += [f"{warned} warned"] if warned else []
    parts += [f"{skipped} skipped"] if skipped else []
    return ", ".join(parts)


def _left_over(run: Run, progress: Progress) -> str:
    """What had been done, what was cut off, and what never began."""
    cut = sum(node.status in (RUNNING, CANCELLED, UNFINISHED) for node in progress.nodes)
    total = total_of(run, progress)
    never = 0 if total is None else max(total - progress.done - cut, 0)
    of = f" of {total}" if total is not None else ""
    parts = [f"{progress.done}{of} done"]
    parts += [f"{cut} cut off"] if cut else []
    parts += [f"{never} never began"] if never else []
    return ", ".join(parts)


def _asked(run: Run, now: datetime) -> str:
    if run.cancel is None:
        return ""
    since = so_far_text((now - run.cancel.at) / timedelta(seconds=1))
    return f"{person_text(run.cancel.person)} asked {since} ago; dbt has not stopped yet"


def _ended_with(run: Run) -> str:
    return f"exit {run.end.exit_code}" if run.end is not None and run.end.exit_code is not None else ""


def _signal(run: Run) -> str:
    number = run.end.signal if run.end is not None else None
    try:
        return f"signal {number} ({Signals(number or 0).name})"
    except ValueError:
        return f"signal {number}"


def _last_word(progress: Progress) -> str:
    """What was said last that looks like a reason for all of it: usage errors are no events of dbt's."""
    said = [
        message.text for message in progress.messages if message.level in ("error", "raw") and not message.unique_id
    ]
    return said[-1] if said else ""


def _sentence(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _of(good: int, number: int) -> str:
    return f"all {number}" if good == number > 1 else f"{good} of {number}" if good != number else str(number)


def _plural(kind: str, number: int) -> str:
    return kind if number == 1 else f"{kind}s"
