"""How wide the columns of the list of runs are. Pure: a narrow terminal loses what matters least, never the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

GAP = 2
MARK = 1
STARTED = 5
"""`09:30`."""
_WORDS_LEAST = 12
_WORDS_GOOD = 16
_COUNTS = 23
"""`2 failing  1 warn  9 ok`."""
_MOST = {"counts": 36, "duration": 12, "age": 6, "target": 12, "person": 18, "failing": 40}
_WIDE_FROM = 96
"""From this width on, the target, the person and the first failing node have columns of their own."""


@dataclass(frozen=True, slots=True)
class RunColumns:
    """Cells for each column; 0 where it is left out."""

    state: int
    words: int
    started: int = 0
    counts: int = 0
    duration: int = 0
    age: int = 0
    target: int = 0
    person: int = 0
    failing: int = 0


def fit(width: int, natural: Mapping[str, int]) -> RunColumns:
    """Share `width` cells among the columns, which would be as wide as `natural` says."""
    state = natural.get("state", 0)
    room = width - MARK - state - 1  # and one at the right edge
    chosen: dict[str, int] = {}
    order = ["started", "counts", "duration", "age"]
    order += ["target", "person", "failing"] if width >= _WIDE_FROM else []
    words = natural.get("words", 0)
    for column in order:
        wanted = STARTED if column == "started" else min(natural.get(column, 0), _MOST[column])
        if column == "counts" and width < _WIDE_FROM:
            wanted = min(wanted, _COUNTS)
        least = _WORDS_LEAST if column in ("started", "counts") else _WORDS_GOOD
        spare = room - sum(cells + GAP for cells in chosen.values()) - min(least, words) - GAP
        if column in ("counts", "failing") and wanted > spare - GAP >= 10:
            wanted = spare - GAP
        if wanted and spare >= wanted + GAP:
            chosen[column] = wanted
    rest = room - sum(cells + GAP for cells in chosen.values()) - GAP
    return RunColumns(state=state, words=max(min(max(words, _WORDS_LEAST), rest), 0), **chosen)
