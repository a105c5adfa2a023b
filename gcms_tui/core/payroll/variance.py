"""A payroll beside the previous concert's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from gcms_tui.core.payroll.freezing import control_totals
from gcms_tui.core.payroll.payment import ControlTotals, Payment
from gcms_tui.core.payroll.sample import Reason, Risk

_WIDE = Context(prec=76, rounding=ROUND_HALF_EVEN)
_TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class VarianceLine:
    """One figure of both."""

    pay_type: str
    """Empty where it is about all of them."""
    what: str
    """`payments`, `musicians`, `gross`, `deductions`, `net`."""
    now: Decimal
    before: Decimal | None
    """None where there is no payroll to compare with."""

    @property
    def is_money(self) -> bool:
        return self.what in _MONEY

    @property
    def difference(self) -> Decimal | None:
        return None if self.before is None else _WIDE.subtract(self.now, self.before)

    @property
    def percent(self) -> Decimal | None:
        """Of what it was, to a tenth; None where there is nothing to divide by."""
        if not self.before or self.difference is None:
            return None
        share = _WIDE.divide(_WIDE.multiply(self.difference, Decimal(100)), _WIDE.abs(self.before))
        return share.quantize(_TENTH, context=_WIDE)


@dataclass(frozen=True, slots=True)
class Variance:
    """This payroll beside the last one. It holds no single person's amount but where a payroll has one person."""

    now: ControlTotals
    before: ControlTotals | None
    """None where there is none to compare with."""
    before_concert: str = ""
    """Its id, title and date."""
    new_payees: int = 0
    """Musicians without a payment for any earlier concert."""
    joined: int = 0
    """Musicians who were not in the one before."""
    dropped: int = 0
    """Musicians of the one before who are not in this one."""
    changed: int = 0
    """Payments that differ from the musician's last one of the kind by more than `change_percent`, or cannot be
    compared with it."""
    change_percent: Decimal = Decimal(0)
    risks: tuple[Risk, ...] = ()
    """How many payments are to be looked at for each reason, and how many of them were drawn."""

    @property
    def lines(self) -> tuple[VarianceLine, ...]:
        """Each figure of all payments, then of each pay type that either has."""
        before = {part.pay_type: part for part in self.before.by_pay_type} if self.before else {}
        now = {part.pay_type: part for part in self.now.by_pay_type}
        found = [*_lines("", (*_COUNTS, *_MONEY), self.now, self.before, self.before is not None)]
        for kind in sorted({*now, *before}):
            found += _lines(kind, ("payments", *_MONEY), now.get(kind), before.get(kind), self.before is not None)
        return tuple(found)

    def document(self) -> dict[str, Any]:
        """JSON in which every amount is its exact text: what the journal keeps of it."""
        return {
            "now": self.now.document(),
            "before": self.before.document() if self.before else None,
            "before_concert": self.before_concert,
            "new_payees": self.new_payees,
            "joined": self.joined,
            "dropped": self.dropped,
            "changed": self.changed,
            "change_percent": format(self.change_percent, "f"),
            "risks": [
                {"reason": risk.reason, "found": risk.found, "drawn": risk.drawn, "words": risk.words}
                for risk in self.risks
            ],
        }

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Variance:
        """From its document: `run.variance`. Raises as `ControlTotals.read`."""
        return cls(
            now=ControlTotals.read(said["now"]),
            before=ControlTotals.read(said["before"]) if said["before"] is not None else None,
            before_concert=str(said["before_concert"]),
            new_payees=int(said["new_payees"]),
            joined=int(said["joined"]),
            dropped=int(said["dropped"]),
            changed=int(said["changed"]),
            change_percent=Decimal(said["change_percent"]),
            risks=tuple(Risk(str(one["reason"]), int(one["found"]), int(one["drawn"])) for one in said["risks"]),
        )


def compare(
    now: Sequence[Payment],
    before: Sequence[Payment] | None,
    before_concert: str,
    risks: Collection[Risk],
    change_percent: Decimal,
) -> Variance:
    """`before`: the previous concert's payments; None where there is none."""
    people, earlier = ({item.musician_id for item in side or ()} for side in (now, before))
    found = {risk.reason: risk.found for risk in risks}
    return Variance(
        now=control_totals(now),
        before=None if before is None else control_totals(before),
        before_concert=before_concert,
        new_payees=found.get(Reason.NEW_PAYEE, 0),
        joined=0 if before is None else len(people - earlier),
        dropped=len(earlier - people),
        changed=found.get(Reason.CHANGED, 0),
        change_percent=change_percent,
        risks=tuple(risks),
    )


_COUNTS = ("payments", "musicians")
_MONEY = ("gross", "deductions", "net")
_FIELDS = {"payments": "entries"}


def _lines(
    kind: str, figures: Sequence[str], now: object | None, before: object | None, compared: bool
) -> list[VarianceLine]:
    """A side that does not know the pay type has nothing of it."""
    return [
        VarianceLine(kind, what, _figure(now, what), _figure(before, what) if compared else None) for what in figures
    ]


def _figure(side: object | None, what: str) -> Decimal:
    return Decimal(0) if side is None else Decimal(getattr(side, _FIELDS.get(what, what)))
