"""The events file of one run: whose invocation it is, and how it ended where nobody else can say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gcms_tui.core.run import RunEnd

_HEAD = 256 * 1024
_TAIL = 1024 * 1024
KEEPER_DIED = "its keeper died; told from dbt's own last event"


def invocation_id(events: Path) -> str | None:
    """Of the first event; None where there is none yet."""
    for event in _events(_part(events, _HEAD, from_end=False)):
        identity = event["info"].get("invocation_id")
        if isinstance(identity, str) and identity:
            return identity
    return None


def end_by_events(events: Path) -> RunEnd | None:
    """The end as dbt itself told it, for a run whose keeper did not live to see it; None where dbt told none."""
    completed: Mapping[str, Any] | None = None
    broken = False
    for event in _events(_part(events, _TAIL, from_end=True)):
        name = event["info"].get("name")
        broken = broken or name == "MainEncounteredError"
        if name == "CommandCompleted":
            completed = event
    if completed is None:
        return None
    success = completed["data"].get("success")
    if not isinstance(success, bool):
        return None
    moment = _moment(completed["info"].get("ts"), events)
    code = 0 if success else 2 if broken else 1
    return RunEnd(moment, exit_code=code, invocation_id=invocation_id(events), note=KEEPER_DIED)


def _part(path: Path, size: int, *, from_end: bool) -> bytes:
    try:
        with path.open("rb") as stream:
            if from_end:
                length = stream.seek(0, 2)
                stream.seek(max(length - size, 0))
            return stream.read(size)
    except OSError:
        return b""


def _events(part: bytes) -> Iterator[dict[str, Any]]:
    """The whole events in it; what is cut off at either end, or is none, is passed over."""
    for line in part.splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and isinstance(event.get("info"), dict) and isinstance(event.get("data"), dict):
            yield event


def _moment(text: object, events: Path) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(events.stat().st_mtime, UTC)
