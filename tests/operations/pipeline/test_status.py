"""The pipeline's status: everything side by side, and each part unknown by itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import ArtifactError
from gcms_tui.core.errors import ConfigError, GcmsError, StatementFailed, Unavailable
from gcms_tui.core.identifier import Relation
from gcms_tui.core.pipeline.syncs import ASKED
from gcms_tui.core.pipeline.trail import Side, Stop
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.settings import Settings, SourceSettings
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.pipeline.status import Pipeline, PipelineReport, TableStatus
from gcms_tui.operations.pipeline.tables import watched_tables
from tests.operations.memory import HOUR, NOW, Clock, MemoryDbt, MemoryWarehouse, ShippedQueries
from tests.operations.memory_book import MemoryBook
from tests.operations.pipeline.memory_airbyte import PAYROLL, REFERENCE, MemoryAirbyte, a_job

CHANGED = NOW - 90 * HOUR
SETTINGS = Settings(
    sources=(
        SourceSettings(table=Relation("RAW", "SUPABASE_INSTRUMENT")),
        SourceSettings(table=Relation("RAW", "SUPABASE_PAYMENT"), fail_after_h=30.0),
    )
)


@dataclass(frozen=True)
class Visited:
    host: str = "db.example"
    database: str = "postgres"
    user: str = "reader"
    version: str = "17.1"
    encryption: str = "TLS (verify-full)"
    read_only: bool = True


def sides(source: timedelta, loaded: timedelta, rows: int = 16) -> tuple[dict[str, object], ...]:
    return ({"row_count": rows, "last_update": NOW - source, "last_load": NOW - loaded},)


@dataclass
class Scene:
    airbyte: MemoryAirbyte = field(default_factory=MemoryAirbyte)
    warehouse: MemoryWarehouse = field(default_factory=MemoryWarehouse)
    dbt: MemoryDbt = field(default_factory=MemoryDbt)
    journal: MemoryBook = field(default_factory=MemoryBook)
    visited: Visited | GcmsError = field(default_factory=Visited)
    supabase: dict[str, GcmsError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        columns = tuple({"column_name": name, "data_type": ""} for name in ("updated_at", "_AIRBYTE_EXTRACTED_AT"))
        self.warehouse.on("table_columns", columns)
        self.warehouse.on("newest_rows", sides(90 * HOUR, 3 * HOUR))  # type: ignore[arg-type]
        self.dbt.the_manifest = Manifest(
            "target/manifest.json",
            "v12",
            {
                "model.g.br": Node("model.g.br", "model", "br", "br", depends_on=("source.g.i",), relation_name="B.BR"),
                "model.g.eph": Node("model.g.eph", "model", "eph", "eph", depends_on=("source.g.i",)),
                "model.g.old": Node(
                    "model.g.old", "model", "old", "old", depends_on=("model.g.eph",), relation_name="B.BR_OLD"
                ),
                "test.g.t": Node("test.g.t", "test", "t", "t", depends_on=("source.g.i",), relation_name="B.TEST"),
            },
            sources={
                "source.g.i": Node(
                    "source.g.i", "source", "instrument", "instrument", relation_name="RAW.SUPABASE_INSTRUMENT"
                )
            },
        )

    def read(self, statement: Statement) -> Answer:
        """Supabase's side."""
        self.asked.append(statement.sql)
        for table, error in self.supabase.items():
            if table in statement.sql:
                raise error
        return Answer(("row_count", "last_update", "last_insert"), ((16, CHANGED, CHANGED),), None, NOW, 1)

    def visit(self) -> Visited:
        if isinstance(self.visited, GcmsError):
            raise self.visited
        return self.visited

    def status(self, settings: Settings = SETTINGS) -> PipelineReport:
        pipeline = Pipeline(
            settings,
            "prod",
            airbyte=self.airbyte,
            visit=self.visit,
            supabase=self,
            warehouse=self.warehouse,
            project=self.dbt,
            queries=ShippedQueries(),
            journal=self.journal,
            clock=Clock(),
        )
        return pipeline.status()


def table_of(report: PipelineReport, name: str) -> TableStatus:
    return next(item for item in report.tables if item.table.stream == name)


def test_every_stream_is_there_once_with_its_connection_and_its_limits() -> None:
    found = watched_tables(SETTINGS, (PAYROLL, REFERENCE))
    assert [(str(item.landed), item.stream, item.connection) for item in found] == [
        ("raw.supabase_instrument", "instrument", REFERENCE),
        ("raw.supabase_payment", "payment", PAYROLL),
        ("raw.supabase_attendance", "attendance", PAYROLL),
    ]
    assert [item.source is None for item in found] == [False, False, True]
    off = replace(REFERENCE, connection_id="c-0", status="inactive")
    assert watched_tables(SETTINGS, (off, REFERENCE))[0].connection is REFERENCE
    assert watched_tables(SETTINGS, ())[0].stream == "instrument"


@pytest.mark.covers("E3 1", "E3 3")
def test_the_stale_source_leads_to_its_failed_connection() -> None:
    scene = Scene()
    scene.warehouse.on("newest_rows", sides(92 * HOUR, 61 * HOUR), "SUPABASE_INSTRUMENT")  # type: ignore[arg-type]
    report = scene.status()
    stale = table_of(report, "instrument")
    assert (stale.stopped.where, stale.stopped.verdict, stale.connection) == (Stop.AIRBYTE, Verdict.FAIL, REFERENCE)
    assert {item.connection.name: item.conclusion.verdict for item in report.connections} == {
        PAYROLL.name: Verdict.OK,
        REFERENCE.name: Verdict.FAIL,
    }
    assert table_of(report, "payment").stopped.verdict is Verdict.OK
    assert (report.airbyte.verdict, report.supabase.verdict, report.verdict) == (Verdict.OK, Verdict.OK, Verdict.FAIL)
    assert "TLS (verify-full)" in report.supabase.summary
    assert any('"public"."instrument"' in sql for sql in scene.asked)
    assert len(scene.asked) == 3, "each table once"


def test_the_oldest_of_the_models_that_read_it_tells_whether_dbt_has_built() -> None:
    scene = Scene()
    scene.airbyte.turn(11, "succeeded")
    assert table_of(scene.status(), "instrument").stopped.where is Stop.SOURCE
    scene.warehouse.on("newest_rows", sides(90 * HOUR, 30 * HOUR), "BR_OLD")  # type: ignore[arg-type]
    found = table_of(scene.status(), "instrument")
    assert (found.stopped.where, isinstance(found.trail.bronze, Side)) == (Stop.DBT, True)
    assert not any('"TEST"' in statement.sql for statement in scene.warehouse.asked)
    assert table_of(scene.status(), "payment").trail.bronze is None


@pytest.mark.parametrize("error", [Unavailable("Down", "refused", "Look."), ConfigError("None", "none", "Do.")])
def test_without_airbyte_the_rest_still_answers(error: GcmsError) -> None:
    scene = Scene()
    scene.airbyte.fails("connections", error)
    report = scene.status()
    assert (report.airbyte.verdict, report.airbyte.next_step) == (Verdict.UNKNOWN, error.next_step)
    assert (report.connections, report.verdict) == ((), Verdict.UNKNOWN)
    assert [item.stopped.where for item in report.tables] == [Stop.SOURCE, Stop.SOURCE]
    scene.warehouse.on("newest_rows", sides(99 * HOUR, 3 * HOUR))  # type: ignore[arg-type]
    assert {item.stopped.where for item in scene.status().tables} == {Stop.UNKNOWN}


def test_what_cannot_be_asked_is_unknown_by_itself() -> None:
    scene = Scene(visited=Unavailable("Supabase cannot be reached", "no route", "Use the session pooler."))
    scene.supabase["instrument"] = Unavailable("Down", "no route")
    scene.warehouse.on("newest_rows", StatementFailed("No", "not granted"), "SUPABASE_PAYMENT")
    scene.airbyte.fails("jobs", Unavailable("Slow", "no answer"))
    report = scene.status()
    assert (report.supabase.verdict, report.supabase.next_step) == (Verdict.UNKNOWN, "Use the session pooler.")
    assert {item.conclusion.verdict for item in report.connections} == {Verdict.UNKNOWN}
    assert "no route" in table_of(report, "instrument").stopped.words
    assert "not granted" in table_of(report, "payment").stopped.words
    assert table_of(report, "attendance").stopped.verdict is Verdict.OK


@pytest.mark.covers("E3 2", "E3 3")
def test_a_pooler_that_keeps_no_session_and_a_table_that_is_not_there_are_said() -> None:
    scene = Scene(visited=Visited(read_only=False))
    scene.warehouse.on("table_columns", (), "")
    scene.dbt.the_manifest = ArtifactError("No manifest", "there is none")
    report = scene.status()
    assert report.supabase.verdict is Verdict.WARN
    assert "does not exist" in table_of(report, "instrument").stopped.words
    assert table_of(report, "instrument").trail.bronze == "there is none"


def test_a_sync_in_doubt_makes_the_whole_unknown() -> None:
    scene = Scene(airbyte=MemoryAirbyte(held=[a_job(11, "succeeded"), a_job(10, "succeeded", PAYROLL)]))
    assert scene.status().verdict is Verdict.OK
    said = {"connection": "c-1", "name": "reference", "where": "airbyte.example", "before": 3}
    scene.journal.append(ASKED, "sync-1", {"target": "dev", **said})
    assert scene.status().verdict is Verdict.OK, "another target's"
    scene.journal.append(ASKED, "sync-2", {"target": "prod", **said})
    scene.journal.append(ASKED, "sync-3", {"target": "prod"})  # somebody edited it
    report = scene.status()
    assert report.verdict is Verdict.UNKNOWN
    assert not isinstance(report.in_doubt, str) and [item.sync_id for item in report.in_doubt] == ["sync-2"]
