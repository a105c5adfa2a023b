"""Notices to the team: each told once, by whichever process comes first, and never in the way of what it tells of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.notices import SENT, UNSENT, Delivery, Notice, is_repeat, subject, together, trial
from gcms_tui.core.payroll.run import moment
from gcms_tui.core.settings import NotifySettings
from gcms_tui.core.writing.journal import Entry
from gcms_tui.operations.ports import Clock
from gcms_tui.operations.writing.ports import JournalBook, Leases


class Channels(Protocol):
    """The services that are configured."""

    def send(self, title: str, body: str) -> tuple[Delivery, ...]:
        """To each of them, at once, within a hard limit of time. Raises nothing that a service does."""
        ...


class Outcome(StrEnum):
    SENT = "sent"
    REPEAT = "repeat"
    """It was told already, too short a time ago to be told again."""
    ELSEWHERE = "elsewhere"
    """Another process is telling it at this moment."""
    UNSENT = "unsent"
    OFF = "off"
    """Its event is not among those that are configured."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one notice."""

    notice: Notice
    outcome: Outcome
    channels: int = 0
    """How many were reached."""
    words: str = ""
    """What a person should know: why it was not sent, to all or at all. The same failure is said once only."""

    @property
    def is_known(self) -> bool:
        """The team has it, now or from before."""
        return self.outcome in (Outcome.SENT, Outcome.REPEAT)


class Notices:
    """Blocking, for as long as the channels' limit at most. Safe from several threads and processes."""

    def __init__(
        self,
        target: str,
        settings: NotifySettings,
        *,
        channels: Callable[[], Channels],
        journal: JournalBook,
        leases: Leases,
        clock: Clock,
    ) -> None:
        """`channels` reads their addresses when something is to be sent, and raises `ConfigError`."""
        self.target = target
        self.events = frozenset(settings.events)
        self._repeat_after = timedelta(hours=settings.repeat_after_h)
        self._channels = channels
        self._journal = journal
        self._leases = leases
        self._clock = clock

    def tell(self, *notices: Notice) -> tuple[Told, ...]:
        """Those that are wanted and new, as one message. Raises nothing: whatever goes wrong is in the answer."""
        wanted = [notice for notice in notices if notice.event is None or notice.event in self.events]
        told = {notice.key: Told(notice, Outcome.OFF) for notice in notices if notice.event and notice not in wanted}
        with ExitStack() as held:
            due = []
            for notice in {notice.key: notice for notice in wanted}.values():
                refusal = self._held(notice, held)
                if refusal is None:
                    due.append(notice)
                else:
                    told[notice.key] = refusal
            if due:
                told |= self._send(due)
        return tuple(told[notice.key] for notice in notices)

    def trial(self) -> tuple[Delivery, ...]:
        """One harmless notice to each channel, however often. Raises `ConfigError` where there is none."""
        title, body = together(self.target, (trial(self.target),))
        return self._channels().send(title, body)

    def state(self, key: str) -> str:
        """What was told of it last; empty where nothing was. Raises `GcmsError`."""
        sent = self._newest(key, SENT)
        return "" if sent is None else str(sent.said.get("state") or "")

    # -- inside ------------------------------------------------------------------------------------------------------

    def _held(self, notice: Notice, held: ExitStack) -> Told | None:
        """Hold the notice alone, until it is told; or why it is not to be."""
        try:
            lease = self._leases.take(subject(self.target, notice.key), "telling the team")
            held.callback(_released, lease.release)
            sent = self._newest(notice.key, SENT)
        except Refused:
            return Told(notice, Outcome.ELSEWHERE)
        except GcmsError as error:  # whether it was told is not known, and that it was could not be written down
            return Told(notice, Outcome.UNSENT, words=f"not told: {error.title}: {error.message}")
        if sent is None:
            return None
        state = str(sent.said.get("state") or "")
        if is_repeat(notice.state, state, moment(sent), self._clock(), self._repeat_after):
            return Told(notice, Outcome.REPEAT)
        return None

    def _send(self, due: Sequence[Notice]) -> dict[str, Told]:
        try:
            deliveries = self._channels().send(*together(self.target, due))
        except GcmsError as error:
            deliveries = ()
            failed: tuple[str, ...] = (f"{error.title}: {error.message}",)
        else:
            failed = tuple(f"{item.channel}: {item.why}" for item in deliveries if not item.sent)
        reached = sum(item.sent for item in deliveries)
        if not deliveries and not failed:
            failed = ("no channel is configured",)
        return {notice.key: self._recorded(notice, reached, failed) for notice in due}

    def _recorded(self, notice: Notice, reached: int, failed: tuple[str, ...]) -> Told:
        kind = SENT if reached else UNSENT
        outcome = Outcome.SENT if reached else Outcome.UNSENT
        said: Mapping[str, Any] = {
            "event": notice.event.value if notice.event else "",
            "state": notice.state,
            "channels": reached,
            "failed": len(failed),
            "why": list(failed),
        }
        words = "; ".join(failed)
        try:
            if not reached and self._is_told(notice, failed):
                return Told(notice, outcome)
            self._journal.append(kind, subject(self.target, notice.key), said)
        except GcmsError as error:
            words = "; ".join((*failed, f"it will be told again, as this could not be kept: {error.title}"))
        words = f"{'not told' if not reached else 'told, but not to all'}: {words}" if words else ""
        return Told(notice, outcome, reached, words)

    def _is_told(self, notice: Notice, failed: Iterable[str]) -> bool:
        """Whether the newest thing known of it is that it could not be sent, for the same reasons."""
        newest = self._newest(notice.key)
        return (
            newest is not None
            and newest.kind == UNSENT
            and newest.said.get("state") == notice.state
            and newest.said.get("why") == list(failed)
        )

    def _newest(self, key: str, kind: str = "") -> Entry | None:
        about = subject(self.target, key)
        with suppress(UsageError):  # nothing was ever told of it, or of several that begin so
            # A beginning is answered too: another key's.
            found = [
                entry
                for entry in self._journal.about(about)
                if entry.subject == about and (entry.kind == kind if kind else entry.kind in (SENT, UNSENT))
            ]
            return found[-1] if found else None
        return None


def off(*notices: Notice) -> tuple[Told, ...]:
    """Instead of `Notices.tell` where nobody is told of anything."""
    return tuple(Told(notice, Outcome.OFF) for notice in notices)


def words_of(told: Iterable[Told]) -> tuple[str, ...]:
    """What is to be said of them, each failure once: several notices go in one message."""
    return tuple(dict.fromkeys(f"Notice {item.words}" for item in told if item.words))


def _released(release: Callable[[], None]) -> None:
    with suppress(GcmsError):  # a lease that cannot be given back dies by itself
        release()
