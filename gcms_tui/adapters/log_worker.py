"""The process that looks through a log: `python -m gcms_tui.adapters.log_worker FD`.

A process of its own, because Python's `re` keeps the interpreter for itself while it matches: in a thread a slow
pattern would freeze the console, and a catastrophic one would end it. This one can be killed, and watches its time.

Frames on stdin and stdout: four bytes of length, then a marshalled tuple. Requests: `grow` size; `scan` name, filter,
pattern; `drop` name; `page`, `rank`, `line`, `seek`, `spans`, each with its number and arguments; `stop` number.
Replies: `count` name, number, bytes scanned, done; `answer` number, value; `slow` byte offset or -1, then it ends.
"""

from __future__ import annotations

import marshal
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Generator
from types import FrameType
from typing import Any

from gcms_tui.adapters.log_scan import Failures, Matcher, Search, Selection
from gcms_tui.adapters.log_walk import LogReader, Piecewise, Scan
from gcms_tui.core.log_line import Level
from gcms_tui.core.log_pattern import Pattern, compile_pattern
from gcms_tui.core.log_view import LogFilter

PATIENCE_S = 3.0
"""How long one block may take. An ordinary one takes a millisecond."""
WATCH_S = 0.5
TELL_S = 0.1
FAILURES = ""
"""Stands for a pattern: what failed."""


_QUESTIONS: dict[str, Callable[..., Piecewise[Any]]] = {
    "page": Scan.page,
    "rank": Scan.rank,
    "line": Scan.line,
    "seek": Scan.seek,
}


class _TooSlow(BaseException):
    """The pattern explodes on some line. Not an Exception, so that nothing on the way takes it for a failure."""


class Worker:
    """Answers what is asked at once, and counts in between."""

    def __init__(self, fd: int) -> None:
        self._reader = LogReader(fd)
        self._scans: dict[str, Scan] = {}
        self._patterns: dict[str, Pattern] = {}
        self._counting: list[str] = []
        self._tasks: dict[int, Generator[None, None, Any]] = {}
        self._incoming = b""
        self._told: dict[str, tuple[int, int, bool]] = {}
        self._told_at = 0.0
        self._parent = os.getppid()
        self._began = 0.0

    def run(self) -> None:
        signal.signal(signal.SIGALRM, self._watch)
        try:
            while self._hear(wait=not self._busy()):
                self._began = time.monotonic()
                self._work()
                self._began = 0.0
                self._tell()
        except _TooSlow:
            _send(("slow", max((self._scans[name].at for name in self._patterns), default=-1)))

    def _watch(self, number: int, frame: FrameType | None) -> None:
        if os.getppid() != self._parent:
            os._exit(0)
        if self._began and time.monotonic() - self._began > PATIENCE_S:
            raise _TooSlow

    def _busy(self) -> bool:
        return bool(self._tasks) or any(not self._scans[name].done for name in self._counting)

    def _work(self) -> None:
        """One piece of the oldest question, or of counting."""
        for number, task in self._tasks.items():
            try:
                next(task)
            except StopIteration as end:
                del self._tasks[number]
                _send(("answer", number, end.value))
            return
        for name in self._counting:
            if not self._scans[name].done:
                self._scans[name].step()
                return

    def _tell(self) -> None:
        """How far counting is, ten times a second at most."""
        now = time.monotonic()
        counts = {}
        for name in self._counting:
            scan = self._scans[name]
            counts[name] = (scan.count, scan.at, scan.done)
        if counts == self._told or (now - self._told_at < TELL_S and self._busy()):
            return
        for name, count in counts.items():
            if self._told.get(name) != count:
                _send(("count", name, *count))
        self._told, self._told_at = counts, now

    def _hear(self, *, wait: bool) -> bool:
        """Take what has been asked. False once nobody can ask any more."""
        if wait:
            signal.setitimer(signal.ITIMER_REAL, 0)  # an idle process is to stay idle
            select.select([0], [], [])
        while select.select([0], [], [], 0)[0]:
            data = os.read(0, 65_536)
            if not data:
                return False
            self._incoming += data
            while len(self._incoming) >= 4:
                end = 4 + int.from_bytes(self._incoming[:4], "little")
                if len(self._incoming) < end:
                    break
                request, self._incoming = self._incoming[4:end], self._incoming[end:]
                self._take(*marshal.loads(request))
        if wait:
            signal.setitimer(signal.ITIMER_REAL, WATCH_S, WATCH_S)
        return True

    def _take(self, what: str, *arguments: Any) -> None:
        if what == "grow":
            self._reader.limit = arguments[0]
        elif what == "scan":
            self._add(*arguments)
        elif what == "drop":
            self._scans.pop(arguments[0], None)
            self._counting = [name for name in self._counting if name != arguments[0]]
        elif what == "stop":
            if self._tasks.pop(arguments[0], None) is not None:
                _send(("answer", arguments[0], None))
        elif what == "spans":
            number, name, texts = arguments
            self._tasks[number] = self._spans(name, texts)
        else:
            number, name, *rest = arguments
            self._tasks[number] = _QUESTIONS[what](self._scans[name], *rest)

    def _add(self, name: str, wanted: tuple[int | None, str | None, str | None], pattern: str | None) -> None:
        level, invocation_id, thread = wanted
        matcher: Matcher | None = None
        if pattern == FAILURES:
            matcher = Failures()
        elif pattern is not None:
            self._patterns[name] = compile_pattern(pattern)
            matcher = Search(self._patterns[name])
        keep = LogFilter(None if level is None else Level(level), invocation_id, thread)
        self._scans[name] = Scan(self._reader, Selection(keep, matcher))
        self._counting = [each for each in self._counting if each != name]
        if pattern != FAILURES:
            self._counting.append(name)
        self._told.pop(name, None)

    def _spans(self, name: str, texts: tuple[str, ...]) -> Piecewise[list[list[tuple[int, int]]]]:
        found = []
        for text in texts:
            found.append(self._patterns[name].spans(text))
            yield
        return found


def _send(reply: tuple[Any, ...]) -> None:
    data = marshal.dumps(reply)
    view = memoryview(len(data).to_bytes(4, "little") + data)
    while view:
        view = view[os.write(1, view) :]


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the terminal is for whoever asks
    try:
        Worker(int(sys.argv[-1])).run()
    except BrokenPipeError:
        return


if __name__ == "__main__":
    main()
