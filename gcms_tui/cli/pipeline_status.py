"""`gcms-tui pipeline status`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, timestamp
from gcms_tui.cli.wiring import load_settings, open_pipeline
from gcms_tui.core.pipeline.airbyte import Connection, SyncJob
from gcms_tui.core.pipeline.trail import Side
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.pipeline.status import ConnectionStatus, PipelineReport, TableStatus

_JOBS_TOLD = 5


@click.command()
@headless
def status(invocation: Invocation) -> int:
    """Airbyte's connections with their last jobs, Supabase, and table by table where the data stopped.

    Reads only. Ends with 0 where all is OK, 1 WARN, 2 FAIL, 3 UNKNOWN.
    """
    with open_pipeline(load_settings(invocation).settings, invocation) as desk:
        report = desk.pipeline.status()
    if invocation.json:
        print_json(report_json(report))
    else:
        ascii_only = invocation.ascii or (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
        for line in report_lines(report, ascii_only=ascii_only):
            click.echo(line)
    return report.verdict.value


def report_lines(report: PipelineReport, *, ascii_only: bool = False) -> Iterator[str]:
    """As a person reads it, safe to draw."""

    def told(verdict: Verdict, what: str, words: str, next_step: str) -> Iterator[str]:
        symbol = verdict.ascii_symbol if ascii_only else verdict.symbol
        yield f"{symbol} {verdict.name:<7} {printable(what)}: {printable(words)}"
        if next_step:
            yield f"          -> {printable(next_step)}"

    settle = "What became of it: gcms-tui journal doubts --settle"
    for words in _doubts(report):
        yield from told(Verdict.UNKNOWN, "a sync in doubt", words, settle)
    for what, seen in (("Airbyte", report.airbyte), ("Supabase", report.supabase)):
        yield from told(seen.verdict, what, seen.summary, seen.next_step)
    for item in report.connections:
        found = item.conclusion
        yield from told(found.verdict, item.connection.name, found.summary, found.next_step)
        streams = ", ".join(item.connection.streams) or "no streams"
        schedule = item.connection.schedule or "by hand"
        yield f"            {printable(f'{streams}; {schedule}')}"
    for table in report.tables:
        stopped = table.stopped
        yield from told(stopped.verdict, str(table.table.landed), stopped.words, stopped.next_step)
    yield f"{report.verdict.name}: {report.target}, {report.taken_at:%Y-%m-%d %H:%M} UTC"


def report_json(report: PipelineReport) -> dict[str, Any]:
    return {
        "verdict": report.verdict,
        "target": report.target,
        "taken_at": timestamp(report.taken_at),
        "in_doubt": list(_doubts(report)),
        "airbyte": _conclusion_json(report.airbyte),
        "supabase": _conclusion_json(report.supabase),
        "connections": [_connection_status_json(item) for item in report.connections],
        "tables": [_table_json(item) for item in report.tables],
    }


def connection_json(connection: Connection) -> dict[str, Any]:
    return {
        "id": connection.connection_id,
        "name": connection.name,
        "status": connection.status,
        "schedule": connection.schedule or None,
        "streams": connection.streams,
    }


def job_json(job: SyncJob) -> dict[str, Any]:
    return {
        "job": job.job_id,
        "connection": job.connection_id,
        "type": job.job_type,
        "status": job.status,
        "ended": job.ended,
        "started_at": job.started_at,
        "updated_at": job.updated_at,
        "rows": job.rows,
    }


def _doubts(report: PipelineReport) -> tuple[str, ...]:
    doubts = report.in_doubt
    return (doubts,) if isinstance(doubts, str) else tuple(f"{item.words}: {item.name}" for item in doubts)


def _conclusion_json(found: Any) -> dict[str, Any]:
    return {"verdict": found.verdict, "summary": found.summary, "next_step": found.next_step}


def _connection_status_json(item: ConnectionStatus) -> dict[str, Any]:
    jobs = [job_json(job) for job in item.jobs[:_JOBS_TOLD]]
    return {**connection_json(item.connection), **_conclusion_json(item.conclusion), "jobs": jobs}


def _table_json(item: TableStatus) -> dict[str, Any]:
    trail, stopped = item.trail, item.stopped
    return {
        "table": str(item.table.landed),
        "stream": item.table.stream,
        "connection": item.connection.connection_id if item.connection else None,
        "stopped": stopped.where,
        "verdict": stopped.verdict,
        "summary": stopped.words,
        "next_step": stopped.next_step,
        "supabase": _side_json(trail.source),
        "landed": _side_json(trail.landed),
        "bronze": _side_json(trail.bronze),
    }


def _side_json(side: Side | str | None) -> dict[str, Any] | None:
    if side is None:
        return None
    if isinstance(side, str):
        return {"unknown": side}
    return {"rows": side.rows, "changed_at": side.changed_at, "loaded_at": side.loaded_at}
