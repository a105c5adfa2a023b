"""Step 9: the log, which closes a payroll run; and giving one up."""

from __future__ import annotations

from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.operations.payroll.book import Payrolls
from gcms_tui.operations.payroll.ports import PayrollFiles


class Closing:
    """Blocking I/O."""

    def __init__(self, *, book: Payrolls, files: PayrollFiles) -> None:
        self._book = book
        self._files = files

    def draft(self, run: PayrollRun, exceptions: str = "") -> str:
        """The log as Markdown, all but the exceptions filled in; no name and no address in it."""
        raise NotImplementedError

    def close(self, run_id: str, exceptions: str) -> PayrollRun:
        """Raises `Refused` (guard `exceptions` where they are blank: "none" is an answer), and the gates."""
        raise NotImplementedError

    def abandon(self, run_id: str, reason: str, *, withdrawn: bool = False) -> PayrollRun:
        """Give it up, before the file is released; after that only where `withdrawn` says that whoever pays has been
        told to pay nothing of it. What is prepared or released is moved out of the way.

        Raises `Refused`: guards `reason`, `released`, `recorded` (what is recorded as paid is not given up), `ended`.
        """
        raise NotImplementedError
