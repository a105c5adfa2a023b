from __future__ import annotations

from gcms_tui.core.finding import EVIDENCE_LIMIT, LONGEST_CELL, Evidence


def test_evidence_keeps_so_many_rows_and_so_much_of_a_text_and_tells_how_many_there_are() -> None:
    evidence = Evidence.of(("key", "count"), [("x" * 10_000_000, number) for number in range(EVIDENCE_LIMIT + 1)])
    assert len(evidence.rows) == EVIDENCE_LIMIT
    assert evidence.total == EVIDENCE_LIMIT + 1
    assert {len(str(key)) for key, _ in evidence.rows} == {LONGEST_CELL}
    assert str(evidence.rows[0][0]).endswith("x…")


def test_what_fits_is_kept_as_it_is() -> None:
    row = ("x" * LONGEST_CELL, 3, None)
    assert Evidence.of(("key", "count", "nothing"), [row], total=250) == Evidence(
        ("key", "count", "nothing"), (row,), 250
    )
