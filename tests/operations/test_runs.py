from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_manifest import Node
from gcms_tui.core.dbt_results import NodeResult
from gcms_tui.core.errors import GcmsError, Refused, Unavailable, UsageError
from gcms_tui.core.query import Access
from gcms_tui.core.run import Holder, RunState
from gcms_tui.core.run_preview import PREVIEW_HOLDS, Preview, SelectedNode
from gcms_tui.core.run_retry import EXACTLY, NothingToRetry
from gcms_tui.operations.runs import DbtRuns, Place
from tests.operations.memory import NOW, Clock
from tests.operations.run_memory import (
    ANA,
    BO,
    PROJECT,
    TARGET,
    MemoryJournal,
    MemoryLauncher,
    MemoryShelf,
    history,
    past_run,
    progress,
    results,
)

TEST_GOLD = DbtCommand("test", ("gold",))
BUILD = DbtCommand("build")
MODEL, TEST, GRAVE, HISTORY = (
    "model.gcms.fct", "test.gcms.unique_fct.1", "test.gcms.grave.2", "model.gcms.br_a_scd2",
)  # fmt: skip
HOLDER = Holder("r-held", BO, 4711, NOW, ("build",))


def node(unique_id: str) -> SelectedNode:
    kind, _, name, *_ = unique_id.split(".")
    return SelectedNode(
        unique_id, kind, name, "table" if kind == "model" else "", f"GCMS.GOLD.{name}", scd2=name.endswith("scd2")
    )


NODES = {unique_id: node(unique_id) for unique_id in (MODEL, TEST, GRAVE, HISTORY)}
FOLDERS = {
    unique_id: Node(unique_id, item.resource_type, item.name, item.name, ("gcms", "gold", item.name))
    for unique_id, item in NODES.items()
}


def selected_by(command: DbtCommand) -> tuple[SelectedNode, ...]:
    """As dbt would: by name, `gold` for all, and tests with their model unless asked to leave them."""
    wanted = [item for item in NODES.values() if not command.select or {"gold", item.name} & set(command.select)]
    if command.compares:
        wanted = [NODES[GRAVE]]
    return tuple(item for item in wanted if item.name not in command.exclude)


class World:
    def __init__(self, *, read_only_reason: str = "", target: str = TARGET) -> None:
        self.clock = Clock()
        self.shelf = MemoryShelf()
        self.launcher = MemoryLauncher(self.shelf, selected_by)
        self.journal = MemoryJournal()
        self.runs = DbtRuns(
            Place(PROJECT, target, "target", read_only_reason),
            launcher=self.launcher,
            shelf=self.shelf,
            history=history(self.shelf, self.clock, *FOLDERS.values()),
            journal=self.journal,
            person=ANA,
            clock=self.clock,
        )

    def refused(self, preview: Preview, typed: str = "") -> Refused:
        with pytest.raises(Refused) as caught:
            self.runs.start(preview, typed)
        assert self.launcher.started == []
        assert "run.start" not in self.journal.kinds()
        return caught.value


@pytest.fixture
def world() -> World:
    return World()


def test_a_preview_tells_what_would_be_executed_and_starts_nothing(world: World) -> None:
    preview = world.runs.preview(TEST_GOLD)
    assert (preview.run_id, preview.target, preview.access, preview.refusal) == ("new-1", TARGET, Access.WRITE, "")
    assert preview.argv[:4] == ("dbt", "test", "--select", "gold")
    assert {item.unique_id for item in preview.nodes} == set(NODES)
    assert world.launcher.started == [] and world.journal.entries == []


def test_what_was_shown_is_what_is_started_and_the_intent_is_in_the_journal_before(world: World) -> None:
    preview = world.runs.preview(TEST_GOLD)
    run = world.runs.start(preview)
    assert run.record.person == ANA
    assert world.launcher.started == [preview]
    ((kind, subject, payload),) = world.journal.entries
    assert (kind, subject) == ("run.start", "new-1")
    assert (payload["words"], payload["target"], payload["access"]) == (["test", "--select", "gold"], TARGET, "write")


def test_without_a_trace_nothing_is_started(world: World) -> None:
    preview = world.runs.preview(TEST_GOLD)
    world.journal.error = Unavailable("The journal cannot be written", "disk full")
    with pytest.raises(Unavailable):
        world.runs.start(preview)
    assert world.launcher.started == []


def test_a_start_that_fails_is_told_in_the_journal_too(world: World) -> None:
    world.launcher.on_start = Refused("Held", "by another console since")
    with pytest.raises(Refused, match="Held"):
        world.runs.start(world.runs.preview(TEST_GOLD))
    assert world.journal.kinds() == ["run.start", "run.not_started"]
    assert "by another console" in world.journal.entries[1][2]["reason"]


def test_a_preview_does_not_hold_for_ever(world: World) -> None:
    preview = world.runs.preview(TEST_GOLD)
    world.clock.now = NOW + PREVIEW_HOLDS + timedelta(seconds=1)
    assert "30 minutes" in world.refused(preview).message
    world.clock.now = NOW - PREVIEW_HOLDS - timedelta(seconds=1)
    assert "30 minutes" in world.refused(preview).message
    world.clock.now = NOW + PREVIEW_HOLDS
    world.runs.start(preview)


def test_a_project_that_changed_since_is_refused(world: World) -> None:
    preview = world.runs.preview(TEST_GOLD)
    world.launcher.print = "edited"
    assert "changed" in world.refused(preview).message


def test_a_lease_taken_since_is_refused_and_its_holder_named(world: World) -> None:
    preview = world.runs.preview(TEST_GOLD)
    world.launcher.the_holder = HOLDER
    error = world.refused(preview)
    assert "bo@ops2 (from 10.0.0.9) runs dbt build" in error.message
    assert "r-held" in error.next_step
    assert world.runs.preview(TEST_GOLD).holder == HOLDER


def test_the_target_is_quiet_once_dbt_itself_has_ended(world: World) -> None:
    """Its keeper holds the lease on, while it keeps the failing rows."""
    world.runs.require_quiet()
    going, over = (
        past_run(run_id, TEST_GOLD, ended=run_id == "over", exit_code=1, alive=True) for run_id in ("on", "over")
    )
    for run in (going, over):
        world.shelf.add(run)
    for run_id, quiet in (("on", False), ("over", True), ("r-unknown", False)):
        world.launcher.the_holder = replace(HOLDER, run_id=run_id)
        if quiet:
            world.runs.require_quiet()
        else:
            with pytest.raises(Refused, match="bo@ops2"):
                world.runs.require_quiet()


def test_nothing_selected_is_refused_in_the_preview_and_at_the_start(world: World) -> None:
    preview = world.runs.preview(DbtCommand("test", ("typo",)))
    assert "selects no node" in preview.refusal
    assert "selects no node" in world.refused(preview).message
    assert "selects no node" in world.refused(replace(preview, refusal="")).message


def test_clean_is_refused_while_anything_runs_on_the_project(world: World) -> None:
    preview = world.runs.preview(DbtCommand("clean"))
    assert preview.confirmation == "target"
    world.launcher.others = (HOLDER,)
    assert "deletes files" in world.refused(preview, "target").message


def test_a_preview_of_another_place_is_refused(world: World) -> None:
    preview = world.runs.preview(TEST_GOLD)
    assert "prod" in world.refused(replace(preview, target="prod"), TARGET).message
    assert "/other" in world.refused(replace(preview, project_dir="/other")).message


def test_a_confirmation_is_compared_with_what_the_rules_ask_and_not_with_what_the_preview_says() -> None:
    world = World(target="prod")
    preview = world.runs.preview(BUILD)
    assert preview.confirmation == "prod"
    for typed in ("", "yes", "PROD", "prod "[:3]):
        assert "prod" in world.refused(preview, typed).next_step
    world.refused(replace(preview, confirmation=""), "")
    world.runs.start(preview, " prod ")


@pytest.mark.covers("Weekly 2")
def test_a_full_refresh_leaves_history_out_and_asks_dbt_again(world: World) -> None:
    preview = world.runs.preview(DbtCommand("run", full_refresh=True))
    assert preview.excluded == ("br_a_scd2",)
    assert preview.command.exclude == ("br_a_scd2",)
    assert "--exclude" in preview.argv
    assert HISTORY not in {item.unique_id for item in preview.nodes}
    assert preview.confirmation == f"{TARGET} 1 table"
    assert world.launcher.listed[-1] == preview.command
    world.refused(preview, TARGET)
    world.runs.start(preview, f"{TARGET} 1 table")
    assert world.journal.entries[0][2]["typed"] == f"{TARGET} 1 table"


def test_history_that_is_named_is_rebuilt_and_said_to_be_lost(world: World) -> None:
    preview = world.runs.preview(DbtCommand("run", ("br_a_scd2",), full_refresh=True))
    assert preview.excluded == ()
    assert any("LOST" in said for said in preview.warnings)


def test_history_that_dbt_would_not_leave_out_is_refused(world: World) -> None:
    world.launcher.select = lambda command: tuple(NODES.values())
    with pytest.raises(Refused, match="History"):
        world.runs.preview(DbtCommand("run", full_refresh=True))


def test_in_read_only_mode_only_reading_commands_are_there_and_can_be_started() -> None:
    world = World(read_only_reason="--read-only")
    assert {command.access for command in world.runs.commands()} == {Access.READ}
    assert len(World().runs.commands()) > len(world.runs.commands())
    preview = world.runs.preview(BUILD)
    assert "--read-only" in preview.refusal
    assert "--read-only" in world.refused(replace(preview, refusal="")).message
    assert world.runs.start(world.runs.preview(DbtCommand("compile"))).run_id
    world.shelf.add(past_run("r", BUILD, ended=False, alive=True))
    with pytest.raises(Refused, match="--read-only"):
        world.runs.cancel("r")
    assert world.launcher.asked == []


def test_what_is_typed_is_parsed_and_completed(world: World) -> None:
    assert world.runs.parse(("test", "-s", "gold")) == TEST_GOLD
    with pytest.raises(UsageError):
        world.runs.parse(("tset",))
    assert world.runs.completions("go") == ("gold",)
    assert world.runs.completions("+f") == ("+fct",)
    assert world.runs.completions("gold,2+f") == ("gold,2+fct",)
    assert world.runs.completions("", limit=2) == ("br_a_scd2", "fct")
    assert "tag:" in world.runs.completions("ta")
    assert world.runs.completions("no such") == ()


def test_a_cancel_is_asked_and_not_yet_confirmed_and_stands_in_the_journal(world: World) -> None:
    world.shelf.add(past_run("r", BUILD, ended=False, alive=True))
    assert world.runs.cancel("r").state is RunState.CANCELLING
    assert world.journal.kinds() == ["run.cancel"]
    world.shelf.add(past_run("over", BUILD, exit_code=0))
    with pytest.raises(Refused, match="ended"):
        world.runs.cancel("over")
    world.shelf.add(past_run("cron", BUILD, ended=False, foreign=True))
    with pytest.raises(Refused, match="not started here"):
        world.runs.cancel("cron")


def test_a_full_disk_does_not_keep_a_run_from_being_stopped(world: World) -> None:
    world.shelf.add(past_run("r", BUILD, ended=False, alive=True))
    world.journal.error = Unavailable("The journal cannot be written", "disk full")
    world.runs.cancel("r")
    assert world.launcher.asked == ["r"]


def test_what_may_still_run_in_the_warehouse_is_named(world: World) -> None:
    at_work = progress((MODEL, "running"), (TEST, "pass"), (HISTORY, "cancelled"), (GRAVE, "waiting"))
    world.shelf.add(past_run("killed", BUILD, signal=9), progress=at_work)
    world.shelf.add(past_run("lost", BUILD, ended=False), progress=at_work)
    world.shelf.add(past_run("stopped", BUILD, exit_code=2, cancelled=True), progress=progress((MODEL, "cancelled")))
    world.shelf.add(past_run("going", BUILD, ended=False, alive=True), progress=at_work)
    said = world.runs.may_still_run("killed")
    assert "signal 9" in said and "fct" in said and "br_a_scd2" not in said
    assert "left no end" in world.runs.may_still_run("lost")
    assert world.runs.may_still_run("stopped") == world.runs.may_still_run("going") == ""


def test_a_look_is_the_run_its_progress_and_what_is_left(world: World) -> None:
    world.shelf.add(past_run("r", BUILD, ended=False, alive=True), progress=progress((MODEL, "running")))
    look = world.runs.look("r", world.runs.watch("r"))
    assert (look.run.run_id, look.progress.nodes[0].unique_id, look.remaining_s) == ("r", MODEL, None)


def test_a_retry_names_exactly_what_did_not_succeed(world: World) -> None:
    command = DbtCommand("build", ("gold",), extra=("--threads", "2"))
    everything = f"{MODEL} {TEST} {GRAVE}"
    world.shelf.add(
        past_run("r", command, exit_code=1, selected=everything),
        results("build", (MODEL, "success"), (TEST, "pass"), (GRAVE, "fail")),
    )
    preview = world.runs.retry("r")
    assert preview.command == DbtCommand("build", ("grave",), extra=("--threads", "2", *EXACTLY))
    assert [item.unique_id for item in preview.nodes] == [GRAVE]
    assert (preview.retry_of, preview.refusal) == ("r", "")


def test_a_retry_of_everything_is_the_same_command(world: World) -> None:
    world.shelf.add(past_run("r", TEST_GOLD, exit_code=2, selected=" ".join(NODES)))
    assert world.runs.retry("r").command == TEST_GOLD


def test_after_an_interrupt_the_retry_is_rebuilt_from_the_events(world: World) -> None:
    """dbt's own retry says "Nothing to do" here."""
    world.shelf.add(
        past_run("r", BUILD, exit_code=2, cancelled=True, selected=" ".join(NODES)),
        results("build", (MODEL, "success")),
        progress((MODEL, "success"), (HISTORY, "cancelled")),
    )
    assert set(world.runs.retry("r").command.select) == {"br_a_scd2", "unique_fct", "grave"}


def test_a_retry_of_another_target_is_refused_and_says_which(world: World) -> None:
    world.shelf.add(past_run("r", BUILD, exit_code=1, target="prod"), results("build", (MODEL, "error")))
    with pytest.raises(Refused) as caught:
        world.runs.retry("r")
    assert "--target prod" in caught.value.next_step


def test_nothing_is_retried_of_what_succeeded_or_has_not_ended(world: World) -> None:
    world.shelf.add(past_run("good", BUILD, exit_code=0, selected=MODEL), results("build", (MODEL, "success")))
    world.shelf.add(past_run("checked", DbtCommand("debug"), exit_code=0))
    for run_id in ("good", "checked"):
        with pytest.raises(NothingToRetry):
            world.runs.retry(run_id)
    world.shelf.add(past_run("going", BUILD, ended=False, alive=True))
    with pytest.raises(Refused, match="no end"):
        world.runs.retry("going")


def test_a_command_without_nodes_is_retried_as_it_was(world: World) -> None:
    world.shelf.add(past_run("r", DbtCommand("deps"), exit_code=2))
    assert world.runs.retry("r").command == DbtCommand("deps")


def test_a_retry_for_which_dbt_would_select_more_is_refused(world: World) -> None:
    world.shelf.add(
        past_run("r", BUILD, exit_code=1, selected=f"{MODEL} {TEST}"),
        results("build", (MODEL, "error"), (TEST, "pass")),
    )
    world.launcher.select = lambda command: (NODES[MODEL], NODES[TEST])
    assert TEST in world.runs.retry("r").refusal


def test_a_retry_tells_what_the_project_no_longer_has(world: World) -> None:
    gone = "model.gcms.gone"
    world.shelf.add(
        past_run("r", BUILD, exit_code=1, selected=f"{MODEL} {TEST} {gone}"),
        results("build", (MODEL, "error"), (TEST, "pass"), (gone, "error")),
    )
    assert any(gone in said for said in world.runs.retry("r").warnings)
    world.shelf.add(
        past_run("all", BUILD, exit_code=1, selected=f"{MODEL} {gone}"),
        results("build", (MODEL, "success"), (gone, "error")),
    )
    with pytest.raises(Refused, match=gone):
        world.runs.retry("all")


def test_a_retried_full_refresh_still_leaves_history_out(world: World) -> None:
    """The retry names the model; the person never did."""
    world.shelf.add(
        past_run(
            "r", DbtCommand("run", ("gold",), full_refresh=True), exit_code=1, selected=f"{MODEL} {HISTORY} {TEST}"
        ),
        results("run", (MODEL, "error"), (HISTORY, "error"), (TEST, "pass")),
    )
    preview = world.runs.retry("r")
    assert preview.excluded == ("br_a_scd2",)
    assert [item.unique_id for item in preview.nodes] == [MODEL]
    assert preview.confirmation == f"{TARGET} 1 table"


def test_only_failed_tests_compares_with_the_newest_test_run_of_this_target(world: World) -> None:
    world.shelf.add(past_run("old", TEST_GOLD, exit_code=0, hours_ago=5), results("test", (TEST, "pass")))
    world.shelf.add(past_run("tested", TEST_GOLD, exit_code=1, hours_ago=3), results("test", (GRAVE, "fail")))
    world.shelf.add(past_run("docs", DbtCommand("docs generate"), exit_code=0), results("generate", (GRAVE, "success")))
    world.shelf.add(past_run("prod", TEST_GOLD, exit_code=0, target="prod"), results("test", (GRAVE, "pass")))
    world.shelf.add(past_run("broken", TEST_GOLD, exit_code=2))
    preview = world.runs.only_failed_tests()
    assert preview.command == DbtCommand("test", ("result:fail", "result:error"), state_of="tested")
    assert [item.unique_id for item in preview.nodes] == [GRAVE]
    assert world.runs.preview(world.runs.parse(("test", "-s", "result:fail"))).command.state_of == "tested"


def test_only_failed_tests_is_refused_where_none_failed_or_none_ran(world: World) -> None:
    with pytest.raises(Refused, match="No test run"):
        world.runs.only_failed_tests()
    world.shelf.add(past_run("tested", TEST_GOLD, exit_code=0), results("test", NodeResult(GRAVE, "pass")))
    with pytest.raises(Refused, match="nothing failed"):
        world.runs.only_failed_tests()


def test_what_dbt_cannot_select_is_an_error_and_no_preview(world: World) -> None:
    def broken(command: DbtCommand) -> tuple[SelectedNode, ...]:
        raise UsageError("dbt cannot say what it would run", "Compilation Error")

    world.launcher.select = broken
    with pytest.raises(GcmsError, match="Compilation"):
        world.runs.preview(BUILD)
