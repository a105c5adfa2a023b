"""The incidents that the journal tells of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gcms_tui.core.errors import GcmsError, UsageError
from gcms_tui.core.incidents import events
from gcms_tui.core.incidents.incident import Incident, fold
from gcms_tui.core.writing.journal import Entry, is_edited
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
            newest = next((entry for entry in self._entries(events.OPENED) if self._may_be_here(entry)), None)
            if newest is None:
                raise UsageError("No incident", f"None has been opened on {self.target}.", "gcms-tui incident open")
            reference = newest.subject
        entries = self._journal.about(reference)
        if entries[0].kind != events.OPENED:
            raise UsageError("No such incident", f"{reference[:80]!r} is none.", _LIST)
        if not self._may_be_here(entries[0]):
            raise UsageError("Another target", f"{entries[0].subject} is not of {self.target}.", "gcms-tui --target …")
        return _read(entries)

    def open_ones(self) -> Listed:
        """Those that are not closed. Raises `GcmsError` where the journal cannot be read."""
        return self._listed(lambda entries: not any(map(_closes, entries)))

    def all(self) -> Listed:
        """Every one there ever was. Raises as `open_ones`."""
        return self._listed(lambda entries: True)

    def open_of(self, finding: str) -> Incident | None:
        """The open incident of a finding. Raises `GcmsError` where one that may be it cannot be read."""
        listed = self.open_ones()
        if listed.unreadable:
            raise GcmsError("The journal was changed", "; ".join(listed.unreadable), "gcms-tui journal verify")
        return next((item for item in listed.incidents if item.finding and item.finding.name == finding), None)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _listed(self, wanted: Callable[[Sequence[Entry]], bool]) -> Listed:
        told: dict[str, list[Entry]] = {}
        for entry in self._entries(events.ALL):
            told.setdefault(entry.subject, []).append(entry)
        found, unreadable = [], []
        # Newest opening first; one whose opening is gone stands where the oldest of it that is left does.
        for entries in sorted(told.values(), key=lambda some: some[-1].sequence, reverse=True):
            if not (self._may_be_here(entries[-1]) and wanted(entries)):
                continue
            try:
                found.append(_read(entries[::-1]))
            except GcmsError as error:
                unreadable.append(error.message)
        return Listed(tuple(found), tuple(unreadable))

    def _may_be_here(self, entry: Entry) -> bool:
        """Of this target; or of one that nobody can tell any more, as somebody edited it."""
        return is_edited(entry) or entry.said.get("target", self.target) == self.target

    def _entries(self, kind: str) -> Iterator[Entry]:
        before = None
        while page := self._journal.entries(_PAGE, before=before, kind=kind):
            yield from page
            before = page[-1].sequence


def _closes(entry: Entry) -> bool:
    """One that somebody edited to look so does not."""
    return entry.kind == events.CLOSED and not is_edited(entry)


def _read(entries: Sequence[Entry]) -> Incident:
    try:
        return fold(entries)
    except ValueError as error:
        raise GcmsError(
            "The journal was changed",
            f"What it says of {entries[0].subject} cannot be read: {error}.",
            "gcms-tui journal verify tells more.",
        ) from None
