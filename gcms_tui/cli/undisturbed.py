"""A stretch in which nothing may stop the process: a write is never left halfway because somebody pressed Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from types import FrameType
from typing import TypeVar

_HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOK_S = 0.2
_WAIT = b"gcms-tui: a write is under way; it ends in a moment.\n"

T = TypeVar("T")


AskedToStop = Callable[[], bool]
"""Whether a signal waits."""


def undisturbed(work: Callable[[AskedToStop], T]) -> T:
    """What `work` answers or raises. Signals that would end the process are told once it has ended: it takes seconds,
    and has limits of its own. Where it takes longer it may ask whether one waits, and end early.

    It runs in a thread: on the main one Snowflake's driver takes SIGINT for itself, cancels the statement it waits for,
    and breaks the write off. Where a signal came and `work` raised, the error is told and ends the process as well.
    """
    came: list[int] = []

    def wait(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if number == signal.SIGINT:
            with suppress(OSError):  # not by way of a stream that may be in the middle of something
                os.write(2, _WAIT)

    done: Future[T] = Future()
    thread = threading.Thread(target=_carry_out, args=(lambda: work(lambda: bool(came)), done), name="write")
    before = {number: signal.signal(number, wait) for number in _HELD}
    try:
        thread.start()
        while thread.is_alive():  # the kernel may give a signal to another thread: it is heard at the next look
            thread.join(_LOOK_S)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    answer = done.result()
    if came:
        signal.raise_signal(came[-1])
    return answer


def _carry_out(work: Callable[[], T], done: Future[T]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
        done.set_exception(error)
