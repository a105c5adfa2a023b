"""Health over time: what comes back, what is dropped, and what is told where it cannot be kept."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store.health_history import KEPT_FOR
from gcms_tui.core.finding import Finding, HealthReport, Point, Scalar
from gcms_tui.core.verdict import Verdict
from tests.adapters.store.address import Address

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def report(value: Scalar, at: datetime = NOW, *, target: str = "prod", name: str = "metric.scd2") -> HealthReport:
    return HealthReport(target, at, (Finding(name, "K4", Verdict.OK, "", at, value),))


VALUES: tuple[Scalar, ...] = (
    *(None, 3, 3.25, True, Decimal("1000000000000000.10"), NOW, date(2026, 3, 1)),
    "[/b]\x1b[31m\n\0\U0001f600" + "x" * 10_000,
)


def test_values_come_back_as_they_were_oldest_first(address: Address) -> None:
    health = address.open().health
    for number, value in enumerate(VALUES):
        health.record(report(value, NOW + timedelta(microseconds=number)))
    points = address.open().health.series("prod", "metric.scd2")
    assert points == tuple(
        Point(NOW + timedelta(microseconds=number), Verdict.OK, value) for number, value in enumerate(VALUES)
    )
    assert [type(point.value) for point in points] == [type(value) for value in VALUES]
    assert health.series("prod", "metric.scd2", limit=2) == points[-2:]


def test_a_directory_of_any_name(sqlite_address: Address) -> None:
    """What a URL would take for something else is a name here."""
    directory = sqlite_address.state_dir / os.fsdecode(b"100% #1?mode=memory \xff")
    odd = replace(sqlite_address, state_dir=directory)
    odd.open().health.record(report(1))
    assert (directory / "store.sqlite3").is_file()
    assert [point.value for point in odd.open().health.series("prod", "metric.scd2")] == [1]


def test_targets_and_findings_are_kept_apart_and_the_distant_past_is_dropped(address: Address) -> None:
    health = address.open().health
    for kept in (
        report(0, NOW - KEPT_FOR - HOUR),
        report(1, NOW - KEPT_FOR + HOUR),
        report(2, target="dev"),
        report(3, name="metric.freshness"),
        report(4),
        HealthReport("prod", NOW, ()),
    ):
        health.record(kept)
    assert [point.value for point in health.series("prod", "metric.scd2")] == [1, 4]
    assert [point.value for point in health.series("dev", "metric.scd2")] == [2]
    assert health.series("prod", "nothing") == ()


def test_a_locked_store_is_an_error_in_time(sqlite_address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gcms_tui.adapters.store.database.BUSY_TIMEOUT_S", 0.1)
    health = sqlite_address.open().health
    health.record(report(1))
    with closing(sqlite3.connect(sqlite_address.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match="locked"):
            health.record(report(2))
    health.record(report(3))
    assert [point.value for point in health.series("prod", "metric.scd2")] == [1, 3]


def test_a_damaged_file_is_an_error_that_says_what_to_do(sqlite_address: Address) -> None:
    sqlite_address.state_dir.mkdir()
    sqlite_address.file.write_bytes(b"this is no database" * 100)
    with pytest.raises(StateError, match="not a database") as caught:
        sqlite_address.open().health.series("prod", "metric.scd2")
    assert "move the file away" in caught.value.next_step


def test_a_directory_that_cannot_be_made_is_an_error(sqlite_address: Address, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError):
        replace(sqlite_address, state_dir=tmp_path / "file" / "state").open().health.record(report(1))


@pytest.mark.parametrize(
    "change",
    [
        "verdict = 'DOUBTFUL'",
        "value = '[1]', value_type = 'list'",
        "value = '{'",
        "value = '\"x\"', value_type = 'decimal'",
        "taken_at_us = 9000000000000000000",
    ],
)
def test_what_another_version_wrote_is_an_error_with_a_next_step(change: str, sqlite_address: Address) -> None:
    health = sqlite_address.open().health
    health.record(report(1))
    sqlite_address.tamper(f"UPDATE health_finding SET {change}")
    with pytest.raises(StateError) as caught:
        health.series("prod", "metric.scd2")
    assert "newer" in caught.value.next_step
