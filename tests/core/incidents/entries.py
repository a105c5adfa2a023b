"""Entries of an incident as the journal would have them, for tests."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gcms_tui.core.incidents import events
from gcms_tui.core.incidents.incident import Incident, fold
from gcms_tui.core.writing.journal import FIRST, Entry, hash_of
from gcms_tui.core.writing.plan import canonical

OPENED_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
OPENED: dict[str, Any] = {
    "target": "prod",
    "title": "tests.gold is FAIL",
    "section": "Daily 3",
    "severity": "high",
    "critical_test": True,
    "follows": "",
    "escalation": [15, 30, 60],
    "finding": {
        "name": "tests.gold",
        "verdict": "FAIL",
        "summary": "1 of 20 tests fails",
        "taken_at": OPENED_AT.isoformat(),
        "rows": ["not_null_x"],
        "total": 1,
    },
}
Said = tuple[str, dict[str, Any], float]
"""Kind, payload, and minutes since the opening."""


def entries(*said: Said, opened_at: datetime = OPENED_AT, user: str = "erin", **opened: Any) -> tuple[Entry, ...]:
    told: list[Said] = [(events.OPENED, {**OPENED, **opened}, 0.0), *said]
    made = (
        Entry(
            number,
            (opened_at + timedelta(minutes=minutes)).isoformat(timespec="microseconds"),
            user,
            "ops-1",
            "",
            kind,
            "inc-20260301-090000-abcdef",
            canonical(payload),
            FIRST,
            FIRST,
        )
        for number, (kind, payload, minutes) in enumerate(told, start=1)
    )
    return tuple(replace(entry, own=hash_of(asdict(entry))) for entry in made)


def incident(*said: Said, opened_at: datetime = OPENED_AT, **opened: Any) -> Incident:
    return fold(entries(*said, opened_at=opened_at, **opened))
