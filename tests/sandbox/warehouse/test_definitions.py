"""DDL: clones, transient and temporary tables, swaps, comments."""

from __future__ import annotations

import pytest
from snowflake.connector import SnowflakeConnection

from tests.sandbox.warehouse.client import Connect, ask, failure, value


@pytest.fixture
def tables(connection: SnowflakeConnection) -> None:
    ask(connection, "CREATE TABLE kept AS SELECT 1 AS n")
    ask(connection, "CREATE TRANSIENT TABLE passing AS SELECT 2 AS n")


def message(connection: SnowflakeConnection, sql: str) -> str:
    return str(value(connection, sql))


def test_a_clone_is_a_copy(connection: SnowflakeConnection, tables: None) -> None:
    assert message(connection, "CREATE TABLE copy CLONE kept") == "Table COPY successfully created."
    ask(connection, "UPDATE kept SET n = 9")
    assert ask(connection, "SELECT n FROM copy") == [(1,)]


def test_a_clone_does_not_overwrite(connection: SnowflakeConnection, tables: None) -> None:
    ask(connection, "CREATE TABLE copy CLONE kept")
    ask(connection, "UPDATE kept SET n = 9")
    error = failure(connection, "CREATE TABLE copy CLONE kept")
    assert (error.errno, error.sqlstate) == (2002, "42710")
    assert message(connection, "CREATE TABLE IF NOT EXISTS copy CLONE kept").startswith("COPY already exists")
    assert ask(connection, "SELECT n FROM copy") == [(1,)]


def test_a_clone_overwrites_when_told_to(connection: SnowflakeConnection, tables: None) -> None:
    for expected in (1, 9):
        ask(connection, "CREATE OR REPLACE TABLE copy CLONE kept COPY GRANTS")
        assert ask(connection, "SELECT n FROM copy") == [(expected,)] or expected == 9
        ask(connection, "UPDATE kept SET n = 9")
    assert ask(connection, "SELECT n FROM copy") == [(9,)]


def test_a_transient_table_has_no_permanent_clone(connection: SnowflakeConnection, tables: None) -> None:
    error = failure(connection, "CREATE TABLE copy CLONE passing")
    assert error.errno == 2120
    assert "Transient object cannot be cloned to a permanent object" in str(error.msg)
    ask(connection, "CREATE TRANSIENT TABLE copy CLONE passing")
    ask(connection, "CREATE TRANSIENT TABLE other CLONE kept")
    assert failure(connection, "CREATE TABLE third CLONE copy").errno == 2120


def test_transience_follows_a_rename_and_a_swap(connection: SnowflakeConnection, tables: None) -> None:
    ask(connection, "ALTER TABLE passing RENAME TO renamed")
    assert failure(connection, "CREATE TABLE copy CLONE renamed").errno == 2120
    ask(connection, "ALTER TABLE renamed SWAP WITH kept")
    assert ask(connection, "SELECT kept.n, renamed.n FROM kept, renamed") == [(2, 1)]
    assert failure(connection, "CREATE TABLE copy CLONE kept").errno == 2120
    ask(connection, "CREATE TABLE copy CLONE renamed")


def test_replacing_a_table_replaces_what_it_was(connection: SnowflakeConnection, tables: None) -> None:
    ask(connection, "CREATE OR REPLACE TABLE passing AS SELECT 3 AS n")
    ask(connection, "CREATE TABLE copy CLONE passing")


def test_a_failed_replacement_keeps_the_old_table(connection: SnowflakeConnection, tables: None) -> None:
    failure(connection, "CREATE OR REPLACE TABLE kept AS SELECT 1 / (column1 - 1) AS n FROM VALUES (1)")
    assert ask(connection, "SELECT n FROM kept") == [(1,)]


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
def test_a_temporary_relation_is_the_sessions_own(
    connection: SnowflakeConnection, second: SnowflakeConnection, tables: None, kind: str
) -> None:
    name = f"GCMS.{connection.schema}.KEPT__DBT_TMP"
    for _ in range(2):
        ask(connection, f"CREATE OR REPLACE TEMPORARY {kind} {name} AS SELECT n + 1 AS n FROM kept")
    assert ask(connection, f"SELECT KEPT__DBT_TMP.n FROM {name}") == [(2,)]
    assert ask(connection, "SELECT t.n FROM kept__dbt_tmp t JOIN kept ON t.n = kept.n + 1") == [(2,)]
    assert [row[0] for row in ask(connection, f"DESCRIBE {kind} {name}")] == ["N"]
    assert failure(second, f"SELECT * FROM {name}").errno == 2003
    ask(connection, "BEGIN")
    ask(connection, f"INSERT INTO kept (n) SELECT n FROM {name}")
    ask(connection, f"DELETE FROM kept USING (SELECT MIN(n) AS n FROM {name}) AS s WHERE kept.n = s.n - 1")
    ask(connection, "COMMIT")
    assert ask(second, "SELECT n FROM kept") == [(2,)]
    ask(connection, f"DROP {kind} IF EXISTS {name} CASCADE")
    assert failure(connection, f"SELECT * FROM {name}").errno == 2003


def test_a_temporary_table_hides_the_lasting_one_until_it_goes(
    connection: SnowflakeConnection, second: SnowflakeConnection, tables: None
) -> None:
    ask(connection, "CREATE TEMPORARY TABLE kept (n INT)")
    ask(connection, "INSERT INTO kept VALUES (7)")
    assert ask(connection, "SELECT n FROM kept") == [(7,)]
    assert ask(second, "SELECT n FROM kept") == [(1,)]
    ask(connection, "CREATE OR REPLACE TEMPORARY TABLE kept AS SELECT n + 1 AS n FROM kept")
    assert ask(connection, "SELECT n FROM kept") == [(8,)]
    ask(connection, "CREATE OR REPLACE TABLE kept AS SELECT n + 1 AS n FROM kept")
    assert ask(connection, "SELECT n FROM kept") == [(8,)]
    assert ask(second, "SELECT n FROM kept") == [(9,)]
    ask(connection, "DROP TABLE kept")
    assert ask(connection, "SELECT n FROM kept") == [(9,)]


def test_comments_hold_any_text(connection: SnowflakeConnection, tables: None) -> None:
    ask(connection, 'COMMENT ON TABLE kept IS $$the concert\'s "pay"$$')
    ask(connection, "ALTER TABLE kept ALTER COLUMN n COMMENT $$it's a number$$")
    ask(connection, "CREATE TABLE documented (a INT, b INT)")
    ask(connection, """ALTER TABLE documented ALTER\n    "A" COMMENT $$it's, a$$,\n    b COMMENT 'it''s b'""")
    ask(connection, "CREATE TABLE noted (n INT) COMMENT = 'it''s noted'")
    ask(connection, "ALTER TABLE passing SET COMMENT = 'passes'")
    comments = dict(
        ask(
            connection,
            "SELECT table_name, comment FROM information_schema.tables WHERE table_schema = CURRENT_SCHEMA()",
        )
    )
    assert comments == {
        "DOCUMENTED": None,
        "KEPT": 'the concert\'s "pay"',
        "NOTED": "it's noted",
        "PASSING": "passes",
    }
    assert column_comments(connection, "kept") == ["it's a number"]
    assert column_comments(connection, "documented") == ["it's, a", "it's b"]


def column_comments(connection: SnowflakeConnection, table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"DESCRIBE TABLE {table}")
        column = [one.name for one in cursor.description or []].index("comment")
        return [row[column] for row in cursor]


def test_columns_come_and_go(connection: SnowflakeConnection, tables: None) -> None:
    ask(connection, "ALTER TABLE kept ADD COLUMN a VARCHAR(10), b INT")
    ask(connection, "ALTER TABLE kept DROP COLUMN a")
    ask(connection, "ALTER TABLE kept RENAME COLUMN b TO c")
    assert [row[0] for row in ask(connection, "DESCRIBE TABLE kept")] == ["N", "C"]


def test_dropping_twice(connection: SnowflakeConnection, tables: None) -> None:
    assert message(connection, "DROP TABLE kept") == "KEPT successfully dropped."
    assert "already dropped" in message(connection, "DROP TABLE IF EXISTS kept")


def test_a_view_reads_through(connection: SnowflakeConnection, tables: None) -> None:
    ask(connection, "CREATE OR REPLACE VIEW v AS SELECT n * 2 AS n, CURRENT_TIMESTAMP() AS at FROM kept")
    ask(connection, "UPDATE kept SET n = 4")
    assert ask(connection, "SELECT n FROM v") == [(8,)]


def test_grants_roles_and_warehouses_are_accepted(connection: SnowflakeConnection, tables: None) -> None:
    for sql in (
        "GRANT SELECT ON TABLE kept TO ROLE reporter",
        "REVOKE SELECT ON TABLE kept FROM ROLE reporter",
        "USE ROLE reporter",
        "USE WAREHOUSE big",
        "USE SECONDARY ROLES ALL",
        "ALTER WAREHOUSE big RESUME",
    ):
        ask(connection, sql)
    assert ask(connection, "SELECT CURRENT_ROLE(), CURRENT_WAREHOUSE()") == [("REPORTER", "BIG")]


def test_a_database_is_a_file_that_goes_with_it(connect: Connect) -> None:
    connection = connect()
    ask(connection, "CREATE DATABASE passing_by")
    assert ask(connection, "SELECT CURRENT_DATABASE(), CURRENT_SCHEMA()") == [("PASSING_BY", "PUBLIC")]
    ask(connection, "CREATE TABLE t AS SELECT 1 AS n")
    assert failure(connection, "CREATE DATABASE passing_by").errno == 2002
    ask(connection, "USE DATABASE gcms")
    assert ask(connection, "SELECT n FROM passing_by.public.t") == [(1,)]
    ask(connection, "DROP DATABASE passing_by")
    assert failure(connection, "SELECT n FROM passing_by.public.t").errno == 2003


@pytest.mark.parametrize("name", ['"../outside"', '"a b"', '"x;y"'])
def test_a_database_name_is_never_a_path(connect: Connect, name: str) -> None:
    assert failure(connect(), f"CREATE DATABASE {name}").errno == 2


def test_dropping_a_schema_takes_its_tables(connection: SnowflakeConnection, tables: None) -> None:
    ask(connection, f"DROP SCHEMA {connection.schema}")
    assert value(connection, "SELECT CURRENT_SCHEMA()") is None
    assert failure(connection, "SELECT * FROM kept").errno in (90105, 90106)
