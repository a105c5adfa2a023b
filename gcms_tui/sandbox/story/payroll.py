"""What a musician is owed for a concert, exactly; and the payments that Supabase holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from gcms_tui.sandbox.story.attendance import ABSENT, PRESENT, Careers, Sheet, state_on
from gcms_tui.sandbox.story.calendar import at
from gcms_tui.sandbox.story.concerts import COMPLETED, Engagement
from gcms_tui.sandbox.story.people import PER_SERVICE
from gcms_tui.sandbox.story.rows import AttendanceState, Payment

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Amounts:
    attended_services: int
    required_services: int
    gross_amount: Decimal
    deductions: Decimal
    net_amount: Decimal


def owed(pay_type: str, rate: Decimal, required: int, entries: Iterable[AttendanceState]) -> Amounts:
    """For one musician and concert.

    Paid by the service: the rate for each service attended. Paid by the concert: the rate, less the share of the
    services missed without excuse, rounded half up to the cent.
    """
    statuses = [entry.status for entry in entries]
    attended = statuses.count(PRESENT)
    if pay_type == PER_SERVICE:
        gross, deductions = rate * attended, Decimal("0.00")
    else:
        gross = rate
        deductions = (rate * statuses.count(ABSENT) / required).quantize(CENT, ROUND_HALF_UP)
    return Amounts(attended, required, gross.quantize(CENT), deductions, (gross - deductions).quantize(CENT))


def payments(season: Sequence[Engagement], sheets: Sequence[Sheet], careers: Careers) -> tuple[Payment, ...]:
    """One for every musician of every completed concert, as the orchestra office has them in Supabase."""
    rows: list[Payment] = []
    for engagement, sheet in zip(season, sheets, strict=True):
        if engagement.state.status == COMPLETED:
            rows.extend(_concert_payments(engagement, sheet, careers, first_id=len(rows) + 1))
    return tuple(rows)


def _concert_payments(engagement: Engagement, sheet: Sheet, careers: Careers, first_id: int) -> list[Payment]:
    entries: dict[int, list[AttendanceState]] = {}
    for history in sheet.everything:
        entries.setdefault(history[-1].state.musician_id, []).append(history[-1].state)
    day = engagement.state.concert_date
    created = at(day + timedelta(days=1), 10)
    payment_date = day + timedelta(days=12) if engagement.is_paid else None
    last_correction = max(history[-1].recorded_at for history in sheet.everything)
    updated = at(payment_date, 12) if payment_date else max(created, last_correction + timedelta(hours=1))
    rows = []
    for payment_id, (musician_id, states) in enumerate(sorted(entries.items()), start=first_id):
        terms = state_on(careers[musician_id], engagement)
        if terms is None:
            raise ValueError(f"musician {musician_id} played before they joined")
        amounts = owed(terms.pay_type, terms.rate, len(engagement.services), states)
        rows.append(
            Payment(
                payment_id,
                engagement.state.concert_id,
                musician_id,
                terms.pay_type,
                amounts.attended_services,
                amounts.required_services,
                amounts.gross_amount,
                amounts.deductions,
                amounts.net_amount,
                paid=engagement.is_paid,
                payment_date=payment_date,
                created_at=created,
                updated_at=updated,
            )
        )
    return rows
