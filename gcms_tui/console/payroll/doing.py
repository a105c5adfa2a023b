"""What the wizard pushes to have a step of payroll done, or something else about it: one screen each.

Each is imported when it is gone to. It answers whether the run may have changed: also where what was tried failed, as a
refusal may have been written down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.steps import Step

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from textual.screen import Screen

    from gcms_tui.core.payroll.run import PayrollRun
    from gcms_tui.operations.payroll.desk import PayrollDesk


def dialog_for(step: Step, desk: PayrollDesk, run: PayrollRun, services: ConsoleServices, look: Look) -> Screen[bool]:
    """Of the steps from the spot check to the log."""
    match step:
        case Step.SPOT_CHECK:
            from gcms_tui.console.payroll.spot_check import SpotCheckScreen

            # A pane is a screen without an answer; this one has one.
            return cast("Screen[bool]", SpotCheckScreen(services, look, desk, run))
        case Step.EXPORT:
            from gcms_tui.console.payroll.export import ExportDialog

            return ExportDialog(services, look, desk, run)
        case Step.SIGN_OFF:
            from gcms_tui.console.payroll.sign import ReleaseDialog, SignDialog

            signed = len(run.signatures) == len(Role)
            return (ReleaseDialog if signed else SignDialog)(services, look, desk, run)
        case Step.RECORD:
            from gcms_tui.console.payroll.record import DayDialog

            return DayDialog(services, look, desk, run)
        case Step.ARCHIVE:
            from gcms_tui.console.payroll.archive import ArchiveDialog

            return ArchiveDialog(services, look, desk, run)
        case Step.LOG:
            from gcms_tui.console.payroll.log import LogDialog

            return LogDialog(services, look, desk, run)
    raise ValueError(f"{step.value} is a check, which the wizard itself follows")


def hold_dialog(desk: PayrollDesk, services: ConsoleServices, look: Look) -> Screen[bool]:
    """Every hold there is; setting one, and lifting one."""
    from gcms_tui.console.payroll.hold import HoldDialog

    return HoldDialog(services, look, desk)


def abandon_dialog(desk: PayrollDesk, run: PayrollRun, services: ConsoleServices, look: Look) -> Screen[bool]:
    """With a reason; where the file has been released only once nobody will pay it."""
    from gcms_tui.console.payroll.abandon import AbandonDialog

    return AbandonDialog(services, look, desk, run)


def acting_dialog(desk: PayrollDesk, services: ConsoleServices, look: Look) -> Screen[str]:
    """Whom to act as, by login; empty for oneself. On the practice platform alone: see `PayrollDesk.may_act`."""
    from gcms_tui.console.payroll.acting import ActingDialog

    return ActingDialog(look, desk)
