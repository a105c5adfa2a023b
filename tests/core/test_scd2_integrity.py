from __future__ import annotations

import pytest

from gcms_tui.core.finding import Scalar
from gcms_tui.core.scd2_integrity import DEFECTS, judge_scd2
from gcms_tui.core.verdict import Verdict

TABLE = "bronze.br_attendance_scd2"


def row(**defects: Scalar) -> dict[str, Scalar]:
    return {"row_count": 1000, "key_count": 400, **dict.fromkeys(DEFECTS, 0), **defects}


def test_no_defect_is_ok() -> None:
    conclusion, duplicates = judge_scd2(TABLE, row(), None)
    assert (conclusion.verdict, conclusion.value, duplicates) == (Verdict.OK, 0, 0)
    assert conclusion.summary == f"{TABLE}: 1,000 versions of 400 keys, no defect"


def test_an_empty_table_is_unknown_and_not_sound() -> None:
    conclusion, duplicates = judge_scd2(TABLE, row(row_count=0, key_count=0), None)
    assert (conclusion.verdict, conclusion.value, duplicates) == (Verdict.UNKNOWN, None, None)


@pytest.mark.parametrize("defect", DEFECTS)
def test_every_class_of_defect_fails_by_itself(defect: str) -> None:
    conclusion, duplicates = judge_scd2(TABLE, row(**{defect: 1}), None)
    assert conclusion.verdict is Verdict.FAIL
    assert DEFECTS[defect][0] in conclusion.summary
    assert duplicates == (1 if defect == "duplicate_current_keys" else 0)
    assert conclusion.evidence.rows == ((defect, 1),)


def test_the_value_is_the_number_of_keys_with_duplicates_and_the_sample_is_the_evidence() -> None:
    sample: list[dict[str, Scalar]] = [
        {"natural_key": "7-1", "current_count": 3, "distinct_ids": 3, "scd_ids": "a, b, c", "total_keys": 250},
        {
            "natural_key": "[/b]\x1b[31m\n😀",
            "current_count": 2,
            "distinct_ids": 1,
            "scd_ids": "a, a",
            "total_keys": 250,
        },
    ]
    conclusion, duplicates = judge_scd2(TABLE, row(duplicate_current_keys=250, overlaps=4), sample)
    assert conclusion.value == duplicates == 250
    assert conclusion.evidence.columns == ("natural_key", "current_count", "distinct_ids", "scd_ids")
    assert conclusion.evidence.rows[1][0] == "[/b]\x1b[31m\n😀", "outside text passes through as data"
    assert conclusion.evidence.total == 250
    assert "250 keys with more than one current version; 4 versions that overlap" in conclusion.summary


def test_an_answer_without_a_class_is_not_taken_for_zero() -> None:
    incomplete = row()
    del incomplete["overlaps"]
    with pytest.raises(KeyError):
        judge_scd2(TABLE, incomplete, None)
