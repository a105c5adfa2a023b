"""The pipeline's query against the practice platform."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gcms_tui.core.identifier import Column, Identifier, NoColumn, Relation
from tests.integration.asking import Asking

NEWEST = {"updated_at": Column("UPDATED_AT"), "loaded_at": Column("_AIRBYTE_EXTRACTED_AT")}


def test_a_landed_table_and_its_bronze_one_hold_the_same_and_a_column_may_be_missing(asking: Asking) -> None:
    landed, bronze = (
        asking.row("newest_rows", {"table": table, **NEWEST})
        for table in (Relation("RAW", "SUPABASE_CONCERT"), Relation("BRONZE", "BR_SUPABASE_CONCERT"))
    )
    assert landed["row_count"] == bronze["row_count"] == len(asking.plain("SELECT id FROM raw.supabase_concert"))
    moments = [row["last_load"].replace(tzinfo=UTC) for row in (landed, bronze)]
    assert moments[0] == moments[1] and timedelta(0) < datetime.now(UTC) - moments[0] < timedelta(days=1)
    assert landed["last_update"] <= landed["last_load"]
    without: dict[str, Identifier] = {"table": Relation("RAW", "SUPABASE_CONCERT"), "updated_at": NoColumn()}
    row = asking.row("newest_rows", {**without, "loaded_at": NoColumn()})
    assert (row["row_count"], row["last_update"], row["last_load"]) == (landed["row_count"], None, None)
