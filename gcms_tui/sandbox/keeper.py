"""The keeper: the process whose children the sandbox's servers are. It lives as long as any console uses them.

`python -m gcms_tui.sandbox.keeper ROOT [--fresh]`, started by `lifecycle`, in a session of its own so that a terminal's
Ctrl-C and hang-up do not reach it. What it does is told on stdout, a JSON object a line: `step` with `seconds`, then
`ready` or `error`. A console that dies lets go of its lock, and with the last of them the keeper stops the servers; if
the keeper itself is killed, the kernel tells the servers.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
import threading
import time
import traceback
from asyncio import TaskGroup
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from gcms_tui.core.secret import Secret
from gcms_tui.sandbox.configuration import move_airbyte, write_config
from gcms_tui.sandbox.database import Database, end_leftover
from gcms_tui.sandbox.directory import (
    ALREADY_KEPT,
    About,
    FileLock,
    Generation,
    Ports,
    SandboxDirectory,
    is_held,
    wait_until,
    write_private,
)
from gcms_tui.sandbox.errors import explained
from gcms_tui.sandbox.processes import choose_port, port_is_free, run
from gcms_tui.sandbox.servers import database, start_airbyte, start_warehouse, warehouse_login
from gcms_tui.sandbox.story.calendar import Calendar
from gcms_tui.sandbox.story.project import WarehouseLogin, write_project
from gcms_tui.sandbox.warehouse.process import LOCK

_PYTHON = (sys.executable, "-P", "-m")
_LEFTOVER_S = 15.0
"""How long a warehouse that has been told to end may take to do so."""


class Progress:
    """Tells the console that waits. Whether it still listens makes no difference."""

    def __init__(self) -> None:
        self._listening = True

    @asynccontextmanager
    async def step(self, text: str) -> AsyncIterator[None]:
        started = time.monotonic()
        yield
        self.tell({"step": text, "seconds": round(time.monotonic() - started, 1)})

    def tell(self, line: dict[str, Any]) -> None:
        if not self._listening:
            return
        try:
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
        except OSError:
            self._listening = False

    def ready(self) -> None:
        """The last word: afterwards nobody reads the pipe."""
        self.tell({"ready": True})
        self._listening = False


class Keeper:
    """Starts what is there, or seeds it first; then keeps it until nobody uses it."""

    def __init__(self, directory: SandboxDirectory, fresh: bool, progress: Progress) -> None:
        self._directory = directory
        self._fresh = fresh
        self._progress = progress

    async def keep(self) -> None:
        """Returns when the servers have stopped because nobody uses them any more."""
        unused = asyncio.Event()
        self._watch_users(unused)
        self._directory.ready_file.unlink(missing_ok=True)
        for name in ("warehouse", "postgres", "airbyte", "seeding", "dbt"):
            self._directory.log(name).unlink(missing_ok=True)
        async with AsyncExitStack() as stack:
            # Last of all, the servers being gone: what an unfinished seeding made.
            stack.callback(self._directory.remove_unused)
            stack.callback(self._directory.ready_file.unlink, missing_ok=True)
            started = asyncio.ensure_future(self._start(stack))
            left = asyncio.ensure_future(unused.wait())
            await asyncio.wait((started, left), return_when=asyncio.FIRST_COMPLETED)
            if not started.done():
                started.cancel()
            await _first_failure(started)
            if started.cancelled():
                return
            write_private(self._directory.ready_file, json.dumps({"keeper": os.getpid()}) + "\n")
            self._progress.ready()
            await left

    def _watch_users(self, unused: asyncio.Event) -> None:
        """Sets `unused` once nobody holds the users' lock, or when this process is told to end."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(name, unused.set)
        lock = FileLock(self._directory.users_lock)

        def wait() -> None:
            lock.wait_exclusive()
            # Kept until this process ends: whoever comes meanwhile waits, and then starts anew.
            loop.call_soon_threadsafe(unused.set)

        threading.Thread(target=wait, name="users", daemon=True).start()

    async def _start(self, stack: AsyncExitStack) -> None:
        await self._outlast_leftovers()
        ports = self._choose_ports()
        generation = None if self._fresh else self._directory.current
        if generation is None:
            await self._seed(ports, stack)
        else:
            await self._reopen(generation, ports, stack)

    async def _outlast_leftovers(self) -> None:
        """The servers of a keeper that was killed are ending: until then they hold their ports and files."""
        for generation in self._directory.generations():
            await end_leftover(generation.postgres / "data")
            await asyncio.to_thread(wait_until, partial(_is_free, generation.warehouse / LOCK), _LEFTOVER_S)

    def _choose_ports(self) -> Ports:
        """The stored ports, unless others listen there by now."""
        stored = self._directory.ports()
        chosen: dict[str, int] = {}
        for name in ("warehouse", "postgres", "airbyte"):
            before = getattr(stored, name, None)
            if before is not None and port_is_free(before):
                chosen[name] = before
                continue
            chosen[name] = choose_port(chosen.values())
            if before is not None:
                self._progress.tell(
                    {"step": f"Port {before} is taken by another program: {name} moves to {chosen[name]}"}
                )
        ports = Ports(**chosen)
        if ports != stored:
            self._directory.store_ports(ports)
        return ports

    async def _reopen(self, generation: Generation, ports: Ports, stack: AsyncExitStack) -> None:
        about = About.read(generation.about)
        login = warehouse_login(ports.warehouse, about.warehouse_password)
        write_project(generation.dbt_project, login)
        server = database(self._directory, generation, ports, about)
        write_private(generation.dsn_file, server.dsn.reveal() + "\n")
        move_airbyte(generation, ports.airbyte)
        async with TaskGroup() as together:
            together.create_task(self._step("Postgres is up", server.start(stack)))
            together.create_task(self._start_warehouse(generation, login, stack))
            together.create_task(self._start_airbyte(generation, ports, about, stack))

    async def _seed(self, ports: Ports, stack: AsyncExitStack) -> None:
        generation = self._directory.new_generation()
        generation.state.mkdir(mode=0o700)
        generation.warehouse.mkdir(mode=0o700)
        generation.airbyte.mkdir(mode=0o700)
        calendar = Calendar.of(datetime.now(UTC))
        about = About(
            seeded_at=calendar.now,
            extracted_at=calendar.last_sync,
            warehouse_password=Secret(secrets.token_hex(16)),
            postgres_password=Secret(secrets.token_hex(16)),
            airbyte_secret=Secret(secrets.token_hex(16)),
        )
        server = database(self._directory, generation, ports, about)
        login = warehouse_login(ports.warehouse, about.warehouse_password)
        async with TaskGroup() as together:
            together.create_task(self._seed_database(server, about, stack))
            together.create_task(self._seed_warehouse(generation, login, about, stack))
            together.create_task(self._start_airbyte(generation, ports, about, stack))
        write_private(generation.dsn_file, server.dsn.reveal() + "\n")
        write_private(generation.airbyte_secret_file, about.airbyte_secret.reveal() + "\n")
        write_config(generation, ports.airbyte)
        about.write(generation.about)
        self._directory.adopt(generation)

    async def _seed_database(self, server: Database, about: About, stack: AsyncExitStack) -> None:
        await self._step("Postgres is prepared", server.create())
        await self._step("Postgres is up", server.start(stack))
        filling = self._write_story("supabase", about, text=server.dsn.reveal())
        await self._step("Supabase's tables are filled", filling)

    async def _seed_warehouse(
        self, generation: Generation, login: WarehouseLogin, about: About, stack: AsyncExitStack
    ) -> None:
        write_project(generation.dbt_project, login)
        warehouse_is_up = asyncio.Event()
        async with TaskGroup() as together:
            together.create_task(self._first_build(generation, warehouse_is_up))
            writing = self._write_story("warehouse", about, str(generation.warehouse))
            await self._step("The landed tables are written", writing)
            await self._start_warehouse(generation, login, stack)
            warehouse_is_up.set()

    async def _write_story(self, store: str, about: About, *arguments: str, text: str = "") -> None:
        await run(
            (*_PYTHON, "gcms_tui.sandbox.seeding", store, about.seeded_at.isoformat(), *arguments),
            log=self._directory.log("seeding"),
            what="Writing the story",
            text=text,
        )

    async def _start_warehouse(self, generation: Generation, login: WarehouseLogin, stack: AsyncExitStack) -> None:
        starting = start_warehouse(generation.warehouse, login, self._directory.log("warehouse"), stack)
        await self._step("The warehouse is up", starting)

    async def _start_airbyte(self, generation: Generation, ports: Ports, about: About, stack: AsyncExitStack) -> None:
        starting = start_airbyte(self._directory, generation, ports, about, stack)
        await self._step("Airbyte is up", starting)

    async def _first_build(self, generation: Generation, warehouse_is_up: asyncio.Event) -> None:
        building = run(
            (*_PYTHON, "gcms_tui.sandbox.first_build", generation.dbt_project),
            log=self._directory.log("dbt"),
            what="dbt's first build",
            when=warehouse_is_up.wait(),
        )
        await self._step("dbt has built and tested its models", building)

    async def _step(self, text: str, work: Coroutine[Any, Any, Process | None]) -> None:
        async with self._progress.step(text):
            await work


def _is_free(lock: Path) -> bool:
    return not (lock.exists() and is_held(lock))


async def _first_failure(task: asyncio.Future[None]) -> None:
    """Raises what went wrong first, out of the group it came in."""
    try:
        await asyncio.wait((task,))
        if not task.cancelled():
            task.result()
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from group


def main(arguments: list[str]) -> int:
    directory = SandboxDirectory(Path(arguments[0]))
    os.umask(0o077)
    os.chdir(directory.root)
    lock = FileLock(directory.keeper_lock)
    # A moment's patience: whoever looks whether the lock is held, holds it for that moment.
    if not wait_until(lock.try_exclusive, 2.0):
        return ALREADY_KEPT
    progress = Progress()
    try:
        asyncio.run(Keeper(directory, "--fresh" in arguments, progress).keep())
    except Exception as error:  # noqa: BLE001 - whatever it is, the console that waits must be told
        told = explained(error, directory.root)
        traceback.print_exception(error)
        progress.tell({"error": [told.title, told.message, told.next_step]})
        return told.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
