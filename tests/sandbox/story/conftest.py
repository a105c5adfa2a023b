"""The first build of the practice platform, as it left the warehouse and the dbt project: a copy for each module."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gcms_tui.sandbox.directory import About, SandboxDirectory
from gcms_tui.sandbox.story.plot import tell_story
from gcms_tui.sandbox.story.project import WarehouseLogin, write_project
from gcms_tui.sandbox.warehouse.process import HOST, WarehouseProcess
from tests.sandbox.story.dbt_line import DbtLine
from tests.sandbox.story.platform import Platform
from tests.sandbox.warehouse.client import USER, free_port, open_connection


@pytest.fixture(scope="module")
def platform(sandbox_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A module either looks only, or its tests are one story in the order in which they stand."""
    generation = SandboxDirectory(sandbox_template).current
    assert generation is not None
    about, directory = About.read(generation.about), tmp_path_factory.mktemp("built")
    shutil.copytree(generation.warehouse, directory / "warehouse")
    shutil.copytree(generation.dbt_project, directory / "dbt")
    password = about.warehouse_password
    login = WarehouseLogin(HOST, free_port(), USER, password)
    project = write_project(directory / "dbt", login)
    with (
        WarehouseProcess.start(directory / "warehouse", login.port, USER, password.reveal()) as server,
        open_connection(server.wait_ready(), password=password.reveal()) as connection,
        DbtLine(project) as dbt,
    ):
        yield Platform(project, tell_story(about.seeded_at), connection, dbt)
