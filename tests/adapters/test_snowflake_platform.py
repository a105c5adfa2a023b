"""The read side against the practice warehouse: a real server, real tables, real death."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from gcms_tui.adapters.profiles import read_output, read_project
from gcms_tui.adapters.snowflake import SnowflakeWarehouse
from gcms_tui.core.errors import ConfigError, MissingRelation, StatementFailed, StatementTimeout, Unavailable
from gcms_tui.core.settings import DbtSettings, SnowflakeSettings
from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.adapters.scripted_snowflake import ask, credentials, quick
from tests.practice import RunningPlatform
from tests.sandbox.warehouse.client import free_port

USER, PASSWORD = "me", "planted-hunter2"


def warehouse_of(platform: RunningPlatform, settings: SnowflakeSettings | None = None) -> SnowflakeWarehouse:
    """As the console opens it: by the project's own profile."""
    dbt = DbtSettings(project_dir=platform.dbt_project)
    output = read_output(dbt, read_project(dbt, os.environ), os.environ)
    return SnowflakeWarehouse(output.credentials, settings or SnowflakeSettings())


@pytest.fixture
def warehouse(platform: RunningPlatform) -> Iterator[SnowflakeWarehouse]:
    opened = warehouse_of(platform)
    yield opened
    opened.close()


def test_it_knows_who_it_is_and_what_it_sees(warehouse: SnowflakeWarehouse) -> None:
    identity = warehouse.identity()
    assert (identity.user, identity.database) == ("GCMS", "GCMS")
    assert identity.role
    assert identity.warehouse
    assert {"RAW", "BRONZE", "SILVER", "GOLD"} <= warehouse.schemas()


def test_money_is_decimal_and_time_is_utc(warehouse: SnowflakeWarehouse) -> None:
    answer = warehouse.read(
        ask("SELECT SUM(net_amount) AS total, COUNT(*) AS n, MAX(calculated_at) AS at FROM gold.fct_musician_payment")
    )
    assert answer.columns == ("total", "n", "at")
    total, count, at = answer.rows[0]
    assert isinstance(total, Decimal)
    assert total.as_tuple().exponent == -2
    assert type(count) is int
    assert isinstance(at, datetime)
    assert at.tzinfo is UTC
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.query_id or "")


def test_a_null_moment_stays_null(warehouse: SnowflakeWarehouse) -> None:
    answer = warehouse.read(ask("SELECT MAX(_airbyte_extracted_at) FROM raw.supabase_payment WHERE 1 = 0"))
    assert answer.rows == ((None,),)


def test_bound_values_arrive_as_they_were(warehouse: SnowflakeWarehouse) -> None:
    moment = datetime(2026, 3, 1, 12, 30, 15, 250000, tzinfo=UTC)
    sql = "SELECT ?, TO_NUMBER(?, 12, 2), TO_TIMESTAMP_NTZ(?), TO_DATE(?), ? + 1"
    values = ("it's [b]\n%s", Decimal("100.10"), moment, date(2026, 3, 1), 41)
    assert warehouse.read(ask(sql, *values)).rows == (
        ("it's [b]\n%s", Decimal("100.10"), moment, date(2026, 3, 1), 42),
    )


def test_a_missing_table_and_a_missing_column_are_two_things(warehouse: SnowflakeWarehouse) -> None:
    with pytest.raises(MissingRelation) as caught:
        warehouse.read(ask("SELECT * FROM gold.nowhere"))
    assert "NOWHERE" in caught.value.message.upper()
    with pytest.raises(StatementFailed) as refused:
        warehouse.read(ask("SELECT nothing FROM gold.dim_concert"))
    assert not isinstance(refused.value, MissingRelation)


def test_a_query_past_its_limit_is_cancelled_and_the_session_lives(platform: RunningPlatform) -> None:
    warehouse = warehouse_of(platform, quick(login_timeout_s=20, statement_timeout_s=1, network_timeout_s=30))
    slow = "SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 400000)) a, TABLE(GENERATOR(ROWCOUNT => 400000)) b"
    with pytest.raises(StatementTimeout) as caught:
        warehouse.read(ask(slow))
    assert "statement_timeout_s" in caught.value.next_step
    assert warehouse.read(ask("SELECT 1")).rows == ((1,),)
    warehouse.close()


def test_a_wrong_password_is_refused(platform: RunningPlatform) -> None:
    port = int(platform.snowflake["port"])
    warehouse = SnowflakeWarehouse(credentials(port, user=platform.snowflake["user"]), quick())
    with pytest.raises(ConfigError, match="refused the login") as caught:
        warehouse.read(ask())
    assert PASSWORD not in f"{caught.value} {caught.value.next_step}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WarehouseProcess]:
    """An empty warehouse of this test alone, to be killed."""
    directory = tmp_path / "warehouse"
    with WarehouseProcess.start(directory, free_port(), USER, PASSWORD, options=("--database", "GCMS")) as running:
        yield running.wait_ready()


def test_a_restarted_server_is_found_again_by_the_next_read(server: WarehouseProcess, tmp_path: Path) -> None:
    patient = quick(login_timeout_s=20, network_timeout_s=10, statement_timeout_s=8)
    warehouse = SnowflakeWarehouse(credentials(server.port), patient)
    assert warehouse.read(ask("SELECT 1")).rows == ((1,),)
    server.stop()
    with WarehouseProcess.start(tmp_path / "warehouse", server.port, USER, PASSWORD) as again:
        again.wait_ready()
        assert warehouse.read(ask("SELECT 2")).rows == ((2,),)
        warehouse.close()


def test_a_server_that_is_gone_is_unavailable_and_closing_is_quick(server: WarehouseProcess) -> None:
    warehouse = SnowflakeWarehouse(credentials(server.port), quick(login_timeout_s=20))
    warehouse.read(ask("SELECT 1"))
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()
    with pytest.raises(Unavailable):
        warehouse.read(ask("SELECT 1"))
    with pytest.raises(Unavailable, match="Connection refused"):
        warehouse.read(ask("SELECT 1"))
    warehouse.close()


def test_a_frozen_server_ends_with_the_timeouts_and_is_used_again_when_it_wakes(server: WarehouseProcess) -> None:
    warehouse = SnowflakeWarehouse(credentials(server.port), quick(login_timeout_s=20))
    warehouse.read(ask("SELECT 1"))
    os.kill(server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable):
            warehouse.read(ask("SELECT 1"))
    finally:
        os.kill(server.pid, signal.SIGCONT)
    assert warehouse.read(ask("SELECT 1")).rows == ((1,),)
    warehouse.close()


def test_a_read_imports_no_data_frames(platform: RunningPlatform) -> None:
    """The connector takes pandas and pyarrow where they are installed: twice the time and memory of a first login."""
    program = """
import sys
from pathlib import Path
from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring import load_settings, open_warehouse
from gcms_tui.core.query import Statement
warehouse = open_warehouse(load_settings(Invocation(config=Path(sys.argv[1]))).settings)
answer = warehouse.read(Statement("one", "a test", "SELECT 1 AS one"))
warehouse.close()
sys.stdout.write(f"{answer.rows} {sorted({'pandas', 'pyarrow'} & sys.modules.keys())}")
import pandas
"""
    argv = [sys.executable, "-c", program, str(platform.config)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "((1,),) []"), done.stderr
