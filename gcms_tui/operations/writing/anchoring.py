"""The journal's head in the warehouse: a second place, where whoever edits the journal cannot reach as easily."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from gcms_tui.core.conclusion import whole
from gcms_tui.core.errors import MissingRelation, StatementFailed
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Relation, Schema
from gcms_tui.core.writing.journal import Anchor
from gcms_tui.operations.ports import QueryLibrary, Warehouse
from gcms_tui.operations.writing.ports import WriteAccess, WriteSession

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
    def place(self) -> str:
        """As a person knows it."""
        return f"{self._relation} in Snowflake"

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
        try:
            return tuple(
                Anchor(whole(row["entry_count"]), str(row["head"]), str(row["anchored_at"]), self.place) for row in rows
            )
        except ValueError as error:
            raise StatementFailed(
                "The warehouse's anchors cannot be read",
                f"{self.place} holds what the console does not write: {error}.",
                "Find out who wrote to it.",
            ) from None

    def add(self, anchor: Anchor) -> None:
        """Over a login of its own. Raises `GcmsError`, which loses nothing: the anchor file has it too."""
        assert self._access is not None
        session = self._access.open(f"anchor-{anchor.count}")
        try:
            self.add_over(session, anchor)
        finally:
            session.close()

    def add_over(self, session: WriteSession, anchor: Anchor) -> None:
        """Over a session that has no transaction open. Raises as `add`."""
        values: dict[str, Scalar] = {
            "store_id": self._store_id,
            "entry_count": anchor.count,
            "head": anchor.head,
            "anchored_at": datetime.fromisoformat(anchor.at).astimezone(UTC),
        }
        names = {"anchors": self._relation}
        insert = self._queries.get("insert_journal_anchor").render(names, values)
        try:
            session.run(insert, str(uuid.uuid4()))
        except MissingRelation:
            for made in (
                self._queries.get("create_schema").render({"backup_schema": self._schema}),
                self._queries.get("create_journal_anchors").render(names),
                insert,
            ):
                session.run(made, str(uuid.uuid4()))
