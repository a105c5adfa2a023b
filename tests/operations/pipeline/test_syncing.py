"""A sync: refused while anything stands against it, journalled first, sent once, and settled by looking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store.opening import Store, open_store
from gcms_tui.core.errors import ConfigError, GcmsError, Refused, Unavailable, UsageError
from gcms_tui.core.pipeline.airbyte import AnswerUnknown
from gcms_tui.core.pipeline.syncs import ANSWERED, ASKED, LOOKED, SETTLED, SyncOutcome
from gcms_tui.core.run import Person
from gcms_tui.core.settings import Settings
from gcms_tui.operations.pipeline.syncing import Asked, JobLook, SyncLooks, SyncPlan, Syncs, find_connection
from tests.operations.memory import Clock
from tests.operations.pipeline.memory_airbyte import PAYROLL, REFERENCE, MemoryAirbyte, a_job

NO_ANSWER = AnswerUnknown("Airbyte cannot be reached", "no whole answer within 15 s", "Look.")
RUNNING = Refused("A sync runs already", "409: A sync is already running for: c-1", guard="sync_running")


@dataclass
class Scene:
    directory: Path
    airbyte: MemoryAirbyte = field(default_factory=MemoryAirbyte)
    clock: Clock = field(default_factory=Clock)
    paused: list[float] = field(default_factory=list)

    def store(self, user: str = "erin") -> Store:
        return open_store(Settings(state_dir=self.directory), {}, Person(user, "ops-1"), self.clock)

    def syncs(self, user: str = "erin") -> Syncs:
        store = self.store(user)
        return Syncs(
            "prod",
            airbyte=self.airbyte,
            journal=store.journal,
            leases=store.leases,
            clock=self.clock,
            pause=self.paused.append,
        )

    def plan(self) -> SyncPlan:
        return SyncLooks(self.airbyte).plan("c-1")

    def sync(self, plan: SyncPlan | None = None) -> Asked:
        return self.syncs().sync(plan or self.plan(), REFERENCE.name, "stale since Tuesday")

    def journal(self) -> list[tuple[str, dict[str, object]]]:
        return [(entry.kind, entry.said) for entry in reversed(self.store().journal.entries())]

    @property
    def sent(self) -> int:
        return self.airbyte.calls.count("start_sync")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.mark.covers("E3 4")
def test_the_intent_is_in_the_journal_before_it_is_sent_and_the_outcome_after(scene: Scene) -> None:
    at_sending: list[str] = []
    scene.airbyte.hooks["start_sync"] = lambda: at_sending.extend(kind for kind, _ in scene.journal())
    asked = scene.sync()
    assert (asked.outcome, asked.job and asked.job.job_id, asked.note) == (SyncOutcome.STARTED, 12, "")
    assert at_sending == [ASKED]
    (_, intent), (kind, outcome) = scene.journal()
    assert (intent["before"], intent["connection"], intent["reason"]) == (11, "c-1", "stale since Tuesday")
    assert (kind, outcome) == (ANSWERED, {"outcome": "started", "job": 12})
    assert scene.syncs().open() == ()
    assert scene.store().leases.held() == ()


def test_a_terminal_that_has_gone_breaks_no_sync_off(scene: Scene) -> None:
    def gone(_: str) -> None:
        raise BrokenPipeError

    asked = scene.syncs().sync(scene.plan(), REFERENCE.name, "stale since Tuesday", gone)
    assert (asked.outcome, scene.syncs().open()) == (SyncOutcome.STARTED, ())


@pytest.mark.parametrize(
    ("typed", "reason", "guard"),
    [
        ("", "why", "confirmation"),
        ("supabase: reference", "why", "confirmation"),
        (REFERENCE.name, " \u200b", "reason"),
    ],
)
def test_it_wants_the_name_and_a_reason(scene: Scene, typed: str, reason: str, guard: str) -> None:
    with pytest.raises(Refused) as caught:
        scene.syncs().sync(scene.plan(), typed, reason)
    assert caught.value.guard == guard
    assert (scene.sent, scene.journal()) == (0, [])


@pytest.mark.parametrize("status", ["running", "incomplete", "hibernating"])
def test_none_is_started_while_one_is_under_way(scene: Scene, status: str) -> None:
    """Whether it was shown so, or began since."""
    shown = scene.plan()
    scene.airbyte.held.append(a_job(12, status))
    for plan in (shown, scene.plan()):
        with pytest.raises(Refused) as caught:
            scene.sync(plan)
        assert (caught.value.guard, "watch 12" in caught.value.next_step) == ("sync_running", True)
    assert (scene.sent, scene.journal()) == (0, [])


@pytest.mark.parametrize(
    "change",
    [
        lambda airbyte: airbyte.held.append(a_job(12, "failed")),
        lambda airbyte: airbyte.held.clear(),
        lambda airbyte: airbyte.listed.__setitem__(1, replace(REFERENCE, streams=("instrument", "musician"))),
        lambda airbyte: airbyte.listed.__setitem__(1, replace(REFERENCE, name="renamed")),
    ],
    ids=["a job ran", "none is listed", "another stream", "another name"],
)
def test_a_plan_is_known_by_what_was_shown_of_it(scene: Scene, change: Callable[[MemoryAirbyte], object]) -> None:
    looks, plan = SyncLooks(scene.airbyte), scene.plan()
    assert looks.shown("c-1", f" {plan.plan_id.upper()}") == plan
    with pytest.raises(Refused) as caught:
        looks.shown("c-1", "")
    assert caught.value.guard == "jobs_moved"
    change(scene.airbyte)
    with pytest.raises(Refused) as caught:
        looks.shown("c-1", plan.plan_id)
    assert caught.value.guard == "jobs_moved" and "pipeline sync c-1" in caught.value.next_step
    scene.airbyte.held.append(a_job(13, "running"))
    with pytest.raises(Refused) as caught:
        looks.shown("c-1", plan.plan_id)
    assert (caught.value.guard, "watch 13" in caught.value.next_step) == ("sync_running", True)


def test_what_has_changed_since_it_was_shown_is_shown_anew(scene: Scene) -> None:
    plan = scene.plan()
    scene.airbyte.held.append(a_job(12, "failed"))
    with pytest.raises(Refused) as caught:
        scene.sync(plan)
    assert caught.value.guard == "jobs_moved"
    plan = scene.plan()
    scene.airbyte.listed[1] = replace(REFERENCE, streams=("instrument", "musician"))
    with pytest.raises(Refused) as caught:
        scene.sync(plan)
    assert caught.value.guard == "jobs_moved"
    scene.airbyte.listed[1] = replace(REFERENCE, status="inactive")
    with pytest.raises(Refused) as caught:
        scene.sync()
    assert caught.value.guard == "inactive"
    assert (scene.sent, scene.journal()) == (0, [])


def test_two_people_do_not_start_one_at_once(scene: Scene) -> None:
    held = scene.store("frank").leases.take("pipeline:prod:c-1", "sync of the same")
    with pytest.raises(Refused) as caught:
        scene.sync()
    held.release()
    assert (caught.value.guard, "frank" in caught.value.message, scene.sent) == ("lease", True, 0)


def test_a_409_attaches_to_the_one_that_runs(scene: Scene) -> None:
    def somebody_elses() -> None:
        scene.airbyte.begin()
        raise RUNNING

    scene.airbyte.hooks["start_sync"] = somebody_elses
    asked = scene.sync()
    assert (asked.outcome, asked.job and asked.job.job_id) == (SyncOutcome.ATTACHED, 12)
    assert scene.journal()[-1] == (ANSWERED, {"outcome": "attached", "job": 12})
    assert scene.sent == 1


def test_a_409_with_nothing_running_is_told_as_that_and_not_tried_again(scene: Scene) -> None:
    scene.airbyte.fails("start_sync", RUNNING)
    with pytest.raises(Refused) as caught:
        scene.sync()
    assert caught.value.guard == "sync_stuck"
    assert "none of 2 jobs is under way: its newest, job 11 failed" in caught.value.message
    assert scene.journal()[-1][1]["outcome"] == "not_started"
    assert (scene.sent, scene.syncs().open()) == (1, ())


@pytest.mark.parametrize(
    "error", [Unavailable("Down", "refused"), ConfigError("Login", "401"), UsageError("404", "no")]
)
def test_what_was_certainly_not_started_has_that_outcome(scene: Scene, error: GcmsError) -> None:
    scene.airbyte.fails("start_sync", error)
    with pytest.raises(type(error)):
        scene.sync()
    assert scene.journal()[-1][1]["outcome"] == "not_started"
    assert scene.syncs().open() == ()


def test_without_an_answer_the_job_is_looked_for_before_anything_else(scene: Scene) -> None:
    def started_unheard() -> None:
        scene.airbyte.begin(PAYROLL.connection_id)  # another connection's is none of ours
        scene.airbyte.begin()
        raise NO_ANSWER

    scene.airbyte.hooks["start_sync"] = started_unheard
    asked = scene.sync()
    assert (asked.outcome, asked.job and asked.job.job_id) == (SyncOutcome.STARTED, 13)
    assert [kind for kind, _ in scene.journal()] == [ASKED, LOOKED, ANSWERED]
    assert scene.journal()[1][1]["jobs"] == [13]
    assert (scene.sent, scene.airbyte.calls[-2:]) == (1, ["start_sync", "jobs"])


def test_a_job_that_is_listed_a_moment_later_is_found(scene: Scene) -> None:
    scene.airbyte.fails("start_sync", NO_ANSWER)
    plan, looks = scene.plan(), list[int]()

    def late() -> None:
        if scene.sent and len(looks) == 1:
            scene.airbyte.begin()
        looks.extend([1] * scene.sent)

    scene.airbyte.hooks["jobs"] = late
    assert scene.sync(plan).outcome is SyncOutcome.STARTED
    assert (scene.sent, len(scene.paused)) == (1, 1)


def test_a_job_that_nobody_finds_stays_in_doubt_and_holds_the_next_up(scene: Scene) -> None:
    scene.airbyte.fails("start_sync", NO_ANSWER)
    asked = scene.sync()
    assert (asked.outcome, asked.job, scene.sent) == (SyncOutcome.IN_DOUBT, None, 1)
    assert "lists no job since" in asked.note
    assert [kind for kind, _ in scene.journal()] == [ASKED, LOOKED]
    assert [item.sync_id for item in scene.syncs().open()] == [asked.sync_id]
    del scene.airbyte.hooks["start_sync"]
    with pytest.raises(Refused) as caught:
        scene.sync()
    assert (caught.value.guard, scene.sent) == ("in_doubt", 1)
    scene.clock.now += timedelta(minutes=6)
    assert scene.sync().outcome is SyncOutcome.STARTED
    assert (SETTLED, "not_started") in [(kind, said.get("outcome")) for kind, said in scene.journal()]
    assert scene.syncs().open() == ()


def test_jobs_that_cannot_be_listed_leave_it_in_doubt(scene: Scene) -> None:
    plan = scene.plan()

    def gone() -> None:
        scene.airbyte.fails("jobs", Unavailable("Down", "refused"))
        raise NO_ANSWER

    scene.airbyte.hooks["start_sync"] = gone
    asked = scene.sync(plan)
    assert (asked.outcome, "cannot be listed: refused" in asked.note) == (SyncOutcome.IN_DOUBT, True)


def test_without_a_journal_nothing_is_sent(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs, plan = scene.syncs(), scene.plan()

    def full(*_: object) -> None:
        raise StateError("The journal cannot be written", "the disk is full")

    monkeypatch.setattr(syncs._journal, "append", full)
    with pytest.raises(StateError):
        syncs.sync(plan, REFERENCE.name, "why")
    assert scene.sent == 0


def test_an_outcome_that_cannot_be_journalled_is_in_doubt_and_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs, plan = scene.syncs(), scene.plan()
    append = syncs._journal.append

    def full(kind: str, *others: object) -> object:
        if kind == ANSWERED:
            raise StateError("The journal cannot be written", "the disk is full")
        return append(kind, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(syncs._journal, "append", full)
    asked = syncs.sync(plan, REFERENCE.name, "why")
    assert (asked.outcome, "the disk is full" in asked.note) == (SyncOutcome.STARTED, True)
    assert len(scene.syncs().open()) == 1


# -- watching --------------------------------------------------------------------------------------------------------


def watched(airbyte: MemoryAirbyte, *, each: timedelta = timedelta(minutes=5)) -> tuple[list[JobLook], list[float]]:
    """The looks at job 11, each pause taking as long as it says and a bit."""
    moment, paused = [0.0], list[float]()

    def pause(seconds: float) -> None:
        paused.append(seconds)
        moment[0] += max(seconds, each.total_seconds())

    looks = SyncLooks(airbyte, pause=pause, monotonic=lambda: moment[0])
    return list(looks.watch(11, timedelta(hours=1))), paused


def test_a_job_is_watched_to_its_end() -> None:
    airbyte = MemoryAirbyte(held=[a_job(11, "running")])
    turns = iter(["pending", "running", "incomplete", "running", "succeeded"])
    airbyte.hooks["job"] = lambda: airbyte.turn(11, next(turns))
    looks, _ = watched(airbyte)
    assert [(look.job.status, look.over) for look in looks[-2:]] == [
        ("running", False),
        ("succeeded", True),
    ]
    assert len(looks) == 5


def test_a_job_that_never_ends_is_left_after_the_limit() -> None:
    looks, paused = watched(MemoryAirbyte(held=[a_job(11, "running")]))
    assert [look.over for look in looks] == [False] * 12 + [True]
    assert not looks[-1].job.ended
    assert max(paused) <= 10


def test_trouble_on_the_way_is_told_and_sat_out_for_a_while_only() -> None:
    airbyte = MemoryAirbyte(held=[a_job(11, "running")])
    turns = iter(["running", None, None, None, "failed"])

    def hook() -> None:
        status = next(turns)
        if status is None:
            raise Unavailable("Down", "no route")
        airbyte.turn(11, status)

    airbyte.hooks["job"] = hook
    looks, _ = watched(airbyte)
    assert [bool(look.trouble) for look in looks] == [False, True, True, True, False]
    turns = iter(["running", *[None] * 5])
    with pytest.raises(Unavailable):
        watched(airbyte)
    assert next(turns, "all of them") == "all of them"
    airbyte.calls.clear()
    airbyte.fails("job", Unavailable("Down", "no route"))
    with pytest.raises(Unavailable):
        watched(airbyte)
    assert airbyte.calls == ["job"], "one that nobody has seen is not waited for"
    del airbyte.hooks["job"]
    airbyte.held = []
    with pytest.raises(UsageError):
        watched(airbyte)


def test_a_connection_is_named_by_its_id_or_its_name() -> None:
    twice = (REFERENCE, replace(REFERENCE, connection_id="c-3"), PAYROLL)
    assert find_connection(twice, "c-3").connection_id == "c-3"
    assert find_connection(twice, "SUPABASE: payroll") is PAYROLL
    with pytest.raises(UsageError, match="2 are called so") as caught:
        find_connection(twice, REFERENCE.name)
    assert "c-1, c-3" in caught.value.next_step
    with pytest.raises(UsageError, match="none that Airbyte shows"):
        find_connection(twice, "c")
