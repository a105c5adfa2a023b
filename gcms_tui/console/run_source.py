"""Where the live view's snapshots come from: the run's events, as the loader's threads read them."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from textual.message import Message

from gcms_tui.console.run_foreign import told_elsewhere
from gcms_tui.console.run_node import Sql
from gcms_tui.core.errors import GcmsError
from gcms_tui.operations.run_desk import RunDesk
from gcms_tui.operations.run_ports import RunWatch
from gcms_tui.operations.runs import Look


@dataclass
class Looked(Message):
    """What one look has seen."""

    look: Look


@dataclass
class OrphansTold(Message):
    """What may still run in the warehouse, in words."""

    said: str


@dataclass
class SqlRead(Message):
    """The compiled SQL of a node."""

    unique_id: str
    sql: Sql


class RunSource:
    """Follows one run. `look` belongs to one thread at a time."""

    def __init__(self, desk: RunDesk, run_id: str) -> None:
        self._desk = desk
        self._run_id = run_id
        self._watch: RunWatch | None = None
        self._lock = threading.Lock()
        self._abandoned = False

    def look(self) -> Message:
        with self._lock:
            if self._watch is None:
                self._watch = self._desk.runs.watch(self._run_id)
            try:
                look = self._desk.runs.look(self._run_id, self._watch)
            finally:
                if self._abandoned:  # after this look was asked for, and before it began
                    self._let_go()
            return Looked(told_elsewhere(self._desk, look) if look.run.record.foreign else look)

    def orphans(self) -> Message:
        try:
            return OrphansTold(self._desk.runs.may_still_run(self._run_id))
        except GcmsError as error:
            return OrphansTold(f"What may still run in the warehouse cannot be told: {error.message}")

    def sql(self, unique_id: str) -> Message:
        try:
            return SqlRead(unique_id, self._desk.shelf.sql(self._run_id, unique_id))
        except GcmsError as error:
            return SqlRead(unique_id, error)

    def abandon(self) -> None:
        """Let go of the events, as soon as the look under way has ended; waits for nothing."""
        self._abandoned = True
        threading.Thread(target=self._close, name="run-close", daemon=True).start()

    def _close(self) -> None:
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
