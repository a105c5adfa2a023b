"""The payments that are looked at by hand: some by lot, which anyone can draw again, and those that are a risk."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from enum import StrEnum

from gcms_tui.core.payroll.payment import Payment, number_of
from gcms_tui.core.payroll.run import SampledRow

LARGEST = 3
OF_ONE_REASON = 20
"""At most so many rows are drawn for one reason: where every musician is new, looking at each of 20,000 is looking at
none. Each reason has its own, so that many of one never push out the few of another."""

_WIDE = Context(prec=76)


class Reason(StrEnum):
    """Why a payment is looked at, in the order in which it is told."""

    SAMPLE = "sample"
    LARGEST = "largest"
    ZERO = "zero"
    NEGATIVE = "negative"
    NO_AMOUNT = "no amount"
    NEW_PAYEE = "new payee"
    """No payment for an earlier concert."""
    NEW_PAY_TYPE = "new pay type"
    """Earlier payments, and none of this type: there is nothing to compare with."""
    CHANGED = "changed"
    """Differs from the last one of its type by more than the threshold, or the two cannot be compared."""
    NO_EMAIL = "no e-mail"
    FEW_SERVICES = "few services"
    """Fewer than half of them attended, or it is not known how many."""
    QUERIED = "queried"
    """Not drawn: somebody asked about it."""


@dataclass(frozen=True, slots=True, repr=False)
class Previous:
    """A musician's last payment of the same kind before this concert."""

    concert_id: str
    concert_date: date | None
    net_amount: Decimal | None


Earlier = Mapping[str, Previous | None]
"""By the musician's id: None where no earlier payment was of the same kind; a musician without any is not in it."""


@dataclass(frozen=True, slots=True)
class Risk:
    """How many payments there are to be looked at for one reason, and how many of them were drawn."""

    reason: str
    found: int
    drawn: int

    @property
    def words(self) -> str:
        if self.drawn >= self.found:
            return f"{self.reason}: {self.found:,}, all drawn"
        return (
            f"{self.reason}: {self.found:,}, of which {self.drawn:,} were drawn: the {OF_ONE_REASON} largest amounts, "
            "and those that have another reason too"
        )


@dataclass(frozen=True, slots=True)
class Drawn:
    rows: tuple[SampledRow, ...]
    """Those by lot first, in the lot's order; then by the musician's id."""
    risks: tuple[Risk, ...]
    """Only reasons that there are payments for."""


def draw(
    payments: Sequence[Payment], fingerprint: str, earlier: Earlier, *, rows: int, change_percent: Decimal
) -> Drawn:
    """The same rows of the same data, whoever asks. `rows`: how many by lot."""
    lot = by_lot(payments, fingerprint, rows)
    reasons = {item.musician_id: risks_of(item, earlier, change_percent) for item in payments}
    for row in _largest(payments):
        reasons[row] = (Reason.LARGEST, *reasons[row])
    amounts = sorted(payments, key=_largest_first)
    chosen = set(lot)
    found: dict[Reason, list[str]] = {}
    for item in amounts:
        for reason in reasons[item.musician_id]:
            found.setdefault(reason, []).append(item.musician_id)
    for ids in found.values():
        chosen.update(ids[:OF_ONE_REASON])
    sampled = [SampledRow(row, _told((Reason.SAMPLE, *reasons[row]))) for row in lot]
    others = sorted(chosen - set(lot), key=_by_id)
    risks = [
        Risk(reason.value, len(found[reason]), sum(row in chosen for row in found[reason]))
        for reason in Reason
        if reason in found
    ]
    return Drawn((*sampled, *(SampledRow(row, _told(reasons[row])) for row in others)), tuple(risks))


def by_lot(payments: Iterable[Payment], fingerprint: str, rows: int) -> tuple[str, ...]:
    """Musicians' ids as `queries/payroll_spot_check.sql` orders them: by the MD5 of the fingerprint and the id."""
    ids = {item.musician_id for item in payments}
    return tuple(sorted(ids, key=lambda row: (_md5(f"{fingerprint}:{row}"), _by_id(row)))[: max(rows, 0)])


def risks_of(payment: Payment, earlier: Earlier, change_percent: Decimal) -> tuple[Reason, ...]:
    """What it alone tells; which are the largest only all of them do."""
    net, previous = payment.net_amount, earlier.get(payment.musician_id)
    attended, required = payment.attended_services, payment.required_services
    new = payment.musician_id not in earlier
    holds = {
        Reason.ZERO: net is not None and net == 0,
        Reason.NEGATIVE: net is not None and net < 0,
        Reason.NO_AMOUNT: net is None,
        Reason.NEW_PAYEE: new,
        Reason.NEW_PAY_TYPE: not new and previous is None,
        Reason.CHANGED: previous is not None and changed(net, previous.net_amount, change_percent),
        Reason.NO_EMAIL: not (payment.email or "").strip(),
        Reason.FEW_SERVICES: attended is None or required is None or 2 * attended < required,
    }
    return tuple(reason for reason, told in holds.items() if told)


def changed(now: Decimal | None, before: Decimal | None, percent: Decimal) -> bool:
    """Whether they are further apart than `percent` of `before`; any change of nothing is."""
    if now is None or before is None:
        return True
    apart = _WIDE.abs(_WIDE.subtract(now, before))
    return _WIDE.multiply(apart, Decimal(100)) > _WIDE.multiply(percent, _WIDE.abs(before))


def _largest(payments: Iterable[Payment]) -> list[str]:
    filled = (item for item in payments if item.net_amount is not None)
    highest = heapq.nsmallest(LARGEST, filled, key=lambda item: (-_net(item), _by_id(item.musician_id)))
    return [item.musician_id for item in highest]


def _largest_first(payment: Payment) -> tuple[bool, Decimal, tuple[bool, int, str]]:
    """One that is not filled in is before all: it may be any amount."""
    return payment.net_amount is not None, -_WIDE.abs(_net(payment)), _by_id(payment.musician_id)


def _net(payment: Payment) -> Decimal:
    return payment.net_amount if payment.net_amount is not None else Decimal(0)


def _by_id(musician_id: str) -> tuple[bool, int, str]:
    """7 before 10, and numbers before other ids."""
    number = number_of(musician_id)
    return number is None, number or 0, musician_id


def _told(reasons: Iterable[Reason]) -> tuple[str, ...]:
    given = set(reasons)
    return tuple(reason.value for reason in Reason if reason in given)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
