"""What the first build leaves behind, read through the real server and from dbt's own artifacts."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from gcms_tui.sandbox.story.rows import Attendance, Concert, Musician, Version
from tests.sandbox.story.expected import gold_payments
from tests.sandbox.story.platform import CRITICAL, SCD2_TABLES, Platform, failed, statuses


def flat(version: Version[Any]) -> tuple[Any, ...]:
    """As the warehouse answers it."""
    moments = (
        version.effective_from,
        version.effective_to,
        version.recorded_at,
        version.inserted_at,
        version.updated_at,
    )
    begins, ends, recorded, inserted, updated = (moment and moment.replace(tzinfo=None) for moment in moments)
    state = astuple(version.state)
    return (version.scd_id, version.natural_key, *state, begins, ends, version.is_current, recorded, inserted, updated)


def test_gold_holds_exactly_what_is_reckoned_without_sql(platform: Platform) -> None:
    assert platform.payments() == sorted(gold_payments(platform.story).values())


def test_gold_and_supabase_differ_for_the_held_concert_only(platform: Platform) -> None:
    disagreements = platform.disagreements()

    assert len(disagreements) == 3
    assert {concert_id for concert_id, *_ in disagreements} == {platform.story.held_concert_id}
    assert all(gold > source for _, _, gold, source in disagreements)


def test_the_dimensions_hold_what_supabase_says_now(platform: Platform) -> None:
    musicians = [m for m in platform.story.tables["musician"] if isinstance(m, Musician)]
    concerts = [c for c in platform.story.tables["concert"] if isinstance(c, Concert)]

    assert platform.ask(
        "SELECT musician_id, full_name, first_name, last_name, email, instrument, pay_type, active"
        " FROM GCMS.GOLD.DIM_MUSICIAN ORDER BY 1"
    ) == [
        (m.id, f"{m.first_name} {m.last_name}", m.first_name, m.last_name, m.email, m.instrument, m.pay_type, m.active)
        for m in musicians
    ]
    assert platform.ask(
        "SELECT concert_id, title, concert_date, venue, status FROM GCMS.GOLD.DIM_CONCERT ORDER BY 1"
    ) == [(c.id, c.title, c.concert_date, c.venue, c.status) for c in concerts]


def test_the_build_added_no_version_and_changed_none(platform: Platform) -> None:
    story = platform.story
    seeded: dict[str, tuple[Version[Any], ...]] = dict(
        zip(SCD2_TABLES, (story.attendance_versions, story.musician_versions, story.concert_versions), strict=True)
    )
    for table, versions in seeded.items():
        assert sorted(map(flat, versions), key=lambda row: row[0]) == sorted(
            platform.scd2(table), key=lambda row: str(row[0])
        )


def test_the_last_results_are_of_the_test_and_two_tests_failed(platform: Platform) -> None:
    results = platform.artifact("run_results")

    assert (results["args"]["which"], results["args"]["target"]) == ("test", "sandbox")
    assert failed(statuses(results)) == {
        CRITICAL: "fail",
        "one_current_version_br_attendance_scd2_natural_key": "fail",
    }
    assert len(results["results"]) > 40


def test_exactly_one_test_of_gold_failed_and_it_is_critical(platform: Platform) -> None:
    nodes = platform.artifact("manifest")["nodes"]
    results = platform.artifact("run_results")["results"]
    gold = {result["unique_id"]: result for result in results if "gold" in nodes[result["unique_id"]]["fqn"]}
    critical = {unique_id for unique_id in gold if "critical" in nodes[unique_id]["tags"]}

    assert len(gold) > 10
    assert len(critical) == 3
    (broken,) = (unique_id for unique_id, result in gold.items() if result["status"] != "pass")
    assert broken in critical
    assert gold[broken]["failures"] == 3


def test_failing_rows_are_found_under_the_runbooks_names(platform: Platform) -> None:
    for rest in ("net_amount_gross_amount_deductions", "pay_type_per_service_deductions"):
        assert platform.ask(f"SELECT * FROM test_results.expression_is_true_fct_musician_payment_{rest}") == []
    rows = platform.ask(f"SELECT concert_id, attended_services - required_services FROM test_results.{CRITICAL}")

    assert sorted(rows) == [(platform.story.held_concert_id, excess) for excess in (1, 1, 2)]


def test_freshness_is_recorded_and_one_source_is_stale(platform: Platform) -> None:
    found = {result["unique_id"].split(".")[-1]: result["status"] for result in platform.artifact("sources")["results"]}

    assert found.pop("instrument") == "error"
    assert found == dict.fromkeys(("attendance", "concert", "musician", "payment", "rehearsal"), "pass")


def test_payroll_does_not_depend_on_the_stale_source(platform: Platform) -> None:
    parents = platform.artifact("manifest")["parent_map"]

    def ancestors(node: str) -> set[str]:
        return {node}.union(*(ancestors(parent) for parent in parents[node]))

    for model in ("fct_musician_payment", "dim_musician", "dim_concert"):
        sources = {node for node in ancestors(f"model.gcms.{model}") if node.startswith("source.")}
        assert sources and "source.gcms.supabase.instrument" not in sources


def test_the_landed_rows_are_supabases_with_airbytes_columns(platform: Platform) -> None:
    entries = [entry for entry in platform.story.tables["attendance"] if isinstance(entry, Attendance)]
    extracted_at = platform.story.extracted_at("attendance")

    landed = platform.ask(
        "SELECT id, concert_id, musician_id, rehearsal_id, status, remark, recorded_at, created_at, updated_at,"
        " _airbyte_extracted_at FROM GCMS.RAW.SUPABASE_ATTENDANCE ORDER BY id"
    )
    assert landed == [(*astuple(entry), extracted_at) for entry in entries]
    [(rows, ids)] = platform.ask("SELECT COUNT(*), COUNT(DISTINCT _airbyte_raw_id) FROM GCMS.RAW.SUPABASE_ATTENDANCE")
    assert rows == ids == len(entries)


def test_every_column_of_gold_is_described(platform: Platform) -> None:
    nodes = platform.artifact("manifest")["nodes"]
    for model in ("dim_musician", "dim_concert", "dim_instrument", "fct_musician_payment"):
        described = {name: column["description"] for name, column in nodes[f"model.gcms.{model}"]["columns"].items()}
        columns = [row[0].lower() for row in platform.ask(f"DESCRIBE TABLE GCMS.GOLD.{model}")]
        assert sorted(described) == sorted(columns)
        assert all(described.values())


def test_dbt_recorded_what_a_person_would_have_typed(platform: Platform) -> None:
    log = (platform.project / "logs" / "dbt.log").read_text(encoding="utf-8")

    assert platform.artifact("run_results")["args"]["invocation_command"].startswith("dbt test --project-dir ")
    for command, ended in (("run", "succeeded"), ("source freshness", "failed"), ("test", "failed")):
        assert f"Command `dbt {command}` {ended} at" in log
