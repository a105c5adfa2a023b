"""Moments as the warehouse keeps them: text in UTC to the nanosecond, `2026-01-10 00:00:00.000000000`.

As text they sort by time, and nothing is rounded on the way there and back.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

FORMAT = "YYYY-MM-DD HH24:MI:SS.FF9"
"""What the library's statements ask the warehouse for."""
OPEN_FROM = "9999"
"""A version that ends in this year or later has no end: dbt snapshots may write a date there instead of NULL."""

_MOMENT = re.compile(r"(?P<day>\d{4}-\d\d-\d\d) (?P<time>\d\d:\d\d:\d\d)\.\d{9}", re.ASCII)
_DAY = timedelta(days=1)


def checked(text: str) -> str:
    """Raises `ValueError` where `text` is no moment between the years 1 and 9999."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a moment of the form {FORMAT}")
    date.fromisoformat(match["day"])
    time.fromisoformat(match["time"])
    return text


def day_before(moment: str) -> str:
    """The same time of day, one day earlier. Raises `ValueError` on the first day there is."""
    day, clock = moment.split(" ")
    try:
        return f"{date.fromisoformat(day) - _DAY:%Y-%m-%d} {clock}".rjust(29, "0")
    except OverflowError:
        raise ValueError(f"there is no day before {moment}") from None


def is_open(moment: str | None) -> bool:
    """Whether a version with this end has none."""
    return moment is None or moment >= OPEN_FROM


def short(moment: str | None) -> str:
    """For people: without what is zero at its end; `open` where there is none."""
    if is_open(moment) or moment is None:
        return "open"
    day, clock = moment.split(" ")
    if clock == "00:00:00.000000000":
        return day
    return f"{day} {clock.rstrip('0').rstrip('.')}" if "." in clock else moment


def as_datetime(moment: str) -> datetime:
    """To the microsecond, aware: for distances on a time axis."""
    return datetime.fromisoformat(moment[:26]).replace(tzinfo=UTC)
