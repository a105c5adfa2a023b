"""How the pipeline stands: Airbyte's connections, Supabase, and table by table where the data stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from gcms_tui.core.conclusion import Conclusion, counted, unknown
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.pipeline.airbyte import Connection, SyncJob, judge_connection, running
from gcms_tui.core.pipeline.syncs import OpenSync
from gcms_tui.core.pipeline.trail import Side, Stopped, Trail, where_it_stopped
from gcms_tui.core.settings import Settings, SourceSettings
from gcms_tui.core.verdict import Verdict, worst
from gcms_tui.operations.payroll.ports import SupabaseReader
from gcms_tui.operations.pipeline.asked import syncs_in_doubt
from gcms_tui.operations.pipeline.ports import Airbyte, SupabaseSeen, SupabaseVisit
from gcms_tui.operations.pipeline.tables import TableReader, WatchedTable, watched_tables
from gcms_tui.operations.ports import Clock, DbtProject, QueryLibrary, Warehouse
from gcms_tui.operations.questions import DbtFiles
from gcms_tui.operations.writing.ports import JournalBook

_JOBS = 30
_AT_ONCE = 8
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    connection: Connection
    jobs: tuple[SyncJob, ...]
    """Newest first; none where they could not be asked for, which the conclusion says."""
    conclusion: Conclusion

    @property
    def running(self) -> SyncJob | None:
        return running(self.jobs)


@dataclass(frozen=True, slots=True)
class TableStatus:
    """One table's way."""

    table: WatchedTable
    connection: Connection | None
    """The one that has it as a stream; None where none does, or where Airbyte could not be asked."""
    trail: Trail
    stopped: Stopped


@dataclass(frozen=True, slots=True)
class PipelineReport:
    target: str
    taken_at: datetime
    airbyte: Conclusion
    supabase: Conclusion
    connections: tuple[ConnectionStatus, ...]
    tables: tuple[TableStatus, ...]
    in_doubt: tuple[OpenSync, ...] | str
    """Syncs that were asked for here, and of which nobody knows what became; why, where the journal cannot be read."""

    @property
    def verdict(self) -> Verdict:
        """The worst of all; a sync in doubt is not known."""
        doubt = Verdict.UNKNOWN if self.in_doubt else Verdict.OK
        parts = (item.conclusion.verdict for item in self.connections)
        ways = (item.stopped.verdict for item in self.tables)
        return worst((self.airbyte.verdict, self.supabase.verdict, doubt, *parts, *ways))


class Pipeline:
    """Reads only, everything side by side; what cannot be asked is UNKNOWN by itself. Blocking I/O."""

    def __init__(
        self,
        settings: Settings,
        target: str,
        *,
        airbyte: Airbyte,
        visit: SupabaseVisit,
        supabase: SupabaseReader,
        warehouse: Warehouse,
        project: DbtProject,
        queries: QueryLibrary,
        journal: JournalBook,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._target = target
        self._airbyte = airbyte
        self._visit = visit
        self._supabase = supabase
        self._warehouse = warehouse
        self._project = project
        self._queries = queries
        self._journal = journal
        self._clock = clock

    def status(self) -> PipelineReport:
        """Never raises a `GcmsError`."""
        reader = TableReader(self._settings, self._supabase, self._warehouse, self._queries, DbtFiles(self._project))
        pool = ThreadPoolExecutor(_AT_ONCE, "pipeline")
        try:
            visit = pool.submit(_tried, self._visit)
            doubts = pool.submit(_tried, lambda: syncs_in_doubt(self._journal, self._target))
            asked = pool.submit(_tried, self._airbyte.connections)
            # What gcms.toml names is on its way before Airbyte has said what else there is.
            begun = {table: self._begin(pool, reader, table) for table in watched_tables(self._settings, ())}
            connections = asked.result()
            known = connections if isinstance(connections, tuple) else ()
            jobs = {one.connection_id: pool.submit(self._jobs_of, one.connection_id) for one in known}
            tables = watched_tables(self._settings, known)
            sides = {table: begun.get(table.unlinked) or self._begin(pool, reader, table) for table in tables}
            listed = {name: future.result() for name, future in jobs.items()}
            now = self._clock()
            seen, in_doubt = visit.result(), doubts.result()
            return PipelineReport(
                self._target,
                now,
                self._reached(connections),
                _supabase(seen),
                tuple(self._connection(one, listed[one.connection_id], tables, now) for one in known),
                tuple(self._table(table, sides[table], listed, connections, now) for table in tables),
                _words(in_doubt) if isinstance(in_doubt, GcmsError) else in_doubt,
            )
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def _begin(pool: ThreadPoolExecutor, tables: TableReader, table: WatchedTable) -> _Sides:
        return _Sides(
            pool.submit(_tried, lambda: tables.in_supabase(table)),
            pool.submit(_tried, lambda: tables.landed(table)),
            pool.submit(_tried, lambda: tables.bronze(table)),
        )

    def _jobs_of(self, connection_id: str) -> tuple[SyncJob, ...] | GcmsError:
        return _tried(lambda: self._airbyte.jobs(connection_id, _JOBS))

    def _reached(self, connections: tuple[Connection, ...] | GcmsError) -> Conclusion:
        if isinstance(connections, GcmsError):
            return unknown(f"{connections.title}: {connections.message}", connections.next_step)
        if not connections:
            return unknown(f"{self._airbyte.where} shows no connection", _NO_CONNECTION)
        return Conclusion(Verdict.OK, f"{self._airbyte.where} answers: {counted(len(connections), 'connection')}")

    def _connection(
        self,
        connection: Connection,
        jobs: tuple[SyncJob, ...] | GcmsError,
        tables: Iterable[WatchedTable],
        now: datetime,
    ) -> ConnectionStatus:
        if isinstance(jobs, GcmsError):
            told = unknown(f"its jobs cannot be listed: {jobs.message}", jobs.next_step)
            return ConnectionStatus(connection, (), told)
        sources = [item.source for item in tables if item.connection == connection and item.source is not None]
        limits = _strictest(sources)
        return ConnectionStatus(connection, jobs, judge_connection(connection, jobs, now, *limits))

    def _table(
        self,
        table: WatchedTable,
        sides: _Sides,
        listed: Mapping[str, tuple[SyncJob, ...] | GcmsError],
        connections: tuple[Connection, ...] | GcmsError,
        now: datetime,
    ) -> TableStatus:
        jobs: tuple[SyncJob, ...] | str
        if isinstance(connections, GcmsError):
            jobs = connections.title
        elif table.connection is None:
            jobs = "no connection that Airbyte shows has it as a stream"
        else:
            found = listed[table.connection.connection_id]
            jobs = found.title if isinstance(found, GcmsError) else found
        source, landed, bronze = sides.source.result(), sides.landed.result(), sides.bronze.result()
        trail = Trail(
            str(table.landed),
            _words(source) if isinstance(source, GcmsError) else source,
            _words(landed) if isinstance(landed, GcmsError) else landed,
            _words(bronze) if isinstance(bronze, GcmsError) else bronze,
            jobs,
        )
        known = table.source or SourceSettings(table=table.landed)
        stopped = where_it_stopped(trail, now, known.warn_after_h, known.fail_after_h)
        return TableStatus(table, table.connection, trail, stopped)


@dataclass(frozen=True, slots=True)
class _Sides:
    """What is on its way of one table."""

    source: Future[Side | GcmsError]
    landed: Future[Side | GcmsError]
    bronze: Future[Side | str | None | GcmsError]


def _tried(ask: Callable[[], T]) -> T | GcmsError:
    try:
        return ask()
    except GcmsError as error:
        return error


def _words(error: GcmsError) -> str:
    return f"{error.title}: {error.message}"


def _strictest(sources: Sequence[SourceSettings]) -> tuple[float, float] | tuple[None, None]:
    if not sources:
        return None, None
    return min(source.warn_after_h for source in sources), min(source.fail_after_h for source in sources)


def _supabase(seen: SupabaseSeen | GcmsError) -> Conclusion:
    if isinstance(seen, GcmsError):
        return unknown(f"{seen.title}: {seen.message}", seen.next_step)
    told = f"{seen.user} on {seen.database} at {seen.host}, Postgres {seen.version}, {seen.encryption}"
    if not seen.read_only:
        return Conclusion(Verdict.WARN, f"{told}; the session is not read-only", next_step=_POOLER)
    return Conclusion(Verdict.OK, told)


_POOLER = "The pooler ignores session settings: use the session pooler (port 5432)."
_NO_CONNECTION = "See that the application may see the workspace, and workspace_id under [airbyte]."
