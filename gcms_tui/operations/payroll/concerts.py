"""The concerts there are to pay, and how each one's payroll stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from gcms_tui.core.conclusion import counted, whole
from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.run import PayrollRun, PayrollState
from gcms_tui.core.settings import Settings
from gcms_tui.core.text import printable
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.ports import SupabaseReader
from gcms_tui.operations.ports import Clock, QueryLibrary, Warehouse


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
        supabase: SupabaseReader,
        queries: QueryLibrary,
        book: Payrolls,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._warehouse = warehouse
        self._supabase = supabase
        self._queries = queries
        self._book = book
        self._clock = clock

    def list(self) -> ConcertList:
        """Every concert that the fact has payments for. Raises `GcmsError` where the warehouse, or the journal, cannot
        be asked."""
        found, taken_at = self._found()
        paid = self._paid()
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
        (Supabase cannot be asked, or shows none of its payments), `open_run`.
        """
        fact = str(self._settings.payroll.fact)
        one = next((one for one in self._found()[0] if one.concert_id and one.concert_id == concert_id), None)
        if one is None:
            raise UsageError(
                "No such concert",
                f"{fact} has no payments for a concert {printable(concert_id, 60)!r}.",
                "gcms-tui payroll list",
            )
        runs = self._book.of(concert_id)
        _require_no_open_run(one, runs)
        _require_unpaid(one, self._paid(), runs)
        return self._book.open(one.concert_id, one.title, one.concert_date, fact)

    def _found(self) -> tuple[tuple[_Owed, ...], datetime]:
        payroll = self._settings.payroll
        query = self._queries.get("payroll_concerts")
        answer = self._warehouse.read(query.render({"fact": payroll.fact, "dim_concert": payroll.dim_concert}))
        return tuple(_owed(record) for record in answer.records()), answer.taken_at

    def _paid(self) -> Mapping[str, _Paid] | str:
        """Each concert's payments in Supabase, or why they are not known."""
        try:
            table = Relation.parse_postgres(self._settings.supabase.payment_table)
            answer = self._supabase.read(self._queries.get("supabase_paid_concerts").render({"payment": table}))
        except ValueError as error:
            return f"Supabase was not asked: payment_table: {error}"
        except GcmsError as error:
            return f"which concerts are paid is not known: {error.title}: {error.message}"
        return {str(record["concert_id"]): _paid(record) for record in answer.records() if record["concert_id"]}

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


@dataclass(frozen=True, slots=True)
class _Paid:
    """What Supabase shows of a concert's payments."""

    payments: int
    paid: int
    first: date | None
    last: date | None


def _owed(record: Mapping[str, Scalar]) -> _Owed:
    net, day = record["net"], record["concert_date"]
    return _Owed(
        concert_id="" if record["concert_id"] is None else str(record["concert_id"]),
        title="" if record["title"] is None else str(record["title"]),
        concert_date=_day(day),
        musicians=whole(record["musicians"]),
        entries=whole(record["entry_count"]),
        net=Decimal(net) if isinstance(net, Decimal | int) else None,
        matches=whole(record["concert_matches"]),
    )


def _paid(record: Mapping[str, Scalar]) -> _Paid:
    return _Paid(
        whole(record["payments"]), whole(record["paid"]), _day(record["first_paid"]), _day(record["last_paid"])
    )


def _day(value: Scalar) -> date | None:
    return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None


def _concert(one: _Owed, paid: Mapping[str, _Paid] | str, runs: Sequence[PayrollRun], held: str) -> Concert:
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
    one: _Owed, paid: Mapping[str, _Paid] | str, seen: _Paid | None, runs: Sequence[PayrollRun]
) -> tuple[ConcertState, str]:
    """Whether it is paid, whatever else there is to know of it."""
    if isinstance(paid, str):
        return ConcertState.UNKNOWN, paid
    if seen is None:
        return ConcertState.UNKNOWN, _NOT_SHOWN
    if seen.paid == seen.payments:
        since = f"paid from {seen.first} to {seen.last}" if seen.first != seen.last else ""
        return ConcertState.PAID, since
    if seen.paid:
        return ConcertState.PARTLY_PAID, f"{seen.paid} of {counted(seen.payments, 'payment')} recorded as paid"
    if (gone := _released(runs)) is not None and gone.state is not PayrollState.ACTIVE:
        return ConcertState.UNKNOWN, f"{gone.run_id} was released, and Supabase has nothing of it as paid"
    if seen.payments != one.entries:
        return ConcertState.NEVER_PAID, f"Supabase shows {counted(seen.payments, 'payment')}, the fact {one.entries}"
    return ConcertState.NEVER_PAID, ""


def _released(runs: Iterable[PayrollRun]) -> PayrollRun | None:
    """One whose file has left, and of which nobody has said that it is not to be paid."""
    return next((run for run in runs if run.released and run.state is not PayrollState.ABANDONED), None)


def _require_no_open_run(one: _Owed, runs: Iterable[PayrollRun]) -> None:
    active = next((run for run in runs if run.state is PayrollState.ACTIVE), None)
    if active is not None:
        raise Refused(
            "There is an open run",
            f"{active.run_id}, opened by {active.opened.person.user} at {active.opened.at:%Y-%m-%d %H:%M} UTC, pays "
            f"concert {printable(one.concert_id, 60)} already.",
            f"Go on with it: gcms-tui payroll show {active.run_id}",
            guard="open_run",
        )


def _require_unpaid(one: _Owed, paid: Mapping[str, _Paid] | str, runs: Sequence[PayrollRun]) -> None:
    concert = printable(one.concert_id, 60)
    if (gone := _released(runs)) is not None and gone.released is not None:
        raise Refused(
            "Already paid",
            f"{gone.released.file} of {gone.run_id} was released for concert {concert} by "
            f"{gone.released.by.person.user}.",
            f"Look at it: gcms-tui payroll show {gone.run_id}",
            guard="already_paid",
        )
    seen = None if isinstance(paid, str) else paid.get(one.concert_id)
    if seen is None:
        raise Refused(
            "Not known whether it is paid",
            paid if isinstance(paid, str) else f"Concert {concert}: {_NOT_SHOWN}.",
            "Mend the way to Supabase (gcms-tui doctor), then open it: what may be paid already is not paid.",
            guard="paid_unknown",
        )
    if seen.paid:
        raise Refused(
            "Already paid",
            f"{seen.paid} of {counted(seen.payments, 'payment')} of concert {concert} recorded as paid in Supabase, "
            f"the last on {seen.last or 'an unknown day'}.",
            "Find out who recorded them, and what has been transferred, before anything is paid.",
            guard="already_paid",
        )


_NOT_SHOWN = "Supabase shows none of its payments: they have not been entered, or a policy hides them"
