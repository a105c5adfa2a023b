"""What is wrong in an SCD2 table, reckoned row by row in Python: the judge of the queries that count it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

FOREVER = datetime(9999, 12, 31)  # noqa: DTZ001 - as the warehouse keeps them: UTC without a zone
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Version:
    scd_id: str | None
    natural_key: str | None
    effective_from: datetime | None
    effective_to: datetime | None
    is_current: bool | None

    @property
    def end(self) -> datetime:
        return self.effective_to or FOREVER

    @property
    def is_open(self) -> bool:
        return self.end.year >= 9999


def defects(table: Iterable[Version], *, day_before: bool) -> dict[str, int]:
    """The counts of `scd2_integrity`; `day_before` is the table's closing convention."""
    rows = list(table)
    ids = Counter(row.scd_id for row in rows if row.scd_id is not None)
    keys: dict[str, list[Version]] = defaultdict(list)
    for row in rows:
        if row.natural_key is not None:
            keys[row.natural_key].append(row)
    current = {key: sum(row.is_current is True for row in versions) for key, versions in keys.items()}
    return {
        "row_count": len(rows),
        "key_count": len(keys),
        "duplicate_current_keys": sum(count > 1 for count in current.values()),
        "no_current_keys": sum(count == 0 for count in current.values()),
        "null_keys": sum(row.natural_key is None for row in rows),
        "null_flags": sum(row.is_current is None for row in rows),
        "null_ids": sum(row.scd_id is None for row in rows),
        "null_begins": sum(row.effective_from is None for row in rows),
        "rows_sharing_scd_id": sum(row.scd_id is not None and ids[row.scd_id] > 1 for row in rows),
        "inverted": sum(
            row.effective_from is not None and row.end < row.effective_from - (DAY if day_before else timedelta())
            for row in rows
        ),
        "current_but_closed": sum(row.is_current is True and not row.is_open for row in rows),
        "closed_but_open": sum(row.is_current is False and row.is_open for row in rows),
        "overlaps": sum(_overlaps(versions, day_before) for versions in keys.values()),
    }


BY_KEY = {
    "no_current": "no_current_keys",
    "overlap": "overlaps",
    "inversion": "inverted",
    "current_but_closed": "current_but_closed",
    "closed_but_open": "closed_but_open",
    "shared_scd_id": "",
    "null_flag": "null_flags",
    "null_id": "null_ids",
    "null_begin": "null_begins",
}
"""The classes of `scd2_defective_keys`, and the count of `defects` over one key that each is."""


def defective_keys(table: Iterable[Version], defect: str, *, day_before: bool) -> dict[str, int]:
    """The answer of `scd2_defective_keys`: each key that is concerned, with the number of its rows that are."""
    rows = list(table)
    ids = Counter(row.scd_id for row in rows if row.scd_id is not None)
    concerned: dict[str, int] = {}
    for key in {row.natural_key for row in rows if row.natural_key is not None}:
        own = [row for row in rows if row.natural_key == key]
        if defect == "shared_scd_id":  # with a row of whichever key
            count = sum(row.scd_id is not None and ids[row.scd_id] > 1 for row in own)
        else:
            count = defects(own, day_before=day_before)[BY_KEY[defect]]
        if count:
            concerned[key] = len(own) if defect == "no_current" else count
    return concerned


def _overlaps(versions: list[Version], day_before: bool) -> int:
    """Versions that are valid at all and begin while an earlier one still is."""
    dated = [(row.effective_from, row) for row in versions if row.effective_from is not None]
    ordered = sorted(dated, key=lambda pair: (pair[0], pair[1].scd_id is None, pair[1].scd_id or ""))
    overlapping = 0
    for position, (begin, row) in enumerate(ordered):
        is_empty = row.end < begin if day_before else row.end <= begin
        if not is_empty and any(earlier.end > begin for _, earlier in ordered[:position]):
            overlapping += 1
    return overlapping
