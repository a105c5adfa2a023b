"""The book of incidents: opened from a finding or by hand, worked on, and closed; nothing but the journal's entries."""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from gcms_tui.core import notices
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.finding import Finding
from gcms_tui.core.incidents import events
from gcms_tui.core.incidents.escalation import PathStep, minutes_of
from gcms_tui.core.incidents.incident import Incident, Severity
from gcms_tui.core.incidents.told import impersonal, is_critical, kept, typed_kept
from gcms_tui.core.payroll.hold import Hold
from gcms_tui.core.payroll.typed import NOTE_LIMIT, typed
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.incidents.book import IncidentBook
from gcms_tui.operations.notices import Told, off, words_of
from gcms_tui.operations.payroll.holding import Holds
from gcms_tui.operations.ports import Clock
from gcms_tui.operations.writing.ports import JournalBook, Leases

HOLD_CAUSE = "incident"
TITLE_LIMIT = 160
_LOGIN = re.compile(r"[\w.+@\\-]{1,80}")


@dataclass(frozen=True, slots=True)
class Done:
    """What an act made of an incident."""

    incident: Incident
    notes: tuple[str, ...] = ()
    """What to know beside it: that a notice was not sent, that a hold remains."""


class Incidents:
    """What is done about those of one target. Blocking I/O, safe from several threads and processes."""

    def __init__(
        self,
        target: str,
        *,
        journal: JournalBook,
        leases: Leases,
        holds: Holds,
        path: Sequence[PathStep],
        failed_run: Callable[[str], str],
        clock: Clock,
        tell: Callable[..., Sequence[Told]] = off,
        personal: Sequence[str] = (),
        read_only_reason: str = "",
    ) -> None:
        """`failed_run` answers the whole id of one of dbt's runs, and raises `UsageError` where there is none,
        `Refused` where it did not fail. `tell`: see `Notices.tell`. `personal`: further columns about a person."""
        self.target = target
        self.book = IncidentBook(target, journal)
        self._journal = journal
        self._leases = leases
        self._holds = holds
        self._path = tuple(path)
        self._failed_run = failed_run
        self._clock = clock
        self._tell = tell
        self._personal = tuple(personal)
        self._read_only_reason = read_only_reason

    # -- opening -----------------------------------------------------------------------------------------------------

    def kept(self, finding: Finding) -> dict[str, Any]:
        """What `open_from` keeps of it."""
        return kept(finding, self._personal)

    def open_from(self, finding: Finding, *, hold: bool = False, follows: str = "") -> Done:
        """From what a check has found. Raises `Refused`: guard `open_incident` where one of it is open, `lease` where
        somebody is just opening one, `finding_ok`, `read_only`."""
        self._require_writing()
        if finding.verdict is Verdict.OK:
            raise Refused(
                "Nothing to open an incident for",
                f"{finding.name} is OK.",
                'By hand: gcms-tui incident open --title "…"',
                guard="finding_ok",
            )
        with self._alone(finding.name, f"opening an incident of {finding.name}"):
            there = self.book.open_of(finding.name)
            if there is not None:
                raise _open_already(there)
            said = self.kept(finding)
            return self._open(
                title=f"{said['name']} is {finding.verdict.name}",
                section=finding.section,
                severity=Severity.HIGH if finding.verdict is Verdict.FAIL else Severity.MEDIUM,
                critical_test=is_critical(finding),
                follows=follows,
                finding=said,
                hold=hold,
            )

    def open_by_hand(
        self,
        title: str,
        *,
        section: str = "",
        severity: Severity = Severity.MEDIUM,
        critical_test: bool = False,
        hold: bool = False,
        follows: str = "",
    ) -> Done:
        """Raises `Refused` (guards `title`, `read_only`)."""
        self._require_writing()
        title = impersonal(_given(title, "title", TITLE_LIMIT), TITLE_LIMIT)
        return self._open(
            title=title,
            section=typed(section)[:80],
            severity=severity,
            critical_test=critical_test,
            follows=follows,
            finding=None,
            hold=hold,
        )

    def reopen(self, reference: str, *, hold: bool = False) -> Done:
        """A new one that continues a closed one: what was closed stays as it was signed off. Raises `Refused` (guards
        `not_closed`, `open_incident`, `read_only`), `UsageError`."""
        self._require_writing()
        before = self.book.get(reference)
        if before.is_open:
            raise Refused(
                "It is open", f"{before.incident_id} was not closed.", "Add a note to it.", guard="not_closed"
            )
        finding = before.finding.name if before.finding else ""
        with self._alone(finding or before.incident_id, f"opening {before.incident_id} anew"):
            for other in self.book.open_ones().incidents:
                of_same = other.finding is not None and other.finding.name == finding
                if other.follows == before.incident_id or of_same:
                    raise _open_already(other)
            return self._open(
                title=before.title,
                section=before.section,
                severity=before.severity,
                critical_test=before.critical_test,
                follows=before.incident_id,
                finding=before.entries[0].said["finding"],
                hold=hold,
            )

    # -- working on it -----------------------------------------------------------------------------------------------

    def note(self, reference: str, text: str) -> Done:
        """Raises `Refused` (guards `note`, `closed`, `read_only`), `UsageError`."""
        incident = self._for_work(reference)
        self._journal.append(events.NOTED, incident.incident_id, {"note": _given(text, "note")})
        return Done(self.book.get(incident.incident_id))

    def acknowledge(self, reference: str) -> Done:
        """Take it, which stops the escalation. Of two who do at once one has it. Raises `Refused` (guards
        `acknowledged`, `closed`, `read_only`), `UsageError`."""
        incident = self._for_work(reference)
        written = self._journal.append_once(events.ACKNOWLEDGED, incident.incident_id, {})
        after = self.book.get(incident.incident_id)
        if written is None:
            by = after.acknowledged
            raise Refused(
                "Somebody has taken it",
                f"{after.incident_id} was acknowledged"
                + (f" by {by.person.user} at {by.at:%Y-%m-%d %H:%M} UTC." if by else "."),
                f"Take it over: gcms-tui incident hand-over {after.incident_id} LOGIN",
                guard="acknowledged",
            )
        return self._told(after, "acknowledged")

    def hand_over(self, reference: str, to: str, note: str = "") -> Done:
        """Give it to somebody by their login. The escalation of one that nobody has acknowledged goes on. Raises
        `Refused` (guards `login`, `closed`, `read_only`), `UsageError`."""
        incident = self._for_work(reference)
        said = {"to": _login(to), "note": typed_kept(typed(note))[:NOTE_LIMIT]}
        self._journal.append(events.HANDED_OVER, incident.incident_id, said)
        return self._told(self.book.get(incident.incident_id), f"handed over to {said['to'].partition('@')[0]}")

    def hold(self, reference: str) -> Done:
        """Hold payroll for as long as it takes. Raises `Refused` (guards `held`, `closed`, `read_only`)."""
        incident = self._for_work(reference)
        if self.holds_of(incident):
            raise Refused(
                "Payroll is held", f"{incident.incident_id} has set a hold that nobody has lifted.", guard="held"
            )
        return self._hold(incident)

    def close(self, reference: str, *, cause: str, done: str, run: str = "") -> Done:
        """`run`: dbt's run whose tests failed, which an incident of a critical test wants named.

        Raises `Refused` (guards `cause`, `done`, `failed_run`, `closed`, `read_only`), `UsageError`.
        """
        incident = self._for_work(reference)
        said = {"cause": _given(cause, "cause"), "done": _given(done, "done")}
        if incident.critical_test and not run.strip():
            raise Refused(
                "The failing tests' run is missing",
                f"{incident.incident_id} is of a critical test: its log names the run in which it failed.",
                "Name it with --run; gcms-tui runs list shows them.",
                guard="failed_run",
            )
        said["run"] = self._failed_run(run.strip()) if run.strip() else ""
        if self._journal.append_once(events.CLOSED, incident.incident_id, said) is None:
            raise _closed(self.book.get(incident.incident_id))
        after = self._told(self.book.get(incident.incident_id), "closed")
        return Done(after.incident, (*after.notes, *map(_remains, self.holds_of(after.incident))))

    def holds_of(self, incident: Incident) -> tuple[Hold, ...]:
        """Those it has set and nobody has lifted, one that was set just before the console died among them."""
        mine = f"{incident.incident_id}: "
        return tuple(
            hold
            for hold in self._holds.open()
            if hold.hold_id in incident.holds or (hold.cause == HOLD_CAUSE and hold.reason.startswith(mine))
        )

    # -- inside ------------------------------------------------------------------------------------------------------

    def _open(
        self,
        *,
        title: str,
        section: str,
        severity: Severity,
        critical_test: bool,
        follows: str,
        finding: Mapping[str, Any] | None,
        hold: bool,
    ) -> Done:
        follows = self.book.get(follows).incident_id if follows else ""
        incident_id = f"inc-{self._clock():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        self._journal.append(
            events.OPENED,
            incident_id,
            {
                "target": self.target,
                "title": title,
                "section": section,
                "severity": severity.value,
                "critical_test": critical_test,
                "follows": follows,
                "escalation": [minutes_of(step.after) for step in self._path],
                "finding": finding,
            },
        )
        incident = self.book.get(incident_id)
        # Payroll is held before anybody is told: a slow service must not leave a gap.
        held = self._hold(incident) if hold else Done(incident)
        opened = notices.incident_opened(self.target, incident_id, title, section, severity.value)
        return Done(held.incident, tuple(dict.fromkeys((*held.notes, *words_of(self._tell(opened))))))

    def _hold(self, incident: Incident) -> Done:
        try:
            hold = self._holds.set(HOLD_CAUSE, f"{incident.incident_id}: {incident.title}")
        except GcmsError as error:
            raise GcmsError(
                "Payroll is not held",
                f"{incident.incident_id} is open, and its hold could not be set: {error.title}: {error.message}",
                f"gcms-tui payroll hold --cause incident --reason {incident.incident_id}",
            ) from None
        with suppress(GcmsError):  # it holds all the same, and names the incident
            self._journal.append(events.HELD, incident.incident_id, {"hold": hold.hold_id})
        told = self._tell(notices.payroll_held(self.target, hold.hold_id, hold.cause))
        return Done(self.book.get(incident.incident_id), words_of(told))

    def _told(self, incident: Incident, state: str) -> Done:
        user = incident.entries[-1].user
        told = self._tell(
            notices.incident_ended(self.target, incident.incident_id, incident.title, state, user),
        )
        return Done(incident, words_of(told))

    def _for_work(self, reference: str) -> Incident:
        self._require_writing()
        incident = self.book.get(reference)
        if not incident.is_open:
            raise _closed(incident)
        return incident

    @contextmanager
    def _alone(self, name: str, purpose: str) -> Iterator[None]:
        lease = self._leases.take(f"incident:{self.target}:{name}", purpose)
        try:
            yield
        finally:
            with suppress(GcmsError):  # a lease that cannot be given back dies by itself
                lease.release()

    def _require_writing(self) -> None:
        if self._read_only_reason:
            raise Refused("Read-only", f"Nothing may be written here: {self._read_only_reason}.", guard="read_only")


def _given(text: str, what: str, limit: int = NOTE_LIMIT) -> str:
    """As it is kept. Raises `Refused`, with `what` as its guard."""
    said = typed_kept(typed(text))
    if not said:
        raise Refused(f"No {what} given", f"It wants a {what}.", "Say it in a few words.", guard=what)
    if len(said) > limit:
        raise Refused(
            f"The {what} is too long",
            f"It has {len(said):,} characters; {limit} are kept.",
            "Say it in fewer words.",
            guard=what,
        )
    return said


def _login(text: str) -> str:
    """Raises `Refused` (guard `login`) for what is none."""
    if _LOGIN.fullmatch(text.strip()):
        return text.strip()
    raise Refused("No login given", "It wants a login.", "As the operating system knows them: jane", guard="login")


def _open_already(incident: Incident) -> Refused:
    return Refused(
        "An incident is open",
        f"{incident.incident_id} was opened by {incident.opened.person.user} at "
        f"{incident.opened.at:%Y-%m-%d %H:%M} UTC, of the same, and is not closed.",
        f'Add to it: gcms-tui incident note {incident.incident_id} "…"',
        guard="open_incident",
    )


def _closed(incident: Incident) -> Refused:
    by = incident.closed.by if incident.closed else None
    told = f" by {by.person.user} at {by.at:%Y-%m-%d %H:%M} UTC" if by else ""
    return Refused(
        "It is closed",
        f"{incident.incident_id} was closed{told}.",
        f"Open a new one that continues it: gcms-tui incident open --follows {shlex.quote(incident.incident_id)}",
        guard="closed",
    )


def _remains(hold: Hold) -> str:
    setter = hold.by.person.user if hold.by else "somebody"
    return (
        f"{hold.hold_id} still holds payroll. It was set by {setter}, and anybody else lifts it: "
        f'gcms-tui payroll lift {hold.hold_id} --reason "…"'
    )
