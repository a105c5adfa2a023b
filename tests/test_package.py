"""The wheel carries everything that the program needs beside its code."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = directory.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_every_query_ships(wheel_names: set[str]) -> None:
    queries = {f"gcms_tui/queries/{path.name}" for path in (ROOT / "queries").glob("*.sql")}
    assert queries
    assert queries <= wheel_names


@pytest.mark.parametrize("pattern", ["console/*.tcss", "sandbox/dbt_project/**/*.sql", "sandbox/dbt_project/**/*.yml"])
def test_package_data_ships(wheel_names: set[str], pattern: str) -> None:
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "gcms_tui").glob(pattern)}
    assert files
    assert files <= wheel_names


def test_nothing_else_ships(wheel_names: set[str]) -> None:
    assert all(name.startswith(("gcms_tui/", "gcms_tui-")) for name in wheel_names)
    assert not any("/target/" in name or "/logs/" in name or name.endswith(".pyc") for name in wheel_names)
