"""Values are bound in the order of the text, wherever in the statement their places are."""

from __future__ import annotations

from tests.sandbox.warehouse.client import Connect


def test_a_value_inside_a_with_comes_before_one_behind_it(connect: Connect) -> None:
    cursor = connect().cursor()
    statement = """
        WITH numbers AS (SELECT column1 AS n FROM VALUES (1), (2), (3), (4) WHERE column1 > ?)
        SELECT n, ?::NUMBER(38, 0) AS tag, 'is it ?' AS question FROM numbers -- really?
        QUALIFY ROW_NUMBER() OVER (ORDER BY n) <= ?
    """
    cursor.execute(statement, (1, 77, 2))
    assert [tuple(row) for row in cursor.fetchall()] == [(2, 77, "is it ?"), (3, 77, "is it ?")]
