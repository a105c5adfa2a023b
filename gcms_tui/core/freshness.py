"""How old is too old."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from gcms_tui.core.conclusion import Conclusion, unknown, whole
from gcms_tui.core.finding import Evidence, Scalar
from gcms_tui.core.verdict import Verdict

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of this machine's clock a moment may be and still count as now."""

TIMESTAMP_COLUMNS = ("_AIRBYTE_EXTRACTED_AT", "_AIRBYTE_EMITTED_AT")
"""When Airbyte pulled a row: since Destinations V2, and before."""

_NEXT_STALE = (
    "Find out where the data stopped: gcms-tui pipeline status, or 5, then s. Sync the connection again from there, "
    "then run dbt build (runbook, Data Pipeline Failure)."
)


def age_verdict(age: timedelta, warn_after_h: float, fail_after_h: float) -> Verdict:
    """OK below `warn_after_h`, FAIL above `fail_after_h`, WARN between; both bounds themselves are WARN."""
    if age < timedelta(hours=warn_after_h):
        return Verdict.OK
    return Verdict.WARN if age <= timedelta(hours=fail_after_h) else Verdict.FAIL


def hours(age: timedelta) -> float:
    """For display; verdicts are taken on the age itself."""
    return round(age.total_seconds() / 3600, 2)


def age_words(age: timedelta) -> str:
    """In two units and never rounded up: `23 h 59 min`, `2 d 3 h`, `under a minute`."""
    minutes = int(age.total_seconds() // 60)
    days, hour, minute = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hour} h" if hour else f"{days} d"
    if hour:
        return f"{hour} h {minute} min" if minute else f"{hour} h"
    return f"{minute} min" if minute > 0 else "under a minute"


def limit_text(limit_h: float) -> str:
    return f"{limit_h:g} h"


def ahead_of_clock(moment: datetime, now: datetime) -> bool:
    """Further in the future than clocks differ: the age is then not known."""
    return moment - now > CLOCK_SKEW


def judge_source(
    table: str, column: str, row: Mapping[str, Scalar], now: datetime, warn_after_h: float, fail_after_h: float
) -> Conclusion:
    """One landed table, from the `source_freshness` query's row."""
    rows, loaded_at = whole(row["row_count"]), row["last_loaded_at"]
    if rows == 0:
        return unknown(f"{table} is empty: how old its data is cannot be told", _next_empty(table))
    if loaded_at is None:
        return unknown(
            f"{table} has {rows:,} rows, and {column} is NULL in all of them",
            f"Runbook, Daily 2: name the column that says when a row of {table} was pulled as timestamp_column "
            "in gcms.toml.",
        )
    if not isinstance(loaded_at, datetime):
        return unknown(
            f"{table}: {column} holds {type(loaded_at).__name__} values, not timestamps",
            f"Runbook, Daily 2: name a timestamp column of {table} as timestamp_column in gcms.toml.",
        )
    age = now - loaded_at
    evidence = Evidence.of(
        ("table", "column", "row_count", "last_loaded_at", "age_h"), [(table, column, rows, loaded_at, hours(age))]
    )
    if ahead_of_clock(loaded_at, now):
        return unknown(
            f"{table}: the newest row was pulled {age_words(-age)} in the future; clock or time zone is wrong",
            f"Compare this machine's clock with Airbyte's, and look whether {column} is kept in UTC.",
            evidence,
        )
    verdict = age_verdict(age, warn_after_h, fail_after_h)
    return Conclusion(
        verdict,
        f"{table} was last loaded {age_words(max(age, timedelta()))} ago",
        value=max(hours(age), 0.0),
        unit="h",
        evidence=evidence,
        next_step="" if verdict is Verdict.OK else _NEXT_STALE,
    )


def pick_timestamp_column(columns: set[str]) -> str | None:
    """The one of Airbyte's columns that the table has, as stored, the newer first; in any case of letters.

    Airbyte's raw tables keep the name in lower case.
    """
    stored = {column.upper(): column for column in sorted(columns, reverse=True)}
    return next((stored[name] for name in TIMESTAMP_COLUMNS if name in stored), None)


def no_timestamp_column(table: str, columns: list[str]) -> Conclusion:
    if not columns:
        return unknown(
            f"{table}: its columns cannot be read, so when it was loaded cannot be told",
            "Look whether the table exists in the database of the connection and the role may see it.",
        )
    return unknown(
        f"{table} has neither _airbyte_extracted_at nor _airbyte_emitted_at",
        "Runbook, Daily 2: name the column that says when a row was pulled as timestamp_column in gcms.toml.",
        Evidence.of(("column",), [(column,) for column in columns]),
    )


def _next_empty(table: str) -> str:
    return (
        f"Runbook, Emergency Procedures, Data Pipeline Failure: look in Airbyte whether the last sync of {table} was a "
        "reset, and sync again."
    )
