"""What is asked of a log and what it answers: frozen, so that it can cross from thread to thread."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.core.errors import GcmsError
from gcms_tui.core.log_line import Level


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which entries are shown. Continuation lines go with their entry."""

    level: Level | None = None
    """The lowest that is shown."""
    invocation_id: str | None = None
    thread: str | None = None

    def __bool__(self) -> bool:
        return self != LogFilter()


@dataclass(frozen=True, slots=True)
class RawLine:
    offset: int
    size: int
    """In bytes, without the line break."""
    head: bytes
    """Its beginning, at most `log_file.DRAWN` bytes: a line may be a gigabyte."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """Neighbouring lines of what is shown."""

    lines: tuple[RawLine, ...]
    first: int | None = None
    """How many shown lines come before the first one; None while that is not known."""
    starts: bool = True
    """Nothing is shown before it."""
    ends: bool = True
    """Nothing is shown after it."""

    def covers(self, offset: int) -> bool:
        """Whether the line at `offset`, or the nearest that is shown before it, is among these."""
        if not self.lines:
            return True
        return (self.starts or self.lines[0].offset <= offset) and (self.ends or offset <= self.lines[-1].offset)


@dataclass(frozen=True, slots=True)
class Count:
    """How many lines there are of a kind, as far as they have been counted."""

    number: int = 0
    scanned: int = 0
    """Bytes looked through."""
    done: bool = False
    """All of the file, as it was when last looked at."""


@dataclass(frozen=True, slots=True)
class LogState:
    """A log as it stands."""

    size: int = 0
    exists: bool = False
    generation: int = 0
    """Goes up when the offsets told before mean nothing any more: another file, or one that began anew."""
    event: str = ""
    """What happened to the file last, in words: it was rotated, truncated, deleted."""
    lines: Count = Count()
    wanted: LogFilter = LogFilter()
    """The filter that `shown` is of."""
    shown: Count | None = None
    """Lines that pass the filter; None without one."""
    searched: str = ""
    """What `found` is of."""
    found: Count | None = None
    """Lines that match the search; None without one."""
    problem: GcmsError | None = None
    """Why counting has stopped."""


@dataclass(frozen=True, slots=True)
class Match:
    offset: int
    """Where its line begins."""
    rank: int | None
    """How many matching lines come before it; None while they are not counted that far."""
