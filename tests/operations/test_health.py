from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import ArtifactError, NodeResult
from gcms_tui.core.errors import (
    ConfigError,
    GcmsError,
    MissingRelation,
    StatementFailed,
    StatementTimeout,
    Unavailable,
    UsageError,
)
from gcms_tui.core.finding import Finding, HealthReport
from gcms_tui.core.query import Statement
from gcms_tui.core.settings import Settings
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.health import Health
from tests.operations.memory import (
    HEALTHY,
    NOW,
    Clock,
    MemoryDbt,
    MemoryHistory,
    MemoryLast,
    MemoryWarehouse,
    Row,
    ShippedQueries,
    settings,
)

DEADLINE_S = 30.0
NO_COLUMN = StatementFailed("Snowflake refused the query", "invalid identifier", "Look.", code=904, query_id="q-9")


@dataclass
class World:
    """A healthy platform, to be spoiled by each test in its own way."""

    settings: Settings = field(default_factory=settings)
    warehouse: MemoryWarehouse = field(default_factory=MemoryWarehouse)
    dbt: MemoryDbt = field(default_factory=MemoryDbt)
    history: MemoryHistory = field(default_factory=MemoryHistory)
    last: MemoryLast = field(default_factory=MemoryLast)
    target: str = "prod"

    def __post_init__(self) -> None:
        self.health = self.open()

    def open(self) -> Health:
        return Health(
            self.settings,
            self.target,
            self.warehouse,
            self.dbt,
            ShippedQueries(),
            Clock(),
            self.history,
            self.last,
        )

    def examine(self, *only: str, on_finding: Callable[[Finding], None] | None = None) -> HealthReport:
        return self.health.examine(only, on_finding)

    def verdicts(self, *only: str) -> dict[str, Verdict]:
        return {finding.name: finding.verdict for finding in self.examine(*only).findings}


@pytest.fixture
def world() -> World:
    return World()


ALL = (
    "dbt.last_run",
    "freshness.supabase_t0",
    "freshness.supabase_t1",
    "tests.gold",
    "fact.fct_musician_payment",
    "scd2.br_t0_scd2",
    "payroll.accuracy",
    "metric.run_success",
    "metric.test_pass",
    "metric.freshness",
    "metric.scd2",
    "metric.payroll_accuracy",
)


def one(report: HealthReport, name: str) -> Finding:
    finding = report.finding(name)
    assert finding is not None
    return finding


def test_a_healthy_platform_is_ok_all_over(world: World) -> None:
    report = world.examine()
    assert {finding.name: finding.verdict.name for finding in report.findings} == dict.fromkeys(ALL, "OK")
    assert tuple(finding.name for finding in report.findings) == world.health.names() == ALL
    assert (report.verdict, report.target, report.taken_at, report.notes) == (Verdict.OK, "prod", NOW, ())


def test_every_finding_says_where_it_comes_from_and_what_is_wanted(world: World) -> None:
    for finding in world.examine().findings:
        assert finding.summary
        assert finding.section
        assert finding.target
        assert finding.alert
        assert finding.taken_at == NOW
        assert finding.provenance, finding.name
    freshness = one(world.examine(), "freshness.supabase_t0")
    (origin,) = freshness.provenance
    assert origin.source == "queries/source_freshness.sql"
    assert '"RAW"."SUPABASE_T0"' in origin.statement
    assert origin.query_id
    assert freshness.value == 1.0


def test_all_statements_are_on_their_way_at_once(world: World) -> None:
    """Each waits for all the others to have been sent, so that one after the other would never end."""
    wanted = 7
    barrier = threading.Barrier(wanted)

    def reply(statement: Statement) -> None:
        barrier.wait(DEADLINE_S)

    world.warehouse.replies.append(reply)
    assert world.examine().verdict is Verdict.OK
    assert world.warehouse.most_at_once == wanted == len(world.warehouse.asked)


def test_no_more_statements_than_connections_run_at_once() -> None:
    narrow = settings(sources=9)
    world = World(replace(narrow, snowflake=replace(narrow.snowflake, connections=2)))
    assert world.examine().verdict is Verdict.OK
    assert world.warehouse.most_at_once <= 2


def test_one_that_fails_leaves_the_others_their_answers(world: World) -> None:
    world.warehouse.on("source_freshness", MissingRelation("A table is missing", "RAW.SUPABASE_T0", "Build it."), "T0")
    report = world.examine()
    missing = one(report, "freshness.supabase_t0")
    assert missing.verdict is Verdict.UNKNOWN
    assert missing.summary == "A table is missing: RAW.SUPABASE_T0"
    assert missing.next_step == "Build it."
    assert missing.provenance[0].statement
    unknown = {finding.name for finding in report.findings if finding.verdict is Verdict.UNKNOWN}
    assert unknown == {"freshness.supabase_t0", "metric.freshness"}


def test_findings_are_heard_as_they_come_and_a_slow_one_holds_up_no_other(world: World) -> None:
    others = {name for name in ALL if name not in ("payroll.accuracy", "metric.payroll_accuracy")}
    heard: list[str] = []
    others_done = threading.Event()

    def slow(statement: Statement) -> tuple[Row, ...]:
        assert others_done.wait(DEADLINE_S), "the others wait for the slow one"
        return HEALTHY["payroll_totals"]

    def hear(finding: Finding) -> None:
        heard.append(finding.name)
        if others <= set(heard):
            others_done.set()

    world.warehouse.on("payroll_totals", slow)
    assert world.examine(on_finding=hear).verdict is Verdict.OK
    assert heard[-2:] == ["payroll.accuracy", "metric.payroll_accuracy"]
    assert sorted(heard) == sorted(ALL)


def test_an_unreachable_warehouse_leaves_what_dbt_left_on_disk(world: World) -> None:
    def refuse(statement: Statement) -> tuple[Row, ...] | None:
        raise Unavailable("Snowflake cannot be reached", "db.example.org: connection refused", "Check the network.")

    world.warehouse.replies.append(refuse)
    report = world.examine()
    assert report.verdict is Verdict.UNKNOWN
    for finding in report.findings:
        if finding.name in ("dbt.last_run", "tests.gold", "metric.run_success", "metric.test_pass"):
            assert finding.verdict is Verdict.OK
        else:
            assert finding.verdict is Verdict.UNKNOWN
            assert "db.example.org" in finding.summary
            assert finding.next_step


@pytest.mark.parametrize(
    "error",
    [
        StatementTimeout("The query took too long", "30 s"),
        ConfigError("Snowflake refused the login", "wrong password"),
    ],
)
def test_whatever_the_error_it_is_unknown_with_its_words(world: World, error: GcmsError) -> None:
    world.warehouse.on("payroll_totals", error)
    finding = one(world.examine("payroll.accuracy"), "payroll.accuracy")
    assert finding.verdict is Verdict.UNKNOWN
    assert error.message in finding.summary


def test_a_bug_in_one_check_is_told_with_its_place(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    world.warehouse.on("payment_fact_freshness", ({"row_count": 500},))
    report = world.examine()
    finding = one(report, "fact.fct_musician_payment")
    assert finding.verdict is Verdict.UNKNOWN
    assert re.fullmatch(
        r"internal error in judge_fact, line \d+ of payment_fact.py: KeyError\('last_calculated_at'\)", finding.summary
    )
    assert finding.provenance[0].statement
    assert capfd.readouterr() == ("", "")
    assert sum(other.verdict is not Verdict.OK for other in report.findings) == 1


def test_the_older_timestamp_column_is_found_and_remembered(world: World) -> None:
    def old(statement: Statement) -> tuple[Row, ...] | None:
        if statement.query == "source_freshness" and "EXTRACTED" in statement.sql:
            raise NO_COLUMN
        return None

    world.warehouse.replies.append(old)
    world.warehouse.on("table_columns", ({"column_name": "_AIRBYTE_EMITTED_AT", "data_type": "TIMESTAMP_TZ"},))
    finding = one(world.examine("freshness.supabase_t0"), "freshness.supabase_t0")
    assert finding.verdict is Verdict.OK
    assert finding.evidence.rows[0][1] == "_airbyte_emitted_at"
    assert [origin.query_id for origin in finding.provenance] == ["q-9", "query-2", "query-3"]
    assert world.warehouse.asked[1].binds == ("RAW", "SUPABASE_T0")
    world.warehouse.asked.clear()
    assert one(world.examine("freshness.supabase_t0"), "freshness.supabase_t0").verdict is Verdict.OK
    assert world.warehouse.names() == ["source_freshness"]


def test_a_table_without_either_column_is_unknown_and_shows_its_columns(world: World) -> None:
    world.warehouse.on("source_freshness", NO_COLUMN)
    world.warehouse.on("table_columns", ({"column_name": "ID", "data_type": "NUMBER"},))
    finding = one(world.examine("freshness.supabase_t0"), "freshness.supabase_t0")
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.evidence.rows == (("id",),)


def test_a_column_that_is_there_leaves_the_first_error_standing(world: World) -> None:
    world.warehouse.on("source_freshness", NO_COLUMN)
    finding = one(world.examine("freshness.supabase_t0"), "freshness.supabase_t0")
    assert finding.verdict is Verdict.UNKNOWN
    assert "invalid identifier" in finding.summary


def test_a_configured_column_is_used_and_not_replaced_by_another() -> None:
    plain = settings(sources=1)
    world = World(replace(plain, sources=(replace(plain.sources[0], timestamp_column="updated_at"),)))
    assert world.verdicts("freshness.supabase_t0") == {"freshness.supabase_t0": Verdict.OK}
    assert '"UPDATED_AT"' in world.warehouse.asked[0].sql
    world.warehouse.on("source_freshness", NO_COLUMN)
    assert world.verdicts("freshness.supabase_t0") == {"freshness.supabase_t0": Verdict.UNKNOWN}
    assert "table_columns" not in world.warehouse.names()


def duplicates(world: World, keys: int) -> None:
    world.warehouse.on("scd2_integrity", ({**HEALTHY["scd2_integrity"][0], "duplicate_current_keys": keys},))
    row: Row = {"natural_key": "7-1", "current_count": 2, "distinct_ids": 2, "scd_ids": "a, b", "total_keys": keys}
    world.warehouse.on("scd2_duplicate_keys_sample", (row,) if keys else ())


def test_duplicates_are_sampled_beside_the_scan_and_not_where_there_were_none(world: World) -> None:
    duplicates(world, 3)
    report = world.examine("scd2.br_t0_scd2", "metric.scd2")
    scd2 = one(report, "scd2.br_t0_scd2")
    assert (scd2.verdict, scd2.value, scd2.evidence.total) == (Verdict.FAIL, 3, 3)
    assert one(report, "metric.scd2").value == 3
    duplicates(world, 0)
    assert world.verdicts("scd2.br_t0_scd2") == {"scd2.br_t0_scd2": Verdict.OK}
    world.warehouse.asked.clear()
    world.examine("scd2.br_t0_scd2")
    assert world.warehouse.names() == ["scd2_integrity"]
    duplicates(world, 2)
    world.warehouse.asked.clear()
    assert one(world.examine("scd2.br_t0_scd2"), "scd2.br_t0_scd2").evidence.rows[0][0] == "7-1"
    assert world.warehouse.names() == ["scd2_integrity", "scd2_duplicate_keys_sample"]


def test_without_its_sample_the_verdict_stands(world: World) -> None:
    duplicates(world, 3)
    world.warehouse.on("scd2_duplicate_keys_sample", StatementTimeout("The query took too long", "30 s"))
    finding = one(world.examine("scd2.br_t0_scd2"), "scd2.br_t0_scd2")
    assert (finding.verdict, finding.value) == (Verdict.FAIL, 3)


def test_tables_are_found_in_the_manifest_where_none_are_configured() -> None:
    world = World(settings(scd2=0))
    assert "scd2.br_t0_scd2" in world.health.names()
    assert world.verdicts("metric.scd2") == {"metric.scd2": Verdict.OK}
    assert any('"GCMS"."BRONZE"."BR_T0_SCD2"' in statement.sql for statement in world.warehouse.asked)


def test_tables_that_the_manifest_knows_beside_the_configured_ones_are_checked_too() -> None:
    node = Node("model.gcms.a", "model", "br_other_scd2", "br_other_scd2", relation_name="GCMS.BRONZE.BR_OTHER_SCD2")
    known = MemoryDbt().manifest()
    manifest = replace(known, nodes={**known.nodes, node.unique_id: node})
    names = World(dbt=MemoryDbt(the_manifest=manifest)).health.names()
    assert [name for name in names if name.startswith("scd2.")] == ["scd2.br_t0_scd2", "scd2.br_other_scd2"]


def test_no_sources_and_no_scd2_tables_are_unknown_and_not_fine() -> None:
    world = World(
        settings(sources=0, scd2=0), dbt=MemoryDbt(the_manifest=ArtifactError("No file", "no manifest", "Run."))
    )
    verdicts = world.verdicts()
    assert verdicts["metric.freshness"] is Verdict.UNKNOWN
    assert verdicts["metric.scd2"] is Verdict.UNKNOWN
    assert "no manifest" in one(world.examine("metric.scd2"), "metric.scd2").summary
    assert world.verdicts("metric.freshness") == {"metric.freshness": Verdict.UNKNOWN}


def test_tables_of_one_name_are_told_apart_by_their_schema() -> None:
    plain = settings(sources=1)
    twin = replace(plain.sources[0], table=replace(plain.sources[0].table, schema="RAW2"))
    names = World(replace(plain, sources=(*plain.sources, twin))).health.names()
    assert {"freshness.raw.supabase_t0", "freshness.raw2.supabase_t0"} <= set(names)


def test_each_of_dbts_files_is_read_once_a_pass(world: World) -> None:
    world.examine()
    assert world.dbt.times_read.keys() >= {"results", "manifest", "log"}
    assert set(world.dbt.times_read.values()) == {1}


def test_a_critical_failure_in_gold(world: World) -> None:
    artifact = world.dbt.the_results
    assert not isinstance(artifact, ArtifactError)
    failing = NodeResult("test.gcms.grave", "fail", failures=2, relation_name="GCMS.TEST_RESULTS.grave")
    world.dbt.the_results = replace(artifact, results=(failing,))
    report = world.examine()
    assert one(report, "tests.gold").verdict is Verdict.FAIL
    assert one(report, "metric.test_pass").verdict is Verdict.FAIL
    assert one(report, "dbt.last_run").verdict is Verdict.FAIL
    assert one(report, "tests.gold").evidence.rows[0][4] == "GCMS.TEST_RESULTS.grave"


def test_only_what_was_asked_is_reported_and_only_what_it_needs_is_run(world: World) -> None:
    heard: list[str] = []
    report = world.examine("metric.scd2", on_finding=lambda finding: heard.append(finding.name))
    assert [finding.name for finding in report.findings] == heard == ["metric.scd2"]
    asked = set(world.warehouse.names())  # a sample that nobody waits for may be dropped
    assert {"scd2_integrity"} <= asked <= {"scd2_integrity", "scd2_duplicate_keys_sample"}
    world.warehouse.asked.clear()
    world.examine("dbt.last_run")
    assert world.warehouse.asked == []


def test_an_unknown_name_is_refused_with_the_nearest(world: World) -> None:
    with pytest.raises(UsageError) as caught:
        world.examine("metric.scd")
    assert "metric.scd2" in caught.value.next_step
    with pytest.raises(UsageError) as caught:
        world.examine("zzz")
    assert "payroll.accuracy" in caught.value.next_step
    assert world.warehouse.asked == []


def test_what_was_found_is_kept_and_a_partial_look_is_merged(world: World) -> None:
    world.examine()
    duplicates(world, 3)
    world.examine("metric.scd2")
    assert [point.value for point in world.health.series("metric.scd2")] == [0, 3]
    kept = world.last.report
    assert kept is not None
    assert tuple(finding.name for finding in kept.findings) == ALL
    assert one(kept, "metric.scd2").verdict is Verdict.FAIL
    assert one(kept, "payroll.accuracy").verdict is Verdict.OK


def test_another_targets_last_health_is_not_mixed_in(world: World) -> None:
    world.examine()
    other = World(target="dev", last=world.last)
    other.examine("dbt.last_run")
    kept = other.last.report
    assert kept is not None
    assert (kept.target, len(kept.findings)) == ("dev", 1)


def test_the_fact_is_compared_with_the_last_look(world: World) -> None:
    assert "(" not in one(world.examine(), "fact.fct_musician_payment").summary.partition(",")[0]
    world.warehouse.on("payment_fact_freshness", ({**HEALTHY["payment_fact_freshness"][0], "row_count": 480},))
    summary = one(world.examine(), "fact.fct_musician_payment").summary
    assert "480 rows (-20 since the last look)" in summary
    assert "newest input 1 h old" in summary
    world.target = "dev"
    assert "since the last look" not in one(world.open().examine(), "fact.fct_musician_payment").summary


def test_the_fact_asks_no_source_twice(world: World) -> None:
    world.examine()
    assert world.warehouse.names().count("source_freshness") == 2


def test_what_cannot_be_kept_is_told_once_and_changes_nothing(world: World) -> None:
    full = GcmsError("Health is not kept", "no space left on device")
    world.history.error = world.last.error = full
    report = world.examine()
    assert report.verdict is Verdict.OK
    assert report.notes == ("Health is not kept: no space left on device",)


def test_a_schema_version_that_is_not_known_is_read_and_noted(world: World) -> None:
    artifact, project = world.dbt.the_results, world.dbt.the_manifest
    assert not isinstance(artifact, ArtifactError)
    assert not isinstance(project, ArtifactError)
    world.dbt.the_results = replace(artifact, schema_version="v7")
    world.dbt.the_manifest = replace(project, schema_version="v20")
    report = world.examine()
    assert one(report, "tests.gold").verdict is Verdict.OK
    assert [note.partition(",")[0] for note in report.notes] == [
        "target/run_results.json is of schema version v7",
        "target/manifest.json is of schema version v20",
    ]


def test_no_thread_is_left_behind(world: World) -> None:
    world.examine()
    left = [thread for thread in threading.enumerate() if thread.name.startswith(("read_", "check_"))]
    for thread in left:
        thread.join(DEADLINE_S)
    assert not any(thread.is_alive() for thread in left)


def test_tables_that_cannot_be_checked_replace_nobody() -> None:
    def snapshot(unique_id: str, key: str | None) -> Node:
        config = {"unique_key": key} if key else {}
        place = f"GCMS.BRONZE.{unique_id.replace('.', '_')}" if key is None else "GCMS.BRONZE.TWIN"
        return Node(unique_id, "snapshot", "twin", "twin", relation_name=place, config=config)

    nodes = [snapshot("snapshot.a.twin", None), snapshot("snapshot.b.twin", None), snapshot("snapshot.c.twin", "id")]
    lone = Node("snapshot.a.lone", "snapshot", "lone", "Lone", relation_name="GCMS.BRONZE.LONE")
    manifest = Manifest("target/manifest.json", "v12", {node.unique_id: node for node in (*nodes, lone)})
    names = World(settings(scd2=0), dbt=MemoryDbt(the_manifest=manifest)).health.names()
    assert [name for name in names if name.startswith("scd2.")] == [
        "scd2.lone",
        "scd2.snapshot.a.twin",
        "scd2.snapshot.b.twin",
        "scd2.twin",
    ]
