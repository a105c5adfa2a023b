"""When to look again by itself. Pure."""

from __future__ import annotations

_SLOWEST_S = 3_600.0
"""However often a look has failed, the next one comes within an hour (or the interval itself, if that is longer)."""


def next_look(interval_s: float | None, failures: int) -> float | None:
    """Seconds from the end of one look to the next: doubled for each failure in a row. None: only when asked."""
    if interval_s is None:
        return None
    return min(interval_s * 2.0 ** min(failures, 16), max(interval_s, _SLOWEST_S))
