"""One SCD2 key, and what there is around it to look for its cause in; in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gcms_tui.core.dbt_log import Invocation, NodeOutcome
from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import ArtifactError
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.finding import Scalar
from gcms_tui.core.project_changes import Changes, Commit
from gcms_tui.core.run import Run
from gcms_tui.core.scd2.version import Version
from gcms_tui.operations.scd2.browse import Scd2Browser
from gcms_tui.operations.scd2.cause import Causes
from gcms_tui.operations.scd2.corrections import Corrections
from gcms_tui.operations.scd2.tables import Scd2Tables
from tests.operations.memory import HOUR, NOW, Clock, MemoryDbt, MemoryWarehouse, Row, ShippedQueries, settings
from tests.operations.memory_book import MemoryBook
from tests.operations.memory_runs import ran
from tests.operations.run_memory import MemoryJournal

TABLE, KEY = "br_t0_scd2", "33-'100%-\U0001f3bb"
MODEL = "model.gcms.br_t0_scd2"
WRITTEN = NOW - HOUR
MOMENT = f"{WRITTEN:%Y-%m-%d %H:%M:%S}.000000000"
MINUTE = timedelta(minutes=1)
MANIFEST = Manifest(
    "manifest.json",
    "v12",
    {MODEL: Node(MODEL, "model", TABLE, TABLE, relation_name="BRONZE.BR_T0_SCD2", files=("models/t0.sql", "t0.yml"))},
)


@dataclass
class Known:
    """A history of runs that is told."""

    told: tuple[tuple[Run, Invocation], ...] = ()
    the_manifest: Manifest | ArtifactError = MANIFEST
    error: Unavailable | None = None

    def known(self) -> tuple[tuple[Run, Invocation], ...]:
        if self.error is not None:
            raise self.error
        return self.told

    def manifest(self) -> Manifest:
        if isinstance(self.the_manifest, ArtifactError):
            raise self.the_manifest
        return self.the_manifest

    def notes(self) -> tuple[str, ...]:
        return ("one file could not be read",)


@dataclass
class Git:
    """Answers with one commit, and remembers what it was asked."""

    asked: list[tuple[datetime, tuple[str, ...]]] = field(default_factory=list)

    def since(self, moment: datetime, files: Sequence[str]) -> Changes:
        self.asked.append((moment, tuple(files)))
        commit = Commit("1f2e", NOW, "Anna", "Change it", ("models/t0.sql",))
        return Changes(moment, tuple(files), (commit,), commands=(("git", "log", "--", "a b"),))


@dataclass
class Scene:
    """Everything around one key with two current versions, written in the same second."""

    warehouse: MemoryWarehouse = field(default_factory=MemoryWarehouse)
    known: Known = field(default_factory=Known)
    git: Git = field(default_factory=Git)
    book: MemoryBook = field(default_factory=MemoryBook)

    def __post_init__(self) -> None:
        self.warehouse.on("table_columns", ({"column_name": "NATURAL_KEY", "data_type": "TEXT"},))
        self.versions(row("a"), row("b"), row("old", current=False, inserted_at="2025-01-01 05:10:00.000000000"))
        self.warehouse.on("dbt_query_history", ())

    def versions(self, *rows: Row) -> None:
        self.warehouse.on("scd2_key_versions", tuple(rows))

    def causes(self, read_only_reason: str = "") -> Causes:
        tables, queries = self._tables(), ShippedQueries()
        browser = Scd2Browser(tables, self.warehouse, queries, MemoryJournal())
        return Causes(
            tables, browser, self.warehouse, queries, runs=self.known, changes=self.git, journal=self.book,
            clock=Clock(), read_only_reason=read_only_reason,
        )  # fmt: skip

    def corrections(self, read_only_reason: str = "") -> Corrections:
        return Corrections(
            self._tables(), self.warehouse, ShippedQueries(), journal=self.book, clock=Clock(),
            read_only_reason=read_only_reason,
        )  # fmt: skip

    def _tables(self) -> Scd2Tables:
        return Scd2Tables(settings(), MemoryDbt(), self.warehouse, ShippedQueries())


def row(scd_id: str, *, current: bool = True, inserted_at: str | None = MOMENT) -> dict[str, Scalar]:
    named = Version(scd_id, MOMENT, None if current else MOMENT, current, MOMENT, inserted_at).row.as_dict()
    return {**named, "natural_key": KEY}


def building(number: int, *, begins: timedelta = timedelta(), took: timedelta = MINUTE) -> tuple[Run, Invocation]:
    run = ran(number, "build", age=NOW - WRITTEN - begins, took=took)
    began = run.record.started_at
    built = (NodeOutcome("success", MODEL, "model"),)
    return run, Invocation(f"ours-{number}", began, True, began + took, "build", "prod", True, built)
