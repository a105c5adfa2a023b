"""The embedded Postgres: who gets in, what survives, and that it never outlives its owner."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from gcms_tui.core.errors import Unavailable
from gcms_tui.core.secret import Secret
from gcms_tui.sandbox.database import Database
from gcms_tui.sandbox.directory import wait_until
from gcms_tui.sandbox.processes import choose_port, port_is_free

PASSWORD = Secret("correct-horse")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty cluster at rest, to be copied."""
    directory = tmp_path_factory.mktemp("cluster") / "postgres"
    asyncio.run(Database(directory, 1, PASSWORD, directory.with_name("log")).create())
    return directory


@pytest.fixture
def database(cluster: Path, tmp_path: Path) -> Database:
    """A cluster of its own, copied (by root it is then root's), in a directory that nobody else may enter."""
    private = tmp_path / "for me only"
    private.mkdir(mode=0o700)
    shutil.copytree(cluster, private / "postgres")
    return Database(private / "postgres", choose_port(), PASSWORD, private / "log")


def postmaster(database: Database) -> psutil.Process:
    return psutil.Process(int((database.data / "postmaster.pid").read_text().split()[0]))


def is_gone(process: psutil.Process) -> bool:
    """A process that ended and that nobody has waited for counts as gone."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


async def test_its_only_login_owns_its_database_and_is_no_superuser(database: Database) -> None:
    async with AsyncExitStack() as stack:
        await database.start(stack)
        with psycopg.connect(database.dsn.reveal()) as connection:
            connection.execute("CREATE TABLE public.musician (id bigint)")
            connection.execute("CREATE SCHEMA gcms_ops")
            row = connection.execute(
                "SELECT rolsuper, current_database(), current_setting('TimeZone') FROM pg_roles"
                " WHERE rolname = current_user"
            ).fetchone()
            assert row == (False, "supabase", "UTC")
        for user, password, name in (
            ("gcms", "wrong", "supabase"),
            ("gcms", "", "supabase"),
            ("postgres", "correct-horse", "postgres"),
            ("gcms", "correct-horse", "postgres"),
        ):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(host="127.0.0.1", port=database.port, user=user, password=password, dbname=name)


async def test_it_listens_on_the_loopback_alone(database: Database) -> None:
    async with AsyncExitStack() as stack:
        process = await database.start(stack)
        listening = [
            connection.laddr
            for connection in psutil.Process(process.pid).net_connections("all")
            if connection.status == psutil.CONN_LISTEN or connection.family.name == "AF_UNIX"
        ]
        assert [(address.ip, address.port) for address in listening] == [("127.0.0.1", database.port)]


async def test_directories_above_it_stay_as_private_as_they_were(database: Database) -> None:
    async with AsyncExitStack() as stack:
        await database.start(stack)
        assert stat.S_IMODE(database.directory.parent.stat().st_mode) == 0o700
        modes = {
            stat.S_IMODE(path.lstat().st_mode) & 0o077 for path in database.data.rglob("*") if not path.is_symlink()
        }
        assert modes == {0}


async def test_leaving_stops_it(database: Database) -> None:
    async with AsyncExitStack() as stack:
        process = await database.start(stack)
        connection = psycopg.connect(database.dsn.reveal())
    assert process.returncode == 0
    assert port_is_free(database.port)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")


async def test_what_was_committed_survives_kill_9(database: Database) -> None:
    async with AsyncExitStack() as stack:
        process = await database.start(stack)
        with psycopg.connect(database.dsn.reveal()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        process.kill()
        await process.wait()
    async with AsyncExitStack() as stack:
        await database.start(stack)
        with psycopg.connect(database.dsn.reveal()) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


async def test_a_pid_file_that_names_a_stranger_is_stale(database: Database) -> None:
    stranger = await asyncio.create_subprocess_exec("/bin/sleep", "60")
    try:
        lines = (stranger.pid, database.data, 1, database.port, "", "127.0.0.1", "", "ready")
        (database.data / "postmaster.pid").write_text("".join(f"{line}\n" for line in lines))
        async with AsyncExitStack() as stack:
            process = await database.start(stack)
            assert postmaster(database).pid == process.pid
        assert stranger.returncode is None
    finally:
        stranger.kill()
        await stranger.wait()


async def test_one_that_cannot_start_says_why_and_is_gone(database: Database) -> None:
    (database.data / "PG_VERSION").write_text("9.4\n")
    with pytest.raises(Unavailable) as caught:
        async with AsyncExitStack() as stack:
            await database.start(stack)
    assert "not compatible" in caught.value.message
    assert str(database.log) in caught.value.next_step
    assert port_is_free(database.port)


_OWNER = """
import asyncio, sys, time
from contextlib import AsyncExitStack
from pathlib import Path
from gcms_tui.core.secret import Secret
from gcms_tui.sandbox.database import Database

async def main():
    async with AsyncExitStack() as stack:
        await Database(Path(sys.argv[1]), int(sys.argv[2]), Secret("correct-horse"), Path(sys.argv[3])).start(stack)
        print("started", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start ends what a killed owner left")
def test_it_ends_with_an_owner_that_is_killed(database: Database) -> None:
    arguments = (str(database.directory), str(database.port), str(database.log))
    owner = subprocess.Popen([sys.executable, "-c", _OWNER, *arguments], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    with owner.stdout:
        assert owner.stdout.readline() == b"started\n"
    server = postmaster(database)
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    assert wait_until(lambda: is_gone(server), 20)
    assert port_is_free(database.port)


async def test_one_that_a_dead_owner_left_running_is_ended_first(database: Database) -> None:
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        left = await database.start(first)
        process = await database.start(second)
        await left.wait()
        assert postmaster(database).pid == process.pid


async def test_one_that_was_started_by_another_path_is_ended_first(database: Database) -> None:
    link = database.directory.with_name("current")
    link.symlink_to(database.directory.name)
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        left = await database.start(first)
        process = await replace(database, directory=link, port=choose_port()).start(second)
        await asyncio.wait_for(left.wait(), 10)
        assert postmaster(database).pid == process.pid
