"""What the backup commands work with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.refusal import told_refusal
from gcms_tui.cli.wiring import load_settings, open_backup_desk
from gcms_tui.operations.backups.desk import BackupBench, BackupDesk

REASON = click.option("--reason", metavar="TEXT", default="", help="Why; it is journalled.")


@contextmanager
def open_desk(invocation: Invocation) -> Iterator[BackupDesk]:
    """A refusal is told on stdout too where JSON is wanted."""
    with told_refusal(invocation), open_backup_desk(load_settings(invocation).settings, invocation) as desk:
        yield desk


@contextmanager
def open_bench(invocation: Invocation) -> Iterator[BackupBench]:
    """The write side. Raises `Refused` where nothing may be written."""
    with open_desk(invocation) as desk:
        yield desk.required_bench()
