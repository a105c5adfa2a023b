"""What the console asks of a log file. `gcms_tui.adapters.log_file` fits it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from gcms_tui.core.log_pattern import Pattern
from gcms_tui.core.log_view import LogFilter, LogPage, LogState, Match

END = 2**62
"""As an offset: behind the last line, wherever that is by then."""


class Log(Protocol):
    """One log file of any size, also one that does not exist yet.

    `abandon` comes back at once. All others read, or start and end processes, and are called in a thread; those that
    answer None do so also where `abandon` came between. They raise `GcmsError`.
    """

    def tail(self, lines: int) -> LogPage:
        """The last lines, whatever the filter. Needs nothing but one read of the file's end."""
        ...

    def poll(self) -> LogState:
        """Look what became of the file, and how far counting is. To be called a few times a second, from one thread."""
        ...

    def narrow(self, wanted: LogFilter) -> None:
        """From now on pages, failures and searches pass over what the filter does not let through."""
        ...

    def page(self, offset: int, before: int, after: int) -> LogPage | None:
        """Up to `before` shown lines that begin before `offset`, and up to `after` that begin there or later."""
        ...

    def offset_of(self, rank: int) -> int | None:
        """Where the shown line begins that has `rank` shown lines before it."""
        ...

    def next_failure(self, offset: int, direction: int) -> Match | None:
        """The nearest shown failure that begins at `offset` or later (1), or before it (-1)."""
        ...

    def search(self, pattern: Pattern | None) -> None:
        """Begin to look for `pattern`; what was looked for before is given up at once. None: no more."""
        ...

    def next_match(self, offset: int, direction: int) -> Match | None:
        """As `next_failure`, for what is searched. Does not wait for the count."""
        ...

    def rank_of_match(self, offset: int) -> int | None:
        """How many matches come before the one at `offset`; None where they are not counted so far."""
        ...

    def spans(self, pattern: Pattern, texts: tuple[str, ...]) -> list[list[tuple[int, int]]] | None:
        """Where `pattern` matches in each of `texts`; None also where something else is searched."""
        ...

    def invocation_at(self, offset: int) -> str | None:
        """The invocation that the line at `offset` belongs to: its own word for it, or the last header's before it."""
        ...

    def save(self, directory: Path, name: str) -> Path:
        """Write all shown lines to a new file that nobody else may read."""
        ...

    def abandon(self) -> None:
        """Whatever is being waited for is not wanted any more."""
        ...

    def close(self) -> None: ...
