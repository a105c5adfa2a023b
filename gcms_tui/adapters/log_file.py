"""A log file of any size: opened at its end at once, followed through rotation, looked through by other processes.

Nothing here reads more than a page. Counting, filtering and searching are done by `log_worker` processes: one that
counts lines and filters, and one for as long as something is searched, which can be killed at any moment.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from gcms_tui.adapters.log_client import LogClient, LogWorkerLost, lost
from gcms_tui.adapters.log_copy import save_private_copy
from gcms_tui.adapters.log_walk import LogReader, header_before
from gcms_tui.adapters.log_worker import FAILURES
from gcms_tui.core.errors import GcmsError, Unavailable
from gcms_tui.core.log_line import parse_line
from gcms_tui.core.log_pattern import Pattern
from gcms_tui.core.log_view import Count, LogFilter, LogPage, LogState, Match, RawLine

DRAWN = 64 * 1024
"""Bytes of a line that are ever decoded for the screen."""
_TAIL = 256 * 1024
_MARK = 256
"""Bytes at the beginning that tell a file which was emptied and written anew."""

_Identity = tuple[int, int]


class LogFile:
    """Fits `gcms_tui.operations.log_port.Log`."""

    def __init__(self, path: Path) -> None:
        """Raises `Unavailable` where the path is something else than a file, or may not be read."""
        self._path = path
        self._lock = threading.RLock()
        self._reader: LogReader | None = None
        self._identity: _Identity | None = None
        self._mark = b""
        self._written = 0
        """When the file was last changed, in nanoseconds."""
        self._client: LogClient | None = None
        self._searcher: LogClient | None = None
        self._filter = LogFilter()
        self._pattern: Pattern | None = None
        self._scans = 0
        self._shown = self._failures = self._found = ""
        self._state = LogState()
        self._closed = False
        self._open()

    # -- the file itself --------------------------------------------------------------------------------------------

    def tail(self, lines: int) -> LogPage:
        with self._held() as reader:
            return LogPage(()) if reader is None else self._tail_of(reader, lines)

    def _tail_of(self, reader: LogReader, lines: int) -> LogPage:
        begin = reader.start_before(reader.limit, _TAIL) if reader.limit else 0
        if reader.limit - begin > 2 * _TAIL:  # one line that long
            return self._page([(begin, reader.limit - begin)], None, begin == 0, True)
        block = reader.block(begin, 2 * _TAIL)
        places, at = [], 0
        for text in block.data.split(b"\n"):
            places.append((begin + at, len(text)))
            at += len(text) + 1
        if not block.data or block.data.endswith(b"\n"):
            places.pop()
        shown = places[-lines:]
        starts = begin == 0 and len(shown) == len(places)
        return self._page(shown, 0 if starts else None, starts, True)

    def poll(self) -> LogState:
        with self._lock:
            if self._closed:
                return self._state
            try:
                self._look()
            except GcmsError as error:
                self._state = replace(self._state, problem=error)
                return self._state
            self._state = replace(self._state, **self._counts())
            return self._state

    def _look(self) -> None:
        """Follow the path: growth, another file in its place, the same file begun anew, none any more."""
        try:
            found = os.stat(self._path)
        except OSError as error:
            if not isinstance(error, FileNotFoundError | NotADirectoryError):
                raise _unreadable(self._path, error) from None
            if self._state.exists:
                self._state = replace(self._state, exists=False, event=f"{self._path.name} was deleted")
            self._grow()
            return
        if (found.st_dev, found.st_ino) != self._identity:
            before = self._identity
            self._open()
            if before is not None and self._identity is not None:
                self._state = replace(self._state, event=f"{self._path.name} was rotated: this is the new file")
            return
        self._grow()

    def _grow(self) -> None:
        reader = self._reader
        if reader is None:
            return
        found = os.fstat(reader.fd)
        size = found.st_size
        if (size, found.st_mtime_ns) == (reader.limit, self._written):
            return
        self._written = found.st_mtime_ns
        if size < reader.limit or os.pread(reader.fd, len(self._mark), 0) != self._mark:
            self._forget()
            self._open()
            self._state = replace(self._state, event=f"{self._path.name} was truncated: it begins anew")
            return
        if size == reader.limit:
            return
        if len(self._mark) < _MARK:
            self._mark = os.pread(reader.fd, min(_MARK, size), 0)
        reader.limit = size
        self._state = replace(self._state, size=size)
        for client in (self._client, self._searcher):
            if client is not None:
                client.grow(size)

    def _open(self) -> None:
        """Open what the path names now; nothing where it names nothing."""
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise _unreadable(self._path, error) from None
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            os.close(fd)
            raise Unavailable("Not a log file", f"{self._path} is no ordinary file.", "Name a file.")
        self._forget()
        self._reader = LogReader(fd, found.st_size)
        self._identity = (found.st_dev, found.st_ino)
        self._mark = os.pread(fd, min(_MARK, found.st_size), 0)
        self._written = found.st_mtime_ns
        self._state = LogState(found.st_size, True, self._state.generation + 1)

    def _forget(self) -> None:
        """Give up the file that is open, and everything known of it."""
        for client in (self._client, self._searcher):
            if client is not None:
                client.close()
        self._client = self._searcher = None
        if self._reader is not None:
            os.close(self._reader.fd)
        self._reader = None

    # -- the processes that look through it -------------------------------------------------------------------------

    def _counts(self) -> dict[str, Any]:
        if self._reader is None:
            return {"lines": Count(), "shown": None, "found": None, "problem": None}
        client = self._indexer()
        searcher = self._searcher
        problem = lost(searcher) if searcher is not None and searcher.lost else None
        return {
            "lines": client.count("lines"),
            "wanted": self._filter,
            "searched": "" if self._pattern is None else self._pattern.text,
            "shown": client.count(self._shown) if self._filter else None,
            "found": searcher.count(self._found) if searcher is not None else None,
            "problem": problem or (lost(client) if client.lost else None),
        }

    def _indexer(self) -> LogClient:
        with self._lock:
            if self._client is None:
                self._client = self._started()
                self._client.scan("lines", LogFilter())
                self._narrow()
                if self._searcher is None:
                    self._seek_again()
            return self._client

    def _started(self) -> LogClient:
        if self._reader is None:
            raise Unavailable("No log", f"There is no {self._path} yet.", "It appears here as soon as it is written.")
        client = LogClient(self._reader.fd)
        client.grow(self._reader.limit)
        return client

    def narrow(self, wanted: LogFilter) -> None:
        with self._lock:
            self._filter = wanted
            if self._client is not None:
                self._narrow()
            self._seek_again()

    def _narrow(self) -> None:
        assert self._client is not None
        if self._failures:
            self._client.drop(self._failures)
        if self._shown not in ("", "lines"):
            self._client.drop(self._shown)
        self._scans += 1
        self._shown, self._failures = "lines", f"failures {self._scans}"
        if self._filter:
            self._shown = f"shown {self._scans}"
            self._client.scan(self._shown, self._filter)
        self._client.scan(self._failures, self._filter, FAILURES)

    def search(self, pattern: Pattern | None) -> None:
        with self._lock:
            self._pattern = pattern
            self._seek_again()

    def _seek_again(self) -> None:
        """Search from the beginning: for another pattern, under another filter, in another file."""
        if self._searcher is not None:
            self._searcher.close()
            self._searcher = None
        if self._pattern is not None and self._reader is not None:
            self._searcher = self._started()
            self._scans += 1
            self._found = f"found {self._scans}"
            self._searcher.scan(self._found, self._filter, self._pattern.text)

    # -- answers ----------------------------------------------------------------------------------------------------

    def page(self, offset: int, before: int, after: int) -> LogPage | None:
        with self._lock:
            if self._reader is None:
                return LogPage(())
            client, name = self._indexer(), self._shown
        answer = client.ask("page", name, offset, before, after)
        if answer is None:
            return None
        places, first, starts, ends = answer
        return self._page(places, first, starts, ends)

    def offset_of(self, rank: int) -> int | None:
        answer = self._indexer().ask("line", self._shown, rank)
        return None if answer is None else int(answer)

    def next_failure(self, offset: int, direction: int) -> Match | None:
        answer = self._indexer().ask("seek", self._failures, offset, direction)
        return None if answer is None else Match(answer[0], None)

    def next_match(self, offset: int, direction: int) -> Match | None:
        answer = self._search_for("seek", offset, direction)
        return None if answer is None else Match(*answer)

    def rank_of_match(self, offset: int) -> int | None:
        answer = self._search_for("rank", offset)
        return None if answer is None else int(answer)

    def spans(self, pattern: Pattern, texts: tuple[str, ...]) -> list[list[tuple[int, int]]] | None:
        answer: list[list[tuple[int, int]]] | None = self._search_for("spans", texts, pattern=pattern)
        return answer

    def _search_for(self, what: str, *arguments: Any, pattern: Pattern | None = None) -> Any:
        """Ask the search; where `pattern` is given, only the one for that."""
        with self._lock:
            searcher, name = self._searcher, self._found
            if searcher is None or pattern not in (None, self._pattern):
                return None
        try:
            return searcher.ask(what, name, *arguments)
        except LogWorkerLost:
            if searcher.lost:
                raise lost(searcher) from None
            return None  # closed, because something else is searched now

    def invocation_at(self, offset: int) -> str | None:
        with self._held() as reader:
            if reader is None:
                return None
            block = reader.block(offset, DRAWN)
            line = parse_line(block.data.partition(b"\n")[0])
            return line.invocation_id or header_before(reader, offset)[1]

    def save(self, directory: Path, name: str) -> Path:
        with self._held() as reader:
            if reader is None:
                raise Unavailable("Not saved", f"There is no {self._path} yet.", "Save it once it is written.")
            return save_private_copy(reader, self._filter, directory, name)

    @contextmanager
    def _held(self) -> Iterator[LogReader | None]:
        """The file that is open now, for as long as it is read: the path may come to name another one meanwhile."""
        with self._lock:
            held = None if self._reader is None else LogReader(os.dup(self._reader.fd), self._reader.limit)
        try:
            yield held
        finally:
            if held is not None:
                os.close(held.fd)

    def abandon(self) -> None:
        for client in (self._client, self._searcher):  # without the lock: somebody may be starting a process under it
            if client is not None:
                client.abandon()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._forget()

    def _page(self, places: list[tuple[int, int]], first: int | None, starts: bool, ends: bool) -> LogPage:
        with self._lock:
            if self._reader is None:
                return LogPage(())
            fd = self._reader.fd
            lines = tuple(RawLine(at, size, os.pread(fd, min(size, DRAWN), at) if size else b"") for at, size in places)
        return LogPage(lines, first, starts, ends)


def _unreadable(path: Path, error: OSError) -> Unavailable:
    reason = error.strerror or type(error).__name__
    return Unavailable("The log cannot be read", f"{path}: {reason}.", "Ask for the right to read it.")
