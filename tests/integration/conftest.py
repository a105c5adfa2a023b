"""Connections to the practice platform for the queries' tests, and payrolls at each place of the way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.integration.asking import Asking, connect
from tests.integration.payroll_acts import ensure_stages
from tests.integration.payroll_walk import Place
from tests.practice import RunningPlatform, copy_sandbox, running


@pytest.fixture(scope="module")
def asking(platform: RunningPlatform) -> Iterator[Asking]:
    """The shared platform's warehouse, for reading."""
    with connect(platform.snowflake) as connection:
        yield Asking(connection)


@pytest.fixture(scope="module")
def supabase(platform: RunningPlatform) -> Iterator[Asking]:
    """The shared platform's Supabase, in a transaction that is never committed."""
    with psycopg.connect(platform.postgres) as connection:
        yield Asking(connection)
        connection.rollback()


@pytest.fixture(scope="session")
def workbench(sandbox_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """The warehouse of another platform, for writing. Tests leave the story's tables as they found them."""
    directory = tmp_path_factory.mktemp("workbench") / "sandbox"
    with running(copy_sandbox(sandbox_template, directory)) as own, connect(own.snowflake) as connection:
        yield Asking(connection)


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Place]:
    """A payroll at each place of its way, one for all workers of this test session. To be copied only."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return ensure_stages(shared / "payroll-stages")
