"""Start and stop the warehouse server as a process of its own. Standard library only."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from gcms_tui.core.errors import Unavailable

HOST = "127.0.0.1"
LOCK = "warehouse.lock"
"""The file in the server's directory that it holds locked for as long as it lives."""


@dataclass
class WarehouseProcess:
    """A running server. Its output goes to `log_path`; stop it with `stop()` or by leaving the `with` block."""

    process: subprocess.Popen[bytes]
    port: int
    log_path: Path
    host: str = HOST

    @classmethod
    def start(
        cls, directory: Path, port: int, user: str, password: str, *, options: tuple[str, ...] = ()
    ) -> WarehouseProcess:
        """Start the server in a session of its own, so that a terminal's Ctrl-C does not reach it.

        Args:
            directory: holds the database files (`GCMS.db` ...); made if it is not there.
            options: further command line options, see `python -m gcms_tui.sandbox.warehouse --help`.
        """
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        log_path = directory / "warehouse.log"
        command = [sys.executable, "-m", "gcms_tui.sandbox.warehouse"]
        command += ["--directory", str(directory), "--port", str(port), *options]
        descriptor = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,
            )
        finally:
            os.close(descriptor)
        assert process.stdin is not None
        with suppress(BrokenPipeError), process.stdin:  # one that has ended already is told of by `wait_ready`
            process.stdin.write(f"{user}\n{password}\n".encode())
        return cls(process, port, log_path)

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_ready(self) -> bool:
        """Whether this very process answers on its port."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return bool(json.load(connection.getresponse()).get("pid") == self.process.pid)
        except (OSError, ValueError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait_ready(self, timeout: float = 30.0) -> WarehouseProcess:
        """Wait until the server answers.

        Raises:
            Unavailable: the process ended, or did not answer in time. The message holds the server's own words.
        """
        deadline = time.monotonic() + timeout
        while not self.is_ready():
            ended = self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                why = "ended at once" if ended else f"did not answer within {timeout:g} seconds"
                self.stop()
                raise Unavailable("Sandbox warehouse", f"The server {why}. {self._last_words()}", str(self.log_path))
            time.sleep(0.02)
        return self

    def stop(self, timeout: float = 10.0) -> None:
        """Ask the server to end, and make it. Every acknowledged commit is on disk either way."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()

    def _last_words(self) -> str:
        text = self.log_path.read_text(encoding="utf-8", errors="replace").strip()
        return text[-2000:]

    def __enter__(self) -> WarehouseProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
