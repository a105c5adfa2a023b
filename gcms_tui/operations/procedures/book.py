"""The book of procedures: opened, taken up again by anybody on any host, closed. The journal holds all of it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.procedures import cadence, events, gates
from gcms_tui.core.procedures.cadence import BoardLine, Calendar, Done
from gcms_tui.core.procedures.catalogue import PROCEDURES, procedure
from gcms_tui.core.procedures.evidence import why_given
from gcms_tui.core.procedures.gates import StepLook
from gcms_tui.core.procedures.run import ProcedureRun, ProcedureState, fold
from gcms_tui.core.procedures.step import Gate, Procedure, Step
from gcms_tui.core.writing.journal import Entry
from gcms_tui.operations.ports import Clock
from gcms_tui.operations.writing.ports import JournalBook, Lease, Leases

_PAGE = 500
_ABOUT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The procedures that were opened on a target."""

    runs: tuple[ProcedureRun, ...]
    """Newest first."""
    edited: tuple[str, ...] = ()
    """Those that cannot be read, with why: somebody edited the journal."""


class Procedures:
    """Reading is free to all; the rest writes into the store. Blocking I/O, safe from several threads."""

    def __init__(
        self,
        target: str,
        *,
        journal: JournalBook,
        leases: Leases,
        clock: Clock,
        calendar: Calendar,
        read_only_reason: str = "",
    ) -> None:
        self.target = target
        self.calendar = calendar
        self.read_only_reason = read_only_reason
        self._journal = journal
        self._leases = leases
        self._clock = clock

    # -- reading -----------------------------------------------------------------------------------------------------

    def get(self, reference: str) -> ProcedureRun:
        """By its id, an unambiguous beginning of it, or `last`. Raises `UsageError`, `GcmsError` where the journal was
        edited."""
        reference = reference.strip()
        if reference == "last":
            newest = next((entry for entry in self._entries(events.OPENED) if self._is_here(entry)), None)
            if newest is None:
                raise UsageError(
                    "No procedure", f"None has been opened on {self.target}.", "gcms-tui runbook start NAME"
                )
            reference = newest.subject
        if not reference.startswith(events.SUBJECT):
            raise UsageError(
                "No such procedure", f"{reference[:80]!r} is no procedure that was opened.", "gcms-tui runbook list"
            )
        return self._read(self._journal.about(reference))

    def all(self, limit: int = 200) -> Shelf:
        """Newest first. One that somebody edited hides no other. Raises `GcmsError` where the store cannot be read."""
        waiting: dict[str, list[Entry]] = {}
        found: list[ProcedureRun] = []
        edited: list[str] = []

        def put(subject: str, entries: list[Entry]) -> None:
            try:
                run = fold(reversed(entries))
            except ValueError as error:
                edited.append(f"{subject}: {error}")
                return
            if run.target == self.target:
                found.append(run)

        for entry in self._entries(events.EVERY):
            waiting.setdefault(entry.subject, []).append(entry)
            if entry.kind == events.OPENED:  # newest first: everything later of it has been seen
                put(entry.subject, waiting.pop(entry.subject))
                if len(found) >= limit:
                    break
        else:
            for subject, entries in waiting.items():  # whose opening is gone
                put(subject, entries)
        return Shelf(tuple(found), tuple(edited))

    def active(self, name: str) -> ProcedureRun | None:
        """The newest that has not ended."""
        return next(
            (run for run in self.all().runs if run.procedure == name and run.state is ProcedureState.ACTIVE), None
        )

    def board(self) -> tuple[tuple[BoardLine, ...], tuple[str, ...]]:
        """Every procedure that is opened here: due, overdue, done; and which records cannot be read."""
        shelf = self.all()
        done, of = [], {}
        for run in shelf.runs:
            if run.state is ProcedureState.ABANDONED:
                continue
            ended_at = run.ended.at if run.ended else None
            done.append(Done(run.run_id, run.opened.at, run.opened.person.user, ended_at, run.verdict))
            of[run.run_id] = run.procedure
        cadences = {item.name: item.cadence for item in PROCEDURES if not item.elsewhere}
        return cadence.board(cadences, done, of, self.calendar, self._clock()), shelf.edited

    def looks(self, run: ProcedureRun) -> tuple[StepLook, ...]:
        """Its steps as they stand now. Raises `UsageError` where the runbook no longer has the procedure."""
        return gates.look(procedure(run.procedure), run, self._clock())

    def next_step(self, run: ProcedureRun) -> Step | None:
        return gates.next_step(procedure(run.procedure), run, self._clock())

    def refusal(self, run: ProcedureRun, step: Step) -> Refused | None:
        """Why `step` may not be done now; None where it may."""
        try:
            gates.require(procedure(run.procedure), run, step, self._clock())
        except Refused as refused:
            return refused
        return None

    # -- writing -----------------------------------------------------------------------------------------------------

    def open(self, name: str, about: str = "") -> ProcedureRun:
        """Raises `Refused`: guard `elsewhere` for payroll, `open_run` where one has not ended, `lease` where somebody
        is opening one, `about`, `read_only`; `UsageError` where there is no such procedure."""
        item = procedure(name)
        if item.elsewhere:
            raise Refused(
                "Opened elsewhere",
                f"{item.title} is kept in the book of payroll runs, with gates that nobody overrides.",
                f"gcms-tui {item.elsewhere}",
                guard="elsewhere",
            )
        _require_about(item, about)
        self.require_writing()
        with self._held(f"{item.name}:open", f"opening {item.name}"):
            before = self.active(item.name)
            if before is not None:
                raise Refused(
                    "It is open already",
                    f"{before.run_id} was opened{gates.by_words(before.opened)} and has not ended.",
                    f"Go on with it: gcms-tui runbook resume {before.run_id}; or close it: gcms-tui runbook close "
                    f"{before.run_id} --abandon REASON",
                    guard="open_run",
                )
            run_id = f"{events.SUBJECT}{self._clock():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
            said = {"procedure": item.name, "target": self.target, "about": about, "number": 1}
            self._journal.append(events.OPENED, run_id, said)
            return self.get(run_id)

    @contextmanager
    def at(self, reference: str, name: str) -> Iterator[AtStep]:
        """Hold it, alone, while the step is done. Raises `Refused`: guard `lease` where somebody else is at it, else
        as `gates.require`."""
        with self._alone(reference, name) as at:
            gates.require(at.procedure, at.run, at.procedure.step(name), self._clock())
            yield at

    @contextmanager
    def at_end(self, reference: str, name: str) -> Iterator[AtStep]:
        """As `at`, of a step that was begun: its gates were open then, and a long run is not lost to a gate that has
        closed meanwhile."""
        with self._alone(reference, name) as at:
            gates.require_open(at.run, self._clock())
            yield at

    def skip(self, reference: str, name: str, reason: str) -> ProcedureRun:
        """Pass over a step that is no gate. Raises `Refused`: guard `gate` for one that is, `reason`."""
        with self._alone(reference, name) as at:
            step = at.procedure.step(name)
            gates.require_open(at.run, self._clock())
            if step.gate is not Gate.NONE:
                raise Refused(
                    "A gate is not skipped",
                    f"{step.title} is a {step.gate.value}: what is behind it waits for it.",
                    "Do it." if step.gate is Gate.FIRM else "Do it, or say --override REASON.",
                    guard="gate",
                )
            said = {"step": step.name, "reason": why_given(reason), "override": False}
            return at.note(events.SKIPPED, said)

    def override(self, reference: str, name: str, reason: str) -> ProcedureRun:
        """Open a gate that has not passed. Raises `Refused`: guard `firm_gate` where nobody may, `gate` where it is
        none, `reason`."""
        with self._alone(reference, name) as at:
            step = at.procedure.step(name)
            gates.require(at.procedure, at.run, step, self._clock())
            if step.gate is Gate.FIRM or at.procedure.elsewhere:
                raise Refused(
                    "Nobody overrides it",
                    f"{step.title}: payroll, or the truth of the record, hangs on it.",
                    f"Do it: gcms-tui runbook step {at.run.run_id} {step.name}",
                    guard="firm_gate",
                )
            if step.gate is Gate.NONE:
                raise Refused("Not a gate", f"{step.title} stops nothing.", "Skip it: --skip REASON", guard="gate")
            said = {"step": step.name, "reason": why_given(reason), "override": True}
            return at.note(events.SKIPPED, said)

    def close(self, reference: str) -> ProcedureRun:
        """Raises `Refused`: guard `unsettled` where a step is left, else as `at`."""
        with self._alone(reference, "closing") as at:
            verdict, words = gates.require_closable(at.procedure, at.run, self._clock())
            return at.note(events.CLOSED, {"verdict": verdict.name, "words": words})

    def abandon(self, reference: str, reason: str) -> ProcedureRun:
        """Give it up: it does not count as done. Also where the runbook no longer has the procedure."""
        with self._alone(reference, "abandoning") as at:
            if at.run.state is not ProcedureState.ACTIVE:
                gates.require_open(at.run, self._clock())
            return at.note(events.ABANDONED, {"reason": why_given(reason)})

    def require_writing(self) -> None:
        """Raises `Refused` (guard `read_only`)."""
        if self.read_only_reason:
            raise Refused(
                "Read-only",
                f"Nothing may be recorded here: {self.read_only_reason}.",
                "Looking is free: gcms-tui runbook step daily STEP.",
                guard="read_only",
            )

    # -- inside ------------------------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self, reference: str, purpose: str) -> Iterator[AtStep]:
        self.require_writing()
        run_id = self.get(reference).run_id
        with self._held(run_id, f"{purpose[:80]} of {run_id}") as lease:
            yield AtStep(self.get(run_id), lease, self._journal)  # as it is now, nobody else being at it

    @contextmanager
    def _held(self, what: str, purpose: str) -> Iterator[Lease]:
        lease = self._leases.take(f"procedure:{self.target}:{what}", purpose)
        try:
            yield lease
        finally:
            with suppress(GcmsError):  # a lease that cannot be given back dies by itself
                lease.release()

    def _entries(self, kind: str) -> Iterator[Entry]:
        before: int | None = None
        while page := self._journal.entries(_PAGE, before=before, kind=kind):
            yield from page
            before = page[-1].sequence

    def _is_here(self, entry: Entry) -> bool:
        return entry.said.get("target") == self.target

    def _read(self, entries: tuple[Entry, ...]) -> ProcedureRun:
        try:
            run = fold(entries)
        except ValueError as error:
            raise GcmsError(
                "The journal was changed",
                f"What it says of {entries[0].subject} cannot be relied upon: {error}.",
                "Open the procedure anew; gcms-tui journal verify tells more.",
            ) from None
        if run.target != self.target:
            raise UsageError(
                "Another target", f"{run.run_id} is of {run.target}.", f"gcms-tui --target {run.target} runbook list"
            )
        return run


class AtStep:
    """A procedure that is held for one step."""

    def __init__(self, run: ProcedureRun, lease: Lease, journal: JournalBook) -> None:
        self.run = run
        self._lease = lease
        self._journal = journal

    @property
    def procedure(self) -> Procedure:
        """Raises `UsageError` where the runbook no longer has it."""
        return procedure(self.run.procedure)

    def note(self, kind: str, payload: Mapping[str, Any]) -> ProcedureRun:
        """Write into the journal what was done, and answer the run as it is then.

        Raises `Refused` where the lease was lost meanwhile (nothing is written), `GcmsError`.
        """
        self._lease.require_held()
        entry = self._journal.append(kind, self.run.run_id, {**payload, "number": len(self.run.entries) + 1})
        self.run = fold((*self.run.entries, entry))
        return self.run


def _require_about(item: Procedure, about: str) -> None:
    if item.wants_about == bool(about) and (not about or _ABOUT.fullmatch(about)):
        return
    if not item.wants_about:
        raise UsageError("About nothing", f"{item.title} is not about one model.", "Leave out --about.")
    raise Refused(
        "About which model?",
        f"{about[:80]!r} is no model's name." if about else f"{item.title} is about one model.",
        f"gcms-tui runbook start {item.name} --about MODEL",
        guard="about",
    )
