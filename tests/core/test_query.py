"""Query files are read strictly and rendered so that names are quoted and values are bound, whatever they hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Column, Identifier, NoColumn, OpenEnd, Relation, Schema
from gcms_tui.core.query import Access, Answer, Described, Dialect, Query, QueryFileError, parse_query


def query(sql: str, *lines: str, access: str = "read", dialect: str = "") -> Query:
    """A query of that body; the front comment's further lines are `lines`."""
    front = ["name: asked", "purpose: a question", "section: Daily 2", f"access: {access}", *lines]
    if dialect:
        front.append(f"dialect: {dialect}")
    return parse_query("/*\n" + "\n".join(front) + "\n*/\n" + sql + "\n", "queries/asked.sql")


def test_the_front_comment_is_all_read() -> None:
    asked = query(
        "SELECT {loaded_at} AS moment FROM {table} WHERE id = :id;",
        "relation table: a table",
        "column loaded_at: when",
        "parameter id integer: which one",
        "result moment timestamp: the moment,",
        "    in UTC",
        "instead: it was wrong: badly",
    )
    assert asked == Query(
        name="asked",
        purpose="a question",
        section="Daily 2",
        access=Access.READ,
        sql="SELECT {loaded_at} AS moment FROM {table} WHERE id = :id",
        source="queries/asked.sql",
        placeholders=(Described("table", "relation", "a table"), Described("loaded_at", "column", "when")),
        parameters=(Described("id", "integer", "which one"),),
        results=(Described("moment", "timestamp", "the moment, in UTC"),),
        instead="it was wrong: badly",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1", "no front comment"),
        ("/*\nname: a\npurpose: b\nsection: c\n*/ SELECT 1", "no access"),
        ("/*\nname: a\npurpose: b\nsection: c\naccess: maybe\n*/ SELECT 1", "'maybe' is not a valid Access"),
        ("/*\nname: a\npurpose: b\nsection: c\naccess: read\ndialect: oracle\n*/ SELECT 1", "'oracle' is not a valid"),
        ("/*\nname: a\nname: a\n*/ SELECT 1", "x.sql:3: unknown, repeated or incomplete key"),
        ("/*\nname: a\ncolour: blue\n*/ SELECT 1", "x.sql:3: unknown, repeated or incomplete key"),
        ("/*\nname: a\nparameter x: no type\n*/ SELECT 1", "x.sql:3: unknown, repeated or incomplete key"),
        ("/*\nname: a\nparameter x money: no such type\n*/ SELECT 1", "x.sql:3: unknown, repeated or incomplete key"),
        ("/*\nname: a\nrelation x text: a type\n*/ SELECT 1", "x.sql:3: unknown, repeated or incomplete key"),
        ("/*\nname: a\njust words\n*/ SELECT 1", "x.sql:3: not a `key: text` line"),
    ],
)
def test_a_wrong_front_comment_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(QueryFileError, match=message):
        parse_query(text, "x.sql")


@pytest.mark.parametrize(
    ("sql", "lines", "message"),
    [
        ("SELECT :a", [], "parameter declared and used differ: a"),
        ("SELECT 1", ["parameter a text: unused"], "parameter declared and used differ: a"),
        ("SELECT 1 FROM {t}", [], "placeholder declared and used differ: t"),
        ("SELECT 1", ["relation t: unused"], "placeholder declared and used differ: t"),
        ("SELECT '{t}'", ["relation t: in a string"], "placeholder declared and used differ: t"),
        ("SELECT :a", ["parameter a text: x", "parameter a integer: x"], "parameter declared twice: a"),
        ("SELECT 1 AS a", ["result a text: x", "result a text: x"], "result declared twice: a"),
    ],
)
def test_every_name_is_declared_once_and_used(sql: str, lines: list[str], message: str) -> None:
    with pytest.raises(QueryFileError, match=message):
        query(sql, *lines)


@pytest.mark.parametrize(
    "sql",
    ["SELECT 'open", 'SELECT "open', "SELECT 1 /* open", "SELECT 1; DROP TABLE x", "SELECT ?", "SELECT $$ open",
     "SELECT 1 */ 2", "SELECT {Table}", "SELECT }", "SELECT 'it\\'s'' open"],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(sql: str) -> None:
    with pytest.raises(QueryFileError, match="left open, or not allowed"):
        query(sql)


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT payload:field, payload:field.other, list[0]:field, PARSE_JSON(x):field, "Payload":field FROM t',
        "SELECT x::number, '2026-01-01'::date, ':a {b} ?;' FROM t",
        "SELECT 1 -- :a {b} ?; it's",
        "SELECT 1 // :a {b} it's",
        "SELECT 1 /* :a {b} ?; it's */",
        'SELECT ":a {b};?" FROM t',
        "SELECT $$ :a {b} ;? ' $$",
        "SELECT 'it\\'s :a', 'and ''more'' :b'",
        "SELECT 1; ",
        "SELECT $variable, a$$b",
    ],
)
def test_what_only_looks_like_a_value_or_a_name_stays(sql: str) -> None:
    assert query(sql).render().sql == sql.rstrip("; ")


def test_a_path_into_a_placeholder_is_no_value() -> None:
    asked = query("SELECT {c}:field FROM t WHERE a=:field", "column c: x", "parameter field text: x")
    assert asked.render({"c": Column("PAYLOAD")}, {"field": "v"}).sql == 'SELECT "PAYLOAD":field FROM t WHERE a=?'


def test_postgres_keeps_its_own_quoting() -> None:
    asked = query("SELECT $tag$ :a ' $tag$, 'a\\', :b", "parameter b text: x", dialect="postgres")
    assert asked.render({}, {"b": "v"}).sql == "SELECT $tag$ :a ' $tag$, 'a\\', %s"


def test_values_are_bound_in_the_order_of_their_places() -> None:
    asked = query("SELECT :b, :a, :b", "parameter a text: x", "parameter b text: x")
    assert asked.render({}, {"a": "1", "b": "2"}).binds == ("2", "1", "2")


def test_for_postgres_percent_signs_are_doubled_where_values_are_bound() -> None:
    with_values = query(
        "SELECT a % 2 FROM {t} WHERE a LIKE 'x%' AND b = :b", "relation t: x", "parameter b text: x", dialect="postgres"
    )
    names = {"t": Relation("public", "50%s")}
    assert with_values.render(names, {"b": "1"}).sql == (
        'SELECT a %% 2 FROM "public"."50%%s" WHERE a LIKE \'x%%\' AND b = %s'
    )
    without = query("SELECT a % 2 FROM {t}", "relation t: x", dialect="postgres")
    assert without.render(names).sql == 'SELECT a % 2 FROM "public"."50%s"'
    assert without.dialect is Dialect.POSTGRES


@pytest.mark.parametrize(
    ("kind", "value", "bound"),
    [
        ("text", "it's; --", "it's; --"),
        ("integer", 7, 7),
        ("number", Decimal("1E+2"), "100"),
        ("number", Decimal("0.10"), "0.10"),
        ("number", "0.01", "0.01"),
        ("number", 3, "3"),
        ("boolean", True, True),
        ("date", date(2026, 1, 5), "2026-01-05"),
        ("date", "2026-01-05", "2026-01-05"),
        ("timestamp", datetime(2026, 1, 5, 1, 2, 3, 4, tzinfo=UTC), "2026-01-05 01:02:03.000004"),
        ("timestamp", datetime(2026, 1, 5, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2026-01-04 23:00:00.000000"),
        ("timestamp", "2026-01-05 01:02:03.123456789", "2026-01-05 01:02:03.123456789"),
        ("timestamp", None, None),
        ("number", None, None),
    ],
)
def test_snowflake_gets_numbers_and_times_as_text(kind: str, value: Scalar, bound: Scalar) -> None:
    assert query("SELECT :v", f"parameter v {kind}: x").render({}, {"v": value}).binds == (bound,)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 1),
        ("integer", True),
        ("integer", "1"),
        ("integer", 1.0),
        ("number", 0.1),
        ("number", True),
        ("number", "much"),
        ("number", Decimal("NaN")),
        ("number", "Infinity"),
        ("boolean", 1),
        ("date", datetime(2026, 1, 5, tzinfo=UTC)),
        ("date", "5.1.2026"),
        ("timestamp", datetime(2026, 1, 5)),  # noqa: DTZ001 - a naive one is what is refused
        ("timestamp", date(2026, 1, 5)),
        ("timestamp", "yesterday"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: str, value: Scalar) -> None:
    with pytest.raises(QueryFileError, match=f"v must be a {kind}"):
        query("SELECT :v", f"parameter v {kind}: x").render({}, {"v": value})


def test_postgres_gets_values_as_they_are() -> None:
    asked = query("SELECT :day, :money", "parameter day date: x", "parameter money number: x", dialect="postgres")
    binds = asked.render({}, {"day": date(2026, 1, 5), "money": Decimal("1.10")}).binds
    assert binds == (date(2026, 1, 5), Decimal("1.10"))


@pytest.mark.parametrize(
    ("kind", "name", "fits"),
    [
        ("relation", Relation("A", "B"), True),
        ("relation", Schema("A"), False),
        ("relation", Column("A"), False),
        ("schema", Schema("A"), True),
        ("schema", Relation("A", "B"), False),
        ("column", Column("A"), True),
        ("column", OpenEnd(Column("A")), False),
        ("flag", Column("A"), True),
        ("flag", OpenEnd(Column("A")), True),
        ("flag", Relation("A", "B"), False),
        ("optional", Column("A"), True),
        ("optional", NoColumn(), True),
        ("optional", OpenEnd(Column("A")), False),
        ("column", NoColumn(), False),
    ],
)
def test_a_name_must_be_of_its_placeholders_kind(kind: str, name: Identifier, fits: bool) -> None:
    asked = query("SELECT {n}", f"{kind} n: x")
    if fits:
        assert asked.render({"n": name}).sql == f"SELECT {name.sql}"
    else:
        with pytest.raises(QueryFileError, match=f"n must be a {kind}"):
            asked.render({"n": name})


def test_missing_and_needless_names_and_values_are_refused() -> None:
    asked = query("SELECT {c} WHERE a = :v", "column c: x", "parameter v text: x")
    with pytest.raises(QueryFileError, match="names wanted and given differ: c"):
        asked.render({}, {"v": "1"})
    with pytest.raises(QueryFileError, match="names wanted and given differ: d"):
        asked.render({"c": Column("A"), "d": Column("B")}, {"v": "1"})
    with pytest.raises(QueryFileError, match="values wanted and given differ: v"):
        asked.render({"c": Column("A")})
    with pytest.raises(QueryFileError, match="values wanted and given differ: w"):
        asked.render({"c": Column("A")}, {"v": "1", "w": "2"})


def test_for_people_values_keep_their_names() -> None:
    asked = query("SELECT {c} WHERE a = :v", "column c: x", "parameter v text: x")
    assert asked.named({"c": Column("A")}) == 'SELECT "A" WHERE a = :v'


@given(value=st.text(min_size=1), stored=st.text(min_size=1).filter(lambda name: "\x00" not in name))
def test_no_value_and_no_name_can_leave_its_place(value: str, stored: str) -> None:
    """The text depends on the name only through its quoted form, and on the value not at all."""
    asked = query("SELECT {c} FROM t WHERE a = :v AND {c} > 0", "column c: x", "parameter v text: x")
    statement = asked.render({"c": Column(stored)}, {"v": value})
    quoted = '"' + stored.replace('"', '""') + '"'
    assert statement.sql == f"SELECT {quoted} FROM t WHERE a = ? AND {quoted} > 0"
    assert statement.binds == (value,)
    assert statement.sql == asked.render({"c": Column(stored)}, {"v": "another"}).sql


@given(st.text(alphabet="abc:{}'\"/*-$?;%\\ \n"))
def test_any_body_is_refused_or_comes_through_unchanged(body: str) -> None:
    """Whatever a file holds: where nothing is declared, nothing is replaced."""
    try:
        asked = query(f"SELECT {body}")
    except QueryFileError:
        return
    assert asked.render().sql == asked.sql
    assert asked.sql in f"SELECT {body}"


def test_an_answer_gives_its_rows_by_column() -> None:
    answer = Answer(("a", "b"), ((1, None), (2, "x")), "q", datetime(2026, 1, 5, tzinfo=UTC), 3)
    assert answer.records() == ({"a": 1, "b": None}, {"a": 2, "b": "x"})
