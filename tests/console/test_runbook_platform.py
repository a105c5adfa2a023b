"""What the runbook does with dbt, Airbyte and backups: shown first, confirmed, watched, and told how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.glyphs import UNICODE
from gcms_tui.console.run_preview import PreviewDialog
from gcms_tui.console.runbook import walking
from gcms_tui.console.runbook.backups import BackupsScreen
from gcms_tui.console.runbook.pipeline import PipelineScreen
from gcms_tui.console.runbook.told import ToldList, ToldRow
from gcms_tui.console.theme import CALM, Look
from gcms_tui.console.writing.plan_page import plan_text
from gcms_tui.core.backups.backup_set import BackupSet, Cloned
from gcms_tui.core.backups.counts import RowCount
from gcms_tui.core.backups.made import Backup, Standing
from gcms_tui.core.backups.restore import Way
from gcms_tui.core.conclusion import Conclusion
from gcms_tui.core.errors import Refused
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.backups.counting import Counts
from gcms_tui.operations.backups.listing import Listing
from gcms_tui.operations.pipeline.desk import PipelineDesk
from gcms_tui.operations.pipeline.status import ConnectionStatus, PipelineReport
from gcms_tui.operations.pipeline.syncing import SyncLooks
from tests.console.driving import drawn, shows, until
from tests.console.small_runbook import READ_ONLY, SmallRunbook, at_rest, opened_procedure, runbook_pane
from tests.console.small_runbook import small as small
from tests.operations.backups.scene import Console as TableStore
from tests.operations.memory import NOW
from tests.operations.pipeline.memory_airbyte import PAYROLL, REFERENCE
from tests.operations.pipeline.test_syncing import Scene as Syncing
from tests.operations.run_memory import progress

LARGE = (140, 40)


@pytest.fixture(autouse=True)
def a_short_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "LOOK_S", 0.01)


@dataclass
class SmallPipeline:
    """Airbyte in memory; what it says of Supabase and the tables is left out."""

    directory: Path
    read_only: bool = False

    def __post_init__(self) -> None:
        self.scene = Syncing(self.directory)

    def status(self) -> PipelineReport:
        well = Conclusion(Verdict.OK, "it answers")
        failed = Conclusion(Verdict.FAIL, "job 11 failed", next_step="Sync it, then build.")
        airbyte = self.scene.airbyte
        return PipelineReport(
            "prod", NOW, well, well,
            (ConnectionStatus(REFERENCE, airbyte.jobs("c-1"), failed), ConnectionStatus(PAYROLL, (), well)),
            (), (),
        )  # fmt: skip

    def desk(self) -> PipelineDesk:
        pipeline: Any = self
        looks = SyncLooks(self.scene.airbyte, pause=lambda _: self.scene.airbyte.turn(12, "succeeded"))
        syncs, why = (None, READ_ONLY) if self.read_only else (self.scene.syncs(), "")
        return PipelineDesk(pipeline, looks, syncs, why)


@dataclass
class SmallBackups:
    """One set, one clone of it, and a count that lost rows."""

    refusal: Refused | None = None
    recorded: list[Counts] = field(default_factory=list)

    def desk(self, *, read_only: bool = False) -> Any:
        cloned = Cloned("GOLD.FACT", "GOLD_BACKUP.FACT_W1", 20, "permanent", "w-1")
        of = BackupSet("w20260301-3fa9c1", "prod", NOW, "ana", "ops-1", ("GOLD.FACT",), "", (cloned,), NOW)
        clone = Backup("GOLD_BACKUP.FACT_W1", "GOLD.FACT", Standing.THERE, "permanent", 20, NOW, "ana@ops-1")
        gone = replace(clone, clone="GOLD_BACKUP.FACT_W0", standing=Standing.GONE)
        counts = Counts(of.run_id, NOW, (RowCount("GOLD.FACT", 20, 12).judged(10.0),))
        return SimpleNamespace(
            book=SimpleNamespace(sets=lambda: (of,)),
            listing=SimpleNamespace(read=lambda: Listing((clone, gone))),
            counts=SimpleNamespace(after=lambda: counts, record=self.recorded.append),
            bench=None if read_only else SimpleNamespace(restoring=self),
            read_only_reason=READ_ONLY if read_only else "",
            required_bench=lambda: SimpleNamespace(restoring=self),
        )

    def plan(self, table: str, backup: str) -> Any:
        assert (table, backup) == ("GOLD.FACT", "GOLD_BACKUP.FACT_W1")
        assert self.refusal is not None
        raise self.refusal


async def test_a_dbt_run_is_previewed_followed_and_judged(small: SmallRunbook, monkeypatch: pytest.MonkeyPatch) -> None:
    scene, run_id = small.procedures, small.opened("daily")
    watch = SimpleNamespace(look=progress, close=lambda: None)
    monkeypatch.setattr(type(scene.shelf), "watch", lambda self, run_id: watch, raising=False)
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened_procedure(pilot, "daily")
        screen.steps.cursor = "test-gold"
        await pilot.press("enter")
        await shows(pilot, "Tab, then Enter, starts exactly this.")
        assert isinstance(app.screen, PreviewDialog) and small.run(run_id).begun == {}
        assert "test --select gold" in drawn(app)
        await until(pilot, lambda: app.screen.armed, "keys that count")  # type: ignore[attr-defined]
        await pilot.press("tab", "enter")
        await until(pilot, lambda: screen.following is not None, "the run")
        (dbt,) = scene.shelf.runs()
        assert small.run(run_id).begun["test-gold"].dbt_run == dbt.run_id
        scene.end(dbt, status="fail")
        await until(pilot, lambda: "test-gold" in small.run(run_id).did, "the judgement")
        await at_rest(pilot, screen)
        did = small.run(run_id).did["test-gold"]
        assert did.verdict is Verdict.FAIL and did.ids["run"] == dbt.run_id and "✗ FAILED" in drawn(app)


async def test_a_connection_is_synced_by_its_name_and_watched_to_its_end(small: SmallRunbook, tmp_path: Path) -> None:
    pipeline = SmallPipeline(tmp_path)
    app = ConsoleApp(replace(small.services(), open_pipeline=pipeline.desk))
    async with app.run_test(size=LARGE) as pilot:
        await runbook_pane(pilot)
        await pilot.press("s")
        await shows(pilot, "Supabase: reference")
        screen = app.screen
        assert isinstance(screen, PipelineScreen) and "✗ FAIL" in drawn(app)
        assert screen.refusal("sync") == "no connection is focused"
        screen.rows.cursor = "connection c-1"
        await pilot.pause()
        assert "job 11 failed" in drawn(app) and "Sync it, then build." in drawn(app)
        await pilot.press("s")
        await shows(pilot, "type  Supabase: reference  to confirm")
        assert pipeline.scene.sent == 0
        await pilot.press("tab", *"Supabase: reference", "enter", *"stale", "enter", "enter")
        await shows(pilot, "STARTED")
        assert pipeline.scene.sent == 1
        await pilot.press("escape")
        await shows(pilot, "job 12 succeeded: build it in pane 2")


async def test_read_only_neither_syncs_nor_restores(tmp_path: Path) -> None:
    small, pipeline, backups = SmallRunbook(tmp_path, read_only=True), SmallPipeline(tmp_path, True), SmallBackups()
    app = ConsoleApp(
        replace(small.services(), open_pipeline=pipeline.desk, open_backups=lambda: backups.desk(read_only=True))
    )
    async with app.run_test(size=LARGE) as pilot:
        await runbook_pane(pilot)
        for key, words, action in (("s", "Supabase: payroll", "sync"), ("b", "FACT_W1", "restore")):
            await pilot.press(key)
            await shows(pilot, words)
            screen = app.screen
            assert isinstance(screen, PipelineScreen | BackupsScreen)
            assert screen.refusal(action) == f"read-only: {READ_ONLY}" and screen.pointless(action)
            await pilot.press("escape")


async def test_backups_are_told_counted_and_restored_only_by_their_plan(small: SmallRunbook) -> None:
    backups = SmallBackups(Refused("The backup is empty", "It holds no row.", "Take another.", guard="empty_backup"))
    app = ConsoleApp(replace(small.services(), open_backups=backups.desk))
    async with app.run_test(size=LARGE) as pilot:
        await runbook_pane(pilot)
        await pilot.press("b")
        await shows(pilot, "GOLD_BACKUP.FACT_W1")
        assert "w20260301-3fa9c1" in drawn(app) and "gone, 20 rows" in drawn(app) and backups.recorded == []
        await pilot.press("n")
        await shows(pilot, "-8 (-40.0 %)")
        assert len(backups.recorded) == 1
        screen = app.screen
        assert isinstance(screen, BackupsScreen)
        assert screen.rows.cursor == "count GOLD.FACT" and screen.pointless("restore"), "it is gone to what was counted"
        screen.rows.cursor = "backup GOLD_BACKUP.FACT_W1"
        await pilot.press("w")
        await shows(pilot, "REFUSED by the guard empty_backup")
        assert app.screen.act.disabled  # type: ignore[attr-defined]


@pytest.mark.parametrize("way", [Way.INSERT, Way.SWAP])
def test_a_restore_is_told_as_what_it_is_and_promises_no_rollback_where_there_is_none(way: Way) -> None:
    plan = TableStore().spoilt(way)
    said = plan_text(plan, Look(CALM, UNICODE), plan.made_at)
    assert "changes     the whole table" in said and plan.source in said and "of the key's" not in said
    assert "row by row" in said and "Undo" not in said
    assert ("ROLLBACK" in said) is (way is Way.INSERT)
    assert ("nothing can be rolled back" in said) is (way is Way.SWAP)


@pytest.mark.parametrize("width", [80, 110, 40])
def test_two_backups_of_one_table_can_be_told_apart_at_any_width(width: int) -> None:
    names = [f"bronze_backup.br_attendance_scd2_before_restore_20261127_13{minute}_777ca7" for minute in (41, 45)]
    told = ToldList(Look(CALM, UNICODE))
    lines = [told.draw(ToldRow(name, name=name, words="there"), width, current=False) for name in names]
    assert lines[0].plain != lines[1].plain and all(line.cell_len <= width for line in lines)
