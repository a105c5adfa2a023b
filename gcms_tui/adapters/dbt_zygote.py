"""The warm process: imports dbt once, and forks a child for each command that it is sent.

`python -m gcms_tui.adapters.dbt_zygote STAGE` rehearses in that directory, unless somebody waits already. Then it
reads requests from the socket that is its stdin, each with the descriptors that the child is to have, and ends when the
other end is closed. It starts no thread, opens no connection and reads no profile; a child has the environment that was
sent with its request and nothing of another one's.
"""

from __future__ import annotations

import gc
import importlib
import importlib.metadata
import json
import os
import select
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from gcms_tui.adapters.run_keeper import Begin, Order, default_signals, keep, silence

PRELOADED = (
    "dbt.cli.main", "dbt.adapters.snowflake", "snowflake.connector", "snowflake.connector.vendored.requests",
    "dbt.compilation", "dbt.graph.thread_pool", "dbt.parser.sql", "dbt.runners", "dbt.task.build", "dbt.task.clean",
    "dbt.task.compile", "dbt.task.debug", "dbt.task.deps", "dbt.task.docs.generate", "dbt.task.freshness",
    "dbt.task.function", "dbt.task.list", "dbt.task.run", "dbt.task.run_operation", "dbt.task.seed",
    "dbt.task.snapshot", "dbt.task.test", "dbt_common.clients.agate_helper", "daff", "sqlparse", "resource",
    "multiprocessing.dummy", "multiprocessing.resource_tracker", "opentelemetry.trace",
    "opentelemetry.trace.propagation.tracecontext", "click._textwrap",
)  # fmt: skip
"""What a first run imports, most of it only when it comes to it. One that is not there costs its run nothing."""
GENERATION = "1."
"""Of dbt: another one may not be what can be imported and forked."""
READY = b"!"


def main(stage: Path) -> int:
    line = socket.socket(fileno=os.dup(0))
    if not importlib.metadata.version("dbt-core").startswith(GENERATION):
        return 1
    _into_background(True)
    _preload()
    if select.select([line], [], [], 0)[0]:  # somebody waits already, or nobody is there any more
        shutil.rmtree(stage, ignore_errors=True)
    elif not _rehearse(stage):
        return 1
    _into_background(False)
    gc.collect()
    # Its objects stay shared with the children: their collector does not touch them.
    gc.freeze()
    signal.signal(signal.SIGCHLD, _reap)
    with suppress(OSError):
        line.sendall(READY)
    while (request := _receive(line)) is not None:
        message, descriptors = request
        if os.fork() == 0:
            line.close()
            _serve(message, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
    return 0


def _preload() -> None:
    gc.disable()
    importlib.import_module(PRELOADED[0])
    for name in PRELOADED[1:]:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.enable()


def _rehearse(stage: Path) -> bool:
    """Whether this process may be forked. One that nobody is waiting for has the time to get warmer."""
    from gcms_tui.adapters.dbt_rehearsal import NotCalm, rehearse

    try:
        rehearse(stage)
    except NotCalm:
        return False
    except Exception:  # noqa: BLE001 - whatever fails in it costs only the head start, and a run will tell
        return True
    return True


def _into_background(on: bool) -> None:
    """While it imports, whoever draws the console comes first. A nice value could not be taken back."""
    if hasattr(os, "sched_setscheduler"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH if on else os.SCHED_OTHER, os.sched_param(0))


def _reap(_number: int, _frame: object) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _receive(line: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """None when nobody is there any more."""
    try:
        head, descriptors, _, _ = socket.recv_fds(line, 4, 4)
        head += _exactly(line, 4 - len(head)) if head else b""
        return (json.loads(_exactly(line, int.from_bytes(head, "big"))), descriptors) if head else None
    except (OSError, EOFError):
        return None


def _exactly(line: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        block = line.recv(size - len(content))
        if not block:
            raise EOFError
        content += block
    return content


def _serve(message: Mapping[str, Any], descriptors: Sequence[int]) -> NoReturn:
    """In the child: as a keeper, or as whoever waits for one command. Never returns, but to end as dbt ends."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)  # the line: what still waits in it goes with the warm process, and not with this one
    os.close(null)
    os.environ.clear()
    os.environ.update(message["env"])
    status = 70
    try:
        if "keep" in message:
            lease, answer = descriptors
            order = Order.from_json(message["keep"])
            silence(Path(order.run_dir))
            keep(order, lease, answer, _begin_fork(order, answer))
        else:
            _run_one(message, descriptors)
        status = 0
    except Exception:  # noqa: BLE001 - the last frame of a process: what went wrong is for its errors, then it ends
        traceback.print_exc()
    os._exit(status)


def _run_one(message: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    out, err, answer, _held = descriptors
    os.umask(0o077)
    default_signals()
    pid = os.fork()
    if pid == 0:
        os.close(answer)
        _become_dbt(message["run"], message["cwd"], out, err)
    # Whoever asked has given it up by then, or is gone.
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(message["at_most_s"])
    _, status = os.waitpid(pid, 0)
    with suppress(OSError):
        os.write(answer, json.dumps({"exit": os.waitstatus_to_exitcode(status)}).encode())


def _begin_fork(order: Order, answer: int) -> Begin:
    def begin(out: int, err: int) -> int:
        pid = os.fork()
        if pid == 0:
            os.close(answer)
            _become_dbt(order.argv, order.project_dir, out, err)
        return pid

    return begin


def _become_dbt(argv: Sequence[str], cwd: str, out: int, err: int) -> NoReturn:
    """What dbt's own program does, from its first line to the interpreter's end: it leaves by `SystemExit` or, when it
    is interrupted, by `KeyboardInterrupt`, which no caller in this process catches."""
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for wanted, descriptor in enumerate((null, out, err)):
            os.dup2(descriptor, wanted)
        os.close(null)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(cwd)
        sys.argv = list(argv)
        from dbt.cli.main import cli

        cli()
    except Exception:  # noqa: BLE001 - as the interpreter would; but the frames below this one are another program's
        traceback.print_exc()
        raise SystemExit(1) from None
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
