"""What a concert's payroll consists of: its payments, the fingerprint over them, and their control totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class Payment:
    """One row of the fact, with what the dimensions say of it. Names, addresses and amounts never show in its repr."""

    concert_id: str
    musician_id: str
    pay_type: str | None
    attended_services: int | None
    required_services: int | None
    gross_amount: Decimal | None
    """Exact, as the warehouse holds it."""
    deductions: Decimal | None
    net_amount: Decimal | None
    calculated_at: datetime | None
    full_name: str | None = None
    """None where the dimension does not know the musician."""
    email: str | None = None
    concert: str | None = None
    concert_date: date | None = None
    musician_matches: int = 1
    """Rows of the musician in the dimension; anything but 1 stops the payroll."""
    concert_matches: int = 1

    def __repr__(self) -> str:
        return f"Payment({self.concert_id!r}, {self.musician_id!r}, …)"


_DIGITS = 38
"""So many has the longest number of the warehouse."""


def number_of(musician_id: str) -> int | None:
    """The id as a number; None where it is none."""
    if musician_id.isascii() and musician_id.isdigit() and len(musician_id) <= _DIGITS:
        return int(musician_id)
    return None


@dataclass(frozen=True, slots=True)
class PayTypeTotal:
    pay_type: str
    entries: int
    gross: Decimal
    deductions: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """As payment files carry them: what is signed, what leaves and what is recorded must come to the same."""

    entries: int
    musicians: int
    """Different ones."""
    gross: Decimal
    deductions: Decimal
    net: Decimal
    hash_total: int
    """Sum of the musicians' ids: another set of people, another sum."""
    by_pay_type: tuple[PayTypeTotal, ...] = ()

    def document(self) -> dict[str, Any]:
        """JSON in which every amount is its exact text."""
        return {
            "entries": self.entries,
            "musicians": self.musicians,
            "gross": format(self.gross, "f"),
            "deductions": format(self.deductions, "f"),
            "net": format(self.net, "f"),
            "hash_total": str(self.hash_total),
            "by_pay_type": [
                {
                    "pay_type": part.pay_type,
                    "entries": part.entries,
                    "gross": format(part.gross, "f"),
                    "deductions": format(part.deductions, "f"),
                    "net": format(part.net, "f"),
                }
                for part in self.by_pay_type
            ],
        }

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> ControlTotals:
        """From its document. Raises `KeyError`, `TypeError`, `ValueError` or `ArithmeticError` where it is none."""
        return cls(
            entries=int(said["entries"]),
            musicians=int(said["musicians"]),
            gross=Decimal(said["gross"]),
            deductions=Decimal(said["deductions"]),
            net=Decimal(said["net"]),
            hash_total=int(said["hash_total"]),
            by_pay_type=tuple(
                PayTypeTotal(
                    str(part["pay_type"]),
                    int(part["entries"]),
                    Decimal(part["gross"]),
                    Decimal(part["deductions"]),
                    Decimal(part["net"]),
                )
                for part in said["by_pay_type"]
            ),
        )


@dataclass(frozen=True, slots=True)
class Frozen:
    """What passing the tests freezes: from here to the release nothing of it may change."""

    fingerprint: str
    """SHA-256 over the concert's rows of the fact, each exact amount among them and `calculated_at` left out: a nightly
    build that comes to the same changes nothing of what is paid. 64 hexadecimal digits."""
    payees: str
    """SHA-256 over what the dimensions say of the musicians and the concert: names, addresses, title, date."""
    totals: ControlTotals
    calculated_at: datetime | None = None
    """The newest calculation among the rows."""

    def same(self, other: Frozen) -> bool:
        return (self.fingerprint, self.payees) == (other.fingerprint, other.payees)

    def document(self) -> dict[str, Any]:
        return {
            "fingerprint": self.fingerprint,
            "payees": self.payees,
            "totals": self.totals.document(),
            "calculated_at": self.calculated_at.isoformat() if self.calculated_at else None,
        }

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Frozen:
        """As `ControlTotals.read`."""
        at = said["calculated_at"]
        return cls(
            str(said["fingerprint"]),
            str(said["payees"]),
            ControlTotals.read(said["totals"]),
            datetime.fromisoformat(at) if at else None,
        )
