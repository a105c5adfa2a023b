"""No run without its end in the journal: once, whoever sees it first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_results import MissingArtifact, NodeResult
from gcms_tui.core.errors import Unavailable
from gcms_tui.operations.run_history import RunHistory
from gcms_tui.operations.run_journal import JOURNALLED, RunJournal
from tests.operations.memory import NOW, Clock, MemoryDbt
from tests.operations.run_memory import PROJECT, TARGET, MemoryJournal, MemoryShelf, past_run, progress, results

TEST = DbtCommand("test")
DISK_FULL = Unavailable("The journal cannot be written", "disk full")


class World:
    def __init__(self) -> None:
        self.clock = Clock()
        self.shelf = MemoryShelf()
        self.journal = MemoryJournal()

    def console(self, *, read_only: bool = False) -> RunHistory:
        """One that has just been opened."""
        nothing = MissingArtifact("No dbt.log", "there is none")
        files = MemoryDbt(the_results=nothing, the_log=nothing, the_manifest=nothing)
        trail = None if read_only else RunJournal(self.journal, self.shelf, self.clock)
        return RunHistory(self.shelf, files, TARGET, self.clock, project_dir=Path(PROJECT), journal=trail)


@pytest.fixture
def world() -> World:
    return World()


def test_how_a_run_ended_is_journalled_once_whoever_looks_and_how_often(world: World) -> None:
    failed = past_run("r", TEST, exit_code=1)
    world.shelf.add(failed, results("test", NodeResult("test.p.a", "fail", failures=2), ("test.p.b", "pass")))
    first, second = world.console(), world.console()
    first.summaries()
    first.summaries()
    assert second.settle(failed) == ""
    ((kind, subject, payload),) = world.journal.entries
    assert (kind, subject) == ("run.end", "r")
    assert (payload["state"], payload["exit_code"], payload["counts"]) == ("failed", 1, {"fail": 1, "pass": 1})
    del world.shelf.documents["r", JOURNALLED]  # killed between the two
    world.console().summaries()
    assert world.journal.kinds() == ["run.end"]


def test_killed_and_lost_runs_have_an_end_too_and_running_and_foreign_ones_none(world: World) -> None:
    world.shelf.add(past_run("killed", TEST, signal=9), progress=progress(("test.p.a", "pass")))
    world.shelf.add(past_run("lost", TEST, ended=False))
    running = world.shelf.add(past_run("running", TEST, ended=False, alive=True))
    world.shelf.add(past_run("foreign", TEST, exit_code=0, foreign=True))
    world.console().summaries()
    ends = {subject: (payload["state"], payload["signal"], payload["counts"]) for _, subject, payload in
            world.journal.entries}  # fmt: skip
    assert ends == {"killed": ("killed", 9, {"pass": 1}), "lost": ("lost", None, {})}
    assert world.console().settle(running) == ""
    assert len(world.journal.entries) == 2


def test_read_only_writes_nothing_and_leaves_it_to_who_may(world: World) -> None:
    run = world.shelf.add(past_run("r", TEST, exit_code=0))
    reading = world.console(read_only=True)
    reading.summaries()
    assert reading.settle(run) == "" and world.journal.entries == []
    world.console().summaries()
    assert world.journal.kinds() == ["run.end"]


def test_a_journal_that_cannot_be_written_is_told_and_tried_again_later(world: World) -> None:
    run = world.shelf.add(past_run("r", TEST, exit_code=0))
    world.journal.error = DISK_FULL
    console = world.console()
    assert len(console.summaries()) == 1
    assert console.notes() == ("how r ended is not in the journal: disk full",)
    world.journal.error = None
    assert console.settle(run) != "", "it is not asked at every look"
    world.clock.now = NOW + timedelta(minutes=2)
    assert console.settle(run) == ""
    console.summaries()
    assert console.notes() == () and world.journal.kinds() == ["run.end"]


def test_what_is_removed_is_journalled_before_and_what_nobody_has_seen_end_too(world: World) -> None:
    for number in range(3):
        world.shelf.add(past_run(f"r{number}", TEST, exit_code=0, hours_ago=9 - number))
    console = world.console()
    console.prune(older_than=timedelta(hours=8), larger_than=None, dry_run=True)
    assert world.journal.entries == []
    console.prune(older_than=timedelta(hours=7.5), larger_than=None, dry_run=False)
    assert world.journal.kinds() == ["run.end", "run.end", "run.end", "runs.prune"]
    assert world.journal.entries[-1][2] == {"runs": ["r0", "r1"]}
    world.journal.error = DISK_FULL
    world.shelf.add(replace(past_run("r9", TEST, exit_code=0), end=None, alive=True))
    console.prune(older_than=timedelta(hours=1), larger_than=None, dry_run=False)
    assert "r2" not in world.shelf.the_runs, "a full disk does not keep room from being made"
    assert console.notes() == ("what was removed is not in the journal: disk full",)
