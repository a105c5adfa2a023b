"""The list of runs: one line a run, those under way with their progress."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from gcms_tui.console.run_columns import GAP, RunColumns, fit
from gcms_tui.console.run_words import brief_counts, person_text, seconds_text, state_text, status_verdict, words_text
from gcms_tui.console.runs_state import RunRow
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.core.run_progress import Progress
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.run_history import Summary

_WORDS = 80
"""Letters of outside text that are looked at before it is cut to its column."""
_BAR = 6


class RunList(RowList[RunRow]):
    """Shows what the history tells."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self._columns = RunColumns(state=11, words=20)

    def measure(self) -> bool:
        before, shown = self._columns, [row for row in self._rows if row.summary is not None]
        summaries = [row.summary for row in shown if row.summary is not None]
        text = self.look.glyphs.text
        natural = {
            "state": _widest(state_text(one, self.look).plain for one in summaries),
            "words": _widest(self._words(one).plain for one in summaries),
            "counts": max((self._counts(row).cell_len for row in shown), default=0),
            "duration": max(_widest(self._duration(row) for row in shown), len("59 min")),
            "age": max(_widest(row.age for row in shown), len("59 min")),
            "target": _widest(text(one.run.record.target, _WORDS) for one in summaries),
            "person": _widest(self._person(one) for one in summaries),
            "failing": _widest(text(one.first_failing, _WORDS) for one in summaries),
        }
        self._columns = fit(self.scrollable_content_region.width, natural)
        return self._columns != before

    def draw(self, row: RunRow, width: int, *, current: bool) -> Text:
        palette, glyphs, columns = self.look.palette, self.look.glyphs, self._columns
        if row.summary is None:
            text = Text.assemble((f" {row.heading} ", f"bold {palette.accent}"))
            return text.append(glyphs.rule * max(width - text.cell_len - 1, 0), palette.line)
        summary = row.summary
        record = summary.run.record
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        line.append_text(_fitted(state_text(summary, self.look), columns.state, glyphs.ellipsis))
        for width_, text, right in (
            (columns.started, Text(f"{record.started_at:%H:%M}", palette.muted), False),
            (columns.words, self._words(summary), False),
            (columns.counts, self._counts(row, columns.counts), False),
            (columns.failing, Text(glyphs.text(summary.first_failing, _WORDS), palette.text), False),
            (columns.target, Text(glyphs.text(record.target, _WORDS), palette.muted), False),
            (columns.person, Text(self._person(summary), palette.faint), False),
            (columns.duration, Text(self._duration(row), palette.muted), True),
            (columns.age, Text(row.age, palette.faint), True),
        ):
            if width_:
                line.append(" " * GAP).append_text(_fitted(text, width_, glyphs.ellipsis, right=right))
        return line

    def _words(self, summary: Summary) -> Text:
        palette, text = self.look.palette, self.look.glyphs.text
        words = Text(text(words_text(summary.run.record.command), _WORDS), palette.text)
        return Text.assemble(("foreign ", palette.unknown), words) if summary.run.record.foreign else words

    def _person(self, summary: Summary) -> str:
        return self.look.glyphs.text(person_text(summary.run.record.person), _WORDS)

    def _duration(self, row: RunRow) -> str:
        assert row.summary is not None
        return seconds_text(row.summary.duration_s if row.elapsed_s is None else round(row.elapsed_s))

    def _counts(self, row: RunRow, width: int | None = None) -> Text:
        assert row.summary is not None
        if row.elapsed_s is None:
            return brief_counts(row.summary.counts, self.look, width) or Text("no nodes", self.look.palette.faint)
        return progress_text(row.look.progress if row.look else None, self.look)


def progress_text(progress: Progress | None, look: Look) -> Text:
    """A bar with done of total, and what has failed so far."""
    palette = look.palette
    if progress is None or progress.total is None:
        return Text("starting" if progress is None or progress.started_at is None else "parsing", palette.accent)
    done, total = len(progress.finished), progress.total
    failing = sum(status_verdict(node.status) is Verdict.FAIL for node in progress.finished)
    full, empty = ("=", "-") if look.glyphs.ascii else ("━", "─")
    filled = _BAR * done // total if total else 0
    text = Text.assemble(
        (full * filled, palette.fail if failing else palette.accent), (empty * (_BAR - filled), palette.line)
    )
    text.append(f" {done}/{total}", palette.text)
    return text.append(f"  {failing} failing", palette.fail) if failing else text


def _fitted(text: Text, width: int, ellipsis: str, *, right: bool = False) -> Text:
    """`text` in exactly `width` cells, its colours kept."""
    plain = cell(text.plain, width, ellipsis, right=right)
    shift = width - text.cell_len if right and text.cell_len < width else 0
    fitted = Text(plain)
    if not text.spans and text.style:
        fitted.stylize(text.style)
    for span in text.spans:
        fitted.stylize(span.style, span.start + shift, min(span.end + shift, len(plain)))
    return fitted


def _widest(texts: Iterable[str]) -> int:
    return max((cell_len(text) for text in texts), default=0)
