from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gcms_tui.adapters.last_health import LastHealthFile, StateError
from gcms_tui.core.finding import Evidence, Finding, HealthReport
from gcms_tui.core.verdict import Verdict

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOSTILE = "[/b]\x1b[31m\n😀\x00" + "x" * 10_000
REPORT = HealthReport(
    "prod",
    NOW,
    (Finding("a", "Daily 1", Verdict.FAIL, HOSTILE, NOW, evidence=Evidence.of(("who",), [(HOSTILE,), (None,)])),),
)


def test_a_report_is_kept_whole_for_this_user_alone(tmp_path: Path) -> None:
    last = LastHealthFile(tmp_path / "state")
    last.save(REPORT)
    assert last.load() == REPORT
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    (file,) = (tmp_path / "state").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_cannot_be_read_is_none(tmp_path: Path) -> None:
    last = LastHealthFile(tmp_path)
    assert last.load() is None
    for content in (b"", b"{", b"\xff\xfe", b'{"format": 99}', b"\x00" * 100):
        (tmp_path / "last_health.json").write_bytes(content)
        assert last.load() is None
    (tmp_path / "last_health.json").unlink()
    (tmp_path / "last_health.json").mkdir()
    assert last.load() is None


def test_a_file_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "last_health.json").open("wb") as stream:
        stream.truncate(17 * 1024 * 1024)
    assert LastHealthFile(tmp_path).load() is None


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError) as caught:
        LastHealthFile(tmp_path / "file" / "state").save(REPORT)
    assert "state_dir" in caught.value.next_step


def test_a_full_disk_is_an_error_and_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last = LastHealthFile(tmp_path)
    last.save(REPORT)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError) as caught:
        last.save(replace(REPORT, target="dev"))
    assert "No space left" in caught.value.message
    assert last.load() == REPORT
    assert [file.name for file in tmp_path.iterdir()] == ["last_health.json"]


def test_readers_see_one_whole_report_or_another(tmp_path: Path) -> None:
    last = LastHealthFile(tmp_path)
    last.save(REPORT)
    done = threading.Event()
    torn: list[object] = []

    def read() -> None:
        while not done.is_set():
            report = last.load()
            if report is None or report.target not in ("prod", "dev"):
                torn.append(report)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(50):
        last.save(replace(REPORT, target=("prod", "dev")[number % 2]))
    done.set()
    for reader in readers:
        reader.join(30)
    assert torn == []


def test_reading_it_imports_nothing_heavy(tmp_path: Path) -> None:
    LastHealthFile(tmp_path).save(REPORT)
    program = (
        "import sys; from pathlib import Path; from gcms_tui.adapters.last_health import LastHealthFile;"
        f"assert LastHealthFile(Path({str(tmp_path)!r})).load() is not None;"
        "print(sorted({'sqlalchemy', 'snowflake', 'pandas', 'textual', 'yaml', 'sqlglot'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_a_moment_beyond_the_calendar_is_none(tmp_path: Path) -> None:
    last = LastHealthFile(tmp_path)
    last.save(REPORT)
    file = tmp_path / "last_health.json"
    file.write_text(file.read_text().replace("2026-03-01T09:00:00Z", "0001-01-01T00:00:00+10:00"))
    assert "+10:00" in file.read_text()
    assert last.load() is None
