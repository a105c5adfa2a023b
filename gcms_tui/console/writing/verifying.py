"""After a write, off the loop: the key's own scan, then the table's dbt tests, and both into the journal."""

from __future__ import annotations

import threading
from dataclasses import dataclass
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
    from gcms_tui.operations.scd2.desk import RepairBench
    from gcms_tui.operations.writing.guarded_write import Ended

_LOOK_EVERY_S = 0.5


@dataclass
class KeyLooked(Message):
    """The key was scanned, or could not be: then `problem` says why."""

    key: KeyCheck | None
    problem: str = ""


@dataclass
class TestsLooked(Message):
    """The tests are under way."""

    __test__ = False  # not for pytest

    run_id: str
    progress: Progress


@dataclass
class Verified(Message):
    """The tests have said what they say. `note`: why that is not in the journal."""

    tests: TestCheck
    note: str = ""


class Verifying:
    """Left alone it goes on, and is recorded all the same, for as long as the console runs; the tests in any case."""

    def __init__(self, receiver: MessagePump, bench: RepairBench, ended: Ended) -> None:
        self._bench = bench
        self._ended = ended
        self._loader = Loader(receiver, "verify")

    @property
    def busy(self) -> bool:
        return self._loader.busy

    def start(self) -> None:
        self._loader.start(self._verify)

    def _verify(self) -> Message:
        verification, plan = self._bench.verification, self._ended.plan
        key: KeyCheck | None = None
        try:
            in_force = self._bench.repairs.convention(plan.table)
            key = verification.check_key(plan.table, plan.subject, in_force)
            self._loader.post(KeyLooked(key))
        except GcmsError as error:
            self._loader.post(KeyLooked(None, f"{error.title}: {error.message}"))
        tests = self._tests(plan.table)
        try:
            verification.record(self._ended.write_id, key, tests)
        except GcmsError as error:
            return Verified(tests, f"What was verified is not in the journal: {error.message}")
        return Verified(tests)

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
