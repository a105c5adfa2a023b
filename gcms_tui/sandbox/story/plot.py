"""The whole story: every row of every table, for one `now`. The same `now` tells the same story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gcms_tui.sandbox.story import attendance, concerts, people
from gcms_tui.sandbox.story.calendar import Calendar
from gcms_tui.sandbox.story.concerts import HELD_OFFSET
from gcms_tui.sandbox.story.payroll import payments
from gcms_tui.sandbox.story.rows import (
    AttendanceState,
    ConcertState,
    MusicianState,
    SourceRow,
    Version,
)
from gcms_tui.sandbox.story.versions import all_versions, collided

STALE_TABLE = "instrument"
"""The one source that Airbyte has not brought for more than 48 hours. Payroll does not depend on it."""


@dataclass(frozen=True, slots=True)
class Story:
    calendar: Calendar
    tables: dict[str, tuple[SourceRow, ...]]
    """Supabase's tables by name, parents before children. Landed in RAW as they are."""
    musician_versions: tuple[Version[MusicianState], ...]
    concert_versions: tuple[Version[ConcertState], ...]
    attendance_versions: tuple[Version[AttendanceState], ...]
    held_concert_id: int
    """The concert whose payroll the duplicates hold up."""
    duplicate_keys: tuple[str, str, str]
    """Natural keys of `br_attendance_scd2` with more than one current version: a plain pair, three versions, and a
    pair that ties on every clock."""

    def extracted_at(self, table: str) -> datetime:
        """When Airbyte pulled that table."""
        return self.calendar.stalled_sync if table == STALE_TABLE else self.calendar.last_sync


def tell_story(now: datetime) -> Story:
    """Raises `ValueError` where `now` has no time zone."""
    calendar = Calendar.of(now)
    careers = dict(enumerate(people.careers(calendar), start=1))
    season = concerts.engagements(calendar)
    sheets = attendance.sheets(calendar, season, careers)
    held = next(sheet for engagement, sheet in zip(season, sheets, strict=True) if engagement.offset == HELD_OFFSET)
    entries = [history for sheet in sheets for history in sheet.everything]
    plain, triple, tied = held.contested
    return Story(
        calendar,
        tables={
            "instrument": people.instruments(calendar),
            "musician": tuple(people.musician(history) for history in careers.values()),
            "concert": tuple(concerts.concert(engagement.history) for engagement in season),
            "rehearsal": tuple(service for engagement in season for service in engagement.services),
            "attendance": tuple(attendance.attendance(number, entry) for number, entry in enumerate(entries, start=1)),
            "payment": payments(season, sheets, careers),
        },
        musician_versions=tuple(all_versions(calendar, careers.values())),
        concert_versions=tuple(all_versions(calendar, [engagement.history for engagement in season])),
        attendance_versions=(
            *all_versions(calendar, [history for sheet in sheets for history in sheet.histories]),
            *(version for entry in held.contested for version in collided(calendar, entry)),
        ),
        held_concert_id=held.concert_id,
        duplicate_keys=(
            plain.history[0].state.natural_key,
            triple.history[0].state.natural_key,
            tied.history[0].state.natural_key,
        ),
    )
