"""Whether a concert has been paid: by what Supabase says, and by every payroll run of it that there ever was.

It is asked before a run is opened, and again before its file is prepared and before that leaves: in the days between
somebody may have paid the concert in another way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from gcms_tui.core.conclusion import counted, day_of, whole
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.run import PayrollRun, PayrollState
from gcms_tui.core.settings import SupabaseSettings
from gcms_tui.core.text import printable
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.ports import SupabaseReader
from gcms_tui.operations.ports import QueryLibrary

NOT_SHOWN = "Supabase shows none of its payments: they have not been entered, or a policy hides them"


@dataclass(frozen=True, slots=True)
class Paid:
    """What Supabase shows of a concert's payments."""

    payments: int
    paid: int
    first: date | None
    last: date | None


class PaidConcerts:
    """Blocking I/O."""

    def __init__(
        self, settings: SupabaseSettings, *, supabase: SupabaseReader, queries: QueryLibrary, book: Payrolls
    ) -> None:
        self._settings = settings
        self._supabase = supabase
        self._queries = queries
        self._book = book

    def read(self) -> Mapping[str, Paid] | str:
        """Each concert's payments in Supabase, or why they are not known."""
        try:
            table = Relation.parse_postgres(self._settings.payment_table)
            answer = self._supabase.read(self._queries.get("supabase_paid_concerts").render({"payment": table}))
        except ValueError as error:
            return f"Supabase was not asked: payment_table: {error}"
        except GcmsError as error:
            return f"which concerts are paid is not known: {error.title}: {error.message}"
        return {str(record["concert_id"]): _paid(record) for record in answer.records() if record["concert_id"]}

    def require_unpaid(self, concert_id: str, but: PayrollRun | None = None) -> None:
        """Raises `Refused`: guards `open_run` (another run of it has not ended), `already_paid` (any of its payments is
        recorded as paid, or a run of it was released and not abandoned), `paid_unknown` (Supabase cannot be asked, or
        shows none of its payments). `but` is the run that asks."""
        runs = [run for run in self._book.of(concert_id) if but is None or run.run_id != but.run_id]
        _require_no_open_run(concert_id, runs)
        _require_unpaid(concert_id, self.read(), runs)


def released(runs: Iterable[PayrollRun]) -> PayrollRun | None:
    """One whose file has left, and of which nobody has said that it is not to be paid."""
    return next((run for run in runs if run.released and run.state is not PayrollState.ABANDONED), None)


def _require_no_open_run(concert_id: str, runs: Iterable[PayrollRun]) -> None:
    active = next((run for run in runs if run.state is PayrollState.ACTIVE), None)
    if active is not None:
        raise Refused(
            "There is an open run",
            f"{active.run_id}, opened by {active.opened.person.user} at {active.opened.at:%Y-%m-%d %H:%M} UTC, pays "
            f"concert {printable(concert_id, 60)} already.",
            f"Go on with it: gcms-tui payroll show {active.run_id}",
            guard="open_run",
        )


def _require_unpaid(concert_id: str, paid: Mapping[str, Paid] | str, runs: Sequence[PayrollRun]) -> None:
    concert = printable(concert_id, 60)
    if (gone := released(runs)) is not None and gone.released is not None:
        raise Refused(
            "Already paid",
            f"{gone.released.file} of {gone.run_id} was released for concert {concert} by "
            f"{gone.released.by.person.user}.",
            f"Look at it: gcms-tui payroll show {gone.run_id}",
            guard="already_paid",
        )
    seen = None if isinstance(paid, str) else paid.get(concert_id)
    if seen is None:
        raise Refused(
            "Not known whether it is paid",
            paid if isinstance(paid, str) else f"Concert {concert}: {NOT_SHOWN}.",
            "Mend the way to Supabase (gcms-tui doctor), then try again: what may be paid already is not paid.",
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


def _paid(record: Mapping[str, Scalar]) -> Paid:
    return Paid(
        whole(record["payments"]), whole(record["paid"]), day_of(record["first_paid"]), day_of(record["last_paid"])
    )
