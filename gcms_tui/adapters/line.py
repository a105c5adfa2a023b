"""A line to a server that is cut when it is time, whatever library waits on it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def cut_after(descriptor: int, patience_s: float) -> Iterator[threading.Event]:
    """Whoever still waits on the socket of that file descriptor then is told that the link is gone. The event says that
    it came to that."""
    line = socket.socket(fileno=os.dup(descriptor))  # the same line, also where the library closes its own end
    cut = threading.Event()

    def cut_it() -> None:
        cut.set()
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(patience_s, cut_it)
    timer.daemon = True
    timer.start()
    try:
        yield cut
    finally:
        timer.cancel()
        timer.join()
        line.close()
