"""Each test of the store runs on SQLite and on the practice platform's Postgres."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.adapters.store.address import Address
from tests.practice import RunningPlatform


@pytest.fixture
def sqlite_address(tmp_path: Path) -> Address:
    return Address(tmp_path / "state", tmp_path / "data" / "anchor.json")


@pytest.fixture
def postgres_address(platform: RunningPlatform, sqlite_address: Address, tmp_path: Path) -> Address:
    """Only the console's store uses that schema of the platform."""
    with psycopg.connect(platform.postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS gcms_ops CASCADE")
    url_file = tmp_path / "url"
    url_file.write_text(platform.postgres)
    url_file.chmod(0o600)
    return Address(sqlite_address.state_dir, sqlite_address.anchor_file, url_file)


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest) -> Address:
    """An empty store of the test's own."""
    found: Address = request.getfixturevalue(f"{request.param}_address")
    return found
