"""The console's end of the warm process: one that has imported dbt, and forks a child for each command."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gcms_tui.adapters.dbt_argv import importing_environment
from gcms_tui.adapters.dbt_project_state import installed_dbt
from gcms_tui.adapters.dbt_rehearsal import make_stage, remove_stage
from gcms_tui.adapters.run_keeper import Order

_ZYGOTE = (sys.executable, "-P", "-m", "gcms_tui.adapters.dbt_zygote")
_IMPORTS_S = 30.0
"""An import that takes longer is not worth the wait: dbt's own program would have started by then."""
_FORKS_S = 5.0


class WarmGone(Exception):
    """The warm process has not done it: it is not there, has died, or does not answer."""


class WarmDbt:
    """Started when asked for the first time, and ends with the console, however that ends. Safe from several threads.

    For the dbt of this very Python. It holds no connection and has read no profile. Whoever works with it has to be
    ready for `WarmGone`, upon which dbt's own program does the same.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        # Its libraries' own threads would not live on in a child.
        self._env = {**importing_environment(env), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._stage: Path | None = None
        self._started_at = 0.0
        self._ready = False
        self._imported: tuple[str, ...] = ()
        """The versions of dbt that it has imported."""
        self._closed = False

    @property
    def alive(self) -> bool:
        process = self._process
        return process is not None and process.poll() is None

    @property
    def patience_s(self) -> float:
        """How long its answer may take."""
        if self._is_ready():
            return _FORKS_S
        return max(self._started_at + _IMPORTS_S - time.monotonic(), _FORKS_S)

    def start(self) -> None:
        """Returns at once; it imports meanwhile."""
        with self._lock:
            if not (self._closed or self.alive):
                self._begin()

    def refresh(self) -> None:
        """Start it anew where it has died after it was ready once, or where another dbt has been installed since."""
        with self._lock:
            self._look()
            outdated = bool(self._imported) and self._imported != installed_dbt()
            if not self._closed and (outdated or (self._ready and not self.alive)):
                self._begin()

    def keep(self, order: Order, env: Mapping[str, str], lease: int, answer: int) -> None:
        """Have a keeper forked; it tells `answer` what came of it. Raises `WarmGone` where it cannot be asked."""
        self._send({"keep": order.to_json(), "env": dict(env)}, [lease, answer])

    def run(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: str, out: int, err: int, held: int, at_most_s: int
    ) -> int:
        """dbt's exit code; it has `held` open as long as it lives. Raises `WarmGone` where it has not been executed,
        `TimeoutExpired`.
        """
        reading, writing = os.pipe()
        try:
            try:
                message = {"run": list(argv), "cwd": cwd, "env": dict(env), "at_most_s": at_most_s}
                self._send(message, [out, err, writing, held])
            finally:
                os.close(writing)
            deadline = time.monotonic() + at_most_s
            said = b""
            while select.select([reading], [], [], max(deadline - time.monotonic(), 0))[0]:
                block = os.read(reading, 4096)
                if not block:
                    break
                said += block
            else:
                raise subprocess.TimeoutExpired(list(argv), at_most_s)
            try:
                return int(json.loads(said)["exit"])
            except (ValueError, KeyError, TypeError):
                raise WarmGone from None
        finally:
            os.close(reading)

    def kill(self) -> None:
        """At once. What it has forked lives on."""
        with self._lock:
            self._end()

    def close(self) -> None:
        """For good."""
        with self._lock:
            self._closed = True
            self._end()

    def _begin(self) -> None:
        self._end()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            try:
                self._stage = make_stage()
                self._imported = installed_dbt()
                self._process = subprocess.Popen(
                    (*_ZYGOTE, str(self._stage)),
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=self._env,
                    cwd="/",
                    start_new_session=True,
                )
            except OSError:
                ours.close()
                self._end()
                return
        ours.settimeout(_FORKS_S)
        self._line, self._started_at, self._ready = ours, time.monotonic(), False

    def _end(self) -> None:
        self._look()
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()
            self._process.wait()
            self._process = None
        if self._stage is not None:
            remove_stage(self._stage)
            self._stage = None

    def _send(self, message: Mapping[str, Any], descriptors: list[int]) -> None:
        content = json.dumps(message).encode()
        with self._lock:
            if self._line is None or not self.alive:
                raise WarmGone
            try:
                socket.send_fds(self._line, [len(content).to_bytes(4, "big")], descriptors)
                self._line.sendall(content)
            except OSError:
                self._end()  # half a request may be on its way
                raise WarmGone from None

    def _is_ready(self) -> bool:
        with self._lock:
            self._look()
            return self._ready

    def _look(self) -> None:
        # Asked first: on a socket with a timeout, Python would wait for that.
        if not self._ready and self._line is not None and select.select([self._line], [], [], 0)[0]:
            with suppress(OSError):
                self._ready = self._line.recv(1) == b"!"
