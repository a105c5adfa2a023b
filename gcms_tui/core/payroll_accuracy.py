"""Do dbt and Supabase agree on every payment, to the cent and in both directions?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from gcms_tui.core.conclusion import Conclusion, counted, unknown, whole
from gcms_tui.core.finding import Evidence, Scalar
from gcms_tui.core.verdict import Verdict

PROBLEMS: Mapping[str, str] = {
    "amount": "with different amounts",
    "missing_in_source": "that Supabase does not know",
    "missing_in_dbt": "that dbt does not know",
    "duplicate": "more than once",
    "null_amount": "without an amount",
}
"""Result columns of the `payroll_totals` query, with their words."""

_COLUMNS = ("concert_id", "musician_id", "dbt_calculated", "source_recorded", "difference", "problem")
_NAMED_CONCERTS = 5
_NEXT = (
    "Runbook, Monthly 3 and Emergency Procedures, Critical Test Failure: pay none of these concerts; find out which "
    "side is right (attendance first: duplicates there count services twice), correct it, and build again."
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many payments were compared, and how many of them disagree."""

    compared: int
    disagreeing: int


def judge_accuracy(
    totals: Mapping[str, Scalar], discrepancies: Sequence[Mapping[str, Scalar]]
) -> tuple[Conclusion, Agreement | None]:
    """From the one row of `payroll_totals` and the rows of `payroll_discrepancies`."""
    dbt_rows, source_rows = whole(totals["dbt_rows"]), whole(totals["source_rows"])
    if dbt_rows == 0 and source_rows == 0:
        return unknown(
            "neither dbt nor Supabase holds a payment: nothing could be compared",
            "Runbook, Daily 4: look whether the payment fact was built, and whether Supabase's payments have landed.",
        ), None
    counts = {name: whole(totals[name]) for name in PROBLEMS}
    listed = whole(discrepancies[0]["total_problems"]) if discrepancies else 0
    # The two statements run side by side: where the tables changed in between, the worse of the two is told.
    found, compared = max(sum(counts.values()), listed), whole(totals["compared"])
    sums = (
        f"dbt {_money(totals['dbt_total'])} in {dbt_rows:,}, "
        f"Supabase {_money(totals['source_total'])} in {source_rows:,}"
    )
    agreement = Agreement(compared, found)
    if not found:
        return Conclusion(Verdict.OK, f"all {compared:,} payments agree: {sums}", value=0, unit="differ"), agreement
    kinds = ", ".join(f"{number:,} {PROBLEMS[name]}" for name, number in counts.items() if number)
    return Conclusion(
        Verdict.FAIL,
        f"{counted(found, 'payment')} of {compared:,} disagree{_concerts(discrepancies, found)}: "
        f"{kinds or 'listed below'}; {sums}",
        value=found,
        unit="differ",
        evidence=Evidence.of(
            _COLUMNS, [tuple(record[column] for column in _COLUMNS) for record in discrepancies], found
        ),
        next_step=_NEXT,
    ), agreement


def _concerts(discrepancies: Sequence[Mapping[str, Scalar]], found: int) -> str:
    """` in concert 12`, where every discrepancy is at hand and they are few."""
    concerts = sorted({str(record["concert_id"]) for record in discrepancies})
    if len(discrepancies) < found or not 0 < len(concerts) <= _NAMED_CONCERTS:
        return ""
    return f" in concert{'' if len(concerts) == 1 else 's'} {', '.join(concerts)}"


def _money(amount: Scalar) -> str:
    return f"{amount:,.2f}" if isinstance(amount, (Decimal, int)) else "nothing" if amount is None else str(amount)
