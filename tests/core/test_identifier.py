"""Names are read in one way only, and quoted so that nothing in them is SQL."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gcms_tui.core.identifier import Column, OpenEnd, Relation, Schema, current_flag, folded, one_table, quoted

_QUOTED_PART = r'"(?:[^"]|"")+"'
_NAMES = st.text(min_size=1).filter(lambda name: "\x00" not in name)


def _stored(sql: str) -> list[str]:
    """The stored names in quoted SQL, read back by the rule of double quotes alone."""
    assert re.fullmatch(rf"{_QUOTED_PART}(?:\.{_QUOTED_PART})*", sql), sql
    return [part[1:-1].replace('""', '"') for part in re.findall(_QUOTED_PART, sql)]


@pytest.mark.parametrize(
    ("text", "stored"),
    [("gold", "GOLD"), ("Gold_1$", "GOLD_1$"), ('"Gold"', "Gold"), ('"a""b"', 'a"b'), ('"a.b"', "a.b"), ("_x", "_X")],
)
def test_plain_names_fold_to_upper_case_and_quoted_ones_stand(text: str, stored: str) -> None:
    assert folded(text) == stored


@pytest.mark.parametrize(
    "text",
    ["", " ", "1a", "a b", "a-b", 'a"b', '"a', '""', "a;drop", "naïve", "a\n", '"a\x00b"', "a.b", "{table}", ":x"],
)
def test_anything_else_is_no_name(text: str) -> None:
    with pytest.raises(ValueError, match="not an identifier"):
        folded(text)


@given(st.text())
@example('"a"."b"')
@example("x\n")
def test_a_column_is_refused_or_is_exactly_one_name(text: str) -> None:
    try:
        column = Column.parse(text)
    except ValueError:
        return
    assert _stored(column.sql) == [column.name]


@given(st.text() | st.lists(st.sampled_from(["a", '"b c"', '"d.e"', ".", '"', " ", "f$"])).map("".join))
@example('a.b."c')
@example("a..b")
@example('a."b"c')
def test_a_table_is_refused_or_is_exactly_its_parts(text: str) -> None:
    try:
        relation = Relation.parse(text)
    except ValueError:
        return
    parts = [part for part in (relation.database, relation.schema, relation.name) if part is not None]
    assert _stored(relation.sql) == parts
    assert Relation.parse(str(relation)) == relation


@given(st.none() | _NAMES, _NAMES, _NAMES)
def test_any_stored_name_survives_quoting_and_showing(database: str | None, schema: str, name: str) -> None:
    relation = Relation(schema, name, database)
    assert _stored(relation.sql) == [part for part in (database, schema, name) if part is not None]
    assert Relation.parse(str(relation)) == relation
    assert Schema.parse(str(Schema(schema, database))) == Schema(schema, database)


def test_a_bare_table_name_takes_the_schema_it_is_given() -> None:
    assert Relation.parse("fct", schema="gold") == Relation("GOLD", "FCT")
    with pytest.raises(ValueError, match="names no schema: write schema.fct"):
        Relation.parse("fct")


@pytest.mark.parametrize("text", ["a.b.c.d", "", "a.", ".a", "a. b", 'gold."x" '])
def test_what_is_no_table_name(text: str) -> None:
    with pytest.raises(ValueError, match="is not a table name"):
        Relation.parse(text)


@pytest.mark.parametrize(
    ("one", "other", "may_be"),
    [
        ("gcms.bronze.br_x", "BRONZE.BR_X", True),
        ('"GCMS"."BRONZE"."BR_X"', "gcms.bronze.Br_X", True),
        ('gcms.bronze."br_x"', "bronze.br_x", True),
        ("gcms.bronze.br_x", "other.bronze.br_x", False),
        ("gcms.bronze.br_x", "silver.br_x", False),
        ("gcms.bronze.br_x", "bronze.br_xy", False),
    ],
)
def test_two_that_may_be_one_table(one: str, other: str, may_be: bool) -> None:
    assert Relation.parse(one).may_be(Relation.parse(other)) is may_be
    assert Relation.parse(other).may_be(Relation.parse(one)) is may_be
    if may_be:  # what may be one table is kept from two writers by one name
        assert one_table(one) == one_table(other)


def test_names_are_shown_as_a_person_writes_them() -> None:
    assert str(Relation("GOLD", "FCT", "GCMS")) == "gcms.gold.fct"
    assert str(Relation("public", "Pay Roll")) == '"public"."Pay Roll"'
    assert str(Column("NET_AMOUNT")) == "net_amount"


def test_a_schema_has_one_part_or_two() -> None:
    assert Schema.parse("gcms.gold").sql == '"GCMS"."GOLD"'
    with pytest.raises(ValueError, match="is not a schema name"):
        Schema.parse("a.b.c")


def test_without_a_flag_the_open_end_tells_what_is_current() -> None:
    flag = current_flag(None, "dbt_valid_to")
    assert flag == OpenEnd(Column("DBT_VALID_TO"))
    assert '"DBT_VALID_TO"' in flag.sql
    assert str(flag) == "dbt_valid_to is open"
    assert current_flag("is_current", "effective_to") == Column("IS_CURRENT")


def test_quoting_doubles_quotes() -> None:
    assert quoted('a"; DROP TABLE b; --') == '"a""; DROP TABLE b; --"'
