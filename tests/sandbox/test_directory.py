"""The sandbox's directory: locks, generations, privacy."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gcms_tui.core.errors import Refused, Unavailable
from gcms_tui.core.secret import Secret
from gcms_tui.sandbox.directory import (
    About,
    FileLock,
    Ports,
    SandboxDirectory,
    is_held,
    locked,
    make_private,
    wait_until,
)

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def directory(tmp_path: Path) -> SandboxDirectory:
    made = SandboxDirectory(tmp_path / "some where" / "dé mo")
    made.prepare()
    return made


def about(extracted_at: datetime = NOON) -> About:
    return About(NOON, extracted_at, Secret("one"), Secret("two"), Secret("three"))


def test_it_is_made_private_with_its_parents(directory: SandboxDirectory) -> None:
    assert stat.S_IMODE(directory.root.stat().st_mode) == 0o700
    assert directory.current is None
    directory.prepare()


def test_a_directory_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(Refused, match="holds other files"):
        SandboxDirectory(tmp_path).prepare()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_generation_counts_only_once_adopted(directory: SandboxDirectory) -> None:
    abandoned = directory.new_generation()
    (abandoned.path / "half.txt").write_text("a kill came here")
    assert directory.current is None

    whole = directory.new_generation()
    assert not abandoned.path.exists()
    about().write(whole.about)
    directory.adopt(whole)
    assert directory.current is not None
    assert About.read(directory.current.about).warehouse_password.reveal() == "one"

    unfinished = directory.new_generation()
    assert whole.path.exists()
    directory.remove_unused()
    assert not unfinished.path.exists()
    assert About.read(directory.current.about).postgres_password.reveal() == "two"


def test_adopting_a_new_generation_removes_the_old_one(directory: SandboxDirectory) -> None:
    old, new = directory.new_generation(), None
    directory.adopt(old)
    new = directory.new_generation()
    directory.adopt(new)
    assert not old.path.exists()
    assert directory.link.resolve() == new.path


def test_an_adopted_generation_is_private(directory: SandboxDirectory) -> None:
    generation = directory.new_generation()
    loose = generation.path / "models"
    loose.mkdir(mode=0o755)
    (loose / "model.sql").write_text("select 1")
    (loose / "model.sql").chmod(0o644)
    (loose / "elsewhere").symlink_to("/etc/passwd")
    before = os.stat("/etc/passwd").st_mode
    directory.adopt(generation)
    assert stat.S_IMODE((directory.link / "models").stat().st_mode) == 0o700
    assert stat.S_IMODE((directory.link / "models" / "model.sql").stat().st_mode) == 0o600
    assert os.stat("/etc/passwd").st_mode == before


def test_make_private_keeps_the_owners_rights(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o775)
    make_private(tmp_path)
    assert stat.S_IMODE(script.stat().st_mode) == 0o700


def test_ports_are_remembered_and_nonsense_is_forgotten(directory: SandboxDirectory) -> None:
    assert directory.ports() is None
    directory.store_ports(Ports(20001, 20002, 20003))
    assert directory.ports() == Ports(20001, 20002, 20003)
    directory.ports_file.write_text('{"warehouse": "x"')
    assert directory.ports() is None


def test_another_format_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.json"
    about().write(path)
    path.write_text(path.read_text().replace('"format": 2', '"format": 99'))
    with pytest.raises(Unavailable, match="format 99"):
        About.read(path)


def test_a_damaged_description_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.json"
    path.write_text("{")
    with pytest.raises(Unavailable) as caught:
        About.read(path)
    assert "--fresh" in caught.value.next_step


@pytest.mark.parametrize(("hours", "aged"), [(3, False), (24, False), (24.01, True), (90, True)])
def test_a_sandbox_ages(hours: float, aged: bool) -> None:
    notice = about(NOON - timedelta(hours=hours)).notice(NOON)
    assert ("--fresh" in notice) is aged


def test_locks_tell_users_from_the_one_that_stops(tmp_path: Path) -> None:
    path = tmp_path / "users.lock"
    with locked(path) as first, locked(path) as second, locked(path) as keeper:
        assert first.try_shared()
        assert second.try_shared()
        assert not keeper.try_exclusive()
        assert not is_held(path)
        first.close()
        assert not keeper.try_exclusive()
        second.release()
        assert keeper.try_exclusive()
        assert not second.try_shared()
        assert is_held(path)
    assert not is_held(path)


def test_a_lock_is_not_inherited(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.try_exclusive()
    child = os.posix_spawn("/bin/sleep", ["sleep", "60"], dict(os.environ))
    try:
        lock.close()
        # The kernel lets the parent go on a moment before it closes the child's copies.
        assert wait_until(lambda: not is_held(tmp_path / "lock"), 10)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
