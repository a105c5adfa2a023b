"""Forty concerts over a year, most of them past, and the services that each one asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from gcms_tui.sandbox.story.calendar import Calendar, at
from gcms_tui.sandbox.story.rows import Change, Concert, ConcertState, Rehearsal

COMPLETED, SCHEDULED, CANCELLED = "completed", "scheduled", "cancelled"

HELD_OFFSET = -6
"""The day of the concert whose payroll is held."""

_RECENT = (HELD_OFFSET - 4, HELD_OFFSET, -3)
"""Completed but not yet paid."""

_UPCOMING = (1, 8, 16, 27, 41, 58)
_CANCELLED = 41

_PROGRAMME: tuple[tuple[str, str | None], ...] = (
    ("Season opening: Beethoven 9", "Great Hall"),
    ("Dvořák: From the New World", "Great Hall"),
    ('Schubert\'s "Unfinished"', "St. Mary's"),
    ("Bach & Söhne", "Kreuzkirche"),
    ("Music for families: Peter and the Wolf 🐺", "Town Hall"),
    ("Händel: Messiah", "St. Mary's"),
    ("New Year's Eve gala 🎻", "Great Hall"),
    ("Ravel, Debussy & Fauré", "Great Hall"),
    ("Mozart: Requiem", "Kreuzkirche"),
    ("Pops in the park", "Open-air stage, Jubilee Gardens"),
    ("Sibelius 2", "Great Hall"),
    ("Brahms: Ein deutsches Requiem", "St. Mary's"),
    ("Schools' concert", "Town Hall"),
    ("Tchaikovsky: Pathétique", "Great Hall"),
    ("Contemporary voices", "Studio 2"),
    ("Bartók & Ligeti", "Studio 2"),
    ("Verdi: Messa da Requiem", "Great Hall"),
    ("Film night: space operas", "Great Hall"),
    ("Haydn: The Creation", "Kreuzkirche"),
    ("Strauß & Söhne: Walzer", "Great Hall"),
    ("Shostakovich 5", "Great Hall"),
    ("Chamber night", None),
    ("Britten: War Requiem", "St. Mary's"),
    ("Elgar's Enigma", "Great Hall"),
    ("Spring gala", "Great Hall"),
    ("Bruckner 7", "Great Hall"),
    ("Fauré & Duruflé", "St. Mary's"),
    ("Holst: The Planets", "Great Hall"),
    ("Jazz meets symphony", "Warehouse 9"),
    ("Grieg's Peer Gynt", "Great Hall"),
    ("Rossini: Stabat Mater", "Kreuzkirche"),
    ("Rachmaninoff 2", "Great Hall"),
    ("Mahler 2: „Auferstehung“ [encore]", "Great Hall"),
    ("Saint-Saëns: Organ Symphony", "St. Mary's"),
    ("Young soloists", "Town Hall"),
    ("Prokofiev: Romeo & Juliet", "Great Hall"),
    ("Vaughan Williams: A Sea Symphony", "Great Hall"),
    ("Stravinsky: The Firebird 🔥", "Great Hall"),
    ("Monteverdi: Vespers", "Kreuzkirche"),
    ("Season finale", "Open-air stage, Jubilee Gardens"),
)

_RETITLED = {4: "Bach", 12: "Brahms: Requiem", 18: "Film night", 25: "Gala", 29: "Jazz night", 36: "Prokofiev evening"}
"""Concert ids with the title they were first announced under."""


@dataclass(frozen=True, slots=True)
class Engagement:
    """A concert with its history and its services, the performance last."""

    offset: int
    history: tuple[Change[ConcertState], ...]
    services: tuple[Rehearsal, ...]

    @property
    def state(self) -> ConcertState:
        return self.history[-1].state

    @property
    def is_paid(self) -> bool:
        return self.state.status == COMPLETED and self.offset not in _RECENT


def engagements(calendar: Calendar) -> tuple[Engagement, ...]:
    """In the order of their dates and ids."""
    random = Random("gcms: concerts")
    past = [HELD_OFFSET - 11 - 10 * step for step in range(31)]
    offsets = (*reversed(past), *_RECENT, *_UPCOMING)
    season: list[Engagement] = []
    next_service = 1
    for concert_id, (offset, (title, venue)) in enumerate(zip(offsets, _PROGRAMME, strict=True), start=1):
        history = _history(calendar, concert_id, offset, title, venue)
        services = _services(random, history, next_service)
        next_service += len(services)
        season.append(Engagement(offset, history, services))
    return tuple(season)


def concert(history: Sequence[Change[ConcertState]]) -> Concert:
    """The row that Supabase holds now."""
    state = history[-1].state
    return Concert(
        state.concert_id,
        state.title,
        state.concert_date,
        state.venue,
        state.status,
        created_at=history[0].recorded_at,
        updated_at=history[-1].recorded_at,
    )


def _history(
    calendar: Calendar, concert_id: int, offset: int, title: str, venue: str | None
) -> tuple[Change[ConcertState], ...]:
    first_title = _RETITLED.get(concert_id, title)
    state = ConcertState(concert_id, first_title, calendar.day(offset), venue, SCHEDULED)
    history = [Change(at(calendar.day(offset - 90), 9, concert_id), state)]
    if first_title != title:
        state = replace(state, title=title)
        history.append(Change(at(calendar.day(offset - 45), 14, concert_id), state))
    if offset < 0:
        history.append(Change(at(calendar.day(offset + 1), 9, concert_id), replace(state, status=COMPLETED)))
    elif offset == _CANCELLED:
        history.append(Change(at(calendar.day(-20), 16, concert_id), replace(state, status=CANCELLED)))
    return tuple(history)


def _services(random: Random, history: Sequence[Change[ConcertState]], first_id: int) -> tuple[Rehearsal, ...]:
    """Two to four rehearsals and a dress rehearsal on the days before, and the performance."""
    announced = history[0]
    concert_id, last_day = announced.state.concert_id, announced.state.concert_date
    kinds = ["rehearsal"] * random.randint(2, 4) + ["dress_rehearsal", "performance"]
    # Neighbouring concerts rehearse on the same days: one in the afternoon, the other in the evening.
    hour = 14 if concert_id % 2 else 18
    planned = announced.recorded_at + timedelta(hours=2)
    return tuple(
        Rehearsal(
            first_id + position,
            concert_id,
            kind,
            starts_at=at(last_day - timedelta(days=len(kinds) - 1 - position), hour, 30),
            created_at=planned,
            updated_at=planned,
        )
        for position, kind in enumerate(kinds)
    )
