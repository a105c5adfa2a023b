"""A payroll run proven anew, and what the journal says of it: two pages over the wizard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from gcms_tui.console.dialogs import PageDialog
from gcms_tui.console.journal.page import entry_text
from gcms_tui.console.payroll.entries import entry_lines
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.console.writing.plan_page import labelled, symbol
from gcms_tui.core.conclusion import counted
from gcms_tui.core.payroll.run import PayrollRun

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.payroll.verifying import ProofReport

_WHAT = 16


class ProofDialog(PageDialog):
    """Every proof by itself; what could not be looked at is not green."""

    def __init__(self, look: Look, report: ProofReport) -> None:
        super().__init__(look, f"Proof of {report.run_id}")
        self.report = report

    def page(self, width: int) -> Sequence[Text]:
        look, report = self.look, self.report
        verdict = report.verdict
        lines = [Text(f" {look.glyphs.verdict(verdict)}", f"bold {look.colour(verdict)}"), Text()]
        for proof in report.proofs:
            mark = f" {symbol(proof.verdict, look)} "
            label = Text.assemble((mark, look.colour(proof.verdict)), (f"{proof.what:<{_WHAT}} ", look.palette.strong))
            lines += pair(label, Text(look.glyphs.text(proof.words, 1_000), look.palette.text), width - 1)
        if not report.proofs:
            lines += flow(Text("Nothing could be looked at.", look.palette.unknown), width - 1, " ")
        return lines

    def as_text(self) -> str:
        lines = [f"{self.report.verdict.name}  {self.report.run_id}"]
        lines += [f"{proof.verdict.name:<8}{proof.what:<{_WHAT}} {proof.words}" for proof in self.report.proofs]
        return "\n".join(lines)


class RunJournal(PageDialog):
    """Every entry of a run, the newest first."""

    def __init__(self, look: Look, run: PayrollRun, now: datetime) -> None:
        super().__init__(look, f"Journal of {run.run_id}")
        self._run = run
        self._now = now

    def page(self, width: int) -> Sequence[Text]:
        entries = self._run.entries
        lines = labelled("entries", counted(len(entries), "entry", "entries"), self.look, width)
        lines.append(Text())
        for entry in reversed(entries):
            lines += entry_lines(entry, self._now, self.look, width)
        said = f"{self.look.glyphs.arrow} 6 shows each of them in full, and whether the chain is whole."
        return [*lines, Text(), *flow(Text(said, self.look.palette.muted), width - 1, " ")]

    def as_text(self) -> str:
        return "\n".join(entry_text(entry) for entry in self._run.entries)
