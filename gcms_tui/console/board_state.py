"""What the health board knows, and the rows that follow from it. Pure: no Textual, no clock of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta

from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import Finding, HealthReport, Point
from gcms_tui.core.freshness import CLOCK_SKEW
from gcms_tui.core.frozen import frozen
from gcms_tui.core.verdict import Verdict, worst

STALE_AFTER = timedelta(hours=1)
"""How long an answer counts as present where nothing refreshes it by itself."""

_TITLES = {
    "Daily": "Daily morning check",
    "Weekly": "Weekly maintenance",
    "Monthly": "Monthly review",
    "K": "Key metrics",
    "Key metric": "Key metrics",
    "S": "SCD2 integrity",
}
_UNANSWERED = "Not answered yet"


def stale_after(refresh_s: float | None) -> timedelta:
    return STALE_AFTER if refresh_s is None else timedelta(seconds=2 * refresh_s)


@frozen
class BoardState:
    """The last known answers, and how a look that is under way has got on."""

    findings: Mapping[str, Finding] = field(default_factory=dict)
    series: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    """Every finding there is to be, in the runbook's order, once known."""
    pending: frozenset[str] = frozenset()
    """Asked for, and not answered yet."""
    places: Mapping[str, Finding] = field(default_factory=dict)
    """Where rows stood when the look began: nothing moves under the reader's eyes until it ends."""
    error: GcmsError | None = None
    """What failed last as a whole; None once a look at everything has ended well."""
    notes: tuple[str, ...] = ()
    """What went wrong beside the checks."""

    @property
    def taken_at(self) -> datetime | None:
        """The moment of the oldest answer: the board is no younger than that."""
        return min((finding.taken_at for finding in self.findings.values()), default=None)


def known(report: HealthReport | None) -> BoardState:
    """The board before anything was asked: the last known health, if any."""
    return BoardState() if report is None else BoardState(findings=_by_name(report.findings))


def begin(state: BoardState, names: tuple[str, ...], only: tuple[str, ...] | None) -> BoardState:
    """A look begins, at all of `names` or at `only` some. What failed last stays told until a whole look ends well:
    until then the answers from before it are not believed again."""
    return replace(state, names=names, pending=frozenset(names if only is None else only), places=dict(state.findings))


def answer(state: BoardState, finding: Finding) -> BoardState:
    """One answer has come."""
    return replace(state, findings={**state.findings, finding.name: finding}, pending=state.pending - {finding.name})


def finish(
    state: BoardState,
    report: HealthReport,
    series: Mapping[str, tuple[Point, ...]],
    *,
    whole: bool,
    notes: tuple[str, ...] = (),
) -> BoardState:
    """The look has ended. A `whole` one replaces everything, so that what no longer exists goes."""
    answered = _by_name(report.findings)
    return replace(
        state,
        findings=answered if whole else {**state.findings, **answered},
        series={**state.series, **series},
        pending=frozenset(),
        places={},
        error=None if whole else state.error,
        notes=tuple(dict.fromkeys(notes)),
    )


def fail(state: BoardState, error: GcmsError) -> BoardState:
    """The look failed as a whole; what was known stays, and counts as old."""
    return replace(state, pending=frozenset(), places={}, error=error)


def reached_warehouse(findings: Iterable[Finding]) -> bool | None:
    """Whether the warehouse answered any of their statements; None where none was sent."""
    sent = [origin for finding in findings for origin in finding.provenance if origin.statement]
    return any(origin.query_id for origin in sent) if sent else None


def _is_stale(age: timedelta, ttl: timedelta) -> bool:
    """Older than it counts; or from the future, by a clock that was wrong: then how old it is cannot be told."""
    return age > ttl or age < -CLOCK_SKEW


def _by_name(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


@frozen
class Overall:
    """The line above the board."""

    verdict: Verdict
    said: Verdict | None
    """What the answers alone say, where that is not the verdict: they are old, or not all of them."""
    partial: bool
    """Some findings have no answer at all."""
    counts: Mapping[Verdict, int]
    age: timedelta | None
    """Of the oldest answer; None where there is none."""
    stale: bool


def overall(state: BoardState, now: datetime, ttl: timedelta) -> Overall:
    """The verdict of the whole board. It is not known while an answer is missing, or past `ttl`, or its successor
    could not be had."""
    verdicts = [finding.verdict for finding in state.findings.values()]
    partial = not {*state.names, *state.pending} <= state.findings.keys()
    age = None if state.taken_at is None else now - state.taken_at
    stale = age is not None and _is_stale(age, ttl)
    said = worst(verdicts)
    believed = Verdict.UNKNOWN if stale or partial or state.error is not None else said
    return Overall(
        verdict=believed,
        said=said if verdicts and believed is not said else None,
        partial=partial,
        counts=Counter(verdicts),
        age=age,
        stale=stale,
    )


@frozen
class Row:
    """One line of the board: a heading, an answer, or a question without an answer yet."""

    key: str
    heading: str = ""
    finding: Finding | None = None
    pending: bool = False
    stale: bool = False
    points: tuple[Point, ...] = ()


def rows(state: BoardState, now: datetime, ttl: timedelta, wanted: str = "") -> tuple[Row, ...]:
    """The board from top to bottom: sections with the worst first, in each the worst first.

    `wanted` keeps rows that hold all of its words, in their name, section, verdict or summary.
    """
    sections: dict[str, list[Row]] = {}
    for name in dict.fromkeys((*state.names, *state.findings)):
        finding = state.findings.get(name)
        if finding is None and name not in state.pending:
            continue
        if not _matches(name, finding, wanted):
            continue
        title = _UNANSWERED if finding is None else section_title(finding.section)
        stale = finding is not None and _is_stale(now - finding.taken_at, ttl)
        row = Row(name, "", finding, name in state.pending, stale, state.series.get(name, ()))
        sections.setdefault(title, []).append(row)
    placed = [(title, sorted(members, key=lambda row: -_severity(state, row))) for title, members in sections.items()]
    placed.sort(key=lambda section: -_severity(state, section[1][0]))
    return tuple(row for title, members in placed for row in (Row(f"§{title}", heading=title), *members))


def spaced(rows: tuple[Row, ...], height: int) -> tuple[Row, ...]:
    """`rows` with a blank line above each heading but the first, where `height` lines have room for that."""
    headings = sum(bool(row.heading) for row in rows)
    if not rows or len(rows) + headings - 1 > height:
        return rows
    return tuple(
        line
        for place, row in enumerate(rows)
        for line in ((Row(f"blank above {row.key}", heading=" "), row) if row.heading and place else (row,))
    )


def _severity(state: BoardState, row: Row) -> int:
    placed = state.places.get(row.key, row.finding)
    return -1 if placed is None else placed.verdict


def _matches(name: str, finding: Finding | None, wanted: str) -> bool:
    if not wanted.strip():
        return True
    text = name if finding is None else f"{name} {finding.section} {finding.verdict.name} {finding.summary}"
    return all(word in text.casefold() for word in wanted.casefold().split())


def section_title(section: str) -> str:
    """The heading that a runbook section stands under: `Daily 2` belongs to the daily morning check."""
    family = re.sub(r"[\s.]*\d[\d.]*\s*$", "", section).strip() or section
    return _TITLES.get(family, family)
