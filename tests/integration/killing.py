"""A console that is killed at a chosen step of a write. Run as a program, it forks one for each step asked for.

`python -m tests.integration.killing HOST PORT STATE_DIR` reads numbers from stdin, a line each: a child plans the
repair of that step's own table, applies it, and kills itself just before that call by which a guarded write changes
something outside. What was killed just after a call would leave the same behind as just before the next, as nothing
happens in between. A line of stdout says how it ended: `killed` or `applied`.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gcms_tui.adapters.person import who_asks
from gcms_tui.adapters.store.opening import open_store
from gcms_tui.core.settings import Settings
from tests.integration.repair_scene import scene

_PORTS = ("_access", "_plans", "_leases", "_journal")
_HANDED_OUT = frozenset({"open", "take"})
"""Calls that answer with something whose calls count too: a session, a lease."""
_QUIET = frozenset({"held", "get"})
"""Calls that only read the store."""


@dataclass(frozen=True)
class Server:
    host: str
    port: int


class Steps:
    """Counts, and kills at one of them."""

    def __init__(self, kill_at: int) -> None:
        self._left = kill_at

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """Stands for a port; each call is a step."""

    def __init__(self, port: Any, steps: Steps) -> None:
        self._port = port
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._port, name)
        if not callable(attribute) or name in _QUIET:
            return attribute
        return self._counted(name, attribute)

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self._steps.step()
            answer = call(*args, **kwargs)
            return self._watching(answer) if name in _HANDED_OUT else answer

        return counted

    def _watching(self, answer: Any) -> Watched:
        return Watched(answer, self._steps)


_CHANGES = frozenset(
    {"take", "release", "open", "claim", "keep", "append", "append_once", "begin", "run", "commit"},
)


class Changing(Watched):
    """Counts what changes something, and nothing else: between two of these calls nothing happens."""

    def __getattr__(self, name: str) -> Any:
        return super().__getattr__(name) if name in _CHANGES else getattr(self._port, name)

    def _watching(self, answer: Any) -> Watched:
        return Changing(answer, self._steps)


def table_of(step: int) -> str:
    """One table for each step: the locks of a transaction that was killed hold nobody up."""
    return f"step_{step}_scd2"


def apply(server: Server, state_dir: Path, kill_at: int) -> None:
    with scene(server, state_dir, table=table_of(kill_at)) as here:
        plan = here.plan()
        steps, writes = Steps(kill_at), here.repairs._writes
        for name in _PORTS:
            setattr(writes, name, Changing(getattr(writes, name), steps))
        here.apply(plan)


def warm() -> None:
    """Import what a child would import each time. No thread is left."""
    with suppress(ImportError):
        import_module("opentelemetry.trace.propagation.tracecontext")
    with TemporaryDirectory() as directory:
        settings, env = Settings(state_dir=Path(directory)), {"XDG_DATA_HOME": directory}
        open_store(settings, env, who_asks({}), lambda: datetime.now(UTC)).journal.prepare()


def main(server: Server, state_dir: Path, act: Callable[[Server, Path, int], object] = apply) -> None:
    warm()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                act(server, state_dir, int(line))
            except BaseException:  # noqa: BLE001 - whatever it is, it must not go on as the parent
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        word = "killed" if killed else "applied" if os.waitstatus_to_exitcode(status) == 0 else "broken"
        print(word, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Server(sys.argv[1], int(sys.argv[2])), Path(sys.argv[3]))
