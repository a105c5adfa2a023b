"""An SCD2 table as the statements of the library want it named, and the convention its closed rows follow."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.core.identifier import Column, Identifier, current_flag
from gcms_tui.core.scd2.version import Convention
from gcms_tui.core.settings import Scd2TableSettings


@dataclass(frozen=True, slots=True)
class Closed:
    """How the table's closed rows end, counted."""

    day_before: int
    same_instant: int


@dataclass(frozen=True, slots=True)
class InForce:
    """The convention a repair goes by."""

    convention: Convention
    warning: str = ""


def identifiers(table: Scd2TableSettings) -> dict[str, Identifier]:
    """The table and its columns by the names that the library's placeholders have, `updated_at` left out: a table may
    have none. Raises `ValueError` where a column's name is none."""
    names: dict[str, Identifier] = {
        name: Column.parse(getattr(table, name))
        for name in ("natural_key", "scd_id", "effective_from", "effective_to", "recorded_at", "inserted_at")
    }
    return {"table": table.table, **names, "is_current": current_flag(table.is_current, table.effective_to)}


def convention_of(configured: str | None, closed: Closed) -> InForce:
    """The configured convention, else what most closed rows follow, else the runbook's; a warning where they differ."""
    counts = {Convention.DAY_BEFORE: closed.day_before, Convention.SAME_INSTANT: closed.same_instant}
    inferred = max(Convention, key=lambda convention: counts[convention]) if any(counts.values()) else None
    other = {Convention.DAY_BEFORE: Convention.SAME_INSTANT, Convention.SAME_INSTANT: Convention.DAY_BEFORE}
    if configured is not None:
        chosen = Convention(configured)
        if inferred is not None and inferred is not chosen:
            return InForce(
                chosen,
                f"gcms.toml says that a version ends {chosen.words}, and {counts[inferred]:,} closed versions of the "
                f"table end {inferred.words} ({counts[chosen]:,} as configured).",
            )
        return InForce(chosen)
    if inferred is None:
        return InForce(
            Convention.DAY_BEFORE,
            "The table has no closed version to infer its convention from: the runbook's day before is taken.",
        )
    if counts[other[inferred]]:
        return InForce(
            inferred,
            f"The table's closed versions are of two minds: {counts[inferred]:,} end {inferred.words}, "
            f"{counts[other[inferred]]:,} {other[inferred].words}.",
        )
    return InForce(inferred)
