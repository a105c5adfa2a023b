"""Records of health: kept within bounds, for their owner alone, and read back whatever became of them."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gcms_tui.adapters.health_record import DIRECTORY, KEPT_FOR, HealthRecords, read_record
from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.local_signs import LocalSigns
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.finding import Finding, HealthReport
from gcms_tui.core.verdict import Verdict

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def report(moment: datetime = NOON, summary: str = "grün\n\x1b[31m \udcff") -> HealthReport:
    return HealthReport("prod", moment, (Finding("scd2.a", "S", Verdict.FAIL, summary, moment, value=3),))


def files(state: Path) -> list[Path]:
    return sorted((state / DIRECTORY).iterdir())


def test_what_is_kept_reads_back_a_line_each_for_its_owner_alone(tmp_path: Path) -> None:
    records = HealthRecords(tmp_path)
    reports = [report(NOON + timedelta(minutes=minute), "grün") for minute in range(3)]
    for one in reports:
        records.keep(one)
    (path,) = files(tmp_path)
    assert path.name == "health-2026-03-02-001.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert len(path.read_bytes().splitlines()) == 3
    assert read_record(path).reports == tuple(reports)


def test_text_that_is_no_text_is_kept_all_the_same(tmp_path: Path) -> None:
    HealthRecords(tmp_path).keep(report())
    assert len(read_record(files(tmp_path)[0]).reports) == 1


def test_damaged_lines_are_told_and_passed_over(tmp_path: Path) -> None:
    records = HealthRecords(tmp_path)
    records.keep(report())
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    junk = [b"{half", b"\xff\xfe", b"", b'{"format": 2}', b"[" * 100_000, b"x" * 3_000_000, whole.strip()[:-9]]
    path.write_bytes(b"\n".join(junk) + b"\n" + whole + whole[:40])  # cut off in the middle of the last one
    records.keep(report(NOON + timedelta(minutes=1)))
    record = read_record(path)
    assert [one.taken_at for one in record.reports] == [NOON, NOON + timedelta(minutes=1)]
    assert [text.split(" is damaged")[0] for text in record.damaged] == [f"line {n}" for n in (1, 2, 3, 4, 5, 6, 7, 9)]


def test_full_files_are_closed_and_the_oldest_go(tmp_path: Path) -> None:
    records = HealthRecords(tmp_path)
    records.keep(report())
    size = files(tmp_path)[0].stat().st_size
    small = HealthRecords(tmp_path, file_at_most=2 * size, all_at_most=5 * size)
    for minute in range(1, 10):
        small.keep(report(NOON + timedelta(minutes=minute)))
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 5 * size + size
    kept = [one.taken_at for path in files(tmp_path) for one in read_record(path).reports]
    assert kept == sorted(kept) and kept[-1] == NOON + timedelta(minutes=9) and NOON not in kept


def test_what_is_too_old_goes_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    records = HealthRecords(tmp_path)
    records.keep(report())
    foreign = tmp_path / DIRECTORY / "health-notes.txt"
    foreign.write_text("mine")
    records.keep(report(NOON + KEPT_FOR))
    assert len(files(tmp_path)) == 3
    records.keep(report(NOON + KEPT_FOR + timedelta(days=1)))
    assert [path.name[7:17] for path in files(tmp_path) if path != foreign] == ["2026-04-01", "2026-04-02"]
    assert foreign.exists()


def test_two_walls_keep_whole_lines(tmp_path: Path) -> None:
    def keep() -> None:
        for _ in range(20):
            HealthRecords(tmp_path).keep(report())

    walls = [threading.Thread(target=keep) for _ in range(2)]
    for wall in walls:
        wall.start()
    for wall in walls:
        wall.join()
    read = [read_record(path) for path in files(tmp_path)]
    assert sum(len(one.reports) for one in read) == 40 and not any(one.damaged for one in read)


def test_where_it_cannot_be_kept_that_is_said(tmp_path: Path) -> None:
    (tmp_path / DIRECTORY).write_text("a file")
    with pytest.raises(StateError, match="records"):
        HealthRecords(tmp_path).keep(report())
    with pytest.raises(StateError, match="bytes"):
        HealthRecords(tmp_path / "other").keep(report(summary="x" * 2_000_000))


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / DIRECTORY).mkdir()
    (tmp_path / DIRECTORY / "health-2026-03-02-001.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError):
        HealthRecords(tmp_path).keep(report())
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("kind", ["missing", "directory", "pipe", "empty", "other"])
def test_what_is_no_record_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "record"
    match kind:
        case "directory":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "empty":
            path.touch()
        case "other":
            path.write_text("not a record\n")
    with pytest.raises(Unavailable) as refused:
        read_record(path)
    assert str(path) in refused.value.message


def test_signs_change_when_dbt_or_the_journal_move_and_not_otherwise(tmp_path: Path) -> None:
    log, runs, newest = tmp_path / "dbt.log", tmp_path / "runs", [7]
    signs = LocalSigns({"dbt.log": log}, runs, lambda: newest[0])

    def changed(before: dict[str, str]) -> set[str]:
        return {name for name, sign in signs.read().items() if sign != before[name]}

    before = signs.read()
    assert changed(before) == set()
    log.write_text("ran")
    assert changed(before) == {"dbt.log"}
    (runs / "one").mkdir(parents=True)
    before = signs.read()
    (runs / "one" / "end.json").touch()
    os.utime(runs / "one", ns=(1, runs.stat().st_mtime_ns + 1_000_000_000))
    newest[0] = 8
    assert changed(before) == {"a run", "the journal"}


def test_a_journal_that_cannot_be_read_is_a_sign_once(tmp_path: Path) -> None:
    def gone() -> int:
        raise Unavailable("No store", "gone")

    signs = LocalSigns({}, tmp_path, gone)
    assert signs.read() == signs.read() and signs.read()["the journal"] == "cannot be read"
