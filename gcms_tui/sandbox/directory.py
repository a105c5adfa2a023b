"""The sandbox's directory: what lies where, who uses it, and how a half-made one is never taken for whole.

    users.lock     held shared by every console, exclusively by a keeper that stops the servers
    keeper.lock    held by the keeper, the process whose children the servers are
    *.log          what the keeper, the servers, the seeding and dbt's first build said since the last start
    ports.json     the three ports, kept for good: another port costs dbt a full parse
    ready.json     there while the servers answer; believed only while keeper.lock is held
    current        link to the generation in use, set only when that is whole
    data-XXXXXXXX  a generation: everything that seeding makes

Locks are flock's: the kernel lets go of them when their holder ends, however it ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gcms_tui.core.errors import Refused, Unavailable
from gcms_tui.core.secret import Secret

FORMAT = 2
"""Of a generation. One made by another format is not opened."""

ALREADY_KEPT = 3
"""A keeper's exit status where another one looks after the directory."""

STALE_AFTER = timedelta(hours=24)
"""The age at which the watched sources warn."""


@dataclass(frozen=True, slots=True)
class Ports:
    warehouse: int
    postgres: int
    airbyte: int


@dataclass(frozen=True, slots=True)
class Generation:
    """One seeded platform: its files."""

    path: Path

    @property
    def about(self) -> Path:
        return self.path / "sandbox.json"

    @property
    def config(self) -> Path:
        return self.path / "gcms.toml"

    @property
    def dsn_file(self) -> Path:
        return self.path / "supabase.dsn"

    @property
    def airbyte_secret_file(self) -> Path:
        return self.path / "airbyte.secret"

    @property
    def airbyte(self) -> Path:
        return self.path / "airbyte"

    @property
    def warehouse(self) -> Path:
        return self.path / "warehouse"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def dbt_project(self) -> Path:
        """With profiles.yml in it."""
        return self.path / "dbt_project"

    @property
    def state(self) -> Path:
        return self.path / "state"


@dataclass(frozen=True, slots=True)
class About:
    """What a generation says of itself."""

    seeded_at: datetime
    extracted_at: datetime
    """When the freshest source was landed."""
    warehouse_password: Secret
    postgres_password: Secret
    airbyte_secret: Secret

    def notice(self, now: datetime) -> str:
        """What a person has to know of an aged sandbox; empty for a fresh one."""
        age = now - self.extracted_at
        if age <= STALE_AFTER:
            return ""
        hours = age / timedelta(hours=1)
        return (
            f"This sandbox has aged: its newest data is {hours:.0f} h old, so every source is stale. "
            "For a fresh one: gcms-tui demo --fresh"
        )

    def write(self, path: Path) -> None:
        content = {
            "format": FORMAT,
            "seeded_at": self.seeded_at.isoformat(),
            "extracted_at": self.extracted_at.isoformat(),
            "warehouse_password": self.warehouse_password.reveal(),
            "postgres_password": self.postgres_password.reveal(),
            "airbyte_secret": self.airbyte_secret.reveal(),
        }
        write_private(path, json.dumps(content, indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> About:
        """Raises Unavailable where it is damaged or of another format."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise ValueError(f"it is of format {content['format']}, this program's is {FORMAT}")
            return cls(
                seeded_at=datetime.fromisoformat(content["seeded_at"]),
                extracted_at=datetime.fromisoformat(content["extracted_at"]),
                warehouse_password=Secret(content["warehouse_password"]),
                postgres_password=Secret(content["postgres_password"]),
                airbyte_secret=Secret(content["airbyte_secret"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(
                "The sandbox cannot be used", f"{path}: {error}", "Make a new one: gcms-tui demo --fresh"
            ) from None


@dataclass(frozen=True, slots=True)
class SandboxDirectory:
    """A directory that holds a sandbox, or is to hold one."""

    root: Path

    @property
    def users_lock(self) -> Path:
        return self.root / "users.lock"

    @property
    def keeper_lock(self) -> Path:
        return self.root / "keeper.lock"

    def log(self, name: str) -> Path:
        """The log of `keeper`, `warehouse`, `postgres`, `airbyte`, `seeding` or `dbt`."""
        return self.root / f"{name}.log"

    @property
    def ports_file(self) -> Path:
        return self.root / "ports.json"

    @property
    def ready_file(self) -> Path:
        return self.root / "ready.json"

    @property
    def link(self) -> Path:
        return self.root / "current"

    @property
    def current(self) -> Generation | None:
        """The whole generation, by the path that stays the same; None before there is one."""
        return Generation(self.link) if self.link.is_dir() else None

    def prepare(self) -> None:
        """Makes the directory, or makes sure that it is one of ours. OSError where it cannot be made."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.users_lock.exists() and any(self.root.iterdir()):
            raise Refused(
                "Not a sandbox",
                f"{self.root} holds other files.",
                "Name a directory that is empty or does not exist yet: gcms-tui demo --dir DIR",
            )
        self.root.chmod(0o700)
        os.close(os.open(self.users_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def new_generation(self) -> Generation:
        """An empty one, not yet in use. Whatever earlier attempts left is removed. Under keeper.lock only."""
        self.remove_unused()
        generation = Generation(self.root / f"data-{secrets.token_hex(4)}")
        generation.path.mkdir(mode=0o700)
        return generation

    def adopt(self, generation: Generation) -> None:
        """Makes a whole generation the one in use, and removes the one before. Atomic."""
        make_private(generation.path)
        link = self.root / "current.new"
        link.unlink(missing_ok=True)
        link.symlink_to(generation.path.name)
        link.replace(self.link)
        self.remove_unused()

    def generations(self) -> list[Generation]:
        """All that lie there, used, unfinished and left over."""
        return [Generation(path) for path in self.root.glob("data-*")]

    def remove_unused(self) -> None:
        used = self.link.resolve()
        for generation in self.generations():
            if generation.path.resolve() != used:
                shutil.rmtree(generation.path, ignore_errors=True)

    def ports(self) -> Ports | None:
        """The stored ports; None where there are none that can be read."""
        try:
            content = json.loads(self.ports_file.read_text(encoding="utf-8"))
            return Ports(int(content["warehouse"]), int(content["postgres"]), int(content["airbyte"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def store_ports(self, ports: Ports) -> None:
        write_private(self.ports_file, json.dumps(asdict(ports)) + "\n")


class FileLock:
    """An flock on a file. Not inherited by children, and gone with the process."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_shared(self) -> bool:
        return self._try(fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        return self._try(fcntl.LOCK_EX)

    def wait_shared(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def wait_exclusive(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def release(self) -> None:
        """Lets go of the lock and keeps the file open, to try again."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Lets go of the lock for good."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _try(self, operation: int) -> bool:
        try:
            fcntl.flock(self._descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def locked(path: Path) -> Iterator[FileLock]:
    """A lock's file, opened; whatever was locked is let go at the end."""
    lock = FileLock(path)
    try:
        yield lock
    finally:
        lock.close()


def is_held(path: Path) -> bool:
    """Whether some process holds the lock exclusively."""
    with locked(path) as lock:
        return not lock.try_shared()


def wait_until(condition: Callable[[], bool], timeout_s: float, interval_s: float = 0.03) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval_s)
    return True


def write_private(path: Path, text: str) -> None:
    """A file that only its owner may read, whole or not at all."""
    partial = path.with_name(path.name + ".new")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def make_private(root: Path) -> None:
    """Takes everybody else's rights from a tree. Its owner keeps his."""
    for parent, directories, files in os.walk(root):
        for name in (*directories, *files):
            path = os.path.join(parent, name)
            mode = os.lstat(path).st_mode
            if mode & 0o077 and not os.path.islink(path):
                os.chmod(path, mode & 0o700)
