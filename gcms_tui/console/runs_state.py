"""What the runs pane knows, and the rows that follow from it. Pure: no Textual, no clock of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gcms_tui.console.present import age_text
from gcms_tui.console.run_words import run_verdict, words_text
from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.run_history import Summary
    from gcms_tui.operations.runs import Look

_RUNNING = "Running now"


@dataclass(frozen=True, slots=True)
class RunsState:
    """The runs as they were read, and how those under way have got on since."""

    summaries: tuple[Summary, ...] = ()
    looks: Mapping[str, Look] = field(default_factory=dict)
    """Of the runs that are under way."""
    notes: tuple[str, ...] = ()
    read_at: datetime | None = None
    """When the list was read; None before it was."""
    error: GcmsError | None = None
    """Why it could not be read anew."""

    @property
    def alive(self) -> tuple[str, ...]:
        """Runs under way."""
        return tuple(one.run.run_id for one in self.summaries if run_verdict(one) is None)


def loaded(
    summaries: tuple[Summary, ...], looks: Mapping[str, Look], notes: tuple[str, ...], at: datetime
) -> RunsState:
    """The list was read anew, and those under way were looked at."""
    return RunsState(tuple(_seen(one, looks.get(one.run.run_id)) for one in summaries), looks, notes, at)


def looked(state: RunsState, looks: Mapping[str, Look]) -> RunsState:
    """Those under way were looked at."""
    summaries = tuple(_seen(one, looks.get(one.run.run_id)) for one in state.summaries)
    return replace(state, summaries=summaries, looks={**state.looks, **looks}, error=None)


def _seen(summary: Summary, look: Look | None) -> Summary:
    """A look knows better than the list what has become of a run."""
    return summary if look is None else replace(summary, run=look.run)


@dataclass(frozen=True, slots=True)
class RunRow:
    """One line: a heading, or a run."""

    key: str
    heading: str = ""
    summary: Summary | None = None
    look: Look | None = None
    age: str = ""
    elapsed_s: float | None = None
    """So far, where it is under way."""


def rows(state: RunsState, now: datetime, wanted: str = "") -> tuple[RunRow, ...]:
    """Those under way first, then the newest first, a heading for each day.

    `wanted` keeps runs that hold all of its words, in their command, state, target, person, id or failing node.
    """
    sections: dict[str, list[RunRow]] = {}
    shown = [one for one in state.summaries if _matches(one, wanted)]
    for one in sorted(shown, key=lambda one: (run_verdict(one) is not None, -one.run.record.started_at.timestamp())):
        alive = run_verdict(one) is None
        started = one.run.record.started_at
        row = RunRow(
            one.run.run_id,
            summary=one,
            look=state.looks.get(one.run.run_id),
            age=age_text(now - started, young="now"),
            elapsed_s=(now - started).total_seconds() if alive else None,
        )
        sections.setdefault(_RUNNING if alive else _day(started, now), []).append(row)
    return tuple(row for title, members in sections.items() for row in (RunRow(f"§{title}", heading=title), *members))


def _day(moment: datetime, now: datetime) -> str:
    days = (now.date() - moment.date()) / timedelta(days=1)
    return {0.0: "Today", 1.0: "Yesterday"}.get(days, f"{moment:%A, %d %B %Y}" if days < 7 else f"{moment:%Y-%m-%d}")


def _matches(summary: Summary, wanted: str) -> bool:
    record, run = summary.run.record, summary.run
    text = " ".join(
        (
            words_text(record.command),
            run.state.value,
            record.target,
            str(record.person),
            run.run_id,
            summary.first_failing,
            "foreign" if record.foreign else "",
            *(status for status, _ in summary.counts),
        )
    ).casefold()
    return all(word in text for word in wanted.casefold().split())
