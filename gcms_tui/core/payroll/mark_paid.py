"""What is recorded as paid: exactly the payments that were signed, or nothing at all.

A plan for it holds no single person's amount. What is looked at before and after is how many of the payments are in
which state, and one hash over all of their ids and amounts: it is small for twenty thousand musicians too.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal

from gcms_tui.core.conclusion import counted, day_of
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.finding import Scalar
from gcms_tui.core.payroll.payment import ControlTotals
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.run import Person
from gcms_tui.core.writing.plan import Plan, PlanKind, Row, RowChange, Step, rows_of, same_rows

NAMED = ("paid", "payment_date", "payments")
"""The columns of `signed_payments` that a plan's rows name; the hash, its last one, makes their rest."""
_SHOWN = 10
"""How many ids a message names."""
_AHEAD = timedelta(days=1)
"""Somewhere it is tomorrow already."""
_WIDE = Context(prec=76)

Entries = Sequence[tuple[str, Decimal]]
"""Whom the signed file pays, by id, and how much."""


@dataclass(frozen=True, slots=True, repr=False)
class HeldPayment:
    """One payment as Supabase holds it. Its amount never shows in its repr."""

    payment_id: str
    musician_id: str
    net_amount: Decimal | None
    paid: bool | None
    payment_date: date | None

    def __repr__(self) -> str:
        return f"HeldPayment({self.payment_id!r}, {self.musician_id!r}, …)"


@dataclass(frozen=True, slots=True)
class Matched:
    """The payments of the signed file as Supabase holds them: one for each entry, over the same amount."""

    payments: tuple[HeldPayment, ...] = field(repr=False)
    """By their ids."""
    further: tuple[str, ...] = ()
    """Musicians with other payments of the concert."""

    @property
    def paid(self) -> tuple[HeldPayment, ...]:
        return tuple(item for item in self.payments if item.paid)

    @property
    def all_paid(self) -> bool:
        return len(self.paid) == len(self.payments)


@dataclass(frozen=True, slots=True)
class Statements:
    """What the plan consists of, rendered."""

    lock: Statement
    look: Statement
    mark: Statement


def held_payments(answer: Answer) -> tuple[HeldPayment, ...]:
    """Out of the answer to `supabase_payments`. Raises `GcmsError` where an amount comes as a float."""
    return tuple(
        HeldPayment(
            str(record["payment_id"]),
            str(record["musician_id"] or ""),
            _amount(record["net_amount"]),
            None if record["paid"] is None else record["paid"] is True,
            day_of(record["payment_date"]),
        )
        for record in answer.records()
    )


def require_date(paid_on: date, now: datetime, concert_date: date | None) -> None:
    """Raises `Refused` (guard `date`) where nobody can have paid on that day."""
    if paid_on > (now.astimezone(UTC) + _AHEAD).date():
        said = "lies in the future: what is recorded has been paid."
    elif concert_date is not None and paid_on < concert_date:
        said = f"lies before the concert, which was on {concert_date}."
    else:
        return
    raise Refused("Not the day of the payment", f"{paid_on} {said}", "Type the day on which it was paid.", guard="date")


def match(entries: Entries, totals: ControlTotals, held: Sequence[HeldPayment]) -> Matched:
    """Exactly one payment for each entry, over the same amount to the cent; together what was signed.

    Raises `Refused`: guards `nothing_visible`, `ids`, `sum`.
    """
    if not held:
        raise Refused(
            "No payment is visible",
            "Supabase shows no payment of the concert to this login. A row-level security policy hides rows without a "
            "word.",
            "Check the policies of the payments for this login, and supabase.payment_table.",
            guard="nothing_visible",
        )
    wanted = dict(entries)
    _require_signed(entries, totals)
    found: defaultdict[str, list[HeldPayment]] = defaultdict(list)
    for item in held:
        found[item.musician_id].append(item)
    missing = [musician for musician in wanted if musician not in found]
    repeated = [musician for musician in wanted if len(found[musician]) > 1]
    if missing or repeated:
        said = [f"no payment of {shown(missing)}"] if missing else []
        said += [f"more than one payment of {shown(repeated)}"] if repeated else []
        raise Refused(
            "Other payments than were signed",
            f"Supabase has {' and '.join(said)}, by musician.",
            "Find out who changed them, or what a policy hides; nothing was recorded.",
            guard="ids",
        )
    differing = [musician for musician, amount in wanted.items() if found[musician][0].net_amount != amount]
    if differing:
        raise Refused(
            "Other amounts than were signed",
            f"The payments of {shown(differing)}, by musician, are not over what was signed.",
            "Find out who changed them; nothing was recorded.",
            guard="sum",
        )
    payments = sorted((found[musician][0] for musician in wanted), key=lambda item: item.payment_id)
    return Matched(tuple(payments), tuple(sorted({item.musician_id for item in held} - set(wanted))))


def _require_signed(entries: Entries, totals: ControlTotals) -> None:
    """What is to be recorded comes to the control totals that were signed."""
    twice = [musician for musician, times in Counter(musician for musician, _ in entries).items() if times > 1]
    if twice:
        raise Refused(
            "A musician is in it twice",
            f"What was signed has several payments of {shown(twice)}, by musician.",
            "Supabase has one row for each musician of a concert: record it by hand, and find out why.",
            guard="ids",
        )
    net = Decimal(0)
    for _, amount in entries:
        net = _WIDE.add(net, amount)
    if (len(entries), net) != (totals.entries, totals.net):
        raise Refused(
            "Not what was signed",
            f"{counted(len(entries), 'entry', 'entries')} over {net:,.2f} are to be recorded, and {totals.entries:,} "
            f"over {totals.net:,.2f} were signed.",
            "Do not pay, and find out who changed what.",
            guard="sum",
        )


def require_unpaid(matched: Matched) -> None:
    """Raises `Refused` (guard `partly_paid`) where some are recorded as paid."""
    if matched.paid:
        ids = [item.musician_id for item in matched.paid]
        raise Refused(
            "Partly paid",
            f"{len(ids):,} of {counted(len(matched.payments), 'payment')} are recorded as paid: those of {shown(ids)}, "
            "by musician.",
            "Find out who recorded them, and whether they were paid twice; nothing was recorded.",
            guard="partly_paid",
        )


def recorded_on(matched: Matched) -> date:
    """The one day on which Supabase has all of them as paid. Raises `Refused`: guards `partly_paid`, `not_recorded`,
    `date` (several days, or none)."""
    if not matched.all_paid:
        require_unpaid(matched)
        raise Refused(
            "Not recorded",
            "Supabase has none of the payments as paid.",
            "Plan it, look at the plan, and record it.",
            guard="not_recorded",
        )
    days = {item.payment_date for item in matched.payments}
    day = next(iter(days))
    if len(days) > 1 or day is None:
        said = ", ".join(sorted(str(day or "no day") for day in days)[:_SHOWN])
        raise Refused(
            "Not one day",
            f"Supabase has all of them as paid, on {said}.",
            "Find out which is right, and have it corrected in Supabase.",
            guard="date",
        )
    return day


def plan_of(
    run: PayrollRun,
    matched: Matched,
    paid_on: date,
    statements: Statements,
    *,
    table: str,
    made_at: datetime,
    made_by: Person,
    warnings: Iterable[str] = (),
) -> Plan:
    """The guarded write for payments of which none is paid. `table` as a person writes it."""
    exported, frozen = run.exported, run.frozen
    assert exported is not None and frozen is not None, "the gates see to it"
    content = content_of(matched.payments)
    before = _states(Counter((item.paid, item.payment_date) for item in matched.payments), content)
    [after] = _states({(True, paid_on): len(matched.payments)}, content)
    number = counted(len(matched.payments), "payment")
    return Plan(
        kind=PlanKind.MARK_PAID,
        target=run.target,
        table=table,
        subject=run.run_id,
        confirmation=run.concert_id,
        steps=(Step(statements.mark, len(matched.payments)),),
        made_at=made_at,
        made_by=made_by,
        look=statements.look,
        named=NAMED,
        before=before,
        after=(after,),
        changes=tuple(
            RowChange(
                counted(int(str(row["payments"])), "payment"),
                row,
                after.but(payments=row["payments"]),
                f"signed in {exported.file}",
            )
            for row in before
        ),
        reason=f"{number} of {exported.file}, {frozen.totals.net:,.2f} in all, as paid on {paid_on}",
        warnings=(*warnings, *_warnings(matched)),
        lock=statements.lock,
    )


def require_same(plan: Plan, looked: Answer) -> None:
    """Raises `Refused` (guard `rows_moved`) where the plan's own look does not see what the plan was made from."""
    if not same_rows(rows_of(looked, plan.named, plan.written), plan.before):
        raise Refused(
            "The payments have moved",
            "They were changed while they were read; nothing was recorded.",
            "Plan again: what is there now is read.",
            guard="rows_moved",
        )


def content_of(payments: Iterable[HeldPayment]) -> str:
    """SHA-256 over their ids and amounts, as `signed_payments` makes it."""
    lines = [
        "\x1f".join((item.payment_id, item.musician_id, "NULL" if item.net_amount is None else f"{item.net_amount:f}"))
        for item in sorted(payments, key=lambda item: item.payment_id)
    ]
    return hashlib.sha256("\x1e".join(lines).encode()).hexdigest()


def ids_text(ids: Iterable[str]) -> str:
    """As the statements take them: a JSON array of texts."""
    return json.dumps(list(ids))


def shown(ids: Sequence[str]) -> str:
    """The first few of them."""
    more = f" and {len(ids) - _SHOWN:,} more" if len(ids) > _SHOWN else ""
    return f"{', '.join(one[:40] for one in ids[:_SHOWN])}{more}"


def _states(states: Mapping[tuple[bool | None, date | None], int], content: str) -> tuple[Row, ...]:
    """How many payments are in which state, as the plan's look answers."""
    rows: list[tuple[Scalar, ...]] = [(paid, day, number, content) for (paid, day), number in states.items()]
    return rows_of(Answer((*NAMED, "content"), tuple(rows), None, datetime.min.replace(tzinfo=UTC), 0), NAMED, ())


def _warnings(matched: Matched) -> list[str]:
    warnings = []
    if matched.further:
        warnings.append(
            f"Further payments of the concert are not in the signed file, and are left as they are: "
            f"{shown(matched.further)}, by musician."
        )
    dated = [item.musician_id for item in matched.payments if item.payment_date is not None]
    if dated:
        warnings.append(f"They have a payment date already, and are not paid: {shown(dated)}, by musician.")
    return warnings


def _amount(value: Scalar) -> Decimal | None:
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    raise GcmsError(
        "Not money",
        f"Supabase's net_amount comes as {type(value).__name__}: such a number cannot be exact.",
        "Make the column numeric(12, 2).",
    )
