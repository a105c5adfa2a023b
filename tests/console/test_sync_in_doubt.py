"""A sync that Airbyte was asked for and has not answered is beside the writes in doubt, wherever those are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from gcms_tui.adapters.airbyte import AbsentAirbyte
from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.journal.doubt_dialog import DoubtDialog
from gcms_tui.console.journal.pane import JournalPane
from gcms_tui.console.ways import by_key
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.pipeline.syncs import ASKED, SETTLED
from gcms_tui.operations.pipeline.asked import AskedSyncs
from gcms_tui.operations.pipeline.ports import Airbyte
from gcms_tui.operations.writing.doubts import Doubts
from tests.console.driving import drawn, settled, until
from tests.console.small_platform import services
from tests.console.small_writing import SmallWriting, small_writing
from tests.operations.memory import MemoryWarehouse, ShippedQueries
from tests.operations.pipeline.memory_airbyte import REFERENCE, MemoryAirbyte

SIZE = (80, 24)


def console(state: Path, small: SmallWriting, airbyte: Airbyte, *, read_only: bool = False) -> ConsoleApp:
    said = {"target": "sandbox", "connection": "c-1", "name": REFERENCE.name, "where": airbyte.where, "before": 11}
    small.book.append(ASKED, "sync-1", {**said, "reason": "stale since Tuesday"})
    doubts = Doubts(
        "sandbox",
        journal=small.book,
        plans=small.plans,
        leases=small.leases,
        warehouse=MemoryWarehouse(),
        queries=ShippedQueries(),
        syncs=AskedSyncs(airbyte, small.book, small.clock),
        read_only_reason="gcms.toml does not allow writing" if read_only else "",
    )
    desk = replace(small.desk, doubts=doubts)
    return ConsoleApp(services(state, read_only=read_only, clock=small.clock, runs=small.dbt.desk, scd2=desk))


async def looked(pilot: Pilot[Any]) -> DoubtDialog:
    """By way of the journal pane, until what was seen is told."""
    await settled(pilot)
    await pilot.press("6")
    await until(pilot, lambda: isinstance(pilot.app.screen, JournalPane), "the pane")
    pane = pilot.app.screen
    assert isinstance(pane, JournalPane)
    await until(pilot, lambda: pane.focused_doubt, "the doubt")
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, DoubtDialog), "the dialog")
    dialog = pilot.app.screen
    assert isinstance(dialog, DoubtDialog)
    await until(pilot, lambda: (dialog.found or dialog.error) and dialog.armed, "what was seen")
    return dialog


async def test_it_is_told_first_looked_at_and_settled(state: Path, tmp_path: Path) -> None:
    small, airbyte = small_writing(tmp_path), MemoryAirbyte()
    app = console(state, small, airbyte)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "IN DOUBT 1 → 6" in drawn(app), "the word in the bar")
        assert f"IN DOUBT sync of {REFERENCE.name}, begun by anna@ops-1" in drawn(app)
        assert airbyte.calls == [], "the store is asked, and not Airbyte"
        dialog = await looked(pilot)
        seen = drawn(app)
        assert "STILL UNDER WAY" in seen and "too early to tell: until " in seen and "Look again at " in seen
        assert dialog.act.disabled
        airbyte.begin()
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, JournalPane), "the way out")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, DoubtDialog) and app.screen is not dialog, "another look")
        again = app.screen
        assert isinstance(again, DoubtDialog)
        await until(pilot, lambda: again.found and again.armed, "what was seen")
        assert "✓ APPLIED" in drawn(app) and "job 12 is pending: the first of the connection" in drawn(app)
        assert by_key("Watch it: gcms-tui pipeline watch 12") in drawn(app)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: not app.doubts and "IN DOUBT" not in drawn(app), "it to be settled")
        assert "started: job 12" in drawn(app)
    assert [entry.kind for entry in small.book.kept] == [ASKED, SETTLED]


async def test_read_only_it_is_shown_and_without_an_airbyte_it_is_said_whom_to_ask(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path, read_only=True)
    none = AbsentAirbyte(ConfigError("No Airbyte", "gcms.toml names none.", "Name base_url."))
    app = console(state, small, none, read_only=True)
    async with app.run_test(size=SIZE) as pilot:
        dialog = await looked(pilot)
        told = " ".join(line.plain.strip() for line in dialog.page(70))
        assert "It was asked of Airbyte at nowhere, by anna@ops-1" in told and "Or ask anna@ops-1, or look at" in told
        assert dialog.act.disabled
    assert [entry.kind for entry in small.book.kept] == [ASKED]
