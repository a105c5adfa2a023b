"""The journal's head in the warehouse: a second place, where whoever edits the journal cannot reach as easily."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from gcms_tui.core.conclusion import whole
from gcms_tui.core.errors import MissingRelation
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Relation, Schema
from gcms_tui.core.writing.journal import Anchor
from gcms_tui.operations.ports import QueryLibrary, Warehouse
from gcms_tui.operations.writing.ports import WriteAccess

TABLE = "JOURNAL_ANCHOR"


class WarehouseAnchors:
    """The table in the console's own schema. Blocking I/O.

    Only ever added to: by the heads of the past, an end that was cut off and written anew is found.
    """

    def __init__(
        self, schema: Schema, store_id: str, *, warehouse: Warehouse, queries: QueryLibrary, access: WriteAccess | None
    ) -> None:
        """`access` is None where nothing may be written."""
        self._schema = schema
        self._relation = Relation(schema.name, TABLE, schema.database)
        self._store_id = store_id
        self._warehouse = warehouse
        self._queries = queries
        self._access = access

    @property
    def writable(self) -> bool:
        return self._access is not None

    def known(self) -> tuple[Anchor, ...]:
        """Those that the warehouse holds of this journal; none where it has no such table. Raises `GcmsError`."""
        asked = self._queries.get("journal_anchors").render({"anchors": self._relation}, {"store_id": self._store_id})
        try:
            rows = self._warehouse.read(asked).records()
        except MissingRelation:
            return ()
        return tuple(
            Anchor(
                whole(row["entry_count"]), str(row["head"]), str(row["anchored_at"]), f"{self._relation} in Snowflake"
            )
            for row in rows
        )

    def add(self, anchor: Anchor) -> None:
        """Raises `GcmsError`, which loses nothing: the anchor file has it too."""
        assert self._access is not None
        session = self._access.open(f"anchor-{anchor.count}")
        names = {"anchors": self._relation}
        values: dict[str, Scalar] = {
            "store_id": self._store_id,
            "entry_count": anchor.count,
            "head": anchor.head,
            "anchored_at": datetime.fromisoformat(anchor.at).astimezone(UTC),
        }
        try:
            for statement in (
                self._queries.get("create_schema").render({"backup_schema": self._schema}),
                self._queries.get("create_journal_anchors").render(names),
                self._queries.get("insert_journal_anchor").render(names, values),
            ):
                session.run(statement, str(uuid.uuid4()))
        finally:
            session.close()
