"""What a repair promises, judged apart from it: a version is the moments at which it is valid, reckoned in whole
nanoseconds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import combinations

from gcms_tui.core.scd2.version import Version

DAY = 24 * 60 * 60 * 10**9


def reckoned(moment: str) -> int:
    """Nanoseconds since the calendar began."""
    since = datetime.fromisoformat(moment[:19]) - datetime.min  # noqa: DTZ901 - a distance alone
    return (since.days * 86_400 + since.seconds) * 10**9 + int(moment[20:])


def is_valid_at(version: Version, instant: int, *, day_before: bool) -> bool:
    """One that ends where it begins is valid then where versions end the day before; else an end is not part of it."""
    if version.effective_from is None:
        return False
    begin = reckoned(version.effective_from)
    if version.effective_to is None or version.effective_to.startswith("9999"):
        return begin <= instant
    end = reckoned(version.effective_to)
    return begin <= instant < end or (day_before and begin == instant == end)


def is_ever_valid(version: Version, *, day_before: bool) -> bool:
    return version.effective_from is not None and is_valid_at(
        version, reckoned(version.effective_from), day_before=day_before
    )


def crowded(versions: Sequence[Version], *, day_before: bool) -> set[tuple[int, int]]:
    """The places of any two that are valid at once: where two are, they are where the later of them begins."""
    begins = {reckoned(version.effective_from) for version in versions if version.effective_from is not None}
    found: set[tuple[int, int]] = set()
    for instant in begins:
        valid = [
            place for place, version in enumerate(versions) if is_valid_at(version, instant, day_before=day_before)
        ]
        found.update(combinations(valid, 2))
    return found


def is_inverted(version: Version, *, day_before: bool) -> bool:
    """Ends before even an empty version would."""
    if version.effective_from is None or version.effective_to is None or version.effective_to.startswith("9999"):
        return False
    return reckoned(version.effective_to) < reckoned(version.effective_from) - (DAY if day_before else 0)
