"""Our end of the process that looks through a log: see `log_worker` for what goes over the pipes."""

from __future__ import annotations

import marshal
import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import gcms_tui
from gcms_tui.core.errors import GcmsError, Unavailable
from gcms_tui.core.log_view import Count, LogFilter

_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "67108864", "MALLOC_TRIM_THRESHOLD_": "67108864"}
"""glibc hands blocks of this size back to the kernel each time, and faults them in again: that halves the speed."""
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from gcms_tui.adapters.log_worker import main; main()"

_ABANDONED: tuple[Any] = (None,)
"""In the place of an answer."""


class LogWorkerLost(Unavailable):
    """The process is gone, and with it the answer."""


class LogClient:
    """One such process. Safe to use from several threads; `close` ends what is being waited for."""

    def __init__(self, fd: int) -> None:
        """Raises `Unavailable` where no process can be started."""
        root = str(Path(gcms_tui.__file__).parents[1])
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _PROGRAM, root, str(fd)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(fd,),
                bufsize=0,
                env={**os.environ, **_MALLOC},
            )
        except OSError as error:
            raise Unavailable(
                "The log cannot be searched",
                f"No process could be started for it: {error.strerror or error}",
                "Look for what uses up this machine, then open the log again.",
            ) from None
        self._lock = threading.Lock()
        self._counts: dict[str, Count] = {}
        self._waiting: dict[int, queue.SimpleQueue[tuple[Any] | None]] = {}
        self._asked = 0
        self.slow_at: int | None = None
        """The pattern took too long at this byte (-1: on the screen); the process has ended over it."""
        self._closed = False
        self._ended = False
        self._reading = threading.Thread(target=self._read, name="log answers", daemon=True)
        self._reading.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def lost(self) -> bool:
        """It has ended although nobody closed it."""
        return not self._closed and self._process.poll() is not None

    def count(self, name: str) -> Count:
        return self._counts.get(name, Count())

    def grow(self, size: int) -> None:
        self._send(("grow", size))

    def scan(self, name: str, wanted: LogFilter, pattern: str | None = None) -> None:
        """Have a selection of lines counted under `name`, which must be new."""
        level = None if wanted.level is None else int(wanted.level)
        self._send(("scan", name, (level, wanted.invocation_id, wanted.thread), pattern))

    def drop(self, name: str) -> None:
        self._send(("drop", name))
        self._counts.pop(name, None)

    def ask(self, what: str, *arguments: Any) -> Any:
        """The answer; None also where `abandon` came between. Raises `LogWorkerLost`."""
        answers: queue.SimpleQueue[tuple[Any] | None] = queue.SimpleQueue()
        with self._lock:
            self._asked += 1
            number = self._asked
            self._waiting[number] = answers
            if self._ended:
                answers.put(None)
        self._send((what, number, *arguments))
        answer = answers.get()  # it watches its own time, and its end is heard too
        self._waiting.pop(number, None)
        if answer is _ABANDONED:
            self._send(("stop", number))
            return None
        if answer is None:
            raise LogWorkerLost(
                "The log has not answered", "The process that looks through it has ended.", "Open the log again."
            )
        return answer[0]

    def abandon(self) -> None:
        """Whoever waits for an answer gets None, at once; it is they who tell the process, which may not listen now."""
        for waiting in tuple(self._waiting.values()):
            waiting.put(_ABANDONED)

    def close(self) -> None:
        """End it now, whatever it does."""
        self._closed = True
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def _send(self, request: tuple[Any, ...]) -> None:
        data = marshal.dumps(request)
        assert self._process.stdin is not None
        with self._lock, suppress(OSError, ValueError):  # it has ended: whoever asks is told so by the reader
            view = memoryview(len(data).to_bytes(4, "little") + data)
            while view:
                view = view[self._process.stdin.write(view) or 0 :]

    def _read(self) -> None:
        assert self._process.stdout is not None
        received = b""
        with self._process.stdout as stdout:
            while data := os.read(stdout.fileno(), 65_536):
                received += data
                while len(received) >= 4:
                    end = 4 + int.from_bytes(received[:4], "little")
                    if len(received) < end:
                        break
                    self._take(*marshal.loads(received[4:end]))
                    received = received[end:]
        self._process.wait()
        with self._lock:
            self._ended = True
            for waiting in self._waiting.values():
                waiting.put(None)

    def _take(self, what: str, *said: Any) -> None:
        if what == "count":
            name, number, scanned, done = said
            self._counts[name] = Count(number, scanned, done)
        elif what == "answer":
            if (waiting := self._waiting.get(said[0])) is not None:
                waiting.put((said[1],))
        elif what == "slow":
            self.slow_at = said[0]


def lost(client: LogClient) -> GcmsError:
    """Why a client's process has ended of itself."""
    if client.slow_at is None:
        return Unavailable(
            "The log is not looked through any more", "The process that did has ended.", "Open the log again."
        )
    where = "what is on the screen" if client.slow_at < 0 else f"a line behind byte {client.slow_at:,}"
    return Unavailable(
        "This search takes too long",
        f"The expression explodes on {where}, so the search has been stopped.",
        "Nested repeats such as (a+)+ do that: say it with one repeat.",
    )
