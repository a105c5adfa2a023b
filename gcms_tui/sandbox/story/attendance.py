"""Who came to which service, what was put right afterwards, and the three entries that two dbt runs fought over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from gcms_tui.sandbox.story.calendar import Calendar, at
from gcms_tui.sandbox.story.concerts import CANCELLED, HELD_OFFSET, Engagement
from gcms_tui.sandbox.story.people import PER_SERVICE
from gcms_tui.sandbox.story.rows import Attendance, AttendanceState, Change, MusicianState, Rehearsal

PRESENT, ABSENT, EXCUSED = "present", "absent", "excused"

_CORRECTIONS = (
    (ABSENT, PRESENT, "Late entry on the sheet"),
    (ABSENT, EXCUSED, "Doctor's note handed in"),
    (EXCUSED, ABSENT, "No note by the deadline"),
    (PRESENT, ABSENT, "Left at the interval"),
)
"""From, to, and what the orchestra office wrote."""

_NO_SHOWS = {12, 24}
"""Concerts to which the first of the roster was engaged and never came."""

Careers = Mapping[int, Sequence[Change[MusicianState]]]
"""Every musician's history by id."""

History = tuple[Change[AttendanceState], ...]


@dataclass(frozen=True, slots=True)
class Contested:
    """One entry of the concert whose payroll is held, as Supabase recorded it over time."""

    history: History
    left_open: frozenset[int]
    """Positions in `history` of the versions that the two runs left current."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The attendance sheet of one concert."""

    concert_id: int
    histories: tuple[History, ...]
    contested: tuple[Contested, ...] = ()

    @property
    def everything(self) -> tuple[History, ...]:
        return (*self.histories, *(entry.history for entry in self.contested))


def sheets(calendar: Calendar, season: Sequence[Engagement], careers: Careers) -> tuple[Sheet, ...]:
    random = Random("gcms: attendance")
    return tuple(_sheet(calendar, random, engagement, careers) for engagement in season)


def state_on(history: Sequence[Change[MusicianState]], engagement: Engagement) -> MusicianState | None:
    """What was agreed with a musician on the day of the concert; None before they joined."""
    day = engagement.state.concert_date
    known = [change.state for change in history if change.recorded_at.date() <= day]
    return known[-1] if known else None


def attendance(attendance_id: int, history: History) -> Attendance:
    """The row that Supabase holds now."""
    state, last = history[-1].state, history[-1].recorded_at
    return Attendance(
        attendance_id,
        state.concert_id,
        state.musician_id,
        state.rehearsal_id,
        state.status,
        state.remark,
        recorded_at=last,
        created_at=history[0].recorded_at,
        updated_at=last,
    )


def _sheet(calendar: Calendar, random: Random, engagement: Engagement, careers: Careers) -> Sheet:
    concert_id = engagement.state.concert_id
    if engagement.state.status == CANCELLED:
        return Sheet(concert_id, ())
    held = [service for service in engagement.services if service.starts_at + timedelta(hours=1) < calendar.last_sync]
    roster = _roster(random, engagement, careers)
    contested = _contested(calendar, engagement, roster, careers) if engagement.offset == HELD_OFFSET else ()
    spoken_for = {entry.history[0].state.natural_key for entry in contested}
    faultless = {entry.history[0].state.musician_id for entry in contested}
    histories = []
    for service in held:
        for seat, musician_id in enumerate(roster):
            history = _history(random, engagement, service, seat, musician_id)
            if musician_id in faultless:
                history = (replace(history[0], state=replace(history[0].state, status=PRESENT, remark=None)),)
            if history[0].state.natural_key not in spoken_for:
                histories.append(history)
    return Sheet(concert_id, tuple(histories), contested)


def _roster(random: Random, engagement: Engagement, careers: Careers) -> list[int]:
    engaged = []
    for musician_id, history in careers.items():
        state = state_on(history, engagement)
        if state is not None and state.active:
            engaged.append(musician_id)
    return sorted(random.sample(engaged, random.randint(34, 56)))


def _history(random: Random, engagement: Engagement, service: Rehearsal, seat: int, musician_id: int) -> History:
    chance = random.random()
    status = PRESENT if chance < 0.93 else ABSENT if chance < 0.975 else EXCUSED
    no_show = seat == 0 and engagement.state.concert_id in _NO_SHOWS
    if no_show:
        status = ABSENT
    remark = "Reported sick" if status == EXCUSED else None
    state = AttendanceState(engagement.state.concert_id, musician_id, service.id, status, remark)
    recorded = Change(service.starts_at + timedelta(minutes=10, seconds=seat), state)
    possible = [(to, why) for before, to, why in _CORRECTIONS if before == status]
    likely = 0.006 if status == PRESENT else 0.25
    if no_show or engagement.offset >= HELD_OFFSET or random.random() >= likely:
        return (recorded,)
    status, remark = random.choice(possible)
    day = service.starts_at.date() + timedelta(days=random.randint(1, 4))
    return (recorded, Change(at(day, 10, seat), replace(state, status=status, remark=remark)))


def _contested(
    calendar: Calendar, engagement: Engagement, roster: Sequence[int], careers: Careers
) -> tuple[Contested, ...]:
    """Three musicians paid by the service who missed none. Two dbt runs began in the same second two days after
    the concert, the one before and the other after Airbyte had brought the office's last remarks; they shared a
    temporary table, and each lost a part of what the other did."""
    by_service = []
    for musician_id in roster:
        state = state_on(careers[musician_id], engagement)
        if state is not None and state.pay_type == PER_SERVICE:
            by_service.append(musician_id)
    *_, rehearsal, dress, performance = engagement.services
    plain, triple, tied = by_service[2], by_service[7], by_service[12]
    first, second = at(calendar.day(HELD_OFFSET + 1), 9, 15), at(calendar.day(HELD_OFFSET + 2), 9, 20)

    def entry(musician_id: int, service: Rehearsal, *remarks: tuple[datetime, str], left_open: set[int]) -> Contested:
        state = AttendanceState(engagement.state.concert_id, musician_id, service.id, PRESENT, None)
        signed = Change(service.starts_at + timedelta(minutes=10, seconds=roster.index(musician_id)), state)
        remarked = (Change(moment, replace(state, remark=remark)) for moment, remark in remarks)
        return Contested((signed, *remarked), frozenset(left_open))

    return (
        # The closing of the old version was lost.
        entry(plain, performance, (second, "Signed the sheet after the interval"), left_open={0, 1}),
        # So it was here, and each run stands with a version of its own.
        entry(triple, dress, (first, "Shared desk 4"), (second, "Shared desk 5"), left_open={0, 1, 2}),
        # One moment on every clock: nothing but the remark tells which is right.
        entry(
            tied, rehearsal, (second, "Signed by the section leader"), (second, "Signed in person"), left_open={1, 2}
        ),
    )
