"""The fingerprint of a concert's payments, and their control totals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from decimal import Context, Decimal

from gcms_tui.core.payroll.payment import ControlTotals, Frozen, Payment, PayTypeTotal, number_of

_WIDE = Context(prec=76)
"""More digits than any sum of NUMBER(38) has: the usual 28 would round in silence."""


def freeze(payments: Sequence[Payment]) -> Frozen:
    """What is frozen of them. An amount that is not filled in counts as nothing in the totals, and is told apart from
    nothing by the fingerprint."""
    calculated = [item.calculated_at for item in payments if item.calculated_at is not None]
    return Frozen(
        fingerprint(payments), payees(payments), control_totals(payments), max(calculated) if calculated else None
    )


def fingerprint(payments: Iterable[Payment]) -> str:
    """SHA-256 over the rows in whatever order; amounts by their exact value, so that 1.10 is 1.1 and not 1.100001."""
    return _sha256(
        [
            item.concert_id,
            item.musician_id,
            item.pay_type,
            item.attended_services,
            item.required_services,
            _exact(item.gross_amount),
            _exact(item.deductions),
            _exact(item.net_amount),
        ]
        for item in payments
    )


def payees(payments: Iterable[Payment]) -> str:
    """SHA-256 over what the dimensions say of those who are paid, and for what."""
    return _sha256(
        [
            item.musician_id,
            item.full_name,
            item.email,
            item.concert,
            item.concert_date.isoformat() if item.concert_date else None,
            item.musician_matches,
            item.concert_matches,
        ]
        for item in payments
    )


def control_totals(payments: Sequence[Payment]) -> ControlTotals:
    kinds: dict[str, list[Payment]] = {}
    for item in payments:
        kinds.setdefault(item.pay_type or "", []).append(item)
    return ControlTotals(
        entries=len(payments),
        musicians=len({item.musician_id for item in payments}),
        gross=_sum(item.gross_amount for item in payments),
        deductions=_sum(item.deductions for item in payments),
        net=_sum(item.net_amount for item in payments),
        hash_total=sum(_number(item.musician_id) for item in payments),
        by_pay_type=tuple(_of_kind(kind, kinds[kind]) for kind in sorted(kinds)),
    )


def _of_kind(kind: str, payments: Sequence[Payment]) -> PayTypeTotal:
    return PayTypeTotal(
        kind or "(none)",
        len(payments),
        _sum(item.gross_amount for item in payments),
        _sum(item.deductions for item in payments),
        _sum(item.net_amount for item in payments),
    )


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    total = Decimal("0.00")
    for amount in amounts:
        total = total if amount is None else _WIDE.add(total, amount)
    return total


def _number(musician_id: str) -> int:
    """The id itself where it is a number, as payment files have it; else a number made of it."""
    number = number_of(musician_id)
    return (
        number
        if number is not None
        else int(hashlib.sha256(musician_id.encode("utf-8", "surrogatepass")).hexdigest()[:12], 16)
    )


def _exact(amount: Decimal | None) -> str | None:
    if amount is None:
        return None
    return format(amount.normalize(_WIDE), "f") if amount else "0"


_ENCODE = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
"""Once for all rows: `json.dumps` would make an encoder for each."""


def _sha256(rows: Iterable[Sequence[object]]) -> str:
    texts = sorted(map(_ENCODE, rows))
    return hashlib.sha256("\n".join(texts).encode("ascii")).hexdigest()
