"""One picture of each page about writing. `pytest --snapshot-update` takes them anew; look at each of them first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.writing.plan_dialog import PlanDialog
from gcms_tui.core.errors import Refused
from gcms_tui.core.writing.plan import Plan
from gcms_tui.core.writing.plan_json import row_document
from tests.console.driving import comes_to_rest, settled, until
from tests.console.small_platform import services
from tests.console.small_writing import KEY, TABLE, SmallWriting, repair, small_writing
from tests.console.test_journal_pane import journal

STATE = Path("state-is-never-written")
SMALL, LARGE = (80, 24), (140, 40)
Steps = Callable[[Pilot[Any], SmallWriting], Awaitable[None]]
Compare = Callable[..., bool]


def refuse() -> Plan:
    raise Refused(
        "A loser begins after the winner",
        "9f31c0aa41d2 begins 2026-02-16 and would stay current, but 1b7e55d09c3f (2026-02-20) begins later: closing "
        "what follows would leave a hole.",
        "Keep that one instead, or declare it superseded, never valid.",
        guard="begins_after_winner",
    )


def showing(make: Callable[[], Plan]) -> Steps:
    async def steps(pilot: Pilot[Any], small: SmallWriting) -> None:
        app = pilot.app
        assert isinstance(app, ConsoleApp)
        await settled(pilot)
        dialog = PlanDialog(app.services, app.look, small.desk, make)
        app.push_screen(dialog)
        await until(pilot, lambda: (dialog.made or dialog.error) and dialog.armed, "the plan")

    return steps


async def the_journal(pilot: Pilot[Any], small: SmallWriting) -> None:
    app = pilot.app
    assert isinstance(app, ConsoleApp)
    await settled(pilot)
    await comes_to_rest(pilot, lambda: not app._doubts.busy, "the look at what is in doubt")
    plan = repair()
    for write_id, applied in (("20260302-113000-0a1b2c", True), ("20260302-114500-3d4e5f", False)):
        intent = {
            "query_tag": "gcms-tui write",
            "plan": plan.plan_id,
            "kind": plan.kind.value,
            "target": plan.target,
            "table": TABLE,
            "key": KEY,
            "reason": "late webhook of concert 27",
            "statements": [step.statement.sql for step in plan.steps],
            "session": {"user": "anna", "role": "GCMS_REPAIR", "id": "4711"},
            "before": [row_document(row) for row in plan.before],
            "after": [row_document(row) for row in plan.after],
        }
        small.book.append("write.intent", write_id, intent)
        if applied:
            small.book.append("write.outcome", write_id, {"outcome": "applied", "rows": 1})
            key, tests = (
                {"verdict": "OK", "words": "1 current version of 2"},
                {"verdict": "OK", "words": "5 tests passed"},
            )
            small.book.append("scd2.verified", write_id, {"key": key, "tests": tests})
    small.book.append("run.start", "20260302-115800-beef", {"words": ["build"], "target": "sandbox"})
    await journal(pilot)


CASES: dict[str, tuple[Steps, tuple[int, int], dict[str, Any]]] = {
    "plan": (showing(lambda: repair(target="prod")), SMALL, {"target": "prod", "sandbox": False}),
    "plan_wide": (showing(repair), LARGE, {}),
    "refusal": (showing(refuse), SMALL, {}),
    "journal": (the_journal, SMALL, {"ascii": True}),
    "journal_wide": (the_journal, LARGE, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_picture(snap_compare: Compare, case: str) -> None:
    steps, size, changes = CASES[case]
    small = small_writing(STATE, target=changes.get("target", "sandbox"))
    given = {"clock": small.clock, "runs": small.dbt.desk, "scd2": small.desk, "read_only": False, **changes}

    async def driven(pilot: Pilot[Any]) -> None:
        await steps(pilot, small)

    assert snap_compare(ConsoleApp(services(STATE, **given)), terminal_size=size, run_before=driven)
