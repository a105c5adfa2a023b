from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.query import Access, Answer
from gcms_tui.core.row_text import exact_text
from gcms_tui.core.run import Person
from gcms_tui.core.writing.plan import (
    HOLDS,
    Cell,
    Plan,
    PlanKind,
    Row,
    RowChange,
    Step,
    canonical,
    fingerprint,
    rows_of,
    same_rows,
)
from gcms_tui.core.writing.plan_json import plan_document, read_plan
from tests.core.writing_samples import AFTER, BACKUP, BEFORE, LOOK, MADE_AT, PLAN, UPDATE, WINNER

[CHANGE] = PLAN.changes


def but(value: Any, **changed: Any) -> Any:
    return replace(value, **changed)


OTHERWISE: dict[str, list[Any]] = {
    "kind": [PlanKind.UNDO],
    "target": ["prod"],
    "table": ["bronze.u"],
    "subject": ["1-5-ss", ""],
    "confirmation": ["yes"],
    "steps": [
        (),
        (*PLAN.steps, *PLAN.steps),
        (Step(UPDATE, 2),),
        (Step(UPDATE),),
        *(
            (Step(but(UPDATE, **{name: value}), 1),)
            for name, value in (
                ("query", "q"), ("source", "s"), ("sql", UPDATE.sql + " "), ("access", Access.READ), ("binds", ()),
                ("binds", (*UPDATE.binds[:3], "7", *UPDATE.binds[4:])),
                ("binds", (*UPDATE.binds[:4], Decimal("1.1"), UPDATE.binds[5])),
                ("binds", (*UPDATE.binds[:2], 1, *UPDATE.binds[3:])),
            )
        ),
    ],
    "made_at": [MADE_AT + timedelta(microseconds=1)],
    "made_by": [Person("bo", "ops-1", "10.0.0.9"), Person("ana", "ops-1")],
    "lock": [LOOK, replace(LOOK, binds=("K",))],
    "look": [None, replace(LOOK, binds=("K",))],
    "named": [("scd_id",)],
    "written": [()],
    "set_when_applied": [()],
    "before": [(BEFORE,), (WINNER, BEFORE), (BEFORE, BEFORE, WINNER), (replace(BEFORE, rest=""), WINNER)],
    "after": [(AFTER,), (AFTER.but(is_current=None), WINNER), (AFTER.but(is_current="false"), WINNER)],
    "changes": [(), *((but(CHANGE, **{name: value}),) for name, value in (
        ("label", "b"), ("before", None), ("after", None), ("why", "")))],
    "alike": [(), (LOOK, LOOK)],
    "backup": [None, replace(BACKUP, reason="other")],
    "winner": ["a"],
    "reason": [""],
    "warnings": [(), ("look", "twice")],
    "undoes": [""],
    "source": ["bronze_backup.t"],
    "defines": [True],
}  # fmt: skip


def test_a_plan_is_named_by_all_that_it_says() -> None:
    assert set(OTHERWISE) == {field.name for field in fields(Plan)}, "every field takes part"
    others = [replace(PLAN, **{name: value}) for name, values in OTHERWISE.items() for value in values]
    ids = [plan.plan_id for plan in (PLAN, *others)]
    assert len(set(ids)) == len(ids)
    assert all(len(plan_id) == 64 for plan_id in ids)
    assert replace(PLAN).plan_id == PLAN.plan_id and PLAN.plan_id.startswith(PLAN.short_id)
    elsewhere = MADE_AT.astimezone(timezone(timedelta(hours=5)))
    assert replace(PLAN, made_at=elsewhere).plan_id == PLAN.plan_id, "the same moment"


@pytest.mark.parametrize(
    "plan", [PLAN, BACKUP, *(replace(PLAN, **{name: value}) for name, values in OTHERWISE.items() for value in values)]
)
def test_a_plan_comes_back_from_json_as_it_was(plan: Plan) -> None:
    text = canonical(plan_document(plan))
    back = read_plan(json.loads(text))
    assert back == plan and back.plan_id == plan.plan_id
    for kept, step in zip(back.steps, plan.steps, strict=True):  # 1.10 equals 1.1, and True 1
        assert list(map(repr, kept.statement.binds)) == list(map(repr, step.statement.binds))


def test_a_plan_that_was_kept_before_there_were_locks_or_restores_keeps_its_id() -> None:
    document = plan_document(PLAN)
    assert not {"lock", "source", "defines"} & set(document)
    back = read_plan(document)
    assert (back.lock, back.source, back.defines) == (None, "", False)


@pytest.mark.parametrize("spoiled", [{}, {"kind": "wish"}, {"steps": [{"rows": 1}]}, {"made_at": "soon"}])
def test_what_is_no_plan_is_not_read_as_one(spoiled: dict[str, Any]) -> None:
    document = {**plan_document(PLAN), **spoiled} if spoiled else {}
    with pytest.raises((KeyError, TypeError, ValueError)):
        read_plan(document)


def test_a_plan_holds_for_half_an_hour_and_counts_its_rows() -> None:
    assert PLAN.expires_at == MADE_AT + HOLDS == MADE_AT + timedelta(minutes=30)
    assert (PLAN.rows, BACKUP.rows, replace(PLAN, steps=PLAN.steps * 3).rows) == (1, 0, 3)


cells = st.one_of(st.none(), st.booleans(), st.sampled_from(["", "true", "null", "\n", "a", "\ud800", "'"]))
rows = st.builds(
    lambda first, second, rest: Row.of({"a": first, "b": second}, rest), cells, cells, st.sampled_from(["", "x", "y"])
)


@given(st.lists(rows, max_size=6), st.lists(rows, max_size=6), st.randoms())
def test_rows_are_the_same_whatever_their_order_and_each_as_often(one: list[Row], other: list[Row], dice: Any) -> None:
    shuffled = list(one)
    dice.shuffle(shuffled)
    assert same_rows(one, shuffled) and fingerprint(one) == fingerprint(shuffled)
    exactly = sorted(map(repr, one)) == sorted(map(repr, other))
    assert same_rows(one, other) is exactly
    if one:
        assert not same_rows(one, [*one, one[0]]), "two identical rows are not one"
    blank = [sorted(repr(row.but(b=None)) for row in side) for side in (one, other)]
    assert same_rows(one, other, but=("b",)) is (blank[0] == blank[1])


def test_a_plans_fingerprint_is_of_what_it_saw() -> None:
    assert PLAN.fingerprint == fingerprint([WINNER, BEFORE]) != fingerprint(PLAN.after)


def test_a_row_is_read_by_name_and_changed_by_name() -> None:
    assert BEFORE["scd_id"] == "a" and AFTER["is_current"] is False and AFTER.rest == BEFORE.rest
    with pytest.raises(KeyError):
        BEFORE["nothing"]
    assert BEFORE.but(nothing="x") == BEFORE


DIFFERENT = [
    None, "", "1", "None", "true", "1.10", "2026-01-10", "'1", 1, 10, True, False, Decimal("1.10"), Decimal("1.1"),
    Decimal("-0.00"), Decimal("0.00"), 0.1 + 0.2, 0.3, float("nan"), float("inf"), 1e22, date(2026, 1, 10),
    datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 1, 10, 0, 0, 0, 1, UTC),
]  # fmt: skip


def test_a_value_has_one_text_and_no_other_value_has_it() -> None:
    for one, other in combinations(DIFFERENT, 2):
        assert exact_text(one) != exact_text(other), (one, other)
    assert exact_text(Decimal("1E+2")) == "100"
    assert (
        exact_text(datetime(2026, 1, 10, 5, tzinfo=timezone(timedelta(hours=5)))) == "2026-01-10 00:00:00.000000+00:00"
    )


def answer(*cells: Any, columns: tuple[str, ...] = ("id", "end", "id", "end", "amount", "note")) -> Answer:
    return Answer(columns, (tuple(cells),), "q", MADE_AT, 1)


def read(*cells: Any, **options: Any) -> Row:
    [row] = rows_of(answer(*cells, **options), ("id", "end"), ("end",))
    return row


def test_of_an_answer_the_first_columns_are_named_and_the_others_hashed_but_those_that_are_written() -> None:
    row = read("a", None, "a", MADE_AT, Decimal("1.10"), "x")
    assert row.as_dict() == {"id": "a", "end": None}
    assert row == read("a", None, "a", "another end", Decimal("1.10"), "x")
    for other in (
        read("a", None, "b", MADE_AT, Decimal("1.10"), "x"),
        read("a", None, "a", MADE_AT, Decimal("1.1"), "x"),
        read("a", None, "a", MADE_AT, "1.10", "x"),
        read("a", None, "a", MADE_AT, Decimal("1.10"), None),
        read("a", None, "a", MADE_AT, Decimal("1.10"), "x", columns=("id", "end", "id", "end", "amount", "remark")),
    ):
        assert other.rest != row.rest


def test_two_columns_of_one_name_are_both_seen() -> None:
    columns = ("id", "end", "amount", "amount")
    told = {read("a", None, first, second, columns=columns).rest for first in (1, 2) for second in (1, 2)}
    assert len(told) == 4


@pytest.mark.parametrize(
    ("value", "cell"), [(None, None), (True, True), ("1", "1"), (1, "1"), (Decimal("1.10"), "1.10"), (1.5, "1.5")]
)
def test_a_named_value_has_a_form_of_which_there_is_one(value: Any, cell: Cell) -> None:
    assert read(value, None, "x", None, 1, "")["id"] == cell


def test_what_is_no_json_is_no_plan() -> None:
    with pytest.raises(ValueError):
        canonical({"x": float("nan")})


def test_a_change_may_add_or_remove_a_row() -> None:
    plan = replace(PLAN, changes=(RowChange("a", None, AFTER, "new"), RowChange("a", BEFORE, None, "gone")))
    assert read_plan(plan_document(plan)) == plan
