"""What the backup commands work with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.output import print_json, tell
from gcms_tui.cli.scd2_browse import refusal_json
from gcms_tui.cli.wiring import load_settings, open_backup_desk
from gcms_tui.core.errors import Refused
from gcms_tui.core.text import printable
from gcms_tui.operations.backups.desk import BackupBench, BackupDesk

REASON = click.option("--reason", metavar="TEXT", default="", help="Why; it is journalled.")


@contextmanager
def open_desk(invocation: Invocation) -> Iterator[BackupDesk]:
    """A refusal is told on stdout too where JSON is wanted."""
    try:
        with open_backup_desk(load_settings(invocation).settings, invocation) as desk:
            yield desk
    except Refused as refused:
        if invocation.json:
            print_json({"refused": refusal_json(refused)})
        raise


@contextmanager
def open_bench(invocation: Invocation) -> Iterator[BackupBench]:
    """The write side. Raises `Refused` where nothing may be written."""
    with open_desk(invocation) as desk:
        yield desk.required_bench()


def on_step(words: str) -> None:
    """What is being done, on stderr."""
    tell(f"  {printable(words)}")
