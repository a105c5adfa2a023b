"""Step 4: the payments that a person looks at, and the variance against the last payroll."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from gcms_tui.core.conclusion import day_of
from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.finding import Scalar
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.payment import Payment
from gcms_tui.core.payroll.run import By, PayrollRun, PayrollState, SampledRow, Tick, TickVerdict
from gcms_tui.core.payroll.sample import Drawn, Earlier, Previous, Reason, draw
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.payroll.typed import NOTE_LIMIT, typed
from gcms_tui.core.payroll.variance import Variance, compare
from gcms_tui.core.query import Answer
from gcms_tui.core.settings import PayrollSettings
from gcms_tui.operations.payroll.book import AtStep, Payrolls
from gcms_tui.operations.payroll.payments import PaymentReader
from gcms_tui.operations.ports import QueryLibrary, Warehouse
from gcms_tui.operations.writing.ports import JournalBook


@dataclass(frozen=True, slots=True, repr=False)
class SheetRow:
    """One row of the sheet, as a person sees it."""

    row: str
    """The musician's id: what `tick` takes."""
    payment: Payment
    reasons: tuple[str, ...]
    previous: Previous | None
    tick: Tick | None


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """The spot check of one run. It holds names and amounts: it is never written down."""

    rows: tuple[SheetRow, ...]
    """Those that were drawn, in that order; then those that somebody asked about."""
    variance: Variance
    seen: str = ""
    """What `tick` is told, so that it ticks what was shown."""


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

    # -- reading -----------------------------------------------------------------------------------------------------

    def sheet(self, run: PayrollRun) -> Sheet:
        """The drawn rows with what they hold now. Raises `Refused` (guard `spot-check`) where none were drawn,
        `data_changed` (nothing is journalled) where they are no longer what was frozen."""
        if run.sample is None:
            raise _not_drawn(run)
        read = self._reader.read(run.concert_id)
        if run.frozen is None or not run.frozen.same(read.frozen):
            raise _moved(run)
        payments = {item.musician_id: item for item in read.payments}
        earlier = self._earlier(run.concert_id)
        drawn = {item.row for item in run.sample}
        asked = (SampledRow(row, (Reason.QUERIED.value,)) for row in run.ticks if row not in drawn)
        rows = tuple(
            SheetRow(item.row, payments[item.row], item.reasons, earlier.get(item.row), run.ticks.get(item.row))
            for item in (*run.sample, *asked)
            if item.row in payments
        )
        return Sheet(rows, self._told(run) or self._variance(run, read.payments, earlier), _seen(run))

    def variance(self, run: PayrollRun) -> Variance:
        """As it was told when the rows were drawn; before that, as it is now. Raises `GcmsError`."""
        told = self._told(run)
        if told is not None:
            return told
        return self._variance(run, self._reader.read(run.concert_id).payments, self._earlier(run.concert_id))

    # -- writing -----------------------------------------------------------------------------------------------------

    def draw(self, run_id: str) -> PayrollRun:
        """Draw the rows: the same ones whoever asks. Done before it changes nothing. Raises `Refused`: guards
        `data_changed`, `no_payments`, and the gates."""
        with self._book.at(run_id, Step.SPOT_CHECK) as at:
            read = self._reader.unchanged(at)
            if at.run.sample is not None:
                return at.run
            if not read.payments:
                raise Refused(
                    "There is nothing to look at",
                    f"Concert {at.run.concert_id} has no payments: nothing seen is not all well.",
                    "Find out why the fact is empty for it.",
                    guard="no_payments",
                )
            earlier = self._earlier(at.run.concert_id)
            drawn = self._drawn(read.payments, read.frozen.fingerprint, earlier)
            variance = self._compared(at.run.concert_id, read.payments, drawn)
            rows = [{"row": item.row, "reasons": list(item.reasons)} for item in drawn.rows]
            return at.note(events.SAMPLED, {"rows": rows, "variance": variance.document()})

    def tick(self, run_id: str, row: str, *, note: str = "", seen: str = "") -> PayrollRun:
        """This row was looked at and makes sense. Looked at before, it is left as it is, but for a further note.

        `seen`, where given, is the sheet's: where the data is another by now, that is refused (guard `data_changed`).
        Raises `Refused`: guards `query_open` (a question is answered, not ticked), `spot-check`, the gates;
        `UsageError` where it was not drawn.
        """
        said = _note(note)
        with self._book.at(run_id, Step.SPOT_CHECK) as at:
            run = at.run
            if run.sample is None:
                raise _not_drawn(run)
            if seen and seen != _seen(run):
                raise _moved(run)
            if all(item.row != row for item in run.sample):
                raise UsageError(
                    "Not drawn",
                    f"Musician {row} is not among the rows of {run.run_id}.",
                    f"gcms-tui payroll spot-check {run.run_id} shows them; any other payment can be queried.",
                )
            before = run.ticks.get(row)
            _require_no_query(row, before)
            if before is not None and not said:
                return run
            return _ticked(at, row, TickVerdict.OK, said)

    def query(self, run_id: str, row: str, note: str) -> PayrollRun:
        """Something about the row is not clear: it blocks until it is answered. Any payment of the concert may be
        queried, drawn or not, under a hold and while signatures are collected too: then they are void.

        Raises `Refused`: guards `reason` for an empty note, `query_open` where a question about it is open already,
        `released`, `ended`; `UsageError` where the concert has no such payment.
        """
        said = _required(note)
        with self._book.alone(run_id, "a question about a payment") as at:
            run = at.run
            if run.state is not PayrollState.ACTIVE:
                raise Refused(
                    "The payroll run has ended",
                    f"{run.run_id} was {run.state.value}.",
                    f"gcms-tui payroll show {run.run_id}",
                    guard="ended",
                )
            if run.released is not None:
                raise Refused(
                    "The file has been released",
                    f"{run.released.file} was released{_by(run.released.by)}: a question holds nothing up any more.",
                    "Call whoever pays, at once. Then: gcms-tui payroll hold.",
                    guard="released",
                )
            _require_no_query(row, run.ticks.get(row))
            if all(item.row != row for item in run.sample or ()):
                self._require_payment(run, row)
            return _ticked(at, row, TickVerdict.QUERY, said)

    def answer(self, run_id: str, row: str, note: str) -> PayrollRun:
        """Anybody may, whoever asked. Raises `Refused` (guard `reason`, the gates), `UsageError` where nothing was
        asked."""
        said = _required(note)
        with self._book.at(run_id, Step.SPOT_CHECK) as at:
            if row not in at.run.open_queries:
                raise UsageError(
                    "Nothing was asked",
                    f"There is no open question about musician {row}.",
                    f"gcms-tui payroll spot-check {at.run.run_id}",
                )
            return _ticked(at, row, TickVerdict.ANSWERED, said)

    def reveal(self, run_id: str, what: str) -> None:
        """Journal that somebody has personal data shown. Raises `GcmsError`: then it must not be shown."""
        self._journal.append(events.REVEALED, self._book.get(run_id).run_id, {"what": what})

    # -- inside ------------------------------------------------------------------------------------------------------

    def _drawn(self, payments: Sequence[Payment], fingerprint: str, earlier: Earlier) -> Drawn:
        return draw(
            payments, fingerprint, earlier, rows=self._settings.spot_check_rows, change_percent=self._change_percent
        )

    @property
    def _change_percent(self) -> Decimal:
        return Decimal(str(self._settings.change_alert_percent))

    def _told(self, run: PayrollRun) -> Variance | None:
        """None where the rows have not been drawn, or where it was written in a form of another time."""
        try:
            return Variance.read(run.variance)
        except (ArithmeticError, KeyError, TypeError, ValueError):
            return None

    def _variance(self, run: PayrollRun, payments: Sequence[Payment], earlier: Earlier) -> Variance:
        fingerprint = run.frozen.fingerprint if run.frozen else ""
        return self._compared(run.concert_id, payments, self._drawn(payments, fingerprint, earlier))

    def _compared(self, concert_id: str, payments: Sequence[Payment], drawn: Drawn) -> Variance:
        found = self._asked("payroll_previous_concert", concert_id).records()
        if not found:
            return compare(payments, None, "", drawn.risks, self._change_percent)
        [before] = found
        named = f"{before['concert_id']} {before['title'] or '(no title)'}, {before['concert_date']}"
        read = self._reader.read(str(before["concert_id"]))
        return compare(payments, read.payments, named, drawn.risks, self._change_percent)

    def _earlier(self, concert_id: str) -> Earlier:
        return {
            str(record["musician_id"]): Previous(
                str(record["concert_id"]), day_of(record["concert_date"]), _amount(record["net_amount"])
            )
            if record["same_kind"]
            else None
            for record in self._asked("payroll_previous_payments", concert_id).records()
        }

    def _asked(self, name: str, concert_id: str) -> Answer:
        tables = {"fact": self._settings.fact, "dim_concert": self._settings.dim_concert}
        return self._warehouse.read(self._queries.get(name).render(tables, {"concert_id": concert_id}))

    def _require_payment(self, run: PayrollRun, row: str) -> None:
        if all(item.musician_id != row for item in self._reader.read(run.concert_id).payments):
            raise UsageError(
                "No such payment",
                f"Concert {run.concert_id} has no payment to musician {row}.",
                f"gcms-tui payroll spot-check {run.run_id}",
            )


def _seen(run: PayrollRun) -> str:
    """Another one where anything of the payments, or of those who are paid, is another."""
    return f"{run.frozen.fingerprint}-{run.frozen.payees}" if run.frozen else ""


def _ticked(at: AtStep, row: str, verdict: TickVerdict, note: str) -> PayrollRun:
    return at.note(events.TICKED, {"row": row, "verdict": verdict.value, "note": note})


def _note(text: str) -> str:
    note = typed(text)
    if len(note) > NOTE_LIMIT:
        raise UsageError(
            "The note is too long", f"It has {len(note):,} characters; {NOTE_LIMIT} are kept.", "Say it in fewer words."
        )
    return note


def _required(text: str) -> str:
    note = _note(text)
    if not note:
        raise Refused("No note given", "It wants a note.", "Say in a few words what about it.", guard="reason")
    return note


def _require_no_query(row: str, tick: Tick | None) -> None:
    if tick is not None and tick.verdict is TickVerdict.QUERY:
        raise Refused(
            "A question is open",
            f"{tick.by.person.user} asked about musician {row}: {tick.note}",
            "Answer it with a note, before anything else about this row.",
            guard="query_open",
        )


def _not_drawn(run: PayrollRun) -> Refused:
    return Refused(
        "The rows have not been drawn",
        run.fallen.get(Step.SPOT_CHECK, f"Nothing has been drawn for {run.run_id}."),
        f"gcms-tui payroll step {run.run_id} {Step.SPOT_CHECK.value}",
        guard=Step.SPOT_CHECK.value,
    )


def _moved(run: PayrollRun) -> Refused:
    return Refused(
        "The data has changed",
        f"The payments of concert {run.concert_id} are not those that were drawn from.",
        f"Run the tests again: gcms-tui payroll step {run.run_id} tests",
        guard="data_changed",
    )


def _by(by: By) -> str:
    return f" by {by.person.user} at {by.at:%Y-%m-%d %H:%M} UTC"


def _amount(value: Scalar) -> Decimal | None:
    """None for what cannot be exact as well: it cannot be compared with."""
    return Decimal(value) if isinstance(value, Decimal | int) and not isinstance(value, bool) else None


__all__ = ["Previous", "SampledRow", "Sheet", "SheetRow", "SpotChecks", "Variance"]
