"""What in a concert's payments must not be paid. Musicians are named by their ids: what is said here is journalled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Context, Decimal

from gcms_tui.core.conclusion import counted, whole
from gcms_tui.core.finding import Scalar
from gcms_tui.core.payroll.payment import Payment
from gcms_tui.core.payroll_accuracy import PROBLEMS
from gcms_tui.core.text import printable

_NAMED = 5
_WIDE = Context(prec=76)
"""More digits than NUMBER(38) has: the usual 28 would round."""

_Amounts = tuple[Decimal, Decimal, Decimal]


def payment_problems(payments: Sequence[Payment]) -> tuple[str, ...]:
    """Everything that stops their payroll, in words; none where they are sound.

    A rule that cannot be decided is broken. A net of zero and a missing address are no problem here: somebody looks at
    such rows by hand.
    """
    if not payments:
        return ("the concert has no payments",)
    found: list[str] = []
    for words, broken in _RULES:
        if who := [item.musician_id for item in payments if broken(item)]:
            found.append(_said(len(who), words, who))
    often = Counter(item.musician_id for item in payments if item.musician_id)
    if twice := [musician for musician, times in often.items() if times > 1]:
        found.append(f"{counted(len(twice), 'musician')} paid more than once{_named(twice)}")
    return tuple(found)


def accuracy_problems(rows: Sequence[Mapping[str, Scalar]]) -> tuple[str, ...]:
    """Where dbt and Supabase do not agree on the concert, from the rows of `payroll_concert_discrepancies`."""
    if not rows:
        return ()
    kinds: dict[str, list[str]] = {}
    for row in rows:
        kinds.setdefault(str(row["problem"]), []).append(_id(row["musician_id"]))
    said = ", ".join(
        f"{len(who)} {PROBLEMS.get(kind, printable(kind, 40))}{_named(who)}" for kind, who in sorted(kinds.items())
    )
    total = max(len(rows), whole(rows[0]["total_problems"]))
    return (f"dbt and Supabase do not agree on {counted(total, 'payment')}: {said}",)


def _amounts(item: Payment) -> _Amounts | None:
    """All three; None where one of them is not there, or no exact number."""
    gross, deductions, net = item.gross_amount, item.deductions, item.net_amount
    if gross is None or deductions is None or net is None or _not_exact(item):
        return None
    return gross, deductions, net


def _not_filled_in(item: Payment) -> bool:
    return None in (item.gross_amount, item.deductions, item.net_amount)


def _not_exact(item: Payment) -> bool:
    given = (item.gross_amount, item.deductions, item.net_amount)
    return any(amount is not None and not (isinstance(amount, Decimal) and amount.is_finite()) for amount in given)


def _unbalanced(item: Payment) -> bool:
    amounts = _amounts(item)
    return amounts is not None and amounts[2] != _WIDE.subtract(amounts[0], amounts[1])


def _negative(item: Payment) -> bool:
    amounts = _amounts(item)
    return amounts is not None and amounts[2] < 0


def _parts_of_a_cent(item: Payment) -> bool:
    return any(_places(amount) > 2 for amount in _amounts(item) or ())


def _places(amount: Decimal) -> int:
    exponent = amount.normalize(_WIDE).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _deducted(item: Payment) -> bool:
    return item.pay_type == "per_service" and bool(item.deductions)


def _attended_too_many(item: Payment) -> bool:
    attended, required = item.attended_services, item.required_services
    return attended is not None and required is not None and attended > required


_RULES: tuple[tuple[str, Callable[[Payment], bool]], ...] = (
    ("without a musician or a concert", lambda item: not item.musician_id or not item.concert_id),
    ("without a pay type", lambda item: not (item.pay_type or "").strip()),
    ("with an amount that is not filled in", _not_filled_in),
    ("with an amount that is no exact number", _not_exact),
    ("of which the net is not gross less deductions", _unbalanced),
    ("below nothing", _negative),
    ("with a part of a cent", _parts_of_a_cent),
    ("by the service, and yet with deductions", _deducted),
    ("without a number of services", lambda item: None in (item.attended_services, item.required_services)),
    ("for more services than were asked for", _attended_too_many),
    ("to a musician whom the dimension does not know", lambda item: item.musician_matches < 1),
    ("to a musician whom the dimension has more than once", lambda item: item.musician_matches > 1),
    ("for a concert that the dimension does not know", lambda item: item.concert_matches < 1),
    ("for a concert that the dimension has more than once", lambda item: item.concert_matches > 1),
)


def _said(number: int, words: str, who: Sequence[str]) -> str:
    return f"{counted(number, 'payment')} {words}{_named(who)}"


def _named(who: Iterable[str]) -> str:
    """` (musicians 4, 7 and 3 more)`."""
    ids = [printable(musician, 40) for musician in dict.fromkeys(who) if musician]
    if not ids:
        return ""
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f" (musician{'' if len(ids) == 1 else 's'} {', '.join(ids[:_NAMED])}{more})"


def _id(value: Scalar) -> str:
    return "" if value is None else str(value)
