"""What a procedure and its steps are: the runbook's sections, as the console carries them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.procedures.cadence import Cadence
from gcms_tui.core.query import Access


class StepKind(StrEnum):
    CHECK = "check"
    """Reads: findings of the morning check, or what another desk tells."""
    RUN = "run"
    """One dbt command, previewed, started, watched and judged."""
    PLAN = "plan"
    """Another desk does it, guarded: shown, confirmed, carried out."""
    ATTEST = "attest"
    """A person says what they saw or did."""
    OPEN = "open"
    """It is done on another screen; here it is said where, and what came of it."""


class Gate(StrEnum):
    NONE = ""
    SOFT = "gate"
    """What comes behind it waits until it has passed, or until somebody overrides it with a reason."""
    FIRM = "firm gate"
    """As SOFT, and nobody overrides it: payroll, or the truth of the record, hangs on it."""


class Selection(StrEnum):
    """What stands in a command's place until the step is done."""

    SCD2 = "scd2"
    """The SCD2 models that the project has."""
    FACT = "{fact}"
    """The model of the table that payroll is paid from."""
    ABOUT = "{about}"
    """The model that the procedure was opened about."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a procedure."""

    name: str
    """As it is typed: `full-refresh`. Journalled: it never changes its meaning."""
    title: str
    """As the runbook calls it."""
    section: str
    """`Weekly 2`."""
    kind: StepKind
    what: str
    """What the console does in the runbook's place."""
    expected: str
    if_failed: str
    screen: str
    """The pane where it is looked at: `runs`."""
    headless: str
    """The command that does the same, behind `gcms-tui`."""
    jump: str = ""
    """Where to go if it fails: `runbook scd2-corruption`, `pane scd2`, a command; empty where there is no one place."""
    duration: str = ""
    """How long the runbook gives it; empty where it gives nothing."""
    gate: Gate = Gate.NONE
    only_ok: bool = False
    """WARN does not pass its gate."""
    access: Access = Access.READ
    findings: tuple[str, ...] = ()
    """Of a CHECK: the findings it looks at, `*` standing for anything."""
    command: DbtCommand | None = None
    """Of a RUN."""
    desk: str = ""
    """Of a PLAN, or a CHECK without findings: who does it, see `operations.procedures.ports`."""
    regrounds: bool = False
    """Done again, it takes the ground from what was found after it before."""
    proves: tuple[str, ...] = ()
    """Earlier steps that found what was wrong: once this one has passed, the procedure's result is no longer theirs."""
    holds_for: timedelta | None = None
    """Later it no longer counts; None: it counts as long as the procedure is open."""
    instead: str = ""
    """Where the runbook says otherwise, or contradicts itself: what was decided, and why."""

    def command_for(self, about: str, models: Callable[[Selection], tuple[str, ...]]) -> DbtCommand:
        """The command with the names filled in. `models` is asked for those of the project where some are wanted.

        Raises `Refused` (guard `about`) where one is wanted and not known, and whatever `models` raises.
        """
        assert self.command is not None
        wanted = " ".join(self.command.select)
        if Selection.ABOUT in wanted and not about:
            raise Refused(
                "About which model?",
                f"{self.title} wants the model's name, and the procedure was opened without one.",
                "Open it with --about MODEL.",
                guard="about",
            )
        select: list[str] = []
        for selector in self.command.select:
            if selector in (Selection.SCD2, Selection.FACT):
                select += models(Selection(selector))
            else:
                select.append(selector.replace(Selection.ABOUT, about))
        return replace(self.command, select=tuple(select))


@dataclass(frozen=True, slots=True)
class Procedure:
    """A section of the runbook as ordered steps."""

    name: str
    """As it is typed: `scd2-corruption`."""
    title: str
    section: str
    """`Weekly`; `E2`; `T1`."""
    when: str
    """What calls for it, in words."""
    steps: tuple[Step, ...]
    duration: str = ""
    impact: str = ""
    """Of an emergency, as the runbook rates it."""
    cadence: Cadence | None = None
    """None where events call for it."""
    elsewhere: str = ""
    """The command that opens it, where it is kept in a book of its own: payroll."""
    wants_about: bool = False
    """It is about one model, which is named when it is opened."""

    def step(self, name: str) -> Step:
        """By its name, or its number from 1. Raises `UsageError`."""
        for number, step in enumerate(self.steps, 1):
            if name in (step.name, str(number)):
                return step
        raise UsageError(
            "No such step", f"{name[:80]!r} is no step of {self.name}.", f"There are: {', '.join(self.names)}."
        )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(step.name for step in self.steps)

    def number(self, step: Step) -> int:
        """From 1."""
        return self.steps.index(step) + 1
