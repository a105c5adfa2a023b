"""Is the payment fact there, filled in, and recently calculated?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gcms_tui.core.conclusion import Conclusion, counted, unknown, whole
from gcms_tui.core.finding import Evidence, Scalar
from gcms_tui.core.freshness import age_verdict, age_words, ahead_of_clock, hours
from gcms_tui.core.verdict import Verdict

_NEXT_BUILD = (
    "Runbook, Daily 4 and Pre-Payroll 2: look why the last run did not build the fact, then dbt build it with all "
    "that it depends on. A rebuild on stale sources only looks fresh: mind the age of the sources."
)
_NEXT_EMPTY = "Runbook, Emergency Procedures, Critical Test Failure: stop payroll; find the run that emptied the fact."
_NEXT_GAPS = "Runbook, Emergency Procedures, Critical Test Failure: stop payroll; review the calculation of the fact."


@dataclass(frozen=True, slots=True)
class FactReading:
    """The row of `payment_fact_freshness`, and when it was read."""

    table: str
    row: Mapping[str, Scalar]
    taken_at: datetime


def judge_fact(
    reading: FactReading, rows_before: int | None, newest_input_at: datetime | None, within_h: float
) -> Conclusion:
    """FAIL: no rows, gaps in amounts or keys, or older than twice `within_h`; WARN: older than `within_h`.

    `rows_before` is what the previous look counted, `newest_input_at` the newest load of any source looked at.
    """
    row, table, now = reading.row, reading.table, reading.taken_at
    rows, calculated_at = whole(row["row_count"]), row["last_calculated_at"]
    if rows == 0:
        return Conclusion(Verdict.FAIL, f"{table} is empty", value=None, unit="h", next_step=_NEXT_EMPTY)
    if not isinstance(calculated_at, datetime):
        return unknown(
            f"{table}: {counted(rows, 'row')}, and none says when it was calculated",
            "Runbook, Daily 4: look whether calculated_at is filled in by the model, as a timestamp.",
        )
    age = now - calculated_at
    evidence = _evidence(reading, rows, rows_before, calculated_at, newest_input_at)
    if ahead_of_clock(calculated_at, now):
        return unknown(
            f"{table} was calculated {age_words(-age)} in the future; clock or time zone is wrong",
            "Compare this machine's clock with the warehouse's, and look whether calculated_at is kept in UTC.",
            evidence,
        )
    gaps = {"without an amount": whole(row["null_net"]), "without concert or musician": whole(row["null_keys"])}
    verdict = age_verdict(age, within_h, 2 * within_h)
    said = [
        f"{table}: {counted(rows, 'row')}{_delta(rows, rows_before)}, calculated {age_words(max(age, timedelta()))} ago"
    ]
    if newest_input_at is not None:
        said.append(f"newest input {age_words(max(now - newest_input_at, timedelta()))} old")
    said += [f"{counted(number, 'row')} {what}" for what, number in gaps.items() if number]
    if undated := whole(row["null_calculated_at"]):
        said.append(f"{counted(undated, 'row')} without a calculation time")
        verdict = max(verdict, Verdict.WARN)
    next_step = "" if verdict is Verdict.OK else _NEXT_BUILD
    if any(gaps.values()):
        verdict, next_step = Verdict.FAIL, _NEXT_GAPS
    return Conclusion(
        verdict, "; ".join(said), value=max(hours(age), 0.0), unit="h", evidence=evidence, next_step=next_step
    )


def _evidence(
    reading: FactReading, rows: int, rows_before: int | None, calculated_at: datetime, newest_input_at: datetime | None
) -> Evidence:
    figures: list[tuple[str, Scalar]] = [
        ("row_count", rows),
        ("rows_before", rows_before),
        ("last_calculated_at", calculated_at),
        ("newest_input_at", newest_input_at),
        *((name, reading.row[name]) for name in ("null_net", "null_keys", "null_calculated_at")),
    ]
    return Evidence.of((name for name, _ in figures), [tuple(value for _, value in figures)])


def _delta(rows: int, before: int | None) -> str:
    if before is None or before == rows:
        return "" if before is None else " (as before)"
    return f" ({rows - before:+,} since the last look)"
