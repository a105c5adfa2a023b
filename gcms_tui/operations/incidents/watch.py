"""What the team is told from time to time, by cron or by the wall: whatever has changed since it was told last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gcms_tui.core import notices
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import HealthReport
from gcms_tui.core.incidents import events
from gcms_tui.core.incidents.clock import ClockStep, due, named
from gcms_tui.core.incidents.escalation import PathStep
from gcms_tui.core.incidents.incident import Incident
from gcms_tui.core.notices import Notice
from gcms_tui.core.payroll.hold import Hold
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.incidents.book import IncidentBook
from gcms_tui.operations.notices import Notices, words_of
from gcms_tui.operations.ports import Clock
from gcms_tui.operations.writing.ports import JournalBook


class Watch:
    """Of one target. Writes nothing but what was told. Blocking; safe from several threads and processes."""

    def __init__(
        self,
        book: IncidentBook,
        notices: Notices,
        *,
        journal: JournalBook,
        path: Iterable[PathStep],
        holds: Callable[[], Iterable[Hold]],
        waiting: Callable[[], Iterable[PayrollRun]],
        clock: Clock,
    ) -> None:
        """`holds`: what holds payroll now. `waiting`: payroll runs whose next step is the signatures."""
        self._book = book
        self._notices = notices
        self._journal = journal
        self._path = tuple(path)
        self._holds = holds
        self._waiting = waiting
        self._clock = clock

    def tell(self, report: HealthReport) -> tuple[str, ...]:
        """Everything there is to tell. Answers what a person should know of it: escalations that are overdue, and
        notices that were not sent. Raises nothing: the report stands whatever becomes of its telling."""
        parts = (
            lambda: self._tell(self._verdicts(report)),
            self.escalate,
            lambda: self._tell(self._held()),
            lambda: self._tell(self._approvals()),
        )
        return tuple(dict.fromkeys(words for part in parts for words in _guarded(part)))

    def escalate(self) -> tuple[str, ...]:
        """Tell every step that is overdue, and journal that it was. Raises `GcmsError`."""
        words: list[str] = []
        listed = self._book.open_ones()
        for incident in listed.incidents:
            for step in due(incident, self._clock()):
                words += self._escalated(incident, step)
        return (*listed.unreadable, *words)

    def _escalated(self, incident: Incident, step: ClockStep) -> tuple[str, ...]:
        who = named(step, self._path)
        notice = notices.escalated(
            self._book.target, incident.incident_id, incident.title, step.number, who, step.words
        )
        (told,) = self._notices.tell(notice)
        if told.is_known:
            said = {"step": step.number, "channels": told.channels}
            self._journal.append_once(events.escalated(step.number), incident.incident_id, said)
        overdue = f"{incident.incident_id} ({incident.title}): {who} is {step.words}"
        return (overdue, *words_of((told,)))

    def _tell(self, found: Iterable[Notice]) -> tuple[str, ...]:
        return words_of(self._notices.tell(*found))

    def _verdicts(self, report: HealthReport) -> Iterator[Notice]:
        """Those that are other than what was told last; of a finding that nothing was ever told of, those not OK."""
        if notices.Event.VERDICT not in self._notices.events:
            return
        for finding in report.findings:
            before = self._notices.state(notices.verdict_key(finding.name))
            if finding.verdict.name != (before or Verdict.OK.name):
                yield notices.verdict_changed(report.target, finding.name, finding.section, before, finding.verdict)

    def _held(self) -> Iterator[Notice]:
        if notices.Event.HOLD in self._notices.events:
            for hold in self._holds():
                yield notices.payroll_held(self._book.target, hold.hold_id, hold.cause)

    def _approvals(self) -> Iterator[Notice]:
        if notices.Event.APPROVAL not in self._notices.events:
            return
        for run in self._waiting():
            missing = [role for role in Role if role not in run.signatures]
            if run.exported is not None and missing:
                yield notices.approval_wanted(
                    self._book.target, run.run_id, run.concert_id, run.exported.sha256, missing
                )


def _guarded(part: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    try:
        return part()
    except GcmsError as error:
        return (f"Notice not told: {error.title}: {error.message}",)
