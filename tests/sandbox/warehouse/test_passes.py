"""What fakesnow makes of a statement is what comes of it, whichever of its passes are left out."""

from __future__ import annotations

import inspect
import re
from types import SimpleNamespace
from typing import Any, cast

import fakesnow.transforms
import pytest
import sqlglot
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.variables import Variables

from gcms_tui.adapters.queries import QueryLibrary
from gcms_tui.core.query import Dialect
from gcms_tui.sandbox.warehouse.passes import CONCERNED, rewritten

STATEMENTS = (
    "SELECT TO_TIMESTAMP(a), TO_DATE('2026-01-01'), a::TIMESTAMP_NTZ, a::FLOAT, a::NUMBER, t.$1 FROM t",
    "SELECT PARSE_JSON(v):a.b::VARCHAR, UPPER(v:a), v[0], TRY_PARSE_JSON(v), TO_VARIANT(1) FROM t",
    "SELECT f.value::VARCHAR FROM t, LATERAL FLATTEN(input => t.v) f",
    "SELECT * FROM TABLE(FLATTEN(PARSE_JSON('[1]')))",
    "SELECT ARRAY_AGG(a) WITHIN GROUP (ORDER BY b), ARRAY_AGG(a) OVER (PARTITION BY b), ARRAY_SIZE(a) FROM t",
    "SELECT OBJECT_CONSTRUCT('a', 1), OBJECT_AGG(k, v), ARRAY_CONSTRUCT(1, NULL), ARRAY_CAT([1], [2]) FROM t",
    "SELECT REGEXP_REPLACE(a, 'x'), REGEXP_SUBSTR(a, 'x', 1, 1), SPLIT(a, ','), TRIM(a) FROM t SAMPLE (10)",
    "SELECT DATEADD(day, 1, '2026-01-01'), DATEADD(day, 1, a::DATE), DATEDIFF(day, '2026-01-01', b) FROM t",
    "SELECT SHA2(a), SHA2_HEX(a), SHA2_BINARY(a), HAVERSINE(1, 2, 3, 4), X'00', s.NEXTVAL, CURRENT_VERSION() FROM t",
    "SELECT a AS b, RANDOM() AS c FROM t JOIN u ON b = u.b WHERE b > 1 AND c > 0",
    "SELECT column1 FROM VALUES (1), (2)",
    "SELECT TO_NUMBER(a, 12, 2), SUM(a) FROM information_schema.tables, information_schema.databases GROUP BY 1",
    "SELECT * FROM TABLE(RESULT_SCAN('x'))",
    "CREATE TABLE t (a VARCHAR(20) COMMENT 'x', b NUMBER) COMMENT = 'y'",
    "CREATE OR REPLACE TABLE t CLONE u",
    "CREATE TABLE t AS SELECT 1::INT AS a",
    "CREATE DATABASE d",
    "CREATE SCHEMA s",
    "DROP SCHEMA s",
    "ALTER TABLE t CLUSTER BY (a)",
    "ALTER TABLE t ADD COLUMN b VARCHAR(9)",
    "ALTER TABLE t SET COMMENT = 'x'",
    "ALTER TABLE t ALTER COLUMN a COMMENT 'x'",
    "ALTER SESSION SET AUTOCOMMIT = FALSE",
    "COMMENT ON TABLE t IS 'x'",
    "SET v = 1",
    "USE SCHEMA s",
    "SHOW TABLES",
    "SHOW SCHEMAS",
    "SHOW COLUMNS IN TABLE t",
    "SHOW DATABASES",
    "SHOW PRIMARY KEYS",
    "SHOW PARAMETERS",
    "UPDATE t SET a = 1 WHERE b = TO_TIMESTAMP_NTZ('2026-01-01')",
    "DELETE FROM IDENTIFIER('t') WHERE a IN (SELECT b FROM u)",
    "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET a = 1",
)


def a_cursor() -> FakeSnowflakeCursor:
    """With what the passes ask it for."""
    connection = SimpleNamespace(
        variables=Variables(), database="GCMS", schema="PUBLIC", db_path=None, table_stages={}, duckdb_conn=None
    )
    cursor = FakeSnowflakeCursor.__new__(FakeSnowflakeCursor)
    cursor._conn, cursor._duck_conn = cast(Any, connection), cast(Any, None)
    return cursor


@pytest.mark.parametrize("sql", STATEMENTS)
def test_a_statement_is_rewritten_as_by_all_passes(sql: str) -> None:
    statement = sqlglot.parse_one(sql, read="snowflake")
    assert repr(rewritten(a_cursor(), statement.copy())) == repr(a_cursor()._transform(statement.copy(), None))


def test_every_query_is_rewritten_as_by_all_passes() -> None:
    library = QueryLibrary.load()
    queries = [query for query in map(library.get, library.names()) if query.dialect is Dialect.SNOWFLAKE]
    assert len(queries) > 40
    for query in queries:
        for statement in sqlglot.parse(re.sub(r"\{\w+\}", "X", query.sql), read="snowflake"):
            assert statement is not None
            expected = a_cursor()._transform(statement.copy(), None)
            assert repr(rewritten(a_cursor(), statement.copy())) == repr(expected), query.name


def test_the_passes_named_are_fakesnows_and_look_for_what_is_said() -> None:
    made = set(re.findall(r"transforms\.(\w+)", inspect.getsource(FakeSnowflakeCursor._transform)))
    assert set(CONCERNED) < made
    for name, kinds in CONCERNED.items():
        source = inspect.getsource(getattr(fakesnow.transforms, name))
        assert all(f"exp.{kind.__name__}" in source for kind in kinds), name
