"""What the spot check draws and compares with: the same for whoever asks by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.adapters.queries import QueryLibrary
from gcms_tui.adapters.snowflake import SnowflakeWarehouse
from gcms_tui.core.payroll.variance import Variance
from gcms_tui.core.settings import SnowflakeSettings
from gcms_tui.operations.payroll.spot_checks import SpotChecks
from tests.integration.asking import PAYROLL, Asking, Row
from tests.operations.payroll.scene import CONCERT, Scene
from tests.practice import RunningPlatform
from tests.wire import credentials_of

Paid = tuple[Any, Any, Any, Any, Any]
"""Musician, pay type, concert, its day, net."""


def paid(asking: Asking) -> list[Paid]:
    rows = asking.plain(
        "SELECT payment.musician_id, payment.pay_type, payment.concert_id, concert.concert_date, payment.net_amount "
        "FROM gold.fct_musician_payment AS payment "
        "JOIN (SELECT concert_id, MIN(concert_date) AS concert_date FROM gold.dim_concert GROUP BY 1) AS concert "
        "ON payment.concert_id = concert.concert_id"
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def expected(rows: list[Paid], concert: int) -> tuple[list[Row], list[str]]:
    """By another way than SQL: what each musician was paid last, and the concert before."""
    [day] = {row[3] for row in rows if row[2] == concert}
    earlier = sorted((row for row in rows if (row[3], row[2]) < (day, concert)), key=lambda row: (row[3], row[2]))
    last: list[Row] = []
    for musician, kind in sorted({row[:2] for row in rows if row[2] == concert}):
        mine = [row for row in earlier if row[0] == musician]
        alike = [row for row in mine if row[1] == kind]
        if mine:
            _, _, before, on, net = (alike or mine)[-1]
            last.append(
                {
                    "musician_id": str(musician),
                    "same_kind": bool(alike),
                    "concert_id": str(before),
                    "concert_date": on,
                    "net_amount": net,
                }
            )
    return last, [str(earlier[-1][2])] if earlier else []


def previous(asking: Asking, concert: int) -> list[Row]:
    return asking.rows("payroll_previous_payments", PAYROLL, concert_id=str(concert))


def test_the_last_payments_are_those_that_counting_by_hand_finds(asking: Asking) -> None:
    rows = paid(asking)
    days = sorted({(row[3], row[2]) for row in rows})
    for _, concert in (days[0], days[1], days[len(days) // 2], days[-1]):
        last, before = expected(rows, concert)
        assert previous(asking, concert) == last
        found = asking.rows("payroll_previous_concert", PAYROLL, concert_id=str(concert))
        assert [row["concert_id"] for row in found] == before
        assert all(row["title"] and isinstance(row["concert_date"], date) for row in found)
    assert expected(rows, days[0][1]) == ([], []) != expected(rows, days[-1][1])
    for nobody in ("-1", "1 OR 1=1", "33; --"):
        assert asking.rows("payroll_previous_payments", PAYROLL, concert_id=nobody) == []
        assert asking.rows("payroll_previous_concert", PAYROLL, concert_id=nobody) == []


@contextmanager
def rolled_back(asking: Asking) -> Iterator[None]:
    asking.plain("BEGIN")
    try:
        yield
    finally:
        asking.plain("ROLLBACK")


def test_another_kind_the_same_day_and_faulty_dimensions_are_told_apart(workbench: Asking) -> None:
    with rolled_back(workbench):
        rows = paid(workbench)
        *_, (_, third), (_, before), (day, concert) = sorted({(row[3], row[2]) for row in rows})
        there = {one: {row[0] for row in rows if row[2] == one} for one in (third, before, concert)}
        switched, unknown, nothing, *_ = chosen = sorted(there[before] & there[concert])
        fact = "gold.fct_musician_payment"
        strangers = sorted(there[third] - set(chosen))
        for musician, stranger in zip((switched, unknown, nothing), strangers, strict=False):
            if musician not in there[third]:
                workbench.plain(
                    f"UPDATE {fact} SET musician_id = ? WHERE concert_id = {third} AND musician_id = ?",
                    *(musician, stranger),
                )
        workbench.plain(
            f"UPDATE {fact} SET pay_type = 'by_the_day' WHERE concert_id = {concert} AND musician_id = ?", switched
        )
        workbench.plain(
            f"UPDATE {fact} SET pay_type = NULL WHERE concert_id IN ({third}, {concert}) AND musician_id = ?", unknown
        )
        workbench.plain(f"UPDATE {fact} SET net_amount = NULL WHERE musician_id = ?", nothing)
        workbench.plain(f"UPDATE gold.dim_concert SET concert_date = ? WHERE concert_id IN ({third}, {before})", day)
        workbench.plain(f"INSERT INTO gold.dim_concert SELECT * FROM gold.dim_concert WHERE concert_id = {before}")
        found = {row["musician_id"]: row for row in previous(workbench, concert)}
        last, [expected_before] = expected(_sortable(paid(workbench)), concert)
        assert expected_before == str(before)
        assert list(found.values()) == last
        assert found[str(switched)]["same_kind"] is False
        assert (found[str(unknown)]["same_kind"], found[str(unknown)]["concert_id"]) == (True, str(third))
        assert (found[str(nothing)]["net_amount"], found[str(nothing)]["concert_id"]) == (None, str(before))
        workbench.plain("UPDATE gold.dim_concert SET concert_date = NULL WHERE concert_id = ?", before)
        undated = previous(workbench, concert)
        assert undated and str(before) not in {row["concert_id"] for row in undated}


def _sortable(rows: list[Paid]) -> list[Paid]:
    return [(row[0], row[1] or "", *row[2:]) for row in rows]


@pytest.fixture
def scene(platform: RunningPlatform, tmp_path: Path) -> Iterator[Scene]:
    """A payroll of the practice platform."""
    warehouse = SnowflakeWarehouse(credentials_of(platform.snowflake), SnowflakeSettings())
    scene = Scene(tmp_path)
    scene.warehouse = warehouse  # type: ignore[assignment]
    yield scene
    warehouse.close()


def test_who_runs_the_statement_by_hand_gets_the_rows_that_were_drawn(scene: Scene, asking: Asking) -> None:
    checks = SpotChecks(
        scene.settings.payroll,
        book=scene.book(),
        reader=scene.reader(),
        warehouse=scene.warehouse,
        queries=QueryLibrary.load(),
        journal=scene.store().journal,
    )
    run = checks.draw(scene.passed().run_id)
    assert run.frozen is not None and run.sample is not None
    by_hand = asking.rows(
        "payroll_spot_check", PAYROLL, concert_id=CONCERT, seed=run.frozen.fingerprint, sample_size=10
    )
    assert [item.row for item in run.sample[:10]] == [str(row["musician_id"]) for row in by_hand]
    sheet = checks.sheet(run)
    last, [before] = expected(paid(asking), int(CONCERT))
    shown = {item.row: item.previous for item in sheet.rows}
    for row in last:
        if row["same_kind"] and row["musician_id"] in shown:
            known = shown[row["musician_id"]]
            assert known is not None
            assert (known.concert_id, known.net_amount) == (row["concert_id"], row["net_amount"])
    told = Variance.read(run.variance)
    totals = asking.row("payroll_control_totals", PAYROLL, concert_id=before)
    assert told.before is not None and told.before_concert.startswith(f"{before} ")
    assert (told.before.entries, told.before.net, told.before.hash_total) == (
        totals["entry_count"], Decimal(totals["net"]), totals["hash_total"],
    )  # fmt: skip
    assert told.new_payees == len({item.musician_id for item in scene.reader().read(CONCERT).payments}) - len(last)
