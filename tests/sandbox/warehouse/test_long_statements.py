"""Statements that take long: none is run twice, every one can be stopped, and its end is told truly."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.constants import QueryStatus
from snowflake.connector.errors import ProgrammingError

from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.sandbox.warehouse.client import Connect, Raw, ask, failure, value, wait_until

MANY = "(SELECT SEQ4() AS n FROM TABLE(GENERATOR(ROWCOUNT => 200000)))"
ENDLESS = f"SELECT COUNT_IF(MD5(a.n || '-' || b.n) = 'x') FROM {MANY} a, {MANY} b"
"""Keeps DuckDB itself busy for hours."""


@pytest.fixture
def raw(server: WarehouseProcess) -> Iterator[Raw]:
    protocol = Raw(server)
    yield protocol
    protocol.close()


@pytest.fixture
def table(connection: SnowflakeConnection) -> str:
    """A table's full name."""
    ask(connection, "CREATE TABLE t (n INT)")
    return f"GCMS.{connection.schema}.t"


def poll(raw: Raw, answer: dict[str, object]) -> dict[str, object]:
    """The final answer of a statement in progress, got by its result URL."""
    while answer["code"] in ("333333", "333334"):
        data = answer["data"]
        assert isinstance(data, dict)
        answer = raw.result(str(data["queryId"]))
    return answer


def is_running(connection: SnowflakeConnection, text: str) -> bool:
    return bool(
        ask(
            connection,
            "SELECT 1 FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY(RESULT_LIMIT => 1000)) "
            "WHERE execution_status = 'RUNNING' AND query_text = ?",
            text,
        )
    )


# ---- in progress, and sent again


def test_a_long_statement_is_answered_in_the_end(connection: SnowflakeConnection) -> None:
    assert value(connection, "SELECT SYSTEM$WAIT(1.2)") == "waited 1.2 seconds"


def test_a_long_statement_is_first_answered_in_progress(raw: Raw) -> None:
    first = raw.query("SELECT SYSTEM$WAIT(3)")
    assert (first["code"], first["success"]) == ("333333", True)
    assert first["data"]["getResultUrl"] == f"/queries/{first['data']['queryId']}/result"
    last = poll(raw, first)
    assert last["success"] is True
    assert last["code"] is None


def test_a_request_sent_again_attaches_to_the_running_statement(
    raw: Raw, connection: SnowflakeConnection, table: str
) -> None:
    request = str(uuid.uuid4())
    sql = f"INSERT INTO {table} SELECT 1 WHERE SYSTEM$WAIT(3) IS NOT NULL"
    answers = [raw.query(sql, request) for _ in range(2)]
    assert [one["code"] for one in answers][0] == "333333"
    finals = [poll(raw, one) for one in answers]
    assert finals[0] == finals[1]
    assert ask(connection, "SELECT COUNT(*) FROM t") == [(1,)]


def test_a_request_sent_again_after_its_end_is_answered_and_not_run(
    raw: Raw, connection: SnowflakeConnection, table: str
) -> None:
    request, sql = str(uuid.uuid4()), f"INSERT INTO {table} VALUES (1)"
    first = poll(raw, raw.query(sql, request))
    assert poll(raw, raw.query(sql, request)) == first
    assert ask(connection, "SELECT COUNT(*) FROM t") == [(1,)]


def test_a_failed_request_sent_again_fails_again(raw: Raw) -> None:
    request = str(uuid.uuid4())
    first = poll(raw, raw.query("SELECT 1 / 0", request))
    assert first["code"] == "100051"
    assert poll(raw, raw.query("SELECT 1 / 0", request)) == first


def test_a_commit_sent_again_is_the_same_commit(raw: Raw, connection: SnowflakeConnection, table: str) -> None:
    raw.query("BEGIN")
    raw.query(f"INSERT INTO {table} SELECT 1")
    assert poll(raw, raw.query(f"INSERT INTO {table} SELECT 'x'"))["code"] == "100038"
    request = str(uuid.uuid4())
    for _ in range(3):
        answer = poll(raw, raw.query("COMMIT", request))
        assert (answer["success"], answer["code"]) == (False, "090233")
    raw.query("ROLLBACK")
    assert ask(connection, "SELECT COUNT(*) FROM t") == [(0,)]


# ---- stopping


@pytest.mark.parametrize("sql", ["SELECT SYSTEM$WAIT(60)", ENDLESS])
def test_execute_with_a_timeout(connection: SnowflakeConnection, sql: str) -> None:
    with connection.cursor() as cursor, pytest.raises(ProgrammingError) as caught:
        cursor.execute(sql, timeout=1)
    assert caught.value.errno == 604
    assert value(connection, "SELECT 1") == 1


@pytest.mark.parametrize("sql", ["SELECT SYSTEM$WAIT(60)", ENDLESS])
def test_the_statement_timeout_given_at_connect(connect: Connect, sql: str) -> None:
    error = failure(connect(session_parameters={"STATEMENT_TIMEOUT_IN_SECONDS": "1"}), sql)
    assert (error.errno, error.sqlstate) == (630, "57014")
    assert "timeout of 1 second(s)" in str(error.msg)


def test_the_statement_timeout_altered(connection: SnowflakeConnection) -> None:
    ask(connection, "ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1")
    assert failure(connection, ENDLESS).errno == 630
    ask(connection, "ALTER SESSION UNSET STATEMENT_TIMEOUT_IN_SECONDS")
    assert value(connection, "SELECT SYSTEM$WAIT(1.1)") == "waited 1.1 seconds"


def test_a_statements_own_timeout(connection: SnowflakeConnection) -> None:
    with connection.cursor() as cursor, pytest.raises(ProgrammingError) as caught:
        cursor.execute("SELECT SYSTEM$WAIT(60)", _statement_params={"STATEMENT_TIMEOUT_IN_SECONDS": "1"})
    assert caught.value.errno == 630


def test_cancel_by_query_id(connection: SnowflakeConnection, connect: Connect) -> None:
    with connection.cursor() as cursor:
        cursor.execute_async(ENDLESS)
        query_id = cursor.sfqid or ""
    other = connect()
    wait_until(lambda: connection.get_query_status(query_id) == QueryStatus.RUNNING)
    assert "terminated" in value(other, "SELECT SYSTEM$CANCEL_QUERY(?)", query_id)
    wait_until(lambda: connection.get_query_status(query_id) == QueryStatus.FAILED_WITH_ERROR)
    with pytest.raises(ProgrammingError, match="000604"):
        connection.get_query_status_throw_if_error(query_id)
    assert "not currently executing" in value(other, "SELECT SYSTEM$CANCEL_QUERY(?)", query_id)


def test_abort_query_of_another_connection(connection: SnowflakeConnection, connect: Connect) -> None:
    with connection.cursor() as cursor:
        cursor.execute_async("SELECT SYSTEM$WAIT(60)")
        query_id = cursor.sfqid or ""
    with connect().cursor() as other:
        assert other.abort_query(query_id) is True
        wait_until(lambda: connection.get_query_status(query_id) == QueryStatus.FAILED_WITH_ERROR)
        assert other.abort_query(query_id) is False


def test_cancel_all_of_a_session(connection: SnowflakeConnection, connect: Connect) -> None:
    caught: list[Exception] = []

    def run() -> None:
        try:
            ask(connection, ENDLESS)
        except ProgrammingError as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    other = connect()
    wait_until(lambda: is_running(other, ENDLESS))
    ask(other, f"SELECT SYSTEM$CANCEL_ALL_QUERIES({connection.session_id})")
    thread.join(60)
    assert [error.errno for error in caught if isinstance(error, ProgrammingError)] == [604]
    assert value(connection, "SELECT 1") == 1


def test_a_statement_that_waits_for_a_lock_can_be_cancelled(
    connection: SnowflakeConnection, connect: Connect, table: str
) -> None:
    ask(connection, "BEGIN")
    ask(connection, "DELETE FROM t")
    with connect().cursor() as cursor, pytest.raises(ProgrammingError) as caught:
        cursor.execute(f"UPDATE {table} SET n = 1", timeout=1)
    assert caught.value.errno == 604
    ask(connection, "ROLLBACK")


def test_a_cancel_undoes_the_statement(connection: SnowflakeConnection, table: str) -> None:
    with connection.cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.execute(f"INSERT INTO {table} SELECT LENGTH(MD5(a.n || '-' || b.n)) FROM {MANY} a, {MANY} b", timeout=1)
    assert ask(connection, "SELECT COUNT(*) FROM t") == [(0,)]


def test_closing_a_connection_stops_its_statement(server: WarehouseProcess, connect: Connect) -> None:
    raw = Raw(server)
    sql = f"/* {uuid.uuid4()} */ {ENDLESS}"
    raw.query(sql, asyncExec=True)
    other = connect()
    wait_until(lambda: is_running(other, sql))
    raw.close()
    wait_until(lambda: not is_running(other, sql))


# ---- asynchronous statements


def test_execute_async_returns_at_once_and_gives_its_rows_later(connection: SnowflakeConnection) -> None:
    with connection.cursor() as cursor:
        cursor.execute_async("SELECT SYSTEM$WAIT(5), 7::NUMBER(5, 2), NULL::TIMESTAMP_NTZ, '10:00:01'::TIME")
        query_id = cursor.sfqid or ""
        assert connection.is_still_running(connection.get_query_status(query_id))
        cursor.get_results_from_sfqid(query_id)
        [row] = cursor.fetchall()
    assert connection.get_query_status(query_id) == QueryStatus.SUCCESS
    assert [str(one) for one in row] == ["waited 5 seconds", "7.00", "None", "10:00:01"]


def test_a_failed_asynchronous_statement_says_why(connection: SnowflakeConnection) -> None:
    with connection.cursor() as cursor:
        cursor.execute_async("SELECT 1 / 0")
        query_id = cursor.sfqid or ""
        wait_until(lambda: not connection.is_still_running(connection.get_query_status(query_id)))
        with pytest.raises(ProgrammingError) as caught:
            connection.get_query_status_throw_if_error(query_id)
    assert caught.value.errno == 100051
    assert "Division by zero" in str(caught.value.msg)


def test_the_status_of_an_unknown_statement(connection: SnowflakeConnection) -> None:
    assert connection.get_query_status(str(uuid.uuid4())) == QueryStatus.NO_DATA


# ---- others meanwhile


def test_a_busy_session_does_not_hold_up_another(connection: SnowflakeConnection, connect: Connect) -> None:
    with connection.cursor() as cursor:
        cursor.execute_async(ENDLESS)
        other = connect()
        started = time.monotonic()
        assert value(other, "SELECT 1") == 1
        assert time.monotonic() - started < 20  # it would wait for hours
        cursor.abort_query(cursor.sfqid or "")


def test_two_threads_may_use_one_connection(connection: SnowflakeConnection) -> None:
    answered: list[int] = []
    threads = [threading.Thread(target=lambda n=n: answered.append(value(connection, "SELECT ?", n))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answered) == list(range(8))
