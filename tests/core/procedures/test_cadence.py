"""When procedures are due: over changes of the clocks, the turn of a year, holidays, and a clock that was set back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from gcms_tui.core.errors import ConfigError
from gcms_tui.core.procedures.cadence import (
    BoardLine,
    Cadence,
    Done,
    Due,
    board,
    calendar,
    following,
    latest,
    moment_on,
)
from gcms_tui.core.procedures.routine import DAILY, MONTHLY, WEEKLY
from gcms_tui.core.verdict import Verdict

VIENNA = calendar("Europe/Vienna", ("2026-12-25", "2027-01-01", "2026-04-06"))
HOUR = timedelta(hours=1)


def at(text: str, zone: str = "Europe/Vienna") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def cadence(name: str) -> Cadence:
    found = {"daily": DAILY.cadence, "weekly": WEEKLY.cadence, "monthly": MONTHLY.cadence}[name]
    assert found is not None
    return found


def line(name: str, now: datetime, *done: Done) -> BoardLine:
    (found,) = board({name: cadence(name)}, done, {item.run_id: name for item in done}, VIENNA, now)
    return found


def did(opened: datetime, verdict: Verdict | None = Verdict.OK, run_id: str = "proc-1") -> Done:
    return Done(run_id, opened, "ana", opened + HOUR / 2 if verdict is not None else None, verdict)


@pytest.mark.parametrize(
    ("day", "clock", "zone", "utc", "said"),
    [
        ("2026-03-29", "02:00", "Europe/Vienna", "2026-03-29T01:00", "does not exist"),
        ("2026-03-29", "02:30", "Europe/Vienna", "2026-03-29T01:00", "03:00 is taken"),
        ("2026-10-25", "02:00", "Europe/Vienna", "2026-10-25T00:00", "there twice"),
        ("2026-03-08", "02:00", "America/New_York", "2026-03-08T07:00", "does not exist"),
        ("2026-11-01", "02:00", "America/New_York", "2026-11-01T07:00", ""),
        ("2026-11-01", "01:30", "America/New_York", "2026-11-01T05:30", "there twice"),
        ("2026-10-04", "02:00", "Australia/Lord_Howe", "2026-10-03T15:30", "02:30 is taken"),
        ("2011-12-30", "02:00", "Pacific/Apia", "2011-12-30T10:00", "00:00 is taken"),
        ("2026-06-07", "02:00", "Europe/Vienna", "2026-06-07T00:00", ""),
        ("2026-06-07", "02:00", "UTC", "2026-06-07T02:00", ""),
    ],
)
@pytest.mark.covers("Cadence")
def test_a_time_that_is_not_there_or_there_twice_is_decided_and_said(
    day: str, clock: str, zone: str, utc: str, said: str
) -> None:
    moment, words = moment_on(date.fromisoformat(day), time.fromisoformat(clock), calendar(zone, ()).zone)

    assert moment == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert said in words
    assert bool(said) == bool(words)


@pytest.mark.parametrize(
    ("name", "now", "last", "then"),
    [
        ("daily", "2026-03-02T08:59", "2026-02-27T09:00", "2026-03-02T09:00"),  # a Monday: Friday's was the last
        ("daily", "2026-03-02T09:00", "2026-03-02T09:00", "2026-03-03T09:00"),
        ("daily", "2026-12-25T12:00", "2026-12-24T09:00", "2026-12-28T09:00"),  # a holiday, then a weekend
        ("daily", "2027-01-01T09:30", "2026-12-31T09:00", "2027-01-04T09:00"),
        ("weekly", "2026-03-29T03:00", "2026-03-29T03:00", "2026-04-05T02:00"),  # clocks go forward at 02:00
        ("weekly", "2026-03-29T01:59", "2026-03-22T02:00", "2026-03-29T03:00"),
        ("weekly", "2026-10-25T05:00", "2026-10-25T02:00", "2026-11-01T02:00"),
        ("monthly", "2026-04-06T10:00", "2026-03-02T09:00", "2026-04-07T09:00"),  # Easter Monday: the day after
        ("monthly", "2027-01-01T00:00", "2026-12-07T09:00", "2027-01-04T09:00"),
        ("monthly", "2026-06-01T09:00", "2026-06-01T09:00", "2026-07-06T09:00"),  # the 1st is a Monday
    ],
)
@pytest.mark.covers("Cadence")
def test_the_last_time_and_the_next(name: str, now: str, last: str, then: str) -> None:
    assert latest(cadence(name), VIENNA, at(now)) == at(last)
    assert following(cadence(name), VIENNA, at(now)) == at(then)


def test_each_time_follows_the_one_before_over_ten_years() -> None:
    for name, least, most in (("daily", 1, 5), ("weekly", 7, 7), ("monthly", 26, 36)):
        moment = at("2026-01-01T00:00")
        while moment < at("2036-01-01T00:00"):
            coming = following(cadence(name), VIENNA, moment)
            assert latest(cadence(name), VIENNA, coming) == coming
            assert latest(cadence(name), VIENNA, coming - timedelta(seconds=1)) < coming
            if moment != at("2026-01-01T00:00"):
                days = round((coming - moment) / timedelta(days=1))
                assert least <= days <= most
            moment = coming


@pytest.mark.parametrize(
    ("now", "done", "due", "said"),
    [
        ("2026-03-03T09:30", [], Due.DUE, "never recorded"),
        ("2026-03-03T10:01", [], Due.OVERDUE, "never recorded"),
        ("2026-03-03T09:30", ["2026-03-02T09:05"], Due.DUE, "last Mon 2026-03-02 09:35"),
        ("2026-03-03T09:30", ["2026-02-26T09:05"], Due.DUE, "2 times before that missed"),
        ("2026-03-03T08:30", ["2026-02-27T09:05"], Due.OVERDUE, "overdue since Mon 2026-03-02 09:00"),
        ("2026-03-03T12:00", ["2026-03-03T08:10"], Due.DONE, "next Wed 2026-03-04 09:00"),  # somebody was early
        ("2026-03-03T12:00", ["2026-03-03T05:59"], Due.OVERDUE, ""),  # that was the night before
        ("2026-03-07T23:00", ["2026-03-06T09:01"], Due.DONE, "next Mon 2026-03-09 09:00"),
    ],
)
@pytest.mark.covers("Cadence")
def test_a_morning_check_is_due_overdue_or_done(now: str, done: list[str], due: Due, said: str) -> None:
    found = line("daily", at(now), *(did(at(text)) for text in done))

    assert found.due is due
    assert said in found.words


def test_what_was_done_badly_is_done_and_what_is_open_is_not() -> None:
    now = at("2026-03-03T09:30")

    failed = line("daily", now, did(at("2026-03-03T09:05"), Verdict.FAIL))
    assert (failed.due, "FAIL" in failed.words) == (Due.DONE, True)

    under_way = did(at("2026-03-03T09:05"), None)
    assert line("daily", now, under_way).due is Due.UNDER_WAY
    assert line("daily", at("2026-03-03T11:00"), under_way).due is Due.OVERDUE


def test_sundays_two_oclock_is_met_on_the_night_when_it_does_not_exist() -> None:
    night = at("2026-03-29T03:10")

    assert line("weekly", night).due is Due.DUE
    assert "02:00 does not exist on 2026-03-29" in line("weekly", night).words
    assert line("weekly", night + HOUR, did(night)).due is Due.DONE


def test_of_an_hour_that_is_there_twice_once_is_enough() -> None:
    first = datetime(
        2026, 10, 25, 0, 5, tzinfo=UTC
    )  # 02:05, before the clocks go back; an hour later it is 02:05 again
    assert line("weekly", first + HOUR, did(first)).due is Due.DONE


def test_a_clock_that_was_set_back_makes_it_unknown_and_not_done() -> None:
    found = line("daily", at("2026-03-02T09:30"), did(at("2026-03-09T09:00")))

    assert found.due is Due.UNKNOWN
    assert found.due.verdict is Verdict.UNKNOWN
    assert "set back" in found.words

    wrong, right = did(at("2027-03-09T09:00")), did(at("2026-03-02T09:10"), run_id="proc-2")
    again = line("daily", at("2026-03-02T09:50"), right, wrong)
    assert again.due is Due.DONE and again.last == right  # done since, by a clock that is right


def test_a_holiday_of_a_whole_month_moves_the_audit_into_the_next_and_keeps_that_ones() -> None:
    days = tuple(f"2026-06-{day:02}" for day in range(1, 31))
    where = calendar("UTC", days)
    first = following(cadence("monthly"), where, datetime(2026, 6, 1, tzinfo=UTC))
    second = following(cadence("monthly"), where, first)
    assert [first.date().isoformat(), second.date().isoformat()] == ["2026-07-01", "2026-07-06"]


@pytest.mark.parametrize(
    ("zone", "holidays"),
    [("Europe/Wien", ()), ("", ()), ("../../etc/passwd", ()), ("Europe", ()), ("UTC", ("25.12.2026",))],
)
def test_a_wrong_calendar_is_told_as_a_configuration_that_is_wrong(zone: str, holidays: Sequence[str]) -> None:
    with pytest.raises(ConfigError):
        calendar(zone, holidays)
