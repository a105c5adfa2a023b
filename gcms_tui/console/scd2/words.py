"""Classes of defects in words: the same in the list of tables, of keys and beside them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gcms_tui.core.scd2 import scan

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from collections.abc import Mapping

    from gcms_tui.console.glyphs import Glyphs

DUPLICATES = "duplicate_current"


@dataclass(frozen=True, slots=True)
class DefectWords:
    short: str
    """In a list: `overlap`."""
    counted: str
    """What its number counts: `keys`."""
    meaning: str


DEFECTS: Mapping[str, DefectWords] = {
    "duplicate_current": DefectWords(
        "duplicate", "keys", "more than one version is current: what joins them counts twice"
    ),
    "no_current": DefectWords(
        "no current", "keys", "none of the key's versions is current: it has vanished downstream"
    ),
    "overlap": DefectWords("overlap", "versions", "valid while an earlier version of the key still is"),
    "inversion": DefectWords("inverted", "versions", "ends before it begins, by more than an empty version does"),
    "current_but_closed": DefectWords("current but closed", "versions", "called current, and has ended"),
    "closed_but_open": DefectWords("closed but open", "versions", "not called current, and has no end"),
    "shared_scd_id": DefectWords(
        "shared scd_id", "versions", "another version has the same id: no UPDATE tells them apart"
    ),
    "null_key": DefectWords("no key", "versions", "belongs to no key, and is repaired by none"),
    "null_flag": DefectWords("no flag", "versions", "does not say whether it is current"),
    "null_id": DefectWords("no scd_id", "versions", "has no id to be named by"),
    "null_begin": DefectWords("no beginning", "versions", "does not say since when it is valid"),
}
"""By the names of `core.scd2.scan.DEFECTS`."""

BROWSED = tuple(name for name in DEFECTS if name != "null_key")
"""Classes whose keys can be gone through."""

assert DEFECTS.keys() == scan.DEFECTS.keys()


@dataclass(frozen=True, slots=True)
class Marks:
    """What versions are drawn with, each a single cell wide."""

    kept: str
    closed: str
    emptied: str
    current: str
    past: str
    doubtful: str
    fill: str
    """Of a version that stays valid."""
    lost: str
    """Of the part of one that would not be valid any more."""
    inverted: str
    arrow: str
    empty: str
    overlap: str
    ruler: str
    tick: str
    differs: str


_UNICODE = Marks("✓", "✗", "○", "●", "·", "?", "━", "╌", "┄", "►", "◆", "▒", "─", "┬", "≠")
_ASCII = Marks("+", "x", "o", "*", ".", "?", "=", ".", "~", ">", "o", "#", "-", "+", "!")


def marks(glyphs: Glyphs) -> Marks:
    return _ASCII if glyphs.ascii else _UNICODE
