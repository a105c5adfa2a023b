"""Lengths of time as people write them: `90s`, `15m`, `2h`."""

from __future__ import annotations

import re
from datetime import timedelta

_DURATION = re.compile(r"(?P<count>[0-9]{1,6})\s*(?P<unit>s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> timedelta:
    """A whole number with a unit. Raises `ValueError` for anything else, and for nothing at all (`0m`)."""
    match = _DURATION.fullmatch(text.strip().lower())
    if not match:
        raise ValueError(f"{text!r} is not a length of time: write a number and s, m, h or d, for instance 15m")
    seconds = int(match["count"]) * _SECONDS[match["unit"]]
    if not seconds:
        raise ValueError(f"{text!r} is no time at all")
    return timedelta(seconds=seconds)


def seconds_text(seconds: float | None) -> str:
    """A length of time that can be read at a glance: `0.4 s`, `14 s`, `2 min 05 s`, `1 h 07 min`."""
    if seconds is None:
        return ""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60:02d} min"
