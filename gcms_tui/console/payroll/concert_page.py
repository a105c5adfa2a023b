"""One concert in full: what it comes to, how its payroll stands, its run step by step, and what to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from gcms_tui.console.payroll.concert_lines import next_words
from gcms_tui.console.payroll.state import ConcertRow, ConcertsState
from gcms_tui.console.payroll.words import (
    by_text,
    concert_state,
    money,
    passed_of,
    run_state,
    short,
    step_named,
    step_state,
    step_tint,
)
from gcms_tui.console.present import ago, moment_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.widgets.row_list import cell
from gcms_tui.console.writing.plan_page import heading, labelled
from gcms_tui.core.conclusion import counted

_READABLE = 96
_STATE = 13


@dataclass(frozen=True, slots=True)
class ConcertPage:
    """Builds the page."""

    row: ConcertRow
    state: ConcertsState
    read_only: bool
    now: datetime
    look: Look

    def page(self, width: int) -> list[Text]:
        wide = min(width, _READABLE) - 1
        blocks = (self._title(wide), self._figures(wide), self._next(wide), self._run(wide))
        lines: list[Text] = []
        for block in blocks:
            lines += [*block, Text()] if block else []
        return lines

    def _title(self, wide: int) -> list[Text]:
        palette, glyphs, concert = self.look.palette, self.look.glyphs, self.row.concert
        name = Text(glyphs.text(f"{concert.concert_id}  {concert.title}", 300), f"bold {palette.strong}")
        lines = flow(name, wide, " ")
        state = concert_state(concert, self.row.next_step, self.look)
        lines += flow(Text(state.plain, f"bold {state.style}"), wide, " ")
        if concert.words:
            lines += flow(Text(glyphs.text(concert.words, 600), palette.text), wide, " ")
        return lines

    def _figures(self, wide: int) -> list[Text]:
        concert, look, palette = self.row.concert, self.look, self.look.palette
        taken = self.state.read_at
        date = concert.concert_date.isoformat() if concert.concert_date else "no date"
        lines = labelled("date", date, look, wide, palette.text if concert.concert_date else palette.warn)
        lines += labelled("musicians", f"{concert.musicians:,}", look, wide)
        lines += labelled("net total", money(concert.net), look, wide, palette.warn if concert.net is None else "")
        if concert.paid_on is not None:
            lines += labelled("paid on", concert.paid_on.isoformat(), look, wide)
        if taken is not None:
            old = self.state.error is not None
            said = f"{moment_text(taken)}, {ago(self.now - taken)}"
            lines += labelled("read", said, look, wide, palette.warn if old else "")
        return lines

    def _next(self, wide: int) -> list[Text]:
        said = next_words(self.row, read_only=self.read_only)
        return flow(Text(f"{self.look.glyphs.arrow} {said}", self.look.palette.muted), wide, " ") if said else []

    def _run(self, wide: int) -> list[Text]:
        run, look, palette = self.row.run, self.look, self.look.palette
        if run is None:
            return [Text(" No payroll run was ever opened for it here.", palette.faint)]
        title = heading("Its payroll run", look).append("  ").append_text(run_state(run, look))
        lines = [title, *labelled("id", run.run_id, look, wide)]
        lines += labelled("opened", by_text(run.opened, self.now), look, wide)
        if run.ended is not None:
            lines += labelled("ended", by_text(run.ended, self.now), look, wide)
        if run.reason:
            lines += labelled("because", run.reason, look, wide)
        if run.frozen is not None:
            lines += labelled("fingerprint", short(run.frozen.fingerprint), look, wide)
        if run.exported is not None:
            lines += labelled("file", run.exported.file, look, wide)
        if run.open_queries:
            said = counted(len(run.open_queries), "row is", "rows are") + " asked about"
            lines += labelled("queries", said, look, wide, palette.warn)
        lines += [Text(), Text(f" {passed_of(self.row.looks)}", palette.faint)]
        for one in self.row.looks:
            line = Text(f" {cell(step_state(one.state, look), _STATE)}", step_tint(one.state, palette))
            line.append(step_named(one.step), palette.strong if one.step is self.row.next_step else palette.text)
            lines.append(line)
        return lines


def concert_text(row: ConcertRow, state: ConcertsState, now: datetime, look: Look) -> str:
    """The page as plain text."""
    page = ConcertPage(row, state, True, now, look).page(_READABLE)
    return "\n".join(line.plain.rstrip() for line in page).rstrip()
