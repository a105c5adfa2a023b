"""What may come next in a line that is typed behind `dbt`. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import Enum, auto

from gcms_tui.core.dbt_options import OPTIONS, SUBCOMMANDS
from gcms_tui.core.errors import UsageError

_SELECTING = frozenset({"--select", "--exclude"})


class Kind(Enum):
    COMMAND = auto()
    OPTION = auto()
    SELECTOR = auto()
    NOTHING = auto()
    """Nothing that could be looked up."""


@dataclass(frozen=True, slots=True)
class Last:
    """The word at the end of the line, which is being typed."""

    start: int
    text: str
    kind: Kind


def last_word(line: str) -> Last:
    """What is being typed at the end of `line`, and what it could be."""
    start = line.rfind(" ") + 1
    before, text = line[:start].split(), line[start:]
    if not before or (len(before) == 1 and before[0] in ("docs", "source")):
        return Last(0 if before else start, line.lstrip() if before else text, Kind.COMMAND)
    if text.startswith("-"):
        return Last(start, text, Kind.OPTION)
    option = next((word for word in reversed(before) if word.startswith("-")), "")
    known = OPTIONS.get(option)
    return Last(start, text, Kind.SELECTOR if known and known.name in _SELECTING else Kind.NOTHING)


def known_words(last: Last, line: str) -> tuple[str, ...]:
    """Commands and options that begin so; selectors have to be asked for."""
    if last.kind is Kind.COMMAND:
        return tuple(name for name in sorted(SUBCOMMANDS) if name.startswith(last.text))
    if last.kind is not Kind.OPTION:
        return ()
    subcommand = next((name for name in sorted(SUBCOMMANDS, key=len, reverse=True) if line.startswith(f"{name} ")), "")
    fitting = {option.name for option in OPTIONS.values() if not option.only or subcommand in option.only}
    return tuple(name for name in sorted(fitting) if name.startswith(last.text))


def completed(line: str, last: Last, word: str) -> str:
    """`line` with its last word replaced by a whole one."""
    return f"{line[: last.start]}{word} "


def split(line: str) -> tuple[str, ...]:
    """The words as a shell would split them. Raises `UsageError`."""
    try:
        return tuple(shlex.split(line))
    except ValueError as error:
        raise UsageError(
            "The line cannot be read", f"{error}.", "Close every quote; no shell stands behind this line."
        ) from error
