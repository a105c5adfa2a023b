"""Having Airbyte sync a connection: shown, typed out, journalled, sent once, and watched to its end."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError, Refused, Unavailable, UsageError
from gcms_tui.core.payroll.typed import reason_given
from gcms_tui.core.pipeline.airbyte import AnswerUnknown, Connection, SyncJob, running
from gcms_tui.core.pipeline.syncs import ANSWERED, ASKED, LOOKED, OpenSync, SyncOutcome, lease_name
from gcms_tui.core.text import printable
from gcms_tui.core.writing.doubt import Verdict
from gcms_tui.core.writing.plan import canonical
from gcms_tui.operations.pipeline.asked import AskedSyncs, begun_since, syncs_in_doubt
from gcms_tui.operations.pipeline.ports import Airbyte, SyncStarter
from gcms_tui.operations.ports import Clock
from gcms_tui.operations.writing.guarded_write import OnStep, harmless
from gcms_tui.operations.writing.ports import JournalBook, Lease, Leases

Pause = Callable[[float], None]

LIMIT = timedelta(hours=1)
"""How long a job is watched unless somebody says otherwise."""

_LOOKS, _LOOK_AGAIN_S = 3, 2.0
"""A server that was too busy to answer may list the job a moment later."""
_SOONEST_S, _LATEST_S = 1.0, 10.0
_PATIENT_LOOKS = 5


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """A sync as it is shown before anybody confirms it."""

    connection: Connection
    jobs: tuple[SyncJob, ...]
    """The newest, newest first."""
    running: SyncJob | None
    """One under way: then none is started, and this one is to be watched."""

    @property
    def confirmation(self) -> str:
        """What is to be typed."""
        return self.connection.name

    @property
    def plan_id(self) -> str:
        """Of what is shown of it, 12 hexadecimal digits."""
        shown = self.connection
        told = canonical({"id": shown.connection_id, "name": shown.name, "streams": shown.streams, "job": self.newest})
        return hashlib.sha256(told.encode("ascii")).hexdigest()[:12]

    @property
    def newest(self) -> int | None:
        return self.jobs[0].job_id if self.jobs else None


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of asking for a sync."""

    sync_id: str
    connection: Connection
    outcome: SyncOutcome
    job: SyncJob | None = None
    note: str = ""
    """What else is to be known: why it is in doubt, or that the outcome could not be journalled."""


@dataclass(frozen=True, slots=True)
class JobLook:
    """A job as it is now."""

    job: SyncJob
    """As it was last seen, where there is trouble."""
    over: bool
    """Nothing more is looked at: it has ended, or it was watched for as long as was asked."""
    trouble: str = ""
    """Why it could not be looked at just now."""


class SyncLooks:
    """What needs no right to write. Blocking I/O."""

    def __init__(
        self, airbyte: Airbyte, *, pause: Pause = time.sleep, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._airbyte = airbyte
        self._pause = pause
        self._monotonic = monotonic

    def plan(self, reference: str) -> SyncPlan:
        """By the connection's id or its name. Raises `UsageError` where there is none, or several of that name;
        `GcmsError`."""
        connection = find_connection(self._airbyte.connections(), reference)
        jobs = self._airbyte.jobs(connection.connection_id)
        return SyncPlan(connection, jobs, running(jobs))

    def shown(self, reference: str, plan_id: str) -> SyncPlan:
        """The plan that was shown. Raises as `plan`, and `Refused`: guards `sync_running`, and `jobs_moved` where it
        would be another now."""
        plan = self.plan(reference)
        if plan.running is not None:
            raise _under_way(plan.connection, plan.running)
        if plan_id.strip().lower() != plan.plan_id:
            raise _moved(plan.connection, plan.newest)
        return plan

    def watch(self, job_id: int, limit: timedelta = LIMIT) -> Iterator[JobLook]:
        """Looks until it has ended; the last is `over`. Never for longer than `limit`. Where Airbyte cannot be asked
        any more it is tried a few times, and not at all where it never could: then the error is raised.

        Raises `UsageError` where there is no such job.
        """
        until, wait, silent = self._monotonic() + limit.total_seconds(), _SOONEST_S, 0
        job: SyncJob | None = None
        while True:
            trouble = ""
            try:
                job, silent = self._airbyte.job(job_id), 0
            except Unavailable as error:
                silent += 1
                if job is None or silent >= _PATIENT_LOOKS:
                    raise
                trouble = f"{error.title}: {error.message}"
            over = not trouble and job.ended
            left = until - self._monotonic()
            yield JobLook(job, over or left <= 0, trouble)
            if over or left <= 0:
                return
            self._pause(min(wait, left))
            wait = min(wait * 1.5, _LATEST_S)


class Syncs:
    """Built only where writing is allowed. Blocking I/O; one at a time for each connection, held by a lease."""

    def __init__(
        self,
        target: str,
        *,
        airbyte: SyncStarter,
        journal: JournalBook,
        leases: Leases,
        clock: Clock,
        pause: Pause = time.sleep,
    ) -> None:
        self._target = target
        self._airbyte = airbyte
        self._journal = journal
        self._leases = leases
        self._clock = clock
        self._asked = AskedSyncs(airbyte, journal, clock)
        self._pause = pause

    def sync(self, plan: SyncPlan, typed: str, reason: str, on_step: OnStep = lambda _: None) -> Asked:
        """Ask for exactly the sync that was shown. Where Airbyte says that one runs, that one is attached to.

        Raises `Refused` naming the guard where nothing was asked for (`confirmation`, `reason`, `lease`, `in_doubt`,
        `inactive`, `sync_running`, `jobs_moved`), and guard `sync_stuck` where Airbyte says that one runs and lists
        none; other `GcmsError`s where it was not started. A request without an answer is `Asked` in doubt, unless a
        job has begun since.
        """
        on_step = harmless(on_step)
        if typed != plan.confirmation and typed != plan.connection.connection_id:
            raise Refused(
                "Not confirmed",
                f"{printable(typed, 80)!r} is not what was to be typed." if typed else "Nothing was typed.",
                f"Type: {printable(plan.confirmation, 200)}",
                guard="confirmation",
            )
        kept = reason_given(reason)
        on_step("checking")
        name = lease_name(self._target, plan.connection.connection_id)
        lease = self._leases.take(name, f"sync of {printable(plan.connection.name, 80)}")
        try:
            self._require_settled(plan.connection, on_step)
            self._require_as_shown(plan)
            return self._ask(plan, kept, lease, on_step)
        finally:
            with suppress(GcmsError):  # a lease that cannot be given back dies by itself
                lease.release()

    def open(self) -> tuple[OpenSync, ...]:
        """See `syncs_in_doubt`."""
        return syncs_in_doubt(self._journal, self._target)

    # -- before anything is sent -------------------------------------------------------------------------------------

    def _require_settled(self, connection: Connection, on_step: OnStep) -> None:
        for asked in self.open():
            if asked.connection_id != connection.connection_id:
                continue
            on_step(f"looking what became of {asked.sync_id}")
            found = self._asked.settle(asked)
            if found.verdict is Verdict.RUNNING:
                raise Refused(
                    "A sync is in doubt",
                    f"{asked.words}: no answer came, and {'; '.join(found.evidence)}.",
                    found.next_step,
                    guard="in_doubt",
                )

    def _require_as_shown(self, plan: SyncPlan) -> None:
        shown = plan.connection
        now = find_connection(self._airbyte.connections(), shown.connection_id)
        if now.status != "active":
            raise Refused(
                "The connection is not active",
                f"{printable(now.name, 80)} is {printable(now.status, 20)}: Airbyte syncs none of it.",
                "Switch it on in Airbyte, then sync.",
                guard="inactive",
            )
        jobs = self._airbyte.jobs(shown.connection_id)
        if (under_way := running(jobs)) is not None:
            raise _under_way(now, under_way)
        newest = jobs[0].job_id if jobs else None
        if newest != plan.newest or (now.name, now.streams) != (shown.name, shown.streams):
            raise _moved(now, newest)

    # -- asking ------------------------------------------------------------------------------------------------------

    def _ask(self, plan: SyncPlan, reason: str, lease: Lease, on_step: OnStep) -> Asked:
        connection = plan.connection
        sync_id = f"sync-{self._clock():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        on_step("writing the intent into the journal")
        self._journal.append(
            ASKED,
            sync_id,
            {
                "target": self._target,
                "connection": connection.connection_id,
                "name": connection.name,
                "streams": list(connection.streams),
                "where": self._airbyte.where,
                "before": plan.newest,
                "reason": reason,
                "takeover": lease.takeover,
            },
        )
        try:
            lease.require_held()
            on_step("asking Airbyte for it")
            job = self._airbyte.start_sync(connection.connection_id)
        except AnswerUnknown as error:
            return self._unanswered(sync_id, plan, error, on_step)
        except Refused as refused:
            if refused.guard != "sync_running":
                self._answered(sync_id, {"outcome": "not_started", "why": refused.title})
                raise
            return self._attached(sync_id, plan, refused, on_step)
        except GcmsError as error:
            self._answered(sync_id, {"outcome": "not_started", "why": f"{error.title}: {error.message}"[:500]})
            raise
        note = self._answered(sync_id, {"outcome": "started", "job": job.job_id})
        return Asked(sync_id, connection, SyncOutcome.STARTED, job, note)

    def _attached(self, sync_id: str, plan: SyncPlan, refused: Refused, on_step: OnStep) -> Asked:
        """409: somebody else's began in that moment, or none does and Airbyte is stuck."""
        on_step("one runs already: looking for it")
        try:
            jobs = self._airbyte.jobs(plan.connection.connection_id)
        except GcmsError:
            self._answered(sync_id, {"outcome": "not_started", "why": refused.message[:500]})
            raise
        under_way = running(jobs)
        if under_way is None:
            newest = f"its newest, {jobs[0].words}" if jobs else "it lists none at all"
            why = f"{refused.message}; and none of {counted(len(jobs), 'job')} is under way: {newest}"
            note = self._answered(sync_id, {"outcome": "not_started", "why": why[:500]})
            raise Refused(
                "Airbyte says that a sync runs, and lists none",
                " ".join(filter(None, (f"{why}.", note))),
                "Nothing was sent again. Look at the connection in Airbyte; cancelling its job there, or restarting "
                "Airbyte's server, frees one that is stuck.",
                guard="sync_stuck",
            ) from None
        note = self._answered(sync_id, {"outcome": "attached", "job": under_way.job_id})
        return Asked(sync_id, plan.connection, SyncOutcome.ATTACHED, under_way, note)

    def _unanswered(self, sync_id: str, plan: SyncPlan, error: AnswerUnknown, on_step: OnStep) -> Asked:
        """Looked for, before anything else; never asked for again."""
        since: tuple[SyncJob, ...] = ()
        why = f"{error.title}: {error.message}"
        for look in range(_LOOKS):
            on_step("no answer: looking for the job")
            if look:
                self._pause(_LOOK_AGAIN_S)
            try:
                since = begun_since(self._airbyte.jobs(plan.connection.connection_id), plan.newest)
            except GcmsError as failed:
                why = f"{error.message}; its jobs cannot be listed: {failed.message}"
            if since:
                break
        notes = [self._note(LOOKED, sync_id, {"jobs": [job.job_id for job in since], "why": why[:500]})]
        if since:
            job = since[-1]  # the first that began since
            notes.append(self._answered(sync_id, {"outcome": "started", "job": job.job_id}))
            told = " ".join(filter(None, dict.fromkeys(notes)))
            return Asked(sync_id, plan.connection, SyncOutcome.STARTED, job, told)
        notes.insert(0, f"{why}. Airbyte lists no job since: it is in doubt until somebody looks.")
        return Asked(sync_id, plan.connection, SyncOutcome.IN_DOUBT, None, " ".join(filter(None, dict.fromkeys(notes))))

    def _answered(self, sync_id: str, said: dict[str, Any]) -> str:
        return self._note(ANSWERED, sync_id, said)

    def _note(self, kind: str, sync_id: str, said: dict[str, Any]) -> str:
        """Answers why it could not be journalled: it is then in doubt, and settled by looking."""
        try:
            self._journal.append(kind, sync_id, said)
        except GcmsError as error:
            return f"The outcome could not be journalled ({error.message}): it is in doubt until somebody looks."
        return ""


def _under_way(connection: Connection, job: SyncJob) -> Refused:
    return Refused(
        "A sync runs already",
        f"{job.words}, of {printable(connection.name, 80)}; none was started.",
        f"Watch it: gcms-tui pipeline watch {job.job_id}",
        guard="sync_running",
    )


def _moved(connection: Connection, newest: int | None) -> Refused:
    ran = f"its newest job is {newest}" if newest is not None else "it has no job"
    return Refused(
        "It is no longer as it was shown",
        f"{printable(connection.name, 80)} was changed, or a job has run since ({ran}); none was started.",
        f"Look at it again, then decide: gcms-tui pipeline sync {printable(connection.connection_id, 80)}",
        guard="jobs_moved",
    )


def find_connection(connections: tuple[Connection, ...], reference: str) -> Connection:
    """By its id or its name, in whatever case where that is nobody else's. Raises `UsageError`."""
    ways: tuple[Callable[[Connection], bool], ...] = (
        lambda item: reference == item.connection_id,
        lambda item: reference == item.name,
        lambda item: reference.casefold() == item.name.casefold(),
    )
    for same in ways:
        found = [item for item in connections if same(item)]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(item.connection_id for item in found)
            raise UsageError("Several connections", f"{len(found)} are called so.", f"Name one by its id: {ids}")
    there = "; ".join(printable(item.name, 80) for item in connections) or "none"
    raise UsageError(
        "No such connection", f"{printable(reference, 80)!r} is none that Airbyte shows.", f"There are: {there}"
    )
