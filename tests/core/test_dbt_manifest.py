from __future__ import annotations

from typing import Any

import pytest

from gcms_tui.core.dbt_manifest import FoundScd2, Manifest, Node, critical_tests, find_scd2, gold_tests, parse_node
from gcms_tui.core.identifier import Relation


def node(unique_id: str, **given: Any) -> Node:
    kind, _, name = unique_id.split(".", 2)
    return parse_node({"unique_id": unique_id, "resource_type": kind, "name": name, **given})


def manifest(*nodes: Node) -> Manifest:
    return Manifest("target/manifest.json", "v12", {item.unique_id: item for item in nodes})


FACT = node("model.gcms.fct", fqn=["gcms", "gold", "fct"])
BRONZE = node("model.gcms.br", fqn=["gcms", "bronze", "br"])


def gold(*nodes: Node) -> list[str]:
    return [test.unique_id for test in gold_tests(manifest(FACT, BRONZE, *nodes))]


def test_gold_tests_are_those_that_dbt_selects_with_gold() -> None:
    chosen = [
        node("test.gcms.attached", fqn=["gcms", "x"], attached_node="model.gcms.fct"),
        node("test.gcms.singular", fqn=["gcms", "singular"], depends_on={"nodes": ["model.gcms.br", "model.gcms.fct"]}),
        node("test.gcms.placed", fqn=["gcms", "gold", "placed"]),
        node("unit_test.gcms.unit", fqn=["gcms", "x", "unit"], depends_on={"nodes": ["model.gcms.fct"]}),
    ]
    others = [
        node("test.gcms.bronze", fqn=["gcms", "bronze", "t"], depends_on={"nodes": ["model.gcms.br"]}),
        node("model.gcms.gold", fqn=["gcms", "silver", "gold"]),
        node("test.gold.named", fqn=["gold", "named"]),
    ]
    assert gold(*chosen, *others) == [test.unique_id for test in chosen]


def test_a_test_is_known_by_its_alias_and_a_stranger_by_its_id() -> None:
    test = node("test.gcms.short_5857", alias="expression_is_true_fct_musician_payment", tags=["critical"])
    assert manifest(test).label("test.gcms.short_5857") == "expression_is_true_fct_musician_payment"
    assert manifest().label("test.gcms.gone") == "test.gcms.gone"


def test_where_no_test_is_tagged_every_gold_test_is_critical() -> None:
    plain = node("test.gcms.plain", fqn=["gcms", "gold", "plain"])
    bronze = node("test.gcms.bronze", fqn=["gcms", "bronze", "t"])
    tagged = node("test.gcms.grave", fqn=["gcms", "bronze", "grave"], tags=["critical"])
    model = node("model.gcms.tagged", fqn=["gcms", "gold", "tagged"], tags=["critical"])
    assert critical_tests(manifest(plain, bronze, model)) == {"test.gcms.plain"}
    assert critical_tests(manifest(plain, bronze, model, tagged)) == {"test.gcms.grave"}


def found(*nodes: Node) -> dict[str, FoundScd2]:
    return {item.name: item for item in find_scd2(manifest(*nodes))}


def test_scd2_models_are_found_by_name_or_by_mark() -> None:
    tables = found(
        node("model.gcms.br_attendance_scd2", relation_name="GCMS.BRONZE.br_attendance_scd2"),
        node("model.gcms.history", relation_name='"gcms"."Bronze"."history"', config={"meta": {"scd2": True}}),
        node("model.gcms.other_scd2", relation_name="GCMS.BRONZE.other_scd2", meta={"scd2": False}),
        node("model.gcms.ephemeral_scd2", relation_name=None),
        node("test.gcms.about_scd2", relation_name="GCMS.TEST_RESULTS.about_scd2"),
        node("model.gcms.br_concert", relation_name="GCMS.BRONZE.br_concert"),
    )
    assert list(tables) == ["br_attendance_scd2", "history"]
    attendance, history = (tables[name].table for name in tables)
    assert attendance is not None
    assert history is not None
    assert attendance.table == Relation("BRONZE", "BR_ATTENDANCE_SCD2", "GCMS")
    assert attendance.natural_key == "natural_key"
    assert history.table == Relation("Bronze", "history", "gcms")


def snapshot(**config: Any) -> FoundScd2:
    item = node("snapshot.gcms.snap", relation_name="GCMS.SNAPSHOTS.snap", config={"unique_key": "id", **config})
    return found(item)["snap"]


def test_a_snapshots_columns_are_read_from_its_configuration() -> None:
    table = snapshot().table
    assert table is not None
    assert (table.natural_key, table.scd_id, table.is_current) == ("id", "dbt_scd_id", None)
    assert (table.updated_at, table.closing) == (None, "same_instant")
    assert (table.effective_from, table.effective_to, table.recorded_at) == (
        "dbt_valid_from",
        "dbt_valid_to",
        "dbt_updated_at",
    )
    renamed = snapshot(
        unique_key=["attendance_id"],
        snapshot_meta_column_names={"dbt_valid_from": "effective_from", "dbt_scd_id": "scd_id", "dbt_valid_to": None},
    ).table
    assert renamed is not None
    assert (renamed.natural_key, renamed.scd_id) == ("attendance_id", "scd_id")
    assert (renamed.effective_from, renamed.effective_to) == ("effective_from", "dbt_valid_to")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"unique_key": ["a", "b"]}, "not one column"),
        ({"unique_key": None}, "not one column"),
        ({"unique_key": "a || '-' || b"}, "not an identifier"),
        ({"dbt_valid_to_current": "to_date('2999-01-01')"}, "2999"),
        ({"snapshot_meta_column_names": {"dbt_valid_from": "drop table x"}}, "not an identifier"),
    ],
)
def test_a_snapshot_that_cannot_be_checked_as_it_stands_says_why(config: dict[str, Any], said: str) -> None:
    result = snapshot(**config)
    assert result.table is None
    assert said in result.problem


def test_a_far_future_end_is_as_open_as_none() -> None:
    """The integrity queries take the year 9999 and later for open."""
    assert snapshot(dbt_valid_to_current="to_date('9999-12-31')").table is not None


def test_a_relation_name_that_is_none_is_not_made_sql() -> None:
    result = found(node("model.gcms.x_scd2", relation_name="a.b.c; drop table x"))["x_scd2"]
    assert result.table is None
    assert "not a table name" in result.problem
