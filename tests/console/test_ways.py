"""What a refusal names as the next step is told as a key, for each command that one of them may name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gcms_tui
from gcms_tui.console.ways import by_key, here
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.payroll import gates
from gcms_tui.core.payroll.steps import STEPS, Step
from tests.operations.payroll.scene import Scene

RUN = "pay-20260301-090007-0a1b2c"
PACKAGE = Path(gcms_tui.__file__).parent
WITHOUT_A_KEY = {"runbook docs", "scd2 plans"}


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
        (
            "Go on: gcms-tui runbook resume proc-1-a; or close it: gcms-tui runbook close proc-1-a --abandon REASON",
            "Go on: Enter on it, in pane 5; or close it: x among its steps",
        ),
        ("Do it: gcms-tui runbook step proc-1-a counts-before", "Do it: Enter on its step counts-before, in pane 5"),
        ("gcms-tui runbook step daily STEP.", "Enter on one of its steps, in pane 5."),
        ("gcms-tui runbook start slow-model --about MODEL", "o on Slow model performance, in pane 5"),
        ("gcms-tui runbook start NAME", "o on it, in pane 5"),
        (
            "Begin another set: gcms-tui backup create --new",
            "Begin another set: step 1 of Full model refresh, in pane 5",
        ),
        (
            "gcms-tui backup restore gold.fct --from gold_backup.fct_w1 --by clone",
            "5, b, then w on a backup of gold.fct",
        ),
        ("Show it again: gcms-tui backup restore gold.fct …", "Show it again: 5, b, then w on a backup of gold.fct"),
        ("gcms-tui backup list names what there is.", "pane 5, then b names what there is."),
        ("Sync again: gcms-tui pipeline sync.", "Sync again: 5, s, then s on it."),
        ("gcms-tui pipeline sync 'a b: c'", "5, s, then s on 'a b: c'"),
        ("Watch it: gcms-tui pipeline watch 4107", "Watch it: 5, s, then r tells of job 4107"),
        ('Add to it: gcms-tui incident note inc-1-a "…"', "Add to it: 5, i, then n on inc-1-a"),
        ("gcms-tui incident hand-over inc-1-a LOGIN", "5, i, then h on inc-1-a"),
        ("gcms-tui incident notice inc-1-a --send", "5, i, then d on inc-1-a"),
        ("gcms-tui incident open --follows inc-1-a", "5, i, then o, and name inc-1-a in it"),
        ('By hand: gcms-tui incident open --title "…"', "By hand: 5, i, then o"),
        ("gcms-tui incident list --all", "pane 5, then i"),
        ('gcms-tui payroll lift hold-1-a --reason "…"', "h, in pane 4, then l"),
        (
            "gcms-tui payroll hold --cause incident --reason inc-1-a",
            "h, in pane 4, and inc-1-a as the reason",
        ),
        ("Build it: gcms-tui runs start -- build, then test.", "Build it: s in pane 2, build and then test."),
        ("gcms-tui scd2 plan --collapse SCD_ID.", "C on one of the rows, in pane 3."),
        ("gcms-tui journal list --kind write.", "pane 6 lists them."),
    ],
)
def test_a_command_is_told_as_a_key(said: str, told: str) -> None:
    assert by_key(said) == told


def test_the_guard_stays() -> None:
    told = here(Refused("No", "Because.", f"gcms-tui payroll show {RUN}", guard="ended"))
    assert isinstance(told, Refused) and told.guard == "ended"
    assert told.next_step == "Enter on its concert, in pane 4"
    assert not isinstance(here(GcmsError("No", "Because.")), Refused)


def test_every_command_that_is_named_as_a_next_step_has_a_key_or_none_on_purpose() -> None:
    """What a new guard names is told as a key too: only what has none here may stay a command."""
    named = set[str]()
    for part in ("core", "operations", "adapters"):
        for path in (PACKAGE / part).rglob("*.py"):
            named |= set(
                re.findall(
                    r"gcms-tui ((?:runbook|backup|pipeline|incident|payroll|runs|scd2) [a-z-]+)", path.read_text()
                )
            )
    told = {command: by_key(f"gcms-tui {command} x-1 tests") for command in named}
    assert {command for command, said in told.items() if said.startswith("gcms-tui ")} == WITHOUT_A_KEY


@pytest.mark.parametrize("step", STEPS[:-1])
def test_the_way_to_each_closed_gate_is_a_key(tmp_path: Path, step: Step) -> None:
    scene = Scene(tmp_path)
    told = here(Refused("A gate is closed", "It is open.", f"gcms-tui payroll {gates._command(scene.opened(), step)}"))
    assert told.next_step == f"Enter on {step.number} {step.named}"
