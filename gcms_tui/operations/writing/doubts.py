"""Writes and syncs in doubt: an intent without an outcome, settled by looking and never by guessing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol

from gcms_tui.core.errors import ConfigError, GcmsError, MissingRelation, Refused, UsageError
from gcms_tui.core.pipeline.syncs import ASKED, OpenSync, read_asked
from gcms_tui.core.pipeline.syncs import LEASES as SYNC_LEASES
from gcms_tui.core.pipeline.syncs import SETTLED as SYNC_SETTLED
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.writing.doubt import (
    Settlement,
    Traced,
    Verdict,
    intent_of,
    rows_left,
    settle_clone,
    settle_return,
    settle_rows,
    settle_unread,
)
from gcms_tui.core.writing.journal import INTENT, SETTLED, Entry
from gcms_tui.core.writing.plan import Plan, PlanKind, rows_of
from gcms_tui.core.writing.plan_json import row_document
from gcms_tui.operations.pipeline.asked import AskedSyncs, unanswered_requests
from gcms_tui.operations.ports import QueryLibrary, Warehouse
from gcms_tui.operations.writing.guarded_write import BACKUP_OF, LEASES, lease_of
from gcms_tui.operations.writing.ports import JournalBook, Leases, PlanShelf

_EARLIER = timedelta(minutes=5)
"""The warehouse's clock may be behind ours."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One write in doubt, or one sync: nobody knows what became of either."""

    write_id: str
    entry: Entry
    """The intent."""
    intent: dict[str, Any]
    """What all kinds of them tell; a sync has neither plan nor table."""
    under_way: bool = False
    """Its lease is alive: somebody is at it just now."""
    sync: OpenSync | None = None
    """What Airbyte was asked for, where that is what is in doubt."""

    @property
    def readable(self) -> bool:
        """False where somebody edited the intent so that it no longer says what was to be written."""
        return _UNREAD not in (self.intent[name] for name in _SAID)

    @property
    def lease(self) -> str:
        """The name of the one that it was written, or asked for, under."""
        if self.sync is not None:
            return self.sync.lease
        return lease_of(str(self.intent["target"]), str(self.intent["table"]))

    @property
    def words(self) -> str:
        """`repair of 1-5-1 in bronze.br_attendance_scd2`."""
        if not self.readable:
            return f"a {'sync' if self.entry.kind == ASKED else 'write'} whose intent cannot be read"
        kind, key, table = (self.intent[name] for name in ("kind", "key", "table"))
        return f"{kind} of {key}" if table in (key, None) else f"{kind} of {key} in {table}"

    @property
    def told_by(self) -> str:
        """What is looked at."""
        return "the rows and the query history" if self.entry.kind == INTENT else "the jobs that Airbyte lists"


def open_doubts(journal: JournalBook, leases: Leases) -> tuple[Doubt, ...]:
    """Oldest first; of every target, as the store alone knows them. Raises `GcmsError`."""
    entries = sorted((*journal.open_intents(), *unanswered_requests(journal)), key=lambda entry: entry.sequence)
    # After the entries: a lease is older than the intent it is held for.
    alive = {holder.name for prefix in (LEASES, SYNC_LEASES) for holder in leases.held(prefix)}
    found = [_doubt(entry) for entry in entries]
    return tuple(replace(doubt, under_way=doubt.lease in alive) for doubt in found)


def _doubt(entry: Entry) -> Doubt:
    if entry.kind != ASKED:
        return Doubt(entry.subject, entry, _read(entry))
    sync = read_asked(entry)
    if sync is None:
        return Doubt(entry.subject, entry, dict.fromkeys(_SAID, _UNREAD))
    nothing = {"plan": None, "table": None, "query_tag": None}
    intent = {**nothing, "kind": "sync", "target": sync.target, "key": sync.name, "reason": entry.said.get("reason")}
    return Doubt(entry.subject, entry, intent, sync=sync)


def _read(entry: Entry) -> dict[str, Any]:
    """Never raises: an intent that somebody edited must not hide the others."""
    try:
        intent = intent_of(entry)
    except ValueError:
        intent = {}
    return {**dict.fromkeys(_SAID, _UNREAD), **intent}


_SAID = ("plan", "kind", "target", "table", "key", "query_tag")
_UNREAD = "(cannot be read)"
_UNDER_WAY = Settlement(Verdict.RUNNING, ("its lease is alive: whoever holds it has not ended",))
_CLOSED_BY = {INTENT: SETTLED, ASKED: SYNC_SETTLED}


class Reader(Protocol):
    """Postgres, for the kinds of writes that go there."""

    def read(self, statement: Statement) -> Answer: ...


_ELSEWHERE = frozenset({PlanKind.MARK_PAID})
"""Kinds that the warehouse knows nothing of."""


class Doubts:
    """Reading is free to all; `settle` writes into the journal and is for whoever may write. Blocking I/O."""

    def __init__(
        self,
        target: str,
        *,
        journal: JournalBook,
        plans: PlanShelf,
        leases: Leases,
        warehouse: Warehouse,
        queries: QueryLibrary,
        readers: Mapping[PlanKind, Reader] = MappingProxyType({}),
        syncs: AskedSyncs | None = None,
        read_only_reason: str = "",
    ) -> None:
        """`readers`: whom to ask about the kinds of plans that are not carried out in the warehouse; `syncs`: about
        those that Airbyte was asked for."""
        self._target = target
        self._journal = journal
        self._plans = plans
        self._leases = leases
        self._warehouse = warehouse
        self._queries = queries
        self._readers = readers
        self._syncs = syncs
        self._read_only_reason = read_only_reason

    def open(self) -> tuple[Doubt, ...]:
        """See `open_doubts`."""
        return open_doubts(self._journal, self._leases)

    def look(self, write_id: str) -> Settlement:
        """What became of it, by whatever tells of its kind; nothing is written down. Raises `GcmsError`."""
        doubt = self._doubt(write_id)
        return _UNDER_WAY if doubt.under_way else self._looked(doubt)

    def settle(self, write_id: str) -> Settlement:
        """Look, and write what was found into the journal, unless it is still under way.

        That is done under the write's own lease: whoever slept in the middle of it finds the lease lost, and cannot go
        on to COMMIT what has been settled. Raises `Refused` where nothing may be written, `GcmsError` where it cannot
        be looked at.
        """
        if self._read_only_reason:
            raise Refused("Not settled", f"Nothing may be written here: {self._read_only_reason}.", guard="read_only")
        doubt = self._doubt(write_id)
        try:
            lease = self._leases.take(doubt.lease, f"settling {write_id}")
        except Refused:
            return _UNDER_WAY
        try:
            return self._settled(self._doubt(write_id))  # it may have ended before the lease was free
        finally:
            with suppress(GcmsError):  # a lease that cannot be given back dies by itself
                lease.release()

    def _settled(self, doubt: Doubt) -> Settlement:
        if doubt.sync is not None:
            return self._required_syncs(doubt.sync).settle(doubt.sync)
        found = self._looked(doubt)
        if found.verdict is not Verdict.RUNNING:
            said: dict[str, Any] = {"verdict": found.verdict.value, "evidence": list(found.evidence)}
            if found.verdict is Verdict.APPLIED:
                said["after"] = [row_document(row) for row in found.rows]
            self._journal.append_once(_CLOSED_BY[doubt.entry.kind], doubt.write_id, said)
        return found

    def _required_syncs(self, sync: OpenSync) -> AskedSyncs:
        if self._syncs is None:
            asked = f"{sync.name} was asked of Airbyte at {sync.where}, and none can be asked from here."
            raise ConfigError("Nobody to ask", asked, f"Look at its jobs there, or ask {sync.by}.")
        return self._syncs

    def _doubt(self, write_id: str) -> Doubt:
        """Raises `UsageError` where it is none, `Refused` where it is of another target."""
        doubt = next((doubt for doubt in self.open() if doubt.write_id == write_id), None)
        if doubt is None:
            raise UsageError("Not in doubt", f"{write_id!r} is nothing that is in doubt.", "gcms-tui journal doubts")
        if doubt.readable and doubt.intent["target"] != self._target:
            raise Refused(
                "Another target",
                f"{write_id} was on {doubt.intent['target']}, and this console looks at {self._target}.",
                f"gcms-tui --target {doubt.intent['target']} journal doubts --settle",
                guard="target",
            )
        return doubt

    def _looked(self, doubt: Doubt) -> Settlement:
        if not doubt.readable:
            edited = "its intent cannot be read: somebody edited the journal, gcms-tui journal verify tells more"
            return Settlement(Verdict.LOOK, (edited,))
        if doubt.sync is not None:
            return self._required_syncs(doubt.sync).look(doubt.sync)
        plan = self._plan(doubt)
        if plan.kind in _ELSEWHERE:
            return self._looked_elsewhere(doubt, plan)
        traced = self._traced(doubt)
        if plan.look is None:
            counts, returns = self._counts(plan), plan.kind is PlanKind.RESTORE
            return settle_return(plan, counts, traced) if returns else settle_clone(counts, traced)
        try:
            rows = rows_of(self._warehouse.read(plan.look), plan.named, plan.written)
        except MissingRelation as error:
            if plan.kind is not PlanKind.RESTORE:
                raise
            return settle_unread(plan, error.message, backed_up=self._backed_up(doubt, plan), traced=traced)
        return settle_rows(plan, rows, traced)

    def _backed_up(self, doubt: Doubt, plan: Plan) -> bool | None:
        """Whether the clone that comes first is known to have been made; None where it is there."""
        if plan.backup is None or self._counts(plan.backup) is not None:
            return None
        try:
            return rows_left(self._journal.about(f"{BACKUP_OF}{doubt.write_id}")) is not None
        except (UsageError, AttributeError, KeyError, TypeError, ValueError):
            return False

    def _looked_elsewhere(self, doubt: Doubt, plan: Plan) -> Settlement:
        """Postgres tells of no statement that has ended. While the write's session is there, a COMMIT may still be on
        its way; once it has gone, nothing of it comes any more, and what the rows say is final."""
        reader = self._readers.get(plan.kind)
        if reader is None or plan.look is None:
            raise ConfigError("Nobody to ask", f"{doubt.words} went to Supabase, and none is configured here.")
        sessions = reader.read(
            self._queries.get("sessions_by_name").render({}, {"application_name": doubt.intent["query_tag"]})
        )
        traced = Traced(unseen="Postgres keeps none; no session of the write is left there")
        if sessions.rows:
            traced = Traced([{"query_text": "SESSION", "execution_status": "RUNNING"}])
        return settle_rows(plan, rows_of(reader.read(plan.look), plan.named, plan.written), traced)

    def _plan(self, doubt: Doubt) -> Plan:
        plan_id = doubt.intent["plan"]
        try:
            return self._plans.get(plan_id).plan
        except UsageError:
            # The plan of a backup is kept inside the plan of the write that it was for.
            parent = self._journal.about(doubt.write_id.removeprefix(BACKUP_OF))
            outer = next((_read(entry) for entry in parent if entry.kind == INTENT), {})
            plan = self._plans.get(outer["plan"]).plan.backup if outer else None
            if plan is None or plan.plan_id != plan_id:
                raise
            return plan

    def _traced(self, doubt: Doubt) -> Traced:
        since = datetime.fromisoformat(doubt.entry.at) - _EARLIER
        asked = self._queries.get("query_history_by_tag").render(
            {}, {"query_tag": doubt.intent["query_tag"], "since": since}
        )
        try:
            answer = self._warehouse.read(asked)
        except GcmsError as error:
            return Traced(unseen=f"cannot be read ({error.message[:200]})")
        rows = answer.records()
        return Traced(rows) if rows else Traced(unseen="none of its statements is visible to this role")

    def _counts(self, plan: Plan) -> tuple[object, ...] | None:
        """What its statements answer, None for what is not there; None where that is what it makes."""
        counts = tuple(self._count(statement) for statement in plan.alike)
        return None if counts[-1] is None else counts

    def _count(self, statement: Statement) -> object:
        try:
            return self._warehouse.read(statement).rows[0][0]
        except MissingRelation:
            return None
