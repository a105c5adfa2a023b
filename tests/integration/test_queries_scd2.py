"""The SCD2 queries over tables made to hold every defect, counted a second time in Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Column, OpenEnd
from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.integration.asking import SCD2_COLUMNS, Asking, Row, connect, relation
from tests.integration.scd2_oracle import BY_KEY, DAY, Version, defective_keys, defects
from tests.sandbox.warehouse.client import PASSWORD, USER, free_port

BASE = datetime(2026, 1, 5, 10)  # noqa: DTZ001 - as the warehouse keeps them: UTC without a zone
NAMES = {"table": relation("bronze.versions"), **SCD2_COLUMNS}
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
    key = asking.row("scd2_key_integrity", NAMES, natural_key_value="A")
    assert (key["overlaps"], key["instant_overlaps"]) == (0, 1), "which of both counts, the convention says"
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


_OF_A_KEY = (
    *("row_count", "null_flags", "null_ids", "null_begins", "inverted"),
    *("current_but_closed", "closed_but_open", "overlaps"),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=_VERSIONS, defect=st.sampled_from([*BY_KEY]))
def test_any_table_is_counted_as_row_by_row(asking: Asking, versions: list[Version], defect: str) -> None:
    fill(asking, versions)
    found = asking.row("scd2_integrity", NAMES)
    closed = asking.row("scd2_closing_convention", NAMES)
    assert closed == {name: found[name] for name in ("closed_day_before", "closed_same_instant")}
    day_before = closed["closed_day_before"] > closed["closed_same_instant"]
    expected = defects(versions, day_before=day_before)
    assert {name: found[name] for name in expected} == expected
    keys = asking.rows("scd2_defective_keys", NAMES, defect=defect, after_key=None, page_size=9)
    concerned = {row["natural_key"]: row["row_count"] for row in keys}
    assert concerned == defective_keys(versions, defect, day_before=day_before)
    alone = defects([row for row in versions if row.natural_key == "it's"], day_before=False)
    found = asking.row("scd2_key_integrity", NAMES, natural_key_value="it's")
    assert {name: alone[name] for name in alone.keys() & found.keys()} == {name: found[name] for name in _OF_A_KEY}


def groups(asking: Asking, **asked: Scalar) -> list[Row]:
    first: dict[str, Scalar] = {"sort_by": "key", "after_number": None, "after_key": None, "containing": ""}
    return asking.rows("scd2_duplicate_groups", NAMES, **{**first, "page_size": 9, **asked})


@pytest.mark.parametrize("sort_by", ["key", "count", "recency"])
def test_duplicate_groups_come_in_pages_in_every_order(asking: Asking, sort_by: str) -> None:
    keys = [f"k{number:02}" for number in range(7)] + ["it's; --", "100%_?", "\U0001f3bb[/b]", "Größe"]
    copies = {key: 2 + place % 3 for place, key in enumerate(keys)}
    begins = {key: place % 4 for place, key in enumerate(keys)}
    fill(
        asking,
        [
            *SOUND_DAY_BEFORE,
            *(version(f"{key}/{copy}", key, begins[key], None, True) for key in keys for copy in range(copies[key])),
            *(version(f"null/{copy}", None, copy, None, True) for copy in range(2)),
        ],
    )
    seen: list[Row] = []
    place: dict[str, Scalar] = {}
    while page := groups(asking, sort_by=sort_by, page_size=4, **place):
        assert len(page) <= 4
        seen += page
        place = {"after_number": page[-1]["order_number"], "after_key": page[-1]["natural_key"]}
    rank = {"key": {}, "count": copies, "recency": begins}[sort_by]
    by_bytes = sorted(keys, key=str.encode)
    assert [row["natural_key"] for row in seen] == sorted(by_bytes, key=lambda key: -rank.get(key, 0))
    assert {row["natural_key"]: row["current_count"] for row in seen} == copies


def test_a_group_shows_its_ids_the_newest_first_and_is_found_by_a_part_of_its_key(asking: Asking) -> None:
    fill(asking, [version(f"{key}/{copy}", key, copy, None, True) for key in ("k00", "100%_?") for copy in range(2)])
    [only] = groups(asking, containing="K0", page_size=1)
    assert (only["natural_key"], only["scd_ids"], only["order_number"]) == ("k00", "k00/1, k00/0", 0)
    assert only["newest_recorded_at"] == BASE + DAY
    assert [row["natural_key"] for row in groups(asking, containing="%_?")] == ["100%_?"]


def test_a_group_that_was_never_recorded_is_the_oldest(asking: Asking) -> None:
    fill(asking, [version(f"{key}{copy}", key, copy, None, True) for key in "AB" for copy in range(2)])
    asking.plain("UPDATE bronze.versions SET recorded_at = NULL WHERE natural_key = 'A'")
    assert [row["natural_key"] for row in groups(asking, sort_by="recency")] == ["B", "A"]


def test_defective_keys_come_in_pages(asking: Asking) -> None:
    fill(asking, [version(f"{key}1", key, 0, 4, False) for key in ("b", "a", "it's", "\U0001f3bb", "c")])
    seen: list[str] = []
    while page := asking.rows(
        "scd2_defective_keys", NAMES, defect="no_current", after_key=seen[-1] if seen else None, page_size=2
    ):
        assert {row["row_count"] for row in page} == {1}
        seen += [row["natural_key"] for row in page]
    assert seen == ["a", "b", "c", "it's", "\U0001f3bb"]


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
