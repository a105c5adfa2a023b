from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gcms_tui.core.errors import StatementFailed
from gcms_tui.core.identifier import Relation
from gcms_tui.core.query import Statement
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.checks import table_names
from tests.operations.memory import HOUR, NOW, Row, settings
from tests.operations.test_health import World, one

NO_COLUMN = StatementFailed("Snowflake refused the query", "invalid identifier", code=904)


def test_no_two_tables_have_one_name() -> None:
    tables = {
        Relation("RAW", "A"): "a",
        Relation("RAW", "B"): "raw.b",
        Relation("RAW2", "B"): "raw2.b",
        Relation("RAW", "C"): "raw.c",
        Relation("RAW", "C", "OTHER"): "other.raw.c",
        Relation("RAW", "D", "ONE"): "one.raw.d",
        Relation("RAW", "D", "TWO"): "two.raw.d",
        Relation("RAW", "e"): 'raw."e"',
        Relation("RAW", "E"): "raw.e",
    }
    assert table_names(tables) == tables


def test_a_table_of_another_database_is_described_by_that_one() -> None:
    plain = settings(sources=1)
    world = World(replace(plain, sources=(replace(plain.sources[0], table=Relation("RAW", "T", "LANDING")),)))
    world.warehouse.on("source_freshness", NO_COLUMN)
    world.warehouse.on("table_columns", ({"column_name": "ID", "data_type": "NUMBER"},))
    world.examine("freshness.t")
    columns = next(statement for statement in world.warehouse.asked if statement.query == "table_columns")
    assert 'FROM "LANDING"."INFORMATION_SCHEMA".columns' in columns.sql


def test_a_timestamp_column_in_lower_case_is_asked_for_as_it_is_stored() -> None:
    world = World(settings(sources=1))

    def only_lower_case(statement: Statement) -> tuple[Row, ...]:
        if '"_airbyte_extracted_at"' in statement.sql:
            return ({"row_count": 10, "last_loaded_at": NOW - HOUR},)
        raise NO_COLUMN

    world.warehouse.on("source_freshness", only_lower_case)
    world.warehouse.on("table_columns", ({"column_name": "_airbyte_extracted_at", "data_type": "TIMESTAMP_TZ"},))
    finding = one(world.examine("freshness.supabase_t0"), "freshness.supabase_t0")
    assert finding.verdict is Verdict.OK
    assert finding.evidence.rows[0][1] == '"_airbyte_extracted_at"'


def test_a_source_whose_clock_is_wrong_is_not_the_newest_input() -> None:
    world = World(settings(sources=2))
    world.warehouse.on("source_freshness", ({"row_count": 1, "last_loaded_at": NOW + timedelta(days=300)},), "_T0")
    world.warehouse.on("source_freshness", ({"row_count": 1, "last_loaded_at": NOW - 5 * HOUR},), "_T1")
    fact = one(world.examine("fact.fct_musician_payment"), "fact.fct_musician_payment")
    assert "newest input 5 h old" in fact.summary
