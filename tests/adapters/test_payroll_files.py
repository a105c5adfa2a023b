"""The payroll files on disk: whole or not there, for their owner alone, and moved where they belong."""

from __future__ import annotations

import errno
import hashlib
import os
import resource
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.payroll_files import PayrollFiles
from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.payroll.export_file import hash_file

RUN = "pay-20260301-090000-abcdef"
CSV = b"full_name,email\r\nAnna,anna@example.org\r\n"
OLD = {"a.csv": CSV, "a.csv.sha256": hash_file(CSV, "a.csv"), "manifest.json": b"{}"}
NEW = {"a.csv": b"new" * 400_000, "manifest.json": b"[]" * 10}


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def files(tmp_path: Path) -> PayrollFiles:
    return PayrollFiles(tmp_path / "own" / "prepared", tmp_path / "own" / "outbox", "ops-1")


def held(files: PayrollFiles, root: str = "prepared") -> dict[str, str]:
    return {seen.path.name: seen.sha256 for seen in getattr(files, root)(RUN)}


def hashes(contents: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def left(tmp_path: Path) -> set[str]:
    """All that is in the directory of the prepared files, hidden things too."""
    return {path.name for path in (tmp_path / "own" / "prepared").iterdir()}


def in_child(work: Callable[[], None]) -> int:
    """How the child ended, as `waitpid` tells it; 0 where `work` returned, 7 where it raised one of our errors."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except GcmsError:
            os._exit(7)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]


def test_what_is_prepared_is_its_owners_and_is_replaced_whole(files: PayrollFiles, tmp_path: Path) -> None:
    assert files.prepared(RUN) == () and files.released(RUN) == ()
    for contents in (OLD, NEW, OLD):
        place = files.prepare(RUN, contents)
        assert place == tmp_path / "own" / "prepared" / RUN
        assert held(files) == hashes(contents)
    assert {seen.path.name: seen.size for seen in files.prepared(RUN)} == {
        name: len(content) for name, content in OLD.items()
    }
    assert files.read(place / "a.csv") == CSV
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "own").rglob("*") if path.is_file()}
    assert modes == {0o600}
    for directory in (place, place.parent):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert left(tmp_path) == {RUN}
    if tool := shutil.which("sha256sum"):
        subprocess.run([tool, "-c", "a.csv.sha256"], cwd=place, check=True, stdout=subprocess.DEVNULL)


def test_a_release_moves_all_of_it_once(files: PayrollFiles, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="Nothing is prepared"):
        files.release(RUN)
    files.prepare(RUN, OLD)
    for _ in range(2):
        assert files.release(RUN) == tmp_path / "own" / "outbox" / RUN
        assert held(files, "released") == hashes(OLD)
        assert files.prepared(RUN) == ()
    files.prepare(RUN, NEW)
    with pytest.raises(StateError, match="prepared anew"):
        files.release(RUN)
    assert (held(files), held(files, "released")) == (hashes(NEW), hashes(OLD))


def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the outbox is on another file system."""
    rename = os.rename

    def far(source: Path, target: Path) -> None:
        if (source.parent.name, target.parent.name) == ("prepared", "outbox"):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, target)

    monkeypatch.setattr(os, "rename", far)


def test_a_release_to_another_file_system_is_copied_proven_and_then_removed(
    files: PayrollFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.prepare(RUN, OLD)
    elsewhere(monkeypatch)
    with monkeypatch.context() as cut_off:  # after the copy, before the removal
        cut_off.setattr(shutil, "rmtree", lambda *_, **__: None)
        target = files.release(RUN)
    assert held(files) == held(files, "released") == hashes(OLD)
    assert files.release(RUN) == target
    assert (held(files), held(files, "released")) == ({}, hashes(OLD))
    assert stat.S_IMODE((target / "a.csv").stat().st_mode) == 0o600
    assert [path.name for path in target.parent.iterdir()] == [RUN]


@pytest.mark.parametrize("far", [False, True])
def test_an_outbox_that_cannot_be_written_leaves_everything_where_it_was(
    files: PayrollFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, far: bool
) -> None:
    files.prepare(RUN, OLD)
    if far:
        elsewhere(monkeypatch)
        monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
    else:
        monkeypatch.setattr(os, "rename", failing(errno.EACCES))
    with pytest.raises(StateError, match="lies where it was"):
        files.release(RUN)
    assert (held(files), held(files, "released")) == (hashes(OLD), {})
    assert list((tmp_path / "own" / "outbox").iterdir()) == []


def failing(number: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_disk_that_is_full_leaves_no_half_file(files: PayrollFiles, tmp_path: Path) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        files.prepare(RUN, NEW)

    (tmp_path / "own").mkdir()
    assert os.waitstatus_to_exitcode(in_child(limited)) == 7
    assert left(tmp_path) == set()
    files.prepare(RUN, OLD)
    assert os.waitstatus_to_exitcode(in_child(limited)) == 7
    assert left(tmp_path) == {RUN} and held(files) == hashes(OLD)


@pytest.mark.parametrize("call", ["mkdir", "fsync", "rename"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_whatever_fails_nothing_of_it_is_left(
    files: PayrollFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    files.prepare(RUN, OLD)
    with monkeypatch.context() as broken:
        broken.setattr(os, call, failing(number))
        with pytest.raises(StateError, match="nothing of it is left") as raised:
            files.prepare(RUN, NEW)
    assert "Anna" not in str(raised.value)
    assert left(tmp_path) == {RUN} and held(files) == hashes(OLD)


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StateError, match="cannot be written"):
        PayrollFiles(tmp_path / "file" / "prepared", tmp_path, "h").prepare(RUN, OLD)


def prepare_and_die(files: PayrollFiles, at: int) -> None:
    """Killed just before that call of those that change something on disk."""
    left = at

    def counted(call: Callable[..., object]) -> Callable[..., object]:
        def counting(*args: object, **kwargs: object) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return counting

    for name in ("mkdir", "open", "fsync", "rename", "unlink", "rmdir"):
        setattr(os, name, counted(getattr(os, name)))
    files.prepare(RUN, NEW)


def test_a_console_that_is_killed_leaves_the_old_or_the_new_whole(files: PayrollFiles, tmp_path: Path) -> None:
    """At each call that changes something on disk, until there is no further one."""
    before, seen = hashes(OLD), set()
    for step in range(1, 100):
        shutil.rmtree(tmp_path / "own", ignore_errors=True)
        files.prepare(RUN, OLD)
        status = in_child(partial(prepare_and_die, files, step))
        found = held(files)
        assert found in (before, hashes(NEW))
        seen.add(found == before)
        if not os.WIFSIGNALED(status):
            break
        again = PayrollFiles(tmp_path / "own" / "prepared", tmp_path / "own" / "outbox", "ops-1")
        if step % 2:
            again.release(RUN)
            assert held(again, "released") == found and left(tmp_path) == set()
        else:
            again.prepare(RUN, NEW)
            assert left(tmp_path) == {RUN} and held(again) == hashes(NEW)
    assert os.waitstatus_to_exitcode(status) == 0 and step > 10
    assert seen == {True, False}


@pytest.mark.parametrize("kind", [".git", ".hg", ".svn"])
def test_a_repository_is_no_place_however_it_is_reached(tmp_path: Path, kind: str) -> None:
    repository = tmp_path / "work"
    (repository / kind).mkdir(parents=True)
    (tmp_path / "link").symlink_to(repository)
    for place in (repository, repository / "deep" / "er", tmp_path / "link" / "prepared"):
        files = PayrollFiles(place, tmp_path / "outbox", "h")
        with pytest.raises(Refused, match="repository") as raised:
            files.prepare(RUN, OLD)
        assert raised.value.guard == "place"
    good = PayrollFiles(tmp_path / "prepared", repository / "outbox", "h")
    good.prepare(RUN, OLD)
    with pytest.raises(Refused, match="repository"):
        good.release(RUN)
    assert [path.name for path in repository.iterdir()] == [kind]
    assert held(good) == hashes(OLD)


def test_a_place_that_is_open_to_others_is_closed_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "prepared"
    place.mkdir(0o777)
    files = PayrollFiles(place, tmp_path / "outbox", "h")
    files.prepare(RUN, OLD)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    place.chmod(0o1777)
    with pytest.raises(Refused, match="everybody's"):
        files.prepare(RUN, NEW)
    place.chmod(0o700)
    (tmp_path / "link").symlink_to(place)
    PayrollFiles(tmp_path / "link", tmp_path / "outbox", "h").prepare(RUN, OLD)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    for directory, words in ((place, "another user"), (tmp_path / "link", "link of another user|belongs to another")):
        with pytest.raises(Refused, match=words) as raised:
            PayrollFiles(directory, tmp_path / "outbox", "h").prepare(RUN, NEW)
        assert raised.value.guard == "place"


def _link(place: Path) -> None:
    (place / "a.csv").rename(place.parent.parent / "moved.csv")
    (place / "a.csv").symlink_to(place.parent.parent / "moved.csv")


def _linked_directory(place: Path) -> None:
    place.rename(place.parent.parent / "moved")
    place.symlink_to(place.parent.parent / "moved")


@pytest.mark.parametrize(
    "tamper",
    [
        _link,
        _linked_directory,
        lambda place: (place / "more").mkdir(),
        lambda place: os.mkfifo(place / "pipe"),
    ],
)
@pytest.mark.parametrize("root", ["prepared", "released"])
def test_what_the_console_does_not_put_there_is_told(
    files: PayrollFiles, tamper: Callable[[Path], None], root: str
) -> None:
    place = files.prepare(RUN, OLD)
    if root == "released":
        place = files.release(RUN)
    tamper(place)
    with pytest.raises(StateError, match="been at the files"):
        getattr(files, root)(RUN)


def test_another_users_files_and_links_are_not_read(files: PayrollFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    place = files.prepare(RUN, OLD)
    (place / "link").symlink_to(place / "a.csv")
    with pytest.raises(StateError, match="been at the files"):
        files.read(place / "link")
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    with pytest.raises(StateError, match="another user's"):
        files.prepared(RUN)
    with pytest.raises(StateError, match="another user's"):
        files.read(place / "a.csv")


@pytest.mark.parametrize(
    "run_id", ["", "..", "pay-", "pay-../../x", "pay-1/2", "pay-1\n", "withdrawn", "/etc", "pay-é"]
)
def test_ids_and_names_lead_nowhere_else(files: PayrollFiles, tmp_path: Path, run_id: str) -> None:
    calls: tuple[Callable[[], object], ...] = (
        lambda: files.prepare(run_id, OLD),
        lambda: files.prepared(run_id),
        lambda: files.released(run_id),
        lambda: files.release(run_id),
        lambda: files.withdraw(run_id, "why"),
        lambda: files.prepare(RUN, {f"../{run_id}": b""}),
    )
    for call in calls:
        with pytest.raises(UsageError):
            call()
    secret = tmp_path / "secret"
    secret.write_text("s", encoding="utf-8")
    for path in (secret, tmp_path / "own" / "prepared" / ".." / ".." / "secret"):
        with pytest.raises(StateError, match="Not a payroll file"):
            files.read(path)
    assert not (tmp_path / "own").exists()


def test_what_is_withdrawn_is_out_of_the_way_and_says_why(files: PayrollFiles, tmp_path: Path) -> None:
    files.withdraw(RUN, "there is nothing")
    files.prepare(RUN, OLD)
    files.release(RUN)
    files.prepare(RUN, NEW)
    files.withdraw(RUN, "wrong rates")
    files.prepare(RUN, OLD)
    files.withdraw(RUN, "again")
    assert files.prepared(RUN) == files.released(RUN) == ()
    whys = {path: path.read_text(encoding="utf-8") for path in (tmp_path / "own").rglob("WHY.txt")}
    assert {str(path.parent.relative_to(tmp_path / "own")): why for path, why in whys.items()} == {
        f"outbox/withdrawn/{RUN}-1": "wrong rates\n",
        f"prepared/withdrawn/{RUN}-1": "wrong rates\n",
        f"prepared/withdrawn/{RUN}-2": "again\n",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in whys} == {0o600}
    assert (tmp_path / "own" / "outbox" / "withdrawn" / f"{RUN}-1" / "a.csv").read_bytes() == CSV
