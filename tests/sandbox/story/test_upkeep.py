"""How the bundled models keep history: through a full refresh, repairs, later changes and its loss, in this order.

That an ordinary run leaves the duplicates alone is seen from the first build, which is one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gcms_tui.sandbox.story.rows import Payment
from tests.sandbox.story.platform import CRITICAL, SCD2_TABLES, Platform, failed

DAY = timedelta(days=1)


def versions(platform: Platform, table: str, natural_key: str) -> list[tuple[Any, ...]]:
    """effective_from, effective_to, is_current and scd_id of a key's versions in their order."""
    return platform.ask(
        f"SELECT effective_from, effective_to, is_current, scd_id FROM GCMS.BRONZE.{table} WHERE natural_key = ?"
        " ORDER BY effective_from, recorded_at, inserted_at, scd_id",
        natural_key,
    )


def close_all_but(platform: Platform, natural_key: str, winner: str) -> None:
    """As the runbook says: each loser ends the day before its successor begins."""
    current = [row for row in versions(platform, "BR_ATTENDANCE_SCD2", natural_key) if row[2]]
    chain = [row for row in current if row[3] != winner] + [row for row in current if row[3] == winner]
    for loser, successor in zip(chain, chain[1:], strict=False):
        platform.ask(
            "UPDATE GCMS.BRONZE.BR_ATTENDANCE_SCD2 SET is_current = FALSE, effective_to = TO_TIMESTAMP_NTZ(?)"
            " WHERE scd_id = ? AND is_current",
            (successor[0] - DAY).isoformat(sep=" "),
            loser[3],
        )


def landed(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(sep=" ", timespec="seconds")


def test_a_full_refresh_leaves_history_alone_duplicates_included_and_calculates_anew(platform: Platform) -> None:
    history, payments = platform.history(), platform.payments()
    [(before,)] = platform.ask("SELECT MAX(calculated_at) FROM GCMS.GOLD.FCT_MUSICIAN_PAYMENT")

    assert failed(platform.dbt("run", "--full-refresh")) == {}

    assert platform.history() == history
    assert platform.payments() == payments
    [(after,)] = platform.ask("SELECT MIN(calculated_at) FROM GCMS.GOLD.FCT_MUSICIAN_PAYMENT")
    assert after > before


@pytest.fixture(scope="module")
def held(platform: Platform) -> str:
    """The table that the duplicates are in, kept as it was before any repair."""
    platform.ask("CREATE TRANSIENT TABLE GCMS.PUBLIC.HELD CLONE GCMS.BRONZE.BR_ATTENDANCE_SCD2")
    return "GCMS.PUBLIC.HELD"


@pytest.mark.parametrize(
    ("tie_goes_to", "what"),
    [("the other version", ()), ("the source's version", ("--select", "br_attendance_scd2+"))],
    ids=["the other version", "the source's version"],
)
def test_repairing_the_duplicates_turns_everything_green(
    platform: Platform, held: str, tie_goes_to: str, what: tuple[str, ...]
) -> None:
    platform.ask(f"CREATE OR REPLACE TRANSIENT TABLE GCMS.BRONZE.BR_ATTENDANCE_SCD2 CLONE {held}")
    plain, triple, tied = platform.story.duplicate_keys
    for key in (plain, triple):
        latest = [row for row in versions(platform, "BR_ATTENDANCE_SCD2", key) if row[2]][-1]
        close_all_but(platform, key, latest[3])
    [(source_remark,)] = platform.ask(
        "SELECT remark FROM GCMS.RAW.SUPABASE_ATTENDANCE"
        " WHERE concert_id || '-' || musician_id || '-' || rehearsal_id = ?",
        tied,
    )
    ties = platform.ask(
        "SELECT scd_id, remark FROM GCMS.BRONZE.BR_ATTENDANCE_SCD2 WHERE natural_key = ? AND is_current", tied
    )
    wanted = tie_goes_to == "the source's version"
    (winner,) = (scd_id for scd_id, remark in ties if (remark == source_remark) is wanted)
    close_all_but(platform, tied, winner)
    repaired = platform.history()

    results = platform.dbt("build", *what)

    assert CRITICAL in results
    assert failed(results) == {}
    assert platform.disagreements() == []
    source = [row for row in platform.story.tables["payment"] if isinstance(row, Payment)]
    assert [(row[0], row[1], row[6], row[7], row[8]) for row in platform.payments()] == [
        (p.concert_id, p.musician_id, p.gross_amount, p.deductions, p.net_amount) for p in source
    ]
    if wanted:
        assert platform.history() == repaired
    else:  # the next run brings what the source says, as one more version
        [*older, newest] = versions(platform, "BR_ATTENDANCE_SCD2", tied)
        assert len(older) == 3
        assert [row[2] for row in (*older, newest)].count(True) == 1


def test_a_correction_that_lands_later_becomes_a_version_and_closes_the_old_one(platform: Platform) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    today = datetime(now.year, now.month, now.day)  # noqa: DTZ001 - as the warehouse answers it
    [(entry_id, key, begins)] = platform.ask(
        "SELECT r.id, v.natural_key, v.effective_from FROM GCMS.RAW.SUPABASE_ATTENDANCE r"
        " JOIN GCMS.BRONZE.BR_ATTENDANCE_SCD2 v"
        " ON v.natural_key = r.concert_id || '-' || r.musician_id || '-' || r.rehearsal_id"
        " WHERE r.concert_id = 34 AND r.status = 'present' ORDER BY r.id LIMIT 1"
    )
    # Overwritten in place, as a deduplicating sync does.
    platform.ask(
        "UPDATE GCMS.RAW.SUPABASE_ATTENDANCE SET status = 'absent', updated_at = CAST(? AS TIMESTAMP_TZ),"
        " _airbyte_extracted_at = CAST(? AS TIMESTAMP_TZ) WHERE id = ?",
        landed(now),
        landed(now),
        entry_id,
    )
    # Landed beside the old row, as an appending sync does.
    platform.ask(
        "INSERT INTO GCMS.RAW.SUPABASE_MUSICIAN SELECT id, first_name, last_name, email, instrument_id, instrument,"
        " pay_type, rate + 1, active, created_at, CAST(? AS TIMESTAMP_TZ), 'raw', CAST(? AS TIMESTAMP_TZ), '{}', 8"
        " FROM GCMS.RAW.SUPABASE_MUSICIAN WHERE id = 1",
        landed(now),
        landed(now),
    )
    before = platform.history()
    paid_before = platform.payments()

    assert failed(platform.dbt("run")) == {}

    assert versions(platform, "BR_ATTENDANCE_SCD2", key)[0][:3] == (begins, today - DAY, False)
    assert versions(platform, "BR_ATTENDANCE_SCD2", key)[1][:3] == (today, None, True)
    assert versions(platform, "BR_MUSICIAN_SCD2", "1")[-2][1:3] == (today - DAY, False)
    assert versions(platform, "BR_MUSICIAN_SCD2", "1")[-1][:3] == (today, None, True)
    after = platform.history()
    added = {table: len(after[table]) - len(before[table]) for table in SCD2_TABLES}
    changed = {table: len(set(after[table]) - set(before[table])) for table in SCD2_TABLES}
    assert added == {"br_attendance_scd2": 1, "br_musician_scd2": 1, "br_concert_scd2": 0}
    assert changed == {"br_attendance_scd2": 2, "br_musician_scd2": 2, "br_concert_scd2": 0}
    # Today's rise pays nobody more for a concert that is over; the absence costs one musician one service.
    assert len(set(platform.payments()) - set(paid_before)) == 1

    assert failed(platform.dbt("run", "--select", "bronze")) == {}

    assert platform.history() == after


def test_an_amount_that_is_missing_fails_the_critical_test(platform: Platform) -> None:
    platform.ask("UPDATE GCMS.GOLD.FCT_MUSICIAN_PAYMENT SET deductions = NULL WHERE concert_id = 1")
    platform.ask("UPDATE GCMS.GOLD.FCT_MUSICIAN_PAYMENT SET pay_type = 'per_service' WHERE concert_id = 1")

    assert failed(platform.dbt("test", "--select", "tag:critical")) == {
        "expression_is_true_fct_musician_payment_net_amount_gross_amount_deductions": "fail",
        "expression_is_true_fct_musician_payment_pay_type_per_service_deductions": "fail",
    }


def test_without_history_it_begins_anew(platform: Platform) -> None:
    history = platform.history()
    columns = {table: platform.ask(f"DESCRIBE TABLE GCMS.BRONZE.{table}") for table in SCD2_TABLES}

    for table in SCD2_TABLES:
        platform.ask(f"DROP TABLE GCMS.BRONZE.{table}")
    assert failed(platform.dbt("build", "--select", *SCD2_TABLES)) == {}

    for table in SCD2_TABLES:
        assert [row[:2] for row in platform.ask(f"DESCRIBE TABLE GCMS.BRONZE.{table}")] == [
            row[:2] for row in columns[table]
        ]
        [(rows, keys, current)] = platform.ask(
            f"SELECT COUNT(*), COUNT(DISTINCT natural_key), COUNT_IF(is_current) FROM GCMS.BRONZE.{table}"
        )
        assert rows == keys == current == len({row[1] for row in history[table]})
