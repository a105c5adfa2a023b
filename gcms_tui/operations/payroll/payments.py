"""A concert's payments, read from the warehouse, and whether they are still what was frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from gcms_tui.core.conclusion import day_of, whole
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.events import VOIDED
from gcms_tui.core.payroll.freezing import freeze
from gcms_tui.core.payroll.payment import Frozen, Payment
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.query import Statement
from gcms_tui.core.settings import PayrollSettings
from gcms_tui.operations.payroll.book import AtStep
from gcms_tui.operations.ports import QueryLibrary, Warehouse


@dataclass(frozen=True, slots=True)
class PaymentsRead:
    """A concert's payments as they were read at one moment, in the file's order."""

    payments: tuple[Payment, ...] = field(repr=False)
    frozen: Frozen
    """What they come to."""
    statement: Statement
    query_id: str | None
    taken_at: datetime


class PaymentReader:
    """Blocking I/O, safe from several threads."""

    def __init__(self, settings: PayrollSettings, warehouse: Warehouse, queries: QueryLibrary) -> None:
        self._settings = settings
        self._warehouse = warehouse
        self._queries = queries

    def read(self, concert_id: str, *, fact: Relation | None = None) -> PaymentsRead:
        """Out of the fact, or out of `fact` in its place: its archive. Raises `GcmsError`, also where an amount comes
        as a float."""
        settings = self._settings
        statement = self._queries.get("payroll_export").render(
            {
                "fact": fact or settings.fact,
                "dim_musician": settings.dim_musician,
                "dim_concert": settings.dim_concert,
            },
            {"concert_id": concert_id},
        )
        answer = self._warehouse.read(statement)
        payments = tuple(_payment(record, fact or settings.fact) for record in answer.records())
        return PaymentsRead(payments, freeze(payments), statement, answer.query_id, answer.taken_at)

    def of(self, run: PayrollRun) -> PaymentsRead:
        """As `read`, out of the table that the run was opened on: it is the one that is archived in the end. Raises
        `Refused` (guard `fact`) where the configuration names another one by now."""
        if run.fact != str(self._settings.fact):
            raise Refused(
                "Another table",
                f"{run.run_id} was opened on {run.fact}, and {self._settings.fact} is configured here.",
                "Have the same fact under [payroll] in every gcms.toml, or give the run up and open it again.",
                guard="fact",
            )
        return self.read(run.concert_id)

    def unchanged(self, at: AtStep) -> PaymentsRead:
        """The payments, which are still what was frozen.

        Raises `Refused` as `of`, and (guard `data_changed`) where they are not: that is journalled, which voids
        everything that was done on what was frozen.
        """
        run, read = at.run, self.of(at.run)
        if run.frozen is not None and run.frozen.same(read.frozen):
            return read
        why = _difference(run.frozen, read.frozen)
        at.note(
            VOIDED,
            {"why": why, "found": {"fingerprint": read.frozen.fingerprint, "payees": read.frozen.payees}},
        )
        raise Refused(
            "The data has changed",
            f"Concert {run.concert_id} is not what was tested: {why}. Its spot checks, its file and its signatures no "
            "longer count.",
            f"Run the tests again: gcms-tui payroll step {run.run_id} tests",
            guard="data_changed",
        )


def _difference(frozen: Frozen | None, found: Frozen) -> str:
    if frozen is None:
        return "nothing was frozen"
    before, now = frozen.totals, found.totals
    if (before.entries, before.net) != (now.entries, now.net):
        return f"{now.entries:,} payments over {now.net:,.2f}, and there were {before.entries:,} over {before.net:,.2f}"
    if frozen.fingerprint != found.fingerprint:
        return "a payment was changed, though the totals are the same"
    return "a musician's or the concert's name, address or date was changed"


def _payment(record: Mapping[str, Scalar], fact: Relation) -> Payment:
    calculated_at = record["calculated_at"]
    return Payment(
        concert_id=_id(record["concert_id"]),
        musician_id=_id(record["musician_id"]),
        pay_type=_text(record["pay_type"]),
        attended_services=_count(record["attended_services"], "attended_services", fact),
        required_services=_count(record["required_services"], "required_services", fact),
        gross_amount=_amount(record["gross_amount"], "gross_amount", fact),
        deductions=_amount(record["deductions"], "deductions", fact),
        net_amount=_amount(record["net_amount"], "net_amount", fact),
        calculated_at=calculated_at if isinstance(calculated_at, datetime) else None,
        full_name=_text(record["full_name"]),
        email=_text(record["email"]),
        concert=_text(record["concert"]),
        concert_date=day_of(record["concert_date"]),
        musician_matches=whole(record["musician_matches"]),
        concert_matches=whole(record["concert_matches"]),
    )


def _id(value: Scalar) -> str:
    """`7` for 7, however the number came; a NULL id is an empty text, which is nobody's."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, Decimal) and value == int(value) else str(value)


def _text(value: Scalar) -> str | None:
    return None if value is None else str(value)


def _count(value: Scalar, column: str, fact: Relation) -> int | None:
    try:
        return None if value is None else whole(value)
    except ValueError:
        raise GcmsError(
            "Not a count",
            f"{column} of {fact} holds what is no whole number.",
            "Make the model count services whole, build, and test again.",
        ) from None


def _amount(value: Scalar, column: str, fact: Relation) -> Decimal | None:
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    raise GcmsError(
        "Not money",
        f"{column} of {fact} comes as {type(value).__name__}: such a number cannot be exact.",
        "Make the model cast it to NUMBER(12, 2), build, and test again.",
    )
