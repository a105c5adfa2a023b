"""Looking for the wall: at everything where something may have changed, else at what costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from gcms_tui.core import wall
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import Finding, HealthReport, Point
from gcms_tui.core.settings import Settings
from gcms_tui.core.wall import Cost, Looked, Signs, Spent
from gcms_tui.core.wall_around import Around
from gcms_tui.operations.ports import Clock


class Examiner(Protocol):
    """The morning check, as far as the wall asks."""

    def names(self) -> tuple[str, ...]: ...

    def examine(
        self, only: tuple[str, ...] | None = None, on_finding: Callable[[Finding], None] | None = None
    ) -> HealthReport: ...

    def series(self, name: str) -> tuple[Point, ...]: ...


@dataclass(frozen=True, slots=True)
class WallDesk:
    """What the wall reads beside the findings. None of it asks the warehouse; all of it is blocking I/O."""

    signs: Callable[[], Signs]
    around: Callable[[], Around]
    keep: Callable[[HealthReport], None]
    """For replay. Raises `GcmsError` where it cannot be kept."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look of the wall came to."""

    report: HealthReport
    """Everything that is known, the old answers with the new."""
    names: tuple[str, ...]
    series: Mapping[str, tuple[Point, ...]]
    around: Around
    why: str
    """Why everything was looked at; empty where nothing can have changed."""
    at: datetime
    wakes_at: datetime | None
    """When everything will be looked at again, unless there is a sign before; None: when somebody asks."""
    cost: Cost | None
    """Of a day; None where it cannot be told."""
    notes: tuple[str, ...] = ()


class Watch:
    """One wall's memory between its looks. One call at a time, from any thread."""

    def __init__(
        self,
        health: Examiner,
        desk: WallDesk,
        settings: Settings,
        *,
        every: timedelta | None,
        clock: Clock,
        known: HealthReport | None = None,
    ) -> None:
        """`every`: the refresh; None looks only where somebody asks. `known`: what another look left behind."""
        self._health, self._desk, self._settings = health, desk, settings
        self._every, self._clock = every, clock
        self._report = known
        self._series: dict[str, tuple[Point, ...]] = {}
        self._last = Looked(min(item.taken_at for item in known.findings), None) if known and known.findings else None
        self._spent, self._began = Spent(), clock()

    def look(self, *, by_hand: bool = False, on_finding: Callable[[Finding], None] | None = None) -> Seen:
        """Look, at everything where that may tell something new. Raises `GcmsError` where nothing at all could be
        looked at."""
        signs = self._desk.signs()
        notes = self._read_series(() if self._report is None else self._report.findings) if not self._series else ()
        why = "asked for" if by_hand else self._why(signs)
        notes = (*notes, *(self._everything(signs, on_finding) if why else self._for_nothing()))
        assert self._report is not None
        return Seen(
            report=self._report,
            names=self._health.names(),
            series=dict(self._series),
            around=self._desk.around(),
            why=why,
            at=self._clock(),
            wakes_at=None if self._every is None else wall.wakes_at(self._last, self._loads(), self._every),
            cost=self._cost(),
            notes=tuple(dict.fromkeys((*notes, *self._kept()))),
        )

    # -- inside ------------------------------------------------------------------------------------------------------

    def _why(self, signs: Signs) -> str:
        if self._every is None:
            return "" if self._report is not None else "for the first time"
        return wall.why_look(self._last, signs, self._loads(), self._clock(), self._every)

    def _everything(self, signs: Signs, on_finding: Callable[[Finding], None] | None) -> tuple[str, ...]:
        failures = 0 if self._last is None else self._last.failures
        try:
            report = self._health.examine(None, on_finding)
        except GcmsError:
            if self._last is not None:
                self._last = replace(self._last, at=self._clock(), failures=failures + 1)
            raise
        failures = failures + 1 if wall.unanswered(report.findings) else 0
        self._report, self._last = report, Looked(self._clock(), signs, failures)
        self._spent = self._spent.plus(wall.spent_on(report.findings))
        return (*report.notes, *self._read_series(report.findings))

    def _for_nothing(self) -> tuple[str, ...]:
        """What can be told from files alone is told anew."""
        assert self._report is not None
        names = set(self._health.names())
        if only := tuple(name for name in wall.free(self._report.findings) if name in names):
            newer = self._health.examine(only)
            self._report = self._report.updated(newer)
            return (*newer.notes, *self._read_series(newer.findings))
        return ()

    def _read_series(self, findings: Iterable[Finding]) -> tuple[str, ...]:
        """The past of each. Without it the answers still stand: what went wrong is a note."""
        try:
            for finding in findings:
                self._series[finding.name] = self._health.series(finding.name)
        except GcmsError as error:
            return (f"{error.title}: {error.message}",)
        return ()

    def _loads(self) -> tuple[wall.Load, ...]:
        findings = () if self._report is None else self._report.findings
        return wall.loads(findings, self._series, self._settings.sources)

    def _cost(self) -> Cost | None:
        if self._every is None or self._report is None:
            return None
        watched = self._clock() - self._began
        if not self._spent.looks:
            return wall.a_day(wall.spent_on(self._report.findings), timedelta(), self._every)
        return wall.a_day(self._spent, watched, self._every)

    def _kept(self) -> tuple[str, ...]:
        assert self._report is not None
        now = self._clock()
        older = wall.aged(self._report.findings, self._settings.sources, self._settings.payroll, now)
        try:
            self._desk.keep(wall.bare(replace(self._report, findings=older, taken_at=now)))
        except GcmsError as error:
            return (f"{error.title}: {error.message}",)
        return ()
