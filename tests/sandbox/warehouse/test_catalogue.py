"""What the server says about tables, columns and its own past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from snowflake.connector import DictCursor, SnowflakeConnection

from tests.sandbox.warehouse.client import Connect, ask, failure, value


def dicts(connection: SnowflakeConnection, sql: str, *values: object) -> list[dict[str, object]]:
    with connection.cursor(DictCursor) as cursor:
        cursor.execute(sql, values or None)
        return [dict(row) for row in cursor.fetchall()]


@pytest.fixture
def tables(connection: SnowflakeConnection) -> str:
    ask(connection, "CREATE TABLE kept (id INT NOT NULL, amount NUMBER(12, 2), at TIMESTAMP_TZ)")
    ask(connection, "CREATE TRANSIENT TABLE passing AS SELECT column1 AS id FROM VALUES (1), (2), (3)")
    ask(connection, "CREATE VIEW seen AS SELECT id FROM kept")
    ask(connection, "CREATE TEMPORARY TABLE own AS SELECT 1 AS id")
    return connection.schema or ""


def test_information_schema_tables(connection: SnowflakeConnection, tables: str) -> None:
    before = datetime.now(UTC) - timedelta(seconds=60)
    ask(connection, "DELETE FROM passing WHERE id = 1")
    ask(connection, "INSERT INTO kept (id) VALUES (1), (2)")
    rows = dicts(
        connection,
        "SELECT table_name, table_type, is_transient, is_temporary, row_count, created, last_altered "
        "FROM GCMS.INFORMATION_SCHEMA.TABLES t WHERE t.table_schema = ? ORDER BY table_name",
        tables,
    )
    assert [tuple(row.values())[:5] for row in rows] == [
        ("KEPT", "BASE TABLE", "NO", "NO", 2),
        ("OWN", "LOCAL TEMPORARY", "YES", "YES", 1),
        ("PASSING", "BASE TABLE", "YES", "NO", 2),
        ("SEEN", "VIEW", None, "NO", None),
    ]
    for row in rows:
        created, altered = row["CREATED"], row["LAST_ALTERED"]
        assert isinstance(created, datetime)
        assert isinstance(altered, datetime)
        assert before < created <= altered <= datetime.now(UTC)


def test_last_altered_moves_with_the_data(connection: SnowflakeConnection, tables: str) -> None:
    sql = "SELECT last_altered FROM information_schema.tables WHERE table_name = 'KEPT' AND table_schema = ?"
    first = value(connection, sql, tables)
    ask(connection, "SELECT * FROM kept")
    assert value(connection, sql, tables) == first
    ask(connection, "INSERT INTO kept (id) VALUES (1)")
    assert value(connection, sql, tables) > first


def test_row_counts_are_those_of_the_own_transaction(
    connection: SnowflakeConnection, second: SnowflakeConnection, tables: str
) -> None:
    sql = "SELECT row_count FROM information_schema.tables WHERE table_name = 'PASSING' AND table_schema = ?"
    ask(connection, "BEGIN")
    ask(connection, "DELETE FROM passing")
    assert (value(connection, sql, tables), value(second, sql, tables)) == (0, 3)
    ask(connection, "ROLLBACK")


def test_show(connection: SnowflakeConnection, tables: str) -> None:
    shown = {row["name"]: row for row in dicts(connection, "SHOW TABLES")}
    assert {name: (row["kind"], row["rows"]) for name, row in shown.items()} == {
        "KEPT": ("TABLE", 0),
        "OWN": ("TEMPORARY", 1),
        "PASSING": ("TRANSIENT", 3),
    }
    assert [row["name"] for row in dicts(connection, "SHOW VIEWS")] == ["SEEN"]
    in_schema = f"IN SCHEMA GCMS.{tables}"
    objects = dicts(connection, f"SHOW TERSE OBJECTS {in_schema} LIMIT 10000")
    assert [(row["name"], row["kind"]) for row in objects] == [
        ("KEPT", "TABLE"), ("OWN", "TABLE"), ("PASSING", "TABLE"), ("SEEN", "VIEW"),
    ]  # fmt: skip
    assert [row["name"] for row in dicts(connection, f"SHOW TABLES LIKE 'pass%' {in_schema}")] == ["PASSING"]
    assert [row["name"] for row in dicts(connection, f"SHOW OBJECTS {in_schema} LIMIT 2")] == ["KEPT", "OWN"]
    schemas = [row["name"] for row in dicts(connection, "SHOW TERSE SCHEMAS IN DATABASE GCMS")]
    assert {"INFORMATION_SCHEMA", "PUBLIC", tables} <= set(schemas)
    assert failure(connection, "SHOW TABLES IN SCHEMA GCMS.NOWHERE").errno == 2003
    assert failure(connection, "SHOW SCHEMAS IN DATABASE NOWHERE").errno == 2003


@pytest.mark.parametrize("verb", ["DESCRIBE TABLE", "DESC TABLE", "DESCRIBE VIEW"])
def test_describe(connection: SnowflakeConnection, tables: str, verb: str) -> None:
    rows = dicts(connection, f"{verb} GCMS.{tables}.kept")
    assert [(row["name"], row["type"], row["null?"]) for row in rows] == [
        ("ID", "NUMBER(38,0)", "N"),
        ("AMOUNT", "NUMBER(12,2)", "Y"),
        ("AT", "TIMESTAMP_TZ(9)", "Y"),
    ]


def test_information_schema_columns_and_views(connection: SnowflakeConnection, tables: str) -> None:
    columns = ask(
        connection,
        "SELECT column_name, data_type, numeric_scale FROM information_schema.columns "
        "WHERE table_schema = ? AND table_name = 'KEPT' ORDER BY ordinal_position",
        tables,
    )
    assert columns == [("ID", "NUMBER", 0), ("AMOUNT", "NUMBER", 2), ("AT", "TIMESTAMP_TZ", None)]
    [(definition,)] = ask(
        connection, "SELECT view_definition FROM information_schema.views WHERE table_schema = ?", tables
    )
    assert "KEPT" in definition


def test_the_columns_of_a_statement_without_running_it(connection: SnowflakeConnection, tables: str) -> None:
    with connection.cursor() as cursor:
        described = cursor.describe("SELECT id, amount, ?::DATE AS day FROM kept", (None,)) or []
        assert [(one.name, one.scale) for one in described][:2] == [("ID", 0), ("AMOUNT", 2)]
        cursor.describe("UPDATE passing SET id = 9")
    assert ask(connection, "SELECT MAX(id) FROM passing") == [(3,)]


# ---- history


def test_query_history(connect: Connect) -> None:
    connection = connect(schema="PUBLIC", session_parameters={"QUERY_TAG": "plan 42"})
    ask(connection, "CREATE TEMPORARY TABLE t (n INT)")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (?), (2)", (1,))
        inserted = cursor.sfqid
    failed = failure(connection, "SELECT * FROM nowhere_at_all")
    rows = dicts(
        connection,
        "SELECT * FROM TABLE(GCMS.INFORMATION_SCHEMA.QUERY_HISTORY_BY_SESSION()) ORDER BY start_time",
    )
    assert [row["EXECUTION_STATUS"] for row in rows] == ["SUCCESS", "SUCCESS", "FAILED_WITH_ERROR", "RUNNING"]
    insert, error = rows[1], rows[2]
    assert insert["QUERY_ID"] == inserted
    assert (insert["QUERY_TEXT"], insert["QUERY_TYPE"]) == ("INSERT INTO t VALUES (?), (2)", "INSERT")
    assert (insert["ROWS_PRODUCED"], insert["QUERY_TAG"], insert["USER_NAME"]) == (2, "plan 42", "CONSOLE")
    assert insert["SESSION_ID"] == connection.session_id
    assert insert["START_TIME"] <= insert["END_TIME"]  # type: ignore[operator]
    assert (error["QUERY_ID"], error["ERROR_CODE"]) == (failed.sfqid, "002003")
    assert "NOWHERE_AT_ALL" in str(error["ERROR_MESSAGE"])


def test_query_history_can_be_narrowed(connect: Connect) -> None:
    connection = connect()
    for _ in range(3):
        ask(connection, "SELECT 1")
    history = "SELECT COUNT(*) FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY_BY_SESSION({}))"
    assert value(connection, history.format("RESULT_LIMIT => 2")) == 2
    assert value(connection, history.format("END_TIME_RANGE_START => DATEADD(hour, 1, CURRENT_TIMESTAMP())")) == 1
    ago = "DATEADD(hour, -1, CURRENT_TIMESTAMP())"
    assert value(connection, history.format(f"END_TIME_RANGE_START => {ago}, SESSION_ID => CURRENT_SESSION()")) >= 5
    assert value(connection, history.format(f"END_TIME_RANGE_END => {ago}")) == 0


TYPES = {
    "CREATE TABLE a (n INT)": "CREATE_TABLE",
    "CREATE TABLE b AS SELECT 1 AS n": "CREATE_TABLE_AS_SELECT",
    "CREATE VIEW v AS SELECT n FROM a": "CREATE_VIEW",
    "UPDATE a SET n = 1": "UPDATE",
    "MERGE INTO a USING b ON a.n = b.n WHEN MATCHED THEN DELETE": "MERGE",
    "ALTER TABLE a ADD COLUMN m INT": "ALTER",
    "DROP TABLE a": "DROP_TABLE",
    "SHOW TABLES": "SHOW",
    "ALTER SESSION SET WEEK_START = 1": "ALTER_SESSION",
    "BEGIN": "BEGIN_TRANSACTION",
    "COMMIT": "COMMIT",
}


def test_query_history_tells_what_a_statement_was(connection: SnowflakeConnection) -> None:
    for sql in TYPES:
        ask(connection, sql)
    sql = "SELECT query_text, query_type FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY_BY_SESSION())"
    types = dict(ask(connection, sql))
    assert {text: types[text] for text in TYPES} == TYPES


def test_last_query_id_and_its_rows(connection: SnowflakeConnection, tables: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, 1.50::NUMBER(5, 2) AS amount, NULL::TIMESTAMP_TZ AS at FROM passing ORDER BY id")
        query_id, rows = cursor.sfqid, cursor.fetchall()
    assert value(connection, "SELECT LAST_QUERY_ID()") == query_id
    assert value(connection, "SELECT LAST_QUERY_ID(-2)") == query_id
    assert ask(connection, "SELECT * FROM TABLE(RESULT_SCAN(?)) ORDER BY id", query_id) == rows
    ask(connection, "SHOW TABLES")
    names = ask(connection, 'SELECT "name" FROM TABLE(RESULT_SCAN(LAST_QUERY_ID())) WHERE "kind" = \'TRANSIENT\'')
    assert names == [("PASSING",)]
    assert failure(connection, "SELECT * FROM TABLE(RESULT_SCAN('nothing'))").errno == 709
