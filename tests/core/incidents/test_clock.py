"""The escalation clock and the path it follows: absolute moments, odd texts, clocks that are set back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gcms_tui.core.incidents import events
from gcms_tui.core.incidents.clock import StepState, clock, due, local, named, zone_of
from gcms_tui.core.incidents.escalation import PathStep, minutes_of, parse_path, parse_step
from gcms_tui.core.incidents.incident import Incident
from tests.core.incidents.entries import OPENED_AT, incident


def after(minutes: float) -> datetime:
    return OPENED_AT + timedelta(minutes=minutes)


def numbers(told: Incident, now: datetime) -> list[int]:
    return [step.number for step in due(told, now)]


@pytest.mark.parametrize(
    ("text", "who", "minutes"),
    [
        ("Data Engineer (15 min)", "Data Engineer", 15),
        ("Engineering Manager (1 hour)", "Engineering Manager", 60),
        ("Boss (1.5 hours)", "Boss", 90),
        ("Boss ( after 1 h 30 min. )", "Boss", 90),
        ("Boss (1 hour and 5 minutes)", "Boss", 65),
        ("Level (2) (90m)", "Level (2)", 90),
        ("On call, 45 minutes", "On call", 45),
        ("Head of data: 2 Hrs", "Head of data", 120),
        ("Everybody after 1 day", "Everybody", 1440),
        ("First (0 min)", "First", 0),
        ("Zoë\n\x1b[31m (15\tmin)", "Zoë", 15),
        ("Pager - (0.5 min)", "Pager", 0.5),
    ],
)
def test_the_minutes_are_read_out_of_the_texts(text: str, who: str, minutes: float) -> None:
    assert parse_step(text) == PathStep(who, timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Boss", "minutes are missing"),
        ("Boss (15)", "minutes are missing"),
        ("Boss (soon)", "minutes are missing"),
        ("Boss (15 min) or so", "minutes are missing"),
        ("Boss (-5 min)", "minutes are missing"),
        ("Boss (15 sec)", "minutes are missing"),
        ("Boss (1e3 min)", "minutes are missing"),
        ("Boss (\u0661\u0665 min)", "minutes are missing"),
        ("", "minutes are missing"),
        ("(15 min)", "nobody is named"),
        ("Boss (8 days)", "more than seven days"),
        ("Boss (99999999999999999999 h)", "minutes are missing"),
    ],
)
def test_a_step_that_would_never_come_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_step(text)


def test_a_path_is_in_order_and_is_journalled_in_minutes() -> None:
    path = parse_path(("a (15 min)", "b (15 min)", "c (1 hour)"))
    assert [minutes_of(step.after) for step in path] == [15, 15, 60]
    assert minutes_of(timedelta(seconds=30)) == 0.5
    with pytest.raises(ValueError, match="'c' would be told before 'b'"):
        parse_path(("b (1 hour)", "c (30 min)"))


@pytest.mark.covers("Escalation")
def test_each_step_comes_at_its_moment_and_says_how_long_ago_that_was() -> None:
    told = incident()
    assert [numbers(told, after(minutes)) for minutes in (14.99, 15, 29, 30, 61)] == [[], [1], [1], [1, 2], [1, 2, 3]]
    first, second, third = clock(told, after(42))
    assert (first.words, second.words, third.words) == (
        "overdue by 27 min 00 s",
        "overdue by 12 min 00 s",
        "in 18 min 00 s",
    )
    assert (third.at, named(third, parse_path(("a (15 min)",)))) == (after(60), "step 3")


@pytest.mark.parametrize("stop", [(events.ACKNOWLEDGED, {}), (events.CLOSED, {"cause": "c", "done": "d", "run": ""})])
def test_acknowledging_and_closing_stop_all_of_it_for_good(stop: tuple[str, dict[str, str]]) -> None:
    told = incident((*stop, 20.0))
    assert [step.state for step in clock(told, after(10_000))] == [StepState.STOPPED] * 3
    assert due(told, after(10_000)) == ()
    assert due(incident((events.HANDED_OVER, {"to": "jane", "note": ""}, 1.0)), after(16))


def test_a_clock_that_is_set_back_takes_nothing_back() -> None:
    escalated = (events.escalated(1), {"step": 1, "channels": 2}, 16.0)
    told = incident(escalated, (events.NOTED, {"note": "n"}, 40.0), (events.NOTED, {"note": "set back"}, -300.0))
    for now in (after(-100_000), after(3), after(41)):
        first, second, third = clock(told, now)
        assert (first.state, second.state, third.state) == (StepState.TOLD, StepState.OVERDUE, StepState.WAITING)
    assert first.words == "told 2026-03-01 09:16 UTC"
    assert numbers(told, after(-100_000)) == [2]
    assert numbers(incident(), after(-60)) == []


def test_the_first_who_told_a_step_told_it() -> None:
    one, two = ((events.escalated(1), {"step": 1, "channels": channels}, 16.0 + channels) for channels in (1, 2))
    assert incident(one, two).escalated[1].channels == 1


@pytest.mark.parametrize(
    ("opened_at", "shown"),
    [
        # Vienna goes to summer time at 01:00 UTC on 29 March, and back at 01:00 UTC on 25 October 2026.
        (datetime(2026, 3, 29, 0, 45, tzinfo=UTC), ["03:00 CEST", "03:15 CEST", "03:45 CEST"]),
        (datetime(2026, 10, 25, 0, 45, tzinfo=UTC), ["02:00 CET", "02:15 CET", "02:45 CET"]),
    ],
)
def test_a_change_of_summer_time_moves_no_step(opened_at: datetime, shown: list[str]) -> None:
    told, zone = incident(opened_at=opened_at), zone_of("Europe/Vienna")
    at = [step.at for step in clock(told, opened_at)]
    assert [moment - opened_at for moment in at] == [timedelta(minutes=minutes) for minutes in (15, 30, 60)]
    assert [local(moment, zone).split(" ", 1)[1] for moment in at] == shown
    vienna = (opened_at + timedelta(minutes=31)).astimezone(ZoneInfo("Europe/Vienna"))
    assert numbers(told, vienna) == [1, 2]


@pytest.mark.parametrize("name", ["Nowhere/Else", "", "../etc/passwd", "/etc/localtime"])
def test_a_zone_that_nobody_knows_is_utc(name: str) -> None:
    assert zone_of(name).key == "UTC"
