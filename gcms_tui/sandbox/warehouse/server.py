"""The server process: opens the directory, serves on 127.0.0.1, tidies up in the background, ends on a signal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from gcms_tui.core.secret import Secret
from gcms_tui.sandbox.warehouse import fakesnow_patches
from gcms_tui.sandbox.warehouse.application import Application
from gcms_tui.sandbox.warehouse.history import QueryHistory
from gcms_tui.sandbox.warehouse.jobs import Jobs
from gcms_tui.sandbox.warehouse.process import HOST
from gcms_tui.sandbox.warehouse.sessions import Sessions, Warehouse
from gcms_tui.sandbox.warehouse.statements import Statements
from gcms_tui.sandbox.warehouse.storage import Storage

TIDY_EVERY_SECONDS = 1.0
IDLE_BLOCKER_SECONDS = 300.0
"""A transaction that blocks others and has been silent so long is rolled back, as in Snowflake."""
GONE_SECONDS = 3.0
"""So is one whose client has no connection left, after this long. Snowflake cannot know, and leaves its locks alone for
the five minutes above; on the practice platform nobody is to wait for a console that was killed."""
KEEP_ALIVE_SECONDS = 14_400
"""Idle connections are left open: that one ended then tells that its client has."""


@dataclass(frozen=True)
class ServerOptions:
    """How a server is run."""

    directory: Path
    port: int
    user: str
    password: Secret
    databases: tuple[str, ...] = ()
    """Made at start if they are not there."""
    in_progress_after: float = 45.0
    """Seconds after which a running statement is answered with "in progress"."""
    session_idle_seconds: float = 14_400.0
    memory_limit: str = "1GB"
    keep_result_bytes: int = 64 * 1024 * 1024


def serve(options: ServerOptions) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        DirectoryInUse: another server has the directory.
        WrongVersion: the pinned packages are not those installed.
    """
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of every property that DuckDB lacks
    fakesnow_patches.apply()
    storage = Storage(options.directory, options.memory_limit)
    for name in options.databases:
        storage.create_database(name.upper(), if_not_exists=True)
    history = QueryHistory(options.directory / "query_history.jsonl")
    statements = Statements()
    jobs = Jobs(statements.run, options.keep_result_bytes)
    statements.jobs = jobs
    application = Application(
        Warehouse(storage, history), jobs, options.user, options.password, options.in_progress_after
    )
    stopping = threading.Event()
    tidier = threading.Thread(
        target=_tidy, args=[application, stopping, options.session_idle_seconds], name="tidy", daemon=True
    )
    tidier.start()
    config = uvicorn.Config(
        application.asgi(), host=HOST, port=options.port, log_level="warning", access_log=False, lifespan="off",
        timeout_graceful_shutdown=1, timeout_keep_alive=KEEP_ALIVE_SECONDS, http=_watched(application.sessions),
    )  # fmt: skip
    server = _Server(config, jobs)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn takes the signals over, and sends them once more to these handlers when it has ended
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    try:
        server.run()
    finally:
        stopping.set()
        _close(application, history)


def _watched(sessions: Sessions) -> type[asyncio.Protocol]:
    """uvicorn's own protocol, which tells the sessions where a connection begins and ends."""

    class Watched(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # one of two classes, chosen at import
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            if self.client is not None:
                sessions.dialled(self.client)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self.client is not None:
                sessions.hung_up(self.client)

    return Watched


class _Server(uvicorn.Server):
    """Cancels what runs as soon as a signal comes: a request in flight would otherwise hold up the end."""

    def __init__(self, config: uvicorn.Config, jobs: Jobs) -> None:
        super().__init__(config)
        self._jobs = jobs

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # in a thread: the signal may have come while this thread held the jobs' lock
        threading.Thread(target=self._cancel_all, daemon=True).start()
        super().handle_exit(sig, frame)

    def _cancel_all(self) -> None:
        while True:  # until the process ends: a last request may come in at any moment
            for job in self._jobs.running():
                job.cancel()
            time.sleep(0.05)


def _tidy(application: Application, stopping: threading.Event, session_idle_seconds: float) -> None:
    storage = application.warehouse.storage
    while not stopping.is_set():
        storage.checkpoint_wanted.wait(min(TIDY_EVERY_SECONDS, session_idle_seconds))
        for session in application.sessions.idle(session_idle_seconds):
            application.close_session(session)
        for session in application.sessions.idle(IDLE_BLOCKER_SECONDS):
            if application.warehouse.locks.blocks_others(session.id):
                session.abandon_transaction("it was idle while others waited for its locks")
        for session in application.sessions.idle(GONE_SECONDS):
            if not session.lines:
                session.abandon_transaction("its client is gone")
        if not stopping.is_set():
            storage.checkpoint_if_due()


def _close(application: Application, history: QueryHistory) -> None:
    for job in application.jobs.running():
        job.cancel()
    for session in application.sessions.all():
        with contextlib.suppress(Exception):  # the process ends anyway, and what is committed is on disk
            application.close_session(session)
    application.warehouse.storage.close()
    history.close()
