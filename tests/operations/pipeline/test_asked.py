"""A sync in doubt beside the writes in doubt: shown from the store alone, settled by Airbyte's jobs under its lease."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.adapters.airbyte import AbsentAirbyte
from gcms_tui.adapters.store.opening import Store, open_store
from gcms_tui.core.errors import ConfigError, GcmsError, Refused, Unavailable, UsageError
from gcms_tui.core.pipeline.syncs import ANSWERED, ASKED, SETTLED
from gcms_tui.core.run import Person
from gcms_tui.core.settings import Settings
from gcms_tui.core.writing.doubt import Verdict
from gcms_tui.core.writing.journal import INTENT
from gcms_tui.operations.pipeline.asked import AskedSyncs
from gcms_tui.operations.pipeline.ports import Airbyte
from gcms_tui.operations.writing.doubts import Doubt, Doubts, open_doubts
from tests.operations.memory import Clock, MemoryWarehouse, ShippedQueries
from tests.operations.pipeline.memory_airbyte import PAYROLL, REFERENCE, MemoryAirbyte

SYNC = "sync-20260301-090000-0a1b2c"
LEASE = "pipeline:prod:c-1"


@dataclass
class Scene:
    directory: Path
    airbyte: Airbyte = field(default_factory=MemoryAirbyte)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.store: Store = open_store(Settings(state_dir=self.directory), {}, Person("erin", "ops-1"), self.clock)

    def ask(self, sync_id: str = SYNC, **said: Any) -> None:
        asked = {"target": "prod", "connection": "c-1", "name": REFERENCE.name, "where": "airbyte.example:8000"}
        self.store.journal.append(ASKED, sync_id, {**asked, "before": 11, "reason": "stale", **said})

    def doubts(self, *, asked: bool = True, read_only: str = "") -> Doubts:
        store = self.store
        return Doubts(
            "prod",
            journal=store.journal,
            plans=store.plans,
            leases=store.leases,
            warehouse=MemoryWarehouse(),
            queries=ShippedQueries(),
            syncs=AskedSyncs(self.airbyte, store.journal, self.clock) if asked else None,
            read_only_reason=read_only,
        )

    def settled(self) -> list[dict[str, Any]]:
        return [entry.said for entry in self.store.journal.entries(kind=SETTLED)]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    made = Scene(tmp_path)
    made.ask()
    return made


def the_one(scene: Scene) -> Doubt:
    [doubt] = open_doubts(scene.store.journal, scene.store.leases)
    return doubt


def test_what_is_in_doubt_is_one_list_of_writes_and_syncs_oldest_first(scene: Scene) -> None:
    said = {"kind": "repair", "target": "prod", "table": "bronze.t", "key": "1-5", "query_tag": "t", "plan": "p"}
    scene.store.journal.append(INTENT, "20260301-090000-abcdef", said)
    scene.ask("sync-answered")
    scene.store.journal.append(ANSWERED, "sync-answered", {"outcome": "started", "job": 12})
    scene.ask("sync-other", target="dev", connection="c-9")
    scene.store.journal.append(ASKED, "sync-edited", {"target": "prod"})
    lease = scene.store.leases.take("pipeline:dev:c-9", "sync")
    found = open_doubts(scene.store.journal, scene.store.leases)
    lease.release()
    assert [(doubt.words, doubt.under_way) for doubt in found] == [
        (f"sync of {REFERENCE.name}", False),
        ("repair of 1-5 in bronze.t", False),
        (f"sync of {REFERENCE.name}", True),
        ("a sync whose intent cannot be read", False),
    ]
    assert [doubt.told_by for doubt in found[:2]] == ["the jobs that Airbyte lists", "the rows and the query history"]


def _nothing(scene: Scene, airbyte: MemoryAirbyte) -> None:
    scene.clock.now += timedelta(minutes=6)


def _one_since(scene: Scene, airbyte: MemoryAirbyte) -> None:
    airbyte.begin(PAYROLL.connection_id)  # another connection's is none of it
    airbyte.begin()
    airbyte.begin()


def _moved(scene: Scene, airbyte: MemoryAirbyte) -> None:
    """The jobs of another Airbyte say nothing, whatever their numbers are."""
    airbyte.where = "elsewhere.example"
    airbyte.begin()


def _deleted(scene: Scene, airbyte: MemoryAirbyte) -> None:
    airbyte.fails("jobs", UsageError("Airbyte knows no such thing", "404"))


@pytest.mark.parametrize(
    ("meanwhile", "verdict", "said", "next_step"),
    [
        (_one_since, Verdict.APPLIED, {"outcome": "started", "job": 13}, "pipeline watch 13"),
        (_nothing, Verdict.NOT_APPLIED, {"outcome": "not_started"}, f"pipeline sync '{REFERENCE.name}'"),
        (_moved, Verdict.LOOK, {"outcome": "not_known"}, "in Airbyte at airbyte.example:8000, or ask erin@ops-1"),
        (_deleted, Verdict.LOOK, {"outcome": "not_known"}, "in Airbyte at airbyte.example:8000, or ask erin@ops-1"),
    ],
)
def test_it_is_settled_by_the_jobs_that_airbyte_lists(
    scene: Scene,
    meanwhile: Callable[[Scene, MemoryAirbyte], None],
    verdict: Verdict,
    said: dict[str, Any],
    next_step: str,
) -> None:
    assert isinstance(scene.airbyte, MemoryAirbyte)
    meanwhile(scene, scene.airbyte)
    looked = scene.doubts(read_only="the file").look(SYNC)
    assert (looked.verdict, scene.settled()) == (verdict, []), "looking is free to all and settles nothing"
    found = scene.doubts().settle(SYNC)
    assert found == looked and next_step in found.next_step
    [kept] = scene.settled()
    assert kept.items() >= said.items()
    assert scene.doubts().open() == () and scene.store.leases.held() == ()
    with pytest.raises(UsageError):
        scene.doubts().settle(SYNC)


def test_where_it_is_too_early_to_tell_that_is_said_and_when(scene: Scene) -> None:
    scene.clock.now += timedelta(minutes=4)
    found = scene.doubts().settle(SYNC)
    assert found.verdict is Verdict.RUNNING and "too early to tell: until 09:05:00 UTC" in found.evidence[1]
    assert "Look again at 2026-03-01 09:05:00 UTC" in found.next_step
    assert scene.settled() == [] and the_one(scene).write_id == SYNC
    scene.clock.now += timedelta(minutes=1)
    assert scene.doubts().settle(SYNC).verdict is Verdict.NOT_APPLIED


def test_whoever_asks_just_now_is_left_alone(scene: Scene) -> None:
    scene.clock.now += timedelta(minutes=6)
    lease = scene.store.leases.take(LEASE, "sync")
    assert the_one(scene).under_way
    assert {scene.doubts().settle(SYNC).verdict, scene.doubts().look(SYNC).verdict} == {Verdict.RUNNING}
    assert scene.settled() == []
    lease.release()
    assert scene.doubts().settle(SYNC).verdict is Verdict.NOT_APPLIED


@pytest.mark.parametrize("asked", [True, False])
def test_without_an_airbyte_it_is_said_whom_to_ask(scene: Scene, asked: bool) -> None:
    scene.airbyte = AbsentAirbyte(ConfigError("No Airbyte", "gcms.toml names none.", "Name base_url."))
    with pytest.raises(ConfigError) as caught:
        scene.doubts(asked=asked).settle(SYNC)
    told = f"{caught.value.message} {caught.value.next_step}"
    assert "asked of Airbyte at airbyte.example:8000" in told and "ask erin@ops-1" in told
    assert the_one(scene).under_way is False and scene.settled() == []


@pytest.mark.parametrize(
    ("read_only", "target", "error"),
    [("the config file", "prod", Refused), ("", "dev", Refused), ("", "prod", Unavailable)],
)
def test_what_may_not_be_settled_or_cannot_stays_in_doubt(
    scene: Scene, read_only: str, target: str, error: type[GcmsError]
) -> None:
    assert isinstance(scene.airbyte, MemoryAirbyte)
    scene.airbyte.fails("jobs", Unavailable("Down", "refused"))
    scene.ask("sync-2", target=target)
    with pytest.raises(error):
        scene.doubts(read_only=read_only).settle("sync-2")
    assert len(scene.doubts().open()) == 2 and scene.settled() == []


def test_a_request_that_was_edited_is_for_a_person_and_is_closed_as_that(scene: Scene) -> None:
    scene.store.journal.append(ASKED, "sync-edited", {"target": "prod"})
    found = scene.doubts().settle("sync-edited")
    assert found.verdict is Verdict.LOOK and "journal verify" in found.evidence[0]
    assert [doubt.write_id for doubt in scene.doubts().open()] == [SYNC]
