"""A stretch in which nothing may stop the process: a write is never left halfway because somebody pressed Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from gcms_tui.cli.output import tell

_HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Signals that would end the process wait for the end of the block; it takes seconds, and has limits of its own."""
    came: list[int] = []

    def wait(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if number == signal.SIGINT:
            tell("gcms-tui: a write is under way; it ends in a moment.")

    before = {number: signal.signal(number, wait) for number in _HELD}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[-1])
