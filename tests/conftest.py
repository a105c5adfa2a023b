"""What every test may ask for: the practice platform, and to be left alone by the developer's own configuration."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.practice import RunningPlatform, copy_sandbox, ensure_template, running
from tests.warm import SharedDbt, commands_with, one_dbt

_OWN_PREFIXES = ("GCMS_", "DBT_", "SNOWFLAKE_", "XDG_", "PG")


_MEMORY, _ROOM = Path("/dev/shm"), 4 << 30
"""A directory in memory, and how much of that has to be free."""


def pytest_configure() -> None:
    """Keep what tests write in memory where there is plenty: much of them is waiting until a disk has it for good."""
    if _MEMORY.is_dir() and min(shutil.disk_usage(_MEMORY).free, psutil.virtual_memory().available) > _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_collection_finish() -> None:
    """Spare the garbage collection what all tests keep: walking it again and again took a quarter of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _hide_own_configuration(patch: pytest.MonkeyPatch, home: Path) -> None:
    for name in os.environ:
        if name.startswith(_OWN_PREFIXES):
            patch.delenv(name)
    patch.setenv("HOME", str(home))
    patch.setenv("SNOWFLAKE_HOME", str(home / "snowflake"))
    # Each login of the plain connector would ask five clouds whether it runs in them.
    patch.setenv("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")


@pytest.fixture(scope="session", autouse=True)
def _no_own_configuration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """For what is made once a session."""
    with pytest.MonkeyPatch.context() as patch:
        _hide_own_configuration(patch, tmp_path_factory.mktemp("home"))
        yield


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the next home directory is to be: pytest would look through all there are for the next number."""
    directory = tmp_path_factory.mktemp("homes")
    return (directory / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def own_home(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory for each test, where XDG's directories fall back to as well."""
    home = next(_homes)
    home.mkdir(mode=0o700)
    _hide_own_configuration(monkeypatch, home)
    return home


@pytest.fixture(scope="session")
def sandbox_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded sandbox at rest, one for all workers of this test session. To be copied only."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return ensure_template(shared / "sandbox-template")


@pytest.fixture(scope="session")
def platform(sandbox_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """This worker's own running platform. Tests read it; those that write or kill ask for `fresh_platform`."""
    with running(copy_sandbox(sandbox_template, tmp_path_factory.mktemp("platform") / "sandbox")) as started:
        yield started


@pytest.fixture
def fresh_platform(sandbox_template: Path, tmp_path: Path) -> Iterator[RunningPlatform]:
    """A running platform for one test alone."""
    with running(copy_sandbox(sandbox_template, tmp_path / "sandbox")) as started:
        yield started


@pytest.fixture(scope="session")
def _shared_dbt() -> Iterator[SharedDbt]:
    with one_dbt() as dbt:
        yield dbt


@pytest.fixture(scope="module")
def warm_dbt(_shared_dbt: SharedDbt) -> Iterator[None]:
    """What this module's commands have dbt do in this process costs no import of dbt."""
    with commands_with(_shared_dbt):
        yield
