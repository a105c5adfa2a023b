"""What survives: a kill, a restart, a second server, a full day of rewriting one table."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import pytest

from gcms_tui.core.errors import Unavailable
from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.sandbox.warehouse.client import (
    PASSWORD,
    USER,
    Raw,
    Start,
    ask,
    failure,
    free_port,
    open_connection,
    value,
    wait_until,
)
from tests.sandbox.warehouse.test_long_statements import ENDLESS, is_running, poll

# The connector's own timer thread cannot reach a dead server, and says so by an exception.
dead_server = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WarehouseProcess, Path]]:
    """A server that is not killed, and its directory."""
    directory = tmp_path_factory.mktemp("lasting")
    options = ("--database", "GCMS")
    with WarehouseProcess.start(directory, free_port(), USER, PASSWORD, options=options) as started:
        yield started.wait_ready(), directory


@dead_server
def test_a_kill_keeps_every_acknowledged_commit(start: Start) -> None:
    port = free_port()
    server = start("--database", "GCMS", "--database", "OTHER", port=port)
    connection = open_connection(server, schema="PUBLIC")
    ask(connection, "CREATE TRANSIENT TABLE t (n INT)")
    ask(connection, "CREATE TABLE OTHER.PUBLIC.o AS SELECT 5 AS n")
    ask(connection, "BEGIN")
    ask(connection, "INSERT INTO t VALUES (1), (2)")
    ask(connection, "COMMIT")
    ask(connection, "INSERT INTO t VALUES (3)")
    altered = value(connection, "SELECT last_altered FROM information_schema.tables WHERE table_name = 'T'")
    ask(connection, "BEGIN")
    ask(connection, "INSERT INTO t VALUES (4)")
    unfinished = Raw(server).query(ENDLESS, asyncExec=True)["data"]["queryId"]
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()

    again = start(port=port)

    assert failure(connection, "COMMIT").errno == 390111
    assert connection.is_valid() is False
    with open_connection(again, schema="PUBLIC") as fresh:
        assert ask(fresh, "SELECT n FROM t ORDER BY n") == [(1,), (2,), (3,)]
        assert ask(fresh, "SELECT n FROM OTHER.PUBLIC.o") == [(5,)], "every database is there without being asked for"
        assert failure(fresh, "CREATE TABLE c CLONE t").errno == 2120, "still transient"
        assert value(fresh, "SELECT last_altered FROM information_schema.tables WHERE table_name = 'T'") == altered
        history = "SELECT execution_status FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY(RESULT_LIMIT => 100))"
        assert value(fresh, f"{history} WHERE query_id = ?", unfinished) == "FAILED_WITH_INCIDENT"
        assert value(fresh, f"{history} WHERE query_text = 'INSERT INTO t VALUES (3)'") == "SUCCESS"


def test_a_kill_while_writing_loses_nothing_that_was_acknowledged(start: Start) -> None:
    server = start("--database", "GCMS")
    acknowledged: list[int] = []

    def write() -> None:
        """By the protocol itself: the connector would go on asking the dead server."""
        raw = Raw(server)
        with contextlib.suppress(OSError, HTTPException):
            poll(raw, raw.query("CREATE TABLE PUBLIC.t (n INT)"))
            for n in range(100_000):
                if not poll(raw, raw.query(f"INSERT INTO PUBLIC.t VALUES ({n})"))["success"]:
                    return
                acknowledged.append(n)

    writer = threading.Thread(target=write)
    writer.start()
    wait_until(lambda: len(acknowledged) > 20)
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()
    writer.join(30)
    with open_connection(start(), schema="PUBLIC") as connection:
        found = {row[0] for row in ask(connection, "SELECT n FROM t")}
    assert set(acknowledged) <= found
    assert len(found) <= len(acknowledged) + 1, "at most the one that was on its way"


def test_a_second_server_on_the_directory_refuses_and_says_why(lasting: tuple[WarehouseProcess, Path]) -> None:
    first, directory = lasting
    second = WarehouseProcess.start(directory, free_port(), USER, PASSWORD)
    with pytest.raises(Unavailable) as caught:
        second.wait_ready()
    assert f"Another warehouse server (process {first.pid}) already uses {directory}" in caught.value.message
    assert second.process.returncode == 69
    assert first.is_ready()


@pytest.mark.parametrize("login", ["", f"{USER}\n", f"{USER}\n\n", f"\n{PASSWORD}\n"])
def test_no_server_without_a_password(tmp_path: Path, login: str) -> None:
    command = [sys.executable, "-m", "gcms_tui.sandbox.warehouse", "--directory", str(tmp_path), "--port", "1"]
    ended = subprocess.run(command, input=login, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 78
    assert "password are missing" in ended.stderr


LONG_WAIT = "SELECT SYSTEM$WAIT(60)"


def wait_long(raw: Raw) -> None:
    with contextlib.suppress(OSError):  # the server may be gone before it can answer
        raw.query(LONG_WAIT)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_soon_whatever_runs(start: Start, signal_number: int) -> None:
    server = start("--database", "GCMS")
    raw = Raw(server)
    raw.query("CREATE TABLE PUBLIC.t AS SELECT 1 AS n")
    raw.query(ENDLESS, asyncExec=True)
    waiting = threading.Thread(target=wait_long, args=[raw])
    waiting.start()
    with open_connection(server) as other:
        wait_until(lambda: is_running(other, LONG_WAIT))
    os.kill(server.pid, signal_number)
    assert server.process.wait(timeout=60) == 0
    waiting.join(60)
    assert not (server.log_path.parent / "GCMS.db.wal").exists(), "the log is folded into the file"
    said = server.log_path.read_text().splitlines()
    assert not said or "timeout graceful shutdown exceeded" in said[0], "nothing but where a request was cut off"


def test_rewriting_a_table_does_not_grow_the_files_for_ever(lasting: tuple[WarehouseProcess, Path]) -> None:
    server, directory = lasting
    a_megabyte = "SELECT SEQ4() AS n, MD5(SEQ4()) AS s FROM TABLE(GENERATOR(ROWCOUNT => 30000))"
    largest = 0
    with open_connection(server, schema="PUBLIC") as connection:
        for _ in range(45):
            ask(connection, f"CREATE OR REPLACE TABLE t AS {a_megabyte}")
            largest = max(largest, sum(file.stat().st_size for file in directory.glob("GCMS.db*")))
    assert largest < 35_000_000


def test_the_servers_own_files_are_private(lasting: tuple[WarehouseProcess, Path]) -> None:
    server, directory = lasting
    with open_connection(server) as connection:
        ask(connection, "SELECT 'seen by nobody else'")
    for name in ("query_history.jsonl", "warehouse.log", "warehouse.lock"):
        assert (directory / name).stat().st_mode & 0o077 == 0, name
    assert PASSWORD not in (directory / "query_history.jsonl").read_text()
    assert PASSWORD not in Path(f"/proc/{server.pid}/cmdline").read_text()
