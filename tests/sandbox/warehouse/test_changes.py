"""INSERT, UPDATE, DELETE and MERGE: what they count, and that each happens as a whole."""

from __future__ import annotations

from snowflake.connector import SnowflakeConnection

from tests.sandbox.warehouse.client import ask, failure


def test_each_reports_the_rows_it_changed(connection: SnowflakeConnection) -> None:
    ask(connection, "CREATE TABLE t (id INT, n INT)")
    expected = {
        "INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)": (["number of rows inserted"], (3,)),
        "UPDATE t SET n = 1 WHERE id > 1": (["number of rows updated", "number of multi-joined rows updated"], (2, 0)),
        "DELETE FROM t WHERE n = 1": (["number of rows deleted"], (2,)),
        "INSERT OVERWRITE INTO t SELECT 9, 9": (["number of rows inserted"], (1,)),
    }
    for sql, (columns, counts) in expected.items():
        with connection.cursor() as cursor:
            cursor.execute(sql)
            assert [column.name for column in cursor.description or []] == columns
            assert cursor.fetchall() == [counts]
            assert cursor.rowcount == counts[0]
    assert ask(connection, "SELECT * FROM t") == [(9, 9)]


def test_update_from_another_table(connection: SnowflakeConnection) -> None:
    ask(connection, "CREATE TABLE t AS SELECT column1 AS id, 0 AS n FROM VALUES (1), (2)")
    ask(connection, "CREATE TABLE s AS SELECT 2 AS id, 5 AS n")
    ask(connection, "UPDATE t SET n = s.n FROM s WHERE t.id = s.id")
    assert ask(connection, "SELECT id, n FROM t ORDER BY id") == [(1, 0), (2, 5)]


def test_merge_updates_and_inserts(connection: SnowflakeConnection) -> None:
    ask(connection, "CREATE TABLE t AS SELECT column1 AS id, 0 AS n FROM VALUES (1), (2)")
    with connection.cursor() as cursor:
        cursor.execute(
            "MERGE INTO t AS DBT_INTERNAL_DEST USING (SELECT 2 AS id, 5 AS n UNION ALL SELECT 3, 6) "
            "AS DBT_INTERNAL_SOURCE ON (DBT_INTERNAL_SOURCE.id = DBT_INTERNAL_DEST.id) "
            "WHEN MATCHED THEN UPDATE SET id = DBT_INTERNAL_SOURCE.id, n = DBT_INTERNAL_SOURCE.n "
            "WHEN NOT MATCHED THEN INSERT (id, n) VALUES (id, n)"
        )
        assert [column.name for column in cursor.description or []] == [
            "number of rows inserted",
            "number of rows updated",
        ]
        assert cursor.fetchall() == [(1, 1)]
        assert cursor.rowcount == 2
    assert ask(connection, "SELECT id, n FROM t ORDER BY id") == [(1, 0), (2, 5), (3, 6)]


def test_merge_deletes(connection: SnowflakeConnection) -> None:
    ask(connection, "CREATE TABLE t AS SELECT column1 AS id, 0 AS n FROM VALUES (1), (2), (3)")
    counts = ask(
        connection,
        "MERGE INTO t USING (SELECT column1 AS id FROM VALUES (1), (2)) s ON t.id = s.id "
        "WHEN MATCHED AND s.id = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET n = 1",
    )
    assert counts == [(1, 1)]
    assert ask(connection, "SELECT id, n FROM t ORDER BY id") == [(2, 1), (3, 0)]


def test_merge_that_would_change_a_row_twice_is_refused(connection: SnowflakeConnection) -> None:
    ask(connection, "CREATE TABLE t AS SELECT 1 AS id, 0 AS n")
    error = failure(
        connection,
        "MERGE INTO t USING (SELECT column1 AS n FROM VALUES (1), (2)) s ON t.id = 1 "
        "WHEN MATCHED THEN UPDATE SET n = s.n",
    )
    assert error.errno == 100090
    assert ask(connection, "SELECT n FROM t") == [(0,)]


def test_an_overwrite_that_fails_keeps_the_old_rows(connection: SnowflakeConnection) -> None:
    ask(connection, "CREATE TABLE t AS SELECT 1 AS n")
    assert failure(connection, "INSERT OVERWRITE INTO t SELECT 1 / (column1 - 1) FROM VALUES (1)").errno == 100051
    assert ask(connection, "SELECT n FROM t") == [(1,)]


def test_keys_are_declared_not_enforced(connection: SnowflakeConnection) -> None:
    columns = "id INT PRIMARY KEY, n INT UNIQUE, o INT REFERENCES elsewhere (id), CONSTRAINT k UNIQUE (id, n)"
    ask(connection, f"CREATE TABLE t ({columns})")
    ask(connection, "INSERT INTO t VALUES (1, 1, 1), (1, 1, 1)")
    assert ask(connection, "SELECT COUNT(*) FROM t") == [(2,)]


def test_a_column_may_have_a_name_that_duckdb_reserves(connection: SnowflakeConnection) -> None:
    ask(connection, "CREATE TABLE t (at INT, end INT, offset INT)")
    ask(connection, "INSERT INTO t (at, end, offset) VALUES (1, 2, 3)")
    assert ask(connection, "SELECT at + t.end + offset FROM t") == [(6,)]
