"""Every failure is an answer with Snowflake's number, state and wording; none is an HTTP 500 that clients retry."""

from __future__ import annotations

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import IntegrityError

from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.sandbox.warehouse.client import Raw, ask, failure

CASES = [
    ("SELECT * FROM nowhere", 2003, "42S02", "Object 'GCMS.{schema}.NOWHERE' does not exist or not authorized."),
    ("INSERT INTO nowhere VALUES (1)", 2003, "42S02", "Object 'GCMS.{schema}.NOWHERE' does not exist"),
    ("TRUNCATE TABLE nowhere", 2003, "42S02", "Object 'GCMS.{schema}.NOWHERE' does not exist"),
    ("DROP TABLE nowhere", 2003, "42S02", "Object 'GCMS.{schema}.NOWHERE' does not exist"),
    ("DESCRIBE TABLE nowhere", 2003, "42S02", "Object 'GCMS.{schema}.NOWHERE' does not exist"),
    ("CREATE TABLE c CLONE nowhere", 2003, "42S02", "Object 'GCMS.{schema}.NOWHERE' does not exist"),
    ("SELECT * FROM no_schema.t", 2003, "02000", "Schema 'GCMS.NO_SCHEMA' does not exist or not authorized."),
    ("SELECT * FROM raw.information_schema.tables", 2003, "02000", "Database 'RAW' does not exist or not authorized."),
    ("SELECT nothing FROM t", 904, "42000", "invalid identifier 'NOTHING'"),
    ("UPDATE t SET nothing = 1", 904, "42000", "invalid identifier 'NOTHING'"),
    ("INSERT INTO t (nothing) VALUES (1)", 904, "42000", "invalid identifier 'NOTHING'"),
    ("SELEC 1", 1003, "42000", "syntax error line 1"),
    ("SELECT (1", 1003, "42000", "syntax error line 1"),
    ("SELECT 1; SELECT 2", 8, "0A000", "Actual statement count 2 did not match the desired statement count 1."),
    ("-- nothing to do", 900, "42601", "Empty SQL statement."),
    ("CREATE TABLE t (x INT)", 2002, "42710", "Object 'GCMS.{schema}.T' already exists."),
    ("CREATE SCHEMA {schema}", 2002, "42710", "already exists."),
    ("DROP VIEW t", 2203, "02000", "Object found is of type 'TABLE'"),
    ("SELECT 1 / 0", 100051, "22012", "Division by zero"),
    ("SELECT x / (x - x) FROM t", 100051, "22012", "Division by zero"),
    ("SELECT MOD(x, 0) FROM t", 100051, "22012", "Division by zero"),
    ("SELECT 'abc'::INT", 100038, "22018", "Numeric value 'abc' is not recognized"),
    ("SELECT 'abc'::DATE", 100040, "22007", "Date 'abc' is not recognized"),
    ("SELECT 'abc'::TIMESTAMP_NTZ", 100035, "22007", "Timestamp 'abc' is not recognized"),
    ("INSERT INTO t (amount) VALUES (99999999999999)", 100039, "22003", "Numeric value '99999999999999'"),
    ("SELECT no_such_function(1)", 2140, "42601", "Unknown function"),
    ("SELECT x FROM t GROUP BY amount", 979, "42601", "not a valid group by expression"),
    ("SELECT x FROM t a JOIN t b ON a.x = b.x", 2028, "42601", "ambiguous column name"),
    ("SELECT ?", 2049, "42601", "Bind variable ? not set."),
    ("SELECT $missing", 2211, "02000", "Session variable '$MISSING' does not exist"),
    ("UNDROP TABLE t", 2, "0A000", "Unsupported feature"),
    ("CALL some_procedure()", 2, "0A000", "Unsupported feature"),
    ("EXPLAIN SELECT 1", 2, "0A000", "Unsupported feature"),
    ("SELECT $1 FROM VALUES (1)", 2, "0A000", "Unsupported feature"),
    ("CREATE TABLE c CLONE t AT (OFFSET => -60)", 2, "0A000", "Unsupported feature"),
    ("CREATE SCHEMA c CLONE {schema}", 2, "0A000", "Unsupported feature"),
    ("USE SCHEMA no_schema", 2043, "02000", "Object does not exist, or operation cannot be performed."),
    ("ALTER SESSION SET LOCK_TIMEOUT = 'soon'", 1008, "22023", "invalid value [soon] for parameter 'LOCK_TIMEOUT'"),
    ("ALTER SESSION SET TIMEZONE = 'Nowhere/Land'", 1008, "22023", "invalid value [Nowhere/Land]"),
]


@pytest.fixture(scope="module")
def with_table(reader: SnowflakeConnection) -> SnowflakeConnection:
    ask(reader, "CREATE TABLE t AS SELECT 1 AS x, 1::NUMBER(12, 2) AS amount")
    return reader


@pytest.mark.parametrize(("sql", "code", "state", "text"), CASES, ids=[case[0] for case in CASES])
def test_failure(with_table: SnowflakeConnection, sql: str, code: int, state: str, text: str) -> None:
    schema = with_table.schema or ""

    error = failure(with_table, sql.replace("{schema}", schema))

    assert (error.errno, error.sqlstate) == (code, state)
    assert text.replace("{schema}", schema) in str(error.msg)
    assert error.sfqid
    assert ask(with_table, "SELECT x FROM t") == [(1,)], "the session is usable afterwards"


def test_null_in_a_mandatory_column_is_an_integrity_error(connection: SnowflakeConnection) -> None:
    ask(connection, "CREATE TABLE t (x INT NOT NULL)")
    error = failure(connection, "INSERT INTO t VALUES (NULL)")
    assert isinstance(error, IntegrityError)
    assert error.errno == 100072


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"data": null}', b'{"sqlText": 1}', b'{"sqlText": null}'])
@pytest.mark.parametrize("path", ["/session/v1/login-request", "/queries/v1/query-request?requestId=x"])
def test_nonsense_is_answered_not_crashed_on(server: WarehouseProcess, path: str, body: bytes) -> None:
    raw = Raw(server)  # raises on HTTP 500
    assert raw.post_bytes(path, body)["success"] is False
    raw.close()


def test_an_error_has_no_trace_of_the_server_in_it(reader: SnowflakeConnection) -> None:
    error = failure(reader, "SELECT * FROM nowhere")
    assert "Traceback" not in str(error.msg)
    assert ".py" not in str(error.msg)
