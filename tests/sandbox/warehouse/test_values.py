"""What goes in comes out: NULL as NULL, money as Decimal, text as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection

from tests.sandbox.warehouse.client import Connect, ask, failure, value

NOON = datetime(2025, 3, 1, 12, 0, 0, 123456)  # noqa: DTZ001  TIMESTAMP_NTZ has no zone

BOUND: list[tuple[str, Any, Any]] = [
    ("?", None, None),
    ("?::NUMBER(12, 2)", Decimal("1.10"), Decimal("1.10")),
    ("?", Decimal("1.10"), Decimal("1.10")),
    ("?", Decimal("-0.005"), Decimal("-0.005")),
    ("?", Decimal("12345678901234567890.123456"), Decimal("12345678901234567890.123456")),
    ("?", 7, 7),
    ("?", -7, -7),
    ("?", 1.5, 1.5),
    ("?", True, True),
    ("?", date(2025, 2, 28), date(2025, 2, 28)),
    ("?", date(1969, 12, 31), date(1969, 12, 31)),
    ("?", time(10, 1, 2, 3), time(10, 1, 2, 3)),
    ("?", NOON, NOON),
    ("?::DATE", "2025-02-28", date(2025, 2, 28)),
    ("DATEADD(day, -1, ?::DATE)", "2025-03-01", date(2025, 2, 28)),
    ("TO_TIMESTAMP_NTZ(?)", "2025-03-01 12:00:00.123456", NOON),
    ("TO_DATE(?)", "2025-02-28", date(2025, 2, 28)),
    ("TO_NUMBER(?, 12, 2)", "12.34", Decimal("12.34")),
    ("?", b"\x00\xff", b"\x00\xff"),
    ("?", "", ""),
    ("?", 'it\'s "quoted" \\ $var $$ %s ? :1 {} [b]x[/b] -- /* */ ; \r\n\t', None),
    ("?", "ünïcödé 🎻 \u202e \x1b[31m", None),
    ("?::VARCHAR", "'; DROP TABLE t; --", "'; DROP TABLE t; --"),
]


@pytest.mark.parametrize(("expression", "bound", "expected"), BOUND, ids=[repr(case[:2]) for case in BOUND])
def test_a_bound_value_arrives(reader: SnowflakeConnection, expression: str, bound: Any, expected: Any) -> None:
    if expected is None and bound is not None:
        expected = bound
    answered = value(reader, f"SELECT {expression}", bound)
    assert answered == expected
    assert type(answered) is type(expected) or isinstance(answered, bytearray)


def test_a_bound_value_is_only_a_value_wherever_it_stands(connection: SnowflakeConnection) -> None:
    ask(connection, "CREATE TABLE t (id INT, name VARCHAR, amount NUMBER(12, 2), at TIMESTAMP_NTZ)")
    hostile = "x' OR '1' = '1"
    ask(
        connection,
        "INSERT INTO t VALUES (?, ?, ?, ?), (?, ?, ?, ?)",
        1,
        hostile,
        Decimal("1.10"),
        NOON,
        2,
        "?",
        None,
        None,
    )
    ask(connection, "UPDATE t SET amount = ? WHERE name = ? AND at = ?", Decimal("2.20"), hostile, NOON)
    assert ask(connection, "SELECT id, name, amount, at FROM t ORDER BY id") == [
        (1, hostile, Decimal("2.20"), NOON),
        (2, "?", None, None),
    ]
    assert ask(connection, "SELECT id FROM t WHERE name = ?", "' OR TRUE --") == []


def test_literals_of_the_client_are_left_alone(connect: Connect) -> None:
    text = "costs $5 and $name, 100 %, 'quoted' -- not a comment /* nor this */ ?"
    connection = connect(paramstyle="pyformat")
    assert ask(connection, "SELECT %s, %s::NUMBER(5, 2)", text, Decimal("1.10")) == [(text, Decimal("1.10"))]


def test_many_rows_are_one_statement(connection: SnowflakeConnection) -> None:
    ask(connection, "CREATE TABLE t (id INT NOT NULL, amount NUMBER(12, 2))")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO t VALUES (?, ?)", [(1, Decimal("1.10")), (2, None), (3, Decimal("3.30"))])
        assert cursor.rowcount == 3
        with pytest.raises(Exception, match="NULL result in a non-nullable column"):
            cursor.executemany("INSERT INTO t VALUES (?, ?)", [(4, None), (None, None)])
    assert ask(connection, "SELECT COUNT(*), SUM(amount) FROM t") == [(3, Decimal("4.40"))]


@pytest.mark.parametrize(
    "kind", ["TIMESTAMP_NTZ", "TIMESTAMP_TZ", "TIMESTAMP_LTZ", "DATE", "TIME", "NUMBER", "VARCHAR"]
)
def test_null_is_null(reader: SnowflakeConnection, kind: str) -> None:
    assert value(reader, f"SELECT NULL::{kind}") is None
    ask(reader, f"CREATE OR REPLACE TABLE t (x {kind})")
    assert value(reader, "SELECT MAX(x) FROM t") is None


def test_null_among_timestamps(reader: SnowflakeConnection) -> None:
    rows = ask(
        reader,
        "SELECT column1::TIMESTAMP_NTZ, column1::TIMESTAMP_TZ FROM VALUES "
        "('1969-12-31 23:59:59.999999'), (NULL), ('2025-03-01 12:00:00.123456'), ('9999-12-31')",
    )
    stamps = [row[0] for row in rows]
    assert stamps == [
        datetime(1969, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001
        None,
        NOON,
        datetime(9999, 12, 31),  # noqa: DTZ001
    ]
    assert [row[1] for row in rows] == [None if one is None else one.replace(tzinfo=UTC) for one in stamps]


def test_an_instant_keeps_its_instant(reader: SnowflakeConnection) -> None:
    chicago = datetime(2025, 3, 1, 6, 0, tzinfo=timezone(timedelta(hours=-6)))
    assert value(reader, "SELECT ?::TIMESTAMP_TZ", chicago.isoformat(sep=" ")) == chicago


def test_sums_and_averages_of_money_are_exact(connection: SnowflakeConnection) -> None:
    ask(connection, "CREATE TABLE t (amount NUMBER(12, 2), n INT, f FLOAT)")
    ask(connection, "INSERT INTO t SELECT 0.10, 1, 0.1 FROM TABLE(GENERATOR(ROWCOUNT => 10))")
    ask(connection, "INSERT INTO t VALUES (9999999999.99, 2, 0), (NULL, NULL, NULL)")
    answered = ask(connection, "SELECT SUM(amount), AVG(amount), SUM(n), AVG(n), MEDIAN(amount) FROM t")
    assert answered == [
        (Decimal("10000000000.99"), Decimal("909090909.180909"), 12, Decimal("1.090909"), Decimal("0.10"))
    ]
    assert [type(one) for one in answered[0]] == [Decimal, Decimal, int, Decimal, Decimal]
    assert isinstance(value(connection, "SELECT AVG(f) FROM t"), float)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("(1), (2), (2)", "1.666667"),
        ("(-1.25), (-1.26)", "-1.255000"),
        ("(0.000001), (0.000002)", "0.000002"),
        ("(-0.000001), (-0.000002)", "-0.000002"),
    ],
)
def test_average_rounds_half_away_from_zero(reader: SnowflakeConnection, values: str, expected: str) -> None:
    assert value(reader, f"SELECT AVG(column1) FROM VALUES {values}") == Decimal(expected)


def test_average_of_nothing_is_null(reader: SnowflakeConnection) -> None:
    assert value(reader, "SELECT AVG(column1) FROM VALUES (1) WHERE column1 > 1") is None


def test_bad_text_in_a_sum_is_an_error_not_null(reader: SnowflakeConnection) -> None:
    with pytest.raises(Exception, match="001044"):
        ask(reader, "SELECT SUM(column1) FROM VALUES ('12'), ('twelve')")


def test_counts_are_integers(reader: SnowflakeConnection) -> None:
    with reader.cursor() as cursor:
        cursor.execute("SELECT COUNT_IF(column1 > 1) AS n, COUNT_IF(column1 > 9) AS none FROM VALUES (1), (2)")
        frame = cursor.fetch_pandas_all()
    assert frame.to_dict("list") == {"N": [1], "NONE": [0]}
    assert all(dtype.kind == "i" for dtype in frame.dtypes)


def test_unnamed_columns_carry_their_text(reader: SnowflakeConnection) -> None:
    with reader.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), MAX(column1), ? FROM VALUES (1)", ("secret",))
        assert [column.name for column in cursor.description or []] == ["COUNT(*)", "MAX(COLUMN1)", "?"]


def test_two_columns_may_share_a_name(reader: SnowflakeConnection) -> None:
    assert ask(reader, "SELECT 1 AS a, 2 AS a") == [(1, 2)]


def test_hash_total_ignores_order_but_not_repetition(reader: SnowflakeConnection) -> None:
    def total(rows: str) -> int:
        return int(value(reader, f"SELECT HASH_AGG(column1, column2) FROM VALUES {rows}"))

    assert total("(1, 'a'), (2, 'b')") == total("(2, 'b'), (1, 'a')")
    assert len({total(rows) for rows in ("(1, 'a')", "(1, 'a'), (1, 'a')", "(1, 'a'), (1, 'a'), (1, 'a')")}) == 3


def test_a_large_result_arrives_whole(reader: SnowflakeConnection) -> None:
    with reader.cursor() as cursor:
        cursor.execute("SELECT SEQ4() AS n, 'row ' || SEQ4() AS s FROM TABLE(GENERATOR(ROWCOUNT => 300000))")
        table = cursor.fetch_arrow_all()
    assert table is not None
    assert table.num_rows == 300_000
    assert sum(table.column("N").to_pylist()) == 300_000 * 299_999 // 2


def test_session_variables(reader: SnowflakeConnection) -> None:
    ask(reader, "SET day = '2025-03-01'")
    assert ask(reader, "SELECT $day::DATE, '$day'") == [(date(2025, 3, 1), "$day")]


FORMATS = [
    ("'2025-03-04 15:06:07.125'::TIMESTAMP_NTZ", "'YYYY-MM-DD HH24:MI:SS.FF3'", "2025-03-04 15:06:07.125"),
    ("'2025-03-04 15:06:07'::TIMESTAMP_NTZ", "'yyyy-mm-dd HH24:MI' || 'UTC'", "2025-03-04 15:06UTC"),
    ("'2025-03-04 15:06:07'::TIMESTAMP_NTZ", "'HH12:MI AM'", "03:06 PM"),
    ("'2025-03-04'::DATE", "'dd/mm/yy'", "04/03/25"),
    ("'2025-03-04'::DATE", "'DY, DD MON YYYY'", "Tue, 04 Mar 2025"),
]


@pytest.mark.parametrize(("moment", "pattern", "expected"), FORMATS, ids=[case[1] for case in FORMATS])
def test_a_date_is_formatted_as_asked(reader: SnowflakeConnection, moment: str, pattern: str, expected: str) -> None:
    for function in ("TO_CHAR", "TO_VARCHAR"):
        assert value(reader, f"SELECT {function}({moment}, {pattern})") == expected


def test_a_format_that_is_not_known_is_refused_not_ignored(reader: SnowflakeConnection) -> None:
    assert failure(reader, "SELECT TO_CHAR(1234.5, '999,999.99')").errno == 2
    assert value(reader, "SELECT TO_CHAR(1234.50::NUMBER(9, 2))") == "1234.50"


def test_a_hash_is_of_the_text(reader: SnowflakeConnection) -> None:
    assert value(reader, "SELECT MD5(column1) = MD5('12') FROM VALUES (12)") is True
