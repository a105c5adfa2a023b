"""What a rule concludes, before it is dressed as a finding with its name, its moment and its provenance."""

from __future__ import annotations

from dataclasses import field
from datetime import date, datetime

from gcms_tui.core.finding import Evidence, Scalar
from gcms_tui.core.frozen import frozen
from gcms_tui.core.verdict import Verdict


@frozen
class Conclusion:
    verdict: Verdict
    summary: str
    value: Scalar = None
    unit: str = ""
    evidence: Evidence = field(default_factory=Evidence)
    next_step: str = ""


def unknown(summary: str, next_step: str, evidence: Evidence | None = None) -> Conclusion:
    """Nothing was measured, and that is not good news."""
    return Conclusion(Verdict.UNKNOWN, summary, evidence=evidence or Evidence(), next_step=next_step)


def whole(value: Scalar) -> int:
    """A count out of the warehouse, whatever number type it came as. Raises `ValueError` for none."""
    if value is None or isinstance(value, (bool, str)):
        raise ValueError(f"{value!r} is not a count")
    number = int(value)  # type: ignore[arg-type]
    if number != value:
        raise ValueError(f"{value!r} is not a whole count")
    return number


def day_of(value: Scalar) -> date | None:
    """A day out of the warehouse or Supabase, also where it came as a moment; None for what is none."""
    return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None


def counted(number: int, one: str, many: str = "") -> str:
    """`1 key`, `3 keys`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
