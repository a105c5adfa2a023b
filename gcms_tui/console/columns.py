"""How wide the board's columns are. Pure: on a narrow terminal it gives up what matters least, never the verdict."""

from __future__ import annotations

from collections.abc import Mapping

from gcms_tui.core.frozen import frozen

GAP = 2
MARK = 1
VERDICT = 9
"""`? UNKNOWN` is the longest."""
_NAME_LEAST = 10
_NAME_GOOD = 26
_SPARK_LEAST = 5
_SPARK_MOST = 24
_ROOMY = 100
"""From this width on, long values and targets are shown whole."""


@frozen
class Columns:
    """Cells for each column; 0 where it is left out."""

    name: int
    value: int = 0
    target: int = 0
    age: int = 0
    spark: int = 0


def fit(width: int, natural: Mapping[str, int]) -> Columns:
    """Share `width` cells among the columns, which would be as wide as `natural` says."""
    room = width - MARK - VERDICT - 2  # a space after the verdict, and one at the right edge
    chosen: dict[str, int] = {}
    value, target = (16, 28) if width >= _ROOMY else (12, 10)
    for column, most in (("value", value), ("age", 12), ("target", target)):
        wanted = min(natural.get(column, 0), most)
        least_name = _NAME_GOOD if column == "target" else _NAME_LEAST + 6
        if wanted and room - _taken(chosen) - wanted - GAP >= min(least_name, natural.get("name", 0)):
            chosen[column] = wanted
    name = max(min(max(natural.get("name", 0), _NAME_LEAST), room - _taken(chosen)), 0)
    spare = room - _taken(chosen) - name - GAP
    if natural.get("spark", 0) and spare >= min(natural["spark"], _SPARK_LEAST):
        chosen["spark"] = min(spare, natural["spark"], _SPARK_MOST)
    return Columns(name=name, **chosen)


def _taken(chosen: Mapping[str, int]) -> int:
    return sum(cells + GAP for cells in chosen.values())
