"""What CHECK steps see at other desks: rows before and after a refresh, Airbyte, Supabase, where the data stopped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from gcms_tui.core.backups.counts import Judged, verdict_of
from gcms_tui.core.conclusion import Conclusion, counted
from gcms_tui.core.procedures.run import ProcedureRun
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict, worst
from gcms_tui.operations.backups.counting import Counts, RowCounts
from gcms_tui.operations.pipeline.status import PipelineReport
from gcms_tui.operations.procedures.ports import Outcome

_SAID = 5
"""So many of what is wrong are told in a step's words; its evidence has all of it."""

_NO_SET = Outcome(
    Verdict.UNKNOWN, "no set of backups was made by this procedure: there are no rows that could be compared"
)


class CountsBefore:
    """`counts-before`: the tables are what their clones are. Nothing has come between that the set does not hold."""

    def __init__(self, counts: RowCounts) -> None:
        self._counts = counts

    def look(self, run: ProcedureRun | None) -> Outcome:
        """Raises `UsageError`, `Refused` where its set is not there any more, or not complete."""
        of = backup_of(run)
        if of is None:
            return _NO_SET
        found = self._counts.after(of)
        return _told(found, tuple(_unmoved(one) for one in found.tables))


class CountsAfter:
    """`counts-after`: beside the very set that was made before the refresh, and journalled with it."""

    def __init__(self, counts: RowCounts) -> None:
        self._counts = counts

    def look(self, run: ProcedureRun | None) -> Outcome:
        """Raises as `CountsBefore`."""
        of = backup_of(run)
        if of is None:
            return _NO_SET
        found = self._counts.after(of)
        if run is not None:
            self._counts.record(found)
        return _told(found, found.tables)


def backup_of(run: ProcedureRun | None) -> str | None:
    """The set that `run` has made; None where it has none, or somebody passed over that step. Without a run the newest
    complete set counts: an empty text."""
    if run is None:
        return ""
    did = run.did.get("backup")
    return None if did is None or "backup" in run.skipped else did.ids.get("backup") or None


def _unmoved(one: Judged) -> Judged:
    """Before the refresh a table has as many rows as its clone: else somebody has written since."""
    if one.count.delta and one.verdict is Verdict.OK:
        return Judged(one.count, Verdict.WARN, f"{one.words} since it was cloned")
    return one


def _told(counts: Counts, tables: tuple[Judged, ...]) -> Outcome:
    bad = [f"{one.count.table}: {one.words}" for one in tables if one.verdict is not Verdict.OK]
    words = _words(bad) or f"{counted(len(tables), 'table')} beside set {counts.run_id}: no surprise"
    return Outcome(verdict_of(tables), words, tuple(map(_line, tables)), {"backup": counts.run_id})


def _line(one: Judged) -> str:
    before, after = ("?" if rows is None else f"{rows:,}" for rows in (one.count.before, one.count.after))
    return f"{one.count.table}: {before} -> {after} {one.verdict.name}: {one.words}"


class PipelineStatus(Protocol):
    """`operations.pipeline.status.Pipeline`."""

    def status(self) -> PipelineReport:
        """Never raises a `GcmsError`: what cannot be asked is UNKNOWN in it."""
        ...


class AirbyteLook:
    """`airbyte`: every connection with its last job, and what was asked for here and never answered."""

    def __init__(self, pipeline: PipelineStatus) -> None:
        self._pipeline = pipeline

    def look(self, run: ProcedureRun | None) -> Outcome:
        report = self._pipeline.status()
        said = [("Airbyte", report.airbyte)]
        said += [(printable(item.connection.name, 80), item.conclusion) for item in report.connections]
        said += [("sync in doubt", doubt) for doubt in _doubts(report)]
        bad = [f"{name}: {item.summary}" for name, item in said if item.verdict is not Verdict.OK]
        return Outcome(
            worst(item.verdict for _, item in said),
            _words(bad) or report.airbyte.summary,
            tuple(f"{name} {item.verdict.name}: {item.summary}" for name, item in said),
        )


class SupabaseLook:
    """`supabase`: whether it answers, by which encryption, and why not."""

    def __init__(self, pipeline: PipelineStatus) -> None:
        self._pipeline = pipeline

    def look(self, run: ProcedureRun | None) -> Outcome:
        found = self._pipeline.status().supabase
        return Outcome(found.verdict, found.summary, tuple(filter(None, (found.next_step,))))


class WhereStopped:
    """`where-stopped`: table by table, the first place where its newest rows are missing."""

    def __init__(self, pipeline: PipelineStatus) -> None:
        self._pipeline = pipeline

    def look(self, run: ProcedureRun | None) -> Outcome:
        tables = self._pipeline.status().tables
        if not tables:
            return Outcome(Verdict.UNKNOWN, "no table is known that could be looked at")
        lines = [
            f"{item.table.landed} {item.stopped.verdict.name}: {item.stopped.where.value}: {item.stopped.words}"
            for item in tables
        ]
        bad = [line for line, item in zip(lines, tables, strict=True) if item.stopped.verdict is not Verdict.OK]
        return Outcome(
            worst(item.stopped.verdict for item in tables),
            _words(bad) or f"{counted(len(tables), 'table')}: everything has arrived",
            tuple(lines),
        )


def _doubts(report: PipelineReport) -> Iterable[Conclusion]:
    if isinstance(report.in_doubt, str):
        return (Conclusion(Verdict.UNKNOWN, f"the journal cannot be read: {report.in_doubt}"),)
    return tuple(Conclusion(Verdict.UNKNOWN, item.words) for item in report.in_doubt)


def _words(bad: list[str]) -> str:
    more = f"; and {len(bad) - _SAID} more" if len(bad) > _SAID else ""
    return "; ".join(bad[:_SAID]) + more
