"""The concerts there are to pay, and how each one's payroll stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.settings import Settings
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
        """Every concert that the fact has payments for. Raises `GcmsError` where the warehouse cannot be asked."""
        raise NotImplementedError

    def open(self, concert_id: str) -> PayrollRun:
        """Open a payroll run for it.

        Raises `UsageError` where the fact knows no such concert, `Refused`: guards `already_paid` (any of its payments
        is recorded as paid, or the journal has a run of it that was released and not abandoned), `paid_unknown`
        (Supabase cannot be asked), `open_run`.
        """
        raise NotImplementedError
