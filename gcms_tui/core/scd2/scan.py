"""What one scan of an SCD2 table found, and the groups of versions it is browsed by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gcms_tui.core.finding import Provenance, Scalar
from gcms_tui.core.scd2.table import Closed
from gcms_tui.core.scd2.version import Version

DEFECTS: Mapping[str, str] = {
    "duplicate_current": "duplicate_current_keys",
    "no_current": "no_current_keys",
    "overlap": "overlaps",
    "inversion": "inverted",
    "current_but_closed": "current_but_closed",
    "closed_but_open": "closed_but_open",
    "shared_scd_id": "rows_sharing_scd_id",
    "null_key": "null_keys",
    "null_flag": "null_flags",
    "null_id": "null_ids",
    "null_begin": "null_begins",
}
"""A class of defect by its name, and the column of `scd2_integrity` that counts it."""


class GroupOrder(StrEnum):
    """How duplicate groups are sorted."""

    KEY = "key"
    COUNT = "count"
    """Most current versions first."""
    RECENCY = "recency"
    """Newest recorded first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of groups ends: the next one goes on behind it, whatever has changed in between."""

    number: int
    key: str


@dataclass(frozen=True, slots=True)
class Group:
    """A natural key with more than one current version."""

    natural_key: str
    current_count: int
    distinct_ids: int
    """Fewer than `current_count`: rows that cannot be told apart."""
    newest_recorded_at: datetime | None
    scd_ids: tuple[str, ...]
    """Newest first."""


@dataclass(frozen=True, slots=True)
class GroupPage:
    groups: tuple[Group, ...]
    after: Place | None
    """Where the next page begins; None where this is the last."""
    taken_at: datetime
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class DefectiveKey:
    """A key with a defect of one class."""

    natural_key: str
    rows: int
    """How many of its versions are concerned."""


@dataclass(frozen=True, slots=True)
class TableScan:
    """Every class of defect, counted in one scan."""

    rows: int
    """0: the table is empty, and nothing is known of it."""
    keys: int
    defects: Mapping[str, int]
    """By the names of `DEFECTS`, all of them."""
    closed: Closed
    taken_at: datetime
    elapsed_ms: int
    provenance: Provenance

    @property
    def found(self) -> dict[str, int]:
        """The classes that were found."""
        return {name: number for name, number in self.defects.items() if number}


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version, with the whole row for people."""

    version: Version
    cells: Mapping[str, Scalar]
    """By column. Personal columns hold `core.personal.MASK`, unless they were revealed."""


@dataclass(frozen=True, slots=True)
class KeyVersions:
    """Every version of one key, newest recorded first."""

    natural_key: str
    versions: tuple[VersionRow, ...]
    columns: tuple[str, ...]
    """The table's own columns, in their order."""
    differing: frozenset[str]
    """Those in which the current versions are not all alike; of masked ones too."""
    personal: tuple[str, ...]
    """Those that are masked until somebody asks for them."""
    revealed: bool
    taken_at: datetime
    provenance: Provenance
