"""Running the gold tests before the morning check looks at them."""

from __future__ import annotations

import shlex

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.output import tell
from gcms_tui.cli.run_stream import looks
from gcms_tui.cli.wiring import open_run_desk, read_only, target_name
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import Refused
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.settings import Settings
from gcms_tui.core.text import printable
from gcms_tui.operations.run_desk import RunDesk

GOLD_TESTS = ("test", "--select", "gold")


def run_gold_tests(settings: Settings, invocation: Invocation) -> None:
    """`dbt test --select gold` as a run of its own, to its end; what it found is for the check to say.

    Raises `Refused` where it may not be started, and other `GcmsError` where it cannot.
    """
    allowed = read_only(settings, invocation, target_name(settings))
    if allowed.on:
        raise Refused(
            "Read-only",
            f"Tests store their failing rows, and nothing can be written here: {allowed.reason}.",
            "Leave out --run-tests, or look from where writing is allowed.",
        )
    with open_run_desk(settings, invocation) as desk:
        preview = desk.runs.preview(desk.runs.parse(GOLD_TESTS))
        if preview.refusal:
            raise Refused("The tests cannot be run", preview.refusal, preview.next_step)
        for warning in preview.warnings:
            tell(f"gcms-tui: {printable(warning)}")
        if preview.confirmation:
            raise Refused(
                "It wants to be confirmed",
                f"On target {preview.target} this has to be typed: {preview.confirmation}",
                f"gcms-tui runs start --confirm {shlex.quote(preview.confirmation)} -- test --select gold",
            )
        run = desk.runs.start(preview)
        tell(f"gcms-tui: {run.run_id}: dbt test --select gold, {counted(len(preview.nodes), 'node')}")
        _wait(desk, run)


def _wait(desk: RunDesk, run: Run) -> None:
    """To its end. Interrupted, it leaves the run alone: that goes on."""
    told: set[str] = set()
    try:
        for look in looks(desk.runs, run.run_id):
            for node in look.progress.finished:
                if node.unique_id not in told:
                    told.add(node.unique_id)
                    total = look.progress.total or "?"
                    tell(f"gcms-tui: {len(told)} of {total}: {printable(node.name)} {printable(node.status)}")
    except KeyboardInterrupt:
        tell(f"gcms-tui: the tests go on; watch them with: gcms-tui runs attach {run.run_id}")
        raise
    if look.run.state not in (RunState.SUCCEEDED, RunState.FAILED):
        why = f": {printable(look.progress.error)}" if look.progress.error else ""
        tell(f"gcms-tui: {run.run_id}: {look.run.state.value}{why}")
    if look.note:
        tell(f"gcms-tui: {printable(look.note)}")
