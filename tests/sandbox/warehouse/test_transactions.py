"""A transaction is stored as a whole or not at all, and never says it is when it is not."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import Error

from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.sandbox.warehouse.client import PASSWORD, USER, Connect, ask, failure, value, wait_until


@pytest.fixture
def table(connection: SnowflakeConnection) -> str:
    ask(connection, "CREATE TABLE t (id INT, n INT)")
    ask(connection, "INSERT INTO t VALUES (1, 0), (2, 0)")
    return "t"


class InBackground:
    """A call in a thread; `outcome()` waits for what it gave or raised."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._result: Any = None
        self._thread = threading.Thread(target=self._run, args=[call])
        self._thread.start()

    def _run(self, call: Callable[[], Any]) -> None:
        try:
            self._result = call()
        except Error as error:
            self._result = error

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def outcome(self) -> Any:
        self._thread.join(60)
        assert not self.running
        return self._result


def stored(connection: SnowflakeConnection) -> list[int]:
    return [row[0] for row in ask(connection, "SELECT n FROM t ORDER BY id")]


@pytest.mark.parametrize(
    "begin", ["BEGIN", "begin transaction", "BEGIN NAME fix", "START TRANSACTION", "/* dbt */ BEGIN;"]
)
def test_commit_stores_and_others_see_it_then(
    connection: SnowflakeConnection, second: SnowflakeConnection, table: str, begin: str
) -> None:
    ask(connection, begin)
    assert value(connection, "SELECT CURRENT_TRANSACTION()") is not None
    ask(connection, "UPDATE t SET n = 1 WHERE id = 1")
    assert stored(connection) == [1, 0]
    assert stored(second) == [0, 0]
    ask(connection, "COMMIT")
    assert stored(second) == [1, 0]
    assert value(connection, "SELECT CURRENT_TRANSACTION()") is None


def test_rollback_undoes(connection: SnowflakeConnection, table: str) -> None:
    ask(connection, "BEGIN")
    ask(connection, "UPDATE t SET n = 1")
    ask(connection, "ROLLBACK")
    assert stored(connection) == [0, 0]


def test_commit_and_rollback_without_a_transaction_do_nothing(connection: SnowflakeConnection) -> None:
    ask(connection, "COMMIT")
    ask(connection, "ROLLBACK")


def test_a_compilation_error_leaves_the_transaction_alone(connection: SnowflakeConnection, table: str) -> None:
    ask(connection, "BEGIN")
    ask(connection, "UPDATE t SET n = 1 WHERE id = 1")
    assert failure(connection, "SELECT nothing FROM t").errno == 904
    assert failure(connection, "SELECT * FROM nowhere").errno == 2003
    assert failure(connection, "SELEC 1").errno == 1003
    assert failure(connection, "UPDATE t SET nothing = 1").errno == 904
    ask(connection, "UPDATE t SET n = 2 WHERE id = 2")
    ask(connection, "COMMIT")
    assert stored(connection) == [1, 2]


def test_after_an_error_at_run_time_nothing_but_rollback_is_accepted(
    connection: SnowflakeConnection, second: SnowflakeConnection, table: str
) -> None:
    ask(connection, "BEGIN")
    ask(connection, "UPDATE t SET n = 1")
    assert failure(connection, "SELECT 1 / (n - 1) FROM t").errno == 100051
    for statement in ("SELECT 1", "UPDATE t SET n = 2", "COMMIT", "COMMIT", "BEGIN", "CREATE TABLE u (x INT)"):
        assert failure(connection, statement).errno == 90233, statement
    assert stored(second) == [0, 0], "its locks are gone with it"
    ask(second, "UPDATE t SET n = 5")
    ask(connection, "ROLLBACK")
    assert stored(connection) == [5, 5]


def test_abort_on_error_makes_any_error_fatal(connect: Connect, connection: SnowflakeConnection, table: str) -> None:
    strict = connect(schema=connection.schema, session_parameters={"TRANSACTION_ABORT_ON_ERROR": True})
    ask(strict, "BEGIN")
    ask(strict, "UPDATE t SET n = 1")
    assert failure(strict, "SELECT nothing FROM t").errno == 904
    assert failure(strict, "COMMIT").errno == 90233
    ask(strict, "ROLLBACK")
    assert stored(connection) == [0, 0]


def test_a_lost_race_is_told_and_a_second_commit_does_not_hide_it(
    connection: SnowflakeConnection, second: SnowflakeConnection, table: str
) -> None:
    ask(connection, "BEGIN")
    assert stored(connection) == [0, 0]
    ask(second, "UPDATE t SET n = 7")
    assert failure(connection, "UPDATE t SET n = 1 WHERE id = 1").errno == 625
    assert failure(connection, "COMMIT").errno == 90233
    assert failure(connection, "COMMIT").errno == 90233
    ask(connection, "ROLLBACK")
    assert stored(connection) == [7, 7]


def test_ddl_commits_what_came_before(connection: SnowflakeConnection, second: SnowflakeConnection, table: str) -> None:
    ask(connection, "BEGIN")
    ask(connection, "UPDATE t SET n = 1")
    ask(connection, "CREATE TABLE u (x INT)")
    ask(connection, "ROLLBACK")
    assert stored(second) == [1, 1]
    assert ask(second, "SELECT * FROM u") == []


def test_without_autocommit_a_change_waits_for_commit(
    connect: Connect, connection: SnowflakeConnection, table: str
) -> None:
    manual = connect(schema=connection.schema, autocommit=False)
    ask(manual, "UPDATE t SET n = 1")
    assert stored(connection) == [0, 0]
    manual.rollback()
    assert stored(manual) == [0, 0]
    ask(manual, "UPDATE t SET n = 2")
    manual.commit()
    assert stored(connection) == [2, 2]
    manual.autocommit(True)
    ask(manual, "UPDATE t SET n = 3")
    assert stored(connection) == [3, 3]


def test_a_second_writer_waits_for_the_first(
    connection: SnowflakeConnection, second: SnowflakeConnection, table: str
) -> None:
    ask(connection, "BEGIN")
    ask(connection, "UPDATE t SET n = n + 1 WHERE id = 1")
    waiting = InBackground(lambda: ask(second, "UPDATE t SET n = n + 10 WHERE id = 1"))
    wait_until(lambda: running_statements(connection, "n + 10") == 1)
    assert waiting.running
    ask(connection, "COMMIT")
    assert waiting.outcome() == [(1, 0)]
    assert stored(connection) == [11, 0]


def running_statements(connection: SnowflakeConnection, text: str) -> int:
    return int(
        value(
            connection,
            "SELECT COUNT(*) FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY(RESULT_LIMIT => 1000)) "
            "WHERE execution_status = 'RUNNING' AND query_text LIKE ? AND session_id <> CURRENT_SESSION()",
            f"%{text}%",
        )
    )


def test_a_writer_gives_up_after_the_lock_timeout(
    connection: SnowflakeConnection, second: SnowflakeConnection, table: str
) -> None:
    ask(connection, "BEGIN")
    ask(connection, "DELETE FROM t WHERE id = 1")
    ask(second, "ALTER SESSION SET LOCK_TIMEOUT = 1")
    error = failure(second, "UPDATE t SET n = 1 WHERE id = 2")
    assert error.errno == 625
    assert "LOCK_TIMEOUT of 1 second(s)" in str(error.msg)
    ask(second, "INSERT INTO t VALUES (3, 0)")  # goes along with a DELETE
    ask(connection, "ROLLBACK")
    ask(second, "UPDATE t SET n = 1 WHERE id = 2")


def test_two_that_wait_for_each_other_do_not_wait_for_ever(
    connection: SnowflakeConnection, second: SnowflakeConnection, table: str
) -> None:
    ask(connection, "CREATE TABLE u AS SELECT * FROM t")
    for one, name in ((connection, "t"), (second, "u")):
        ask(one, "BEGIN")
        ask(one, f"UPDATE {name} SET n = 1")
    first = InBackground(lambda: ask(connection, "UPDATE u SET n = 2"))
    other = InBackground(lambda: ask(second, "UPDATE t SET n = 2"))
    wait_until(lambda: not (first.running and other.running))
    ask(second if first.running else connection, "ROLLBACK")
    outcomes = [first.outcome(), other.outcome()]
    assert sum(isinstance(one, Error) and one.errno == 625 for one in outcomes) == 1
    assert "wait for each other" in str(outcomes)


def test_a_swap_that_cannot_have_both_locks_keeps_neither(
    connection: SnowflakeConnection, second: SnowflakeConnection, connect: Connect, table: str
) -> None:
    ask(connection, "CREATE TABLE a AS SELECT 1 AS n")
    ask(connection, "BEGIN")
    ask(connection, "UPDATE t SET n = 1")
    ask(second, "ALTER SESSION SET LOCK_TIMEOUT = 0")
    assert failure(second, "ALTER TABLE a SWAP WITH t").errno == 625
    third = connect(schema=connection.schema, session_parameters={"LOCK_TIMEOUT": "0"})
    ask(third, "UPDATE a SET n = 2")
    ask(connection, "COMMIT")
    ask(second, "ALTER TABLE a SWAP WITH t")
    assert ask(third, "SELECT n FROM t") == [(2,)]


def test_the_same_things_may_be_made_by_many_at_once(connect: Connect, connection: SnowflakeConnection) -> None:
    name = f"GCMS.{connection.schema}_SHARED"

    def make(maker: SnowflakeConnection) -> None:
        ask(maker, f"CREATE SCHEMA IF NOT EXISTS {name}")
        ask(maker, f"CREATE TABLE IF NOT EXISTS {name}.t (n INT)")
        ask(maker, f"CREATE OR REPLACE TRANSIENT TABLE {name}.u AS SELECT 1 AS n")

    makers = [InBackground(functools.partial(make, connect())) for _ in range(6)]
    assert [maker.outcome() for maker in makers] == [None] * 6
    ask(connection, f"DROP SCHEMA {name}")


def test_closing_a_connection_rolls_back_and_frees_its_locks(
    connect: Connect, connection: SnowflakeConnection, table: str
) -> None:
    leaving = connect(schema=connection.schema)
    ask(leaving, "BEGIN")
    ask(leaving, "UPDATE t SET n = 1")
    leaving.close()
    ask(connection, "ALTER SESSION SET LOCK_TIMEOUT = 1")
    ask(connection, "UPDATE t SET n = 2 WHERE id = 1")
    assert stored(connection) == [2, 0]


_HOLDS_A_LOCK = """
import json, sys
from tests.sandbox.warehouse.client import ask
import snowflake.connector
connection = snowflake.connector.connect(**json.loads(sys.argv[1]))
ask(connection, "BEGIN")
ask(connection, "UPDATE t SET n = 99")
print("holds it", flush=True)
sys.stdin.read()
"""


def test_a_killed_client_lets_go_of_its_locks_and_one_that_only_idles_does_not(
    server: WarehouseProcess, connection: SnowflakeConnection, second: SnowflakeConnection, table: str
) -> None:
    ask(connection, "CREATE TABLE u AS SELECT * FROM t")
    ask(second, "BEGIN")
    ask(second, "UPDATE u SET n = 5")  # idle from here on, for longer than the other
    arguments = {"user": USER, "password": PASSWORD, "account": "sandbox", "host": server.host, "port": server.port}
    arguments |= {"protocol": "http", "database": "GCMS", "schema": connection.schema}
    command = [sys.executable, "-c", _HOLDS_A_LOCK, json.dumps(arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "holds it\n"
        client.kill()
        client.wait()
        ask(connection, "ALTER SESSION SET LOCK_TIMEOUT = 60")
        ask(connection, "UPDATE t SET n = n + 1 WHERE id = 1")
    assert stored(connection) == [1, 0]
    ask(second, "COMMIT")
    assert ask(connection, "SELECT DISTINCT n FROM u") == [(5,)]


def test_the_clock_goes_on_in_a_transaction(connection: SnowflakeConnection) -> None:
    ask(connection, "BEGIN")
    before = value(connection, "SELECT CURRENT_TIMESTAMP()")
    after = value(connection, "SELECT CURRENT_TIMESTAMP()")
    ask(connection, "ROLLBACK")
    assert after > before


def test_two_databases_in_one_transaction_are_refused_in_words(connection: SnowflakeConnection, table: str) -> None:
    schema = connection.schema
    ask(connection, "CREATE DATABASE ELSEWHERE")
    ask(connection, "CREATE OR REPLACE TABLE ELSEWHERE.PUBLIC.t (x INT)")
    ask(connection, "BEGIN")
    ask(connection, f"INSERT INTO GCMS.{schema}.t VALUES (3, 0)")
    assert "ELSEWHERE" in str(failure(connection, "INSERT INTO ELSEWHERE.PUBLIC.t VALUES (1)").msg)
    ask(connection, "ROLLBACK")
    ask(connection, "DROP DATABASE ELSEWHERE")
