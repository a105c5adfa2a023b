from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gcms_tui.core.scd2 import moment
from gcms_tui.core.scd2.proof import KeyCheck
from gcms_tui.core.scd2.version import NAMED, Convention, Version
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.plan import Row

NOON = "2026-01-10 12:00:00.000000001"


@pytest.mark.parametrize("text", ["0001-01-01 00:00:00.000000000", "9999-12-31 23:59:59.999999999", NOON])
def test_a_moment_is_kept_to_the_nanosecond(text: str) -> None:
    assert moment.checked(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-01-10", "2026-01-10 12:00:00", "2026-01-10 12:00:00.000000", "2026-02-30 00:00:00.000000000",
        "0000-01-01 00:00:00.000000000", "10000-01-01 00:00:00.000000000", "-001-01-01 00:00:00.000000000",
        "2026-01-10T12:00:00.000000000", "2026-01-10 24:00:00.000000000", "2026-01-10 12:60:00.000000000",
        "2026-01-10 12:00:00.000000000\n", "2026-01-10 12:00:00.00000000\u0660", "\u0662026-01-10 12:00:00.000000000",
    ],
)  # fmt: skip
def test_what_is_no_moment_cannot_be_reckoned_with(text: str) -> None:
    with pytest.raises(ValueError):
        moment.checked(text)


@pytest.mark.parametrize(
    ("text", "before"),
    [
        (NOON, "2026-01-09 12:00:00.000000001"),
        ("2024-03-01 00:00:00.000000000", "2024-02-29 00:00:00.000000000"),
        ("0999-01-01 00:00:00.000000000", "0998-12-31 00:00:00.000000000"),
        ("0001-01-02 00:00:00.000000000", "0001-01-01 00:00:00.000000000"),
    ],
)
def test_the_day_before_is_at_the_same_time_of_day(text: str, before: str) -> None:
    assert moment.day_before(text) == before
    assert moment.checked(before)


def test_nothing_is_before_the_first_day() -> None:
    with pytest.raises(ValueError, match="no day before"):
        moment.day_before("0001-01-01 23:00:00.000000000")


@pytest.mark.parametrize(
    ("text", "shown", "is_open"),
    [
        (None, "open", True),
        ("9999-01-01 00:00:00.000000000", "open", True),
        ("9998-12-31 23:59:59.999999999", "9998-12-31 23:59:59.999999999", False),
        ("2026-01-10 00:00:00.000000000", "2026-01-10", False),
        ("2026-01-10 10:00:00.000000000", "2026-01-10 10:00:00", False),
        ("2026-01-10 10:00:00.100000000", "2026-01-10 10:00:00.1", False),
    ],
)
def test_people_read_a_moment_without_what_is_zero(text: str | None, shown: str, is_open: bool) -> None:
    assert (moment.short(text), moment.is_open(text)) == (shown, is_open)


def test_on_an_axis_a_moment_is_good_to_the_microsecond() -> None:
    assert moment.as_datetime("2026-01-10 12:00:00.000001999") == datetime(2026, 1, 10, 12, 0, 0, 1, UTC)


def cells(**changed: Any) -> Row:
    values = {"scd_id": "a", "effective_from": NOON, "effective_to": None, "is_current": True, "recorded_at": NOON}
    return Row.of({**values, "inserted_at": None, "updated_at": None, **changed}, "hash")


def test_a_version_is_the_row_it_was_read_from() -> None:
    version = Version.of(cells())
    assert version.row == cells() and version.rest == "hash"
    assert tuple(version.row.as_dict()) == NAMED


@pytest.mark.parametrize("flag", ["true", "Y", "1", "0", 1])
def test_a_flag_that_is_not_true_false_or_null_is_not_guessed_at(flag: Any) -> None:
    with pytest.raises(ValueError, match="whether a version is current"):
        Version.of(cells(is_current=flag))
    assert Version.of(cells(is_current=None)).is_current is None


@pytest.mark.parametrize("name", ["effective_from", "effective_to", "recorded_at", "inserted_at", "updated_at"])
def test_a_moment_beyond_the_calendar_is_not_reckoned_with(name: str) -> None:
    with pytest.raises(ValueError, match="no moment of the form|is not a moment"):
        Version.of(cells(**{name: "10000-01-01 00:00:00.000000000"}))


def lasting(begin: str | None, end: str | None) -> Version:
    day = "2026-01-{} 00:00:00.000000000".format
    return Version("a", day(begin) if begin else None, day(end) if end else None, True, None, None)


@pytest.mark.parametrize(
    ("begin", "end", "day_before", "same_instant"),
    [
        ("10", None, "valid", "valid"),
        ("10", "11", "valid", "valid"),
        ("10", "10", "valid", "empty"),
        ("10", "09", "empty", "inverted"),
        ("10", "08", "inverted", "inverted"),
        (None, "08", "valid", "valid"),
    ],
)
def test_what_is_empty_and_what_inverted_hangs_on_the_convention(
    begin: str | None, end: str, day_before: str, same_instant: str
) -> None:
    for convention, wanted in ((Convention.DAY_BEFORE, day_before), (Convention.SAME_INSTANT, same_instant)):
        version = lasting(begin, end)
        assert version.is_inverted(convention) is (wanted == "inverted")
        assert version.is_empty(convention) is (wanted != "valid")


@pytest.mark.parametrize(
    ("one", "other", "day_before", "same_instant"),
    [
        (("10", None), ("12", None), True, True),
        (("10", "13"), ("12", None), True, True),
        (("10", "12"), ("12", None), False, False),
        (("10", "11"), ("12", None), False, False),
        (("10", "10"), ("10", None), True, False),
        (("10", "10"), ("10", "10"), True, False),
        (("08", "12"), ("10", "10"), True, False),
        (("08", "12"), ("10", "09"), False, False),
        (("08", "12"), (None, None), False, False),
    ],
)
def test_two_overlap_where_there_is_a_moment_at_which_both_are_valid(
    one: tuple[str | None, str | None], other: tuple[str | None, str | None], day_before: bool, same_instant: bool
) -> None:
    first, second = lasting(*one), lasting(*other)
    for convention, wanted in ((Convention.DAY_BEFORE, day_before), (Convention.SAME_INSTANT, same_instant)):
        assert first.overlaps(second, convention) is second.overlaps(first, convention) is wanted


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        (KeyCheck(3, 1, {}), Verdict.OK),
        (KeyCheck(3, 2, {}), Verdict.FAIL),
        (KeyCheck(3, 0, {}), Verdict.FAIL),
        (KeyCheck(0, 0, {}), Verdict.FAIL),
        (KeyCheck(3, 1, {"overlap": 1}), Verdict.FAIL),
    ],
)
def test_a_key_is_sound_with_one_current_version_and_no_defect(check: KeyCheck, verdict: Verdict) -> None:
    assert check.verdict is verdict
    assert all(name in check.words for name in check.defects)
