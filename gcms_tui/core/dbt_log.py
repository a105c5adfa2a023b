"""dbt.log: which invocations there were, how each ended, and what became of every node.

Two formats are read, and mixed in one file if need be: text (the default; local times without a date, ANSI colours)
and JSON (exact). In text nothing but the file's own time of change says which day it was: the newest invocation of a
file is dated by it, older ones are dated `at the latest`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from gcms_tui.core.dbt_results import OVERWRITING_COMMANDS, WORKING_COMMANDS, seconds_or_none
from gcms_tui.core.log_line import ANSI, HEADER, TEXT

_COMMANDS = OVERWRITING_COMMANDS | {
    "ls", "list", "debug", "deps", "parse", "clean", "init", "docs serve", "source freshness", "freshness",
}  # fmt: skip
_SUBCOMMAND_GROUPS = {"docs", "source"}


@dataclass(frozen=True, slots=True)
class NodeOutcome:
    """How one node of an invocation ended, as its result line has it."""

    status: str
    """`success`, `error`, `skipped`, `pass`, `fail`, `warn`, `partial success`, `no-op`."""
    name: str
    """The node's unique id where the log tells it, else the description: `sql table model GOLD.dim_concert`."""
    resource_type: str
    """`model`, `test`, `snapshot`, `seed`; empty where the log does not tell."""
    seconds: float | None = None
    """dbt's own execution time; None where the log does not tell, and for what was skipped."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One dbt command, as far as the log has it."""

    invocation_id: str
    started_at: datetime
    started_exactly: bool
    """False: this is the latest it can have been."""
    ended_at: datetime | None
    command: str
    """`run`, `test`, `docs generate`; empty where the log does not tell."""
    target: str | None
    success: bool | None
    """None: the log has no end of it."""
    outcomes: tuple[NodeOutcome, ...]
    error: str = ""
    """What dbt gave as the reason where the command failed as a whole."""
    nothing_to_do: bool = False
    interleaved: bool = False
    """Another invocation wrote between its lines: which line belongs to which is not certain."""
    running: bool | None = None
    """Whether its process lives; None where nobody here can know, as of one that was started elsewhere."""

    @property
    def working(self) -> bool:
        """It builds or tests, or may have: where the command is not told, its nodes or its missing end say so."""
        if self.command:
            return self.command in WORKING_COMMANDS
        return bool(self.outcomes) or self.success is None

    @property
    def overwrites_results(self) -> bool:
        return self.command in OVERWRITING_COMMANDS or (not self.command and self.working)

    def may_be_of(self, target: str) -> bool:
        return self.target is None or self.target == target


@dataclass(frozen=True, slots=True)
class DbtLog:
    """What the end of dbt's log tells."""

    source: str
    invocations: tuple[Invocation, ...]
    """Oldest first."""

    def invocation(self, invocation_id: str) -> Invocation | None:
        return next((item for item in self.invocations if item.invocation_id == invocation_id), None)

    def after(self, invocation_id: str) -> tuple[Invocation, ...]:
        """Those that began later than the given one."""
        ids = [item.invocation_id for item in self.invocations]
        return self.invocations[ids.index(invocation_id) + 1 :] if invocation_id in ids else ()


@dataclass(frozen=True, slots=True)
class LogPart:
    """One log file, or its end."""

    blocks: Iterable[str]
    """Whole lines, in order."""
    modified_at: datetime
    """When the file was last written, in the zone whose wall clock its text lines show."""


def read_log(source: str, parts: Iterable[LogPart]) -> DbtLog:
    """The invocations in `parts`, the oldest file first; lines before the first one's beginning are passed over."""
    drafts: list[_Draft] = []
    for part in parts:
        reader = _PartReader(drafts)
        for block in part.blocks:
            for line in block.split("\n"):
                reader.line(line)
        reader.date(part.modified_at)
    return DbtLog(source, tuple(draft.invocation() for draft in drafts if draft.started_at is not None))


@dataclass(slots=True)
class _Mark:
    """A time of day in a text log, and how many midnights the file has seen before it."""

    day: int
    time: time


@dataclass(slots=True)
class _Draft:
    """An invocation while it is being read."""

    invocation_id: str
    command: str = ""
    target: str | None = None
    success: bool | None = None
    outcomes: dict[str, NodeOutcome] = field(default_factory=dict)
    running: dict[str, str] = field(default_factory=dict)
    error: str = ""
    nothing_to_do: bool = False
    interleaved: bool = False
    start: _Mark | None = None
    end: _Mark | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    exact: bool = True

    def invocation(self) -> Invocation:
        assert self.started_at is not None
        return Invocation(
            invocation_id=self.invocation_id,
            started_at=self.started_at,
            started_exactly=self.exact,
            ended_at=self.ended_at,
            command=self.command,
            target=self.target,
            success=self.success,
            outcomes=tuple(self.outcomes.values()),
            error=self.error,
            nothing_to_do=self.nothing_to_do,
            interleaved=self.interleaved,
        )


_TELLING = re.compile(
    r"=+ \d\d:|(?:\x1b\[\d*m)*\d\d:\d\d:\d\d(?:\.\d+)? \[\w+ *\] \[[^\]]*\]: "
    r"(?:\d+ of \d+ (?!START)[A-Z]|(?:Began|Finished) running node |Concurrency: |Command `"
    r"|running dbt with arguments|Encountered an error|Nothing to do)"
)
"""Matches the lines worth a closer look: most are SQL, and logs are long."""
_TELLING_EVENT = re.compile(
    r'"name": ?"(?:MainReportVersion|MainReportArgs|ConcurrencyLine|CommandCompleted|NothingToDo|MainEncounteredError'
    r'|LogModelResult|LogTestResult|LogSnapshotResult|LogSeedResult|SkippingDetails)"'
)
_RESULT = re.compile(
    r"(?P<index>\d+) of \d+ (?P<word>OK|ERROR|SKIP|PASS|FAIL|WARN|PARTIALLY|NO-OP)\b(?: \d+\b)?"
    r"(?: (?:created|creating|snapshotted|snapshotting|loaded|loading))? (?P<label>.*?) *\.* *\[[^\[]*?"
    r"(?: in (?P<seconds>\d+(?:\.\d+)?)s)?\]\s*$"
)
_STATUS = {
    "OK": "success", "ERROR": "error", "SKIP": "skipped", "PASS": "pass", "FAIL": "fail", "WARN": "warn",
    "PARTIALLY": "partial success", "NO-OP": "no-op",
}  # fmt: skip
_COMPLETED = re.compile(r"Command `(?P<command>[^`]*)` (?P<outcome>succeeded|failed)\b")
_CONCURRENCY = re.compile(r"Concurrency: \d+ threads? \(target='(?P<target>.*)'\)")
_ARGUMENT = re.compile(r"'invocation_command': (?P<quote>['\"])(?P<command>.*?)(?P=quote), '")
_NODE = re.compile(r"(?P<moment>Began|Finished) running node (?P<node>\S+)")
_ERROR_LINES = 12


class _PartReader:
    """Reads one file; an invocation may have begun in the file before."""

    def __init__(self, drafts: list[_Draft]) -> None:
        self._drafts = drafts
        self._by_id = {draft.invocation_id: draft for draft in drafts}
        self._day = 0
        self._last = time()
        self._error_of: _Draft | None = None
        self._marked: list[_Draft] = []

    def line(self, line: str) -> None:
        if self._error_of and not self._continues_error(line):
            self._error_of = None
        if line.startswith("{"):
            if _TELLING_EVENT.search(line):
                self._json(line)
        elif _TELLING.match(line):
            self._text(ANSI.sub("", line))

    def date(self, modified_at: datetime) -> None:
        """Turn this file's times of day into moments, counting back from the file's own."""
        day, zone = modified_at.date(), modified_at.tzinfo
        if datetime.combine(day, self._last, zone) > modified_at + timedelta(minutes=2):
            day -= timedelta(days=1)
        for draft in self._marked:
            for mark, name in ((draft.start, "started_at"), (draft.end, "ended_at")):
                if mark is not None and getattr(draft, name) is None:
                    local = datetime.combine(day - timedelta(days=self._day - mark.day), mark.time, zone)
                    setattr(draft, name, local.astimezone(UTC))
            draft.exact = draft is self._marked[-1] and draft is self._drafts[-1]

    def _continues_error(self, line: str) -> bool:
        draft = self._error_of
        if draft is None or line.startswith("{") or TEXT.match(ANSI.sub("", line)) or HEADER.match(line):
            return False
        if draft.error.count("\n") < _ERROR_LINES:
            draft.error = f"{draft.error}\n{ANSI.sub('', line).strip()}".strip()
        return True

    def _text(self, line: str) -> None:
        if header := HEADER.fullmatch(line):
            draft = self._begin(header[2])
            draft.start = self._mark(header[1], timedelta(minutes=1))
            self._marked.append(draft)
            return
        entry = TEXT.match(line)
        if not entry or not self._drafts:
            return
        at, _, thread, message = entry.groups()
        draft = self._drafts[-1]
        if completed := _COMPLETED.match(message):
            draft = self._completing(completed["command"])
            draft.end = self._mark(at, timedelta(hours=6))
            if draft not in self._marked:
                self._marked.insert(0, draft)
            draft.success = completed["outcome"] == "succeeded"
        elif result := _RESULT.match(message):
            node = draft.running.get(thread, "")
            seconds = seconds_or_none(float(result["seconds"])) if result["seconds"] else None
            self._outcome(draft, result["index"], _STATUS[result["word"]], node, result["label"], seconds)
        elif node_line := _NODE.match(message):
            if node_line["moment"] == "Began":
                draft.running[thread] = node_line["node"]
            else:
                draft.running.pop(thread, None)
        elif concurrency := _CONCURRENCY.match(message):
            draft.target = concurrency["target"]
        elif message.startswith("running dbt with arguments"):
            argument = _ARGUMENT.search(message)
            draft.command = draft.command or subcommand_in(argument["command"] if argument else "")
        elif message.startswith("Nothing to do"):
            draft.nothing_to_do = True
        elif message.startswith("Encountered an error"):
            draft.error = message.partition(":")[2].strip()
            self._error_of = draft

    def _json(self, line: str) -> None:
        try:
            event = json.loads(line)
            info, data = event["info"], event["data"]
            name, moment = info["name"], datetime.fromisoformat(info["ts"]).astimezone(UTC)
            draft = self._by_id.get(info["invocation_id"]) or self._begin(info["invocation_id"])
            draft.started_at = draft.started_at or moment
            self._event(draft, name, data, moment)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            return  # a line cut in half, or of another program: the log is read for what it tells

    def _event(self, draft: _Draft, name: str, data: dict[str, Any], moment: datetime) -> None:
        match name:
            case "MainReportArgs":
                draft.command = draft.command or subcommand_in(str(data["args"].get("invocation_command", "")))
            case "ConcurrencyLine":
                draft.target = str(data["target_name"])
            case "CommandCompleted":
                draft.success, draft.ended_at = bool(data["success"]), moment
                draft.command = subcommand_in(str(data["command"])) or draft.command
            case "NothingToDo":
                draft.nothing_to_do = True
            case "MainEncounteredError":
                draft.error = str(data["exc"])
            case "LogModelResult" | "LogTestResult" | "LogSnapshotResult" | "LogSeedResult" | "SkippingDetails":
                node = data["node_info"]
                skipped = name == "SkippingDetails"
                status = "skipped" if skipped else str(node["node_status"])
                seconds = None if skipped else seconds_or_none(data.get("execution_time"))
                self._outcome(draft, str(data["index"]), status, str(node["unique_id"]), "", seconds)

    def _begin(self, invocation_id: str) -> _Draft:
        draft = _Draft(invocation_id)
        self._drafts.append(draft)
        self._by_id[invocation_id] = draft
        return draft

    def _completing(self, command: str) -> _Draft:
        """Whose end this is. The one that began last, unless that has ended: then two wrote at once."""
        said, latest = subcommand_in(command), self._drafts[-1]
        draft = latest
        if latest.success is not None or (said and latest.command and said != latest.command):
            candidates = [item for item in self._drafts if item.success is None and item.command in ("", said)]
            draft = candidates[-1] if candidates else latest
            draft.interleaved = latest.interleaved = True
        draft.command = said or draft.command
        return draft

    def _mark(self, text: str, backwards: timedelta) -> _Mark:
        """The time of day; more than `backwards` before the last one it is another day's."""
        at = time.fromisoformat(text)
        if _seconds(self._last) - _seconds(at) > backwards.total_seconds():
            self._day += 1
        self._last = at
        return _Mark(self._day, at)

    def _outcome(self, draft: _Draft, index: str, status: str, node: str, label: str, seconds: float | None) -> None:
        kind = node.partition(".")[0] if node else ""
        if not kind:
            kind = "model" if " model " in label or label.startswith("relation ") else ""
        draft.outcomes[index] = NodeOutcome(status, node or label, kind, seconds)


def subcommand_in(text: str) -> str:
    """dbt's sub-command in `dbt --quiet docs generate -s x` or `cli run`; empty where there is none that is known.

    A program that calls dbt as a library leaves its own arguments in `invocation_command`.
    """
    words = text.split()
    for place, word in enumerate(words[1:], start=1):
        following = words[place + 1] if place + 1 < len(words) else ""
        if word in _SUBCOMMAND_GROUPS and f"{word} {following}" in _COMMANDS:
            return f"{word} {following}"
        if word in _COMMANDS:
            return word
    return ""


def _seconds(at: time) -> float:
    return at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6
