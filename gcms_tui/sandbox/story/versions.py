"""SCD2 histories, as the dbt runs of a year have written them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from hashlib import md5
from typing import Protocol, TypeVar

from gcms_tui.sandbox.story.attendance import Contested
from gcms_tui.sandbox.story.calendar import Calendar, midnight
from gcms_tui.sandbox.story.rows import AttendanceState, Change, Version

DAY_BEFORE = timedelta(days=1)
"""A version ends the day before the next one begins."""


class Keyed(Protocol):
    @property
    def natural_key(self) -> str: ...


Kept = TypeVar("Kept", bound=Keyed)


def versions(calendar: Calendar, history: Sequence[Change[Kept]]) -> list[Version[Kept]]:
    """A version for each change, each closed the day before the next begins, the last one current."""
    rows = []
    for change, following in zip(history, [*history[1:], None], strict=True):
        inserted = calendar.run_after(change.recorded_at)
        natural_key = change.state.natural_key
        rows.append(
            Version(
                scd_id=_scd_id(natural_key, f"daily {inserted:%Y-%m-%d}"),
                natural_key=natural_key,
                state=change.state,
                effective_from=midnight(change.recorded_at),
                effective_to=midnight(following.recorded_at) - DAY_BEFORE if following else None,
                is_current=following is None,
                recorded_at=change.recorded_at,
                inserted_at=inserted,
                updated_at=calendar.run_after(following.recorded_at) if following else inserted,
            )
        )
    return rows


def collided(calendar: Calendar, entry: Contested) -> list[Version[AttendanceState]]:
    """The versions of one contested entry: those left open are all current, and stem from two runs of one second."""
    collision = max(change.recorded_at for change in entry.history).replace(hour=10, minute=30, second=0)
    rows = []
    for position, change in enumerate(entry.history):
        natural_key = change.state.natural_key
        inserted = collision if position else calendar.run_after(change.recorded_at)
        is_open = position in entry.left_open
        closed_at = midnight(entry.history[position + 1].recorded_at) - DAY_BEFORE if not is_open else None
        rows.append(
            Version(
                scd_id=_scd_id(natural_key, f"{inserted:%Y-%m-%d %H:%M} {position}"),
                natural_key=natural_key,
                state=change.state,
                effective_from=midnight(change.recorded_at),
                effective_to=closed_at,
                is_current=is_open,
                recorded_at=change.recorded_at,
                inserted_at=inserted,
                updated_at=inserted if is_open else collision,
            )
        )
    return rows


def all_versions(calendar: Calendar, histories: Iterable[Sequence[Change[Kept]]]) -> list[Version[Kept]]:
    return [version for history in histories for version in versions(calendar, history)]


def _scd_id(natural_key: str, run: str) -> str:
    """As the bundled macro makes it: the key and the dbt invocation, hashed."""
    return md5(f"{natural_key}|{run}".encode(), usedforsecurity=False).hexdigest()
