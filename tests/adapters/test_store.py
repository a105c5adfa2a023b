from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import event

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store import KEPT_FOR, Store
from gcms_tui.core.finding import Finding, HealthReport, Point, Scalar
from gcms_tui.core.verdict import Verdict

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def report(value: Scalar, at: datetime = NOW, *, target: str = "prod", name: str = "metric.scd2") -> HealthReport:
    return HealthReport(target, at, (Finding(name, "K4", Verdict.OK, "", at, value),))


@pytest.mark.parametrize(
    "value",
    [None, 3, 3.25, True, Decimal("1000000000000000.10"), NOW, date(2026, 3, 1), "[/b]\x1b[31m\n😀" + "x" * 10_000],
)
def test_values_come_back_as_they_were(tmp_path: Path, value: Scalar) -> None:
    store = Store(tmp_path)
    store.record(report(value))
    (point,) = store.series("prod", "metric.scd2")
    assert point == Point(NOW, Verdict.OK, value)
    assert type(point.value) is type(value)


def test_a_directory_of_any_name(tmp_path: Path) -> None:
    """What a URL would take for something else is a name here."""
    directory = tmp_path / os.fsdecode(b"100% #1?mode=memory \xff")
    Store(directory).record(report(1))
    assert (directory / "store.sqlite3").is_file()
    assert [point.value for point in Store(directory).series("prod", "metric.scd2")] == [1]


def test_the_newest_points_come_oldest_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    fraction = timedelta(microseconds=500_000)
    for number in (3, 1, 2):
        store.record(report(number, NOW + number * fraction))
    assert [point.value for point in store.series("prod", "metric.scd2")] == [1, 2, 3]
    assert [point.value for point in store.series("prod", "metric.scd2", limit=2)] == [2, 3]


def test_targets_and_findings_are_kept_apart(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.record(report(1))
    store.record(report(2, target="dev"))
    store.record(report(3, name="metric.freshness"))
    assert [point.value for point in store.series("prod", "metric.scd2")] == [1]
    assert store.series("prod", "nothing") == ()
    store.record(HealthReport("prod", NOW, ()))


def test_the_past_survives_a_restart_and_the_distant_past_is_dropped(tmp_path: Path) -> None:
    Store(tmp_path).record(report(1, NOW - KEPT_FOR - HOUR))
    Store(tmp_path).record(report(2, NOW - KEPT_FOR + HOUR))
    Store(tmp_path).record(report(3))
    assert [point.value for point in Store(tmp_path).series("prod", "metric.scd2")] == [2, 3]


def test_its_files_are_this_users_alone_and_durable(tmp_path: Path) -> None:
    store = Store(tmp_path / "state")
    store.record(report(1))
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    with sqlite3.connect(tmp_path / "state" / "store.sqlite3") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.execute("SELECT * FROM health_finding").fetchall()
        modes = {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "state").iterdir()}
    connection.close()
    assert modes == {0o600}


def test_several_processes_may_write_at_once(tmp_path: Path) -> None:
    """All on a store that is not there yet."""
    program = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC, timedelta;"
        "from gcms_tui.adapters.store import Store; from gcms_tui.core.finding import Finding, HealthReport;"
        "from gcms_tui.core.verdict import Verdict;"
        "at = datetime(2026, 3, 1, 9, 0, tzinfo=UTC); store = Store(Path(sys.argv[1]));"
        "[store.record(HealthReport('prod', at, (Finding('n', 'K4', Verdict.OK, '', at, i),))) for i in range(20)]"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "state")], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    errors = [writer.communicate(timeout=120)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4, errors
    assert len(Store(tmp_path / "state").series("prod", "n", limit=1000)) == 80


def test_a_locked_store_is_an_error_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gcms_tui.adapters.database.BUSY_TIMEOUT_S", 0.1)
    store = Store(tmp_path)
    store.record(report(1))
    other = sqlite3.connect(tmp_path / "store.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StateError) as caught:
            store.record(report(2))
    finally:
        other.close()
    assert "locked" in caught.value.message
    store.record(report(3))
    assert [point.value for point in store.series("prod", "metric.scd2")] == [1, 3]


def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite3").write_bytes(b"this is no database" * 100)
    with pytest.raises(StateError) as caught:
        Store(tmp_path).series("prod", "metric.scd2")
    assert "not a database" in caught.value.message
    assert "move the file away" in caught.value.next_step


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError):
        Store(tmp_path / "file" / "state").record(report(1))


def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.record(report(1))
    with sqlite3.connect(tmp_path / "store.sqlite3") as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.close()
    full = Store(tmp_path)
    with full._connection() as (connection_, _):
        engine = connection_.engine

    @event.listens_for(engine, "connect")
    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StateError) as caught:
        full.record(report("x" * 1_000_000))
    assert "full" in caught.value.message
    assert "xxx" not in caught.value.message, "the values do not belong in the message"


def test_sqlalchemy_is_imported_by_the_first_use_and_not_before() -> None:
    program = "import sys, gcms_tui.adapters.store; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


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
def test_what_another_version_wrote_is_an_error_with_a_next_step(change: str, tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.record(report(1))
    with sqlite3.connect(tmp_path / "store.sqlite3") as connection:
        connection.execute(f"UPDATE health_finding SET {change}")
    connection.close()
    with pytest.raises(StateError) as caught:
        store.series("prod", "metric.scd2")
    assert "newer" in caught.value.next_step
