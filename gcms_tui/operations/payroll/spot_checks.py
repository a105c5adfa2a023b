"""Step 4: the payments that a person looks at, and the variance against the last payroll."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from gcms_tui.core.payroll.payment import ControlTotals, Payment
from gcms_tui.core.payroll.run import PayrollRun, SampledRow, Tick
from gcms_tui.core.settings import PayrollSettings
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.payments import PaymentReader
from gcms_tui.operations.ports import QueryLibrary, Warehouse
from gcms_tui.operations.writing.ports import JournalBook


@dataclass(frozen=True, slots=True)
class Previous:
    """A musician's last payment of the same kind before this concert."""

    concert_id: str
    concert_date: date | None
    net_amount: Decimal | None


@dataclass(frozen=True, slots=True, repr=False)
class SheetRow:
    """One row of the sheet, as a person sees it."""

    row: str
    """The musician's id: what `tick` takes."""
    payment: Payment
    reasons: tuple[str, ...]
    previous: Previous | None
    tick: Tick | None


@dataclass(frozen=True, slots=True)
class Variance:
    """This payroll beside the last one."""

    now: ControlTotals
    before: ControlTotals | None
    """None where there is none to compare with."""
    before_concert: str = ""
    """Its id, title and date."""


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """The spot check of one run. It holds names and amounts: it is never written down."""

    rows: tuple[SheetRow, ...]
    variance: Variance


class SpotChecks:
    """Blocking I/O. `sheet` and `variance` only read."""

    def __init__(
        self,
        settings: PayrollSettings,
        *,
        book: Payrolls,
        reader: PaymentReader,
        warehouse: Warehouse,
        queries: QueryLibrary,
        journal: JournalBook,
    ) -> None:
        self._settings = settings
        self._book = book
        self._reader = reader
        self._warehouse = warehouse
        self._queries = queries
        self._journal = journal

    def draw(self, run_id: str) -> PayrollRun:
        """Draw the rows: the same ones whoever asks. Done before it changes nothing. Raises `Refused`."""
        raise NotImplementedError

    def sheet(self, run: PayrollRun) -> Sheet:
        """The drawn rows with what they hold now. Raises `Refused` (guard `spot-check`) where none were drawn,
        `data_changed` (nothing is journalled) where they are no longer what was frozen."""
        raise NotImplementedError

    def tick(self, run_id: str, row: str, *, note: str = "") -> PayrollRun:
        """This row was looked at and makes sense. Raises `Refused`, `UsageError` where it was not drawn."""
        raise NotImplementedError

    def query(self, run_id: str, row: str, note: str) -> PayrollRun:
        """Something about the row is not clear: it blocks until it is answered. Any payment of the concert may be
        queried, drawn or not, and while signatures are collected too: then they are void. Raises `Refused` (guard
        `reason` for an empty note)."""
        raise NotImplementedError

    def answer(self, run_id: str, row: str, note: str) -> PayrollRun:
        """Raises `Refused` (guard `reason`), `UsageError` where nothing was asked."""
        raise NotImplementedError

    def reveal(self, run_id: str, what: str) -> None:
        """Journal that somebody has personal data shown. Raises `GcmsError`: then it must not be shown."""
        raise NotImplementedError


__all__ = ["Previous", "SampledRow", "Sheet", "SheetRow", "SpotChecks", "Variance"]
