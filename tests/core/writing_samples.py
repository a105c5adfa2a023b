"""A plan that says something everywhere, and a chain of entries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from gcms_tui.core.query import Access, Statement
from gcms_tui.core.run import Person
from gcms_tui.core.writing.journal import FIRST, Entry, hash_of
from gcms_tui.core.writing.plan import Plan, PlanKind, Row, RowChange, Step, canonical

MADE_AT = datetime(2026, 3, 1, 9, 0, 0, 1, UTC)
BEFORE = Row.of({"scd_id": "a", "effective_to": None, "is_current": True}, "rest-a")
AFTER = BEFORE.but(is_current=False, effective_to="2026-01-09 00:00:00.000000000")
WINNER = Row.of({"scd_id": "b", "effective_to": None, "is_current": True}, "rest-b")
UPDATE = Statement(
    "scd2_close_version",
    "queries/scd2_close_version.sql",
    'UPDATE "T" SET x = ? WHERE k = ?',
    ("\ud83c[/b]';--", None, True, 7, Decimal("1.10"), MADE_AT),
    Access.WRITE,
)
LOOK = Statement("scd2_key_versions", "queries/scd2_key_versions.sql", "SELECT 1", ("k",))
BACKUP = Plan(
    PlanKind.BACKUP, "sandbox", "bronze.t", "bronze_backup.t_1", "bronze_backup.t_1", (Step(UPDATE),), MADE_AT,
    Person("ana", "ops-1"), alike=(LOOK, replace(LOOK, sql="SELECT 2")),
)  # fmt: skip
PLAN = Plan(
    PlanKind.REPAIR, "sandbox", "bronze.t", "1-5-\u00df", "key 1a2b3c4d", (Step(UPDATE, 1),), MADE_AT,
    Person("ana", "ops-1", "10.0.0.9"), LOOK, ("scd_id", "effective_to", "is_current"), ("is_current",),
    ("updated_at",), (BEFORE, WINNER), (AFTER, WINNER), (RowChange("a", BEFORE, AFTER, "ends where b begins"),),
    (LOOK,), BACKUP, "b", "recorded last", ("look twice",), "20260301-090000-abcdef",
)  # fmt: skip


def chain(number: int) -> list[Entry]:
    """A whole one."""
    entries: list[Entry] = []
    for sequence in range(1, number + 1):
        previous = entries[-1].own if entries else FIRST
        said = {"sequence": sequence, "at": f"2026-03-01T09:00:{sequence:02d}.000000+00:00", "previous": previous}
        entries.append(
            sealed({**said, "kind": "note", "subject": f"s{sequence}", "payload": canonical({"n": sequence})})
        )
    return entries


def sealed(said: dict[str, Any]) -> Entry:
    """An entry whose hash fits."""
    whole = {"user": "ana", "host": "ops-1", "ssh_client": "", **said}
    return Entry(**whole, own=hash_of(whole))
