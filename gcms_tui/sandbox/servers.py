"""The sandbox's three servers as child processes of the keeper."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import AsyncExitStack
from pathlib import Path

from gcms_tui.core.secret import Secret
from gcms_tui.sandbox.configuration import AIRBYTE_CLIENT
from gcms_tui.sandbox.database import Database
from gcms_tui.sandbox.directory import About, Generation, Ports, SandboxDirectory
from gcms_tui.sandbox.errors import failed
from gcms_tui.sandbox.processes import LOOPBACK, spawn, stop
from gcms_tui.sandbox.story.calendar import Calendar
from gcms_tui.sandbox.story.project import WarehouseLogin

USER = "gcms"
START_TIMEOUT_S = 60.0
"""Generous: the very first import ever, from a cold disk and without compiled code, takes 13 s."""


def warehouse_login(port: int, password: Secret) -> WarehouseLogin:
    return WarehouseLogin(LOOPBACK, port, USER, password)


def database(directory: SandboxDirectory, generation: Generation, ports: Ports, about: About) -> Database:
    return Database(generation.postgres, ports.postgres, about.postgres_password, directory.log("postgres"))


async def start_warehouse(data: Path, login: WarehouseLogin, log: Path, stack: AsyncExitStack) -> Process:
    """The warehouse, answering; `stack` stops it."""
    process = await spawn(
        (
            *(sys.executable, "-P", "-m", "gcms_tui.sandbox.warehouse"),
            *("--directory", data, "--port", str(login.port)),
        ),
        log=log,
        death_signal=signal.SIGTERM,
        stdin=PIPE,
    )
    stack.push_async_callback(stop, process, signal.SIGTERM)
    assert process.stdin is not None
    process.stdin.write(f"{login.user}\n{login.password.reveal()}\n".encode())
    process.stdin.close()
    await _until_it_answers(process, login.port, "Starting the warehouse", log)
    return process


async def start_airbyte(
    directory: SandboxDirectory, generation: Generation, ports: Ports, about: About, stack: AsyncExitStack
) -> Process:
    """Airbyte, answering; `stack` stops it. The servers that it copies between need not be up before it syncs."""
    calendar, log = Calendar.of(about.seeded_at), directory.log("airbyte")
    process = await spawn(
        (
            *(sys.executable, "-P", "-m", "gcms_tui.sandbox.airbyte"),
            *("--port", str(ports.airbyte), "--jobs", generation.airbyte / "jobs.json"),
            *("--made-at", about.seeded_at.isoformat(), "--last-sync", calendar.last_sync.isoformat()),
            *("--stalled-sync", calendar.stalled_sync.isoformat()),
        ),
        log=log,
        death_signal=signal.SIGTERM,
        stdin=PIPE,
    )
    stack.push_async_callback(stop, process, signal.SIGTERM)
    login = warehouse_login(ports.warehouse, about.warehouse_password)
    secrets = {
        "client_id": AIRBYTE_CLIENT,
        "client_secret": about.airbyte_secret.reveal(),
        "postgres": database(directory, generation, ports, about).dsn.reveal(),
        "snowflake": {
            "host": login.host,
            "port": login.port,
            "user": login.user,
            "password": login.password.reveal(),
            "account": login.account,
            "database": login.database,
            "protocol": "http",
        },
    }
    assert process.stdin is not None
    process.stdin.write(json.dumps(secrets).encode())
    process.stdin.close()
    await _until_it_answers(process, ports.airbyte, "Starting Airbyte", log)
    return process


async def _until_it_answers(process: Process, port: int, what: str, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
    while await _pid_answering(port) != process.pid:
        if process.returncode is not None or asyncio.get_running_loop().time() > deadline:
            raise failed(what, log)
        await asyncio.sleep(0.03)


async def _pid_answering(port: int) -> int | None:
    """The process that answers /healthz on that port; None where none does."""
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return None
    try:
        writer.write(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        pid = json.loads(answer.partition(b"\r\n\r\n")[2])["pid"]
        return pid if isinstance(pid, int) else None
    except (OSError, TimeoutError, ValueError, KeyError, TypeError):
        return None
    finally:
        writer.close()
