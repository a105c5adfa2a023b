"""The pipeline: Airbyte's connections and jobs, Supabase, and table by table where the data stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from gcms_tui.console.pane import Loader, LoadFailed
from gcms_tui.console.runbook.doing import Allowed
from gcms_tui.console.runbook.told import KEYS, Told, ToldRow, ToldScreen
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import by_key
from gcms_tui.console.writing.act_dialog import ActDialog, done_line
from gcms_tui.console.writing.plan_page import heading, labelled, warning_lines
from gcms_tui.core.conclusion import counted
from gcms_tui.core.pipeline.airbyte import SyncJob
from gcms_tui.core.pipeline.syncs import SyncOutcome

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.pipeline.trail import Side
    from gcms_tui.operations.pipeline.desk import PipelineDesk
    from gcms_tui.operations.pipeline.status import PipelineReport
    from gcms_tui.operations.pipeline.syncing import Asked, JobLook, SyncPlan

_CONNECTION = "connection "
_JOBS_TOLD = 10


@dataclass
class JobSeen(Message):
    """How a job that is watched stands; None: it is not watched any more."""

    look: JobLook | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A sync before anybody has confirmed it."""

    plan: SyncPlan
    table: str = ""


class PipelineScreen(ToldScreen):
    """Over the board. It is asked when it is gone to, after a sync, and when somebody wants it."""

    TITLE = "Pipeline"
    READING = "Asking Airbyte, Supabase and the warehouse."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sync", "Sync", id="pipeline.sync", tooltip="Have Airbyte sync the connection, after a preview"),
        *KEYS,
    ]

    def __init__(self, services: ConsoleServices, look: Look) -> None:
        super().__init__(services, look)
        self.desk: PipelineDesk | None = None
        self._watcher = Loader(self, "airbyte job")

    def look_up(self) -> Told:
        self.desk = self.services.open_pipeline()
        return told(self.desk.pipeline.status())

    # -- syncing ----------------------------------------------------------------------------------------------------

    @property
    def connection_id(self) -> str:
        """Of the focused row; empty where it is none."""
        row = self.row
        return row.key.removeprefix(_CONNECTION) if row is not None and row.key.startswith(_CONNECTION) else ""

    def refusal(self, action: str) -> str | None:
        if action == "sync":
            if self.desk is None:
                return "it has not been read"
            if self.desk.syncs is None:
                return f"read-only: {self.desk.read_only_reason}"
            if self._watcher.busy:
                return "a job is being watched"
            return None if self.connection_id else "no connection is focused"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        read_only = self.services.read_only or (self.desk is not None and self.desk.syncs is None)
        return (action == "sync" and read_only) or super().pointless(action)

    def action_sync(self) -> None:
        if self.desk is not None and self.connection_id:
            dialog = SyncDialog(self.services, self.look, self.desk, self.connection_id)
            self.app.push_screen(dialog, lambda tried: self._asked(dialog.job))

    def _asked(self, job: SyncJob | None) -> None:
        if job is not None:
            self.watch_job(job.job_id)
        self.console_app.look_for_doubts()
        self.load()

    def watch_job(self, job_id: int) -> None:
        """To its end, by a thread of its own: it goes on whatever becomes of this screen."""
        desk = self.desk
        if desk is None:
            return

        def follow() -> Message:
            for look in desk.looks.watch(job_id):
                self._watcher.post(JobSeen(look))
            return JobSeen(None)

        if self._watcher.start(follow):
            self.doing = f"job {job_id} is watched"
            self.draw()

    def on_job_seen(self, message: JobSeen) -> None:
        look = message.look
        if look is None:
            self.load()
        else:
            trouble = f"; it cannot be asked just now: {look.trouble}" if look.trouble else ""
            self.doing = f"{job_words(look.job)}{trouble}"
            if look.over and look.job.status == "succeeded":
                self.doing += ": build it in pane 2"
            self.draw()

    def on_load_failed(self, message: LoadFailed) -> None:
        self.doing = "" if not self._watcher.busy else self.doing
        super().on_load_failed(message)


class SyncDialog(ActDialog[Shown]):
    """The connection and its last jobs are shown, its name is typed, and it is asked for once."""

    def __init__(self, services: ConsoleServices, look: Look, desk: PipelineDesk, connection_id: str) -> None:
        self.pipeline = desk
        self.job: SyncJob | None = None
        """What is to be watched."""
        allowed = Allowed(desk.syncs, desk.read_only_reason)
        super().__init__(
            services, look, allowed, lambda: Shown(desk.looks.plan(connection_id)), "Sync a connection", act="Sync it"
        )

    def words_of(self, made: Shown) -> str:
        return made.plan.confirmation

    def asked(self, made: Shown) -> tuple[Input, ...]:
        return () if made.plan.running is not None else super().asked(made)

    @property
    def refusal_to_act(self) -> str | None:
        if self.made is not None and self.made.plan.running is not None and not self.over:
            return "one is under way: none is started beside it"
        return super().refusal_to_act

    def shown(self, made: Shown, width: int) -> list[Text]:
        if self.over:
            return []
        look, connection = self.look, made.plan.connection
        lines = labelled("connection", connection.name, look, width)
        lines += labelled("id", connection.connection_id, look, width)
        lines += labelled("state", f"{connection.status}, {connection.schedule or 'by hand'}", look, width)
        lines += labelled("streams", ", ".join(connection.streams) or "none", look, width)
        lines += [Text(), heading("Its last jobs", look, len(made.plan.jobs))]
        for job in made.plan.jobs[:_JOBS_TOLD]:
            lines.append(Text(f" {look.glyphs.text(job_words(job), 200)}", look.palette.text))
        return lines

    def do(self, made: Shown, typed: str, reason: str) -> Asked:
        return self.pipeline.required_syncs().sync(made.plan, typed, reason, self.step)

    def told(self, outcome: Asked, width: int) -> list[Text]:
        self.job = outcome.job
        doubt = outcome.outcome is SyncOutcome.IN_DOUBT
        said = f"{outcome.outcome.value.replace('_', ' ').upper()}: {outcome.sync_id}"
        note = (by_key(outcome.note),) if outcome.note else ()
        head = [Text(f" ? {said}", f"bold {self.look.palette.unknown}")] if doubt else done_line(said, self.look, width)
        lines = [*head, *warning_lines(note, self.look, width)]
        after = " 6, then Enter, looks whether a job has come of it." if doubt else ""
        if outcome.job is not None:
            after = f" Job {outcome.job.job_id} is watched when this is closed."
        return [*lines, Text(after, self.look.palette.text)]


def told(report: PipelineReport) -> Told:
    """The report as rows."""
    doubts = report.in_doubt
    notes = (
        (doubts,) if isinstance(doubts, str) else tuple(f"in doubt: {one.words}: {one.name}; see 6" for one in doubts)
    )
    summary = f"{counted(len(report.connections), 'connection')}, {counted(len(report.tables), 'table')}"
    return Told(tuple(_rows(report)), report.taken_at, summary, report.verdict, notes)


def _rows(report: PipelineReport) -> Iterator[ToldRow]:
    yield ToldRow("heading services", "Services")
    for name, seen in (("Airbyte", report.airbyte), ("Supabase", report.supabase)):
        yield ToldRow(name, "", seen.verdict, name, seen.summary, seen.next_step)
    if report.connections:
        yield ToldRow("heading connections", "Connections")
    for item in report.connections:
        one, found = item.connection, item.conclusion
        pairs = (("id", one.connection_id), ("state", one.status), ("schedule", one.schedule or "by hand"),
                 ("streams", ", ".join(one.streams)))  # fmt: skip
        jobs = tuple(job_words(job) for job in item.jobs[:_JOBS_TOLD])
        key = f"{_CONNECTION}{one.connection_id}"
        yield ToldRow(key, "", found.verdict, one.name, found.summary, found.next_step, pairs, jobs)
    if report.tables:
        yield ToldRow("heading tables", "Where the data stopped")
    for table in report.tables:
        stopped, trail = table.stopped, table.trail
        where = (
            ("stopped at", stopped.where.value),
            ("Supabase", _side(trail.source)),
            ("landed", _side(trail.landed)),
            ("bronze", _side(trail.bronze)),
            ("connection", table.connection.name if table.connection else ""),
        )
        landed = str(table.table.landed)
        yield ToldRow(f"table {landed}", "", stopped.verdict, landed, stopped.words, stopped.next_step, where)


def _side(side: Side | str | None) -> str:
    if side is None or isinstance(side, str):
        return side or "no model reads it"
    newest = f"newest {side.changed_at:%Y-%m-%d %H:%M} UTC" if side.changed_at else "no newest row"
    loaded = f", loaded {side.loaded_at:%Y-%m-%d %H:%M} UTC" if side.loaded_at else ""
    return f"{side.rows:,} rows, {newest}{loaded}"


def job_words(job: SyncJob) -> str:
    """`2026-02-28 21:00 UTC  job 4107 failed, 12 rows`."""
    rows = f", {job.rows:,} rows" if job.rows is not None else ""
    began = f"{job.started_at:%Y-%m-%d %H:%M} UTC  " if job.started_at is not None else ""
    return f"{began}{job.words}{rows}"
