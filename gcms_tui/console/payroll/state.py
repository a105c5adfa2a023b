"""What the payroll pane knows, and the rows that follow from it. Pure: no Textual, no clock of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from gcms_tui.console.payroll.words import concert_words, money
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.payroll.gates import StepLook, StepState
from gcms_tui.core.payroll.hold import Hold
from gcms_tui.core.payroll.run import PayrollRun, PayrollState
from gcms_tui.core.payroll.steps import Step
from gcms_tui.operations.payroll.concerts import Concert, ConcertList


@dataclass(frozen=True, slots=True)
class ConcertsState:
    """The concerts as they were read, and how the payroll of each one stands."""

    listed: ConcertList | None = None
    """None before they were read."""
    looks: Mapping[str, tuple[StepLook, ...]] = field(default_factory=dict)
    """The steps of each payroll run that is shown, by its id."""
    holds: tuple[Hold, ...] = ()
    unheard: str = ""
    """Why it is not known whether payroll is held; empty where it is known."""
    error: GcmsError | None = None
    """Why the concerts could not be read anew."""

    @property
    def read_at(self) -> datetime | None:
        return None if self.listed is None else self.listed.taken_at

    @property
    def open_runs(self) -> int:
        return sum(is_active(concert.run) for concert in self.listed.concerts) if self.listed is not None else 0


@dataclass(frozen=True, slots=True)
class ConcertRow:
    """One concert."""

    key: str
    concert: Concert
    looks: tuple[StepLook, ...] = ()
    """The steps of its run; empty where it has none."""
    next_step: Step | None = None

    @property
    def heading(self) -> str:
        return ""

    @property
    def run(self) -> PayrollRun | None:
        return self.concert.run


def failed(state: ConcertsState, error: GcmsError) -> ConcertsState:
    """What was known stays, and is told as old."""
    return replace(state, error=error)


def rows(state: ConcertsState, words: str = "") -> tuple[ConcertRow, ...]:
    """As they are listed, the newest first. `words` keeps concerts that hold all of them: in the id, the date, the
    title, the state, or the id of the run."""
    made = (_row(concert, state) for concert in (state.listed.concerts if state.listed is not None else ()))
    return tuple(row for row in made if _matches(row, words))


def is_active(run: PayrollRun | None) -> bool:
    return run is not None and run.state is PayrollState.ACTIVE


def next_of(looks: tuple[StepLook, ...]) -> Step | None:
    """The first step that is not passed."""
    return next((look.step for look in looks if look.state is not StepState.PASSED), None)


def _row(concert: Concert, state: ConcertsState) -> ConcertRow:
    looks = state.looks.get(concert.run.run_id, ()) if concert.run is not None else ()
    # The key is not the bare id: that may be anything, also empty.
    return ConcertRow(
        f"concert {concert.concert_id}", concert, looks, next_of(looks) if is_active(concert.run) else None
    )


def _matches(row: ConcertRow, words: str) -> bool:
    concert = row.concert
    text = " ".join(
        (
            concert.concert_id,
            concert.title,
            concert.concert_date.isoformat() if concert.concert_date else "no date",
            concert_words(concert, row.next_step),
            money(concert.net),
            concert.words,
            concert.run.run_id if concert.run is not None else "",
        )
    ).casefold()
    return all(word in text for word in words.casefold().split())
