"""One first build for the session; each test that changes something works on a copy of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gcms_tui.core.secret import Secret
from gcms_tui.sandbox.story.plot import Story, tell_story
from gcms_tui.sandbox.story.project import WarehouseLogin, write_project
from gcms_tui.sandbox.story.warehouse_file import write_warehouse
from gcms_tui.sandbox.warehouse.process import HOST, WarehouseProcess
from tests.sandbox.story.platform import TIMEOUT_S, Platform, environment
from tests.sandbox.warehouse.client import PASSWORD, USER, free_port, open_connection


@dataclass(frozen=True)
class Built:
    directory: Path
    story: Story
    port: int
    """Kept by every copy: another one would cost dbt a full parse."""


@contextmanager
def running(built: Built, directory: Path) -> Iterator[Platform]:
    with WarehouseProcess.start(directory / "warehouse", built.port, USER, PASSWORD) as server:
        server.wait_ready()
        with open_connection(server) as connection:
            yield Platform(directory, built.story, server, connection)


@contextmanager
def copied(built: Built, directory: Path) -> Iterator[Platform]:
    shutil.copytree(built.directory, directory, dirs_exist_ok=True)
    with running(built, directory) as platform:
        yield platform


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    directory = tmp_path_factory.mktemp("built")
    story, port = tell_story(datetime.now(UTC)), free_port()
    (directory / "warehouse").mkdir()
    write_warehouse(directory / "warehouse", story)
    project = write_project(directory / "dbt", WarehouseLogin(HOST, port, USER, Secret(PASSWORD)))
    built = Built(directory, story, port)
    with WarehouseProcess.start(directory / "warehouse", port, USER, PASSWORD) as server:
        server.wait_ready()
        ran = subprocess.run(
            [sys.executable, "-m", "gcms_tui.sandbox.story.dbt_child", str(project)],
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
    return built


@pytest.fixture(scope="module")
def as_built(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The platform after its first build; for tests that only look."""
    with copied(built, tmp_path_factory.mktemp("looked-at")) as platform:
        yield platform


@pytest.fixture
def platform(built: Built, tmp_path: Path) -> Iterator[Platform]:
    """A copy of the test's own. No module may use both this and `as_built`: they share a port."""
    with copied(built, tmp_path / "copy") as platform:
        yield platform
