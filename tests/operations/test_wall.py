"""The wall's looks over an examiner in memory: what is asked, when, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from gcms_tui.core.errors import GcmsError, Unavailable
from gcms_tui.core.finding import Finding, HealthReport, Point, Provenance
from gcms_tui.core.settings import Settings
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.wall import LONGEST_SLEEP
from gcms_tui.core.wall_around import Around
from gcms_tui.operations.wall import WallDesk, Watch

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EVERY = timedelta(minutes=15)
AROUND = Around(due=(), on_call="+43 1 4000", holds=(), incidents=0)


@dataclass
class World:
    """Time, signs, and a warehouse that may be away."""

    now: datetime = START
    signs: dict[str, str] = field(default_factory=lambda: {"dbt.log": "1"})
    asked: list[tuple[str, ...] | None] = field(default_factory=list)
    kept: list[HealthReport] = field(default_factory=list)
    away: bool = False
    error: GcmsError | None = None
    full: bool = False

    def names(self) -> tuple[str, ...]:
        return ("dbt.last_run", "scd2.a")

    def examine(
        self, only: tuple[str, ...] | None = None, on_finding: Callable[[Finding], None] | None = None
    ) -> HealthReport:
        self.asked.append(only)
        if self.error is not None:
            raise self.error
        verdict = Verdict.UNKNOWN if self.away else Verdict.OK
        query = Provenance("queries/a.sql", "select 1", (), None if self.away else f"q{len(self.asked)}")
        both = (
            Finding("dbt.last_run", "Daily 1", Verdict.OK, "ran", self.now, provenance=(Provenance("dbt.log"),)),
            Finding("scd2.a", "S", verdict, "looked at", self.now, elapsed_ms=100, provenance=(query,)),
        )
        return HealthReport("prod", self.now, tuple(item for item in both if only is None or item.name in only))

    def series(self, name: str) -> tuple[Point, ...]:
        return (Point(self.now, Verdict.OK, 1),)

    def keep(self, report: HealthReport) -> None:
        if self.full:
            raise Unavailable("Health is not kept", "the disk is full")
        self.kept.append(report)

    def watch(self, every: timedelta | None = EVERY, known: HealthReport | None = None) -> Watch:
        desk = WallDesk(lambda: dict(self.signs), lambda: AROUND, self.keep)
        return Watch(self, desk, Settings(), every=every, clock=lambda: self.now, known=known)

    def later(self, watch: Watch, delta: timedelta = EVERY) -> str:
        self.now += delta
        return watch.look().why


FILES = ("dbt.last_run",)


def test_it_sleeps_until_there_is_a_sign_and_asks_files_meanwhile() -> None:
    world = World()
    watch = world.watch()
    assert watch.look().why == "for the first time"
    assert [world.later(watch) for _ in range(3)] == ["", "", ""]
    assert world.asked == [None, FILES, FILES, FILES]
    world.signs["dbt.log"] = "2"
    assert world.later(watch) == "dbt.log changed"
    assert world.later(watch) == ""


def test_a_sign_that_comes_during_a_look_is_not_lost() -> None:
    world = World()
    watch = world.watch()
    examine = world.examine

    def meanwhile(
        only: tuple[str, ...] | None = None, on_finding: Callable[[Finding], None] | None = None
    ) -> HealthReport:
        world.signs["dbt.log"] = "2"
        return examine(only, on_finding)

    world.examine = meanwhile  # type: ignore[method-assign]
    watch.look()
    assert world.later(watch) == "dbt.log changed"


def test_a_day_without_any_sign_costs_four_looks() -> None:
    world = World()
    watch = world.watch()
    watch.look()
    for _ in range(96):
        world.later(watch)
    assert world.asked.count(None) == 1 + timedelta(days=1) / LONGEST_SLEEP
    cost = watch.look().cost
    assert cost is not None and cost.measured and cost.queries == round(cost.looks) == 5


@pytest.mark.parametrize("raises", [False, True])
def test_a_warehouse_that_does_not_answer_is_asked_again_ever_more_slowly(raises: bool) -> None:
    world = World()
    watch = world.watch()
    watch.look()
    world.signs["dbt.log"], world.away = "2", not raises
    world.error = Unavailable("Away", "no answer") if raises else None
    looks = []
    for minute in range(0, 121, 15):
        world.now = START + EVERY + timedelta(minutes=minute)
        before = world.asked.count(None)
        try:
            watch.look()
        except Unavailable:
            assert raises
        if world.asked.count(None) > before:
            looks.append(minute)
        if world.asked[-1] is not None:
            assert world.asked[-1] == FILES
    assert looks == [0, 30, 90]


def test_what_another_console_found_just_now_is_not_asked_for_again() -> None:
    world = World()
    known = world.examine()
    watch = world.watch(known=known)
    seen = watch.look()
    assert (seen.why, world.asked[1:]) == ("", [FILES])
    assert seen.report.finding("scd2.a") == known.finding("scd2.a")
    assert seen.cost is not None and not seen.cost.measured
    assert world.later(watch) == "another console did last"


def test_without_a_refresh_it_looks_when_asked_alone() -> None:
    world = World()
    watch = world.watch(every=None)
    assert watch.look().why == "for the first time"
    world.signs["dbt.log"] = "2"
    assert world.later(watch, timedelta(days=2)) == ""
    seen = watch.look(by_hand=True)
    assert (seen.why, seen.wakes_at, seen.cost) == ("asked for", None, None)


def test_each_look_is_kept_and_where_it_cannot_be_the_answers_stand() -> None:
    world = World()
    watch = world.watch()
    watch.look()
    world.later(watch)
    assert [(report.taken_at, len(report.findings)) for report in world.kept] == [(START, 2), (START + EVERY, 2)]
    world.full = True
    world.now += EVERY
    seen = watch.look()
    assert seen.notes == ("Health is not kept: the disk is full",)
    assert [finding.name for finding in seen.report.findings] == list(world.names())


def test_a_past_that_cannot_be_read_is_a_note() -> None:
    world = World()

    def series(name: str) -> tuple[Point, ...]:
        raise Unavailable("No store", "locked")

    world.series = series  # type: ignore[method-assign]
    seen = world.watch().look()
    assert seen.notes == ("No store: locked",)
    assert replace(seen.report, findings=()).verdict is Verdict.UNKNOWN
