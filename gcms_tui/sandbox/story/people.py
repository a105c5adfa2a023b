"""Two hundred musicians: names as people really have them, what they play, and what they are paid."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

from gcms_tui.sandbox.story.calendar import Calendar, at
from gcms_tui.sandbox.story.rows import Change, Instrument, Musician, MusicianState

MUSICIANS = 200
PER_SERVICE, PER_CONCERT = "per_service", "per_concert"

_INSTRUMENTS = (
    ("Violin", "Strings", 56),
    ("Viola", "Strings", 24),
    ("Cello", "Strings", 20),
    ("Double bass", "Strings", 14),
    ("Flute", "Woodwind", 10),
    ("Oboe", "Woodwind", 8),
    ("Clarinet", "Woodwind", 9),
    ("Bassoon", "Woodwind", 8),
    ("French horn", "Brass", 12),
    ("Trumpet", "Brass", 10),
    ("Trombone", "Brass", 8),
    ("Tuba", "Brass", 3),
    ("Timpani", "Percussion", 4),
    ("Percussion", "Percussion", 7),
    ("Harp", "Keys & plucked", 3),
    ("Piano", "Keys & plucked", 4),
)
"""Name, section, how many play it."""

_FIRST = (
    # fmt: off
    "Aoife",
    "Björn",
    "Chloë",
    "Dmitri",
    "Élodie",
    "François",
    "Günther",
    "Håkon",
    "Inès",
    "Jürgen",
    "Katarína",
    "Łukasz",
    "Maëlle",
    "Nikolai",
    "Óscar",
    "Pauline",
    "Quentin",
    "René",
    "Søren",
    "Tomáš",
    "Ursula",
    "Věra",
    "Wolfgang",
    "Ximena",
    "Yuki",
    "Zoë",
    "Anne-Marie",
    "Benjamin",
    "Clara",
    "Daniel",
    "Eleanor",
    "Felix",
    "Grace",
    "Henrik",
    "Isabel",
    "Jonas",
    "Karin",
    "Leopold",
    "Margaret",
    "Noah",
    # fmt: on
)
_LAST = (
    # fmt: off
    "O'Brien",
    "D'Angelo",
    "Müller",
    "Strauß",
    "García",
    "Nuñez",
    "Dvořák",
    "Kowalczyk",
    "Lindström",
    "Østergaard",
    "N'Diaye",
    "Saint-Saëns",
    "McAllister",
    "Nguyễn",
    "Okafor",
    "Petrović",
    "Quispe",
    "Rossi",
    "Şahin",
    "Takahashi",
    "Ueda",
    "Vörös",
    "Weiß",
    "Yılmaz",
    "Zieliński",
    "Abbott",
    "Bennett",
    "Carter",
    "Delacroix",
    "Ellison",
    "Fischer",
    "Grant",
    "Hughes",
    "Ivanova",
    "Jansen",
    "Keller",
    "Larsen",
    "Moreau",
    "Novak",
    "Olsen",
    # fmt: on
)
_MARRIED_NAME = "von der Mühlen-O'Hara"


def instruments(calendar: Calendar) -> tuple[Instrument, ...]:
    opened = at(calendar.day(-420), 9)
    return tuple(
        Instrument(number, name, section, opened, opened)
        for number, (name, section, _) in enumerate(_INSTRUMENTS, start=1)
    )


def careers(calendar: Calendar) -> tuple[tuple[Change[MusicianState], ...], ...]:
    """The history of every musician's registration, in the order of their ids."""
    random = Random("gcms: people")
    names = _names(random)
    chairs = [number for number, (_, _, seats) in enumerate(_INSTRUMENTS, start=1) for _ in range(seats)]
    random.shuffle(chairs)
    return tuple(
        _career(calendar, random, musician_id, names[musician_id - 1], chairs[musician_id - 1])
        for musician_id in range(1, MUSICIANS + 1)
    )


def musician(history: Sequence[Change[MusicianState]]) -> Musician:
    """The row that Supabase holds now."""
    state = history[-1].state
    return Musician(
        state.musician_id,
        state.first_name,
        state.last_name,
        state.email,
        state.instrument_id,
        state.instrument,
        state.pay_type,
        state.rate,
        state.active,
        created_at=history[0].recorded_at,
        updated_at=history[-1].recorded_at,
    )


def _names(random: Random) -> list[tuple[str, str]]:
    """All different but for one pair of namesakes, whom only their id and their email tell apart."""
    every = [(first, last) for first in _FIRST for last in _LAST]
    chosen = random.sample(every, MUSICIANS)
    chosen[150] = chosen[20]
    return chosen


def _career(
    calendar: Calendar, random: Random, musician_id: int, name: tuple[str, str], instrument_id: int
) -> tuple[Change[MusicianState], ...]:
    first, last = name
    pay_type = PER_CONCERT if random.random() < 0.4 else PER_SERVICE
    low, high = (30_000, 65_000) if pay_type == PER_CONCERT else (8_000, 14_000)
    joined = -150 if musician_id % 20 == 7 else -400
    state = MusicianState(
        musician_id,
        first,
        last,
        email=f"{_ascii(first)}.{_ascii(last)}.{musician_id}@gcms.example",
        instrument_id=instrument_id,
        instrument=_INSTRUMENTS[instrument_id - 1][0],
        pay_type=pay_type,
        rate=_rate(random, low, high),
        active=True,
    )
    history = [Change(at(calendar.day(joined), 9, musician_id % 60), state)]
    for offset, changed in _later_changes(musician_id, state):
        history.append(Change(at(calendar.day(offset), 11, musician_id % 60), changed))
    return tuple(history)


def _later_changes(musician_id: int, state: MusicianState) -> list[tuple[int, MusicianState]]:
    """What became of a musician since: (days from today, the new state)."""
    changes = []
    if musician_id % 8 == 3:  # the yearly rise, by 3 percent, to the cent
        state = replace(state, rate=(state.rate * Decimal("1.03")).quantize(Decimal("0.01")))
        changes.append((-140, state))
    if musician_id % 20 == 10 and state.pay_type == PER_SERVICE:
        state = replace(state, pay_type=PER_CONCERT, rate=state.rate * 4)
        changes.append((-80, state))
    if musician_id == 42:
        state = replace(state, last_name=_MARRIED_NAME)
        changes.append((-60, state))
    if musician_id % 25 == 16:
        state = replace(state, active=False)
        changes.append((-45, state))
    return changes


def _rate(random: Random, low: int, high: int) -> Decimal:
    """Between `low` and `high` cents, in steps of five: a share of it may well end on half a cent."""
    return Decimal(random.randrange(low, high, 5)).scaleb(-2)


_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ı": "i", "'": "", "-": ""})


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    return plain.encode("ascii", "ignore").decode().lower()
