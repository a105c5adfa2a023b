"""Guarded writes to the warehouse, wired alike for every kind: never beside dbt, the journal's head kept with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gcms_tui.cli.wiring.anchoring import anchoring
from gcms_tui.cli.wiring.base import snowflake_credentials, utc_now
from gcms_tui.core.settings import Settings

if TYPE_CHECKING:
    from gcms_tui.adapters.store.opening import Store
    from gcms_tui.core.writing.plan import Plan
    from gcms_tui.operations.ports import QueryLibrary, Warehouse
    from gcms_tui.operations.run_desk import RunDesk
    from gcms_tui.operations.writing.guarded_write import GuardedWrites


def writes_to_warehouse(
    settings: Settings, target: str, *, store: Store, warehouse: Warehouse, queries: QueryLibrary, runs: RunDesk
) -> GuardedWrites:
    """To be built only where writing is allowed. Raises `ConfigError` where there is no login."""
    from gcms_tui.adapters.snowflake_writer import SnowflakeWriteAccess
    from gcms_tui.operations.writing.guarded_write import GuardedWrites

    def dbt_is_quiet(plan: Plan) -> None:
        runs.runs.require_quiet()

    return GuardedWrites(
        target,
        access=SnowflakeWriteAccess(snowflake_credentials(settings), settings.snowflake),
        plans=store.plans,
        leases=store.leases,
        journal=store.journal,
        clock=utc_now,
        guards=(dbt_is_quiet,),
        after_applied=anchoring(settings, store, warehouse, queries),
    )
