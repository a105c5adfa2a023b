"""The incidents that the journal tells of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gcms_tui.core.errors import GcmsError, UsageError
from gcms_tui.core.incidents import events
from gcms_tui.core.incidents.incident import Incident, fold
from gcms_tui.core.writing.journal import Entry
from gcms_tui.operations.writing.ports import JournalBook

_PAGE = 500
_LIST = "gcms-tui incident list --all"


@dataclass(frozen=True, slots=True)
class Listed:
    """Incidents, newest first, and those of which the journal cannot be read any more."""

    incidents: tuple[Incident, ...]
    unreadable: tuple[str, ...] = ()
    """In words. One of them may be open."""


class IncidentBook:
    """Those of one target, to be read by all. Blocking I/O, safe from several threads."""

    def __init__(self, target: str, journal: JournalBook) -> None:
        self.target = target
        self._journal = journal

    def get(self, reference: str) -> Incident:
        """By its id, an unambiguous beginning of it, or `last`. Raises `UsageError`, `GcmsError` where the journal was
        edited."""
        reference = reference.strip()
        if reference == "last":
            newest = next(self._opened(), None)
            if newest is None:
                raise UsageError("No incident", f"None has been opened on {self.target}.", "gcms-tui incident open")
            reference = newest.subject
        entries = self._journal.about(reference)
        if entries[0].kind != events.OPENED:
            raise UsageError("No such incident", f"{reference[:80]!r} is none.", _LIST)
        if entries[0].said.get("target", self.target) != self.target:
            raise UsageError("Another target", f"{entries[0].subject} is not of {self.target}.", "gcms-tui --target …")
        return _read(entries)

    def open_ones(self) -> Listed:
        """Those that are not closed. Raises `GcmsError` where the journal cannot be read."""
        closed = {entry.subject for entry in self._entries(events.CLOSED)}
        return self._listed(entry.subject for entry in self._opened() if entry.subject not in closed)

    def all(self) -> Listed:
        """Every one there ever was. Raises as `open_ones`."""
        return self._listed(entry.subject for entry in self._opened())

    def open_of(self, finding: str) -> Incident | None:
        """The open incident of a finding. Raises `GcmsError` where one that may be it cannot be read."""
        listed = self.open_ones()
        if listed.unreadable:
            raise GcmsError("The journal was changed", "; ".join(listed.unreadable), "gcms-tui journal verify")
        return next((item for item in listed.incidents if item.finding and item.finding.name == finding), None)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _opened(self) -> Iterator[Entry]:
        """Of this target, and those of which somebody edited whose they are; newest first."""
        return (entry for entry in self._entries(events.OPENED) if entry.said.get("target", self.target) == self.target)

    def _entries(self, kind: str) -> Iterator[Entry]:
        before = None
        while page := self._journal.entries(_PAGE, before=before, kind=kind):
            yield from page
            before = page[-1].sequence

    def _listed(self, subjects: Iterator[str]) -> Listed:
        found, unreadable = [], []
        for incident_id in subjects:
            try:
                found.append(_read(self._journal.about(incident_id)))
            except GcmsError as error:
                unreadable.append(error.message)
        return Listed(tuple(found), tuple(unreadable))


def _read(entries: Sequence[Entry]) -> Incident:
    try:
        return fold(entries)
    except ValueError as error:
        raise GcmsError(
            "The journal was changed",
            f"What it says of {entries[0].subject} cannot be read: {error}.",
            "gcms-tui journal verify tells more.",
        ) from None
