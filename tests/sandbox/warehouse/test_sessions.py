"""Logging in, session parameters, and the end of a session."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import DatabaseError, Error

from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.sandbox.warehouse.client import Connect, Start, ask, failure, open_connection, value


@pytest.mark.parametrize("wrong", [{"password": "guess"}, {"user": "somebody"}, {"password": ""}])
def test_a_wrong_login_is_refused(server: WarehouseProcess, wrong: dict[str, str]) -> None:
    with pytest.raises(Error) as caught:
        open_connection(server, **wrong)
    if wrong.get("password") != "":  # the connector itself asks for one
        assert isinstance(caught.value, DatabaseError)
        assert caught.value.errno == 390100
        assert "Incorrect username or password" in str(caught.value.msg)


def test_an_unknown_database_is_refused_and_not_made(server: WarehouseProcess, connect: Connect) -> None:
    with pytest.raises(DatabaseError) as caught:
        open_connection(server, database="GCMS_PROD")
    assert "GCMS_PROD" in str(caught.value.msg)
    assert "GCMS_PROD" not in [row[1] for row in ask(connect(), "SHOW DATABASES")]


def test_an_unknown_schema_leaves_the_session_without_one(connect: Connect) -> None:
    connection = connect(schema="NOT_YET")
    assert value(connection, "SELECT CURRENT_SCHEMA()") is None
    ask(connection, "CREATE SCHEMA not_yet")
    assert value(connection, "SELECT CURRENT_SCHEMA()") == "NOT_YET"
    ask(connection, "DROP SCHEMA not_yet")


def test_who_and_where_one_is(connect: Connect) -> None:
    connection = connect(schema="PUBLIC", role="reporter", warehouse="big")
    assert ask(
        connection,
        "SELECT CURRENT_USER(), CURRENT_ROLE(), CURRENT_WAREHOUSE(), CURRENT_DATABASE(), CURRENT_SCHEMA(), "
        "CURRENT_SESSION()::NUMBER",
    ) == [("CONSOLE", "REPORTER", "BIG", "GCMS", "PUBLIC", connection.session_id)]


PARAMETERS = {
    "QUERY_TAG": "payroll run 7",
    "LOCK_TIMEOUT": "3",
    "STATEMENT_TIMEOUT_IN_SECONDS": "60",
    "TRANSACTION_ABORT_ON_ERROR": "true",
    "ABORT_DETACHED_QUERY": "true",
    "TIMEZONE": "America/Chicago",
}


@pytest.mark.parametrize(("name", "text"), PARAMETERS.items())
def test_a_parameter_is_remembered(connect: Connect, name: str, text: str) -> None:
    at_connect = connect(session_parameters={name: text})
    altered = connect()
    ask(altered, f"ALTER SESSION SET {name} = '{text}'")
    for connection in (at_connect, altered):
        [row] = ask(connection, f"SHOW PARAMETERS LIKE '{name.lower()}' IN SESSION")
        assert (row[0], row[1], row[3]) == (name, text, "SESSION")
        ask(connection, f"ALTER SESSION UNSET {name}")
        [row] = ask(connection, f"SHOW PARAMETERS LIKE '{name}'")
        assert row[1] == row[2]
        assert row[1] != text


def test_several_parameters_at_once_and_a_pattern(connect: Connect) -> None:
    connection = connect()
    ask(connection, "ALTER SESSION SET QUERY_TAG = 'it''s, = odd', LOCK_TIMEOUT = 3 WEEK_START = 1;")
    shown = {row[0]: row[1] for row in ask(connection, "SHOW PARAMETERS")}
    assert (shown["QUERY_TAG"], shown["LOCK_TIMEOUT"], shown["WEEK_START"]) == ("it's, = odd", "3", "1")
    assert [row[0] for row in ask(connection, "SHOW PARAMETERS LIKE '%\\\\_tag'")] == ["QUERY_TAG"]


def test_the_time_zone_is_that_of_local_times(connect: Connect) -> None:
    connection = connect(session_parameters={"TIMEZONE": "America/Chicago"})
    noon = datetime(2025, 1, 1, 18, tzinfo=UTC)
    assert value(connection, "SELECT '2025-01-01 12:00:00'::TIMESTAMP_NTZ::TIMESTAMP_TZ") == noon
    local = value(connection, "SELECT '2025-01-01 18:00:00+00:00'::TIMESTAMP_TZ::TIMESTAMP_NTZ")
    assert local == datetime(2025, 1, 1, 12)  # noqa: DTZ001  TIMESTAMP_NTZ has no zone
    ask(connection, "ALTER SESSION UNSET TIMEZONE")
    assert value(connection, "SELECT '2025-01-01 18:00:00'::TIMESTAMP_NTZ::TIMESTAMP_TZ") == noon


def test_a_closed_session_is_gone_from_the_server(server: WarehouseProcess, connect: Connect) -> None:
    leaving = open_connection(server)
    assert leaving.is_valid()
    assert leaving.rest is not None
    token = leaving.rest.token
    leaving.close()
    staying = connect()
    assert staying.rest is not None
    staying.rest.update_tokens(token, None)
    assert failure(staying, "SELECT 1").errno == 390111
    assert staying.is_valid() is False


def test_an_idle_session_is_ended_and_its_locks_with_it(start: Start) -> None:
    server = start("--database", "GCMS", "--session-idle-seconds", "6")
    setup = open_connection(server, schema="PUBLIC")
    ask(setup, "CREATE TABLE t AS SELECT 1 AS n")
    idle = open_connection(server, schema="PUBLIC")
    ask(idle, "BEGIN")
    ask(idle, "UPDATE t SET n = 2")
    ask(setup, "UPDATE t SET n = n + 10")  # waits for the lock, and is not idle meanwhile
    assert ask(setup, "SELECT n FROM t") == [(11,)]
    assert failure(idle, "COMMIT").errno == 390111
    setup.close()
    idle.close()


def test_use_changes_where_names_point(connection: SnowflakeConnection) -> None:
    ask(connection, "CREATE TABLE t AS SELECT 1 AS n")
    ask(connection, f"USE SCHEMA {connection.schema}")
    for use in (f"USE {connection.database}.{connection.schema}", f"USE SCHEMA gcms.{connection.schema}"):
        name = connection.schema
        ask(connection, "USE DATABASE gcms")
        assert value(connection, "SELECT CURRENT_SCHEMA()") == "PUBLIC"
        assert failure(connection, "SELECT n FROM t").errno == 2003
        ask(connection, use)
        assert connection.schema == name
        assert ask(connection, "SELECT n FROM t") == [(1,)]
    assert failure(connection, "USE DATABASE nowhere").errno == 2043
