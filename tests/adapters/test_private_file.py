"""The state directory's files: whole, for their owner alone, on whatever file system."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gcms_tui.adapters.private_file import link_or_copy, linked, make_directory, move, write_new


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def refusing(number: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


def modes(root: Path) -> set[str]:
    return {f"{stat.S_IMODE(path.stat().st_mode):o}" for path in root.rglob("*")}


def test_every_directory_on_the_way_is_its_owners(tmp_path: Path, open_umask: None) -> None:
    for _ in range(2):
        make_directory(tmp_path / "state" / "runs" / "one")
    assert modes(tmp_path) == {"700"}
    (tmp_path / "file").write_text("", encoding="utf-8")
    for blocked in ("file", "file/state"):
        with pytest.raises(OSError):
            make_directory(tmp_path / blocked)


@pytest.mark.parametrize("fault", [None, errno.EPERM, errno.EXDEV, errno.EMLINK])
def test_a_file_system_without_hard_links_gets_copies(
    tmp_path: Path, open_umask: None, monkeypatch: pytest.MonkeyPatch, fault: int | None
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"content")
    source.chmod(0o600)
    if fault is not None:
        monkeypatch.setattr(os, "link", refusing(fault))
    assert linked(source, tmp_path / "linked") is (fault is None)
    link_or_copy(source, tmp_path / "second")
    assert (tmp_path / "second").read_bytes() == b"content"
    assert (tmp_path / "second").samefile(source) is (fault is None)
    assert write_new(tmp_path / "new", "first")
    assert not write_new(tmp_path / "new", "second")
    assert (tmp_path / "new").read_text(encoding="utf-8") == "first"
    assert modes(tmp_path) == {"600"}
    assert {path.name for path in tmp_path.iterdir()} - {"linked"} == {"source", "second", "new"}
    with pytest.raises(FileExistsError):
        link_or_copy(source, tmp_path / "new")
    assert (tmp_path / "new").read_text(encoding="utf-8") == "first"
    with pytest.raises(FileNotFoundError):
        link_or_copy(tmp_path / "none", tmp_path / "third")
    assert not (tmp_path / "third").exists()


def test_a_copy_that_does_not_fit_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "source").write_bytes(b"content")
    monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    monkeypatch.setattr("shutil.copyfileobj", refusing(errno.ENOSPC))
    with pytest.raises(OSError, match="No space"):
        link_or_copy(tmp_path / "source", tmp_path / "second")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_what_moves_to_another_file_system_arrives(tmp_path: Path) -> None:
    elsewhere = [place for place in (Path("/dev/shm"), Path(tempfile.gettempdir())) if place.is_dir()]
    elsewhere = [place for place in elsewhere if place.stat().st_dev != tmp_path.stat().st_dev]
    if not elsewhere:
        pytest.skip("there is no second file system here")
    there = elsewhere[0] / f"gcms-tui-test-{os.getpid()}"
    try:
        for content in ("first", "second"):
            (tmp_path / "source").write_text(content, encoding="utf-8")
            move(tmp_path / "source", there)
            assert there.read_text(encoding="utf-8") == content
        assert not list(tmp_path.iterdir())
        assert f"{stat.S_IMODE(there.stat().st_mode):o}" == "600"
    finally:
        there.unlink(missing_ok=True)
