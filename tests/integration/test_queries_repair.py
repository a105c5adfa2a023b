"""The statements that repair a key, and take it back, over tables of every shape and keys of any content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Column, Identifier, NoColumn, OpenEnd
from gcms_tui.core.scd2.version import NAMED, Version
from gcms_tui.core.writing.plan import rows_of
from tests.integration.asking import SCD2_COLUMNS, Asking, relation

BEGIN, NEXT, LAST = (f"2026-01-{day} 10:00:00.000001000" for day in ("05", "08", "12"))
UPDATED = {"number of rows updated": 1, "number of multi-joined rows updated": 0}


@dataclass(frozen=True)
class Shape:
    """How a table tells its current versions, and what its moments are."""

    name: str
    moment: str = "TIMESTAMP_NTZ"
    has_flag: bool = True
    stamped: bool = True

    @property
    def names(self) -> dict[str, Identifier]:
        names = {"table": relation(f"bronze.{self.name}"), "backup": relation(f"bronze.{self.name}_r1")}
        more: dict[str, Identifier] = {} if self.stamped else {"updated_at": NoColumn()}
        more |= {} if self.has_flag else {"is_current": OpenEnd(Column("EFFECTIVE_TO"))}
        return {**SCD2_COLUMNS, **names, **more}

    @property
    def written(self) -> tuple[str, ...]:
        return ("effective_to", *(["is_current"] if self.has_flag else []), *(["updated_at"] if self.stamped else []))

    @property
    def closing(self) -> str:
        if not self.has_flag:
            return "scd2_end_version"
        return "scd2_close_version" if self.stamped else "scd2_close_version_unstamped"

    @property
    def restoring(self) -> str:
        if not self.has_flag:
            return "scd2_restore_end"
        return "scd2_restore_version" if self.stamped else "scd2_restore_version_unstamped"

    def stored(self, moment: str) -> str:
        """As the table keeps it."""
        return f"{moment[:10]} 00:00:00.000000000" if self.moment == "DATE" else moment

    def make(self, asking: Asking, rows: Sequence[tuple[str, str, str, str | None]]) -> None:
        """Rows of key, id, beginning and end."""
        columns = [
            *("scd_id VARCHAR", "natural_key VARCHAR", f"effective_from {self.moment}", f"effective_to {self.moment}"),
            *(["is_current BOOLEAN"] if self.has_flag else []),
            *("recorded_at TIMESTAMP_NTZ", "inserted_at TIMESTAMP_NTZ"),
            *(["updated_at TIMESTAMP_NTZ"] if self.stamped else []),
            "remark VARCHAR",
        ]
        asking.plain(f"CREATE OR REPLACE TRANSIENT TABLE bronze.{self.name} ({', '.join(columns)})")
        for key, scd_id, begin, end in rows:
            values = ["?", "?", "TO_TIMESTAMP_NTZ(?)", "TO_TIMESTAMP_NTZ(?)", *(["?"] if self.has_flag else [])]
            values += ["TO_TIMESTAMP_NTZ(?)"] * (3 if self.stamped else 2) + ["?"]
            given: list[Scalar] = [scd_id, key, begin, end, *([end is None] if self.has_flag else [])]
            given += [begin] * (3 if self.stamped else 2) + [f"of {scd_id}"]
            asking.plain(f"INSERT INTO bronze.{self.name} SELECT {', '.join(values)}", *given)


SHAPES = (
    Shape("stamped"),
    Shape("unstamped", stamped=False),
    Shape("no_flag", has_flag=False, stamped=False),
    Shape("of_days", moment="DATE"),
    Shape("days_no_flag", moment="DATE", has_flag=False, stamped=False),
)
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)


def versions(asking: Asking, shape: Shape, key: str) -> dict[str | None, Version]:
    answer = asking.answer("scd2_key_versions", shape.names, natural_key_value=key)
    found = [Version.of(row) for row in rows_of(answer, NAMED, shape.written)]
    return {version.scd_id: version for version in found}


def planned(key: str, version: Version, close_at: str, **changed: Scalar) -> dict[str, Scalar]:
    return {
        "close_at": close_at,
        "natural_key_value": key,
        "scd_id_value": version.scd_id,
        "effective_from_value": version.effective_from,
        "effective_to_value": version.effective_to,
        "recorded_at_value": version.recorded_at,
        **changed,
    }


def back(key: str, before: Version, left: Version, stamped: bool, **changed: Scalar) -> dict[str, Scalar]:
    stamps = {"updated_at_before": before.updated_at, "updated_at_value": left.updated_at} if stamped else {}
    return {
        "natural_key_value": key,
        "scd_id_value": left.scd_id,
        "effective_from_value": left.effective_from,
        "effective_to_value": left.effective_to,
        "recorded_at_value": left.recorded_at,
        "effective_to_before": before.effective_to,
        **stamps,
        **changed,
    }


@each_shape
def test_a_version_is_closed_and_restored_to_the_last_digit(workbench: Asking, shape: Shape) -> None:
    shape.make(workbench, [("A", "a1", BEGIN, None), ("A", "a2", NEXT, None), ("B", "b1", BEGIN, None)])
    everything = f"SELECT * FROM bronze.{shape.name} ORDER BY scd_id"
    stored, before = workbench.plain(everything), versions(workbench, shape, "A")
    assert before["a1"].effective_from == shape.stored(BEGIN)
    assert workbench.row("scd2_key_integrity", shape.names, natural_key_value="A")["current_count"] == 2
    close_at = shape.stored("2026-01-07 10:00:00.000001000")
    assert workbench.row(shape.closing, shape.names, **planned("A", before["a1"], close_at)) == UPDATED
    after = versions(workbench, shape, "A")
    assert (after["a1"].effective_to, after["a1"].is_current) == (close_at, False)
    assert after["a1"].rest == before["a1"].rest
    assert (after["a1"].updated_at is not None) is shape.stamped
    assert not shape.stamped or (after["a1"].updated_at or "") > "2026-02"
    assert after["a2"] == before["a2"]
    sound = workbench.row("scd2_key_integrity", shape.names, natural_key_value="A")
    assert (sound["current_count"], sound["overlaps"], sound["inverted"], sound["closed_but_open"]) == (1, 0, 0, 0)
    undone = workbench.row(shape.restoring, shape.names, **back("A", before["a1"], after["a1"], shape.stamped))
    assert undone == UPDATED
    assert workbench.plain(everything) == stored


@each_shape
def test_a_version_that_is_not_as_planned_is_left_alone(workbench: Asking, shape: Shape) -> None:
    shape.make(workbench, [("A", "a1", BEGIN, None), ("A", "a2", NEXT, None), ("A", "a3", BEGIN, LAST)])
    stored, found = workbench.plain(f"SELECT * FROM bronze.{shape.name}"), versions(workbench, shape, "A")
    close_at = shape.stored(NEXT)
    moved: list[Mapping[str, Scalar]] = [
        {"natural_key_value": "B"},
        {"scd_id_value": "a2"},
        {"effective_from_value": "2026-01-05 10:00:00.000002000"},
        {"effective_from_value": None},
        {"effective_to_value": "9999-12-31 00:00:00.000000000"},
        {"recorded_at_value": LAST},
        {"recorded_at_value": None},
    ]
    for change in moved:
        [count, _] = workbench.row(shape.closing, shape.names, **planned("A", found["a1"], close_at, **change)).values()
        assert count == 0, change
    [count, _] = workbench.row(shape.closing, shape.names, **planned("A", found["a3"], close_at)).values()
    assert count == 0, "it is closed already"
    wrong = {"effective_to_value": NEXT}, {"recorded_at_value": NEXT}, {"effective_from_value": NEXT}
    for other in (*wrong, *([{"updated_at_value": NEXT}] if shape.stamped else [])):
        values = {**back("A", found["a1"], found["a3"], shape.stamped), **other}
        [count, _] = workbench.row(shape.restoring, shape.names, **values).values()
        assert count == 0, other
    assert workbench.plain(f"SELECT * FROM bronze.{shape.name}") == stored


@pytest.mark.parametrize(
    "key",
    [
        *("it's; DROP TABLE x --", "a%b_?\\", '"q"', "{table} :scd_id ?", "[/b] [red]", "\U0001f3bb\n\t", " "),
        *("x" * 10_000, "é e\u0301"),
    ],
)
def test_a_key_and_an_id_of_any_content(workbench: Asking, key: str) -> None:
    shape = SHAPES[0]
    shape.make(workbench, [(key, key, BEGIN, None), (key, "a2", NEXT, None), (f"{key}.", key, BEGIN, None)])
    before = versions(workbench, shape, key)
    assert set(before) == {key, "a2"}
    assert workbench.row(shape.closing, shape.names, **planned(key, before[key], NEXT)) == UPDATED
    after = versions(workbench, shape, key)
    assert after[key].effective_to == NEXT
    assert workbench.row(shape.restoring, shape.names, **back(key, before[key], after[key], True)) == UPDATED
    assert versions(workbench, shape, key) == before


def test_a_moment_that_was_null_is_told_from_one_that_is_not_and_comes_back(workbench: Asking) -> None:
    shape = SHAPES[0]
    shape.make(workbench, [("A", "a1", BEGIN, None)])
    workbench.plain("UPDATE bronze.stamped SET recorded_at = NULL, updated_at = NULL")
    stored, before = workbench.plain("SELECT * FROM bronze.stamped"), versions(workbench, shape, "A")["a1"]
    assert (before.recorded_at, before.updated_at) == (None, None)
    assert workbench.row(shape.closing, shape.names, **planned("A", before, NEXT)) == UPDATED
    after = versions(workbench, shape, "A")["a1"]
    assert workbench.row(shape.restoring, shape.names, **back("A", before, after, True)) == UPDATED
    assert workbench.plain("SELECT * FROM bronze.stamped") == stored


def test_one_copy_is_kept_of_rows_that_share_an_id_and_all_are_put_back(workbench: Asking) -> None:
    """The copies differ in when they begin; the one that is kept is there twice."""
    shape = SHAPES[0]
    rows = [("A", "same", BEGIN, None), ("A", "same", NEXT, None), ("A", "same", NEXT, None), ("B", "same", NEXT, None)]
    shape.make(workbench, rows)
    stored = workbench.plain("SELECT * FROM bronze.stamped ORDER BY natural_key, effective_from")
    workbench.plain("DROP TABLE IF EXISTS bronze.stamped_r1")
    workbench.rows("clone_transient_table", shape.names)
    one: dict[str, Scalar] = {"natural_key_value": "A", "scd_id_value": "same"}
    kept: dict[str, Scalar] = {"effective_from_value": NEXT, "effective_to_value": None, "recorded_at_value": NEXT}
    workbench.plain("BEGIN")
    assert workbench.row("scd2_delete_copies", shape.names, **one) == {"number of rows deleted": 3}
    copy = {**one, **kept, "inserted_at_value": NEXT}
    assert workbench.row("scd2_insert_copy", shape.names, **{**copy, "inserted_at_value": BEGIN}) == {
        "number of rows inserted": 0
    }
    assert workbench.row("scd2_insert_copy", shape.names, **copy) == {"number of rows inserted": 1}
    workbench.plain("COMMIT")
    assert workbench.plain("SELECT * FROM bronze.stamped ORDER BY natural_key") == [stored[1], stored[3]]
    assert workbench.row("scd2_delete_copies", shape.names, **one) == {"number of rows deleted": 1}
    assert workbench.row("scd2_insert_copies", shape.names, **one) == {"number of rows inserted": 3}
    assert workbench.plain("SELECT * FROM bronze.stamped ORDER BY natural_key, effective_from") == stored


@each_shape
def test_every_table_is_read_whatever_its_shape(workbench: Asking, shape: Shape) -> None:
    rows = [("A", "a1", BEGIN, NEXT), ("A", "a2", NEXT, None), ("A", "a3", LAST, None), ("B", "b1", BEGIN, NEXT)]
    shape.make(workbench, rows)
    found = workbench.row("scd2_integrity", shape.names)
    assert (found["duplicate_current_keys"], found["no_current_keys"], found["overlaps"]) == (1, 1, 1)
    closed = {"closed_day_before": 0, "closed_same_instant": 1}
    assert workbench.row("scd2_closing_convention", shape.names) == closed
    asked: dict[str, Scalar] = {"sort_by": "recency", "after_number": None, "after_key": None, "containing": ""}
    [group] = workbench.rows("scd2_duplicate_groups", shape.names, **asked, page_size=9)
    assert (group["natural_key"], group["scd_ids"]) == ("A", "a3, a2")
    [defective] = workbench.rows("scd2_defective_keys", shape.names, defect="overlap", after_key=None, page_size=9)
    assert (defective["natural_key"], defective["row_count"]) == ("A", 1)


def test_the_warehouse_keeps_the_journals_heads(workbench: Asking) -> None:
    names: dict[str, Identifier] = {"anchors": relation("gcms_ops.journal_anchor")}
    for _ in range(2):
        workbench.rows("create_journal_anchors", names)
    moment = "2026-01-05 10:00:00.000001"
    for store, count in (("mine", 7), ("mine", 3), ("another", 9)):
        given: dict[str, Scalar] = {"store_id": store, "entry_count": count, "head": "0" * 64, "anchored_at": moment}
        assert workbench.row("insert_journal_anchor", names, **given) == {"number of rows inserted": 1}
    found = workbench.rows("journal_anchors", names, store_id="mine")
    assert [(row["entry_count"], row["head"], str(row["anchored_at"])) for row in found] == [
        (3, "0" * 64, moment),
        (7, "0" * 64, moment),
    ]
