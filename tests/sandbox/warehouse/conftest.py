"""One real server for the directory's tests, and connections by the plain Snowflake connector."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from snowflake.connector import SnowflakeConnection

from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.sandbox.warehouse.client import PASSWORD, USER, Connect, Start, ask, free_port, open_connection

_schemas = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarehouseProcess]:
    """A server that answers "in progress" after half a second, so that short statements take the long way too."""
    directory = tmp_path_factory.mktemp("warehouse")
    options = ("--database", "GCMS", "--in-progress-after", "0.5")
    with WarehouseProcess.start(directory, free_port(), USER, PASSWORD, options=options) as started:
        yield started.wait_ready()


@pytest.fixture
def connect(server: WarehouseProcess) -> Iterator[Connect]:
    """Opens connections to the shared server and closes them after the test."""
    opened: list[SnowflakeConnection] = []

    def connect_(**options: object) -> SnowflakeConnection:
        opened.append(open_connection(server, **options))
        return opened[-1]

    yield connect_
    for connection in opened:
        connection.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers of the test's own, in its directory, and stops them after it."""
    started: list[WarehouseProcess] = []

    def start_(*options: str, port: int | None = None) -> WarehouseProcess:
        server = WarehouseProcess.start(tmp_path, port or free_port(), USER, PASSWORD, options=options)
        started.append(server)
        return server.wait_ready()

    yield start_
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def admin(server: WarehouseProcess) -> Iterator[SnowflakeConnection]:
    """Makes schemas for the tests."""
    with open_connection(server) as opened:
        yield opened


@pytest.fixture
def connection(connect: Connect, admin: SnowflakeConnection) -> SnowflakeConnection:
    """A connection whose current schema is an empty one of the test's own."""
    return connect(schema=new_schema(admin))


@pytest.fixture(scope="module")
def reader(server: WarehouseProcess, admin: SnowflakeConnection) -> Iterator[SnowflakeConnection]:
    """One connection for those tests of a module that leave nothing behind in its schema."""
    with open_connection(server, schema=new_schema(admin)) as opened:
        yield opened


@pytest.fixture
def second(connect: Connect, connection: SnowflakeConnection) -> SnowflakeConnection:
    """Another session with the same current schema."""
    return connect(schema=connection.schema)


def new_schema(admin: SnowflakeConnection) -> str:
    name = f"TEST_{next(_schemas)}"
    ask(admin, f"CREATE SCHEMA GCMS.{name}")
    return name
