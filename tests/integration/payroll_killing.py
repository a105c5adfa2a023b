"""A payroll's console that is killed at a chosen call of a step. Run as a program, it forks one for each asked for.

`python -m tests.integration.payroll_killing` reads JSON from stdin, a line each: `[directory, act, n]`. A child does
that act (see `payroll_acts.ACTS`) on the payroll in that directory, and kills itself just before the n-th call that
changes anything: the store, the files, the warehouse, and between an entry's COMMIT and its anchor. What was killed
just after a call would leave the same behind as just before the next, as nothing happens in between. A line of stdout
says how it ended: `killed`, or as `payroll_walk.word` says.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.integration.killing import Steps, Watched
from tests.integration.payroll_acts import ACTS
from tests.integration.payroll_walk import Console, Place, word

_CHANGES = {
    "anchors": {"advance"},
    "journal": {"append", "append_once"},
    "leases": {"take"},
    "index": {"open", "end"},
    "plans": {"keep", "claim"},
    "access": {"open"},
    "signing": {"sign"},
    "files": {"prepare", "release", "withdraw"},
}


class Port(Watched):
    """Counts what changes something, and what is handed out by it, and nothing else."""

    def __init__(self, name: str, port: Any, steps: Steps) -> None:
        super().__init__(port, steps)
        self._changes = _CHANGES[name]

    def __getattr__(self, name: str) -> Any:
        return super().__getattr__(name) if name in self._changes else getattr(self._port, name)


def act(directory: Path, name: str, kill_at: int) -> str:
    chosen, steps = ACTS[name], Steps(kill_at)
    here = Console(Place(directory), chosen.who, watch=lambda port, what: Port(port, what, steps))
    return word(lambda: chosen.do(here))


def warm() -> None:
    """Import what a child would import each time. No thread is left."""
    with TemporaryDirectory() as directory:
        Console(Place(Path(directory))).store.journal.prepare()


def main() -> None:
    warm()
    for line in sys.stdin:
        directory, name, kill_at = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writing, act(Path(directory), name, kill_at).encode())
            except BaseException:  # noqa: BLE001 - whatever it is, it must not go on as the parent
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reading) as said:
            killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            print("killed" if killed else said.read() or "broken", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
