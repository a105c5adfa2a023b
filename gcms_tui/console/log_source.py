"""The log screen's threads: each reads or waits, and posts a frozen answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from gcms_tui.console.pane import Loader
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.log_line import parse_line
from gcms_tui.core.log_pattern import Pattern, readable
from gcms_tui.core.log_view import LogFilter, LogPage, LogState, Match
from gcms_tui.operations.log_port import END

if TYPE_CHECKING:
    from gcms_tui.operations.log_port import Log

BUSY_S, IDLE_S = 0.1, 0.5
"""Between two looks at the file: while it changes or is counted, and else."""
_QUIET = 20
"""Looks without any news after which it is looked at less often."""
COPIED = 5_000
"""Lines that are copied at most; saving knows no limit."""


@dataclass
class Opened(Message):
    page: LogPage


@dataclass
class Polled(Message):
    state: LogState


@dataclass
class Paged(Message):
    """`page` is None where the asking was given up."""

    page: LogPage | None
    goal: Goal


@dataclass
class Sought(Message):
    match: Match | None
    wrapped: bool
    """It was found from the other end of the file on."""
    serial: int


@dataclass
class Ranked(Message):
    match: Match


@dataclass
class Marked(Message):
    marks: dict[int, list[tuple[int, int]]]
    pattern: Pattern
    answered: bool = True
    """False where the asking was given up, or something else is searched by now."""


@dataclass
class Owned(Message):
    """Which invocation a line belongs to; None where no header tells."""

    invocation_id: str | None


@dataclass
class Taken(Message):
    """The lines of a range, as text."""

    text: str
    lines: int
    whole: bool


@dataclass
class Saved(Message):
    path: Path


@dataclass
class SearchFailed(Message):
    error: GcmsError
    serial: int


@dataclass(frozen=True, slots=True)
class Goal:
    """A page that is wanted."""

    offset: int | None
    """Where the cursor goes; None: to the last line."""
    wanted: LogFilter
    lines: int
    """To fetch on either side."""
    generation: int = 0
    stays: bool = False
    """The cursor was there already: it stays on its line, also where a person has moved it meanwhile."""

    def place(self, newest: Goal | None, here: int | None, *, following: bool) -> int | None:
        """Where the cursor goes in this page; `here`: where it is now, for a person may have moved it since."""
        if newest is not None and newest.offset != self.offset:
            return here or 0
        if not self.stays or (self.offset is None and following):
            return self.offset
        return here


class LogSource:
    """Everything that is not done on the loop."""

    def __init__(self, receiver: MessagePump, opening: Callable[[], Log]) -> None:
        self._receiver = receiver
        self._opening = opening
        self._log: Log | None = None
        self._opener = Loader(receiver, "log opening")
        self._pages = Loader(receiver, "log pages")
        self._marks = Loader(receiver, "log marks")
        self._saver = Loader(receiver, "log saving")
        self._ended = threading.Event()
        self._narrowed = LogFilter()
        self._serial = 0

    @property
    def opened(self) -> bool:
        return self._log is not None

    def open(self, lines: int) -> None:
        """Open the file and read its end."""

        def work() -> Message:
            log = self._opening()
            try:
                page = log.tail(lines)
            except BaseException:
                log.close()
                raise
            self._log = log
            if self._ended.is_set():  # the screen has gone meanwhile, and has found nothing to close
                log.close()
            return Opened(page)

        self._opener.start(work)

    def watch(self) -> None:
        """Tell from now on what becomes of the file: once its end is shown, which is older."""
        assert self._log is not None
        threading.Thread(target=self._watch, args=(self._log,), name="log watch", daemon=True).start()

    def close(self) -> None:
        """End whatever runs. The file is closed in a thread: that waits for a process to end."""
        self._ended.set()
        if self._log is not None:
            threading.Thread(target=self._log.close, name="log closing", daemon=True).start()

    def _watch(self, log: Log) -> None:
        before: LogState | None = None
        quiet = 0
        while not self._ended.wait(BUSY_S if quiet < _QUIET else IDLE_S):
            try:
                state = log.poll()
            except GcmsError as error:
                state = LogState(problem=error)
            quiet = 0 if state != before else quiet + 1
            if state != before and not self._ended.is_set():
                self._opener.post(Polled(state))
            before = state

    # -- pages ------------------------------------------------------------------------------------------------------

    def page(self, goal: Goal) -> bool:
        """Fetch a page; False while another one is being fetched."""
        log = self._log
        if log is None:
            return False

        def work() -> Message:
            if goal.wanted != self._narrowed:
                log.narrow(goal.wanted)
                self._narrowed = goal.wanted
            if goal.offset is None:
                return Paged(log.page(END, goal.lines, 0), goal)
            return Paged(log.page(goal.offset, goal.lines, goal.lines), goal)

        return self._pages.start(work)

    @property
    def fetching(self) -> bool:
        return self._pages.busy

    def abandon(self) -> None:
        """What is being looked for is not wanted any more, and what comes of it all the same is not told."""
        self._serial += 1
        if self._log is not None:
            self._log.abandon()

    # -- searching --------------------------------------------------------------------------------------------------

    def seek(self, offset: int, direction: int, *, pattern: Pattern | None = None, failure: bool = False) -> int:
        """Look for the nearest match, or failure, from `offset` on; `pattern` is a new one. The number of the quest.

        A quest of its own thread each: what an earlier one still waits for is given up.
        """
        log = self._log
        assert log is not None
        self.abandon()
        serial = self._serial

        def work() -> Message:
            try:
                if failure:
                    return Sought(log.next_failure(offset, direction), False, serial)
                if pattern is not None:
                    log.search(pattern)
                match = log.next_match(offset, direction)
                if match is not None or self._serial != serial:
                    return Sought(match, False, serial)
                if pattern is not None:  # the newest one is meant where the search begins at the end
                    return Sought(log.next_match(offset, -1), False, serial)
                return Sought(log.next_match(0 if direction > 0 else END, direction), True, serial)
            except GcmsError as error:
                return SearchFailed(error, serial)

        Loader(self._receiver, "log search").start(work)
        return serial

    def rank(self, offset: int) -> None:
        log = self._log
        if log is not None:
            Loader(self._receiver, "log rank").start(lambda: Ranked(Match(offset, log.rank_of_match(offset))))

    def forget_search(self) -> None:
        """Stop searching, however deep in thought the search is."""
        log = self._log
        self._serial += 1
        if log is not None:
            threading.Thread(target=log.search, args=(None,), name="log search end", daemon=True).start()

    def marks(self, pattern: Pattern, texts: dict[int, str]) -> bool:
        """Ask where the search matches in drawn lines, given by offset."""
        log = self._log
        if log is None or not texts:
            return False

        def work() -> Message:
            try:
                spans = log.spans(pattern, tuple(texts.values()))
            except GcmsError:
                spans = [[] for _ in texts]  # the search has failed, and the watch says why
            if spans is None:
                return Marked({}, pattern, answered=False)
            return Marked(dict(zip(texts, spans, strict=True)), pattern)

        return self._marks.start(work)

    # -- what a line belongs to, and taking lines away --------------------------------------------------------------

    def invocation(self, offset: int) -> None:
        log = self._log
        if log is not None:
            Loader(self._receiver, "log invocation").start(lambda: Owned(log.invocation_at(offset)))

    def take(self, first: int, last: int) -> None:
        """Read the shown lines from one offset to another, for the clipboard."""
        log = self._log
        if log is not None:
            Loader(self._receiver, "log copy").start(lambda: _taken(log, first, last))

    def save(self, directory: Path, name: str) -> bool:
        log = self._log
        return log is not None and self._saver.start(lambda: Saved(log.save(directory, name)))


def _taken(log: Log, first: int, last: int) -> Message:
    page = log.page(first, 0, COPIED)
    lines = [] if page is None else [line for line in page.lines if line.offset <= last]
    whole = page is not None and (page.ends or len(lines) < len(page.lines) or lines[-1].offset == last)
    return Taken("\n".join(readable(line.head) for line in lines), len(lines), whole)


def thread_of(raw: bytes) -> str | None:
    """The thread that an entry names; None where `raw` does not begin an entry."""
    line = parse_line(raw)
    return None if line.continuation or line.header else line.thread
