"""A console that is killed at a chosen step of a write. Run as a program, it forks one for each step asked for.

`python -m tests.integration.killing CONFIG TABLE KEY` reads numbers from stdin, a line each: a child makes a plan,
applies it, and kills itself at that many calls of what a guarded write asks of the outside, each counted before it is
made and after. A line of stdout says how the child ended: `killed` or `applied`.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring import load_settings, open_scd2_desk

_PORTS = ("_access", "_plans", "_leases", "_journal")
_HANDED_OUT = frozenset({"open", "take"})
"""Calls that answer with something whose calls count too: a session, a lease."""
_QUIET = frozenset({"held", "get", "entries", "about", "open_intents"})
"""Calls that only read the store."""


class Steps:
    """Counts, and kills at one of them."""

    def __init__(self, kill_at: int) -> None:
        self._left = kill_at

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """Stands for a port; each call is a step before it is made, and one after."""

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
            self._steps.step()
            return Watched(answer, self._steps) if name in _HANDED_OUT else answer

        return counted


def apply(config: Path, table: str, key: str, kill_at: int) -> None:
    invocation = Invocation(config=config)
    with open_scd2_desk(load_settings(invocation).settings, invocation) as desk:
        repairs = desk.required_bench().repairs
        plan = repairs.propose(table, key)
        steps, writes = Steps(kill_at), repairs._writes
        for name in _PORTS:
            setattr(writes, name, Watched(getattr(writes, name), steps))
        repairs.apply(plan.plan_id, key, "a test that is killed")


def main(config: Path, table: str, key: str) -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                apply(config, table, key, int(line))
            except BaseException:  # noqa: BLE001 - whatever it is, it must not go on as the parent
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        word = "killed" if killed else "applied" if os.waitstatus_to_exitcode(status) == 0 else "broken"
        print(word, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
