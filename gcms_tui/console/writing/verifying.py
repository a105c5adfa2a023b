"""After writes, off the loop: each key's own scan, then the table's dbt tests once, and both into the journal."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from gcms_tui.console.pane import Loader
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.run_progress import Progress
from gcms_tui.core.scd2.proof import KeyCheck, TestCheck
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.scd2.table import InForce
    from gcms_tui.operations.scd2.desk import RepairBench
    from gcms_tui.operations.writing.guarded_write import Ended

_LOOK_EVERY_S = 0.5


@dataclass
class KeyLooked(Message):
    """The key of a write was scanned, or could not be: then a text says why."""

    write_id: str
    found: KeyCheck | str


@dataclass
class TestsLooked(Message):
    """The tests are under way."""

    __test__ = False  # not for pytest

    run_id: str
    progress: Progress


@dataclass
class Verified(Message):
    """The tests have said what they say. `note`: why what was verified is not in the journal."""

    tests: TestCheck
    note: str = ""


class Verifying:
    """Left alone it goes on, and is recorded all the same, for as long as the console runs; the tests in any case."""

    def __init__(self, receiver: MessagePump, bench: RepairBench, applied: Sequence[Ended]) -> None:
        """`applied`: at least one, and all of one table."""
        self._bench = bench
        self._applied = tuple(applied)
        self._table = self._applied[0].plan.table
        self._loader = Loader(receiver, "verify")

    @property
    def busy(self) -> bool:
        return self._loader.busy

    def start(self) -> None:
        self._loader.start(self._verify)

    def _verify(self) -> Message:
        found = {one.write_id: self._key(one) for one in self._applied}
        tests, notes = self._tests(self._table), []
        for write_id, key in found.items():
            try:
                self._bench.verification.record(write_id, key, tests)
            except GcmsError as error:
                notes.append(f"What was verified of {write_id} is not in the journal: {error.message}")
        more = f" And of {len(notes) - 1} more." if len(notes) > 1 else ""
        return Verified(tests, f"{notes[0]}{more}" if notes else "")

    def _key(self, one: Ended) -> KeyCheck | None:
        found: KeyCheck | str
        try:
            found = self._bench.verification.check_key(self._table, one.plan.subject, self._in_force)
        except GcmsError as error:
            found = f"{error.title}: {error.message}"
        self._loader.post(KeyLooked(one.write_id, found))
        return found if isinstance(found, KeyCheck) else None

    @cached_property
    def _in_force(self) -> InForce:
        return self._bench.repairs.convention(self._table)

    def _tests(self, table: str) -> TestCheck:
        verification = self._bench.verification
        try:
            run = verification.start_tests(verification.preview_tests(table))
        except GcmsError as error:
            return TestCheck(Verdict.UNKNOWN, f"not run: {error.title}: {error.message}")
        try:
            self._watch(run)
        except GcmsError as error:
            return TestCheck(Verdict.UNKNOWN, f"cannot be watched: {error.title}: {error.message}", run.run_id)
        return verification.tests_of(run.run_id)

    def _watch(self, run: Run) -> None:
        runs, pause = self._bench.verification.runs, threading.Event()
        watch = runs.watch(run.run_id)
        try:
            while True:
                seen = runs.look(run.run_id, watch)
                self._loader.post(TestsLooked(run.run_id, seen.progress))
                if seen.run.state.ended or seen.run.state is RunState.UNKNOWN:
                    return
                pause.wait(_LOOK_EVERY_S)
        finally:
            watch.close()
