"""The terminal itself: signals, a line that drops, and what other code writes to the screen.

A terminal that goes away must end the console at once. Going on drawing fills Textual's write queue, blocks its loop
and keeps a core busy for good; so from that moment on nothing is written, and a watchdog ends what will not end.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from textual.drivers.linux_driver import LinuxDriver

LEAVING_S = 2.0
"""How long the console may take to leave before it is ended."""

_LINE_CHECK_S = 2.0
_SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


class Terminal(LinuxDriver):
    """Textual's driver, which falls silent when its terminal has gone."""

    silent = False
    """Nothing is written any more."""

    def write(self, data: str) -> None:
        if not self.silent:
            super().write(data)

    def close(self) -> None:
        # The writer thread may have died with the terminal and left its queue full: nobody to wait for then.
        if not self.silent:
            super().close()

    def _get_terminal_size(self) -> tuple[int, int]:
        # The terminal's own word: Textual believes $COLUMNS and $LINES first, which are as old as who exported them.
        try:
            columns, rows = os.get_terminal_size(self.fileno)
        except OSError:
            columns = rows = 0
        return (columns, rows) if columns and rows else super()._get_terminal_size()

    def fall_silent(self) -> None:
        self.silent = True
        self.exit_event.set()  # the input thread would read end-of-file for ever

    def line_has_dropped(self) -> bool:
        """The terminal has hung up, whether or not a signal told so (as where it is not the controlling one)."""
        poll = select.poll()
        poll.register(self.fileno, 0)
        return bool(poll.poll(0))

    def _run_input_thread(self) -> None:
        # Textual would print a traceback on the terminal that is not there.
        with suppress(OSError):
            self.run_input_thread()


class Watchdog:
    """Ends the process where leaving takes too long, once nothing but reads is under way."""

    def __init__(self, writes_end: Callable[[], bool] = lambda: True) -> None:
        """`writes_end` returns when nothing is written any more, or has taken too long."""
        self._writes_end = writes_end
        self._timer: threading.Timer | None = None
        self._left = threading.Event()

    def arm(self, code: int) -> None:
        if self._timer is None:
            self._timer = threading.Timer(LEAVING_S, self._end, (code,))
            self._timer.daemon = True
            self._timer.start()

    def disarm(self) -> None:
        self._left.set()
        if self._timer is not None:
            self._timer.cancel()

    def _end(self, code: int) -> None:
        self._writes_end()
        if not self._left.is_set():
            os._exit(code)


@contextmanager
def endings_leave(leave: Callable[[int], None], dropped: Callable[[], bool], watchdog: Watchdog) -> Iterator[None]:
    """Within the running loop, SIGHUP, SIGTERM, SIGINT and a terminal that has gone call `leave` with 128 + a signal.

    A line that stalls before it drops blocks the loop in Textual's full write queue. So none of this waits for the
    loop: the watchdog is armed where the end is heard of. What was inherited is overruled: under `nohup` SIGHUP would
    be ignored, and the console outlive its terminal.
    """
    loop, over = asyncio.get_running_loop(), threading.Event()

    def end(code: int) -> None:
        watchdog.arm(code)
        with suppress(RuntimeError):  # the loop is closed: it has left already
            loop.call_soon_threadsafe(leave, code)

    def watch_line() -> None:
        while not over.wait(_LINE_CHECK_S):
            if dropped():
                return end(128 + signal.SIGHUP)

    before = {number: signal.signal(number, lambda heard, _: end(128 + heard)) for number in _SIGNALS}
    threading.Thread(target=watch_line, name="line", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        for number, handler in before.items():
            signal.signal(number, handler)


def forget_terminal() -> None:
    """It has gone. What is still buffered for it could not be flushed at the end, and Python would answer 120 then."""
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def is_interactive() -> bool:
    """Keys come from standard input and the picture goes to standard error; both must be a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__))


@contextmanager
def screen_of_its_own(log: Path) -> Iterator[None]:
    """Keep file descriptor 2 for the picture alone: what libraries and child processes write there goes to `log`."""
    assert sys.__stderr__ is not None
    shown = sys.__stderr__
    kept = os.dup(2)
    try:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError:
        target = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(target, 2)
    os.close(target)
    picture = open(kept, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 (see below)
    sys.__stderr__ = picture  # type: ignore[misc]
    try:
        yield
    finally:
        sys.__stderr__ = shown  # type: ignore[misc]
        with suppress(OSError):  # what is still buffered cannot be written to a terminal that has gone
            picture.close()
        os.dup2(kept, 2)
        os.close(kept)
