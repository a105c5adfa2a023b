"""How far a run has come, folded from dbt's JSON events as they arrive."""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from gcms_tui.core.dbt_log import subcommand_in

WITHOUT_OUTCOME = frozenset({"waiting", "running", "cancelled", "unfinished", "not begun"})
"""`cancelled`: dbt cancelled it on its way out; `unfinished`, `not begun`: it ran, or waited, when its run ended."""


@dataclass(frozen=True, slots=True)
class NodeProgress:
    """One node of a run."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    """One of `WITHOUT_OUTCOME` (these are ours), else dbt's own: success, error, skipped, pass, fail, warn,
    `runtime error`; others may come."""
    thread: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    elapsed_s: float | None = None
    """dbt's own execution time, once finished."""
    failures: int | None = None
    """Rows that failed, of a test or unit test."""
    message: str = ""
    relation_name: str = ""
    """What it builds; of a test, where its failing rows would be stored."""
    query_id: str = ""

    @property
    def finished(self) -> bool:
        """It has an outcome of its own; what was cut off by a cancel has none."""
        return self.status not in WITHOUT_OUTCOME


@dataclass(frozen=True, slots=True)
class Message:
    """A line that dbt said to the person (info and above)."""

    at: datetime
    level: str
    text: str
    unique_id: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot. Nodes in the order in which they began; those that wait come last, in the manifest's order."""

    invocation_id: str | None = None
    command: str = ""
    target: str | None = None
    dbt_version: str = ""
    threads: int | None = None
    total: int | None = None
    """How many nodes dbt said that it will execute; None until it has."""
    nodes: tuple[NodeProgress, ...] = ()
    messages: tuple[Message, ...] = ()
    """The newest, oldest first; no more than `MESSAGES_KEPT`."""
    started_at: datetime | None = None
    """Of the first event."""
    ended_at: datetime | None = None
    """When dbt said that the command had completed."""
    success: bool | None = None
    interrupted: bool = False
    nothing_to_do: bool = False
    error: str = ""
    """What dbt gave as the reason where the command failed as a whole."""
    unread: int = 0
    """Lines that are no events of dbt's."""

    @property
    def finished(self) -> tuple[NodeProgress, ...]:
        return tuple(node for node in self.nodes if node.finished)

    @property
    def done(self) -> int:
        """How many of `total` have finished. Hooks are nodes too, but dbt does not count them."""
        return sum(node.finished and node.resource_type != "operation" for node in self.nodes)


MESSAGES_KEPT = 500

LONGEST_TEXT = 16_000
"""Characters that are kept of one message."""

_LONGEST_LINE = 8 * 1024 * 1024
"""Bytes; what is longer is no event."""

_DEBUG = re.compile(rb'"level": ?"debug"')
"""Inside of a JSON string its quotes would be escaped: this is an event's own level, or data that names one."""
_NAME = re.compile(rb'"name": ?"(\w+)"')
_TAIL = 400
"""`info` comes last in dbt's sorted lines, and `name` stands within so many bytes of the end."""
_TESTS = frozenset({"test", "unit_test"})
_SHORTENED = re.compile(r"_[0-9a-f]{32}$")
"""The end of an alias that dbt has made of a test's name that was too long for a table: the name says more."""
_NO_ROWS = frozenset({"error", "skipped", "cancelled"})
"""Of a test that has not counted any; dbt's events say 0 all the same."""


@dataclass(slots=True)
class ProgressReader:
    """Reads a run's events as they arrive, in whatever pieces.

    Whatever a line holds, it is data: what is no event is counted and kept as a message, an unknown event or status
    changes nothing else.
    """

    selected: Sequence[str] = ()
    """Unique ids that the run is to execute: they wait until dbt begins with them."""
    began: datetime = datetime.fromtimestamp(0, UTC)
    """Dates what is said before dbt's first event."""
    _state: Progress = field(default=Progress(), init=False)
    _nodes: dict[str, NodeProgress] = field(default_factory=dict, init=False)
    """Those that have begun, in that order."""
    _messages: deque[Message] = field(default_factory=lambda: deque(maxlen=MESSAGES_KEPT), init=False)
    _partial: list[bytes] = field(default_factory=list, init=False)
    _held: int = field(default=0, init=False)
    """Bytes in `_partial`."""
    _overlong: bool = field(default=False, init=False)
    _last: datetime | None = field(default=None, init=False)
    """When the newest event was."""
    _stale: set[str] = field(default_factory=lambda: {"nodes"}, init=False)
    """Parts of `_state` that have to be made anew."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes; a line that is not complete waits for the rest of it."""
        head, newline, rest = data.partition(b"\n")
        if not newline:
            self._hold(data)
            return
        if self._partial or self._overlong:
            self._hold(head)
            head = b"".join(self._partial)
            if self._overlong:
                self._raw(head[:LONGEST_TEXT])
            else:
                self._line(head)
            self._partial, self._held, self._overlong = [], 0, False
        else:
            self._line(head)
        *lines, last = rest.split(b"\n")
        for line in lines:
            self._line(line)
        if last:
            self._hold(last)

    def snapshot(self) -> Progress:
        """What is known now. What has not changed is the very same object as before."""
        if "nodes" in self._stale:
            waiting = (waiting_node(unique_id) for unique_id in self.selected if unique_id not in self._nodes)
            self._state = replace(self._state, nodes=(*self._nodes.values(), *waiting))
        if "messages" in self._stale:
            self._state = replace(self._state, messages=tuple(self._messages))
        self._stale.clear()
        return self._state

    def _hold(self, piece: bytes) -> None:
        if self._overlong:
            return
        self._partial.append(piece)
        self._held += len(piece)
        self._overlong = self._held > _LONGEST_LINE

    def _line(self, line: bytes) -> None:
        if not line.startswith(b"{"):
            if line and not line.isspace():
                self._raw(line)
            return
        if _DEBUG.search(line) and not _telling(line):
            return
        try:
            event = json.loads(line.decode("utf-8", "replace"))
            info, data = event["info"], event.get("data") or {}
            name, at = str(info["name"]), _moment(info["ts"])
            if at is None or self._state.invocation_id not in (None, str(info["invocation_id"])):
                raise ValueError(name)
            self._event(name, info, data if isinstance(data, dict) else {}, at)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._raw(line)  # cut in half, of another program, or of another invocation

    def _raw(self, line: bytes) -> None:
        text = line[: LONGEST_TEXT * 4].decode("utf-8", "replace").rstrip("\r")
        self._state = replace(self._state, unread=self._state.unread + 1)
        self._say(Message(self._last or self.began, "raw", text[:LONGEST_TEXT]))

    def _say(self, message: Message) -> None:
        self._messages.append(message)
        self._stale.add("messages")

    def _event(self, name: str, info: dict[str, Any], data: dict[str, Any], at: datetime) -> None:
        self._last = at
        if self._state.invocation_id is None:
            self._state = replace(self._state, invocation_id=str(info["invocation_id"]), started_at=at)
        node = data.get("node_info")
        node = node if isinstance(node, dict) and node.get("unique_id") else None
        if reading := _READING.get(name):
            self._state = replace(self._state, **reading(data, at))
        elif node and name in _BEGINNINGS:
            self._begin(node, _text(info.get("thread")), at)
        elif node and name == "NodeFinished":
            result = data.get("run_result")
            result = result if isinstance(result, dict) else {}
            self._finish(node, result, _text(result.get("status")), _text(info.get("thread")), at)
        elif node and name in _RESULTS:
            self._finish(node, data, "", _text(info.get("thread")), at)
        elif name == "LogCancelLine":
            self._cut_off(_text(data.get("conn_name")), at)
        text = _text(info.get("msg"))
        if info.get("level") != "debug" and text.strip() and name != "MainStackTrace":
            unique_id = _text(node["unique_id"]) if node else ""
            self._say(Message(at, _text(info.get("level")), text[:LONGEST_TEXT], unique_id))

    def _begin(self, info: dict[str, Any], thread: str, at: datetime) -> None:
        unique_id = str(info["unique_id"])
        if unique_id in self._nodes:
            return
        relation = info.get("node_relation")
        relation = relation if isinstance(relation, dict) else {}
        kind = _text(info.get("resource_type")) or unique_id.partition(".")[0]
        alias = _text(relation.get("alias"))
        named = kind == "test" and alias and not _SHORTENED.search(alias)
        self._nodes[unique_id] = NodeProgress(
            unique_id,
            alias if named else waiting_node(unique_id).name,
            kind,
            "running",
            thread,
            started_at=_moment(info.get("node_started_at")) or at,
            relation_name=_text(relation.get("relation_name")),
        )
        self._stale.add("nodes")

    def _finish(self, info: dict[str, Any], result: dict[str, Any], said: str, thread: str, at: datetime) -> None:
        """From a result line, and once more from `NodeFinished`, which tells more; each may come without the other."""
        self._begin(info, thread, at)
        known = self._nodes[str(info["unique_id"])]
        status = said or _text(info.get("node_status")) or known.status
        if known.status == "cancelled" and status == "error":
            status = known.status  # the error is the cancel
        response = result.get("adapter_response")
        query_id = response.get("query_id") if isinstance(response, dict) else None
        message = _text(result.get("message") or result.get("result_message"))
        failures = _count(result.get("num_failures")) if known.resource_type in _TESTS else None
        self._nodes[known.unique_id] = replace(
            known,
            status=status,
            finished_at=_moment(info.get("node_finished_at")) or at,
            elapsed_s=_seconds(result.get("execution_time"), known.elapsed_s),
            failures=known.failures if failures is None or status in _NO_ROWS else failures,
            message=message[:LONGEST_TEXT] or known.message,
            query_id=_text(query_id) or known.query_id,
        )
        self._stale.add("nodes")

    def _cut_off(self, unique_id: str, at: datetime) -> None:
        """dbt cancelled this node's connection."""
        node = self._nodes.get(unique_id)
        if node and node.status == "running":
            self._nodes[unique_id] = replace(node, status="cancelled", finished_at=at)
            self._stale.add("nodes")


def _version(data: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {"dbt_version": _text(data.get("version")).lstrip("=")}


def _arguments(data: dict[str, Any], at: datetime) -> dict[str, Any]:
    arguments = data.get("args")
    said = _text(arguments.get("invocation_command")) if isinstance(arguments, dict) else ""
    return {"command": subcommand_in(said)}


def _concurrency(data: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "total": _count(data.get("node_count")),
        "threads": _count(data.get("num_threads")),
        "target": _text(data.get("target_name")) or None,
    }


def _completed(data: dict[str, Any], at: datetime) -> dict[str, Any]:
    success = data.get("success")
    return {"ended_at": at, "success": success if isinstance(success, bool) else None}


def _failed(data: dict[str, Any], at: datetime) -> dict[str, Any]:
    said = _text(data.get("exc")).strip()
    return {"error": said[:LONGEST_TEXT]} if said else {}


def _trace(data: dict[str, Any], at: datetime) -> dict[str, Any]:
    """The only place that tells an interrupt while dbt was still reading the project."""
    return {"interrupted": True} if _text(data.get("stack_trace")).rstrip().endswith("KeyboardInterrupt") else {}


def _summary(data: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {"interrupted": True} if data.get("keyboard_interrupt") is True else {}


_READING: dict[str, Callable[[dict[str, Any], datetime], dict[str, Any]]] = {
    "MainReportVersion": _version,
    "MainReportArgs": _arguments,
    "ConcurrencyLine": _concurrency,
    "CommandCompleted": _completed,
    "MainEncounteredError": _failed,
    "MainStackTrace": _trace,
    "EndOfRunSummary": _summary,
    "NothingToDo": lambda data, at: {"nothing_to_do": True},
}
"""What an event changes in the whole."""

_BEGINNINGS = frozenset({"NodeStart", "LogStartLine", "LogHookStartLine"})
_RESULTS = frozenset(
    {
        "LogModelResult",
        "LogTestResult",
        "LogSnapshotResult",
        "LogSeedResult",
        "LogFreshnessResult",
        "LogFunctionResult",
        "LogHookEndLine",
        "SkippingDetails",
    }
)


_TELLING = {*_READING, *_BEGINNINGS, *_RESULTS, "NodeFinished", "LogCancelLine"}
"""Events that are read whatever their level. Of the others, debug ones (most are SQL) are not even parsed."""


def _telling(line: bytes) -> bool:
    names = _NAME.findall(line, max(len(line) - _TAIL, 0)) if line.startswith(b'{"data"') else []
    return any(name.decode() in _TELLING for name in names or _NAME.findall(line))


def waiting_node(unique_id: str) -> NodeProgress:
    """A node as its id alone tells it: `test.project.name.hash`, `source.project.source.table`."""
    kind, *parts = unique_id.split(".")
    name = ".".join(parts[1:3]) if kind == "source" else parts[1] if len(parts) > 1 else unique_id
    return NodeProgress(unique_id, name, kind, "waiting")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _seconds(value: object, otherwise: float | None) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
        return float(value)
    return otherwise


def _moment(value: object) -> datetime | None:
    """dbt writes UTC, of a node without saying so."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and value else None
        if moment is None:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
