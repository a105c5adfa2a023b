"""Step 9: the log, which closes a payroll run; and giving one up."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass

from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.log_text import log_text
from gcms_tui.core.payroll.run import PayrollRun, PayrollState
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.payroll.typed import EXCEPTIONS_LIMIT, reason_given, typed
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.ports import PayrollFiles


@dataclass(frozen=True, slots=True)
class _Place:
    host: str
    directory: str
    user: str
    """Who put it there."""

    @property
    def words(self) -> str:
        return f"{self.directory} on {self.host}, {self.user}'s"


class Closing:
    """Blocking I/O."""

    def __init__(self, *, book: Payrolls, files: PayrollFiles) -> None:
        self._book = book
        self._files = files

    def draft(self, run: PayrollRun, exceptions: str = "") -> str:
        """The log as Markdown, all but the exceptions filled in; no name and no address in it."""
        return log_text(run, typed(exceptions))

    def markdown(self, run: PayrollRun) -> str:
        """The log of a closed run, the very text of which the journal has the hash.

        Raises `Refused` (guard `log`) where it is not closed, `GcmsError` where it comes to another text.
        """
        if run.state is not PayrollState.CLOSED:
            raise Refused(
                "The log has not been written",
                f"{run.run_id} is {run.state.value}.",
                f"gcms-tui payroll log {run.run_id} --exceptions TEXT",
                guard=Step.LOG.value,
            )
        text = log_text(run, run.exceptions)
        written = next(entry.said.get("markdown_sha256") for entry in run.entries if entry.kind == events.CLOSED)
        if written != _sha256(text):
            raise GcmsError(
                "The log is not what was written",
                f"{run.run_id} comes to another text than the one whose hash its journal has.",
                "Either the journal was changed (gcms-tui journal verify), or another version wrote it.",
            )
        return text

    def close(self, run_id: str, exceptions: str) -> PayrollRun:
        """Raises `Refused` (guard `exceptions` where they are blank: "none" is an answer), and the gates."""
        said = typed(exceptions)
        if not said or len(said) > EXCEPTIONS_LIMIT:
            raise Refused(
                "The exceptions are blank" if not said else "The exceptions are too long",
                "The log says what was out of the ordinary, and where nothing was, it says that."
                if not said
                else f"They have {len(said):,} characters; {EXCEPTIONS_LIMIT:,} are kept.",
                'Say it in words; "none" is an answer.',
                guard="exceptions",
            )
        with self._book.at(run_id, Step.LOG) as at:
            digest = _sha256(log_text(at.run, said))
            return at.note(events.CLOSED, {"exceptions": said, "markdown_sha256": digest})

    def abandon(self, run_id: str, reason: str, *, withdrawn: bool = False) -> PayrollRun:
        """Give it up, before the file is released; after that only where `withdrawn` says that whoever pays has been
        told to pay nothing of it. What is prepared or released is moved out of the way; where that was cut off, or has
        to be done on another host too, it is done by giving it up once more.

        Raises `Refused`: guards `reason`, `released`, `recorded` (what is recorded as paid is not given up), `in_doubt`
        (what may have been), `ended`;
        `GcmsError` where it is given up and a file of it lies where it lay: what is left to do by hand is said.
        """
        said = reason_given(reason)
        with self._book.alone(run_id, "giving up") as at:
            again = at.run.state is PayrollState.ABANDONED and bool(self._directories(at.run.run_id))
            if not again:
                _require_can_be_given_up(at.run, withdrawn)
                self._require_settled(at.run)
                at.note(events.ABANDONED, {"reason": said, "withdrawn": withdrawn})
            self._withdraw(at.run, told=again)
            return at.run

    def _require_settled(self, run: PayrollRun) -> None:
        if doubts := self._book.in_doubt(run):
            raise Refused(
                "A write is in doubt",
                f"{', '.join(doubts)} of {run.run_id} has no outcome: its payments may be recorded as paid.",
                "Have it settled first: gcms-tui journal doubts --settle.",
                guard="in_doubt",
            )

    def _directories(self, run_id: str) -> set[str]:
        """Where files of it lie that can be reached from here. None where they cannot be looked at."""
        found: set[str] = set()
        for look in (self._files.prepared, self._files.released):
            with suppress(GcmsError):
                found.update(str(file.path.parent) for file in look(run_id))
        return found

    def _withdraw(self, run: PayrollRun, *, told: bool) -> None:
        """`told`: what lies out of reach was said the first time."""
        reached = self._directories(run.run_id)
        left = [] if told else [place.words for place in _places(run) if self._is_out_of_reach(place, run, reached)]
        try:
            self._files.withdraw(run.run_id, f"abandoned: {run.reason}")
        except GcmsError as error:
            left.insert(0, f"{', '.join(sorted(reached)) or 'whatever lies here'} ({error.message.rstrip('.')})")
        if left:
            raise GcmsError(
                "It is given up, and a file of it is still there",
                f"{run.run_id} is abandoned in the journal. Not moved out of the way: {'; '.join(left)}.",
                "Nobody must take it for good: give it up once more there and as that person, or move it away by hand.",
            )

    def _is_out_of_reach(self, place: _Place, run: PayrollRun, reached: Container[str]) -> bool:
        """On another host, or another user's on this one, who alone can read it. Their own that is not seen is gone."""
        if place.host != self._files.host:
            return True
        return place.directory not in reached and (run.ended is None or place.user != run.ended.person.user)


def _require_can_be_given_up(run: PayrollRun, withdrawn: bool) -> None:
    show = f"gcms-tui payroll show {run.run_id}"
    if run.state is not PayrollState.ACTIVE:
        raise Refused("The payroll run has ended", f"{run.run_id} was {run.state.value}.", show, guard="ended")
    if run.recorded is not None:
        raise Refused(
            "It is recorded as paid",
            f"{run.recorded.entries:,} payments are recorded as paid on {run.recorded.date}: that is not given up.",
            f"Go on with the next step: {show}",
            guard="recorded",
        )
    if run.released is not None and not withdrawn:
        raise Refused(
            "The file has been released",
            f"{run.released.file} may be paid at any moment.",
            "Tell whoever pays to pay nothing of it; once they have agreed, say that it is withdrawn.",
            guard="released",
        )


def _places(run: PayrollRun) -> tuple[_Place, ...]:
    """Where its files were last put: what is prepared anew there replaces it, and what is released leaves."""
    found: dict[tuple[str, str], _Place] = {}
    prepared = None
    for entry in run.entries:
        if entry.kind not in (events.EXPORTED, events.RELEASED):
            continue
        place = _Place(str(entry.said.get("host")), str(entry.said.get("directory")), entry.user)
        if entry.kind == events.EXPORTED:
            prepared = place
        elif prepared is not None:
            found.pop((prepared.host, prepared.directory), None)
        found[place.host, place.directory] = place
    return tuple(found.values())


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
