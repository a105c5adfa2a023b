"""`gcms-tui log`: a log file of any size, on the console's log screen or line by line."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.core.errors import ConfigError, Unavailable
from gcms_tui.core.log_line import LEVELS, Level, parse_line
from gcms_tui.core.log_pattern import compile_pattern, readable
from gcms_tui.core.log_view import LogFilter
from gcms_tui.core.text import printable

LEVEL_NAMES = tuple(level.name.lower() for level in Level)


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--level", type=click.Choice(LEVEL_NAMES), help="Print the lines of this level and above.")
@click.option("--grep", "pattern", metavar="RE", help="Print the lines that match; a capital makes the case count.")
@headless
def log(invocation: Invocation, file: Path | None, level: str | None, pattern: str | None) -> int:
    """A log of any size: followed, filtered and searched. Without FILE, dbt's own log of the project.

    On a terminal the log screen opens. Elsewhere, and with --level, --grep or --json, the lines are printed; with
    --json each as one JSON object.
    """
    path = file if file is not None else project_log(invocation)
    on_terminal = all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stdout__))
    if level is None and pattern is None and not invocation.json and on_terminal:
        return _console(invocation, path)
    return print_log(invocation, path, level, pattern)


def project_log(invocation: Invocation) -> Path:
    """The project's dbt.log. Raises `ConfigError`."""
    from gcms_tui.cli.wiring import dbt_project, load_settings

    return dbt_project(load_settings(invocation).settings).log_path / "dbt.log"


def print_log(
    invocation: Invocation, path: Path, level: str | None, pattern: str | None, *, invocation_id: str | None = None
) -> int:
    """Print the lines of the log at `path` that are of `level` or above and match `pattern`; answers the exit status.
    With `invocation_id` those of that invocation of dbt's alone.

    Raises `Unavailable` where there is no such log, `PatternError` for a wrong expression.
    """
    from gcms_tui.adapters.log_copy import wanted_lines
    from gcms_tui.adapters.log_walk import LogReader

    search = None if not pattern else compile_pattern(pattern)
    lowest = None if level in (None, "debug") else LEVELS[level or ""]
    wanted = LogFilter(level=lowest, invocation_id=invocation_id)
    try:
        with path.open("rb") as file:
            reader = LogReader(file.fileno(), os.fstat(file.fileno()).st_size)
            for line in wanted_lines(reader, wanted, search):
                click.echo(_json(line) if invocation.json else _text(line))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        if isinstance(error, BrokenPipeError):
            raise
        raise Unavailable("The log cannot be read", f"{path}: {reason}.", "Check the path.") from None
    return 0


def _text(line: bytes) -> str:
    """On a terminal nothing of it may steer; into a file or a pipe it goes as it reads."""
    text = readable(line)
    return printable(text) if sys.stdout.isatty() else text


def _json(line: bytes) -> str:
    said = parse_line(line)
    return json.dumps(
        {
            "moment": said.moment or None,
            "level": None if said.level is None else said.level.name.lower(),
            "thread": said.thread or None,
            "invocation_id": said.invocation_id,
            "message": said.message,
            "continuation": said.continuation,
        },
        ensure_ascii=False,
    )


def _console(invocation: Invocation, path: Path) -> int:
    """The log screen alone. No configuration is needed for it, and a wrong one does not matter."""
    from gcms_tui.adapters.config import default_state_dir
    from gcms_tui.cli.wiring import console_services, load_settings
    from gcms_tui.console.launch import launch
    from gcms_tui.core.settings import Settings

    with ExitStack() as opened:
        try:
            services = console_services(invocation, load_settings(invocation).settings, opened)
        except ConfigError as error:
            settings = replace(Settings(), state_dir=default_state_dir(os.environ))
            services = replace(console_services(invocation, settings, opened), config_error=error)
        return launch(services, log=path)
