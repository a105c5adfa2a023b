"""A run as it goes on, printed: a bar on a terminal, a line for each node otherwise, or JSON."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import click

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.output import as_json, tell
from gcms_tui.core.dbt_runs import SUCCEEDED
from gcms_tui.core.duration import seconds_text
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.run_progress import NodeProgress, Progress
from gcms_tui.core.text import printable
from gcms_tui.operations.run_desk import RunDesk
from gcms_tui.operations.runs import DbtRuns, Look

EXIT_DETACHED = 130
EXIT_UNKNOWN = 69
_LOOK_EVERY_S = 0.2
_BAR = 24


def follow(desk: RunDesk, run_id: str, invocation: Invocation) -> int:
    """Print the run to its end; answers dbt's own exit code, 128 + the number where a signal ended it.

    Ctrl-C leaves it alone: it goes on, and 130 is answered.
    """
    printer = printer_for(invocation)
    printer.begin(desk.shelf.run(run_id))
    try:
        for look in looks(desk.runs, run_id):
            printer.show(look)
    except KeyboardInterrupt:
        printer.clear()
        tell(f"gcms-tui: {run_id} goes on.")
        tell(f"  -> Watch it again: gcms-tui runs attach {run_id}")
        tell(f"  -> Stop it: gcms-tui runs cancel {run_id}")
        return EXIT_DETACHED
    printer.end(look, desk.runs.may_still_run(run_id))
    if look.note:
        tell(f"gcms-tui: {printable(look.note)}")
    return exit_code(look.run)


def looks(runs: DbtRuns, run_id: str) -> Iterator[Look]:
    """One after the other, until the run has ended; the last one is of its end."""
    watch = runs.watch(run_id)
    try:
        while True:
            look = runs.look(run_id, watch)
            yield look
            if look.run.state.ended or look.run.state is RunState.UNKNOWN:
                return
            time.sleep(_LOOK_EVERY_S)
    finally:
        watch.close()


def exit_code(run: Run) -> int:
    """As dbt itself ended; `EXIT_UNKNOWN` where nobody saw it end."""
    if run.end is None:
        return EXIT_UNKNOWN
    if run.end.signal is not None:
        return 128 + run.end.signal
    return EXIT_UNKNOWN if run.end.exit_code is None else run.end.exit_code


@dataclass
class _Printer:
    """Prints each node once it has finished."""

    told: set[str] = field(default_factory=set)

    def begin(self, run: Run) -> None:
        pass

    def show(self, look: Look) -> None:
        for node in look.progress.finished:
            if node.unique_id not in self.told:
                self.told.add(node.unique_id)
                self.node(node, look.progress)

    def node(self, node: NodeProgress, progress: Progress) -> None:
        click.echo(_node_line(node, len(self.told), progress.total))

    def clear(self) -> None:
        pass

    def end(self, look: Look, may_still_run: str) -> None:
        self.clear()
        if not look.run.record.command.selects:  # what dbt says is all that there is to see of it
            for message in look.progress.messages:
                for line in message.text.splitlines():
                    click.echo(printable(line))
        for line in _end_lines(look, may_still_run):
            tell(line)


@dataclass
class _BarPrinter(_Printer):
    """One line that is drawn over and over; what failed stays above it."""

    full: str = "█"
    empty: str = "░"
    drawn: str = ""

    def show(self, look: Look) -> None:
        super().show(look)
        self.draw(look)

    def node(self, node: NodeProgress, progress: Progress) -> None:
        if node.status not in SUCCEEDED:
            self.clear()
            super().node(node, progress)

    def draw(self, look: Look) -> None:
        progress = look.progress
        total = progress.total or 0
        filled = _BAR * min(progress.done, total) // total if total else 0
        failed = sum(node.status not in SUCCEEDED and node.status != "skipped" for node in progress.finished)
        parts = [
            self.full * filled + self.empty * (_BAR - filled),
            f"{progress.done}/{total or '?'}",
            f"{failed} failed" if failed else "",
            "stopping" if look.run.state is RunState.CANCELLING else "",
            f"about {seconds_text(look.remaining_s)} left" if look.remaining_s else "",
            ", ".join(node.name for node in progress.nodes if node.status == "running"),
        ]
        line = printable("  ".join(part for part in parts if part), shutil.get_terminal_size().columns - 1)
        if line != self.drawn:
            self.clear()
            click.echo(line, nl=False)
            self.drawn = line

    def clear(self) -> None:
        if self.drawn:
            click.echo(f"\r{' ' * len(self.drawn)}\r", nl=False)
            self.drawn = ""


@dataclass
class _JsonPrinter(_Printer):
    """A JSON object a line: which run it is, each node when it has finished, and the end."""

    def begin(self, run: Run) -> None:
        record = run.record
        _print_line(
            {
                "event": "begin",
                "run_id": run.run_id,
                "command": " ".join(record.command.words),
                "target": record.target,
                "started_at": record.started_at,
                "selected": len(record.selected),
            }
        )

    def node(self, node: NodeProgress, progress: Progress) -> None:
        _print_line({"event": "node", "total": progress.total, **as_json(node)})

    def end(self, look: Look, may_still_run: str) -> None:
        run, progress = look.run, look.progress
        _print_line(
            {
                "event": "end",
                "run_id": run.run_id,
                "state": run.state.value,
                "exit_code": run.end.exit_code if run.end else None,
                "signal": run.end.signal if run.end else None,
                "invocation_id": run.end.invocation_id if run.end else None,
                "done": progress.done,
                "total": progress.total,
                "nothing_to_do": progress.nothing_to_do,
                "error": progress.error,
                "messages": [] if run.record.command.selects else [message.text for message in progress.messages],
                "may_still_run": may_still_run,
            }
        )


def printer_for(invocation: Invocation) -> _Printer:
    """What fits where it is read: JSON where asked for, a bar on a terminal, lines elsewhere."""
    if invocation.json:
        return _JsonPrinter()
    if not sys.stdout.isatty():
        return _Printer()
    plain = invocation.ascii or (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    return _BarPrinter(full="#", empty=".") if plain else _BarPrinter()


def _print_line(document: dict[str, Any]) -> None:
    text = json.dumps(as_json(document), ensure_ascii=True, allow_nan=False)
    click.echo(text)


def _node_line(node: NodeProgress, number: int, total: int | None) -> str:
    said = [f"{number}/{total or '?'}".rjust(9), f"{node.status:<9}", f"{node.resource_type:<9}", node.name]
    if node.failures:
        said.append(f"({node.failures:,} rows)")
    if node.elapsed_s is not None:
        said.append(f"[{node.elapsed_s:.2f} s]")
    return printable(" ".join(said))


def _end_lines(look: Look, may_still_run: str) -> Iterator[str]:
    run, progress = look.run, look.progress
    if progress.error:
        for line in progress.error.splitlines():
            yield f"  {printable(line)}"
    if progress.nothing_to_do:
        yield "gcms-tui: dbt found nothing to do. That is no success."
    failing = [node for node in progress.finished if node.status not in SUCCEEDED]
    done = "" if progress.total is None else f": {progress.done} of {progress.total} done"
    yield f"gcms-tui: {run.run_id} {_how_it_ended(run)}{done}"
    if run.end and run.end.note:
        yield f"gcms-tui: {printable(run.end.note)}"
    if may_still_run:
        yield f"gcms-tui: {printable(may_still_run)}"
    if any(node.resource_type in ("test", "unit_test") and node.status == "fail" for node in failing):
        yield f"  -> What failed: gcms-tui runs failures {run.run_id}"
    elif run.state not in (RunState.SUCCEEDED, RunState.RUNNING):
        yield f"  -> Look into it: gcms-tui runs show {run.run_id}"


def _how_it_ended(run: Run) -> str:
    if run.end is None:
        return run.state.value
    parts = [f"{run.state.value} after {seconds_text((run.end.ended_at - run.record.started_at).total_seconds())}"]
    parts += [] if run.end.exit_code is None else [f"exit {run.end.exit_code}"]
    parts += [] if run.end.signal is None else [f"signal {run.end.signal}"]
    return ", ".join(parts)
