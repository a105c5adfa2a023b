"""The root cause of a key's duplicates: looked for in what runs, sessions and commits left, and noted by a person."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from gcms_tui.core.conclusion import counted
from gcms_tui.core.dbt_log import Invocation
from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import ArtifactError
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.finding import Provenance
from gcms_tui.core.identifier import Relation
from gcms_tui.core.project_changes import Changes
from gcms_tui.core.run import Run
from gcms_tui.core.scd2.cause import (
    AROUND,
    SLACK,
    CauseReport,
    Insertion,
    KnownRun,
    concerned_runs,
    insertions_of,
    judge,
    known_run,
    pairs_of,
    when,
)
from gcms_tui.core.scd2.cause_sessions import REACHES_BACK, Sessions, Window, sessions_of
from gcms_tui.core.scd2.version import Version
from gcms_tui.core.writing.doubt import rows_left
from gcms_tui.core.writing.journal import INTENT, Entry
from gcms_tui.core.writing.plan_json import read_row
from gcms_tui.operations.ports import Clock, QueryLibrary, Warehouse
from gcms_tui.operations.scd2.browse import Scd2Browser, provenance
from gcms_tui.operations.scd2.notes import Note, Notes
from gcms_tui.operations.scd2.tables import Scd2Table, Scd2Tables
from gcms_tui.operations.writing.ports import JournalBook

CAUSE = "scd2.cause"
"""The journal's kind of a note on a key's duplicates."""
_WRITES_LOOKED_AT = 500
"""The newest writes, among which one that repaired the key is looked for."""


class RunsKnown(Protocol):
    """The history of runs; `RunHistory` is one."""

    def known(self) -> tuple[tuple[Run, Invocation], ...]:
        """Every run of the target, foreign ones too, and what became of it; oldest first."""
        ...

    def manifest(self) -> Manifest:
        """Raises `ArtifactError` where there is none."""
        ...

    def notes(self) -> tuple[str, ...]:
        """What could not be read."""
        ...


class ProjectChanges(Protocol):
    """What version control tells of the dbt project."""

    def since(self, moment: datetime, files: Sequence[str]) -> Changes:
        """What touched `files`, or any macro. Never raises: where it is not known, the answer says so."""
        ...


class Causes:
    """Blocking I/O; safe from several threads. `read_only_reason`: who forbids writing; empty where it is allowed."""

    def __init__(
        self,
        tables: Scd2Tables,
        browser: Scd2Browser,
        warehouse: Warehouse,
        queries: QueryLibrary,
        *,
        runs: RunsKnown,
        changes: ProjectChanges,
        journal: JournalBook,
        clock: Clock,
        read_only_reason: str = "",
    ) -> None:
        self._tables = tables
        self._browser = browser
        self._warehouse = warehouse
        self._queries = queries
        self._runs = runs
        self._changes = changes
        self._journal = journal
        self._clock = clock
        self._notes = Notes(journal, CAUSE, read_only_reason)

    def look(self, name: str, natural_key: str) -> CauseReport:
        """Everything that can be found out. Raises `GcmsError` where the key cannot be read; what else cannot be
        looked at is a note of the report."""
        table, now = self._tables.get(name), self._clock()
        found = self._browser.key(name, natural_key)
        if not found.versions:
            raise Refused(
                "No such key",
                f"{table.relation} has no version of {natural_key[:80]!r}.",
                "gcms-tui scd2 list",
                guard="no_such_key",
            )
        versions, write_id = self._concerned([row.version for row in found.versions], table, natural_key)
        node, notes = self._node(table)
        known, since, unread = self._known(table, node, now)
        insertions = insertions_of(versions, known)
        pairs = pairs_of(insertions, known)
        runs = concerned_runs(insertions, pairs, known)
        sessions, asked = self._sessions(table, node, insertions, runs, now)
        moments = [at for one in insertions if (at := when(one.at)) is not None]
        files = node.files if node is not None else ()
        changes = self._changes.since(min(moments), files) if moments else None
        verdict, words, next_step = judge(insertions, pairs, sessions, since)
        return CauseReport(
            table=str(table.relation),
            natural_key=natural_key,
            verdict=verdict,
            words=words,
            next_step=next_step,
            insertions=insertions,
            runs=runs,
            pairs=pairs,
            known_since=since,
            sessions=sessions,
            changes=changes,
            taken_at=now,
            repaired_by=write_id,
            notes=(*notes, *unread),
            provenance=(found.provenance, *asked, _RUNS, *_commands(changes)),
        )

    def close(self, name: str, natural_key: str, note: str, report: CauseReport | None = None) -> Note:
        """Write down what the cause was, with what `report` says, which is looked for anew where it is not given.

        Raises `Refused` (guard `note`) for a blank one, and (guard `read_only`) where nothing may be written.
        """
        self._notes.require_open(note)
        seen = report or self.look(name, natural_key)
        said = {"verdict": seen.verdict.value, "report": list(seen.lines)}
        return self._notes.write(str(self._tables.get(name).relation), natural_key, note, said)

    def notes(self, name: str, natural_key: str) -> tuple[Note, ...]:
        """What people wrote down about the key, oldest first."""
        return self._notes.of(str(self._tables.get(name).relation), natural_key)

    # -- what there is to look at -----------------------------------------------------------------------------------

    def _concerned(self, versions: Sequence[Version], table: Scd2Table, natural_key: str) -> tuple[list[Version], str]:
        """The current versions. Where the key has been repaired: those that the repair found current, and its id."""
        current = [version for version in versions if version.is_current]
        if len(current) < 2:
            for entry in self._journal.entries(_WRITES_LOOKED_AT, kind=INTENT):
                said = entry.said
                if said.get("table") != str(table.relation) or said.get("key") != natural_key or said.get("undoes"):
                    continue
                found = self._found_current(entry)
                if len(found) > 1:
                    return found, entry.subject
        return current or list(versions), ""

    def _found_current(self, intent: Entry) -> list[Version]:
        """What a write found current; none where it is not known to have been applied, or was edited."""
        try:
            if rows_left(self._journal.about(intent.subject)) is None:
                return []
            before = [Version.of(read_row(row)) for row in intent.said.get("before", ())]
        except (AttributeError, KeyError, TypeError, ValueError):
            return []
        return [version for version in before if version.is_current]

    def _node(self, table: Scd2Table) -> tuple[Node | None, tuple[str, ...]]:
        """What of the project builds the table, and why that is not known."""
        try:
            manifest = self._runs.manifest()
        except ArtifactError as error:
            return None, (f"which model builds the table is not known: {error.message}",)
        for node in manifest.nodes.values():
            if node.resource_type in ("model", "snapshot") and _builds(node, table):
                return node, ()
        return None, ("no model of the project builds the table: of models only the macros were asked for",)

    def _known(
        self, table: Scd2Table, node: Node | None, now: datetime
    ) -> tuple[tuple[KnownRun, ...], datetime | None, tuple[str, ...]]:
        """Runs that may have written the table, when the oldest known of any kind began, and what could not be read."""
        try:
            told = self._runs.known()
        except GcmsError as error:
            return (), None, (f"the history of runs could not be read: {error.message}",)
        unique_id, name = node.unique_id if node else "", table.relation.name
        seen = (known_run(run, invocation, unique_id, name, now) for run, invocation in told)
        since = min((invocation.started_at for _, invocation in told), default=None)
        return tuple(run for run in seen if run is not None), since, self._runs.notes()

    def _sessions(
        self,
        table: Scd2Table,
        node: Node | None,
        insertions: Sequence[Insertion],
        runs: Sequence[KnownRun],
        now: datetime,
    ) -> tuple[Sessions, tuple[Provenance, ...]]:
        """Who wrote around these moments, by the warehouse's history, and where that was read."""
        reach = now - REACHES_BACK + SLACK
        every = _windows(insertions, runs)
        windows = [window for window in every if window.last > reach]
        if not windows:
            return Sessions("not known: the warehouse's history goes back seven days, these moments are older"), ()
        asked = self._queries.get("dbt_query_history").render(
            {}, {"since": max(reach, min(window.first for window in windows)), "table_text": table.relation.name}
        )
        try:
            answer = self._warehouse.read(asked)
        except GcmsError as error:
            return Sessions(f"not known: {error.title}: {error.message}"), ()
        found = sessions_of(answer.records(), node.unique_id if node else "", table.relation.name, windows)
        if older := len(every) - len(windows):
            left = counted(older, "older moment")
            found = replace(found, words=f"{found.words}; of {left} the history tells nothing any more")
        return found, (provenance(asked, answer),)


def _windows(insertions: Sequence[Insertion], runs: Sequence[KnownRun]) -> list[Window]:
    """From each moment to the end of the runs that were at work: a run may write when it began, or much later."""
    ended = {run.run_id: run.until for run in runs}
    windows = []
    for one in insertions:
        at = when(one.at)
        if at is not None:
            last = max([at + AROUND, *(ended[run_id] for run_id in (*one.runs, *one.perhaps) if run_id in ended)])
            windows.append(Window(at - SLACK, last))
    return windows


def _builds(node: Node, table: Scd2Table) -> bool:
    if table.unique_id:
        return node.unique_id == table.unique_id
    try:
        return node.relation_name is not None and Relation.parse(node.relation_name).may_be(table.relation)
    except ValueError:
        return False


_RUNS = Provenance("the run history, and the project's dbt.log")


def _commands(changes: Changes | None) -> tuple[Provenance, ...]:
    return tuple(Provenance("git", shlex.join(argv)) for argv in changes.commands) if changes is not None else ()
