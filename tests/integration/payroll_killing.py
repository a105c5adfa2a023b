"""A console that is killed at a chosen call of a step of a payroll, or meets another there: a program that forks them.

`python -m tests.integration.payroll_killing` reads JSON from stdin, each line a list of requests for as many children.
A child does its act (see `payroll_acts.ACTS`), and kills itself just before the n-th call that changes anything: the
store, the files, the warehouse, and between an entry's COMMIT and its anchor. What was killed just after a call would
leave the same behind as just before the next, as nothing happens in between. A line of stdout says how they ended:
`killed`, or as `payroll_walk.word` says.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gcms_tui.sandbox.directory import wait_until
from tests.integration.killing import Steps, Watched
from tests.integration.payroll_acts import ACTS
from tests.integration.payroll_walk import Console, Place, word

_PATIENCE_S = 90.0
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


class Meeting(Steps):
    """At that step it lets somebody else in, and goes on once they have ended."""

    def __init__(self, at: int, meet: Path) -> None:
        super().__init__(0)
        self._number = 0
        self._at = at
        self._meet = meet

    def step(self) -> None:
        self._number += 1
        if self._number == self._at:
            touched(self._meet / "inside")
            waited_for(self._meet / "ended")


@dataclass(frozen=True, slots=True)
class Request:
    """What a child does."""

    directory: str
    act: str
    kill_at: int = 0
    url_file: str = ""
    who: tuple[str, str] | None = None
    """None: whose act it is."""
    meet: str = ""
    """A directory in which two find each other: see `part`."""
    part: str = ""
    """`first`: it lets the second in at `kill_at`. `second`: it begins then. `both`: they begin at the same moment."""

    def done(self) -> str:
        act, meet = ACTS[self.act], Path(self.meet)
        steps = Meeting(self.kill_at, meet) if self.part == "first" else Steps(self.kill_at)
        place = Place(Path(self.directory), Path(self.url_file) if self.url_file else None)
        here = Console(place, self.who or act.who, watch=lambda port, what: Port(port, what, steps))
        if self.part == "second":
            waited_for(meet / "inside")
        if self.part == "both":
            here.store.leases.held()  # it has been opened
            touched(meet / str(os.getpid()))
            assert wait_until(lambda: len([*meet.iterdir()]) == 2, _PATIENCE_S, 0.001)
        ended = word(lambda: act.do(here))
        if self.part == "second":
            touched(meet / "ended")
        return ended


def touched(path: Path) -> None:
    path.touch()


def waited_for(path: Path) -> None:
    assert wait_until(path.exists, _PATIENCE_S, 0.005)


class Program:
    """As the test speaks to it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Program]:
        argv = [sys.executable, "-m", "tests.integration.payroll_killing"]
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
            yield cls(process)
            assert process.stdin is not None
            process.stdin.close()

    def ask(self, *requests: Request) -> list[str]:
        """How they ended, done at the same time."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([asdict(request) for request in requests]) + "\n")
        self._process.stdin.flush()
        answered: list[str] = json.loads(self._process.stdout.readline())
        return answered


def warm() -> None:
    """Import what a child would import each time. No thread is left."""
    with TemporaryDirectory() as directory:
        Console(Place(Path(directory))).store.journal.prepare()


def forked(request: Request) -> tuple[int, int]:
    """Its process, and where it says how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, request.done().encode())
        except BaseException:  # noqa: BLE001 - whatever it is, it must not go on as the parent
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    return child, reading


def ended(child: int, reading: int) -> str:
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading) as said:
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        return "killed" if killed else said.read() or "broken"


def main() -> None:
    warm()
    for line in sys.stdin:
        children = [forked(Request(**said)) for said in json.loads(line)]
        print(json.dumps([ended(*child) for child in children]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
