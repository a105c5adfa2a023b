"""Airbyte's connections and jobs, as far as an operator needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gcms_tui.core.conclusion import Conclusion, unknown
from gcms_tui.core.freshness import age_words
from gcms_tui.core.verdict import Verdict

ENDED = frozenset({"succeeded", "failed", "cancelled"})
"""Every other status, and whatever may come to be one, counts as under way: another sync must not be started then."""


@dataclass(frozen=True, slots=True)
class Connection:
    connection_id: str
    name: str
    status: str
    """`active`, `inactive`, `deprecated`, `locked`; others may come."""
    schedule: str
    """In words; empty where it is run by hand."""
    streams: tuple[str, ...]


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


def running(jobs: Sequence[SyncJob]) -> SyncJob | None:
    """The one under way, of jobs newest first."""
    return next((job for job in jobs if not job.ended), None)


def judge_connection(connection: Connection, jobs: Sequence[SyncJob], now: datetime) -> Conclusion:
    """By its newest sync, of jobs newest first: FAIL where it failed, UNKNOWN where there is none, WARN where the
    connection is not active or the sync was cancelled."""
    syncs = [job for job in jobs if job.job_type in ("sync", "refresh")]
    if not syncs:
        return unknown(f"{connection.name} has never been synced, as far as Airbyte remembers", _NEXT)
    newest = syncs[0]
    ago = f" {age_words(max(now - newest.updated_at, timedelta()))} ago" if newest.updated_at else ""
    good = next((job for job in syncs if job.status == "succeeded"), None)
    since = (
        f"; the last that succeeded ended {age_words(max(now - good.updated_at, timedelta()))} ago"
        if good is not None and good is not newest and good.updated_at is not None
        else "; none has succeeded, as far as Airbyte remembers"
        if good is None
        else ""
    )
    if newest.status == "failed":
        return Conclusion(Verdict.FAIL, f"job {newest.job_id} failed{ago}{since}", next_step=_NEXT)
    if not newest.ended:
        return unknown(f"job {newest.job_id} is {newest.status}{since}", "Wait for its end.")
    if newest.status == "cancelled":
        return Conclusion(Verdict.WARN, f"job {newest.job_id} was cancelled{ago}{since}", next_step=_NEXT)
    if connection.status != "active":
        return Conclusion(
            Verdict.WARN, f"it is {connection.status}, and syncs no more; job {newest.job_id} succeeded{ago}",
            next_step="Switch it on in Airbyte.",
        )  # fmt: skip
    return Conclusion(Verdict.OK, f"job {newest.job_id} succeeded{ago}")


_NEXT = (
    "Runbook, Emergency Procedures, Data Pipeline Failure: read the job's log in Airbyte, see that Supabase answers, "
    "then sync again: gcms-tui pipeline sync."
)
