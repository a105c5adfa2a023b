"""A procedure as the journal tells of it: its entries folded into what has been done, by whom, and with what result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from gcms_tui.core.payroll.run import By, moment, who
from gcms_tui.core.procedures import events
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.journal import Entry, is_edited


class ProcedureState(StrEnum):
    ACTIVE = "open"
    CLOSED = "closed"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Did:
    """The newest doing of one step."""

    by: By
    sequence: int
    """Of its entry: what was done after what is told by these, and by no clock."""
    began: int
    """Of the entry with which it was started; its own where nothing was: what came in between was not its ground."""
    verdict: Verdict
    words: str
    evidence: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    """`run`, `plan`, `write`, `job`, `incident`."""


@dataclass(frozen=True, slots=True)
class Skipped:
    by: By
    sequence: int
    reason: str
    override: bool
    """It was a gate, and somebody let what is behind it go on."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A step that was started and whose end is not in the journal: under way, or cut off."""

    by: By
    sequence: int
    dbt_run: str = ""
    """Empty where it is another desk's."""
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProcedureRun:
    """One doing of a procedure."""

    run_id: str
    procedure: str
    """Its name; the catalogue may no longer have it."""
    target: str
    opened: By
    about: str = ""
    state: ProcedureState = ProcedureState.ACTIVE
    did: Mapping[str, Did] = field(default_factory=dict)
    """By the step's name."""
    skipped: Mapping[str, Skipped] = field(default_factory=dict)
    begun: Mapping[str, Begun] = field(default_factory=dict)
    ended: By | None = None
    verdict: Verdict | None = None
    """What it came to; None where it was not closed."""
    words: str = ""
    """How it ended: in the closing's words, or why it was abandoned."""
    entries: tuple[Entry, ...] = field(default=(), repr=False)
    """Everything the journal says of it, oldest first."""

    @property
    def last_at(self) -> datetime:
        return max(moment(entry) for entry in self.entries)

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who has written to it, in the order in which they came."""
        return tuple(dict.fromkeys(f"{entry.user}@{entry.host}" for entry in self.entries))


def fold(entries: Iterable[Entry]) -> ProcedureRun:
    """The run that these entries, oldest first, tell of.

    Raises `ValueError` where they tell of none: where somebody edited or removed one.
    """
    told = tuple(entries)
    for number, entry in enumerate(told, 1):
        if is_edited(entry):
            raise ValueError(f"entry {entry.sequence} is not what it was written with: it was edited")
        if entry.said.get("number") != number:
            raise ValueError(f"the entry before {entry.sequence} is missing: it was removed")
    if not told or told[0].kind != events.OPENED:
        raise ValueError("the entries do not begin with the opening of a procedure")
    try:
        run = _opened(told[0])
        for entry in told[1:]:
            if run.state is not ProcedureState.ACTIVE:
                raise ValueError("it goes on after its end")
            change = _CHANGES.get(entry.kind)
            run = change(run, entry, entry.said) if change else run
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"an entry cannot be read: {type(error).__name__}: {error}") from None
    return replace(run, entries=told)


def _opened(entry: Entry) -> ProcedureRun:
    said = entry.said
    return ProcedureRun(
        entry.subject, str(said["procedure"]), str(said["target"]), who(entry), about=str(said["about"])
    )


def _without(known: Mapping[str, Any], step: str) -> dict[str, Any]:
    return {name: item for name, item in known.items() if name != step}


def _started(run: ProcedureRun, entry: Entry, said: Mapping[str, Any]) -> ProcedureRun:
    step = str(said["step"])
    if said.get("not_started"):
        return replace(run, begun=_without(run.begun, step))
    begun = Begun(who(entry), entry.sequence, str(said.get("run", "")), tuple(map(str, said.get("argv", ()))))
    return replace(run, begun={**run.begun, step: begun})


def _done(run: ProcedureRun, entry: Entry, said: Mapping[str, Any]) -> ProcedureRun:
    step = str(said["step"])
    begun = run.begun.get(step)
    did = Did(
        who(entry),
        entry.sequence,
        entry.sequence if begun is None else begun.sequence,
        Verdict[said["verdict"]],
        str(said["words"]),
        tuple(map(str, said["evidence"])),
        {str(name): str(value) for name, value in said["ids"].items()},
    )
    return replace(
        run,
        did={**run.did, step: did},
        skipped=_without(run.skipped, step),
        begun=_without(run.begun, step),
    )


def _skipped(run: ProcedureRun, entry: Entry, said: Mapping[str, Any]) -> ProcedureRun:
    skipped = Skipped(who(entry), entry.sequence, str(said["reason"]), said["override"] is True)
    step = str(said["step"])
    return replace(run, skipped={**run.skipped, step: skipped}, begun=_without(run.begun, step))


def _closed(run: ProcedureRun, entry: Entry, said: Mapping[str, Any]) -> ProcedureRun:
    return replace(
        run,
        state=ProcedureState.CLOSED,
        ended=who(entry),
        verdict=Verdict[said["verdict"]],
        words=str(said["words"]),
    )


def _abandoned(run: ProcedureRun, entry: Entry, said: Mapping[str, Any]) -> ProcedureRun:
    return replace(run, state=ProcedureState.ABANDONED, ended=who(entry), words=str(said["reason"]))


_Change = Callable[[ProcedureRun, Entry, Mapping[str, Any]], ProcedureRun]

_CHANGES: Mapping[str, _Change] = {
    events.STARTED: _started,
    events.DONE: _done,
    events.SKIPPED: _skipped,
    events.CLOSED: _closed,
    events.ABANDONED: _abandoned,
}
