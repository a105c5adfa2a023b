"""`gcms-tui demo --serve` as others use it, and a look at what runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psutil  # type: ignore[import-untyped]

from gcms_tui.sandbox.directory import wait_until

TIMEOUT_S = 120.0


class Demo:
    """One `demo --serve` on a directory. `ready()` before anything else; ended, however, at the block's end."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.errors = directory.with_name(directory.name + f".stderr-{os.urandom(4).hex()}")
        with self.errors.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gcms_tui", "demo", "--serve", "--dir", str(directory), *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
            )

    def ready(self) -> dict[str, Any]:
        """The announcement."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.told()
        announcement = json.loads(line)
        assert isinstance(announcement, dict)
        return announcement

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.wait()

    def wait(self) -> int:
        return self.process.wait(TIMEOUT_S)

    def rest(self) -> bytes:
        """What else came on stdout."""
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def told(self) -> str:
        """All of stderr so far."""
        return self.errors.read_text(encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def processes_in(directory: Path) -> dict[int, str]:
    """Pid and command line of what runs there: the keeper, the servers and their children all work in it."""
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if Path(process.cwd()).is_relative_to(directory) and process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = " ".join(process.cmdline())
    return found


def kill_one(directory: Path, what: str) -> None:
    """kill -9 of the one process there whose command line says `what`; not of its children."""
    os.kill(pid_of(directory, what), signal.SIGKILL)


def pid_of(directory: Path, what: str) -> int:
    """The one process there whose command line says `what`, and not its child that is about to become another."""
    parents = {}
    for pid, command in processes_in(directory).items():
        if what in command:
            with suppress(psutil.NoSuchProcess):
                parents[pid] = psutil.Process(pid).ppid()
    (found,) = [pid for pid, parent in parents.items() if parent not in parents]
    return found


def assert_nothing_runs(directory: Path) -> None:
    assert wait_until(lambda: not processes_in(directory), 120), processes_in(directory)
