"""One node of a run in full: what became of it, its message, and its SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from gcms_tui.console.live_words import failed, node_colour, so_far_text, status_mark
from gcms_tui.console.present import moment_text
from gcms_tui.console.run_words import seconds_text
from gcms_tui.console.theme import Look
from gcms_tui.console.troubleshooting import card_text
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.console.widgets.node_list import taken
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.procedures.matching import Match
from gcms_tui.core.run_progress import NodeProgress

Sql = str | GcmsError | None
"""The compiled SQL; None where this run has kept none."""
_LABEL = 10


@dataclass(frozen=True, slots=True)
class NodePage:
    """Builds the page."""

    node: NodeProgress
    sql: Sql
    reading: bool
    """The SQL is being read."""
    alive: bool
    """The run has not ended."""
    cut_off: bool
    """The run ended without an end of this node."""
    rows_kept: bool
    """Its failing rows can be opened."""
    card: Match | None
    """The runbook's troubleshooting card for it."""
    now: datetime
    look: Look

    def page(self, width: int) -> list[Text]:
        blocks = (self._title(width), self._message(width), self._figures(width), self._statement())
        lines: list[Text] = []
        for block in blocks:
            lines += [*block, Text()] if block else []
        return lines

    def _title(self, width: int) -> list[Text]:
        palette, glyphs, node = self.look.palette, self.look.glyphs, self.node
        title = status_mark(node.status, self.look)
        title.append(f" {glyphs.text(node.status, 24)}", f"bold {node_colour(node.status, self.look)}")
        title.append("  ").append(glyphs.text(node.name, 300), f"bold {palette.strong}")
        lines = flow(title, width - 1, " ")
        if self.cut_off:
            lines += flow(
                Text("The run ended before it did: what became of it is not known.", palette.warn), width, " "
            )
        if self.rows_kept:
            lines += flow(Text("o opens the rows that failed.", palette.accent), width, " ")
        if self.card is not None:
            lines += flow(card_text(self.card, self.look), width, " ")
        return lines

    def _message(self, width: int) -> list[Text]:
        style = self.look.palette.text if failed(self.node.status) else self.look.palette.muted
        message = self.node.message.strip()
        lines: list[Text] = []
        for line in self.look.glyphs.lines(message, 16_000) if message else ():
            lines += flow(Text(line, style), width - 1, " ")
        return lines

    def _figures(self, width: int) -> list[Text]:
        node = self.node
        seconds = taken(node, self.now)
        pairs = (
            ("type", node.resource_type),
            ("id", node.unique_id),
            ("failures", f"{node.failures:,} rows" if node.failures is not None else ""),
            ("relation", node.relation_name),
            ("query id", node.query_id),
            ("began", moment_text(node.started_at) if node.started_at else "not yet" if self.alive else "not known"),
            ("ended", moment_text(node.finished_at) if node.finished_at else ""),
            ("took", seconds_text(seconds) if node.status != "running" else f"{so_far_text(seconds or 0)} so far"),
            ("thread", node.thread),
        )
        lines: list[Text] = []
        for label, value in pairs:
            if value:
                named = Text(f" {label:<{_LABEL - 1}}", self.look.palette.faint)
                lines += pair(named, Text(self.look.glyphs.text(value, 2_000), self.look.palette.text), width)
        return lines

    def _statement(self) -> list[Text]:
        palette, glyphs = self.look.palette, self.look.glyphs
        heading = Text(" Compiled SQL", f"bold {palette.accent}")
        if self.reading:
            return [heading, Text(" reading it", palette.muted)]
        if isinstance(self.sql, GcmsError):
            return [heading, Text(f" {glyphs.text(f'{self.sql.title}: {self.sql.message}', 600)}", palette.unknown)]
        if self.sql is None:
            said = "it is kept with the run when that has ended" if self.alive else "this run has kept none"
            return [heading, Text(f" {said}", palette.muted)]
        lines = glyphs.lines(self.sql.strip("\n"), 200_000)
        digits = len(str(len(lines)))
        numbered = [
            Text.assemble(
                (f" {number:>{digits}} ", palette.faint), (f"{glyphs.bar} ", palette.line), (line, palette.text)
            )
            for number, line in enumerate(lines, 1)
        ]
        return [heading, *numbered]


def node_text(page: NodePage) -> str:
    """The page as it is copied into a ticket."""
    return "\n".join(line.plain.rstrip() for line in page.page(100)).strip()
