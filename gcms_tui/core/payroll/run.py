"""A payroll run as the journal tells it: its entries folded into what has been done, by whom, and what still counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.payment import Frozen
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.steps import CHECKS, Step
from gcms_tui.core.run import Person
from gcms_tui.core.writing.journal import Entry


class PayrollState(StrEnum):
    ACTIVE = "active"
    CLOSED = "closed"
    ABANDONED = "abandoned"


class TickVerdict(StrEnum):
    OK = "ok"
    QUERY = "query"
    """It blocks the payroll until it is answered."""
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class By:
    """Who did something, and when."""

    person: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class Checked:
    """What one of the three checks found."""

    by: By
    passed: bool
    words: str
    said: Mapping[str, Any]
    """The whole payload: see `events`."""


@dataclass(frozen=True, slots=True)
class SampledRow:
    """A payment that is looked at by hand."""

    row: str
    """The musician's id."""
    reasons: tuple[str, ...]
    """In words: see `sample.Reason`."""


@dataclass(frozen=True, slots=True)
class Tick:
    by: By
    verdict: TickVerdict
    note: str = ""


@dataclass(frozen=True, slots=True)
class Exported:
    """The prepared file."""

    by: By
    host: str
    directory: str
    file: str
    sha256: str
    manifest: str
    """SHA-256 of manifest.json."""
    files: Mapping[str, str]
    """Every file that was written, with its SHA-256."""
    fingerprint: str
    payees: str
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signature:
    by: By
    role: Role
    statement: str
    """The text that was signed."""
    sha256: str
    """Of the file."""
    armoured: str = ""
    """The signature proper, where keys are configured."""
    key: str = ""
    """The fingerprint of the key that made it."""


@dataclass(frozen=True, slots=True)
class Released:
    by: By
    host: str
    directory: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Recorded:
    by: By
    write_id: str
    date: date
    entries: int
    net: Decimal
    already: bool


@dataclass(frozen=True, slots=True)
class Archived:
    by: By
    write_id: str
    table: str
    kind: str
    fingerprint: str
    alike: bool


@dataclass(frozen=True, slots=True)
class PayrollRun:
    """One concert's payroll."""

    run_id: str
    concert_id: str
    title: str
    concert_date: date | None
    target: str
    fact: str
    opened: By
    state: PayrollState = PayrollState.ACTIVE
    checks: Mapping[Step, Checked] = field(default_factory=dict)
    frozen: Frozen | None = None
    """What the passed tests froze; None where they have not, or where the data has changed since."""
    sample: tuple[SampledRow, ...] | None = None
    variance: Mapping[str, Any] = field(default_factory=dict)
    ticks: Mapping[str, Tick] = field(default_factory=dict)
    exported: Exported | None = None
    signatures: Mapping[Role, Signature] = field(default_factory=dict)
    released: Released | None = None
    recorded: Recorded | None = None
    archived: Archived | None = None
    ended: By | None = None
    exceptions: str = ""
    """What the log says of exceptions; once it is closed it is never empty."""
    reason: str = ""
    """Why it was abandoned."""
    fallen: Mapping[Step, str] = field(default_factory=dict)
    """Steps that had been passed and are open again, with the reason."""
    entries: tuple[Entry, ...] = field(default=(), repr=False)
    """Everything the journal says of it, oldest first."""

    @property
    def last_at(self) -> datetime:
        return moment(self.entries[-1])

    @property
    def open_queries(self) -> tuple[str, ...]:
        """Rows with a question nobody has answered."""
        return tuple(row for row, tick in self.ticks.items() if tick.verdict is TickVerdict.QUERY)

    @property
    def unticked(self) -> tuple[str, ...]:
        """Rows of the sample that nobody has looked at."""
        return tuple(item.row for item in self.sample or () if item.row not in self.ticks)


def fold(entries: Iterable[Entry]) -> PayrollRun:
    """The run that these entries, oldest first, tell of.

    Raises `ValueError` where they tell of none: where somebody edited the journal.
    """
    told = tuple(entries)
    if not told or told[0].kind != events.OPENED:
        raise ValueError("the entries do not begin with the opening of a payroll run")
    try:
        run = _opened(told[0])
        for entry in told[1:]:
            change = _CHANGES.get(entry.kind)
            run = change(run, entry, entry.said) if change else run
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"an entry cannot be read: {type(error).__name__}: {error}") from None
    return replace(run, entries=told)


def moment(entry: Entry) -> datetime:
    """When it was written."""
    return datetime.fromisoformat(entry.at)


def who(entry: Entry) -> By:
    return By(Person(entry.user, entry.host, entry.ssh_client), moment(entry))


def _opened(entry: Entry) -> PayrollRun:
    said = entry.said
    return PayrollRun(
        run_id=entry.subject,
        concert_id=str(said["concert"]),
        title=str(said["title"]),
        concert_date=date.fromisoformat(said["date"]) if said["date"] else None,
        target=str(said["target"]),
        fact=str(said["fact"]),
        opened=who(entry),
    )


def _without(run: PayrollRun, steps: Iterable[Step], why: str) -> PayrollRun:
    """The run with these steps open again; those among them that had been passed are told as fallen."""
    steps = tuple(steps)
    had = {
        Step.SPOT_CHECK: run.sample is not None,
        Step.EXPORT: run.exported is not None,
        Step.SIGN_OFF: bool(run.signatures),
        **{step: step in run.checks for step in CHECKS},
    }
    fallen = {**run.fallen, **{step: why for step in steps if had.get(step)}}
    kept = {step: check for step, check in run.checks.items() if step not in steps}
    run = replace(run, fallen=fallen, checks=kept)
    if Step.TESTS in steps:
        run = replace(run, frozen=None)
    if Step.SPOT_CHECK in steps:
        run = replace(run, sample=None, variance={}, ticks={})
    if Step.EXPORT in steps:
        run = replace(run, exported=None)
    return replace(run, signatures={}) if Step.SIGN_OFF in steps else run


def _standing(run: PayrollRun, done: Step) -> dict[Step, str]:
    """What has fallen and still lies, `done` having been taken up again."""
    return {step: why for step, why in run.fallen.items() if step is not done}


_BOUND = (Step.SPOT_CHECK, Step.EXPORT, Step.SIGN_OFF)
"""What is bound to the frozen data."""


def _checked(run: PayrollRun, entry: Entry, said: Mapping[str, Any]) -> PayrollRun:
    step = Step(said["step"])
    check = Checked(who(entry), said["passed"] is True, str(said["words"]), said)
    if step is Step.MODELS and Step.TESTS in run.checks:
        frozen = run.frozen  # data that turns out to be the same keeps what was done on it
        run = replace(_without(run, (Step.TESTS,), "the models have been run since"), frozen=frozen)
    if step is Step.TESTS and check.passed:
        found = Frozen.read(said["frozen"])
        if run.frozen is not None and not run.frozen.same(found):
            run = _without(run, _BOUND, "the data has changed since")
        run = replace(run, frozen=found)
    fallen = _standing(run, step)
    return replace(run, checks={**run.checks, step: check}, fallen=fallen)


def _sampled(run: PayrollRun, entry: Entry, said: Mapping[str, Any]) -> PayrollRun:
    rows = tuple(SampledRow(str(row["row"]), tuple(map(str, row["reasons"]))) for row in said["rows"])
    fallen = _standing(run, Step.SPOT_CHECK)
    return replace(run, sample=rows, variance=said["variance"], fallen=fallen)


def _ticked(run: PayrollRun, entry: Entry, said: Mapping[str, Any]) -> PayrollRun:
    tick = Tick(who(entry), TickVerdict(said["verdict"]), str(said["note"]))
    if tick.verdict is TickVerdict.QUERY and run.signatures:
        run = _without(run, (Step.SIGN_OFF,), "a query was raised since")
    return replace(run, ticks={**run.ticks, str(said["row"]): tick})


def _exported(run: PayrollRun, entry: Entry, said: Mapping[str, Any]) -> PayrollRun:
    exported = Exported(
        by=who(entry),
        host=str(said["host"]),
        directory=str(said["directory"]),
        file=str(said["file"]),
        sha256=str(said["sha256"]),
        manifest=str(said["manifest"]),
        files={str(name): str(digest) for name, digest in said["files"].items()},
        fingerprint=str(said["fingerprint"]),
        payees=str(said["payees"]),
        said=said,
    )
    if run.signatures:
        run = _without(run, (Step.SIGN_OFF,), "the file has been exported anew")
    fallen = _standing(run, Step.EXPORT)
    return replace(run, exported=exported, fallen=fallen)


def _signed(run: PayrollRun, entry: Entry, said: Mapping[str, Any]) -> PayrollRun:
    role = Role(said["role"])
    signature = Signature(
        who(entry), role, str(said["statement"]), str(said["sha256"]), str(said["signature"]), str(said["key"])
    )
    return replace(run, signatures={**run.signatures, role: signature})


def _rejected(run: PayrollRun, entry: Entry, said: Mapping[str, Any]) -> PayrollRun:
    why = f"rejected by {entry.user} ({Role(said['role']).named}): {said['reason']}"
    return _without(run, (Step.EXPORT, Step.SIGN_OFF), why)


def _voided(run: PayrollRun, entry: Entry, said: Mapping[str, Any]) -> PayrollRun:
    return _without(run, (Step.TESTS, *_BOUND), str(said["why"]))


def _released(run: PayrollRun, entry: Entry, said: Mapping[str, Any]) -> PayrollRun:
    fallen = _standing(run, Step.SIGN_OFF)
    released = Released(who(entry), str(said["host"]), str(said["directory"]), str(said["file"]), str(said["sha256"]))
    return replace(run, released=released, fallen=fallen)


def _recorded(run: PayrollRun, entry: Entry, said: Mapping[str, Any]) -> PayrollRun:
    recorded = Recorded(
        who(entry),
        str(said["write"]),
        date.fromisoformat(said["date"]),
        int(said["entries"]),
        Decimal(said["net"]),
        said["already"] is True,
    )
    return replace(run, recorded=recorded)


def _archived(run: PayrollRun, entry: Entry, said: Mapping[str, Any]) -> PayrollRun:
    archived = Archived(
        who(entry),
        str(said["write"]),
        str(said["table"]),
        str(said["kind"]),
        str(said["fingerprint"]),
        said["alike"] is True,
    )
    return replace(run, archived=archived)


def _closed(run: PayrollRun, entry: Entry, said: Mapping[str, Any]) -> PayrollRun:
    return replace(run, state=PayrollState.CLOSED, ended=who(entry), exceptions=str(said["exceptions"]))


def _abandoned(run: PayrollRun, entry: Entry, said: Mapping[str, Any]) -> PayrollRun:
    return replace(run, state=PayrollState.ABANDONED, ended=who(entry), reason=str(said["reason"]))


_Change = Callable[[PayrollRun, Entry, Mapping[str, Any]], PayrollRun]

_CHANGES: Mapping[str, _Change] = {
    events.CHECKED: _checked,
    events.SAMPLED: _sampled,
    events.TICKED: _ticked,
    events.EXPORTED: _exported,
    events.SIGNED: _signed,
    events.REJECTED: _rejected,
    events.VOIDED: _voided,
    events.RELEASED: _released,
    events.RECORDED: _recorded,
    events.ARCHIVED: _archived,
    events.CLOSED: _closed,
    events.ABANDONED: _abandoned,
}
