"""One finding told in full: what was found, against which thresholds, on what evidence, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from rich.cells import cell_len
from rich.text import Text

from gcms_tui.console.board_state import Row
from gcms_tui.console.present import age_text, ago, moment_text, scalar_text, value_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.widgets.row_list import cell
from gcms_tui.console.widgets.sparkline import sparkline
from gcms_tui.core.finding import Evidence, Finding
from gcms_tui.core.frozen import frozen

_CELL = 48
"""Cells of one evidence value at most; copying gives it whole."""
_READABLE = 96
"""Longer lines of prose are hard to read."""


@frozen
class Detail:
    """Builds the page of one row."""

    row: Row
    now: datetime
    look: Look

    def page(self, width: int) -> list[Text]:
        finding = self.row.finding
        if finding is None:
            name = self.look.glyphs.text(self.row.key)
            return [Text(f" {name} has not been answered yet.", self.look.palette.muted)]
        blocks = [
            self._title(finding, width),
            self._prose(finding.summary, width, self.look.palette.strong),
            self._figures(finding, width),
            self._next_step(finding, width),
            self._evidence(finding.evidence, width),
            self._provenance(finding, width),
        ]
        lines: list[Text] = []
        for block in blocks:
            lines += [*block, Text()] if block else []
        return lines

    def _title(self, finding: Finding, width: int) -> list[Text]:
        palette, glyphs = self.look.palette, self.look.glyphs
        tint = palette.faint if self.row.stale else f"bold {self.look.colour(finding.verdict)}"
        title = Text.assemble(
            (glyphs.verdict(finding.verdict), tint), "  ", (glyphs.text(finding.name, 120), f"bold {palette.strong}")
        )
        if self.row.stale:
            title.append("  STALE", f"bold {palette.warn}")
        section = Text(glyphs.text(finding.section, 40), palette.muted)
        if title.cell_len + section.cell_len + 5 <= width:
            title.append(" " * (width - 2 - title.cell_len - section.cell_len)).append_text(section)
            return flow(title, width, " ")
        return [*flow(title, width, " "), *flow(section, width, " ")]

    def _prose(self, value: str, width: int, style: str) -> list[Text]:
        lines: list[Text] = []
        for line in self.look.glyphs.lines(value, 4_000) if value else ():
            lines += flow(Text(line, style), min(width, _READABLE) - 1, " ")
        return lines

    def _figures(self, finding: Finding, width: int) -> list[Text]:
        palette, glyphs = self.look.palette, self.look.glyphs
        age = self.now - finding.taken_at
        pairs = [
            ("value", value_text(finding.value, finding.unit), palette.strong),
            ("target", finding.target, palette.text),
            ("alert", finding.alert, palette.text),
            ("taken", f"{moment_text(finding.taken_at)}, {ago(age)}", palette.warn if self.row.stale else palette.text),
        ]
        lines: list[Text] = []
        for label, value, style in pairs:
            if value:
                wrapped = flow(Text(glyphs.text(value, 400), style), max(width - 11, 8))
                lines.append(Text.assemble((f" {label:<9}", palette.faint), wrapped[0]))
                lines += [Text(" " * 10).append_text(line) for line in wrapped[1:]]
        return lines + self._history(width)

    def _history(self, width: int) -> list[Text]:
        points, palette = self.row.points, self.look.palette
        if len(points) < 2:
            return []
        line = Text.assemble((" history  ", palette.faint))
        line.append_text(sparkline(points, min(len(points), max(width - 34, 8)), self.look))
        since = age_text(self.now - points[0].taken_at)
        return [line.append(f"  {len(points)} in {since}", palette.faint)]

    def _next_step(self, finding: Finding, width: int) -> list[Text]:
        if not finding.next_step:
            return []
        heading = Text(" What to do", f"bold {self.look.palette.accent}")
        return [heading, *self._prose(finding.next_step, width, self.look.palette.text)]

    def _evidence(self, evidence: Evidence, room: int) -> list[Text]:
        if not evidence.columns:
            return []
        palette, glyphs = self.look.palette, self.look.glyphs
        shown = evidence.rows
        total = max(evidence.total, len(evidence.rows))
        heading = Text.assemble(
            (" Evidence", f"bold {palette.accent}"), (f"  showing {len(shown)} of {total}", palette.faint)
        )
        texts = [[glyphs.text(scalar_text(value), _CELL) for value in row] for row in shown]
        names = [glyphs.text(column, _CELL) for column in evidence.columns]
        widths = [
            max(cell_len(name), *(cell_len(row[place]) for row in texts if place < len(row)), 1)
            for place, name in enumerate(names)
        ]
        if sum(widths) + 2 * len(widths) > room:
            heading.append(f"  {glyphs.dot} Left, Right: more columns", palette.faint)
        lines = [heading, self._table_line(names, widths, palette.muted)]
        lines.append(Text(" " + "  ".join(glyphs.rule * width for width in widths), palette.line))
        for row, values in zip(texts, shown, strict=True):
            lines.append(self._table_line(row, widths, palette.text, values))
        return lines

    def _table_line(
        self, texts: Sequence[str], widths: Sequence[int], style: str, values: Sequence[object] = ()
    ) -> Text:
        """One row; numbers stand to the right, NULL is faint."""
        line = Text(" ")
        for place, (text, width) in enumerate(zip(texts, widths, strict=False)):
            value = values[place] if values else ""
            number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
            tint = self.look.palette.faint if value is None else style
            line.append("  " if place else "")
            line.append(cell(text, width, self.look.glyphs.ellipsis, right=number), tint)
        return line

    def _provenance(self, finding: Finding, width: int) -> list[Text]:
        palette, glyphs = self.look.palette, self.look.glyphs
        dot = f" {glyphs.dot} "
        lines: list[Text] = []
        for origin in finding.provenance:
            parts = [glyphs.text(origin.source, 200)]
            parts += [f"query {glyphs.text(origin.query_id, 60)}"] if origin.query_id else []
            lines += flow(Text(dot.join(parts), palette.faint), width - 1, " ")
        if lines:
            lines += flow(Text(f"{finding.elapsed_ms} ms{dot}p shows it as run", palette.faint), width - 1, " ")
        return lines
