"""A real pseudo-terminal with a program in it, and eyes: what a person in tmux would type and see."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import pyte


class Terminal:
    """Runs `argv` as the session leader of a pseudo-terminal and keeps its screen."""

    def __init__(
        self, argv: Sequence[str], *, columns: int = 80, rows: int = 24, env: Mapping[str, str] | None = None
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._lines: dict[int, str] = {}
        self.received = 0
        """Bytes the program has sent to the terminal so far."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_take_controlling_terminal,
            env={"TERM": "xterm-256color", **(os.environ if env is None else env)},
        )
        os.close(slave)
        self.master: int | None = master

    def send(self, keys: str) -> None:
        assert self.master is not None, "the terminal has been dropped"
        os.write(self.master, keys.encode())

    @property
    def lines(self) -> tuple[str, ...]:
        """The screen's. It is looked at some thousand times: only those that were written to are put together anew."""
        if self.screen.dirty:
            cells, width = self.screen.buffer, range(self.screen.columns)
            for place in self.screen.dirty & set(range(self.screen.lines)):
                self._lines[place] = "".join(cells[place][column].data for column in width).rstrip()
            self.screen.dirty.clear()
        return tuple(self._lines[place] for place in range(self.screen.lines))

    def text(self) -> str:
        return "\n".join(self.lines)

    def pump(self, seconds: float) -> bool:
        """Read what arrives within `seconds`, once. False when nothing did or the program has gone."""
        if self.master is None or not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.received += len(data)
        self._stream.feed(data)
        return bool(data)

    def wait_for(self, *texts: str, timeout: float = 30.0) -> float:
        """Seconds from the start until every one of `texts` stands on the screen."""
        deadline = time.monotonic() + timeout
        while not all(text in self.text() for text in texts):
            gone = self.process.poll() is not None  # asked first: what it said last may still be to be read
            if time.monotonic() > deadline or (not self.pump(0.1) and gone):
                raise AssertionError(f"{texts} not on the screen after {timeout} s:\n{self.text()}")
        return time.monotonic() - self.started

    def wait_gone(self, timeout: float = 60.0) -> int:
        """The exit status; negative for a signal."""
        deadline = time.monotonic() + timeout
        while (status := self.process.poll()) is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"still running after {timeout} s:\n{self.text()}")
            self.pump(0.05)
        return status

    def resize(self, columns: int, rows: int) -> None:
        assert self.master is not None, "the terminal has been dropped"
        self.screen.resize(rows, columns)
        self.screen.erase_in_display(2)  # what is seen afterwards was drawn for the new size
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def drop(self) -> None:
        """The line goes away: the kernel sends SIGHUP, as when an SSH connection dies."""
        if self.master is not None:
            os.close(self.master)
            self.master = None

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _take_controlling_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
