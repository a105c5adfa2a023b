"""How far a table's data has come from Supabase towards the warehouse, and where it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gcms_tui.core.conclusion import counted
from gcms_tui.core.freshness import CLOCK_SKEW, age_verdict, age_words
from gcms_tui.core.pipeline.airbyte import SyncJob, last_good, pulls, running
from gcms_tui.core.verdict import Verdict

_SAME = timedelta(seconds=1)
"""A destination may keep fewer digits of a second than the source."""


class Stop(StrEnum):
    """Where the data stopped."""

    NOWHERE = "nowhere"
    """All of it has arrived."""
    SOURCE = "source"
    """Supabase has nothing new: what is old there is old everywhere."""
    AIRBYTE = "airbyte"
    """The sync failed, or there was none."""
    LANDING = "landing"
    """Airbyte ran, and rows did not land."""
    DBT = "dbt"
    """It has landed, and dbt has not been built since."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Side:
    """One place where a table's rows are."""

    rows: int
    changed_at: datetime | None
    """The newest `updated_at`; None where there is none."""
    loaded_at: datetime | None = None
    """When Airbyte pulled the newest row; None in Supabase, and where it is not kept."""


@dataclass(frozen=True, slots=True)
class Trail:
    """What is known of one table. A text in place of what could not be asked says why."""

    table: str
    source: Side | str
    landed: Side | str
    bronze: Side | str | None
    """The oldest of the models that read it; None where none does."""
    jobs: tuple[SyncJob, ...] | str
    """Those of the connection that has it, newest first."""


@dataclass(frozen=True, slots=True)
class Stopped:
    where: Stop
    verdict: Verdict
    words: str
    next_step: str = ""


def where_it_stopped(trail: Trail, now: datetime, warn_after_h: float = 24.0, fail_after_h: float = 48.0) -> Stopped:
    """By what each place holds. The limits are the source's own."""
    if isinstance(trail.landed, str):
        return _unknown(f"the landed table could not be asked: {trail.landed}")
    failed = _failed(trail.jobs)
    if isinstance(trail.source, str):
        if failed is not None:
            told = f"{failed.words}; what Supabase has since could not be asked: {trail.source}"
            return Stopped(Stop.AIRBYTE, Verdict.FAIL, told, _SYNC)
        return _unknown(f"Supabase could not be asked: {trail.source}")
    missing = _missing(trail.source, trail.landed)
    if missing is None:
        return _unknown("neither side says when a row was last changed: nothing can be compared")
    if missing:
        return _behind(trail, missing, failed, now, (warn_after_h, fail_after_h))
    if failed is not None:
        told = f"{failed.words}; nothing that Supabase has is missing yet"
        return Stopped(Stop.AIRBYTE, Verdict.WARN, told, _SYNC)
    return _arrived(trail.source, trail.landed, trail.bronze, now, (warn_after_h, fail_after_h))


def _missing(source: Side, landed: Side) -> str | None:
    """What Supabase has and the landed table has not, in words; empty where that is nothing, None where it cannot be
    told. More rows than in Supabase are none: deleted there, or kept here as history."""
    if source.rows > landed.rows:
        return f"{counted(source.rows - landed.rows, 'row')} of Supabase not landed"
    if not source.rows or source.changed_at is None:
        return "" if not source.rows else None
    if landed.changed_at is None:
        return None
    if source.changed_at - landed.changed_at > _SAME:
        behind = age_words(source.changed_at - landed.changed_at)
        return f"Supabase's newest change is {behind} newer than what has landed"
    return ""


def _behind(trail: Trail, missing: str, failed: SyncJob | None, now: datetime, limits: tuple[float, float]) -> Stopped:
    assert isinstance(trail.source, Side) and isinstance(trail.landed, Side)
    if isinstance(trail.jobs, str):
        return _unknown(f"{missing}; whether Airbyte has run is not known: {trail.jobs}")
    under_way = running(trail.jobs)
    if under_way is not None:
        return Stopped(Stop.AIRBYTE, Verdict.WARN, f"{missing}; {under_way.words}", _WATCH.format(under_way.job_id))
    if failed is not None:
        return Stopped(Stop.AIRBYTE, Verdict.FAIL, f"{missing}; {failed.words}", _SYNC)
    good = last_good(trail.jobs)
    if good is None:
        return Stopped(Stop.AIRBYTE, Verdict.FAIL, f"{missing}; no sync has succeeded that Airbyte remembers", _SYNC)
    changed, began = trail.source.changed_at, good.started_at
    if changed is not None and began is not None and changed + CLOCK_SKEW <= began:
        return Stopped(
            Stop.LANDING,
            Verdict.FAIL,
            f"{missing}, though job {good.job_id} succeeded after it was there",
            "Read the job's log in Airbyte: is the stream selected, does its destination lead to this table, does its "
            "cursor pass the rows by? A refresh of the stream may be wanted.",
        )
    ended = good.updated_at or began
    if ended is None:
        return _unknown(f"{missing}; Airbyte does not say when job {good.job_id} ran")
    since = max(now - ended, timedelta())
    return Stopped(
        Stop.AIRBYTE,
        age_verdict(since, *limits),
        f"{missing}: it waits for the next sync, the last ended {age_words(since)} ago",
        _SYNC,
    )


def _arrived(
    source: Side, landed: Side, bronze: Side | str | None, now: datetime, limits: tuple[float, float]
) -> Stopped:
    if isinstance(bronze, str):
        return _unknown(f"everything has landed; whether dbt has built it is not known: {bronze}")
    if bronze is not None:
        built = _built(landed, bronze)
        if built is None:
            return _unknown("everything has landed; neither side tells whether dbt has built it")
        if not built:
            age = now - landed.loaded_at if landed.loaded_at else timedelta()
            verdict = max(age_verdict(age, *limits), Verdict.WARN)
            return Stopped(Stop.DBT, verdict, "everything has landed, and dbt has not been built since", _BUILD)
    if not source.rows:
        return Stopped(Stop.SOURCE, Verdict.WARN, "Supabase's own table is empty", _ASK_OFFICE)
    since = now - source.changed_at if source.changed_at is not None else timedelta()
    if age_verdict(since, *limits):
        told = f"everything has arrived; Supabase's newest change is {age_words(since)} old"
        return Stopped(Stop.SOURCE, Verdict.OK, told)
    return Stopped(Stop.NOWHERE, Verdict.OK, f"everything has arrived{'' if bronze else '; no model reads it'}")


def _built(landed: Side, bronze: Side) -> bool | None:
    """Whether what has landed is in bronze; None where that cannot be told."""
    if not landed.rows:
        return True
    for here, there in ((landed.loaded_at, bronze.loaded_at), (landed.changed_at, bronze.changed_at)):
        if here is not None and there is not None:
            return here - there <= _SAME
    return False if not bronze.rows else None


def _failed(jobs: tuple[SyncJob, ...] | str) -> SyncJob | None:
    """The newest sync that has ended, where it brought nothing."""
    if isinstance(jobs, str):
        return None
    newest = next((job for job in pulls(jobs) if job.ended), None)
    return newest if newest is not None and newest.status != "succeeded" else None


def _unknown(words: str) -> Stopped:
    return Stopped(Stop.UNKNOWN, Verdict.UNKNOWN, words, "Mend what could not be asked: gcms-tui doctor.")


_SYNC = "Sync its connection: gcms-tui pipeline sync."
_WATCH = "Watch it: gcms-tui pipeline watch {}"
_BUILD = "Build it: gcms-tui runs start -- build, then test."
_ASK_OFFICE = "Ask whoever enters the data whether that is right."
