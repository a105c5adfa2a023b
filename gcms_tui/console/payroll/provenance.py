"""Where what is told of a concert, or of a step of its payroll, comes from: statements, query ids, argv, hashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from gcms_tui.console.dialogs import PageDialog
from gcms_tui.console.payroll.entries import of_step, said_of
from gcms_tui.console.payroll.state import ConcertRow
from gcms_tui.console.payroll.words import step_named
from gcms_tui.console.present import moment_text
from gcms_tui.console.preview_page import shell_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.plan_page import heading, labelled
from gcms_tui.core.payroll.run import PayrollRun, moment
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.settings import Settings

_QUERIES: Mapping[Step, tuple[str, ...]] = {
    Step.FRESHNESS: ("source_freshness",),
    Step.MODELS: (),
    Step.TESTS: ("payroll_export", "payroll_concert_discrepancies"),
    Step.SPOT_CHECK: ("payroll_export", "payroll_previous_concert", "payroll_previous_payments"),
    Step.EXPORT: ("payroll_export",),
    Step.SIGN_OFF: ("payroll_export",),
    Step.RECORD: ("supabase_payments", "lock_payments"),
    Step.ARCHIVE: ("payroll_export",),
    Step.LOG: (),
}
"""The statements of a step, by their names in the library."""
_TOLD = ("run", "query_ids", "fingerprint", "payees", "sha256", "manifest", "write", "plan", "table", "key", "file")
"""What an entry says of where it comes from, in this order; `argv` is told as one line."""


class StepOrigin(PageDialog):
    """Each entry of a step with what it was done by, the newest first."""

    def __init__(self, look: Look, run: PayrollRun, step: Step, settings: Settings) -> None:
        super().__init__(look, f"Provenance of {step_named(step)}")
        self._run = run
        self._step = step
        self._settings = settings

    def page(self, width: int) -> Sequence[Text]:
        look, step, payroll = self.look, self._step, self._settings.payroll
        lines = labelled("run", self._run.run_id, look, width)
        lines += labelled("concert", self._run.concert_id, look, width)
        lines += labelled("fact", self._run.fact, look, width)
        for name, table in (("musicians", payroll.dim_musician), ("concerts", payroll.dim_concert)):
            lines += labelled(name, str(table), look, width)
        for query in _QUERIES[step]:
            lines += labelled("statement", f"{query}: gcms-tui queries show {query}", look, width)
        for entry in reversed(self._run.entries):
            if of_step(entry, step):
                lines += [Text(), Text(f" {look.glyphs.rule * (width - 2)}", look.palette.line), Text()]
                lines.append(heading(look.glyphs.text(entry.kind, 60), look))
                lines += labelled("at", moment_text(moment(entry)), look, width)
                lines += labelled("by", f"{entry.user}@{entry.host}", look, width)
                lines += labelled("entry", f"{entry.sequence:,} of the journal", look, width)
                lines += _origin(said_of(entry), look, width)
        if not any(of_step(entry, step) for entry in self._run.entries):
            lines += [Text(), *flow(Text("Nothing was done for this step yet.", look.palette.muted), width - 1, " ")]
        return lines

    def as_text(self) -> str:
        return "\n".join(line.plain.rstrip() for line in self.page(110))


class ConcertOrigin(PageDialog):
    """What the line of a concert was read from."""

    def __init__(self, look: Look, settings: Settings, row: ConcertRow, taken_at: datetime) -> None:
        super().__init__(look, f"Provenance of concert {row.concert.concert_id}")
        self._settings = settings
        self._row = row
        self._taken_at = taken_at

    def page(self, width: int) -> Sequence[Text]:
        look, payroll, run = self.look, self._settings.payroll, self._row.run
        lines = labelled("taken", moment_text(self._taken_at), look, width)
        lines += labelled("fact", f"{payroll.fact}: musicians and net total", look, width)
        lines += labelled("concerts", f"{payroll.dim_concert}: title and date", look, width)
        lines += labelled("paid", "Supabase's payments: which of them are recorded as paid", look, width)
        journal = "the journal: no payroll run of it" if run is None else f"the journal: {run.run_id}"
        lines += labelled("state", journal, look, width)
        said = "gcms-tui queries list names every statement, queries show prints it as it is run."
        return [*lines, Text(), *flow(Text(said, look.palette.muted), width - 1, " ")]

    def as_text(self) -> str:
        return "\n".join(line.plain.rstrip() for line in self.page(110))


def _origin(said: Mapping[str, Any], look: Look, width: int) -> list[Text]:
    argv = said.get("argv")
    lines: list[Text] = []
    if isinstance(argv, list) and argv:
        lines += labelled("argv", shell_text(str(word) for word in argv), look, width)
    for name in _TOLD:
        value = said.get(name)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and one:
                lines += labelled(name.removesuffix("s") if isinstance(value, list) else name, one, look, width)
    return lines
