"""The four verdicts. Unknown is not green: nothing looked at is `UNKNOWN`, and it outranks a failure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Verdict(IntEnum):
    """What a check concluded. The number is the exit code of a headless check and the order of severity."""

    OK = 0
    WARN = 1
    FAIL = 2
    UNKNOWN = 3

    @property
    def symbol(self) -> str:
        """One cell wide, different in shape and not only in colour."""
        return _SYMBOLS[self]

    @property
    def ascii_symbol(self) -> str:
        return _ASCII_SYMBOLS[self]


_SYMBOLS = {Verdict.OK: "✓", Verdict.WARN: "▲", Verdict.FAIL: "✗", Verdict.UNKNOWN: "?"}
_ASCII_SYMBOLS = {Verdict.OK: "+", Verdict.WARN: "!", Verdict.FAIL: "x", Verdict.UNKNOWN: "?"}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The most severe of `verdicts`; of none at all it is `UNKNOWN`, never `OK`."""
    return max(verdicts, default=Verdict.UNKNOWN)
