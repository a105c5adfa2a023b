"""When the runbook's procedures are due: business days 09:00, Sundays 02:00, first Mondays, in one named timezone.

What the runbook leaves open is decided here, and said:

- A time that does not exist that day, because clocks go forward, is the next minute that does; one that is there twice,
  because they go back, is the first of the two.
- A business day is a Monday to Friday that the configuration does not name as a holiday. Sundays stay Sundays.
- A first Monday that is a holiday moves to the next business day: the audit is neither dropped nor a week late. The
  runbook gives it no time; it is that of the morning check, 09:00.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo

from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.freshness import CLOCK_SKEW, age_words
from gcms_tui.core.verdict import Verdict


class Days(StrEnum):
    BUSINESS = "business days"
    SUNDAYS = "Sundays"
    FIRST_MONDAYS = "first Monday of the month"


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often a procedure is to be done."""

    days: Days
    at: time
    early: timedelta
    """Begun so much before, it still counts for that time."""
    grace: timedelta
    """So long after the time it is due; then it is overdue."""

    @property
    def words(self) -> str:
        return f"{self.days.value} {self.at:%H:%M}"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where and when: the zone of the runbook's times, and the days on which nobody works."""

    zone: tzinfo
    name: str
    """The zone's, as it was configured."""
    holidays: frozenset[date] = frozenset()

    def is_business_day(self, day: date) -> bool:
        return day.weekday() < _SATURDAY and day not in self.holidays


class Due(StrEnum):
    OVERDUE = "overdue"
    DUE = "due"
    UNDER_WAY = "under way"
    DONE = "done"
    ON_DEMAND = "on demand"
    UNKNOWN = "unknown"
    """A clock was set back, or what was done cannot be read: whether it is due is not known."""

    @property
    def verdict(self) -> Verdict:
        return _VERDICTS.get(self, Verdict.OK)


@dataclass(frozen=True, slots=True)
class Done:
    """One doing of a procedure, as far as the board asks."""

    run_id: str
    opened_at: datetime
    by: str
    """Who opened it."""
    ended_at: datetime | None = None
    """None: it is open."""
    verdict: Verdict | None = None
    """What it came to; None where it is open."""


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One procedure on the board."""

    name: str
    due: Due
    words: str
    due_at: datetime | None = None
    """The newest time at which it was to be done; None where it has no times."""
    next_at: datetime | None = None
    last: Done | None = None
    """The newest doing that was closed."""
    active: Done | None = None


def calendar(zone: str, holidays: Iterable[str]) -> Calendar:
    """From the settings. Raises `ConfigError`."""
    days = []
    for text in holidays:
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            raise ConfigError(
                "A holiday cannot be read",
                f"{text[:40]!r} under [runbook] holidays is no day.",
                "Write it as 2026-12-25.",
            ) from None
    return Calendar(_zone(zone), zone, frozenset(days))


def moment_on(day: date, at: time, zone: tzinfo) -> tuple[datetime, str]:
    """The moment, in UTC, of a local time on a day, and what was decided where the clocks change then."""
    wanted = datetime.combine(day, at)
    found = wanted
    while not _exists(found, zone):
        found += _MINUTE
    moment = found.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if found != wanted:
        return moment, f"{at:%H:%M} does not exist on {day}, clocks go forward: {found:%H:%M} is taken"
    if found.replace(tzinfo=zone, fold=1).astimezone(UTC) != moment:
        return moment, f"{at:%H:%M} is there twice on {day}, clocks go back: the first is taken"
    return moment, ""


def latest(cadence: Cadence, where: Calendar, now: datetime) -> datetime:
    """The newest time at which it was to be done: at `now` or before."""
    return next(moment for moment in _backwards(cadence, where, now) if moment <= now)


def following(cadence: Cadence, where: Calendar, now: datetime) -> datetime:
    """The first time after `now`."""
    day = now.astimezone(where.zone).date() - timedelta(days=1)
    while True:
        if _is_day(cadence.days, day, where) and (moment := moment_on(day, cadence.at, where.zone)[0]) > now:
            return moment
        day += timedelta(days=1)


def board(
    cadences: Mapping[str, Cadence | None], done: Sequence[Done], of: Mapping[str, str], where: Calendar, now: datetime
) -> tuple[BoardLine, ...]:
    """A line for each procedure, in the order given. `of` names the procedure of each run id in `done`.

    `done`: the newest first, as the journal has them. A clock that was wrong once is not believed for ever.
    """
    lines = []
    for name, cadence in cadences.items():
        own = [item for item in done if of[item.run_id] == name]
        last = next((item for item in own if item.ended_at is not None), None)
        active = next((item for item in own if item.ended_at is None), None)
        lines.append(_line(name, cadence, last, active, where, now))
    return tuple(lines)


def local_text(moment: datetime, where: Calendar) -> str:
    """`Sun 2026-03-29 03:00 Europe/Vienna`."""
    return f"{moment.astimezone(where.zone):%a %Y-%m-%d %H:%M} {where.name}"


def _line(
    name: str, cadence: Cadence | None, last: Done | None, active: Done | None, where: Calendar, now: datetime
) -> BoardLine:
    under_way = f"under way since {local_text(active.opened_at, where)}, opened by {active.by}" if active else ""
    known = active or last
    ahead = max(known.opened_at, known.ended_at or known.opened_at) - now if known is not None else timedelta()
    if known is not None and ahead > CLOCK_SKEW:
        words = f"{known.run_id} is dated {age_words(ahead)} ahead of this clock, which was set back"
        return BoardLine(name, Due.UNKNOWN, words, last=last, active=active)
    if cadence is None:
        words = under_way or (f"last {_ended(last, where)}" if last else "never done")
        return BoardLine(name, Due.UNDER_WAY if active else Due.ON_DEMAND, words, last=last, active=active)
    due_at, next_at = latest(cadence, where, now), following(cadence, where, now)
    coming = next_at - cadence.early  # what has begun early for the next time has been done for this one or is late
    if last is not None and last.opened_at >= due_at - cadence.early:
        early = "for the next time already " if last.opened_at >= coming else ""
        words = f"done {early}{_ended(last, where)}; next {local_text(next_at, where)}"
        state = Due.DONE if active is None else Due.UNDER_WAY
        return BoardLine(name, state, under_way or words, due_at, next_at, last, active)
    late = now - due_at > cadence.grace
    state = Due.OVERDUE if late else Due.UNDER_WAY if active else Due.DUE
    since = f"{state.value} since {local_text(due_at, where)}" if state is not Due.UNDER_WAY else ""
    words = "; ".join(
        filter(None, (under_way, since, _missed(cadence, last, where, due_at), _clock_words(cadence, where, due_at)))
    )
    return BoardLine(name, state, words, due_at, next_at, last, active)


def _missed(cadence: Cadence, last: Done | None, where: Calendar, due_at: datetime) -> str:
    if last is None:
        return "never recorded here"
    missed = 0
    for moment in islice(_backwards(cadence, where, due_at), _MOST_MISSED):
        if moment >= due_at:
            continue
        if last.opened_at >= moment - cadence.early:
            break
        missed += 1
    also = f"{counted(missed, 'time')} before that missed, " if missed else ""
    return f"{also}last {_ended(last, where)}"


def _ended(done: Done, where: Calendar) -> str:
    verdict = f" with {done.verdict.name}" if done.verdict is not None else ""
    return f"{local_text(done.ended_at or done.opened_at, where)} by {done.by}{verdict}"


def _clock_words(cadence: Cadence, where: Calendar, moment: datetime) -> str:
    return moment_on(moment.astimezone(where.zone).date(), cadence.at, where.zone)[1]


def _backwards(cadence: Cadence, where: Calendar, now: datetime) -> Iterator[datetime]:
    """Its times from the day after `now` on, newest first."""
    day = now.astimezone(where.zone).date() + timedelta(days=1)
    while True:
        if _is_day(cadence.days, day, where):
            yield moment_on(day, cadence.at, where.zone)[0]
        day -= timedelta(days=1)


def _is_day(days: Days, day: date, where: Calendar) -> bool:
    match days:
        case Days.BUSINESS:
            return where.is_business_day(day)
        case Days.SUNDAYS:
            return day.weekday() == _SUNDAY
        case Days.FIRST_MONDAYS:
            return day == _first_monday(day.year, day.month, where) or day == _moved_into(day, where)


def _first_monday(year: int, month: int, where: Calendar) -> date:
    """Or the business day that stands in for it."""
    first = date(year, month, 1)
    day = first + timedelta(days=-first.weekday() % 7)
    for _ in range(_LONGEST_HOLIDAY):
        if where.is_business_day(day):
            break
        day += timedelta(days=1)
    return day


def _moved_into(day: date, where: Calendar) -> date:
    """The day of the month before, which a very long holiday may have moved into this one."""
    before = day.replace(day=1) - timedelta(days=1)
    return _first_monday(before.year, before.month, where)


def _exists(local: datetime, zone: tzinfo) -> bool:
    there = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return there.replace(tzinfo=None, fold=0) == local


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC  # known also where the machine has no database of zones
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # none of that name, a directory of zones, a path out of it
        raise ConfigError(
            "No such timezone",
            f"This machine's database of timezones does not know {name[:60]!r} ([runbook] timezone).",
            "Write an IANA name, for instance Europe/Vienna; where the machine knows none, install tzdata.",
        ) from None


_SATURDAY, _SUNDAY = 5, 6
_MINUTE = timedelta(minutes=1)
_MOST_MISSED = 100
_LONGEST_HOLIDAY = 31
_VERDICTS = {Due.OVERDUE: Verdict.FAIL, Due.DUE: Verdict.WARN, Due.UNKNOWN: Verdict.UNKNOWN}
