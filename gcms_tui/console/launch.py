"""The way into the console: what must be settled before Textual is imported."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gcms_tui.console.services import ConsoleServices
from gcms_tui.core.errors import UsageError

if TYPE_CHECKING:
    from gcms_tui.console.wall_replay import Record

_SLOW_LINK = {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_FPS": "10", "TEXTUAL_SMOOTH_SCROLL": "0"}
"""Textual reads these once, when it is imported."""


def launch(
    services: ConsoleServices,
    log: Path | None = None,
    *,
    wall: bool = False,
    replay: tuple[Path, Callable[[Path], Record]] | None = None,
) -> int:
    """Open the console, or its log screen alone on the file `log`, and stay until it is left.

    `wall`: it begins on the wall. `replay`: a file of records alone, and what reads it.

    The exit status: 0, 128 + a signal's number, 64 or 70.
    """
    if services.slow_link:
        os.environ.update(_SLOW_LINK)
    from gcms_tui.console.terminal import is_interactive

    if not is_interactive():
        error = UsageError(
            "No terminal here",
            "The console needs a terminal on standard input and standard error.",
            "Over ssh say `ssh -t`; for scripts use `gcms-tui health --json`.",
        )
        sys.stderr.write(f"{error.title}: {error.message}\n{error.next_step}\n")
        return error.exit_code
    gc.disable()  # what is imported now stays: looking for garbage in it is a tenth of the start
    from gcms_tui.console.app import run_console

    if replay is not None:
        from gcms_tui.console.wall_app import ReplayConsole

        return run_console(services, partial(ReplayConsole, *replay))
    if wall:
        from gcms_tui.console.wall_app import WallConsole

        return run_console(services, WallConsole)
    if log is None:
        return run_console(services)
    from gcms_tui.console.log_app import LogConsole

    return run_console(services, partial(LogConsole, log))


def started() -> None:
    """There is a picture: from now on there is garbage, and never in what was there before."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
