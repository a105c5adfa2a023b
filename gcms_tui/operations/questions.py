"""What a check may ask during one pass: the warehouse, several statements at once, and dbt's files, each read once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gcms_tui.core.dbt_log import DbtLog
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import ArtifactError, RunResults
from gcms_tui.core.errors import StatementFailed
from gcms_tui.core.finding import Provenance, Scalar
from gcms_tui.core.identifier import Identifier
from gcms_tui.core.query import Answer, Statement
from gcms_tui.operations.ports import DbtProject, QueryLibrary, Warehouse

T = TypeVar("T")


class _Once(Generic[T]):
    """A value that the first who asks reads and the others wait for."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._result: T | ArtifactError | None = None

    def get(self) -> T | ArtifactError:
        with self._lock:
            if self._result is None:
                try:
                    self._result = self._read()
                except ArtifactError as error:
                    self._result = error
            return self._result

    @property
    def so_far(self) -> T | ArtifactError | None:
        """None where nobody has asked yet."""
        return self._result


class DbtFiles:
    """What dbt left on disk, as it stood when it was first asked for."""

    def __init__(self, project: DbtProject) -> None:
        self._results = _Once(project.run_results)
        self._manifest = _Once(project.manifest)
        self._log = _Once(project.log)
        self._project = project
        self._kept: dict[str, _Once[RunResults]] = {}
        self._lock = threading.Lock()

    def results(self) -> RunResults | ArtifactError:
        return self._results.get()

    def results_of(self, invocation_id: str) -> RunResults | ArtifactError:
        """Those of one invocation, wherever they are kept."""
        with self._lock:
            kept = self._kept.setdefault(invocation_id, _Once(lambda: self._project.results_of(invocation_id)))
        return kept.get()

    def manifest(self) -> Manifest | ArtifactError:
        return self._manifest.get()

    def log(self) -> DbtLog | ArtifactError:
        return self._log.get()

    def notes(self) -> tuple[str, ...]:
        """What to know of the files that were read: another dbt may mean something else by what it writes."""
        kept = [once.so_far for once in self._kept.values()]
        told = (
            f"{read.source} is of schema version {read.schema_version}, which this console does not know: read as it is"
            for read in (self._results.so_far, *kept, self._manifest.so_far)
            if isinstance(read, (RunResults, Manifest)) and read.unknown_version
        )
        return tuple(dict.fromkeys(told))


@dataclass(slots=True)
class Link:
    """The warehouse during one pass. Who asks what another has asked already shares its answer."""

    warehouse: Warehouse
    queries: QueryLibrary
    executor: Executor
    _asked: dict[Statement, Future[Answer]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, statement: Statement) -> Future[Answer]:
        with self._lock:
            if statement not in self._asked:
                self._asked[statement] = self.executor.submit(self.warehouse.read, statement)
            return self._asked[statement]


@dataclass(slots=True)
class Questions:
    """One check's access to the outside; remembers where its figures come from."""

    link: Link
    files: DbtFiles
    _origins: list[Provenance | tuple[Statement, Future[Answer]]] = field(default_factory=list)

    def start(
        self,
        query: str,
        identifiers: Mapping[str, Identifier] | None = None,
        values: Mapping[str, Scalar] | None = None,
    ) -> Future[Answer]:
        """Send one statement of the library; it runs beside the others."""
        statement = self.link.queries.get(query).render(identifiers, values)
        future = self.link.start(statement)
        self._origins.append((statement, future))
        return future

    def read_from(self, source: str) -> None:
        """Name a file that the figures come from."""
        self._origins.append(Provenance(source))

    def aside(self) -> Questions:
        """Access for what is only shown beside the figures: it leaves no trace in the provenance."""
        return Questions(self.link, self.files)

    def provenance(self) -> tuple[Provenance, ...]:
        return tuple(origin if isinstance(origin, Provenance) else _asked(*origin) for origin in self._origins)


def _asked(statement: Statement, future: Future[Answer]) -> Provenance:
    query_id = None
    if future.done() and not future.cancelled():
        error = future.exception()
        query_id = (
            future.result().query_id
            if error is None
            else error.query_id
            if isinstance(error, StatementFailed)
            else None
        )
    return Provenance(statement.source, statement.sql, statement.binds, query_id)
