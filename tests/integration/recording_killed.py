"""A console that is killed at a chosen step of recording. Run as a program, it forks one for each step asked for.

`python -m tests.integration.recording_killed PORT` reads a number and a directory from stdin, a line each: a child
plans there, records, and kills itself just before that call by which the write changes something outside, the note of
the run among them. A line of stdout says how it ended: `killed` or `recorded`.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path

from tests.integration.killing import _PORTS, Changing, Steps, warm
from tests.integration.recording_scene import console


def record(port: int, directory: Path, kill_at: int) -> None:
    with console(port, directory) as here:
        plan = here.plan()
        steps = Steps(kill_at)
        for name in _PORTS:
            setattr(here.writes, name, Changing(getattr(here.writes, name), steps))
        book = here.recording._book
        book._journal = Changing(book._journal, steps)
        here.record(plan)


def main(port: int) -> None:
    warm()
    for line in sys.stdin:
        step, directory = line.split(maxsplit=1)
        child = os.fork()
        if child == 0:
            try:
                record(port, Path(directory.strip()), int(step))
            except BaseException:  # noqa: BLE001 - whatever it is, it must not go on as the parent
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        word = "killed" if killed else "recorded" if os.waitstatus_to_exitcode(status) == 0 else "broken"
        print(word, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
