"""Which node ran when on which of dbt's threads, fitted to columns of text. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from gcms_tui.core.dbt_runs import SUCCEEDED
from gcms_tui.core.run_progress import NodeProgress

_TICK_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 18_000, 43_200, 86_400)
_TICK_COLUMNS = 12
"""Columns from one tick to the next, at least."""
_SHORTEST_S = 1.0
"""An axis shorter than this would stretch milliseconds over the screen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One node in `width` columns from `start` on."""

    node: NodeProgress
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Lane:
    """One of dbt's threads."""

    thread: str
    bars: tuple[Bar, ...]
    hidden: int = 0
    """Nodes so short, among so many, that no column is left for them."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis: `1:30` into the run."""

    column: int
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lanes over one axis of `columns` columns that begins with the first node."""

    columns: int
    began: datetime | None
    span_s: float
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]


def timeline(nodes: Sequence[NodeProgress], now: datetime, columns: int) -> Timeline:
    """Lay out every node that has begun. What still runs ends at `now`: for a run that has ended, at its end.

    Every bar is at least one column wide. Where several nodes share a column, the one that matters most has it: what
    failed, then what runs, then what took longest there.
    """
    begun = [(node, node.started_at) for node in nodes if node.started_at is not None and node.thread]
    if not begun or columns < 1:
        return Timeline(max(columns, 0), None, 0.0, (), ())
    began = min(started for _, started in begun)
    end = max([now, *(node.finished_at or now for node, _ in begun)])
    span_s = max((end - began).total_seconds(), _SHORTEST_S)
    per_second = columns / span_s
    threads: dict[str, list[_Stretch]] = {}
    for node, started in begun:
        left = (started - began).total_seconds() * per_second
        right = ((node.finished_at or now) - began).total_seconds() * per_second
        threads.setdefault(node.thread, []).append(_Stretch(node, min(left, columns - 1e-6), min(right, columns)))
    lanes = tuple(_lane(thread, threads[thread], columns) for thread in sorted(threads, key=_numbered))
    return Timeline(columns, began, span_s, lanes, _ticks(span_s, columns))


class _Stretch(NamedTuple):
    """A node's place on the axis, in columns and fractions of them."""

    node: NodeProgress
    left: float
    right: float

    def weight(self, column: int) -> tuple[int, float]:
        """How much it matters in one column."""
        return severity(self.node.status), min(self.right, column + 1) - max(self.left, column)


def severity(status: str) -> int:
    """How much a node's status asks to be seen; a word that is not known asks as loudly as a failure."""
    if status in ("skipped", "waiting", "cancelled"):
        return 0
    if status == "warn":
        return 2
    return 1 if status in SUCCEEDED else 3 if status == "running" else 4


def _lane(thread: str, stretches: list[_Stretch], columns: int) -> Lane:
    cells: list[_Stretch | None] = [None] * columns
    for stretch in stretches:
        first = int(stretch.left)
        for column in range(first, max(first + 1, round(stretch.right))):
            if column < columns:
                there = cells[column]
                if there is None or stretch.weight(column) > there.weight(column):
                    cells[column] = stretch
    shown = {id(cell) for cell in cells}
    hidden = 0
    for stretch in stretches:
        if id(stretch) not in shown:
            hidden += not _squeezed_in(stretch, cells)
    return Lane(thread, _bars(cells), hidden)


def _squeezed_in(stretch: _Stretch, cells: list[_Stretch | None]) -> bool:
    """Whether an empty column right beside its own takes it in."""
    for column in (int(stretch.left) + 1, int(stretch.left) - 1):
        if 0 <= column < len(cells) and cells[column] is None:
            cells[column] = stretch
            return True
    return False


def _bars(cells: list[_Stretch | None]) -> tuple[Bar, ...]:
    bars: list[Bar] = []
    for column, cell in enumerate(cells):
        if cell is None:
            continue
        last = bars[-1] if bars else None
        if last is not None and last.node is cell.node and last.start + last.width == column:
            bars[-1] = Bar(last.node, last.start, last.width + 1)
        else:
            bars.append(Bar(cell.node, column, 1))
    return tuple(bars)


def _ticks(span_s: float, columns: int) -> tuple[Tick, ...]:
    """From 0 on, at round times, so far apart that their labels can be read."""
    least = span_s * _TICK_COLUMNS / columns
    step = next((step for step in _TICK_STEPS if step >= least), _TICK_STEPS[-1])
    while step < least:
        step *= 2
    count = int(span_s // step) + 1
    places = ((int(number * step / span_s * columns), clock(number * step)) for number in range(count))
    return tuple(Tick(column, label) for column, label in places if column + len(label) <= columns)


def clock(seconds: int) -> str:
    """`0:05`, `12:30`, `1:02:00`."""
    hours, rest = divmod(seconds, 3_600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def _numbered(thread: str) -> tuple[str, int, str]:
    """`Thread-2` before `Thread-10`."""
    number = re.search(r"[0-9]{1,9}", thread)
    return (thread[: number.start()], int(number[0]), thread) if number else (thread, -1, thread)
