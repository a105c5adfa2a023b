"""A console that repairs, wholly in memory: journal, leases and plans beside the warehouse of `write_memory`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Relation
from gcms_tui.core.run import Person
from gcms_tui.core.settings import Scd2TableSettings, Settings
from gcms_tui.core.writing.journal import FIRST, INTENT, OUTCOME, SETTLED, Entry, hash_of
from gcms_tui.core.writing.kept_plan import KeptPlan
from gcms_tui.core.writing.lease import LeaseHolder
from gcms_tui.core.writing.plan import Plan, canonical
from gcms_tui.core.writing.plan_json import plan_document, read_plan
from gcms_tui.operations.scd2.browse import Scd2Browser
from gcms_tui.operations.scd2.planning import Planner
from gcms_tui.operations.scd2.repairs import Scd2Repairs
from gcms_tui.operations.scd2.tables import Scd2Tables
from gcms_tui.operations.writing.doubts import Doubts
from gcms_tui.operations.writing.guarded_write import AfterApplied, Ended, Guard, GuardedWrites
from tests.operations.memory import NOW, Clock, MemoryDbt, ShippedQueries
from tests.operations.memory_book import MemoryBook, still_open
from tests.operations.run_memory import ANA, BO
from tests.operations.write_memory import MemoryDatabase, MemoryTable, Row

TABLE, SQL_NAME, NAME = Relation("BRONZE", "BR_T0_SCD2"), '"BRONZE"."BR_T0_SCD2"', "br_t0_scd2"
KEY = "1-5-1"
REASON = "two runs collided"
DAY = "2026-01-{:02d} 00:00:00.000000000".format


def row(scd_id: str | None, begin: int, *, key: str | None = KEY, **said: Scalar) -> Row:
    """A current version since that day of January, recorded and inserted on the same."""
    named = {"natural_key": key, "scd_id": scd_id, "effective_from": DAY(begin), "effective_to": None}
    rest = {"recorded_at": DAY(begin), "inserted_at": DAY(begin), "updated_at": DAY(begin), "status": "present"}
    return {**named, "is_current": True, **rest, **said}


def pair(key: str = KEY) -> list[Row]:
    """Two current versions of one key: b wins, and a ends the day before it begins."""
    return [row("a", 1, key=key), row("b", 11, key=key)]


@dataclass
class MemoryChain(MemoryBook):
    """A real chain. `refuse`: what writing entries of these kinds ends with."""

    events: list[str] = field(default_factory=list)
    refuse: dict[str, GcmsError] = field(default_factory=dict)

    def append(self, kind: str, subject: str, payload: Mapping[str, Any]) -> Entry:
        if kind in self.refuse:
            raise self.refuse[kind]
        number, previous = len(self.kept) + 1, self.kept[-1].own if self.kept else FIRST
        at = (NOW + timedelta(seconds=number)).isoformat(timespec="microseconds")
        said: dict[str, Any] = {
            "sequence": number,
            "at": at,
            "kind": kind,
            "subject": subject,
            "payload": canonical(payload),
        }
        said |= {"user": "anna", "host": "ops-1", "ssh_client": "", "previous": previous}
        self.kept.append(Entry(**said, own=hash_of(said)))
        self.events.append(kind)
        return self.kept[-1]

    def prepare(self) -> None:
        pass

    def about(self, subject: str) -> tuple[Entry, ...]:
        known = {entry.subject for entry in self.kept if len(subject) >= 6 and entry.subject.startswith(subject)}
        if len(known) != 1:
            raise UsageError("Not one subject", f"{subject!r}: {len(known)}")
        return tuple(entry for entry in self.kept if entry.subject in known)

    def open_intents(self) -> tuple[Entry, ...]:
        return self.open_of(INTENT, (OUTCOME, SETTLED))

    def open_of(self, kind: str, ended_by: Sequence[str]) -> tuple[Entry, ...]:
        return still_open(self.kept, kind, ended_by)

    def said(self, kind: str, subject: str) -> dict[str, Any]:
        [entry] = [entry for entry in self.kept if (entry.kind, entry.subject) == (kind, subject)]
        answer: dict[str, Any] = json.loads(entry.payload)
        return answer

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.kept]


@dataclass
class MemoryLease:
    leases: MemoryLeases
    holder: LeaseHolder
    takeover: str = ""
    lost: bool = False

    def require_held(self) -> None:
        if self.lost:
            raise Refused("The lease was lost", "bo has it", guard="lease")

    def release(self) -> None:
        self.leases.events.append("release")
        self.leases.taken.pop(self.holder.name, None)


@dataclass
class MemoryLeases:
    events: list[str] = field(default_factory=list)
    taken: dict[str, MemoryLease] = field(default_factory=dict)
    others: dict[str, Person] = field(default_factory=dict)
    """Whoever else holds some."""

    def take(self, name: str, purpose: str) -> MemoryLease:
        if name in self.taken or name in self.others:
            raise Refused("Somebody is writing", f"{self.others.get(name, ANA).user} holds {name}", guard="lease")
        self.events.append("lease")
        self.taken[name] = MemoryLease(self, LeaseHolder(name, ANA, 1, purpose, NOW, NOW, f"token {name}"))
        return self.taken[name]

    def held(self, prefix: str = "") -> tuple[LeaseHolder, ...]:
        foreign = [LeaseHolder(name, person, 2, "", NOW, NOW, "") for name, person in self.others.items()]
        mine = [lease.holder for lease in self.taken.values()]
        return tuple(holder for holder in (*mine, *foreign) if holder.name.startswith(prefix))

    def lose(self) -> None:
        for lease in self.taken.values():
            lease.lost = True


@dataclass
class MemoryPlans:
    """Keeps what JSON keeps of them."""

    documents: dict[str, str] = field(default_factory=dict)
    kept: dict[str, KeptPlan] = field(default_factory=dict)

    def keep(self, plan: Plan, *, batch: str = "") -> None:
        self.documents[plan.plan_id] = canonical(plan_document(plan))
        self.kept.setdefault(plan.plan_id, KeptPlan(read_plan(plan_document(plan)), batch=batch))

    def get(self, reference: str) -> KeptPlan:
        found = [plan_id for plan_id in self.kept if len(reference) >= 6 and plan_id.startswith(reference)]
        if len(found) != 1:
            raise UsageError("No such plan", reference)
        return replace(self.kept[found[0]], plan=read_plan(json.loads(self.documents[found[0]])))

    def claim(self, plan_id: str, write_id: str, now: datetime) -> None:
        kept = self.get(plan_id)
        if kept.used_by:
            raise Refused("Used already", kept.used_by, guard="plan_used")
        self.kept[plan_id] = replace(kept, used_by=write_id, used_at=now)

    def batch(self, batch: str) -> tuple[KeptPlan, ...]:
        found = tuple(self.get(plan_id) for plan_id, kept in self.kept.items() if batch and kept.batch == batch)
        if not found:
            raise UsageError("No such batch", batch)
        return found

    def newest(self, limit: int = 100) -> tuple[KeptPlan, ...]:
        return tuple(self.get(plan_id) for plan_id in reversed(self.kept))[:limit]


@dataclass
class Bench:
    """Everything that repairs one table, which starts with one key of two current versions and one of another."""

    settings: Scd2TableSettings = field(default_factory=lambda: Scd2TableSettings(TABLE))
    stamped: bool = True
    rows: Sequence[Row] = ()
    clock: Clock = field(default_factory=Clock)
    guards: list[Guard] = field(default_factory=list)
    after_applied: AfterApplied = lambda _: ""
    target: str = "sandbox"

    def __post_init__(self) -> None:
        other = row("other", 1, key="other")
        table = MemoryTable(self.settings, [dict(one) for one in (*(self.rows or pair()), other)], self.stamped)
        self.base = MemoryDatabase({SQL_NAME: table})
        self.journal = MemoryChain(events=self.base.events)
        self.leases, self.plans = MemoryLeases(self.base.events), MemoryPlans()
        queries = ShippedQueries()
        tables = Scd2Tables(Settings(scd2=(self.settings,)), MemoryDbt(), self.base, queries)
        self.planner = Planner(
            self.target, warehouse=self.base, queries=queries, person=ANA, clock=self.clock, backup_suffix="_BACKUP"
        )
        self.writes = GuardedWrites(
            self.target, access=self.base, plans=self.plans, leases=self.leases, journal=self.journal,
            clock=self.clock, guards=(self._ask,), after_applied=self.after_applied,
        )  # fmt: skip
        browser = Scd2Browser(tables, self.base, queries, self.journal)
        self.repairs = Scd2Repairs(tables, browser, self.planner, self.writes, plans=self.plans, journal=self.journal)
        self.tables = tables

    def doubts(self, target: str = "", read_only_reason: str = "") -> Doubts:
        return Doubts(
            target or self.target, journal=self.journal, plans=self.plans, leases=self.leases, warehouse=self.base,
            queries=ShippedQueries(), read_only_reason=read_only_reason,
        )  # fmt: skip

    def _ask(self, plan: Plan) -> None:
        self.base.events.append("guards")
        for guard in self.guards:
            guard(plan)

    # -- what a person does -------------------------------------------------------------------------------------------

    def propose(self, key: str = KEY, **options: Any) -> Plan:
        return self.repairs.propose(NAME, key, **options)

    def apply(self, plan: Plan, typed: str | None = None, reason: str = REASON) -> Ended:
        del self.base.events[:]
        return self.repairs.apply(plan.plan_id, plan.confirmation if typed is None else typed, reason)

    def refused(self, plan: Plan, typed: str | None = None, reason: str = REASON) -> Refused:
        """Applying it is refused, and the table is left as it was, whatever others made of it meanwhile."""
        with pytest.raises(Refused) as caught:
            self.apply(plan, typed, reason)
        return caught.value

    # -- what is there ------------------------------------------------------------------------------------------------

    @property
    def table(self) -> MemoryTable:
        return self.base.tables[SQL_NAME]

    def now(self) -> list[Row]:
        return sorted((dict(one) for one in self.table.rows), key=repr)

    def current(self, key: str = KEY) -> list[str]:
        return sorted(
            str(one["scd_id"]) for one in self.table.rows if one["natural_key"] == key and self.table.current(one)
        )

    @property
    def clones(self) -> list[str]:
        return [name for name in self.base.tables if name != SQL_NAME]


__all__ = ["ANA", "BO", "DAY", "KEY", "NAME", "REASON", "SQL_NAME", "TABLE", "Bench", "pair", "row"]
