"""The concerts there are to pay, and how each one's payroll stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from gcms_tui.core.conclusion import counted, day_of, whole
from gcms_tui.core.errors import UsageError
from gcms_tui.core.finding import Scalar
from gcms_tui.core.payroll.archive import NAME_THE_FACT
from gcms_tui.core.payroll.run import PayrollRun, PayrollState
from gcms_tui.core.settings import Settings
from gcms_tui.core.text import printable
from gcms_tui.operations.backups.looks import TableLooks
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.unpaid import NOT_SHOWN, Paid, PaidConcerts, released
from gcms_tui.operations.ports import QueryLibrary, Warehouse


class ConcertState(StrEnum):
    NEVER_PAID = "never paid"
    PARTLY_PAID = "partly paid"
    """Some of its payments are recorded as paid, and others are not: it is not opened before somebody knows why."""
    PAID = "paid"
    OPEN_RUN = "open run"
    HELD = "held"
    """It has an open run, or could have one, and payroll is held."""
    UNKNOWN = "unknown"
    """Supabase cannot be asked. It cannot be opened."""


@dataclass(frozen=True, slots=True)
class Concert:
    """One line of the list."""

    concert_id: str
    title: str
    concert_date: date | None
    musicians: int
    net: Decimal | None
    """None where an amount is not filled in."""
    state: ConcertState
    run: PayrollRun | None = None
    """Its open run, else its newest."""
    paid_on: date | None = None
    words: str = ""
    """What else is to be known: why it is unknown, how many are paid."""


@dataclass(frozen=True, slots=True)
class ConcertList:
    concerts: tuple[Concert, ...]
    """Newest first."""
    taken_at: datetime
    notes: tuple[str, ...] = ()
    """Why the paid states are unknown, for instance."""


class Concerts:
    """Blocking I/O."""

    def __init__(
        self,
        settings: Settings,
        *,
        warehouse: Warehouse,
        paid: PaidConcerts,
        queries: QueryLibrary,
        book: Payrolls,
    ) -> None:
        self._settings = settings
        self._warehouse = warehouse
        self._paid = paid
        self._queries = queries
        self._book = book

    def list(self) -> ConcertList:
        """Every concert that the fact has payments for. Raises `GcmsError` where the warehouse, or the journal, cannot
        be asked."""
        found, taken_at = self._found()
        paid = self._paid.read()
        runs = self._runs_by_concert()
        held = "; ".join(hold.words for hold in self._book.holds.open())
        concerts = tuple(_concert(one, paid, runs.get(one.concert_id, ()), held) for one in found if one.concert_id)
        notes = [paid] if isinstance(paid, str) else []
        if nameless := sum(one.entries for one in found if not one.concert_id):
            notes.append(f"{counted(nameless, 'payment')} of {self._settings.payroll.fact} without a concert")
        return ConcertList(concerts, taken_at, tuple(notes))

    def open(self, concert_id: str) -> PayrollRun:
        """Open a payroll run for it.

        Raises `UsageError` where the fact knows no such concert, `Refused`: guards `already_paid` (any of its payments
        is recorded as paid, or the journal has a run of it that was released and not abandoned), `paid_unknown`
        (Supabase cannot be asked, or shows none of its payments), `open_run`, `not_a_table` (the fact is a view, which
        could not be archived once it is paid).
        """
        fact = self._settings.payroll.fact
        one = next((one for one in self._found()[0] if one.concert_id and one.concert_id == concert_id), None)
        if one is None:
            raise UsageError(
                "No such concert",
                f"{fact} has no payments for a concert {printable(concert_id, 60)!r}.",
                "gcms-tui payroll list",
            )
        TableLooks(self._warehouse, self._queries).required_kind(fact, NAME_THE_FACT)
        self._paid.require_unpaid(one.concert_id)
        return self._book.open(one.concert_id, one.title, one.concert_date, str(fact))

    def _found(self) -> tuple[tuple[_Owed, ...], datetime]:
        payroll = self._settings.payroll
        query = self._queries.get("payroll_concerts")
        answer = self._warehouse.read(query.render({"fact": payroll.fact, "dim_concert": payroll.dim_concert}))
        return tuple(_owed(record) for record in answer.records()), answer.taken_at

    def _runs_by_concert(self) -> dict[str, tuple[PayrollRun, ...]]:
        """Newest first."""
        found: dict[str, tuple[PayrollRun, ...]] = {}
        for run in self._book.all():
            found[run.concert_id] = (*found.get(run.concert_id, ()), run)
        return found


@dataclass(frozen=True, slots=True)
class _Owed:
    """What the fact has for a concert."""

    concert_id: str
    title: str
    concert_date: date | None
    musicians: int
    entries: int
    net: Decimal | None
    matches: int


def _owed(record: Mapping[str, Scalar]) -> _Owed:
    net = record["net"]
    return _Owed(
        concert_id="" if record["concert_id"] is None else str(record["concert_id"]),
        title="" if record["title"] is None else str(record["title"]),
        concert_date=day_of(record["concert_date"]),
        musicians=whole(record["musicians"]),
        entries=whole(record["entry_count"]),
        net=Decimal(net) if isinstance(net, Decimal | int) else None,
        matches=whole(record["concert_matches"]),
    )


def _concert(one: _Owed, paid: Mapping[str, Paid] | str, runs: Sequence[PayrollRun], held: str) -> Concert:
    active = next((run for run in runs if run.state is PayrollState.ACTIVE), None)
    seen = None if isinstance(paid, str) else paid.get(one.concert_id)
    state, words = _state(one, paid, seen, runs)
    if active is not None:
        state = ConcertState.OPEN_RUN
    if held and state in (ConcertState.OPEN_RUN, ConcertState.NEVER_PAID):
        state, words = ConcertState.HELD, "; ".join(filter(None, (held, words)))
    if one.matches != 1:
        what = "does not know it" if one.matches == 0 else f"has it {one.matches} times"
        words = "; ".join(filter(None, (words, f"the dimension {what}")))
    return Concert(
        concert_id=one.concert_id,
        title=one.title,
        concert_date=one.concert_date,
        musicians=one.musicians,
        net=one.net,
        state=state,
        run=active or next(iter(runs), None),
        paid_on=seen.last if seen else None,
        words=words,
    )


def _state(
    one: _Owed, paid: Mapping[str, Paid] | str, seen: Paid | None, runs: Sequence[PayrollRun]
) -> tuple[ConcertState, str]:
    """Whether it is paid, whatever else there is to know of it."""
    if isinstance(paid, str):
        return ConcertState.UNKNOWN, paid
    if seen is None:
        return ConcertState.UNKNOWN, NOT_SHOWN
    if seen.paid == seen.payments:
        since = f"paid from {seen.first} to {seen.last}" if seen.first != seen.last else ""
        return ConcertState.PAID, since
    if seen.paid:
        return ConcertState.PARTLY_PAID, f"{seen.paid} of {counted(seen.payments, 'payment')} recorded as paid"
    if (gone := released(runs)) is not None and gone.state is not PayrollState.ACTIVE:
        return ConcertState.UNKNOWN, f"{gone.run_id} was released, and Supabase has nothing of it as paid"
    if seen.payments != one.entries:
        return ConcertState.NEVER_PAID, f"Supabase shows {counted(seen.payments, 'payment')}, the fact {one.entries}"
    return ConcertState.NEVER_PAID, ""
