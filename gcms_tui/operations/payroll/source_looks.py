"""The sources that payroll descends from, each looked at in the warehouse, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from gcms_tui.core.errors import GcmsError, Unavailable
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.sources import SourceLook, not_looked
from gcms_tui.core.settings import Settings, SourceSettings
from gcms_tui.operations.checks import Remembered, freshness_check
from gcms_tui.operations.ports import DbtProject, QueryLibrary, Warehouse
from gcms_tui.operations.questions import DbtFiles, Link, Questions

_MOST_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class SourceReader:
    """Blocking I/O. Looks at a source as the morning check does, by payroll's own limit, which has no warning."""

    settings: Settings
    warehouse: Warehouse
    queries: QueryLibrary
    project: DbtProject

    def look(self, tables: Sequence[Relation]) -> tuple[SourceLook, ...]:
        """In the order of `tables`. Raises `Unavailable` where not one of them could be asked."""
        reads = ThreadPoolExecutor(max(self.settings.snowflake.connections, 1), "read")
        workers = ThreadPoolExecutor(max(min(len(tables), _MOST_AT_ONCE), 1), "source")
        try:
            link = Link(self.warehouse, self.queries, reads)
            found = list(workers.map(lambda table: self._look(table, link), tables))
        finally:
            for executor in (workers, reads):
                executor.shutdown(wait=False, cancel_futures=True)
        lost = [item for item in found if isinstance(item, Unavailable)]
        if lost and len(lost) == len(found):
            raise lost[0]
        return tuple(_told(table, item) for table, item in zip(tables, found, strict=True))

    def _look(self, table: Relation, link: Link) -> SourceLook | GcmsError:
        questions = Questions(link, DbtFiles(self.project))
        within = self.settings.payroll.source_within_h
        known = _configured(self.settings.sources, table)
        source = replace(known, table=table, warn_after_h=within, fail_after_h=within)
        try:
            conclusion = freshness_check(str(table), source, Remembered()).judge(questions).conclusion
        except GcmsError as error:
            return error
        evidence = conclusion.evidence
        place = evidence.columns.index("last_loaded_at") if "last_loaded_at" in evidence.columns else None
        loaded_at = evidence.rows[0][place] if place is not None and evidence.rows else None
        asked = next((origin.query_id for origin in reversed(questions.provenance()) if origin.query_id), None)
        return SourceLook(str(table), conclusion, loaded_at if isinstance(loaded_at, datetime) else None, asked)


def _configured(sources: Iterable[SourceSettings], table: Relation) -> SourceSettings:
    """What gcms.toml says of it: above all, which column tells when a row was pulled."""
    return next((source for source in sources if source.table.may_be(table)), SourceSettings(table=table))


def _told(table: Relation, item: SourceLook | GcmsError) -> SourceLook:
    if isinstance(item, SourceLook):
        return item
    return not_looked(str(table), item.title, item.message, item.next_step)
