"""One run at a time on a project and target, and who stands in the way."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.run_lease import LeaseFile, holders
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.errors import Refused
from gcms_tui.core.run import Person, RunRecord

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RECORD = RunRecord("run-1", DbtCommand("test", ("gold",)), (), "/p", "prod", Person("anna", "ops1"), NOON)


def lease_of(root: Path, project: str = "/p", target: str = "prod") -> LeaseFile:
    return LeaseFile(root / "leases", project, target)


def test_it_is_free_until_it_is_taken_and_after_it_was_let_go(tmp_path: Path) -> None:
    file = lease_of(tmp_path)
    assert file.holder() is None
    taken = file.take()
    taken.name(RECORD, 4711)
    holder = file.holder()
    assert holder is not None
    assert (holder.run_id, holder.pid, holder.since, holder.words) == (
        "run-1",
        4711,
        NOON,
        ("test", "--select", "gold"),
    )
    with pytest.raises(Refused, match=r"run-1 \(dbt test --select gold\).*anna@ops1.*2026-03-01 12:00:00 UTC.*4711"):
        lease_of(tmp_path).take()
    taken.let_go()
    assert file.holder() is None
    again = file.take()
    assert again.takeover == ""
    again.let_go()


def test_whoever_inherited_it_holds_on(tmp_path: Path) -> None:
    file = lease_of(tmp_path)
    taken = file.take()
    taken.name(RECORD, 1)
    heir = subprocess.Popen(
        (sys.executable, "-c", "input()"), stdin=subprocess.PIPE, pass_fds=(taken.descriptor,), text=True
    )
    taken.hand_over()
    holder = file.holder()
    assert holder is not None
    assert holder.run_id == "run-1"
    heir.communicate("\n", timeout=60)
    assert file.holder() is None
    heirs = file.take()
    assert "run-1 of anna@ops1, begun 2026-03-01 12:00:00 UTC" in heirs.takeover
    heirs.let_go()


def test_each_project_and_target_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "link").symlink_to("p")
    project, link = str(tmp_path / "p"), str(tmp_path / "link")
    taken = [lease_of(tmp_path, project, target).take() for target in ("prod", "dev")]
    other = lease_of(tmp_path, "/another").take()
    for lease, run_id in ((taken[0], "run-1"), (taken[1], "run-2"), (other, "run-3")):
        lease.name(replace(RECORD, run_id=run_id), 1)
    found = {(target, holder.run_id) for target, holder in holders(tmp_path / "leases", link)}
    assert found == {("prod", "run-1"), ("dev", "run-2")}
    with pytest.raises(Refused):
        lease_of(tmp_path, link).take()
    for lease in (*taken, other):
        lease.let_go()
    assert holders(tmp_path / "leases", project) == ()


def test_a_holder_who_has_not_said_who_they_are(tmp_path: Path) -> None:
    taken = lease_of(tmp_path).take()
    assert lease_of(tmp_path).holder() is None
    with pytest.raises(Refused, match="Somebody is starting dbt on /p, target prod"):
        lease_of(tmp_path).take()
    taken.let_go()


@pytest.mark.parametrize("content", ["", "{", '{"version": 99}', "\x00"])
def test_a_name_that_cannot_be_read_is_no_holder(tmp_path: Path, content: str) -> None:
    file = lease_of(tmp_path)
    file.take().let_go()
    file.name_file.write_text(content, encoding="utf-8")
    assert file.holder() is None
    assert holders(file.directory, "/p") == ()
    taken = file.take()
    assert taken.takeover == ""
    taken.let_go()


def test_a_lease_that_cannot_be_looked_at_is_not_taken_for_free(tmp_path: Path) -> None:
    file = lease_of(tmp_path)
    file.take().let_go()
    file.lock_file.unlink()
    file.lock_file.symlink_to(file.lock_file)
    with pytest.raises(StateError, match="symbolic links"):
        file.holder()
    with pytest.raises(OSError, match="symbolic links"):
        file.take()
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert lease_of(tmp_path / "file").holder() is None


def test_a_lock_file_that_is_removed_while_it_is_held(tmp_path: Path) -> None:
    """The next one is new, and says so until whoever takes it has made sure that nobody else goes on."""
    file = lease_of(tmp_path)
    first = file.take()
    assert first.is_new
    file.lock_file.unlink()
    second = file.take()
    assert second.is_new
    second.trust()
    assert not second.is_new
    first.let_go()
    with pytest.raises(Refused):
        file.take()
    second.let_go()
    third = file.take()
    assert not third.is_new
    third.let_go()


def test_looking_does_not_keep_anybody_from_taking(tmp_path: Path) -> None:
    """Whoever looks locks the file for a moment."""
    file = lease_of(tmp_path)
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            file.holder()

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(100):
            taken = file.take()
            taken.name(RECORD, 1)
            taken.let_go()
    finally:
        over.set()
        for looker in lookers:
            looker.join()


def test_only_one_of_many_gets_it(tmp_path: Path) -> None:
    """Processes, as consoles are."""
    code = (
        "import sys; from pathlib import Path; from gcms_tui.adapters.run_lease import LeaseFile\n"
        "from gcms_tui.core.errors import Refused\n"
        "sys.stdin.readline()\n"
        "try:\n    lease = LeaseFile(Path(sys.argv[1]), '/p', 'prod').take()\n    print('taken', flush=True)\n"
        "except Refused:\n    print('refused', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    consoles = [
        subprocess.Popen(
            (sys.executable, "-c", code, str(tmp_path / "leases")),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ,
        )
        for _ in range(4)
    ]  # fmt: skip
    for console in consoles:
        assert console.stdin is not None
        console.stdin.write("go\n")
        console.stdin.flush()
    said = []
    for console in consoles:
        assert console.stdout is not None
        said.append(console.stdout.readline().strip())
    for console in consoles:
        console.communicate("go\n", timeout=60)
    assert sorted(said) == ["refused", "refused", "refused", "taken"]
