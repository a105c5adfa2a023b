"""The versions of a key on one axis of time, fitted to cells of text. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from gcms_tui.core.scd2 import moment
from gcms_tui.core.scd2.version import Convention, Version

_PRECISIONS = (10, 16, 19, 23, 26, 29)
"""Letters of a moment's text: the day, the minute, the second and so on."""
_MICROSECOND = timedelta(microseconds=1)


class Shape(Enum):
    """How a version lies on the axis."""

    VALID = auto()
    EMPTY = auto()
    """Never valid: one mark where it begins."""
    INVERTED = auto()
    """Ends before even an empty one would: drawn from its end to where it begins."""
    UNKNOWN = auto()
    """It does not say since when it is valid."""


@dataclass(frozen=True, slots=True)
class Span:
    """One version in the cells from `start` up to, but not including, `end`."""

    start: int
    end: int
    shape: Shape = Shape.VALID
    is_open: bool = False
    """It has no end, and reaches the edge of the axis."""
    cut: int | None = None
    """From this cell on it would not be valid any more; None where it would stay as it is."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Cells in which more than one version is valid."""

    start: int
    end: int
    versions: int
    """At most so many at once."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark at `column`, and its label from the cell `at` on."""

    column: int
    label: str
    at: int


@dataclass(frozen=True, slots=True)
class Axis:
    columns: int
    spans: tuple[Span, ...]
    """In the order of the versions."""
    overlaps: tuple[Overlap, ...]
    ticks: tuple[Tick, ...]
    to_scale: bool
    """Equal times are equally long. Where versions would begin in the same cell although they begin at different
    times, the moments stand at equal distances instead."""


def axis(
    versions: Sequence[Version], columns: int, convention: Convention, ends: Mapping[int, str] | None = None
) -> Axis:
    """Lay the versions out in `columns` cells. `ends`: where those at these places would end after a repair.

    A version without an end reaches the right edge, beyond the last moment that there is.
    """
    ends = ends or {}
    moments = _moments(versions, ends)
    if columns < 1 or not versions:
        return Axis(max(columns, 0), (), (), (), True)
    tail = min(max(columns // 6, 2), columns - 1) if any(version.is_open for version in versions) else 0
    scale, to_scale = _scale(versions, moments, columns - tail)
    spans = tuple(_span(version, columns, convention, scale, ends.get(place)) for place, version in enumerate(versions))
    return Axis(
        columns,
        spans,
        _overlaps(versions, columns, convention, scale),
        _ticks(_moments(versions, {}), columns, scale),
        to_scale,
    )


def _moments(versions: Sequence[Version], ends: Mapping[int, str]) -> list[str]:
    """Every moment that anything begins or ends at, in order."""
    begins = {version.effective_from for version in versions}
    found = {version.effective_to for version in versions if not version.is_open} | set(ends.values())
    return sorted({one for one in begins | {one for one in found if not moment.is_open(one)} if one is not None})


def _scale(versions: Sequence[Version], moments: Sequence[str], room: int) -> tuple[dict[str, int], bool]:
    """The cell of each moment, from 0 to `room`."""
    if len(moments) < 2:
        return dict.fromkeys(moments, 0), True
    times = [moment.as_datetime(one) for one in moments]
    whole = (times[-1] - times[0]) // _MICROSECOND
    if whole:
        scaled = {
            one: (time - times[0]) // _MICROSECOND * room // whole for one, time in zip(moments, times, strict=True)
        }
        begins = {version.effective_from for version in versions} & scaled.keys()
        if len({scaled[one] for one in begins if one is not None}) == len(begins) or len(moments) > room + 1:
            return scaled, True
    last = len(moments) - 1
    return {one: place * room // last for place, one in enumerate(moments)}, False


def _span(
    version: Version, columns: int, convention: Convention, scale: Mapping[str, int], new_end: str | None
) -> Span:
    begin = version.effective_from
    if begin is None:
        return Span(0, 1, Shape.UNKNOWN)
    start = min(scale[begin], columns - 1)
    if version.is_inverted(convention):
        end = min(scale[version.effective_to or begin], start)
        return Span(end, start + 1, Shape.INVERTED)
    if version.is_empty(convention):
        return Span(start, start + 1, Shape.EMPTY)
    end = columns if version.is_open else min(max(scale[version.effective_to or begin], start + 1), columns)
    cut = None
    if new_end is not None and new_end in scale and new_end != version.effective_to:
        # What stays valid for the day it begins on is seen to.
        stays = convention is Convention.DAY_BEFORE and new_end >= begin
        cut = min(max(scale[new_end], start + stays), end - 1)
    return Span(start, end, Shape.VALID, version.is_open, cut)


def _overlaps(
    versions: Sequence[Version], columns: int, convention: Convention, scale: Mapping[str, int]
) -> tuple[Overlap, ...]:
    """Stretches of time in which more than one version is valid; one that touches the next is one with it.

    At one moment what ends comes before what begins, but for a version of that day alone, which has to begin first.
    """
    steps: Counter[tuple[str, int]] = Counter()
    for version in versions:
        begin = version.effective_from
        if begin is not None and not version.is_empty(convention):
            steps[begin, 0] += 1
            if not version.is_open and version.effective_to is not None:
                steps[version.effective_to, 1 if version.effective_to == begin else -1] -= 1
    found: list[Overlap] = []
    valid, most, began = 0, 0, ""
    for step in sorted(steps):
        at = step[0]
        valid += steps[step]
        if valid > 1:
            began, most = began or at, max(most, valid)
        elif began:
            found.append(_between(scale[began], scale[at], columns, most))
            most, began = 0, ""
    return (*found, _between(scale[began], columns, columns, most)) if began else tuple(found)


def _between(start: int, end: int, columns: int, versions: int) -> Overlap:
    """At least one cell."""
    start = min(start, columns - 1)
    return Overlap(start, min(max(end, start + 1), columns), versions)


def _ticks(moments: Sequence[str], columns: int, scale: Mapping[str, int]) -> tuple[Tick, ...]:
    """The first moment, the last, and of the others as many as there is room for, as short as tells them apart."""
    precision = next((cut for cut in _PRECISIONS if len({one[:cut] for one in moments}) == len(moments)), 29)
    placed: list[Tick] = []
    for one in (*moments[:1], *moments[-1:], *moments[1:-1]):
        label, column = one[:precision], min(scale[one], columns - 1)
        tick = Tick(column, label, min(column, columns - len(label)))
        clear = all(tick.at + len(label) < other.at or other.at + len(other.label) < tick.at for other in placed)
        if tick.at >= 0 and clear:
            placed.append(tick)
    return tuple(sorted(placed, key=lambda tick: tick.column))
