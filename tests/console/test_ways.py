"""What a refusal names as the next step is told as a key, for each command that one of them may name."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcms_tui.console.ways import by_key, here
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.payroll import gates
from gcms_tui.core.payroll.steps import STEPS, Step
from tests.operations.payroll.scene import Scene

RUN = "pay-20260301-090007-0a1b2c"


@pytest.mark.parametrize(
    "said, told",
    [
        (
            f"Run the tests again: gcms-tui payroll step {RUN} tests",
            "Run the tests again: Enter on 3 Run critical tests",
        ),
        (f"Finish it: gcms-tui payroll release {RUN}. Or not.", "Finish it: Enter on 6 Sign-off. Or not."),
        (f"gcms-tui payroll spot-check {RUN} --row 'a b' --ok", "Space on it, in 4 Manual spot check"),
        (f"gcms-tui payroll archive {RUN} --suffix b_2", "Enter on 8 Archive payroll snapshot, with the suffix b_2"),
        ("Lifted first: gcms-tui payroll lift.", "Lifted first: h, then l."),
        ("Settled first: gcms-tui journal doubts --settle.", "Settled first: pane 6, Enter on it."),
        ("Mend it (gcms-tui doctor).", "Mend it (gcms-tui doctor)."),
    ],
)
def test_a_command_is_told_as_a_key(said: str, told: str) -> None:
    assert by_key(said) == told


def test_the_guard_stays() -> None:
    told = here(Refused("No", "Because.", f"gcms-tui payroll show {RUN}", guard="ended"))
    assert isinstance(told, Refused) and told.guard == "ended"
    assert told.next_step == "Enter on its concert, in pane 4"
    assert not isinstance(here(GcmsError("No", "Because.")), Refused)


@pytest.mark.parametrize("step", STEPS[:-1])
def test_the_way_to_each_closed_gate_is_a_key(tmp_path: Path, step: Step) -> None:
    scene = Scene(tmp_path)
    told = here(Refused("A gate is closed", "It is open.", f"gcms-tui payroll {gates._command(scene.opened(), step)}"))
    assert told.next_step == f"Enter on {step.number} {step.named}"
