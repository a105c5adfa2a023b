"""One line of a log: dbt's text format, its JSON format, or whatever else stands there, shown as it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How much a line asks to be read."""

    DEBUG = 0
    INFO = 1
    WARN = 2
    ERROR = 3


LEVELS = {
    "debug": Level.DEBUG, "test": Level.DEBUG, "info": Level.INFO, "warn": Level.WARN, "error": Level.ERROR,
}  # fmt: skip
"""dbt's words for its levels."""

ANSI = re.compile(r"\x1b\[[0-9;]*m")
TEXT = re.compile(r"(\d\d:\d\d:\d\d(?:\.\d+)?) \[(\w+) *\] \[(.*?) *\]: (.*)", re.DOTALL)
"""The beginning of an entry of the text format, without its colours: time, level, thread, message."""
HEADER = re.compile(r"=+ (\d\d:\d\d:\d\d\.\d+) \| ([0-9a-f-]{36}) =+\s*")
"""The line with which an invocation begins in the text format."""

ANSI_BYTES = re.compile(ANSI.pattern.encode())
ENTRY = re.compile(
    rb"\n(?:\x1b\[[0-9;]*m)*(?:\d\d:\d\d:\d\d(?:\.\d+)? \[(?P<level>\w+) *\] \[(?P<thread>[^\n]*?) *\]: "
    rb"|=+ \d\d:\d\d:\d\d\.\d+ \| (?P<invocation>[0-9a-f-]{36}) =+(?=[ \t\r]*(?:\n|\Z))|(?P<json>\{))"
)
"""Where an entry begins in raw bytes, with the line break before it: search for it in `b"\\n" + block`."""

_FAILED = re.compile(r"\d+ of \d+ (?:ERROR|FAIL)\b")


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line taken apart. Its texts are outside text: not yet safe to draw."""

    message: str
    moment: str = ""
    """`02:52:19.519721` in local time as the text format has it, or a moment in UTC from JSON."""
    level: Level | None = None
    thread: str = ""
    invocation_id: str | None = None
    """Where the line itself tells it: the header of an invocation, and every JSON line."""
    continuation: bool = False
    """It has no beginning of its own: it belongs to the entry above, or to no known format."""
    header: bool = False
    """An invocation begins here."""

    @property
    def failure(self) -> bool:
        """Something went wrong: an error, or the result line of a node that failed."""
        return self.level is Level.ERROR or bool(_FAILED.match(self.message))


def parse_line(raw: bytes) -> LogLine:
    """`raw` without its line break. Never fails: what is of no known format is its own message."""
    text = ANSI.sub("", raw.rstrip(b"\r\n").decode("utf-8", errors="replace"))
    if text.startswith("{"):
        return _json_line(text) or LogLine(text, continuation=True)
    if entry := TEXT.match(text):
        moment, level, thread, message = entry.groups()
        return LogLine(message, moment, LEVELS.get(level), thread)
    if header := HEADER.fullmatch(text):
        return LogLine("", header[1], None, "", header[2], header=True)
    return LogLine(text, continuation=True)


def _json_line(text: str) -> LogLine | None:
    try:
        info = json.loads(text)["info"]
        message, level = str(info["msg"]), LEVELS.get(str(info["level"]))
        invocation = info.get("invocation_id")
        thread, moment = str(info.get("thread") or ""), str(info.get("ts") or "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return LogLine(
        ANSI.sub("", message), moment.partition("T")[2].rstrip("Z") or moment, level, thread,
        str(invocation) if invocation else None,
    )  # fmt: skip
