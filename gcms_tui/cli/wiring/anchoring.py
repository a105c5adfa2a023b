"""The journal's heads in the warehouse: read where anybody verifies, added to only where writing is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring.base import open_warehouse, query_library, read_only, snowflake_credentials, target_name
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.identifier import Schema
from gcms_tui.core.settings import Settings

if TYPE_CHECKING:
    from gcms_tui.adapters.store.opening import Store
    from gcms_tui.core.writing.journal import Anchor
    from gcms_tui.operations.ports import QueryLibrary, Warehouse
    from gcms_tui.operations.writing.anchoring import WarehouseAnchors
    from gcms_tui.operations.writing.guarded_write import AfterApplied
    from gcms_tui.operations.writing.ports import WriteSession


@contextmanager
def open_anchors(settings: Settings, invocation: Invocation, store: Store) -> Iterator[WarehouseAnchors]:
    """Those of this store's journal. Connects on the first read. Raises `ConfigError`, `StateError`."""
    from gcms_tui.adapters.snowflake_writer import SnowflakeWriteAccess
    from gcms_tui.operations.writing.anchoring import WarehouseAnchors

    allowed = read_only(settings, invocation, target_name(settings))
    warehouse = open_warehouse(settings, purpose="journal")
    try:
        yield WarehouseAnchors(
            Schema.parse(settings.schemas.ops),
            store.journal.store_id(),
            warehouse=warehouse,
            queries=query_library(settings),
            access=None if allowed.on else SnowflakeWriteAccess(snowflake_credentials(settings), settings.snowflake),
        )
    finally:
        warehouse.close()


def known_anchors(
    settings: Settings, store: Store, warehouse: Warehouse, queries: QueryLibrary
) -> Callable[[], tuple[Anchor, ...]]:
    """Reads them, over a warehouse that is open."""

    def known() -> tuple[Anchor, ...]:
        from gcms_tui.operations.writing.anchoring import WarehouseAnchors

        schema, store_id = Schema.parse(settings.schemas.ops), store.journal.store_id()
        return WarehouseAnchors(schema, store_id, warehouse=warehouse, queries=queries, access=None).known()

    return known


def anchoring(settings: Settings, store: Store, warehouse: Warehouse, queries: QueryLibrary) -> AfterApplied:
    """Keeps the journal's head in the warehouse after a write, over the write's own session: no second login."""
    from gcms_tui.operations.writing.anchoring import WarehouseAnchors

    def anchor(session: WriteSession) -> str:
        try:
            store_id = store.journal.store_id()
            anchors = WarehouseAnchors(
                Schema.parse(settings.schemas.ops), store_id, warehouse=warehouse, queries=queries, access=None
            )
            anchors.add_over(session, store.journal.anchor_now())
        except GcmsError as error:
            return f"the journal's head is not kept in the warehouse: {error.message}"
        return ""

    return anchor
