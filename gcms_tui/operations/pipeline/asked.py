"""Syncs that were asked for and have no answer: found in the journal, and settled by the jobs that Airbyte lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from gcms_tui.core.errors import ConfigError, UsageError
from gcms_tui.core.pipeline.airbyte import SyncJob, pulls
from gcms_tui.core.pipeline.syncs import (
    ANSWERED,
    ASKED,
    SETTLED,
    OpenSync,
    SyncOutcome,
    read_asked,
    settle_sync,
    settle_unlisted,
)
from gcms_tui.core.writing.doubt import Settlement, Verdict
from gcms_tui.core.writing.journal import Entry
from gcms_tui.operations.pipeline.ports import Airbyte
from gcms_tui.operations.ports import Clock
from gcms_tui.operations.writing.ports import JournalBook


def unanswered_requests(journal: JournalBook) -> tuple[Entry, ...]:
    """Of every target, oldest first, those that somebody edited among them. Raises `GcmsError`."""
    return journal.open_of(ASKED, (ANSWERED, SETTLED))


def syncs_in_doubt(journal: JournalBook, target: str) -> tuple[OpenSync, ...]:
    """Those of this target that can be read, oldest first. Raises `GcmsError`."""
    read = (read_asked(entry) for entry in unanswered_requests(journal))
    return tuple(item for item in read if item is not None and item.target == target)


def begun_since(jobs: Sequence[SyncJob], before: int | None) -> tuple[SyncJob, ...]:
    """The syncs after the job numbered so, newest first: their numbers only ever grow."""
    return tuple(job for job in pulls(jobs) if job.job_id > (before or 0))


class AskedSyncs:
    """What became of them. Blocking I/O."""

    def __init__(self, airbyte: Airbyte, journal: JournalBook, clock: Clock) -> None:
        self._airbyte = airbyte
        self._journal = journal
        self._clock = clock

    def look(self, asked: OpenSync) -> Settlement:
        """Nothing is written down. `RUNNING` where it is too early to tell; when it no longer is stands in it.

        Raises `ConfigError` naming whom to ask where no Airbyte can be asked from here, other `GcmsError`s.
        """
        return self._looked(asked)[0]

    def settle(self, asked: OpenSync) -> Settlement:
        """Look, and write into the journal what was found, unless it is too early to tell; by whoever holds its lease.
        Raises as `look`."""
        found, begun = self._looked(asked)
        why = "; ".join(found.evidence)
        said: dict[Verdict, dict[str, Any]] = {
            Verdict.APPLIED: {"outcome": SyncOutcome.STARTED.value, "job": begun and begun.job_id},
            Verdict.NOT_APPLIED: {"outcome": SyncOutcome.NOT_STARTED.value, "why": why},
            Verdict.LOOK: {"outcome": "not_known", "why": why},
        }
        if found.verdict in said:
            self._journal.append_once(SETTLED, asked.sync_id, said[found.verdict])
        return found

    def _looked(self, asked: OpenSync) -> tuple[Settlement, SyncJob | None]:
        try:
            jobs = self._airbyte.jobs(asked.connection_id)
        except ConfigError as error:
            raise ConfigError(
                error.title,
                f"{error.message} It was asked of Airbyte at {asked.where}, by {asked.by}.",
                f"{error.next_step} Or ask {asked.by}, or look at the connection's jobs in Airbyte itself.".strip(),
            ) from None
        except UsageError as error:
            return settle_unlisted(asked, f"the connection is not there any more: {error.message}"), None
        if _host(self._airbyte.where) != _host(asked.where):  # another one numbers its jobs by itself
            elsewhere = f"Airbyte at {asked.where} was asked for it, and the one configured is at {self._airbyte.where}"
            return settle_unlisted(asked, elsewhere), None
        since = begun_since(jobs, asked.before)
        begun = since[-1] if since else None
        return settle_sync(asked, begun, self._clock()), begun


def _host(where: str) -> str:
    """Without the port: a tunnel, or a practice platform, has another one each time."""
    return urlsplit(f"//{where}").hostname or where
