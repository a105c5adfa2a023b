"""The query history's file: what a crash may leave in it, and that it does not grow for ever."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gcms_tui.sandbox.warehouse import history
from gcms_tui.sandbox.warehouse.history import INCIDENT, RUNNING, SUCCESS, Execution, QueryHistory, utc_text


def running(query_id: str) -> Execution:
    return Execution(
        query_id=query_id, query_text="SELECT 1", query_tag="", query_type="SELECT", session_id=1, user_name="U",
        role_name="R", warehouse_name="W", database_name=None, schema_name=None, start_time=utc_text(), request_id="",
    )  # fmt: skip


def ended(execution: Execution) -> Execution:
    return replace(execution, execution_status=SUCCESS, end_time=utc_text())


def test_a_statement_without_an_end_is_an_incident_after_a_restart(tmp_path: Path) -> None:
    first = QueryHistory(tmp_path / "history")
    first.record(running("a"))
    first.record(ended(running("a")))
    first.record(running("b"))
    assert [one.execution_status for one in first.executions()] == [SUCCESS, RUNNING]
    again = QueryHistory(tmp_path / "history")
    assert [one.execution_status for one in again.executions()] == [SUCCESS, INCIDENT]


@pytest.mark.parametrize(
    "rest", [b'{"query_id": "c", "que', b"\xff\xfe\n", b"[]\n", b"{}\n", b'{"table": 1}\n', b"null\n"]
)
def test_a_line_cut_short_costs_that_line_only(tmp_path: Path, rest: bytes) -> None:
    path = tmp_path / "history"
    first = QueryHistory(path)
    first.record(ended(running("a")))
    first.record_commit([("D", "S", "T")])
    first.close()
    with path.open("ab") as file:
        file.write(rest)
    again = QueryHistory(path)
    assert [one.query_id for one in again.executions()] == ["a"]
    assert again.last_written(("D", "S", "T")) == first.last_written(("D", "S", "T")) is not None
    again.record(ended(running("d")))
    again.close()
    assert [one.query_id for one in QueryHistory(path).executions()] == ["a", "d"]


def test_neither_memory_nor_file_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEPT", 10)
    monkeypatch.setattr(history, "LINES_KEPT", 50)
    path = tmp_path / "history"
    kept = QueryHistory(path)
    for number in range(500):
        kept.record(running(str(number)))
        kept.record(ended(running(str(number))))
        assert len(path.read_text().splitlines()) <= 51
    expected = [str(number) for number in range(490, 500)]
    assert [one.query_id for one in kept.executions()] == expected
    kept.close()
    assert [one.query_id for one in QueryHistory(path).executions()] == expected
    assert path.stat().st_mode & 0o077 == 0


def test_a_full_disk_costs_the_file_its_lines_and_no_statement_its_answer(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no device that is always full")
    kept = QueryHistory(tmp_path / "history")
    kept._file.close()
    kept._file = full.open("w", encoding="utf-8")
    kept.record(running("a"))
    kept.record(ended(running("a")))
    kept.record_commit([("GCMS", "PUBLIC", "T")])
    assert [one.execution_status for one in kept.executions()] == [SUCCESS]
    assert kept.last_written(("GCMS", "PUBLIC", "T")) is not None
    kept.close()
