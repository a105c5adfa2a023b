from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from gcms_tui.adapters.database import FILE_NAME
from gcms_tui.adapters.journal import FIRST, Entry, Journal, hash_of
from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.person import who_asks
from gcms_tui.adapters.store import Store
from gcms_tui.core.finding import HealthReport
from gcms_tui.core.run import Person

NOW = datetime(2026, 3, 1, 10, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))
ANA = Person("ana", "ops1", "10.0.0.7")


def journal(state: Path) -> Journal:
    return Journal(state, ANA, lambda: NOW)


def assert_chained(entries: tuple[Entry, ...]) -> None:
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.previous for entry in entries] == [FIRST, *(entry.own for entry in entries[:-1])]
    for entry in entries:
        said = asdict(entry)
        assert hash_of({name: value for name, value in said.items() if name != "own"}) == entry.own


def test_an_entry_says_who_what_when_and_is_bound_to_the_one_before(tmp_path: Path) -> None:
    journal(tmp_path).append("run.start", "r1", {"words": ["build", "--select", "gölð"], "target": "prod"})
    journal(tmp_path).append("run.cancel", "r1", {})
    first, second = entries = journal(tmp_path).entries()
    assert (first.at, first.user, first.host, first.ssh_client) == (
        "2026-03-01T09:00:00.000005+00:00", "ana", "ops1", "10.0.0.7",
    )  # fmt: skip
    assert (first.kind, first.subject, second.kind) == ("run.start", "r1", "run.cancel")
    assert json.loads(first.payload) == {"words": ["build", "--select", "gölð"], "target": "prod"}
    assert_chained(entries)
    assert journal(tmp_path).entries(limit=1) == (second,)


def test_many_may_write_at_once_and_no_link_is_lost(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC;"
        "from gcms_tui.adapters.journal import Journal; from gcms_tui.core.run import Person;"
        "journal = Journal(Path(sys.argv[1]), Person('bo', 'h'), lambda: datetime.now(UTC));"
        "[journal.append('k', str(i), {}) for i in range(15)];"
        "[journal.append_once('end', str(i), {}) for i in range(5)]"
    )
    others = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "state")]) for _ in range(2)]
    shared = journal(tmp_path / "state")

    def write() -> None:
        for number in range(10):
            shared.append("k", str(number), {})
        for number in range(5):
            shared.append_once("end", str(number), {})

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert [other.wait(timeout=120) for other in others] == [0, 0]
    entries = shared.entries()
    assert len(entries) == 65
    assert sorted(entry.subject for entry in entries if entry.kind == "end") == list("01234"), "each of them once"
    assert_chained(entries)


def test_it_shares_its_file_with_the_health_and_both_are_this_users_alone(tmp_path: Path) -> None:
    journal(tmp_path / "state").append("k", "s", {})
    Store(tmp_path / "state").record(HealthReport("prod", NOW, ()))
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "state").iterdir()} == {0o600}
    assert len(journal(tmp_path / "state").entries()) == 1


def test_what_cannot_be_written_is_an_error_that_names_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gcms_tui.adapters.database.BUSY_TIMEOUT_S", 0.1)
    ours = journal(tmp_path)
    ours.append("k", "s", {})
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StateError) as caught:
            ours.append("k", "s", {})
    finally:
        other.close()
    assert "journal" in caught.value.title
    assert "locked" in caught.value.message
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="journal"):
        journal(tmp_path / "file" / "state").append("k", "s", {})
    assert len(ours.entries()) == 1


def test_the_person_is_the_systems_and_not_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    system = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    person = who_asks({"USER": "mallory", "LOGNAME": "mallory", "SSH_CONNECTION": "10.0.0.7 5 10.0.0.1 22"})
    assert (person.user, person.ssh_client) == (system, "10.0.0.7")
    assert person.host
    assert who_asks({}).ssh_client == ""
    monkeypatch.setattr("os.getuid", lambda: 987_654)
    assert who_asks({}).user == "uid 987654"
