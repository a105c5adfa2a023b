"""The queries of the library against the practice platform: the story's own numbers come out, reckoned twice."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Column, Identifier, Relation
from gcms_tui.core.scd2_integrity import DEFECTS
from tests.integration.asking import LIBRARY, PAYROLL, SCD2_COLUMNS, Asking, relation
from tests.integration.scd2_oracle import Version, defects

ATTENDANCE = {"table": relation("bronze.br_attendance_scd2"), **SCD2_COLUMNS}
DESCRIBED: dict[str, Identifier] = {"information_schema": Relation("RAW", "SUPABASE_ATTENDANCE").information_schema}
EXTRACTED = Column("_AIRBYTE_EXTRACTED_AT")
PUBLIC_PAYMENT = {"payment": Relation("public", "payment")}


@pytest.mark.parametrize("name", LIBRARY.names())
def test_every_query_is_run_by_a_test(name: str) -> None:
    tests = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_queries*.py")]
    assert any(f'"{name}"' in text for text in tests)


@pytest.mark.parametrize(
    ("table", "is_stale"),
    [("attendance", False), ("musician", False), ("concert", False), ("rehearsal", False), ("payment", False),
     ("instrument", True)],
)  # fmt: skip
def test_one_source_alone_is_older_than_two_days(asking: Asking, table: str, is_stale: bool) -> None:
    names: dict[str, Identifier] = {"table": Relation("RAW", f"SUPABASE_{table.upper()}"), "loaded_at": EXTRACTED}
    row = asking.row("source_freshness", names)
    assert row["row_count"] == asking.plain(f"SELECT id FROM raw.supabase_{table}").__len__()
    age = datetime.now(UTC) - row["last_loaded_at"].replace(tzinfo=UTC)
    assert (age > timedelta(hours=48)) is is_stale
    assert is_stale or age < timedelta(hours=24)


def test_an_empty_source_has_no_newest_row(workbench: Asking) -> None:
    workbench.plain("CREATE OR REPLACE TABLE gcms_ops.landed_empty (_airbyte_extracted_at TIMESTAMP_TZ)")
    names: dict[str, Identifier] = {"table": relation("gcms_ops.landed_empty"), "loaded_at": EXTRACTED}
    assert workbench.row("source_freshness", names) == {"row_count": 0, "last_loaded_at": None}


def test_the_timestamp_column_is_found_among_the_tables_own(asking: Asking) -> None:
    rows = asking.rows("table_columns", DESCRIBED, schema_name="RAW", table_name="SUPABASE_ATTENDANCE")
    columns = {row["column_name"]: row["data_type"] for row in rows}
    assert "_AIRBYTE_EMITTED_AT" not in columns
    assert columns["_AIRBYTE_EXTRACTED_AT"].startswith("TIMESTAMP_TZ")
    assert asking.rows("table_columns", DESCRIBED, schema_name="RAW", table_name="supabase_attendance") == []
    elsewhere: dict[str, Identifier] = {"information_schema": Relation("RAW", "T", "GCMS").information_schema}
    assert asking.rows("table_columns", elsewhere, schema_name="RAW", table_name="SUPABASE_ATTENDANCE") == rows


def test_all_landed_tables_are_listed_whatever_the_case_of_the_prefix(asking: Asking) -> None:
    rows = asking.rows("loaded_tables", DESCRIBED, schema_name="RAW", name_prefix="supabase_")
    tables = ["ATTENDANCE", "CONCERT", "INSTRUMENT", "MUSICIAN", "PAYMENT", "REHEARSAL"]
    assert [row["table_name"] for row in rows] == [f"SUPABASE_{table}" for table in tables]
    assert all(row["row_count"] > 0 for row in rows)
    assert asking.rows("loaded_tables", DESCRIBED, schema_name="RAW", name_prefix="supabase%") == []


def test_a_table_of_dbt_is_transient_and_a_missing_one_has_no_row(asking: Asking) -> None:
    row = asking.row("table_kind", DESCRIBED, schema_name="GOLD", table_name="FCT_MUSICIAN_PAYMENT")
    assert (row["table_type"], row["is_transient"]) == ("BASE TABLE", "YES")
    assert asking.rows("table_kind", DESCRIBED, schema_name="GOLD", table_name="NO_SUCH_TABLE") == []


def test_the_fact_was_calculated_and_is_filled_in(asking: Asking) -> None:
    row = asking.row("payment_fact_freshness", PAYROLL)
    assert row["row_count"] == asking.row("row_count", {"table": PAYROLL["fact"]})["row_count"] == 1572
    assert (row["null_net"], row["null_keys"], row["null_calculated_at"]) == (0, 0, 0)
    assert timedelta(0) < datetime.now(UTC) - row["last_calculated_at"].replace(tzinfo=UTC) < timedelta(hours=1)


@pytest.mark.parametrize("table", ["attendance", "musician", "concert"])
def test_the_storys_versions_are_counted_as_row_by_row(asking: Asking, table: str) -> None:
    name = f"br_{table}_scd2"
    rows = asking.plain(f"SELECT scd_id, natural_key, effective_from, effective_to, is_current FROM bronze.{name}")
    expected = defects([Version(*row) for row in rows], day_before=True)
    found = asking.row("scd2_integrity", {**ATTENDANCE, "table": Relation("BRONZE", name.upper())})
    assert {key: found[key] for key in expected} == expected
    assert found["duplicate_current_keys"] == (3 if table == "attendance" else 0)
    assert found["closed_day_before"] > 0 == found["closed_same_instant"]
    sound = {*DEFECTS} - {"duplicate_current_keys", "overlaps", "closed_but_open"}
    assert {found[key] for key in sound} == {0}


def test_the_three_duplicate_keys_are_found_by_both_lists(asking: Asking) -> None:
    sample = asking.rows("scd2_duplicate_keys_sample", ATTENDANCE, limit=10)
    assert [row["current_count"] for row in sample] == [3, 2, 2]
    assert {row["total_keys"] for row in sample} == {3}
    assert all(row["distinct_ids"] == row["current_count"] == len(row["scd_ids"].split(", ")) for row in sample)
    asked: dict[str, Scalar] = {"sort_by": "key", "after_number": None, "after_key": None, "containing": ""}
    groups = asking.rows("scd2_duplicate_groups", ATTENDANCE, **asked, page_size=10)
    assert {row["natural_key"] for row in groups} == {row["natural_key"] for row in sample}
    ties = []
    for row in groups:
        versions = asking.rows("scd2_key_versions", ATTENDANCE, natural_key_value=row["natural_key"])
        current = [version for version in versions if version["is_current"]]
        assert {version["scd_id"] for version in current} == set(row["scd_ids"].split(", "))
        clocks = {
            tuple(version[key] for key in ("recorded_at", "inserted_at", "effective_from")) for version in current
        }
        ties.append(len(clocks) == 1)
        assert asking.row("scd2_key_integrity", ATTENDANCE, natural_key_value=row["natural_key"])["current_count"] > 1
    assert sorted(ties) == [False, False, True]


@pytest.mark.covers("Monthly 2")
def test_the_late_corrections_are_those_of_the_story(asking: Asking) -> None:
    rows = asking.rows("scd2_late_corrections", ATTENDANCE, tolerance_minutes=0)
    versions = asking.plain(
        "SELECT natural_key, recorded_at, effective_from, scd_id FROM bronze.br_attendance_scd2 ORDER BY 1, 2, 4"
    )
    expected: Counter[tuple[int, int]] = Counter()
    seen: set[str] = set()
    for key, recorded_at, effective_from, _ in versions:
        if key in seen and recorded_at > effective_from:
            expected[recorded_at.year, recorded_at.month] += 1
        seen.add(key)
    found = {(row["correction_month"].year, row["correction_month"].month): row["correction_count"] for row in rows}
    assert found == dict(sorted(expected.items(), reverse=True)[:12])
    assert asking.row("scd2_freshness", ATTENDANCE)["row_count"] == len(versions)


@pytest.mark.covers("Monitoring")
def test_the_monitoring_query_has_one_shape(asking: Asking) -> None:
    names = {**ATTENDANCE, **PAYROLL, "source": relation("bronze.br_supabase_attendance"), "loaded_at": EXTRACTED}
    names["scd2"] = relation("bronze.br_attendance_scd2")
    rows = {row["check_name"]: row for row in asking.rows("monitoring", names)}
    assert rows["scd2"]["value_number"] == 4  # of two keys one too many, of the third two
    assert rows["payment"]["value_number"] == 1572
    assert isinstance(rows["freshness"]["value_timestamp"], datetime)


def test_what_became_of_ones_own_statements(asking: Asking) -> None:
    since = datetime.now(UTC) - timedelta(minutes=30)
    asking.row("row_count", {"table": PAYROLL["fact"]})
    rows = asking.rows("query_history_by_tag", query_tag="gcms-tui query tests", since=since)
    counted = [row for row in rows if row["query_text"].endswith('FROM "GOLD"."FCT_MUSICIAN_PAYMENT"')]
    assert {row["execution_status"] for row in counted} == {"SUCCESS"}
    assert asking.rows("query_history_by_tag", query_tag="nobody's", since=since) == []


def test_dbts_statements_are_known_by_their_comment(asking: Asking) -> None:
    since = datetime.now(UTC) - timedelta(days=1)
    rows = asking.rows("dbt_query_history", since=since, table_text="BR_attendance_scd2")
    assert rows
    assert all('"app": "dbt"' in row["query_text"] for row in rows)
    assert asking.rows("dbt_query_history", since=since, table_text="no_such_table") == []


@pytest.mark.parametrize(
    ("name", "placeholder", "columns", "moment"),
    [
        (
            "model_timings_dbt_artifacts",
            "model_executions",
            "node_id VARCHAR, run_started_at TIMESTAMP_NTZ, total_node_runtime FLOAT, status VARCHAR",
            "SELECT model, moment, seconds, status",
        ),
        (
            "model_timings_elementary",
            "run_results",
            "unique_id VARCHAR, generated_at VARCHAR, execution_time FLOAT, status VARCHAR, resource_type VARCHAR",
            "SELECT model, REPLACE(moment, ' ', 'T'), seconds, status, 'model'",
        ),
    ],
)
def test_model_timings_from_the_packages_tables(
    workbench: Asking, name: str, placeholder: str, columns: str, moment: str
) -> None:
    workbench.plain(f"CREATE OR REPLACE TABLE gcms_ops.timings ({columns})")
    workbench.plain(
        f"INSERT INTO gcms_ops.timings {moment} FROM (SELECT column1 AS model, column2 AS moment, column3 AS seconds, "
        "column4 AS status FROM VALUES ('m.slow', '2026-01-05 00:00:00', 1.5, 'success'), "
        "('m.slow', '2026-01-06 00:00:00', 2.5, 'success'), ('m.slow', '2026-01-06 00:00:00', 90, 'error'), "
        "('m.fast', '2026-01-06 00:00:00', 0.5, 'success'), ('m.fast', '2025-01-06 00:00:00', 50, 'success'))"
    )
    rows = workbench.rows(name, {placeholder: relation("gcms_ops.timings")}, since=date(2026, 1, 5))
    assert [(row["model"], row["run_count"], row["average_s"], row["maximum_s"]) for row in rows] == [
        ("m.slow", 2, Decimal("2.000"), Decimal("2.500")),
        ("m.fast", 1, Decimal("0.500"), Decimal("0.500")),
    ]
    assert rows[0]["p95_s"] == Decimal("2.450")


def test_supabase_says_who_we_are(supabase: Asking) -> None:
    row = supabase.row("supabase_session")
    assert row["server_version"]
    assert row["read_only"] is False
    assert row["encrypted"] in (True, False)


def test_supabase_and_the_warehouse_hold_the_same_attendance(supabase: Asking, asking: Asking) -> None:
    source = supabase.row("supabase_newest_rows", {"table": Relation("public", "attendance")})
    landed = asking.plain("SELECT COUNT(*), MAX(updated_at) FROM raw.supabase_attendance")[0]
    assert (source["row_count"], source["last_update"]) == (landed[0], landed[1])


def test_exactly_the_signed_payments_are_recorded_once(supabase: Asking) -> None:
    [(concert,)] = supabase.plain("SELECT concert_id FROM payment WHERE NOT paid GROUP BY 1 ORDER BY 1 LIMIT 1")
    everyone = supabase.rows("supabase_payments", PUBLIC_PAYMENT, concert_id=str(concert))
    signed = everyone[:5]
    locked = supabase.rows(
        "lock_payments",
        PUBLIC_PAYMENT,
        concert_id=str(concert),
        musician_ids=json.dumps([row["musician_id"] for row in signed]),
    )
    assert sorted(row["payment_id"] for row in locked) == sorted(row["payment_id"] for row in signed)
    day = date(2026, 1, 5)
    marking: dict[str, Scalar] = {
        "payment_date": day,
        "concert_id": str(concert),
        "payment_ids": json.dumps([row["payment_id"] for row in locked]),
    }
    whose: dict[str, Scalar] = {
        "concert_id": str(concert),
        "musician_ids": json.dumps([row["musician_id"] for row in signed]),
    }
    before = supabase.row("signed_payments", PUBLIC_PAYMENT, **whose)
    assert (before["paid"], before["payment_date"], before["payments"]) == (False, None, len(signed))
    marked = supabase.rows("mark_paid", PUBLIC_PAYMENT, **marking)
    assert supabase.row("signed_payments", PUBLIC_PAYMENT, **whose) == {**before, "paid": True, "payment_date": day}
    assert sum(row["net_amount"] for row in marked) == sum(row["net_amount"] for row in signed)
    assert supabase.rows("mark_paid", PUBLIC_PAYMENT, **marking) == []
    paid = {row["concert_id"]: row for row in supabase.rows("supabase_paid_concerts", PUBLIC_PAYMENT)}
    assert paid[str(concert)] == {
        "concert_id": str(concert), "payments": len(everyone), "paid": 5, "first_paid": day, "last_paid": day,
    }  # fmt: skip
    assert sum(row["payments"] for row in paid.values()) == supabase.plain("SELECT count(*) FROM payment")[0][0]
    after = supabase.rows("supabase_payments", PUBLIC_PAYMENT, concert_id=str(concert))
    assert {row["payment_id"] for row in after if row["paid"]} == {row["payment_id"] for row in signed}
    assert {row["payment_date"] for row in after if row["paid"]} == {day}


def test_a_session_is_found_by_its_name(supabase: Asking) -> None:
    supabase.plain("SET LOCAL application_name = 'gcms-tui 100%'")
    [(own, _)] = supabase.plain("SELECT pg_backend_pid(), pg_stat_clear_snapshot()")  # one transaction sees it once
    assert supabase.rows("sessions_by_name", application_name="gcms-tui 100%") == [{"pid": own}]
    assert supabase.rows("sessions_by_name", application_name="gcms-tui") == []


def test_a_payment_of_another_concert_is_not_marked(supabase: Asking) -> None:
    rows = supabase.plain("SELECT concert_id, id FROM payment WHERE NOT paid ORDER BY concert_id, id")
    concert, other = rows[0][0], rows[-1]
    assert concert != other[0]
    ids = json.dumps([str(other[1])])
    marked = supabase.rows(
        "mark_paid", PUBLIC_PAYMENT, payment_date=date(2026, 1, 5), concert_id=str(concert), payment_ids=ids
    )
    assert marked == []
