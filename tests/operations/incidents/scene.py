"""Incidents and notices in a real store, with channels in memory. Each call is another console over the same store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from gcms_tui.adapters.store.opening import Store, open_store
from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.finding import Evidence, Finding, HealthReport
from gcms_tui.core.incidents.escalation import PathStep, parse_path
from gcms_tui.core.notices import Delivery
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.run import Person
from gcms_tui.core.settings import NOTICES, NotifySettings, Settings
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.journal import Entry
from gcms_tui.operations.incidents.book import IncidentBook
from gcms_tui.operations.incidents.incidents import Incidents
from gcms_tui.operations.incidents.watch import Watch
from gcms_tui.operations.notices import Notices
from gcms_tui.operations.payroll.holding import Holds
from gcms_tui.operations.writing.ports import JournalBook
from tests.operations.memory import NOW, Clock

TARGET = "prod"
PATH = parse_path(("Data Engineer (15 min)", "Senior (30 min)", "Manager (1 hour)"))
GOOD, BAD = Delivery("1 Slack", True), Delivery("2 JSON", False, "it refused with status 500")


def finding(name: str = "tests.gold", verdict: Verdict = Verdict.FAIL) -> Finding:
    evidence = Evidence.of(("test", "message"), [("not_null_x", "Ada Lovelace")])
    return Finding(name, "Daily 3", verdict, "1 of 20 tests fails", NOW, evidence=evidence)


def report(**verdicts: Verdict) -> HealthReport:
    """By the finding's name, with a _ for its dot."""
    found = tuple(finding(name.replace("_", ".", 1), verdict) for name, verdict in verdicts.items())
    return HealthReport(TARGET, NOW, found)


@dataclass
class MemoryChannels:
    """Keeps what it is sent, and answers as it is told."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    answers: tuple[Delivery, ...] = (GOOD,)
    error: GcmsError | None = None

    def send(self, title: str, body: str) -> tuple[Delivery, ...]:
        if self.error is not None:
            raise self.error
        self.sent.append((title, body))
        return self.answers


class FullJournal:
    """The real one, on a disk that is full from some moment on."""

    def __init__(self, journal: JournalBook, error: GcmsError) -> None:
        self._journal = journal
        self._error = error

    def __getattr__(self, name: str) -> object:
        return getattr(self._journal, name)

    def append(self, *_: object) -> Entry:
        raise self._error

    append_once = append


@dataclass
class Scene:
    directory: Path
    clock: Clock = field(default_factory=Clock)
    channels: MemoryChannels = field(default_factory=MemoryChannels)
    notify: NotifySettings = field(default_factory=lambda: NotifySettings(events=NOTICES))
    path: tuple[PathStep, ...] = PATH
    waiting: Callable[[], Iterable[PayrollRun]] = tuple
    critical: str = ""
    full: GcmsError | None = None
    """What writing the journal ends with."""

    def store(self, user: str = "erin") -> Store:
        settings = replace(Settings(), state_dir=self.directory / "state")
        return open_store(settings, {}, Person(user, "ops-1"), self.clock)

    def journal(self, user: str = "erin") -> JournalBook:
        journal = self.store(user).journal
        return journal if self.full is None else FullJournal(journal, self.full)  # type: ignore[return-value]

    def book(self) -> IncidentBook:
        return IncidentBook(TARGET, self.store().journal)

    def holds(self, user: str = "erin") -> Holds:
        return Holds(TARGET, journal=self.journal(user), person=Person(user, "ops-1"), critical=lambda: self.critical)

    def notices(self) -> Notices:
        return Notices(
            TARGET,
            self.notify,
            channels=lambda: self.channels,
            journal=self.journal(),
            leases=self.store().leases,
            clock=self.clock,
        )

    def acts(self, user: str = "erin", *, read_only_reason: str = "") -> Incidents:
        return Incidents(
            TARGET,
            journal=self.journal(user),
            leases=self.store(user).leases,
            holds=self.holds(user),
            path=self.path,
            failed_run=failed_run,
            clock=self.clock,
            tell=self.notices().tell,
            read_only_reason=read_only_reason,
        )

    def watch(self) -> Watch:
        return Watch(
            self.book(),
            self.notices(),
            journal=self.journal(),
            path=self.path,
            holds=self.holds().open,
            waiting=self.waiting,
            clock=self.clock,
        )

    def kinds(self, prefix: str) -> list[str]:
        return [entry.kind for entry in reversed(self.store().journal.entries(1_000, kind=prefix))]

    def journalled(self) -> str:
        """Every word of the journal."""
        return "\n".join(f"{entry.subject} {entry.payload}" for entry in self.store().journal.entries(1_000))


def failed_run(reference: str) -> str:
    if reference == "green":
        raise Refused("It did not fail", "green", guard="failed_run")
    if reference != "red":
        raise UsageError("No such run", reference)
    return "20260301-083000-1a2b"
