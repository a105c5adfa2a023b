"""What state a dbt project is in: its files, its git revision, and whose dbt would work on it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from gcms_tui.core.errors import Unavailable
from gcms_tui.core.run import GitState

_GIT_TIMEOUT_S = 3
_VERSION_TIMEOUT_S = 5
_PARTS = ("dbt-core", "dbt-snowflake", "dbt-adapters", "dbt-common")
_ASK_VERSION = "import importlib.metadata; print(importlib.metadata.version('dbt-core'))"


def fingerprint(project_dir: Path, without: Collection[Path], profiles: Path | None = None) -> str:
    """Of every file's path, size and time of change, but for hidden ones and what lies in the directories `without`;
    and of `profiles`.
    """
    skipped = {os.path.realpath(path) for path in without}
    digest = hashlib.sha256()
    for line in sorted(_file_lines(os.path.realpath(project_dir), skipped)):
        digest.update(line)
    with suppress(OSError):
        if profiles is not None:
            digest.update(_file_line(str(profiles), profiles.stat()))
    return digest.hexdigest()


def git_state(project_dir: Path, env: Mapping[str, str]) -> GitState | None:
    """None where there is no git, or the project is in no repository with a commit."""
    sha = _git(project_dir, env, "rev-parse", "--verify", "HEAD")
    if not sha:
        return None
    changes = _git(project_dir, env, "status", "--porcelain", "--", ".")
    return None if changes is None else GitState(sha.strip(), dirty=bool(changes.strip()))


def dbt_executable(configured: Path | None, env: Mapping[str, str]) -> Path:
    """The configured one, else the one beside this Python, else the one on PATH. Raises `Unavailable`."""
    if configured is not None:
        return _usable(configured, "executable under [dbt] in gcms.toml names it")
    beside = Path(sys.executable).with_name("dbt")
    if beside.is_file():
        return _usable(beside, "it is installed with this program")
    found = shutil.which("dbt", path=env.get("PATH"))
    if found is None:
        raise Unavailable(
            "No dbt", f"There is no dbt beside {sys.executable}, nor on PATH.", "Set executable under [dbt]."
        )
    return Path(found)


def dbt_version(executable: Path, env: Mapping[str, str]) -> str:
    """Of dbt-core as the executable's own Python has it installed; empty where that cannot be told.

    `dbt --version` is not asked: it takes seconds, and looks for newer versions on the internet.
    """
    if is_beside(executable):
        return installed_dbt()[0]
    interpreter = _shebang(executable)
    if interpreter is None or not interpreter.name.startswith("python"):
        return ""
    try:
        asked = subprocess.run(
            (str(interpreter), "-I", "-c", _ASK_VERSION),
            env=dict(env), stdin=subprocess.DEVNULL, capture_output=True, timeout=_VERSION_TIMEOUT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.decode(errors="replace").strip()[:40] if asked.returncode == 0 else ""


def installed_dbt() -> tuple[str, ...]:
    """The versions of dbt's parts beside this Python, as they are installed by now; empty ones for what is not."""
    versions = []
    for name in _PARTS:
        try:
            versions.append(importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            versions.append("")
    return tuple(versions)


def _usable(path: Path, why: str) -> Path:
    if not path.is_file() or not os.access(path, os.X_OK):
        fault = "cannot be executed" if path.is_file() else "is not there"
        raise Unavailable("No dbt", f"{path} {fault}; {why}.", "Install dbt there, or correct executable under [dbt].")
    return path


def is_beside(executable: Path) -> bool:
    """Whether it is this Python's own."""
    return executable.parent == Path(sys.executable).parent


def _shebang(executable: Path) -> Path | None:
    try:
        with executable.open("rb") as stream:
            first = stream.readline(4096)
    except OSError:
        return None
    if not first.startswith(b"#!"):
        return None
    words = os.fsdecode(first[2:]).split()
    return Path(words[0]) if words else None


def _file_lines(directory: str, skipped: set[str]) -> Iterator[bytes]:
    try:
        entries = list(os.scandir(directory))
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir():
                place = os.path.realpath(entry.path)
                if place not in skipped:
                    skipped.add(place)  # a link may lead back to where it is
                    yield from _file_lines(entry.path, skipped)
                continue
            state = entry.stat()
        except OSError:
            continue
        yield _file_line(entry.path, state)


def _file_line(path: str, state: os.stat_result) -> bytes:
    return os.fsencode(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n")


def _git(project_dir: Path, env: Mapping[str, str], *words: str) -> str | None:
    try:
        asked = subprocess.run(
            ("git", "-C", str(project_dir), *words),
            env={**env, "GIT_OPTIONAL_LOCKS": "0"}, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=_GIT_TIMEOUT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.decode(errors="replace") if asked.returncode == 0 else None
