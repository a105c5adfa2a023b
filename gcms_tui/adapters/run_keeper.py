"""The process that starts one dbt run, waits for it, and puts its directory in order.

`python -m gcms_tui.adapters.run_keeper` reads its order on stdin. It leads a session of its own, so that neither a
terminal nor the console takes the run with them, and it holds the lease until everything is done. dbt is its child,
which is how the exit status of a dbt that was killed becomes known. A keeper that is killed itself leaves dbt running,
with the lease; the end of such a run is told by whoever reads its events.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gcms_tui.adapters.private_file import read_small, write_whole
from gcms_tui.adapters.run_events import invocation_id
from gcms_tui.adapters.run_lease import let_go
from gcms_tui.adapters.run_tidying import has_failing_rows, make_room, tidy
from gcms_tui.core.run import RunEnd
from gcms_tui.core.run_json import end_text, lease_text, read_lease

EVENTS, STDERR, PROCESS, END, AFTER = "events.jsonl", "stderr.txt", "process.json", "end.json", "after.txt"
COULD_NOT_START = 127
"""The exit code of a run whose dbt could not even be executed, as a shell gives it."""
AFTER_AT_MOST_S = 600
ORPHANS = "a signal ended dbt: statements of it may still run in the warehouse"

_RESERVED = 4096
"""Bytes that are set aside for the end before the run begins: a disk that fills up cannot cost the exit code."""

Begin = Callable[[int, int], int]
"""Start dbt with these descriptors for its output and errors; answer its process id. Raises `OSError`."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a keeper is to do. Holds no environment: that is the process' own."""

    run_dir: str
    argv: tuple[str, ...]
    """As it is executed, the program's whole path first."""
    project_dir: str
    cache_dir: str
    """What is kept between the runs of one project and target."""
    name_file: str
    """Of the lease."""
    after: tuple[str, ...] = ()
    """A command to run before the lease is let go, where tests have left failing rows."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Order:
        return cls(**{**document, "argv": tuple(document["argv"]), "after": tuple(document["after"])})


def keep(order: Order, lease: int, answer: int, begin: Begin) -> None:
    """The whole of a keeper's life. `answer` is where it tells whether dbt could be started."""
    run_dir = Path(order.run_dir)
    os.umask(0o077)
    default_signals()
    try:
        _reserve(run_dir / END)
        with _output(run_dir / EVENTS) as out, _output(run_dir / STDERR) as err:
            with suppress(OSError):
                fcntl.flock(out, fcntl.LOCK_EX)  # for as long as dbt has it open: the second sign that it is alive
            pid = begin(out, err)
        _introduce(order, pid)
    except OSError as error:
        reason = f"{error.filename or order.argv[0]}: {error.strerror or type(error).__name__}"
        _write_end(run_dir, RunEnd(datetime.now(UTC), COULD_NOT_START, note=f"dbt could not be started: {reason}"))
        let_go(lease, Path(order.name_file))
        _tell(answer, {"error": reason})
        return
    _tell(answer, {"pid": pid})
    _finish(order, pid)
    let_go(lease, Path(order.name_file))


def begin_executable(order: Order, lease: int) -> Begin:
    """dbt as a program of its own, which inherits the lease."""

    def begin(out: int, err: int) -> int:
        dbt = subprocess.Popen(
            order.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=order.project_dir, pass_fds=(lease,)
        )
        dbt.returncode = 0  # it is waited for by its number: nobody else is to reap it
        return dbt.pid

    return begin


def _introduce(order: Order, pid: int) -> None:
    """Say which process dbt is. One that nobody could ask to stop is not left running."""
    try:
        write_whole(Path(order.run_dir) / PROCESS, json.dumps({"pid": pid, "keeper": os.getpid()}) + "\n")
        name_file = Path(order.name_file)
        named = read_lease(read_small(name_file))
        named = replace(named, holder=replace(named.holder, pid=pid))
        write_whole(name_file, lease_text(named), durable=False)
    except (OSError, ValueError) as error:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise error if isinstance(error, OSError) else OSError(0, str(error), order.name_file) from None


def _finish(order: Order, pid: int) -> None:
    """Wait for dbt, write down how it ended, and put its directory in order."""
    run_dir = Path(order.run_dir)
    status = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert status is not None
    exited = status.si_code == os.CLD_EXITED
    end = RunEnd(
        datetime.now(UTC),
        exit_code=status.si_status if exited else None,
        signal=None if exited else status.si_status,
        invocation_id=invocation_id(run_dir / EVENTS),
    )
    # One that has said nothing yet was still being loaded, and has sent no statement.
    notes = [] if exited or end.invocation_id is None else [ORPHANS]
    _write_end(run_dir, replace(end, note="; ".join(notes)))
    # Until here its number belonged to nobody else: whoever signals it looks for the end first.
    os.waitpid(pid, 0)
    notes += tidy(run_dir / "target", Path(order.cache_dir))
    if order.after and has_failing_rows(run_dir / "target"):
        notes += _run_after(order.after, run_dir)
    if notes:
        _write_end(run_dir, replace(end, note="; ".join(notes)))


def _run_after(argv: tuple[str, ...], run_dir: Path) -> list[str]:
    try:
        with _output(run_dir / AFTER) as said:
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=AFTER_AT_MOST_S, check=False
            )
    except subprocess.TimeoutExpired:
        return [f"its failing rows were not kept within {AFTER_AT_MOST_S} s"]
    except OSError as error:
        return [f"its failing rows are not kept: {error.filename or argv[0]}: {error.strerror}"]
    return [f"its failing rows are not all kept: see {AFTER}"] if done.returncode else []


def _reserve(end_file: Path) -> None:
    descriptor = os.open(_reserved(end_file), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(b" " * _RESERVED)
        stream.flush()
        os.fsync(stream.fileno())


def _reserved(end_file: Path) -> Path:
    return end_file.with_name(f".{end_file.name}")


def _write_end(run_dir: Path, end: RunEnd) -> None:
    """Into the room that was set aside for it; where there is none, after making some. Gives up in silence: nobody
    listens, and the events still tell."""
    file = run_dir / END
    for attempt in (_into_reserve, _into_reserve_after_cutting, _anew):
        try:
            attempt(file, end)
            return
        except OSError:
            make_room(run_dir / "target")


def _into_reserve(file: Path, end: RunEnd) -> None:
    """In place, in one write: a reader sees the one or the other."""
    content = end_text(end).encode().ljust(_RESERVED)
    if len(content) > _RESERVED:
        raise OSError(0, "the note is too long")
    place = file if file.exists() else _reserved(file)
    descriptor = os.open(place, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(descriptor, content, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if place != file:
        os.replace(place, file)


def _into_reserve_after_cutting(file: Path, end: RunEnd) -> None:
    _into_reserve(file, replace(end, note=end.note[:500]))


def _anew(file: Path, end: RunEnd) -> None:
    write_whole(file, end_text(end))


@contextmanager
def _output(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _tell(answer: int, document: dict[str, Any]) -> None:
    with suppress(OSError):  # a console that has gone meanwhile finds the run on the shelf
        os.write(answer, json.dumps(document).encode() + b"\n")
    os.close(answer)


def default_signals() -> None:
    """A shell without job control starts what is behind `&` with SIGINT ignored, and dbt would inherit that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def main(arguments: list[str]) -> int:
    """`LEASE ANSWER`: the numbers of two inherited descriptors."""
    lease, answer = map(int, arguments)
    os.set_inheritable(answer, False)
    order = Order.from_json(json.load(sys.stdin))
    # Twice removed from the console, it leaves no zombie there.
    if os.fork():
        os._exit(0)
    os.setsid()
    silence(Path(order.run_dir))
    keep(order, lease, answer, begin_executable(order, lease))
    return 0


def silence(run_dir: Path) -> None:
    """Nothing is read any more, and what Python itself may complain of goes where dbt's errors go."""
    null = os.open(os.devnull, os.O_RDWR)
    errors = os.open(run_dir / STDERR, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.dup2(errors, 2)
    os.close(null)
    os.close(errors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
