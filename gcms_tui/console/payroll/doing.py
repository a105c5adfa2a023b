"""What the wizard pushes to have a step of payroll done, or something else about it: one screen each.

Each is imported when it is gone to. It answers whether the run may have changed: also where what was tried failed, as a
refusal may have been written down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.core.payroll.steps import Step

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from textual.screen import Screen

    from gcms_tui.core.payroll.run import PayrollRun
    from gcms_tui.operations.payroll.desk import PayrollDesk


def dialog_for(step: Step, desk: PayrollDesk, run: PayrollRun, services: ConsoleServices, look: Look) -> Screen[bool]:
    """Of the steps from the spot check to the log."""
    raise NotImplementedError


def hold_dialog(desk: PayrollDesk, services: ConsoleServices, look: Look) -> Screen[bool]:
    """Every hold there is; setting one, and lifting one."""
    raise NotImplementedError


def abandon_dialog(desk: PayrollDesk, run: PayrollRun, services: ConsoleServices, look: Look) -> Screen[bool]:
    raise NotImplementedError


def acting_dialog(desk: PayrollDesk, services: ConsoleServices, look: Look) -> Screen[str]:
    """Whom to act as, by login; empty for oneself. On the practice platform alone: see `PayrollDesk.may_act`."""
    raise NotImplementedError
