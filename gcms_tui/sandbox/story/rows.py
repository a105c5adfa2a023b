"""The rows of Supabase's tables and of the warehouse's SCD2 tables. Field order is column order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeVar

State = TypeVar("State", covariant=True)


@dataclass(frozen=True, slots=True)
class Instrument:
    id: int
    name: str
    section: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Musician:
    id: int
    first_name: str
    last_name: str
    email: str
    instrument_id: int
    instrument: str
    """The instrument's name as the registration form wrote it: payroll needs no look-up in `instrument`."""
    pay_type: str
    rate: Decimal
    """An amount for one service (`per_service`) or for the whole concert (`per_concert`)."""
    active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Concert:
    id: int
    title: str
    concert_date: date
    venue: str | None
    status: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One service of a concert; the performance is one, too."""

    id: int
    concert_id: int
    service_type: str
    starts_at: datetime
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Attendance:
    id: int
    concert_id: int
    musician_id: int
    rehearsal_id: int
    status: str
    remark: str | None
    recorded_at: datetime
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Payment:
    id: int
    concert_id: int
    musician_id: int
    pay_type: str
    attended_services: int
    required_services: int
    gross_amount: Decimal
    deductions: Decimal
    net_amount: Decimal
    paid: bool
    payment_date: date | None
    created_at: datetime
    updated_at: datetime


SourceRow = Instrument | Musician | Concert | Rehearsal | Attendance | Payment


@dataclass(frozen=True, slots=True)
class MusicianState:
    """What `br_musician_scd2` keeps the history of."""

    musician_id: int
    first_name: str
    last_name: str
    email: str
    instrument_id: int
    instrument: str
    pay_type: str
    rate: Decimal
    active: bool

    @property
    def natural_key(self) -> str:
        return str(self.musician_id)


@dataclass(frozen=True, slots=True)
class ConcertState:
    """What `br_concert_scd2` keeps the history of."""

    concert_id: int
    title: str
    concert_date: date
    venue: str | None
    status: str

    @property
    def natural_key(self) -> str:
        return str(self.concert_id)


@dataclass(frozen=True, slots=True)
class AttendanceState:
    """What `br_attendance_scd2` keeps the history of."""

    concert_id: int
    musician_id: int
    rehearsal_id: int
    status: str
    remark: str | None

    @property
    def natural_key(self) -> str:
        return f"{self.concert_id}-{self.musician_id}-{self.rehearsal_id}"


VersionedState = MusicianState | ConcertState | AttendanceState


@dataclass(frozen=True, slots=True)
class Change(Generic[State]):
    """What Supabase said from `recorded_at` on."""

    recorded_at: datetime
    state: State


@dataclass(frozen=True, slots=True)
class Version(Generic[State]):
    """One row of an SCD2 table. All moments are UTC; `effective_to` None means open."""

    scd_id: str
    natural_key: str
    state: State
    effective_from: datetime
    effective_to: datetime | None
    is_current: bool
    recorded_at: datetime
    inserted_at: datetime
    updated_at: datetime
