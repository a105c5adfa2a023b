"""Two figures from the same run, side by side."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.terminal import Terminal

_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\x07|\x1b\\)|[ -/]*[0-~])", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report: ours beside its reference, and what the budget says of their ratio or of ours alone."""

    what: str
    ours: str
    reference: str
    ratio: str
    budget: str

    @classmethod
    def of_pair(cls, what: str, ours: Sequence[float], reference: Sequence[float], name: str, budget: float) -> Row:
        """Medians of both and of the ratio pair by pair, which holds when the machine's speed drifts."""
        ratio = median(a / b for a, b in zip(ours, reference, strict=True))
        return cls(
            what,
            f"{median(ours):.3f} s",
            f"{name} {median(reference):.3f} s",
            f"{ratio:.2f} x",
            f"<= {budget} x {'ok' if ratio <= budget else 'OVER'}",
        )


def in_turn(runs: int, *measures: Callable[[], float]) -> tuple[list[float], ...]:
    """Each measure once to warm up, then `runs` times in turn: A B A B."""
    for measure in measures:
        measure()
    figures: tuple[list[float], ...] = tuple([] for _ in measures)
    for _ in range(runs):
        for measure, column in zip(measures, figures, strict=True):
            column.append(measure())
    return figures


def process_seconds(argv: Sequence[str]) -> float:
    started = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return time.monotonic() - started


def seconds_to_text(argv: Sequence[str], text: str, env: Mapping[str, str]) -> float:
    """From the start of a program in a pseudo-terminal until it has sent `text`, escape sequences aside."""
    with Terminal(argv, columns=140, rows=40, env=env) as terminal:
        assert terminal.master is not None
        wanted, received = text.encode(), b""
        deadline = time.monotonic() + 30
        while wanted not in _ESCAPES.sub(b"", received):
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} was not drawn within 30 s: {_ESCAPES.sub(b'', received)[-500:]!r}")
            if select.select([terminal.master], [], [], 0.1)[0]:
                received += os.read(terminal.master, 65536)
        seconds = time.monotonic() - terminal.started
        os.killpg(terminal.process.pid, signal.SIGTERM)
    return seconds


def print_report(rows: Sequence[Row]) -> None:
    cells = [
        ("", "ours", "reference", "ratio", "budget"),
        *((r.what, r.ours, r.reference, r.ratio, r.budget) for r in rows),
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
