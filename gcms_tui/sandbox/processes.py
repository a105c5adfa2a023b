"""Child processes of the sandbox, and the ports they listen on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import random
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Collection, Mapping, Sequence
from pathlib import Path

from gcms_tui.core.errors import Unavailable
from gcms_tui.sandbox.errors import failed

LOOPBACK = "127.0.0.1"
PORTS = range(20_000, 32_000)
"""Below the ports that outgoing connections are given, so that a stored port is seldom found taken."""

_LAUNCH = Path(__file__).with_name("launch.py")
_FOREIGN = ("DBT_", "PG", "SNOWFLAKE_")
"""Prefixes of variables that would bend dbt, libpq or the connector away from the sandbox."""


def child_environment(**extra: str) -> dict[str, str]:
    """The environment of the sandbox's own programs. They may compile what they import: it halves every start."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONDONTWRITEBYTECODE" and not name.startswith(_FOREIGN)
    }
    # At each login the connector would ask the clouds whether it runs in one of them, and wait for their answers.
    return kept | {"SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true"} | extra


async def spawn(
    argv: Sequence[str | Path],
    *,
    log: Path,
    death_signal: signal.Signals,
    unprivileged: bool = False,
    environment: Mapping[str, str] | None = None,
    stdin: int = DEVNULL,
) -> Process:
    """A program in a session of its own, writing to `log`, that gets `death_signal` when this process dies.

    Call it on the main thread: the kernel looks at the life of the thread that starts the program.
    `unprivileged`: where we are root, as nobody (Postgres refuses to run as root).
    """
    uid, gid = nobody() if unprivileged and os.geteuid() == 0 else (-1, -1)
    owner = (str(os.getpid()), str(int(death_signal)), str(uid), str(gid))
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", _LAUNCH, *owner, *argv),
            stdin=stdin,
            stdout=output,
            stderr=output,
            env=child_environment() if environment is None else dict(environment),
            start_new_session=True,
        )


async def run(
    argv: Sequence[str | Path],
    *,
    log: Path,
    what: str,
    text: str = "",
    when: Awaitable[object] | None = None,
    unprivileged: bool = False,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 120.0,
) -> None:
    """A program to its end, with `text` on its stdin, which is closed `when` that has come.

    Raises Unavailable, with the log's last lines, where it fails or takes too long.
    """
    process = await spawn(
        argv,
        log=log,
        death_signal=signal.SIGKILL,
        unprivileged=unprivileged,
        environment=environment,
        stdin=PIPE,
    )
    try:
        if when is not None:
            await when
        await asyncio.wait_for(process.communicate(text.encode()), timeout_s)
    except TimeoutError:
        raise failed(f"{what} took longer than {timeout_s:.0f} s and", log) from None
    finally:
        await stop(process, signal.SIGKILL)
    if process.returncode != 0:
        raise failed(what, log)


async def stop(process: Process, how: signal.Signals, grace_s: float = 10.0) -> None:
    """Ends a program and waits until it is gone; past the grace, its whole session is killed."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(how)
    try:
        await asyncio.wait_for(process.wait(), grace_s)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def nobody() -> tuple[int, int]:
    """The user and group that own nothing."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise Unavailable(
            "Postgres cannot start",
            "Postgres does not run as root, and this system has no user `nobody` to run it as.",
            "Start the demo as an ordinary user.",
        ) from None
    return entry.pw_uid, entry.pw_gid


def port_is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose_port(taken: Collection[int] = ()) -> int:
    """A port nobody listens on."""
    # Random, so that sandboxes that start at the same moment do not choose the same one.
    for port in random.SystemRandom().sample(PORTS, 200):
        if port not in taken and port_is_free(port):
            return port
    raise Unavailable(
        "No free port",
        f"None of 200 ports tried on {LOOPBACK} between {PORTS.start} and {PORTS.stop} is free.",
        "Stop what listens there, then try again.",
    )
