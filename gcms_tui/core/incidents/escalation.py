"""Who is told when nobody has taken an incident: the configured path, its minutes read out of its texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from gcms_tui.core.text import printable

LONGEST = timedelta(days=7)
_UNITS = {"m": 1, "h": 60, "d": 24 * 60}
_PART = r"([0-9]{1,5}(?:\.[0-9]{1,3})?)\s*(minutes?|mins?|m|hours?|hrs?|h|days?|d)\.?"
_LENGTH = rf"{_PART}(?:(?:\s|,|and)*{_PART})?"
_BRACKETED = re.compile(rf"(?P<who>.*?)[\s,:;-]*\(\s*(?:after\s+)?(?P<time>{_LENGTH})\s*\)\s*", re.IGNORECASE)
_TRAILING = re.compile(rf"(?P<who>.*?)(?:[,:;-]\s*|\s+after\s+)(?P<time>{_LENGTH})\s*", re.IGNORECASE)
_PARTS = re.compile(_PART, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of the configured path."""

    who: str
    after: timedelta
    """Since the incident was opened."""


def parse_step(text: str) -> PathStep:
    """`Data Engineer (15 min)`, `Manager (1 hour)`, `Boss (1 h 30 min)`, `Boss, 90 minutes`.

    Raises `ValueError` where it is not certain who is told, or after how long: such a step would never come.
    """
    shown = printable(text).strip()
    match = _BRACKETED.fullmatch(shown) or _TRAILING.fullmatch(shown)
    if match is None:
        raise ValueError(f'the minutes are missing in {shown[:80]!r}: "Data Engineer (15 min)" is wanted')
    who = match["who"].strip()
    if not who:
        raise ValueError(f"nobody is named in {shown[:80]!r}")
    minutes = sum((Decimal(number) * _UNITS[unit[0].lower()] for number, unit in _PARTS.findall(match["time"])))
    after = timedelta(seconds=int(minutes * 60))
    if after > LONGEST:
        raise ValueError(f"{shown[:80]!r} is more than seven days")
    return PathStep(who, after)


def parse_path(texts: Sequence[str]) -> tuple[PathStep, ...]:
    """In the order they stand. Raises `ValueError` as `parse_step`, and where one is told before the one above it."""
    steps = tuple(map(parse_step, texts))
    for before, step in zip(steps, steps[1:], strict=False):
        if step.after < before.after:
            raise ValueError(f"{step.who!r} would be told before {before.who!r}, who stands above")
    return steps


def minutes_of(after: timedelta) -> int | float:
    """As it is journalled."""
    minutes = after / timedelta(minutes=1)
    return int(minutes) if minutes.is_integer() else minutes
