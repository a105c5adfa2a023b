"""Airbyte's connections and jobs, as far as an operator needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gcms_tui.core.conclusion import Conclusion, unknown
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.freshness import age_verdict, age_words, ahead_of_clock
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict

ENDED = frozenset({"succeeded", "failed", "cancelled"})
"""Every other status, and whatever may come to be one, counts as under way: another sync must not be started then."""

KNOWN = ENDED | {"pending", "queued", "running", "incomplete"}

LONG = timedelta(hours=6)
"""A job that has been under way for so long may never end."""

_PULLING = frozenset({"sync", "refresh"})
_EMPTYING = frozenset({"reset", "clear"})


class AnswerUnknown(Unavailable):
    """The request was sent, and no answer came that tells what became of it: it may have been carried out, or not. Only
    looking tells."""


@dataclass(frozen=True, slots=True)
class Connection:
    connection_id: str
    name: str
    status: str
    """`active`, `inactive`, `deprecated`, `locked`; others may come."""
    schedule: str
    """In words; empty where it is run by hand."""
    streams: tuple[str, ...]
    """The source's tables."""
    prefix: str = ""
    """What stands before a stream's name where it is landed."""

    @property
    def landed(self) -> tuple[tuple[str, str], ...]:
        """Each stream with the name of the table that it is landed in."""
        return tuple((stream, f"{self.prefix}{stream}") for stream in self.streams)


@dataclass(frozen=True, slots=True)
class SyncJob:
    job_id: int
    connection_id: str
    job_type: str
    status: str
    started_at: datetime | None
    updated_at: datetime | None
    rows: int | None = None
    """None where it is not said; Airbyte's API names no reason for a failure."""

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def words(self) -> str:
        """`job 4107 failed`, `job 4108 (clear) is running`."""
        kind = "" if self.job_type == "sync" else f" ({printable(self.job_type, 20) or 'of no kind'})"
        been = "was " if self.status == "cancelled" else "" if self.ended else "is "
        return f"job {self.job_id}{kind} {been}{printable(self.status, 20)}"


def running(jobs: Sequence[SyncJob]) -> SyncJob | None:
    """The newest under way, of jobs newest first."""
    return next((job for job in jobs if not job.ended), None)


def pulls(jobs: Sequence[SyncJob]) -> tuple[SyncJob, ...]:
    """Those that bring data, of jobs newest first."""
    return tuple(job for job in jobs if job.job_type in _PULLING)


def last_good(jobs: Sequence[SyncJob]) -> SyncJob | None:
    """The newest that brought its data, of jobs newest first."""
    return next((job for job in pulls(jobs) if job.status == "succeeded"), None)


def judge_connection(
    connection: Connection,
    jobs: Sequence[SyncJob],
    now: datetime,
    warn_after_h: float | None = None,
    fail_after_h: float | None = None,
) -> Conclusion:
    """By its newest sync that has ended, of jobs newest first: FAIL where it failed, UNKNOWN where there is none, WARN
    where it was cancelled, something emptied the tables since, or the connection is not active.

    With the limits, of its strictest source, the last that succeeded must not be older either; where nobody says when
    that was it is UNKNOWN. One under way is told beside; where it has been so for longer than `LONG`, it is a WARN at
    least.
    """
    ended = _judge_ended(connection, jobs, now, warn_after_h, fail_after_h)
    under_way = running(jobs)
    if under_way is None:
        return ended
    begun = under_way.started_at
    for_long = begun is not None and now - begun > LONG
    said = under_way.words + (f" for {age_words(now - begun)}" if begun is not None and now > begun else "")
    if under_way.status not in KNOWN:
        return replace(
            unknown(f"{said}: no status that this console knows; {ended.summary}", _NEXT), evidence=ended.evidence
        )
    if for_long:
        verdict = max(ended.verdict, Verdict.WARN)
        return replace(ended, verdict=verdict, summary=f"{said}: it may never end; {ended.summary}", next_step=_ENDLESS)
    watch = f"Watch it: gcms-tui pipeline watch {under_way.job_id}"
    return replace(ended, summary=f"{said}; {ended.summary}", next_step=watch if ended.verdict else "")


def _judge_ended(
    connection: Connection,
    jobs: Sequence[SyncJob],
    now: datetime,
    warn_after_h: float | None,
    fail_after_h: float | None,
) -> Conclusion:
    over = [job for job in pulls(jobs) if job.ended]
    if not over:
        return unknown("no sync of it has ended, as far as Airbyte remembers", _NEXT)
    newest, since = over[0], _since(over, now)
    emptied = next((job for job in jobs if job.job_type in _EMPTYING and job.job_id > newest.job_id), None)
    said = newest.words + _ago(newest, now)
    if newest.status == "failed":
        return Conclusion(Verdict.FAIL, said + since, next_step=_NEXT)
    if emptied is not None:
        told = f"{emptied.words}{_ago(emptied, now)}: the landed tables may be empty since; before that {said}"
        return Conclusion(Verdict.WARN, told, next_step=_NEXT)
    if newest.status == "cancelled":
        return Conclusion(Verdict.WARN, said + since, next_step=_NEXT)
    verdict = Verdict.OK
    if warn_after_h is not None and fail_after_h is not None:
        if newest.updated_at is None:
            return unknown(f"{said}, and Airbyte does not say when", _NEXT)
        if ahead_of_clock(newest.updated_at, now):
            return unknown(f"{newest.words} in the future, as Airbyte tells it: a clock is wrong", _NEXT)
        verdict = age_verdict(now - newest.updated_at, warn_after_h, fail_after_h)
    if connection.status != "active":
        told = f"it is {printable(connection.status, 20)}, and syncs no more; {said}"
        return Conclusion(max(verdict, Verdict.WARN), told, next_step="Switch it on in Airbyte.")
    if verdict:
        return Conclusion(verdict, f"{said}, and none since", next_step=_NEXT)
    return Conclusion(verdict, said)


def _since(over: Sequence[SyncJob], now: datetime) -> str:
    good = last_good(over)
    if good is None:
        return f"; none of the last {len(over)} has succeeded" if len(over) > 1 else ""
    return f"; the last that succeeded ended{_ago(good, now)}" if good.updated_at is not None else ""


def _ago(job: SyncJob, now: datetime) -> str:
    return f" {age_words(max(now - job.updated_at, timedelta()))} ago" if job.updated_at is not None else ""


_NEXT = (
    "Runbook, Emergency Procedures, Data Pipeline Failure: read the job's log in Airbyte, see that Supabase answers, "
    "then sync again: gcms-tui pipeline sync."
)
_ENDLESS = "Read the job's log in Airbyte; cancel it there where it does nothing, then sync again."
