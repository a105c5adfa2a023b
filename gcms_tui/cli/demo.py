"""`gcms-tui demo`: the practice platform, with the console over it or for others to use."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from threading import Thread
from types import FrameType

import click

from gcms_tui.cli.invocation import Invocation
from gcms_tui.core.errors import Unavailable, UsageError
from gcms_tui.core.text import printable
from gcms_tui.sandbox.lifecycle import Platform, default_directory, practice_platform, wait_for_end

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Ended(BaseException):
    """A signal asked this process to end. Not an Exception, so that nothing on the way takes it for a failure."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number


@click.command()
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path),
    help="Where the sandbox lives. [default: gcms-tui/demo in the XDG state directory]",
)
@click.option("--fresh", is_flag=True, help="Throw the sandbox in that directory away and make a new one.")
@click.option("--read-only", is_flag=True, help="A console that cannot change anything.")
@click.option(
    "--serve",
    is_flag=True,
    help="No console: print one JSON line with everything needed to connect, run until SIGINT or SIGTERM.",
)
@click.pass_context
def demo(ctx: click.Context, directory: Path | None, fresh: bool, read_only: bool, serve: bool) -> None:
    """A practice platform on this machine: warehouse, Postgres, dbt project and a story. Nothing else is needed."""
    before = ctx.find_object(Invocation) or Invocation()
    if before.config is not None:
        raise UsageError("demo has a configuration of its own", "--config does not go with it.", "Leave --config out.")
    if not serve and not all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__)):
        # Said before the seeding rather than after it.
        raise UsageError("No terminal", "The console needs one.", "Without a terminal: gcms-tui demo --serve")
    if not serve and not before.slow_link:
        # Half a second that passes while the servers start. A slow link has to be known before Textual is imported.
        Thread(target=import_module, args=("gcms_tui.console.app",), daemon=True).start()
    root = directory or default_directory()
    with _signals_end_it():
        try:
            with practice_platform(root, fresh=fresh, report=_progress(root)) as platform:
                if platform.notice:
                    click.echo(platform.notice, err=True)
                if serve:
                    _serve(platform)
                else:
                    invocation = replace(before, config=platform.config, read_only=read_only or before.read_only)
                    ctx.exit(_console(invocation, platform.notice))
        except _Ended as ended:
            ctx.exit(ended.exit_code)


def _console(invocation: Invocation, notice: str) -> int:
    # They would bend the console's dbt away from the sandbox's.
    for name in [name for name in os.environ if name.startswith(("DBT_", "SNOWFLAKE_"))]:
        del os.environ[name]
    from gcms_tui.cli.wiring import open_console

    return open_console(invocation, notice=notice)


def _serve(platform: Platform) -> None:
    announcement = json.dumps(platform.announcement())
    try:
        # Whoever has read this line may end us at once.
        click.echo(announcement)
        wait_for_end(platform)
    except _Ended:
        return
    raise Unavailable("The sandbox has ended", "Its servers were stopped by somebody else.", "Start it again.")


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """SIGINT also where a shell started us in the background with SIGINT ignored."""

    def end(number: int, frame: FrameType | None) -> None:
        raise _Ended(number)

    before = {name: signal.signal(name, end) for name in _ENDING}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _progress(root: Path) -> Callable[[str], None]:
    """Tells on stderr, each line with the time since the start."""
    started = time.monotonic()
    click.echo(f"Practice platform in {printable(str(root))}", err=True)

    def report(text: str) -> None:
        # The terminal may be gone; the signal that says so comes, or the console finds out.
        with suppress(OSError):
            click.echo(f"{time.monotonic() - started:6.1f} s  {printable(text)}", err=True)

    return report
