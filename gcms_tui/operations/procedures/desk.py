"""Everything about procedures that a console or a command works with."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.operations.procedures.book import Procedures
from gcms_tui.operations.procedures.steps import Steps
from gcms_tui.operations.procedures.works import DocsLook, DocsServer
from gcms_tui.operations.reports.monthly import MonthlyReview


@dataclass(frozen=True, slots=True)
class ProcedureDesk:
    """One target."""

    book: Procedures
    steps: Steps
    monthly: MonthlyReview
    docs: DocsLook
    docs_writer: DocsServer | None
    """None where nothing may be written."""
