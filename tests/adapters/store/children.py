"""What other processes do to a store in tests. They are forked, so that what they need has been imported.

Each waits until it is told to go: so several begin at the same moment.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module

from gcms_tui.adapters.store.opening import Store
from gcms_tui.core.errors import Refused
from tests.adapters.store.address import BO, Address


@dataclass(frozen=True, slots=True)
class Child:
    """One such process; whoever leaves it kills it."""

    pid: int
    _go: int
    _said: int

    @classmethod
    def of(cls, address: Address, verb: str, *words: str) -> Child:
        for module in ("alembic.command", "psycopg"):
            import_module(module)
        heard, go = os.pipe()
        said, says = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                signal.alarm(120)  # nobody may be left to kill it
                os.read(heard, 1)
                os.write(says, _VERBS[verb](address.open(BO, _now), *words).encode())
                while verb == "take":  # whoever holds a lease lives until it is killed
                    time.sleep(1)
            finally:
                os._exit(0)
        os.close(heard)
        os.close(says)
        return cls(pid, go, said)

    def go(self) -> None:
        os.write(self._go, b"!")

    def answer(self) -> str:
        """What it says once it has done it; empty where it came to nothing."""
        return os.read(self._said, 4096).decode()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self.kill()
        os.waitpid(self.pid, 0)
        os.close(self._go)
        os.close(self._said)


def _now() -> datetime:
    return datetime.now(UTC)


def _append(store: Store, times: str) -> str:
    for number in range(int(times)):
        store.journal.append("k", f"{os.getpid()}-{number}", {"n": number})
    for number in range(5):
        store.journal.append_once("end", f"end {number}", {})
    return "done"


def _take(store: Store, name: str) -> str:
    try:
        held = store.leases.take(name, "a test")
    except Refused as error:
        return f"refused {error.guard}"
    return f"took {held.takeover}"


def _claim(store: Store, plan_id: str) -> str:
    try:
        store.plans.claim(plan_id, f"write-{os.getpid()}", _now())
    except Refused as error:
        return f"refused {error.guard}"
    return f"claimed write-{os.getpid()}"


_VERBS = {"append": _append, "take": _take, "claim": _claim}
