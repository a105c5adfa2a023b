"""The monthly review of retroactive corrections: how many versions of the past became known too late, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gcms_tui.core.conclusion import counted, whole
from gcms_tui.core.finding import Provenance, Scalar

TOLERANCE = timedelta(hours=24)
"""A version known this much later than it is valid is still in time."""
_MONTHS_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Month:
    """One month's corrections."""

    first: date | None
    """Its first day; None where the corrections do not say when they became known."""
    corrections: int
    keys: int

    @property
    def label(self) -> str:
        return f"{self.first:%Y-%m}" if self.first is not None else "no date"


@dataclass(frozen=True, slots=True)
class Review:
    """What one table's history tells. It is no verdict: corrections are what the table is for."""

    table: str
    tolerance: timedelta
    rows: int
    """0: the table is empty, and nothing is known of it."""
    months: tuple[Month, ...]
    """Oldest first, without gaps from the first one with corrections to the present; what has no date comes last."""
    taken_at: datetime
    provenance: tuple[Provenance, ...] = ()

    @property
    def tolerance_text(self) -> str:
        minutes = minutes_of(self.tolerance)
        return f"{minutes:,} min" if minutes % 60 else f"{minutes // 60:,} h"

    @property
    def known(self) -> bool:
        return self.rows > 0

    @property
    def total(self) -> int:
        return sum(month.corrections for month in self.months)

    @property
    def words(self) -> str:
        """One sentence."""
        if not self.known:
            return "UNKNOWN: the table is empty, and that says nothing of corrections"
        if not self.total:
            of = counted(self.rows, "version")
            return (
                f"no correction of the past: no later version of a key became known more than {self.tolerance_text} "
                f"after it took effect, of {of}"
            )
        dated = [month for month in self.months if month.first is not None and month.corrections]
        undated = self.total - sum(month.corrections for month in dated)
        said = f"{counted(self.total, 'correction')} in {counted(len(dated), 'month')}, known more than "
        said += f"{self.tolerance_text} after they took effect"
        if dated:
            most = max(dated, key=lambda month: month.corrections)
            said += f"; most in {most.label}: {most.corrections:,} of {counted(most.keys, 'key')}"
        return said + (f"; {undated:,} without a date" if undated else "")


def minutes_of(tolerance: timedelta) -> int:
    """Whole minutes, which the statement reckons with; what is begun counts."""
    return -(-tolerance // timedelta(minutes=1))


def months_of(records: Iterable[Mapping[str, Scalar]], today: date) -> tuple[Month, ...]:
    """From the rows of `scd2_late_corrections`; months without any are put in between, the newest two years of them."""
    found: dict[date | None, Month] = {}
    for record in records:
        first = _first_day(record["correction_month"])
        before = found.get(first, Month(first, 0, 0))
        corrections, keys = _count(record["correction_count"]), _count(record["corrected_keys"])
        found[first] = Month(first, before.corrections + corrections, before.keys + keys)
    dated = sorted(month for month in found if month is not None)
    undated = [found[None]] if None in found else []
    if not dated:
        return tuple(undated)
    end = max(dated[-1], today.replace(day=1))
    shown = [end]
    while shown[-1] > dated[0] and len(shown) < _MONTHS_SHOWN:
        shown.append((shown[-1] - timedelta(days=1)).replace(day=1))
    older = [month for month in dated if month < shown[-1]]
    return tuple(
        [*(found[month] for month in older), *(found.get(m, Month(m, 0, 0)) for m in reversed(shown)), *undated]
    )


def _first_day(value: Scalar) -> date | None:
    if isinstance(value, datetime):
        value = value.date()
    return value.replace(day=1) if isinstance(value, date) else None


def _count(value: Scalar) -> int:
    return 0 if value is None else whole(value)
