"""Where what is told of a table, of its keys or of one key comes from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from gcms_tui.console.dialogs import ProvenanceDialog
from gcms_tui.console.present import moment_text, provenance_text
from gcms_tui.console.theme import Look
from gcms_tui.core.finding import Finding, Provenance
from gcms_tui.core.verdict import Verdict


class Origin(ProvenanceDialog):
    """One statement as it was run, or several."""

    def __init__(
        self,
        look: Look,
        name: str,
        taken_at: datetime,
        origin: Provenance,
        elapsed_ms: int | None = None,
        *,
        further: tuple[Provenance, ...] = (),
    ) -> None:
        super().__init__(look, Finding(name, "E2", Verdict.UNKNOWN, "", taken_at, provenance=(origin, *further)))
        self._elapsed_ms = elapsed_ms

    def page(self, width: int) -> Sequence[Text]:
        lines = self._pair("taken", moment_text(self.finding.taken_at), width)
        if self._elapsed_ms is not None:
            lines += self._pair("elapsed", f"{self._elapsed_ms} ms", width)
        for origin in self.finding.provenance:
            lines += [Text(), Text(f" {self.look.glyphs.rule * (width - 2)}", self.look.palette.line), Text()]
            lines += self._origin(origin, width)
        return lines

    def as_text(self) -> str:
        head = f"-- {self.finding.name}, taken {moment_text(self.finding.taken_at)}"
        return f"{head}\n\n{provenance_text(self.finding)}"
