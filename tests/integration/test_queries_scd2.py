"""The SCD2 queries over tables made to hold every defect, counted a second time in Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gcms_tui.core.identifier import Column, OpenEnd
from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.integration.asking import SCD2_COLUMNS, Asking, connect, relation
from tests.integration.scd2_oracle import DAY, Version, defects
from tests.sandbox.warehouse.client import PASSWORD, USER, free_port

BASE = datetime(2026, 1, 5, 10)  # noqa: DTZ001 - as the warehouse keeps them: UTC without a zone
NAMES = {"table": relation("bronze.versions"), "backup": relation("gcms_ops.repair_backup"), **SCD2_COLUMNS}
WITHOUT_FLAG = {**NAMES, "is_current": OpenEnd(Column("EFFECTIVE_TO"))}
_COLUMNS = (
    "scd_id VARCHAR, natural_key VARCHAR, status VARCHAR, effective_from TIMESTAMP_NTZ, effective_to TIMESTAMP_NTZ, "
    "is_current BOOLEAN, recorded_at TIMESTAMP_NTZ, inserted_at TIMESTAMP_NTZ, updated_at TIMESTAMP_NTZ"
)


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    directory = tmp_path_factory.mktemp("warehouse")
    with WarehouseProcess.start(directory, free_port(), USER, PASSWORD, options=("--database", "GCMS")) as server:
        server.wait_ready()
        arguments = {"user": USER, "password": PASSWORD, "account": "sandbox", "host": server.host}
        with connect({**arguments, "port": server.port, "protocol": "http", "database": "GCMS"}) as connection:
            asking = Asking(connection)
            for schema in ("bronze", "gcms_ops"):
                asking.plain(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            asking.plain(f"CREATE TRANSIENT TABLE bronze.versions ({_COLUMNS})")
            yield asking


def fill(asking: Asking, versions: Sequence[Version]) -> None:
    """The table with just these versions; they became known when they begin."""
    asking.plain("DELETE FROM bronze.versions")
    if not versions:
        return
    marks = ", ".join("(?, ?, 'present', ?::timestamp_ntz, ?::timestamp_ntz, ?, ?::timestamp_ntz)" for _ in versions)
    values: list[object] = []
    for row in versions:
        begin = None if row.effective_from is None else str(row.effective_from)
        end = None if row.effective_to is None else str(row.effective_to)
        values += [row.scd_id, row.natural_key, begin, end, row.is_current, begin]
    asking.plain(
        "INSERT INTO bronze.versions SELECT column1, column2, column3, column4, column5, column6, column7, column7, "
        f"column7 FROM VALUES {marks}",
        *values,
    )


def version(
    scd_id: str | None, key: str | None, begin: int | None, end: int | None, is_current: bool | None
) -> Version:
    """Days counted from BASE."""
    effective_from = None if begin is None else BASE + begin * DAY
    effective_to = None if end is None else BASE + end * DAY
    return Version(scd_id, key, effective_from, effective_to, is_current)


SOUND_DAY_BEFORE = [
    version("s1", "S", 0, 9, False), version("s2", "S", 10, 19, False), version("s3", "S", 20, None, True),
]  # fmt: skip
SOUND_SAME_INSTANT = [
    version("s1", "S", 0, 10, False), version("s2", "S", 10, 20, False), version("s3", "S", 20, None, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("added", "defect", "count"),
    [
        ([version("a1", "A", 0, None, True), version("a2", "A", 5, None, True)], "duplicate_current_keys", 1),
        ([version("a1", "A", 0, 5, False)], "no_current_keys", 1),
        ([version("a1", None, 0, None, True)], "null_keys", 1),
        ([version("a1", "A", 0, None, None)], "null_flags", 1),
        ([version(None, "A", 0, None, True), version(None, "B", 0, None, True)], "null_ids", 2),
        ([version("a1", "A", None, None, True)], "null_begins", 1),
        ([version("a1", "A", 0, 4, False), version("a1", "A", 5, None, True)], "rows_sharing_scd_id", 2),
        ([version("s3", "A", 0, None, True)], "rows_sharing_scd_id", 2),
        ([version("a1", "A", 9, 7, False), version("a2", "A", 9, None, True)], "inverted", 1),
        ([version("a1", "A", 0, 4, True)], "current_but_closed", 1),
        ([version("a1", "A", 0, None, False)], "closed_but_open", 1),
        ([version("a1", "A", 0, 8, False), version("a2", "A", 5, None, True)], "overlaps", 1),
        ([version("a1", "A", 0, 30, False), version("a2", "A", 5, 6, False), version("a3", "A", 9, None, True)],
         "overlaps", 2),
        ([version("a1", "A", 5, None, True), version("a2", "A", 8, 7, False)], "overlaps", 0),
        ([version("a1", "A", 5, None, True), version("a2", "A", 5, 4, False)], "inverted", 0),
    ],
)  # fmt: skip
def test_each_class_of_defect_is_counted(asking: Asking, added: list[Version], defect: str, count: int) -> None:
    fill(asking, [*SOUND_DAY_BEFORE, *added])
    found = asking.row("scd2_integrity", NAMES)
    assert found[defect] == count
    assert {name: found[name] for name in found if not name.startswith("closed_")} | {
        "closed_but_open": found["closed_but_open"]
    } == defects([*SOUND_DAY_BEFORE, *added], day_before=True)


def test_a_sound_table_has_no_defect_and_shows_its_convention(asking: Asking) -> None:
    fill(asking, SOUND_DAY_BEFORE)
    found = asking.row("scd2_integrity", NAMES)
    assert (found["closed_day_before"], found["closed_same_instant"]) == (2, 0)
    assert {name for name, value in found.items() if value} == {"row_count", "key_count", "closed_day_before"}
    fill(asking, SOUND_SAME_INSTANT)
    found = asking.row("scd2_integrity", NAMES)
    assert (found["closed_day_before"], found["closed_same_instant"]) == (0, 2)
    assert {name for name, value in found.items() if value} == {"row_count", "key_count", "closed_same_instant"}


def test_what_an_empty_version_is_depends_on_the_convention(asking: Asking) -> None:
    ends_where_it_begins = [version("a1", "A", 5, None, True), version("a2", "A", 8, 8, False)]
    fill(asking, [*SOUND_SAME_INSTANT, *ends_where_it_begins])
    assert asking.row("scd2_integrity", NAMES)["overlaps"] == 0
    fill(asking, [*SOUND_DAY_BEFORE, *ends_where_it_begins])
    assert asking.row("scd2_integrity", NAMES)["overlaps"] == 1
    ends_the_day_before = [version("a1", "A", 5, None, True), version("a2", "A", 8, 7, False)]
    fill(asking, [*SOUND_SAME_INSTANT, *ends_the_day_before])
    assert asking.row("scd2_integrity", NAMES)["inverted"] == 1
    fill(asking, [*SOUND_DAY_BEFORE, *ends_the_day_before])
    assert asking.row("scd2_integrity", NAMES)["inverted"] == 0


def test_an_empty_table_counts_nothing(asking: Asking) -> None:
    fill(asking, [])
    assert set(asking.row("scd2_integrity", NAMES).values()) == {0}
    assert asking.rows("scd2_duplicate_keys_sample", NAMES, limit=5) == []


def test_without_a_flag_the_open_versions_are_the_current_ones(asking: Asking) -> None:
    """As in a dbt snapshot, with NULL or dbt_valid_to_current at the end of what is valid now."""
    sentinel = replace(version("b2", "B", 5, None, None), effective_to=datetime(9999, 12, 31))  # noqa: DTZ001
    rows = [
        *(version("a1", "A", 0, None, None), version("a2", "A", 5, None, None)),
        *(version("b1", "B", 0, 4, None), sentinel),
        version("c1", "C", 0, 4, None),
    ]
    fill(asking, rows)
    found = asking.row("scd2_integrity", WITHOUT_FLAG)
    flagged = [replace(row, is_current=row.is_open) for row in rows]
    expected = defects(flagged, day_before=True)
    assert {name: found[name] for name in expected} == expected
    assert (expected["duplicate_current_keys"], expected["no_current_keys"]) == (1, 1)
    [sample] = asking.rows("scd2_duplicate_keys_sample", WITHOUT_FLAG, limit=5)
    assert (sample["natural_key"], sample["scd_ids"], sample["total_keys"]) == ("A", "a1, a2", 1)
    assert asking.row("scd2_key_integrity", WITHOUT_FLAG, natural_key_value="B")["current_count"] == 1


_DAYS = st.integers(-2, 6)
_VERSIONS = st.lists(
    st.builds(
        version,
        st.sampled_from(["i1", "i2", "i3", "i4", "i5", None]),
        st.sampled_from(["A", "B", "it's", None]),
        st.none() | _DAYS,
        st.none() | _DAYS,
        st.sampled_from([True, False, None]),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=_VERSIONS)
def test_any_table_is_counted_as_row_by_row(asking: Asking, versions: list[Version]) -> None:
    fill(asking, versions)
    found = asking.row("scd2_integrity", NAMES)
    expected = defects(versions, day_before=found["closed_day_before"] > found["closed_same_instant"])
    assert {name: found[name] for name in expected} == expected


def test_duplicate_groups_come_in_pages_by_key(asking: Asking) -> None:
    keys = [f"k{number:02}" for number in range(7)] + ["it's; --", "100%_?", "\U0001f3bb[/b]", "Größe"]
    fill(
        asking,
        [
            *SOUND_DAY_BEFORE,
            *(version(f"{key}/{copy}", key, copy, None, True) for key in keys for copy in range(2)),
            *(version(f"null/{copy}", None, copy, None, True) for copy in range(2)),
        ],
    )
    seen: list[str] = []
    after: str | None = None
    while page := asking.rows("scd2_duplicate_groups", NAMES, after_key=after, containing="", page_size=4):
        assert len(page) <= 4
        seen += [row["natural_key"] for row in page]
        after = seen[-1]
    assert sorted(seen) == sorted(keys)
    assert len(set(seen)) == len(seen)
    first = asking.rows("scd2_duplicate_groups", NAMES, after_key=None, containing="K0", page_size=1)
    assert [(row["natural_key"], row["scd_ids"]) for row in first] == [("k00", "k00/1, k00/0")]
    assert first[0]["newest_recorded_at"] == BASE + DAY
    [only] = asking.rows("scd2_duplicate_groups", NAMES, after_key=None, containing="%_?", page_size=9)
    assert only["natural_key"] == "100%_?"


def test_the_sample_begins_with_the_worst_and_knows_how_many_there_are(asking: Asking) -> None:
    copies = {"A": 2, "B": 3, "C": 2}
    fill(asking, [version(f"{key}{n}", key, n, None, True) for key, count in copies.items() for n in range(count)])
    asking.plain("UPDATE bronze.versions SET scd_id = 'C' WHERE natural_key = 'C'")
    rows = asking.rows("scd2_duplicate_keys_sample", NAMES, limit=2)
    assert [(row["natural_key"], row["current_count"], row["scd_ids"]) for row in rows] == [
        ("B", 3, "B0, B1, B2"),
        ("A", 2, "A0, A1"),
    ]
    assert {row["total_keys"] for row in rows} == {3}
    worst = asking.rows("scd2_duplicate_keys_sample", NAMES, limit=9)[2]
    assert (worst["natural_key"], worst["distinct_ids"]) == ("C", 1)


@pytest.mark.parametrize("key", ["plain", "it's; DROP TABLE x --", "a%b_?\\", "\U0001f3bb\n[/b]", "x" * 10_000])
def test_the_versions_of_a_key_of_any_content(asking: Asking, key: str) -> None:
    fill(asking, [version("a1", key, 0, 4, False), version("a2", key, 5, None, True), *SOUND_DAY_BEFORE])
    rows = asking.rows("scd2_versions_of_key", NAMES, natural_key_value=key)
    assert [(row["scd_id"], row["natural_key"]) for row in rows] == [("a2", key), ("a1", key)]


def test_only_versions_known_late_count_as_corrections(asking: Asking) -> None:
    fill(asking, [version(f"{key}{n}", key, n * 31, None, True) for key in "AB" for n in range(2)])
    late = "UPDATE bronze.versions SET recorded_at = DATEADD(minute, 61, effective_from) WHERE scd_id IN ('A1', 'B0')"
    asking.plain(late)
    [row] = asking.rows("scd2_late_corrections", NAMES, tolerance_minutes=60)
    assert (row["correction_count"], row["corrected_keys"]) == (1, 1)
    month = row["correction_month"]
    assert (month.year, month.month, month.day) == (2026, 2, 1)
    assert asking.rows("scd2_late_corrections", NAMES, tolerance_minutes=61) == []


def test_when_the_table_last_took_up_a_change(asking: Asking) -> None:
    fill(asking, SOUND_DAY_BEFORE)
    row = asking.row("scd2_freshness", NAMES)
    assert row["row_count"] == 3
    assert row["newest_effective_from"] == row["newest_recorded_at"] == row["newest_inserted_at"] == BASE + 20 * DAY


def _planned(**changed: str) -> dict[str, str]:
    plan = {
        "close_at": str(BASE + 4 * DAY),
        "natural_key_value": "A",
        "scd_id_value": "a1",
        "effective_from_value": str(BASE),
        "recorded_at_value": str(BASE),
    }
    return {**plan, **changed}


def test_a_repair_closes_exactly_the_planned_version_and_can_be_undone(asking: Asking) -> None:
    fill(asking, [*SOUND_DAY_BEFORE, version("a1", "A", 0, None, True), version("a2", "A", 5, None, True)])
    before = asking.plain("SELECT * FROM bronze.versions ORDER BY natural_key, scd_id")
    asking.rows("scd2_create_repair_backup", NAMES)
    asking.rows("scd2_create_repair_backup", NAMES)
    asking.plain("BEGIN")
    assert asking.row("scd2_backup_key", NAMES, plan_id="p-1", natural_key_value="A") == {"number of rows inserted": 2}
    assert asking.row("scd2_key_integrity", NAMES, natural_key_value="A")["current_count"] == 2
    closed = asking.row("scd2_close_version", NAMES, **_planned())
    assert closed == {"number of rows updated": 1, "number of multi-joined rows updated": 0}
    assert asking.row("scd2_key_integrity", NAMES, natural_key_value="A") == {
        "row_count": 2, "current_count": 1, "null_flags": 0, "ids": 2, "inverted": 0, "inverted_by_over_a_day": 0,
        "current_but_closed": 0, "closed_but_open": 0, "overlaps": 0,
    }  # fmt: skip
    assert asking.row("scd2_close_version", NAMES, **_planned())["number of rows updated"] == 0
    [(written,)] = asking.plain("SELECT updated_at FROM bronze.versions WHERE scd_id = 'a1'")
    undone = asking.row(
        "scd2_reopen_version",
        NAMES,
        natural_key_value="A",
        scd_id_value="a1",
        closed_at=str(BASE + 4 * DAY),
        updated_at_before=str(BASE),
        updated_at_value=str(written),
    )
    assert undone["number of rows updated"] == 1
    asking.plain("COMMIT")
    assert asking.plain("SELECT * FROM bronze.versions ORDER BY natural_key, scd_id") == before
    kept = asking.plain("SELECT plan_id, scd_id, is_current FROM gcms_ops.repair_backup ORDER BY scd_id")
    assert kept == [("p-1", "a1", True), ("p-1", "a2", True)]


@pytest.mark.parametrize(
    "moved",
    [
        {"natural_key_value": "B"},
        {"scd_id_value": "a2"},
        {"effective_from_value": str(BASE + timedelta(microseconds=1))},
        {"recorded_at_value": str(BASE + timedelta(seconds=1))},
    ],
)
def test_a_version_that_is_not_as_planned_is_not_closed(asking: Asking, moved: dict[str, str]) -> None:
    fill(asking, [version("a1", "A", 0, None, True), version("a2", "A", 5, None, True)])
    assert asking.row("scd2_close_version", NAMES, **_planned(**moved))["number of rows updated"] == 0
    assert asking.row("scd2_key_integrity", NAMES, natural_key_value="A")["current_count"] == 2
