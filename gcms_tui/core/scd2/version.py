"""One version of a key, as the repair sees it, and what a table's closing convention makes of its end."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from gcms_tui.core.scd2 import moment
from gcms_tui.core.writing.plan import Cell, Row

NAMED = ("scd_id", "effective_from", "effective_to", "is_current", "recorded_at", "inserted_at", "updated_at")
"""The first columns of `scd2_key_versions`, in this order."""

_MOMENTS = ("effective_from", "effective_to", "recorded_at", "inserted_at", "updated_at")


class Convention(StrEnum):
    """Where a version ends that another one follows."""

    DAY_BEFORE = "day_before"
    """The runbook's: a day before its successor begins."""
    SAME_INSTANT = "same_instant"
    """Where its successor begins; a dbt snapshot's."""

    @property
    def words(self) -> str:
        return "the day before its successor begins" if self is Convention.DAY_BEFORE else "where its successor begins"

    def end_before(self, begin: str) -> str:
        """The end of a version whose successor begins at `begin`. With its own begin: the end of an empty version,
        which was superseded and never valid. Raises `ValueError` on the first day of the calendar."""
        return moment.day_before(begin) if self is Convention.DAY_BEFORE else begin


@dataclass(frozen=True, slots=True)
class Version:
    """Moments are text as `moment.FORMAT` has it; None is NULL."""

    scd_id: str | None
    effective_from: str | None
    effective_to: str | None
    is_current: bool | None
    recorded_at: str | None
    inserted_at: str | None
    updated_at: str | None = None
    """None too where the table has no such column."""
    rest: str = ""
    """A hash over every other column: two versions of the same rest say the same."""

    @classmethod
    def of(cls, row: Row) -> Version:
        """From a row of `scd2_key_versions`. Raises `ValueError` where a moment is none that can be reckoned with, or
        the flag is something else than true, false or NULL."""
        values: dict[str, Cell] = row.as_dict()
        if not isinstance(values["is_current"], bool | None):
            raise ValueError(f"{values['is_current']!r} does not say whether a version is current")
        for name in _MOMENTS:
            value = values[name]
            if value is not None:
                moment.checked(str(value))
        return cls(**values, rest=row.rest)  # type: ignore[arg-type]

    @property
    def row(self) -> Row:
        return Row(tuple((name, getattr(self, name)) for name in NAMED), self.rest)

    @property
    def is_open(self) -> bool:
        return moment.is_open(self.effective_to)

    @property
    def clocks(self) -> tuple[str, str, str]:
        """What decides which of two versions is the later: recorded, then inserted, then begun. NULL is earliest."""
        return self.recorded_at or "", self.inserted_at or "", self.effective_from or ""

    def is_empty(self, convention: Convention) -> bool:
        """Never valid. Where a version ends the day before its successor begins, one that ends on the day it begins is
        valid for that day; where it ends at the same instant, it is not."""
        if self.is_open or self.effective_from is None or self.effective_to is None:
            return False
        if convention is Convention.DAY_BEFORE:
            return self.effective_to < self.effective_from
        return self.effective_to <= self.effective_from

    def is_inverted(self, convention: Convention) -> bool:
        """Ends before even an empty version would."""
        if self.is_open or self.effective_from is None:
            return False
        try:
            return (self.effective_to or "") < convention.end_before(self.effective_from)
        except ValueError:
            return False  # nothing lies before the first day

    def overlaps(self, other: Version, convention: Convention) -> bool:
        """Whether there is a moment at which both are valid."""
        if self.effective_from is None or other.effective_from is None:
            return False
        if self.is_empty(convention) or other.is_empty(convention):
            return False
        first, second = sorted((self, other), key=lambda version: version.effective_from or "")
        begin = second.effective_from or ""
        return first.is_open or first.effective_from == begin or (first.effective_to or "") > begin


assert tuple(field.name for field in fields(Version))[:-1] == NAMED
