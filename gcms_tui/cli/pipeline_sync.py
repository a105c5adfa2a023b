"""`gcms-tui pipeline sync` and `watch`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import as_json, print_json, tell, tell_step
from gcms_tui.cli.pipeline_status import connection_json, job_json
from gcms_tui.cli.refusal import told_refusal
from gcms_tui.cli.scd2_plan import PLAN, require_shown
from gcms_tui.cli.undisturbed import undisturbed
from gcms_tui.cli.wiring import load_settings, open_pipeline
from gcms_tui.core.duration import parse_duration, seconds_text
from gcms_tui.core.errors import UsageError
from gcms_tui.core.pipeline.airbyte import SyncJob
from gcms_tui.core.pipeline.syncs import SyncOutcome
from gcms_tui.core.text import printable
from gcms_tui.operations.pipeline.desk import PipelineDesk
from gcms_tui.operations.pipeline.syncing import Asked, JobLook, SyncPlan

_FAILED, _UNKNOWN, _DETACHED = 2, 3, 130
_JOBS_TOLD = 5

_LIMIT = click.option("--limit", metavar="TIME", default="1h", help="Watch no longer than that: 30m.")


@click.command()
@click.argument("connection", metavar="CONNECTION")
@PLAN
@click.option("--confirm", metavar="NAME", default="", help="The connection's name: do what is shown.")
@click.option("--reason", metavar="TEXT", default="", help="Why; it is journalled.")
@click.option("--no-wait", is_flag=True, help="Do not watch it: 0 is answered once it has begun.")
@_LIMIT
@headless
def sync(
    invocation: Invocation,
    connection: str,
    plan_id: str | None,
    confirm: str,
    reason: str,
    no_wait: bool,
    limit: str,
) -> int:
    """Have Airbyte sync CONNECTION, a name or an id, and watch it to its end.

    Without --confirm it is shown and nothing is asked for; with --confirm and --plan what was shown is done. Ends with
    0 where it succeeded, 2 where it failed or was cancelled, 3 where it had not ended or nobody knows what became of
    it, 65 where a guard refused, 69 where Airbyte cannot be asked. One that is under way already is never joined by
    another. Ctrl-C stops the watching alone.
    """
    within = _duration(limit)
    require_shown(plan_id, confirm)
    with _open(invocation) as desk:
        if plan_id is None:
            _show(desk.looks.plan(connection), invocation)
            return 0
        plan = desk.looks.shown(connection, plan_id)
        syncs = desk.required_syncs()
        asked = undisturbed(lambda _: syncs.sync(plan, confirm, reason, tell_step))
        _tell_asked(asked)
        if asked.job is None:
            if invocation.json:
                _print_line({"event": "asked", "sync": asked.sync_id, "outcome": asked.outcome, "job": None})
            return _UNKNOWN
        if invocation.json:
            _print_line({"event": "asked", "sync": asked.sync_id, "outcome": asked.outcome, **job_json(asked.job)})
        return 0 if no_wait else _follow(desk, asked.job.job_id, within, invocation)


@click.command()
@click.argument("job", metavar="JOB", type=int)
@_LIMIT
@headless
def watch(invocation: Invocation, job: int, limit: str) -> int:
    """Watch the job of that number to its end. Ends as `sync`; with 130 after Ctrl-C, and the job goes on."""
    within = _duration(limit)
    with _open(invocation) as desk:
        return _follow(desk, job, within, invocation)


@contextmanager
def _open(invocation: Invocation) -> Iterator[PipelineDesk]:
    """A refusal is told on stdout too where JSON is wanted."""
    with told_refusal(invocation), open_pipeline(load_settings(invocation).settings, invocation) as desk:
        yield desk


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError("Wrong --limit", str(error)) from None


def _show(plan: SyncPlan, invocation: Invocation) -> None:
    connection = plan.connection
    if invocation.json:
        jobs = [job_json(job) for job in plan.jobs[:_JOBS_TOLD]]
        under_way = plan.running and job_json(plan.running)
        shown = {"plan": plan.plan_id, "confirmation": plan.confirmation, "running": under_way, "jobs": jobs}
        print_json({**connection_json(connection), **shown})
        return
    click.echo(printable(f"{connection.name} ({connection.status}, {connection.schedule or 'by hand'})"))
    click.echo(f"  id       {printable(connection.connection_id)}")
    click.echo(f"  streams  {printable(', '.join(connection.streams)) or 'none'}")
    for job in plan.jobs[:_JOBS_TOLD]:
        click.echo(f"  {_job_line(job)}")
    if plan.running is not None:
        tell(f"  -> {plan.running.words}; watch it: gcms-tui pipeline watch {plan.running.job_id}")
        return
    name = printable(shlex.quote(connection.name))
    which = f"{printable(connection.connection_id)} --plan {plan.plan_id}"
    tell(f'  -> Sync it: gcms-tui pipeline sync {which} --confirm {name} --reason "…"')


def _tell_asked(asked: Asked) -> None:
    job = f": job {asked.job.job_id}" if asked.job else ""
    tell(f"gcms-tui: {asked.sync_id}: {asked.outcome.value.replace('_', ' ')}{job}")
    if asked.note:
        tell(f"  ! {printable(asked.note)}")
    if asked.outcome is SyncOutcome.IN_DOUBT:
        tell("  -> Look whether a job has come of it: gcms-tui journal doubts --settle")


def _follow(desk: PipelineDesk, job_id: int, limit: timedelta, invocation: Invocation) -> int:
    look: JobLook | None = None
    try:
        for now in desk.looks.watch(job_id, limit):
            if now.trouble:
                tell(f"  ! {printable(now.trouble)}")
            if look is None or now.job.status != look.job.status:
                _tell_job(now.job, invocation)
            look = now
    except KeyboardInterrupt:
        tell(f"gcms-tui: job {job_id} goes on.")
        tell(f"  -> Watch it again: gcms-tui pipeline watch {job_id}")
        return _DETACHED
    if look is None or not look.job.ended:
        tell(f"gcms-tui: job {job_id} has not ended within {seconds_text(limit.total_seconds())}; it goes on.")
        tell(f"  -> Watch it again: gcms-tui pipeline watch {job_id}")
        return _UNKNOWN
    if look.job.status == "succeeded":
        tell("  -> Build what has landed: gcms-tui runs start --yes -- build")
        return 0
    tell("  -> Read the job's log in Airbyte: its API tells no reason.")
    return _FAILED


def _tell_job(job: SyncJob, invocation: Invocation) -> None:
    if invocation.json:
        _print_line({"event": "job", **job_json(job)})
    else:
        click.echo(_job_line(job))


def _job_line(job: SyncJob) -> str:
    rows = f", {job.rows:,} rows" if job.rows is not None else ""
    took = ""
    if job.ended and job.started_at is not None and job.updated_at is not None:
        took = f" after {seconds_text((job.updated_at - job.started_at).total_seconds())}"
    began = f"{job.started_at:%Y-%m-%d %H:%M} UTC  " if job.started_at is not None else ""
    return f"{began}{job.words}{took}{rows}"


def _print_line(document: dict[str, object]) -> None:
    click.echo(json.dumps(as_json(document), ensure_ascii=True, allow_nan=False))
