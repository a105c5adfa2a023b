"""The story's clock: everything happens at a distance from one moment, `now`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

DAILY_RUN = time(5, 10, tzinfo=UTC)
"""When the scheduled dbt run starts."""


@dataclass(frozen=True, slots=True)
class Calendar:
    now: datetime
    """Aware, in UTC, whole seconds."""

    @classmethod
    def of(cls, now: datetime) -> Calendar:
        """Raises `ValueError` for a moment without a time zone."""
        if now.tzinfo is None:
            raise ValueError("the story needs to know the time zone of now")
        return cls(now.astimezone(UTC).replace(microsecond=0))

    def day(self, offset: int) -> date:
        """The date `offset` days after today."""
        return self.now.date() + timedelta(days=offset)

    @property
    def last_sync(self) -> datetime:
        """When Airbyte last pulled the sources that are well."""
        return self.now - timedelta(hours=3, minutes=10)

    @property
    def stalled_sync(self) -> datetime:
        """When Airbyte last pulled the source that is stale: past the limit of 48 hours."""
        return self.now - timedelta(hours=61)

    def run_after(self, moment: datetime) -> datetime:
        """The dbt run that first saw what was recorded at `moment`: the next scheduled one, or the latest of all."""
        scheduled = datetime.combine(moment.date(), DAILY_RUN)
        if scheduled <= moment:
            scheduled += timedelta(days=1)
        return min(scheduled, self.last_sync + timedelta(minutes=15))


def at(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)


def midnight(moment: datetime) -> datetime:
    return at(moment.date(), 0)
