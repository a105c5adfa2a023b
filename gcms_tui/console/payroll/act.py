"""What the dialogs of a payroll run have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gcms_tui.console.writing import act_dialog
from gcms_tui.console.writing.act_dialog import M

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.payroll.desk import PayrollDesk


class ActDialog(act_dialog.ActDialog[M]):
    """At the desk of payroll."""

    desk: PayrollDesk
