"""What the dialogs of a payroll run have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gcms_tui.console.writing.act_dialog import FAR, M, done_line, not_done_page, refused_page
from gcms_tui.console.writing.act_dialog import ActDialog as AnyActDialog

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.payroll.desk import PayrollDesk

__all__ = ["FAR", "ActDialog", "done_line", "not_done_page", "refused_page"]


class ActDialog(AnyActDialog[M]):
    """At the desk of payroll."""

    desk: PayrollDesk
