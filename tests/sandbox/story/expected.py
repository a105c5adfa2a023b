"""What gold must hold, reckoned from the SCD2 tables without SQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gcms_tui.sandbox.story.payroll import owed
from gcms_tui.sandbox.story.plot import Story
from gcms_tui.sandbox.story.rows import AttendanceState, MusicianState, Rehearsal, Version


class GoldPayment(NamedTuple):
    concert_id: int
    musician_id: int
    pay_type: str
    attended_services: int
    required_services: int
    rate: Decimal
    gross_amount: Decimal
    deductions: Decimal
    net_amount: Decimal


def gold_payments(story: Story) -> dict[tuple[int, int], GoldPayment]:
    """By concert and musician; every current version of an attendance entry counts."""
    required = Counter(row.concert_id for row in story.tables["rehearsal"] if isinstance(row, Rehearsal))
    completed = {
        version.state.concert_id: version.state.concert_date
        for version in story.concert_versions
        if version.is_current and version.state.status == "completed"
    }
    entries: dict[tuple[int, int], list[AttendanceState]] = defaultdict(list)
    for version in story.attendance_versions:
        if version.is_current and version.state.concert_id in completed:
            entries[version.state.concert_id, version.state.musician_id].append(version.state)
    expected = {}
    for (concert_id, musician_id), states in entries.items():
        terms = _terms(story.musician_versions, musician_id, completed[concert_id])
        amounts = owed(terms.pay_type, terms.rate, required[concert_id], states)
        expected[concert_id, musician_id] = GoldPayment(
            concert_id,
            musician_id,
            terms.pay_type,
            amounts.attended_services,
            amounts.required_services,
            terms.rate,
            amounts.gross_amount,
            amounts.deductions,
            amounts.net_amount,
        )
    return expected


def _terms(versions: Iterable[Version[MusicianState]], musician_id: int, day: date) -> MusicianState:
    (valid,) = (
        version.state
        for version in versions
        if version.state.musician_id == musician_id
        and version.effective_from.date() <= day
        and (version.effective_to is None or day <= version.effective_to.date())
    )
    return valid
