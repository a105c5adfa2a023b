"""Whether there is a screen to draw on."""

from __future__ import annotations

import sys

from gcms_tui.core.errors import UsageError


def refuse_without_terminal() -> None:
    """Raises `UsageError` where the console could neither draw nor read keys.

    It draws on stderr and reads from stdin; without a terminal there it would start, and wait for ever.
    """
    for stream, name in ((sys.__stdin__, "input"), (sys.__stderr__, "error output")):
        if stream is None or not stream.isatty():
            raise UsageError(
                "No terminal",
                f"The console needs a terminal, and its standard {name} is none.",
                "Over ssh: ssh -t HOST gcms-tui. Without a terminal: gcms-tui health.",
            )
