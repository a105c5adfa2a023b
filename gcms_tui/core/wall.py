"""What the wall may say without asking, and when it has to ask again.

A wall runs for weeks, and a warehouse that it wakes for nothing is paid for. So it looks at everything only where
something may have changed since it last did:

- dbt, or somebody with the console, has left a sign on this machine or in the shared journal;
- a source may have been loaded: its usual time between two loads has passed. Once it has missed one whole load it is
  late, and is asked after again only at the times of the next ones;
- the warehouse did not answer;
- `LONGEST_SLEEP` has passed: what is done from elsewhere leaves no sign here.

Ages need no question. They are told anew from what was read, by the same rules that judged them then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from gcms_tui.core.finding import Evidence, Finding, HealthReport, Point, Scalar
from gcms_tui.core.freshness import CLOCK_SKEW, age_verdict, age_words, hours, judge_source
from gcms_tui.core.metrics import judge_oldest_source
from gcms_tui.core.settings import PayrollSettings, SourceSettings
from gcms_tui.core.verdict import Verdict

LONGEST_SLEEP = timedelta(hours=6)
"""Without any sign of change the wall looks again after so long all the same."""

Signs = Mapping[str, str]
"""What can be seen from here for nothing, by what it is of: `dbt.log`, `the journal`."""

_SLOWEST = timedelta(hours=1)
"""However often the warehouse has not answered, it is asked again within an hour."""
_SAME_LOAD = timedelta(minutes=5)
_GAPS = 2
"""So many times between loads have to be known before they are believed."""
_MEASURED_FROM = timedelta(hours=1)
_DAY = timedelta(days=1)
_AMOUNT = re.compile(r"\d[\d,]*\.\d{2}\b")
_FRESHNESS, _OLDEST, _PAYROLL = "freshness.", "metric.freshness", ("payroll.", "metric.payroll")


@dataclass(frozen=True, slots=True)
class Load:
    """When a source was loaded last, and how often that usually happens."""

    table: str
    newest: datetime
    every: timedelta
    learned: bool = True
    """False: too little is known, and half the time within which it should be loaded is taken."""

    def next_after(self, moment: datetime) -> datetime:
        """The first moment from `moment` on at which it may have been loaded again."""
        if moment < self.newest + self.every:
            return self.newest + self.every
        if moment < self.newest + 2 * self.every:
            return moment
        missed = -((self.newest - moment) // self.every)
        return self.newest + missed * self.every


@dataclass(frozen=True, slots=True)
class Looked:
    """The last look at everything."""

    at: datetime
    signs: Signs | None
    """As they were before it began; None where that was another console's look."""
    failures: int = 0
    """Looks in a row that the warehouse did not answer."""


def loads(
    findings: Iterable[Finding], series: Mapping[str, Sequence[Point]], sources: Iterable[SourceSettings]
) -> tuple[Load, ...]:
    """Of every source whose newest load is known."""
    limits, found = {str(source.table): source for source in sources}, []
    for finding in findings:
        row = _row(finding)
        source, newest = limits.get(str(row.get("table"))), row.get("last_loaded_at")
        if source is None or not isinstance(newest, datetime):
            continue
        gaps = _gaps(series.get(finding.name, ()), newest)
        usual = sorted(gaps)[len(gaps) // 2] if len(gaps) >= _GAPS else None
        assumed = timedelta(hours=max(source.warn_after_h / 2, 0.1))
        found.append(Load(str(source.table), newest, usual or assumed, usual is not None))
    return tuple(found)


def _gaps(points: Sequence[Point], newest: datetime) -> list[timedelta]:
    """Between the loads that past answers tell of: each says how many hours ago the newest was."""
    moments = [
        point.taken_at - timedelta(hours=point.value)
        for point in points
        if isinstance(point.value, int | float) and point.verdict is not Verdict.UNKNOWN
    ]
    told: list[datetime] = []
    for moment in sorted([*moments, newest]):
        if not told or moment - told[-1] > _SAME_LOAD:
            told.append(moment)
    return [later - earlier for earlier, later in zip(told, told[1:], strict=False)]


def wait(every: timedelta, failures: int) -> timedelta:
    """From a look to the next at the earliest: doubled for each that was not answered."""
    doubled: timedelta = every * (1 << min(failures, 16))
    return min(doubled, max(every, _SLOWEST))


def why_look(last: Looked | None, signs: Signs, loads: Iterable[Load], now: datetime, every: timedelta) -> str:
    """What may have changed, in words; empty where the wall sleeps on."""
    if last is None:
        return "for the first time"
    if now < last.at - CLOCK_SKEW:
        return "the clock was set back"
    if now - last.at < wait(every, last.failures):
        return ""
    if last.failures:
        return "there was no answer"
    if last.signs is None:
        return "another console did last"
    changed = [name for name in signs if signs[name] != last.signs.get(name)]
    if changed:
        return f"{' and '.join(changed)} changed"
    loaded = [load.table for load in loads if load.next_after(last.at) <= now]
    if loaded:
        return f"{loaded[0]}{f' and {len(loaded) - 1} more' if len(loaded) > 1 else ''} may have been loaded"
    return "no sign for too long" if now - last.at >= LONGEST_SLEEP else ""


def wakes_at(last: Looked | None, loads: Iterable[Load], every: timedelta) -> datetime | None:
    """When it will look again, unless there is a sign before. None: at once."""
    if last is None:
        return None
    due = last.at + wait(every, last.failures)
    if last.failures or last.signs is None:
        return due
    return max(due, min([last.at + LONGEST_SLEEP, *(load.next_after(last.at) for load in loads)]))


# -- ages -------------------------------------------------------------------------------------------------------------


def aged(
    findings: Iterable[Finding], sources: Iterable[SourceSettings], payroll: PayrollSettings, now: datetime
) -> tuple[Finding, ...]:
    """The findings as they read at `now`: what is only a question of time has become older, and nothing younger."""
    limits = {str(source.table): source for source in sources}
    older = [_aged(finding, limits, payroll, now) for finding in findings]
    of_sources = [finding for finding in older if finding.name.startswith(_FRESHNESS)]
    for place, finding in enumerate(older):
        if finding.name == _OLDEST and of_sources:
            said = judge_oldest_source(of_sources)
            older[place] = replace(
                finding, verdict=said.verdict, summary=said.summary, value=said.value, next_step=said.next_step
            )
    return tuple(older)


def _aged(finding: Finding, limits: Mapping[str, SourceSettings], payroll: PayrollSettings, now: datetime) -> Finding:
    row = _row(finding)
    if now <= finding.taken_at or finding.verdict is Verdict.UNKNOWN:
        return finding
    source = limits.get(str(row.get("table")))
    if source is not None and finding.name.startswith(_FRESHNESS) and "last_loaded_at" in row:
        table, column = str(row["table"]), str(row.get("column"))
        said = judge_source(table, column, row, now, source.warn_after_h, source.fail_after_h)
        return replace(
            finding,
            verdict=said.verdict,
            summary=said.summary,
            value=said.value,
            next_step=said.next_step,
            evidence=said.evidence,
        )
    calculated = row.get("last_calculated_at")
    if finding.name.startswith("fact.") and isinstance(calculated, datetime):
        age = now - calculated
        verdict = age_verdict(age, payroll.calculated_within_h, 2 * payroll.calculated_within_h)
        if verdict > finding.verdict:
            summary = f"{payroll.fact} was calculated {age_words(age)} ago"
            return replace(finding, verdict=verdict, summary=summary, value=hours(age))
    return finding


def _row(finding: Finding) -> dict[str, Scalar]:
    """The first row of its evidence, by column."""
    evidence = finding.evidence
    return dict(zip(evidence.columns, evidence.rows[0], strict=True)) if evidence.rows else {}


# -- what may be shown and kept ---------------------------------------------------------------------------------------


def told(finding: Finding) -> str:
    """Its summary as everybody may read it who passes by: what is paid is not written on a wall."""
    if finding.name.startswith(_PAYROLL):
        return _AMOUNT.sub("some", finding.summary.partition(":")[0])
    return finding.summary


def bare(report: HealthReport) -> HealthReport:
    """The report without evidence, amounts, and what was asked, as it is kept for replay."""
    return replace(
        report,
        findings=tuple(
            replace(
                finding,
                summary=told(finding),
                value=None if isinstance(finding.value, Decimal) else finding.value,
                evidence=Evidence(),
                provenance=tuple(replace(origin, statement="", binds=()) for origin in finding.provenance),
            )
            for finding in report.findings
        ),
        notes=(),
    )


def since(finding: Finding, points: Sequence[Point]) -> tuple[datetime, bool]:
    """Since when it has not been OK, and whether it was OK before that: else it may have been so for longer."""
    began = finding.taken_at
    for point in reversed(points):
        if point.verdict is Verdict.OK:
            return began, True
        began = min(began, point.taken_at)
    return began, False


# -- what it costs ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spent:
    """What looks have cost so far."""

    looks: int = 0
    queries: int = 0
    busy_ms: int = 0
    """How long their checks took, waiting and all: the warehouse computed for no longer."""

    def plus(self, other: Spent) -> Spent:
        return Spent(self.looks + other.looks, self.queries + other.queries, self.busy_ms + other.busy_ms)


def spent_on(findings: Iterable[Finding]) -> Spent:
    """One look's cost. A metric asks nothing of its own."""
    asking = [finding for finding in findings if not finding.name.startswith("metric.")]
    ids = {origin.query_id for finding in asking for origin in finding.provenance if origin.query_id}
    busy = sum(finding.elapsed_ms for finding in asking if any(origin.query_id for origin in finding.provenance))
    return Spent(1, len(ids), busy)


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate for a day."""

    looks: float
    queries: int
    seconds: float
    measured: bool
    """False: nothing has been watched for long enough, and it is what a look at every refresh would cost."""


def a_day(spent: Spent, watched: timedelta, every: timedelta) -> Cost | None:
    """By what was spent while the wall was watched; None where there was no look to tell by."""
    if not spent.looks:
        return None
    measured = watched >= _MEASURED_FROM
    looks = spent.looks * (_DAY / watched) if measured else _DAY / every
    a_look = looks / spent.looks
    return Cost(looks, round(spent.queries * a_look), spent.busy_ms * a_look / 1000, measured)


def unanswered(findings: Iterable[Finding]) -> bool:
    """Something was asked of the warehouse, and there was no answer."""
    return any(
        finding.verdict is Verdict.UNKNOWN
        and any(origin.statement and origin.query_id is None for origin in finding.provenance)
        for finding in findings
    )


def free(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Findings that are read from files alone: looking at them costs nothing."""
    return tuple(
        finding.name
        for finding in findings
        if finding.provenance and not any(origin.statement for origin in finding.provenance)
    )
