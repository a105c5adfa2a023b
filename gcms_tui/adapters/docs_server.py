"""dbt's documentation, served on this host alone by a process of its own, which outlives the console.

`dbt docs serve` would do: but it blocks, parses the project first, and leaves nothing by which it can be stopped. What
it serves is the directory that `dbt docs generate` has written.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.private_file import make_directory, read_small, write_whole
from gcms_tui.core.errors import Refused, Unavailable
from gcms_tui.core.procedures.docs import PORT, Served
from gcms_tui.core.run import Person

_HERE = "127.0.0.1"
_ANSWERS_WITHIN_S = 10.0
_LOOKS_EVERY_S = 0.05
_PORTS_TRIED = 20


class DocsLook:
    """The one job of a state directory on this host."""

    def __init__(self, state_dir: Path, person: Person, now: Callable[[], datetime]) -> None:
        self._file = state_dir / f"docs-server-{person.host}.json"
        self._person = person
        self._now = now

    def serving(self) -> Served | None:
        """The job that was started here and is still there."""
        try:
            said = json.loads(read_small(self._file))
            since = datetime.fromisoformat(said["since"]).astimezone(UTC)
            served = Served(**{**said, "since": since})
        except (OSError, KeyError, TypeError, ValueError):
            return None
        return served if _is_ours(served) else None


class DocsServer(DocsLook):
    """Begins and ends it."""

    def serve(self, directory: str, port: int = PORT) -> Served:
        """On `port` or the next that is free, in place of what was served. Raises `Unavailable`, `StateError`."""
        if not (Path(directory) / "index.html").is_file():
            raise Unavailable(
                "No documentation", f"{directory} has no index.html.", "Generate it first: dbt docs generate."
            )
        self.stop()
        free = _free_port(port)
        process = subprocess.Popen(
            _argv(directory, free),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        served = Served(self._person.host, self._person.user, free, process.pid, directory, self._now())
        try:
            make_directory(self._file.parent)
            write_whole(self._file, json.dumps({**asdict(served), "since": served.since.isoformat()}))
        except OSError as error:
            process.kill()
            process.wait()
            raise StateError("Not served", f"{self._file}: {error.strerror}.", "Make room; then again.") from None
        _require_answer(process, free)
        return served

    def stop(self, shown: Served | None = None) -> Served | None:
        """See `operations.procedures.works.DocsServer`."""
        served = self.serving()
        if served is None:
            return None
        if shown not in (None, served):
            raise Refused(
                "Another job serves by now",
                f"Process {served.pid} serves {served.directory} since {served.since:%Y-%m-%d %H:%M} UTC.",
                "Look at it again, then decide.",
                guard="docs",
            )
        try:
            os.kill(served.pid, signal.SIGTERM)
        except PermissionError:
            raise Refused(
                "Not stopped", f"Process {served.pid} is another user's.", f"Ask {served.user}.", guard="another_user"
            ) from None
        except ProcessLookupError:
            pass
        with suppress(ChildProcessError):  # where this console started it, it is to be buried as well
            os.waitpid(served.pid, 0)
        with suppress(OSError):
            self._file.unlink()
        return served


def _argv(directory: str, port: int) -> list[str]:
    return [sys.executable, "-I", "-m", "http.server", str(port), "--bind", _HERE, "--directory", directory]


def _is_ours(served: Served) -> bool:
    """A process number is given anew: what it runs tells whether it is still this job."""
    try:
        words = Path(f"/proc/{served.pid}/cmdline").read_bytes().split(b"\0")[1:-1]
    except OSError:
        return False
    return words == [word.encode() for word in _argv(served.directory, served.port)[1:]]


def _free_port(first: int) -> int:
    for port in range(first, first + _PORTS_TRIED):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                tried.bind((_HERE, port))
                return port
    raise Unavailable("No port is free", f"{first} to {first + _PORTS_TRIED - 1} are all taken.", "Free one of them.")


def _require_answer(process: subprocess.Popen[bytes], port: int) -> None:
    ends = time.monotonic() + _ANSWERS_WITHIN_S
    while time.monotonic() < ends and process.poll() is None:
        with suppress(OSError), socket.create_connection((_HERE, port), timeout=1):
            return
        time.sleep(_LOOKS_EVERY_S)
    process.kill()
    process.wait()
    raise Unavailable("It does not answer", f"What was to serve port {port} has not come up.", "Try again.")
