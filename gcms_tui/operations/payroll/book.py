"""The book of payroll runs: opened once for each concert, read from the journal, and written one step at a time."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.payroll import events, gates
from gcms_tui.core.payroll.gates import Limits, StepLook
from gcms_tui.core.payroll.indexed import IndexedRun
from gcms_tui.core.payroll.run import PayrollRun, PayrollState, fold
from gcms_tui.core.payroll.steps import STEPS, Step
from gcms_tui.core.writing.journal import Entry
from gcms_tui.operations.payroll.holding import Holds
from gcms_tui.operations.payroll.ports import PayrollIndex
from gcms_tui.operations.ports import Clock
from gcms_tui.operations.writing.ports import JournalBook, Lease, Leases


class Payrolls:
    """Reading is free to all; `open` and `at` write into the store. Blocking I/O, safe from several threads."""

    def __init__(
        self,
        target: str,
        *,
        index: PayrollIndex,
        journal: JournalBook,
        leases: Leases,
        holds: Holds,
        limits: Limits,
        clock: Clock,
        read_only_reason: str = "",
    ) -> None:
        self.target = target
        self.holds = holds
        self._index = index
        self._journal = journal
        self._leases = leases
        self._limits = limits
        self._clock = clock
        self._read_only_reason = read_only_reason

    # -- reading -----------------------------------------------------------------------------------------------------

    def get(self, reference: str) -> PayrollRun:
        """By its id, an unambiguous beginning of it, or `last`. Raises `UsageError`, `GcmsError` where the journal was
        edited."""
        return self._read(self._index.get(self.target, reference))

    def all(self, limit: int = 200) -> tuple[PayrollRun, ...]:
        """Newest first. One that was never begun, or that somebody edited, hides no other: it is left out here, and
        `get` says why. Raises `GcmsError` where the store cannot be read."""
        found = []
        for _, told in self._told(self._index.runs(self.target, limit)):
            with suppress(ValueError):
                found.append(fold(told))
        return tuple(found)

    def of(self, concert_id: str) -> tuple[PayrollRun, ...]:
        """Every run of one concert there ever was, newest first. Raises `GcmsError` where one cannot be read: it may be
        the one that says that the concert was paid."""
        its = (listed for listed in self._index.runs(self.target, _EVERY) if listed.concert_id == concert_id)
        return tuple(_folded(listed.run_id, told) for listed, told in self._told(its) if told)

    def active(self, concert_id: str) -> PayrollRun | None:
        """The one that has not ended."""
        listed = self._index.active(self.target, concert_id)
        return None if listed is None else self._read(listed)

    def looks(self, run: PayrollRun) -> tuple[StepLook, ...]:
        """Its steps as they stand now."""
        return gates.look(run, self._clock(), self._limits)

    def next_step(self, run: PayrollRun) -> Step | None:
        return gates.next_step(run, self._clock(), self._limits)

    def refusal(self, run: PayrollRun, step: Step) -> Refused | None:
        """Why `step` may not be done now; None where it may."""
        return self.refusals(run).get(step)

    def refusals(self, run: PayrollRun) -> dict[Step, Refused]:
        """Of each step that may not be done now, why. What holds payroll is asked once."""
        now, holds, found = self._clock(), self.holds.open(), {}
        for step in STEPS:
            try:
                gates.require(run, step, now, self._limits, holds)
            except Refused as refused:
                found[step] = refused
        return found

    def in_doubt(self, run: PayrollRun) -> tuple[str, ...]:
        """Writes of this run that were begun and whose outcome nobody knows. Raises `GcmsError`."""
        return tuple(entry.subject for entry in self._journal.open_intents() if entry.said.get("key") == run.run_id)

    def require_whole_journal(self) -> None:
        """A run is nothing but its entries: raises `Refused` (guard `journal`) where somebody has changed any."""
        report = self._journal.verify()
        if not report.whole:
            raise Refused(
                "The journal was changed",
                f"Entry {report.broken_at:,}: {report.problem}.",
                "Pay nothing before it is known who did it: gcms-tui journal verify.",
                guard="journal",
            )

    # -- writing -----------------------------------------------------------------------------------------------------

    def open(self, concert_id: str, title: str, concert_date: date | None, fact: str) -> PayrollRun:
        """A new run. Raises `Refused`: guard `open_run` where another has not ended, `lease` where somebody is opening
        one, `read_only`."""
        self._require_writing()
        now = self._clock()
        run_id = f"pay-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        # Alone: what another is just opening must not be taken for one that was never begun.
        with self._held(concert_id, f"opening {run_id}") as lease:
            self._free(concert_id)
            self._index.open(run_id, self.target, concert_id, now)
            try:
                opened = self._journal.append(
                    events.OPENED,
                    run_id,
                    {
                        "concert": concert_id,
                        "title": title,
                        "date": concert_date.isoformat() if concert_date else None,
                        "target": self.target,
                        "fact": fact,
                    },
                )
            except GcmsError:
                with suppress(GcmsError):  # what nobody recorded does not stand in the way of the next
                    lease.require_held()  # which waits for whatever of it may still be on its way
                    self._free(concert_id)
                raise
            return _folded(run_id, (opened,))

    @contextmanager
    def at(self, reference: str, step: Step) -> Iterator[AtStep]:
        """Hold the run, alone, while `step` is done on it.

        Raises `Refused`: guard `lease` where somebody else is at it, else the gate that is closed (`gates.require`).
        """
        with self.alone(reference, f"{step.number} {step.named}") as at:
            gates.require(at.run, step, self._clock(), self._limits, self.holds.open())
            yield at

    @contextmanager
    def alone(self, reference: str, purpose: str) -> Iterator[AtStep]:
        """Hold the run, alone, at no gate: for what may be done at any time. Raises `Refused` (guards `lease`,
        `read_only`)."""
        self._require_writing()
        listed = self._index.get(self.target, reference)
        with self._held(listed.concert_id, f"{purpose} of {listed.run_id}") as lease:
            yield AtStep(self._read(listed), lease, self)

    @contextmanager
    def _held(self, concert_id: str, purpose: str) -> Iterator[Lease]:
        lease = self._leases.take(f"payroll:{self.target}:{concert_id}", purpose)
        try:
            yield lease
        finally:
            with suppress(GcmsError):  # a lease that cannot be given back dies by itself
                lease.release()

    def _note(self, run: PayrollRun, kind: str, payload: Mapping[str, Any]) -> PayrollRun:
        # Nobody else adds to a run that is held: it is not read again from a store that may be lost by now, so that
        # what is noted is not told as an error.
        after = _folded(run.run_id, (*run.entries, self._journal.append(kind, run.run_id, payload)))
        if after.state is not PayrollState.ACTIVE:
            with suppress(GcmsError):  # whoever opens the next one gives the concert free
                self._index.end(run.run_id, self._clock())
        return after

    def _require_writing(self) -> None:
        if self._read_only_reason:
            raise Refused("Read-only", f"Nothing may be written here: {self._read_only_reason}.", guard="read_only")

    # -- inside ------------------------------------------------------------------------------------------------------

    def _read(self, listed: IndexedRun) -> PayrollRun:
        [(_, told)] = self._told((listed,))
        if not told:
            raise Refused(
                "Never begun",
                f"{listed.run_id} was reserved, and its opening is not in the journal: whoever opened it was cut off.",
                f"Open it again: gcms-tui payroll open {shlex.quote(listed.concert_id)}",
                guard="open_run",
            )
        return _folded(listed.run_id, told)

    def _told(self, runs: Iterable[IndexedRun]) -> list[tuple[IndexedRun, tuple[Entry, ...]]]:
        """Each with its entries, all of them read at once; with none where whoever opened it was cut off before that
        was in the journal."""
        listed = list(runs)
        told = self._journal.of(run.run_id for run in listed)
        return [(run, told.get(run.run_id, ())) for run in listed]

    def _free(self, concert_id: str) -> None:
        """Give a concert free whose run has ended, or was never begun, by the journal, and was cut off before the index
        knew it."""
        listed = self._index.active(self.target, concert_id)
        if listed is None:
            return
        [(_, told)] = self._told((listed,))
        try:
            ended = not told or fold(told).state is not PayrollState.ACTIVE
        except ValueError:
            return  # edited: it stays in the way
        if ended:
            self._index.end(listed.run_id, self._clock())


class AtStep:
    """A run that is held for one step."""

    def __init__(self, run: PayrollRun, lease: Lease, book: Payrolls) -> None:
        self.run = run
        self._lease = lease
        self._book = book

    def note(self, kind: str, payload: Mapping[str, Any]) -> PayrollRun:
        """Write into the journal what was done, and answer the run as it is then.

        Raises `Refused` where the lease was lost meanwhile (nothing is written), `GcmsError`.
        """
        self._lease.require_held()
        self.run = self._book._note(self.run, kind, payload)
        return self.run

    def require_held(self) -> None:
        """Raises `Refused` where somebody else took over: whatever cannot be taken back must not be done then."""
        self._lease.require_held()


def _folded(run_id: str, told: tuple[Entry, ...]) -> PayrollRun:
    try:
        return fold(told)
    except ValueError as error:
        raise GcmsError(
            "The journal was changed",
            f"What it says of {run_id} cannot be read: {error}.",
            "Pay nothing of it. gcms-tui journal verify tells more.",
        ) from None


_EVERY = 1_000_000
"""Whether a concert was paid is asked of all runs there ever were."""
