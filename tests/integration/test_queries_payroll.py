"""The payroll queries: exact amounts, nobody lost and nobody paid twice, whatever the data look like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

import pytest
from snowflake.connector.errors import ProgrammingError

from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Identifier
from tests.integration.asking import PAYROLL, Asking, Row, relation

TOTALS_BY_PROBLEM = ("missing_in_source", "missing_in_dbt", "duplicate", "null_amount", "amount")


@contextmanager
def rolled_back(asking: Asking) -> Iterator[None]:
    asking.plain("BEGIN")
    try:
        yield
    finally:
        asking.plain("ROLLBACK")


def held_concert(asking: Asking) -> int:
    """The story's concert: the one whose attendance is counted twice."""
    rows = asking.rows("payment_rule_violations", PAYROLL, limit=100)
    [concert] = {row["concert_id"] for row in rows}
    assert isinstance(concert, int)
    return concert


def test_the_duplicates_break_one_rule_for_one_concert(asking: Asking) -> None:
    rows = asking.rows("payment_rule_violations", PAYROLL, limit=100)
    assert {(row["net_is_wrong"], row["attended_too_many"], row["per_service_deduction"]) for row in rows} == {
        (False, True, False)
    }
    assert all(row["attended_services"] > row["required_services"] for row in rows)
    assert {row["total_rows"] for row in rows} == {len(rows)}
    stored = relation("test_results.expression_is_true_fct_musician_payment_attended_services_required_services")
    failures = asking.rows("failed_test_rows", {"failures": stored}, limit=100)
    assert {row["musician_id"] for row in failures} == {row["musician_id"] for row in rows}
    assert {row["total_rows"] for row in failures} == {len(rows)}


def test_payroll_disagrees_for_the_storys_concert_alone(asking: Asking) -> None:
    concert = held_concert(asking)
    rows = asking.rows("payroll_discrepancies", PAYROLL, tolerance="0.01", limit=100)
    assert {(row["concert_id"], row["problem"]) for row in rows} == {(concert, "amount")}
    totals = asking.row("payroll_totals", PAYROLL, tolerance="0.01")
    sides = [
        dict(
            ((row[0], row[1]), row[2])
            for row in asking.plain(f"SELECT concert_id, musician_id, net_amount FROM {side}")
        )
        for side in ("gold.fct_musician_payment", "bronze.br_supabase_payment")
    ]
    differing = {key: sides[0][key] - sides[1][key] for key in sides[0] if sides[0][key] != sides[1][key]}
    assert {(row["concert_id"], row["musician_id"]): row["difference"] for row in rows} == differing
    assert totals == {
        "dbt_rows": len(sides[0]), "dbt_total": sum(sides[0].values()), "source_rows": len(sides[1]),
        "source_total": sum(sides[1].values()), "compared": len(sides[0]), "missing_in_source": 0,
        "missing_in_dbt": 0, "duplicate": 0, "null_amount": 0, "amount": len(differing),
    }  # fmt: skip
    [worst] = asking.rows("payroll_discrepancies", PAYROLL, tolerance=Decimal("0.01"), limit=1)
    assert worst["total_problems"] == len(differing)
    assert abs(worst["difference"]) == max(map(abs, differing.values()))
    assert asking.rows("payroll_discrepancies", PAYROLL, tolerance="100000", limit=100) == []


def test_every_way_to_disagree_is_told_apart(workbench: Asking) -> None:
    with rolled_back(workbench):
        asking = workbench
        keys = asking.plain(
            "SELECT concert_id, musician_id FROM gold.fct_musician_payment "
            "WHERE concert_id = (SELECT MIN(concert_id) FROM gold.fct_musician_payment) ORDER BY musician_id LIMIT 7"
        )
        concert, (one, two, three, four, five, six, seven) = keys[0][0], [key[1] for key in keys]
        here = "concert_id = ? AND musician_id = ?"
        fact, source = "gold.fct_musician_payment", "bronze.br_supabase_payment"
        asking.plain(f"DELETE FROM {source} WHERE {here}", concert, one)
        asking.plain(f"DELETE FROM {fact} WHERE {here}", concert, two)
        asking.plain(f"INSERT INTO {fact} SELECT * FROM {fact} WHERE {here}", concert, three)
        asking.plain(f"UPDATE {fact} SET net_amount = NULL WHERE {here}", concert, four)
        asking.plain(f"UPDATE {source} SET net_amount = net_amount + 0.02 WHERE {here}", concert, five)
        asking.plain(f"UPDATE {source} SET net_amount = net_amount + 0.01 WHERE {here}", concert, six)
        asking.plain(f"UPDATE {source} SET musician_id = NULL WHERE {here}", concert, seven)
        rows = [
            row
            for row in asking.rows("payroll_discrepancies", PAYROLL, tolerance="0.01", limit=1000)
            if row["concert_id"] == concert
        ]
        assert {(row["musician_id"], row["problem"]) for row in rows} == {
            *((one, "missing_in_source"), (two, "missing_in_dbt"), (three, "duplicate"), (four, "null_amount")),
            *((five, "amount"), (seven, "missing_in_source"), (None, "missing_in_dbt")),
        }
        by_musician = {row["musician_id"]: row for row in rows}
        assert by_musician[five]["difference"] == Decimal("-0.02")
        assert by_musician[four]["difference"] is None
        assert by_musician[one]["difference"] == by_musician[one]["dbt_calculated"] > 0
        assert by_musician[one]["source_recorded"] is None
        totals = asking.row("payroll_totals", PAYROLL, tolerance="0.01")
        problems = Counter(row["problem"] for row in asking.rows(
            "payroll_discrepancies", PAYROLL, tolerance="0.01", limit=1000
        ))  # fmt: skip
        assert {name: totals[name] for name in TOTALS_BY_PROBLEM} == {
            name: problems[name] for name in TOTALS_BY_PROBLEM
        }
        assert asking.row("payment_fact_freshness", PAYROLL)["null_net"] == 1


def test_the_concerts_come_to_what_their_payments_do(workbench: Asking) -> None:
    with rolled_back(workbench):
        fact = "gold.fct_musician_payment"
        [(first, musician)] = workbench.plain(
            f"SELECT concert_id, MIN(musician_id) FROM {fact} GROUP BY 1 ORDER BY 1 LIMIT 1"
        )
        before = {row["concert_id"]: row for row in workbench.rows("payroll_concerts", PAYROLL)}
        sums = workbench.plain(f"SELECT concert_id, COUNT(*), SUM(net_amount::NUMBER(12, 2)) FROM {fact} GROUP BY 1")
        assert {(key, row["entry_count"], row["net"]) for key, row in before.items()} == {
            (str(concert), number, net) for concert, number, net in sums
        }
        assert all(row["title"] and row["concert_date"] and row["concert_matches"] == 1 for row in before.values())
        here = "concert_id = ? AND musician_id = ?"
        workbench.plain(f"UPDATE {fact} SET net_amount = NULL WHERE {here}", first, musician)
        workbench.plain("DELETE FROM gold.dim_concert WHERE concert_id = ?", first)
        after = {row["concert_id"]: row for row in workbench.rows("payroll_concerts", PAYROLL)}
        changed = {"net": None, "title": None, "concert_date": None, "concert_matches": 0}
        assert after == {**before, str(first): {**before[str(first)], **changed}}


def test_one_concerts_discrepancies_are_those_of_all_that_are_its(asking: Asking) -> None:
    concert = held_concert(asking)
    asked: dict[str, Scalar] = {"tolerance": "0.01", "limit": 100}
    everywhere = asking.rows("payroll_discrepancies", PAYROLL, **asked)
    its = [{name: value for name, value in row.items() if name != "concert_id"} for row in everywhere]
    assert asking.rows("payroll_concert_discrepancies", PAYROLL, concert_id=str(concert), **asked) == its
    assert asking.rows("payroll_concert_discrepancies", PAYROLL, concert_id=str(concert - 1), **asked) == []


def export(asking: Asking, concert: int) -> list[Row]:
    return asking.rows("payroll_export", PAYROLL, concert_id=str(concert))


def test_the_export_holds_each_payment_of_the_concert_once(asking: Asking) -> None:
    concert = held_concert(asking)
    rows = export(asking, concert)
    paid = asking.plain("SELECT musician_id, net_amount FROM gold.fct_musician_payment WHERE concert_id = ?", concert)
    assert sorted((row["musician_id"], row["net_amount"]) for row in rows) == sorted(paid)
    assert {(row["musician_matches"], row["concert_matches"]) for row in rows} == {(1, 1)}
    assert all(row["full_name"] and "@" in row["email"] and isinstance(row["concert_date"], date) for row in rows)
    totals = asking.row("payroll_control_totals", PAYROLL, concert_id=str(concert))
    assert totals == {
        "entry_count": len(rows), "musicians": len(rows), "gross": sum(row["gross_amount"] for row in rows),
        "deductions": sum(row["deductions"] for row in rows), "net": sum(row["net_amount"] for row in rows),
        "hash_total": sum(row["musician_id"] for row in rows), "null_amounts": 0, "negative_net": 0, "unbalanced": 0,
        "fractional_cents": 0, "unknown_musicians": 0, "repeated_musicians": 0, "unknown_concerts": 0,
        "missing_email": 0,
    }  # fmt: skip
    assert export(asking, -1) == []
    assert asking.rows("payroll_export", PAYROLL, concert_id="1 OR 1=1") == []


def test_the_spot_check_shows_everyone_the_same_payments(asking: Asking) -> None:
    concert = str(held_concert(asking))
    first = asking.rows("payroll_spot_check", PAYROLL, concert_id=concert, seed="a1b2", sample_size=10)
    again = asking.rows("payroll_spot_check", PAYROLL, concert_id=concert, seed="a1b2", sample_size=10)
    other = asking.rows("payroll_spot_check", PAYROLL, concert_id=concert, seed="c3d4", sample_size=10)
    assert first == again
    assert len(first) == len({row["musician_id"] for row in first}) == 10
    assert first != other
    amounts = {row["musician_id"]: row["net_amount"] for row in export(asking, int(concert))}
    assert all(amounts[row["musician_id"]] == row["net_amount"] for row in first)


def test_a_faulty_dimension_neither_drops_nor_doubles_a_payment(workbench: Asking) -> None:
    with rolled_back(workbench):
        concert = held_concert(workbench)
        before = {row["musician_id"]: row["net_amount"] for row in export(workbench, concert)}
        unknown, twice, *_ = sorted(before)
        workbench.plain("DELETE FROM gold.dim_musician WHERE musician_id = ?", unknown)
        workbench.plain("INSERT INTO gold.dim_musician SELECT * FROM gold.dim_musician WHERE musician_id = ?", twice)
        after = export(workbench, concert)
        assert {row["musician_id"]: row["net_amount"] for row in after} == before
        assert len(after) == len(before)
        matches = {row["musician_id"]: row["musician_matches"] for row in after}
        assert (matches[unknown], matches[twice]) == (0, 2)
        totals = workbench.row("payroll_control_totals", PAYROLL, concert_id=str(concert))
        assert (totals["unknown_musicians"], totals["repeated_musicians"], totals["missing_email"]) == (1, 1, 1)
        spot = workbench.rows("payroll_spot_check", PAYROLL, concert_id=str(concert), seed="x", sample_size=1000)
        assert sorted(row["musician_id"] for row in spot) == sorted(before)


def test_amounts_that_must_not_be_paid_are_counted(workbench: Asking) -> None:
    with rolled_back(workbench):
        concert = held_concert(workbench)
        one, two, three, *_ = sorted(row["musician_id"] for row in export(workbench, concert))
        here = f"WHERE concert_id = {concert} AND musician_id = ?"
        workbench.plain(f"UPDATE gold.fct_musician_payment SET net_amount = NULL {here}", one)
        workbench.plain(f"UPDATE gold.fct_musician_payment SET net_amount = -1 {here}", two)
        workbench.plain(f"UPDATE gold.fct_musician_payment SET net_amount = net_amount + 1 {here}", three)
        totals = workbench.row("payroll_control_totals", PAYROLL, concert_id=str(concert))
        assert (totals["null_amounts"], totals["negative_net"], totals["unbalanced"]) == (1, 1, 2)
        wrong = [row for row in workbench.rows("payment_rule_violations", PAYROLL, limit=99) if row["net_is_wrong"]]
        assert {row["musician_id"] for row in wrong} == {one, two, three}


def test_the_snapshot_keeps_one_concert(workbench: Asking) -> None:
    concert = held_concert(workbench)
    names = {**PAYROLL, "snapshot": relation("gcms_ops.payroll_snapshot_test")}
    workbench.rows("payroll_create_snapshot", names)
    with pytest.raises(ProgrammingError, match="already exists"):
        workbench.rows("payroll_create_snapshot", names)
    inserted = workbench.row("payroll_fill_snapshot", names, concert_id=str(concert))["number of rows inserted"]
    assert inserted == len(export(workbench, concert))
    frozen = {**PAYROLL, "fact": names["snapshot"]}
    totals = [workbench.row("payroll_control_totals", side, concert_id=str(concert)) for side in (PAYROLL, frozen)]
    assert totals[0] == totals[1]
    schema: dict[str, Identifier] = {"information_schema": relation("gcms_ops.x").information_schema}
    kind = workbench.row("table_kind", schema, schema_name="GCMS_OPS", table_name="PAYROLL_SNAPSHOT_TEST")
    assert kind["is_transient"] == "NO"
