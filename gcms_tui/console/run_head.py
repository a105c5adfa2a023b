"""What stands above a watched run: what runs, how far it is, and where it stands. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from gcms_tui.console.live_words import (
    CANCELLED,
    RUNNING,
    SKIPPED,
    UNBEGUN,
    UNFINISHED,
    WAITING,
    Standing,
    elapsed_s,
    failed,
    remaining_text,
    so_far_text,
    standing,
    tally,
    tally_text,
    total_of,
)
from gcms_tui.console.run_words import person_text, seconds_text, words_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.run_progress import Progress
from gcms_tui.core.target import is_production

_ROOMY = 20
"""From this height on the head has a line for who and where, and one for what to do."""
_TIMED = 60
"""From this width on it is said that the time left is not known."""
_BAR_MOST = 60
_SAID_MOST = 3
"""Lines of a sentence; the whole of it is copied with c."""


@dataclass(frozen=True, slots=True)
class Head:
    """Builds the lines."""

    run: Run
    progress: Progress
    remaining_s: float | None
    orphans: str
    """What may still run in the warehouse, once that was asked."""
    failure: GcmsError | None
    """Why the newest look failed."""
    now: datetime
    height: int
    look: Look

    def lines(self, width: int) -> list[Text]:
        stands = standing(self.run, self.progress, self.now)
        lines = [self._title(stands, width)]
        if self.height >= _ROOMY:
            lines.append(self._whereabouts(width))
        lines += self._progress(width)
        palette = self.look.palette
        for said, style in (
            (stands.said, palette.warn if stands.verdict is None else palette.text),
            (self.orphans, palette.warn),
            (self.run.end.note if self.run.end is not None else "", palette.warn),
            (f"{self.failure.title}: {self.failure.message}" if self.failure is not None else "", palette.unknown),
            (stands.next_step if self.height >= _ROOMY else "", palette.muted),
        ):
            if said:
                mark = f"{self.look.glyphs.arrow} " if said is stands.next_step else ""
                told = flow(Text(mark + self.look.glyphs.text(said, 600), style), max(width - 1, 8), self._indent)
                lines += told[: _SAID_MOST if self.height >= _ROOMY else 1]
        return lines

    @property
    def _indent(self) -> str:
        """Below the word that says where it stands."""
        return "   " if self.height >= _ROOMY else " "

    def _title(self, stands: Standing, width: int) -> Text:
        """`✗ FAILED  dbt build --select gold`."""
        palette, glyphs = self.look.palette, self.look.glyphs
        if stands.verdict is None:
            asked = self.run.state is RunState.CANCELLING
            mark, tint = ("■", "=") if asked else ("►", ">"), palette.warn if asked else palette.accent
        else:
            mark, tint = (stands.verdict.symbol, stands.verdict.ascii_symbol), self.look.colour(stands.verdict)
        line = Text.assemble((f" {mark[glyphs.ascii]} {stands.word}", f"bold {tint}"), "  ")
        line.append(glyphs.text(f"dbt {words_text(self.run.record.command)}", 400), f"bold {palette.strong}")
        return _cut(line, width, glyphs.ellipsis)

    def _whereabouts(self, width: int) -> Text:
        palette, glyphs, record = self.look.palette, self.look.glyphs, self.run.record
        production = is_production(record.target)
        target = glyphs.text(record.target, 30).upper() or "TARGET NOT KNOWN"
        dot = (f" {glyphs.dot} ", palette.line)
        line = Text.assemble("   ", (target, f"bold {palette.fail if production else palette.text}"), dot)
        line.append(glyphs.text(person_text(record.person), 40), palette.muted).append(*dot)
        line.append(f"since {record.started_at:%Y-%m-%d %H:%M:%S} UTC", palette.muted)
        if record.retry_of:
            line.append(*dot).append(f"retry of {glyphs.text(record.retry_of, 40)}", palette.muted)
        if record.foreign:
            line.append(*dot).append("not started here", palette.muted)
        return _cut(line, width, glyphs.ellipsis)

    def _progress(self, width: int) -> list[Text]:
        """The bar with its figures, and the counts; on one line where there are few."""
        palette, glyphs, run, progress = self.look.palette, self.look.glyphs, self.run, self.progress
        total = total_of(run, progress)
        of = f"{total:,}" if total is not None else "?"
        figures = Text(f"{progress.done:,} of {of}", f"bold {palette.strong}")
        seconds = elapsed_s(run, self.now)
        took = "" if run.state.ended else so_far_text(seconds)
        took = took if run.end is None else seconds_text(seconds)
        left = remaining_text(run, progress, self.remaining_s)
        left = left if width >= _TIMED or self.remaining_s is not None else ""
        dot = (f" {glyphs.dot} ", palette.line)
        time = Text(took, palette.text)
        if left:
            time.append(*(dot if took else ("", ""))).append(left, palette.muted)
        if not progress.nodes and total is None and run.state.ended:
            return [_cut(Text(self._indent).append_text(time), width, glyphs.ellipsis)]
        room = width - figures.cell_len - time.cell_len - len(self._indent) - 7
        bar = bar_text(progress, total, min(max(room, 8), _BAR_MOST), self.look)
        first = Text(self._indent).append_text(bar).append("  ").append_text(figures)
        if time:
            first.append(*dot).append_text(time)
        counts = Text(self._indent).append_text(tally_text(progress.nodes, self.look))
        lines = [_cut(first, width, glyphs.ellipsis)]
        return [*lines, _cut(counts, width, glyphs.ellipsis)] if progress.nodes else lines


def before_anything(run_id: str, failure: GcmsError | None, look: Look) -> list[Text]:
    """What stands there until the run was seen for the first time."""
    palette, text = look.palette, look.glyphs.text
    if failure is None:
        return [Text(f" Reading run {text(run_id, 60)}", palette.muted)]
    return [
        Text(f" {text(failure.title, 100)}", f"bold {palette.unknown}"),
        Text(f" {text(failure.message, 300)}", palette.text),
        Text(f" {text(failure.next_step, 300)}", palette.muted),
    ]


def as_a_whole(run: Run, progress: Progress, now: datetime) -> GcmsError | None:
    """Why the command as a whole could not be done; None where that is not what went wrong."""
    if progress.error:
        return GcmsError("dbt could not do it", progress.error, "Mend it in the project, then R runs it again.")
    if run.state is RunState.ERROR:
        raw = "\n".join(one.text for one in progress.messages if one.level in ("raw", "error"))
        return GcmsError("dbt could not do it", raw or standing(run, progress, now).said, "L shows the whole log.")
    return None


_PARTS = ("failed", "warned", "good", "skipped", "cancelled", "running", "rest")
_STROKES = {
    "failed": ("■", "#"), "warned": ("▪", "!"), "good": ("━", "="), "skipped": ("┄", "o"), "cancelled": ("╌", "~"),
    "running": ("╍", ">"), "rest": ("─", "-"),
}  # fmt: skip


def bar_text(progress: Progress, total: int | None, width: int, look: Look) -> Text:
    """How much of it is done, failing first; each part has a stroke of its own, and is seen however small."""
    palette = look.palette
    tints = {
        "failed": palette.fail, "warned": palette.warn, "good": palette.ok, "skipped": palette.muted,
        "cancelled": palette.warn, "running": palette.accent, "rest": palette.line,
    }  # fmt: skip
    numbers = dict.fromkeys(_PARTS, 0)
    for status, number in tally([node for node in progress.nodes if node.resource_type != "operation"]):
        numbers[_part(status)] += number
    numbers["rest"] += max((total or 0) - sum(numbers.values()), 0)
    cells = shares([numbers[part] for part in _PARTS], width)
    bar = Text()
    for part, share in zip(_PARTS, cells, strict=True):
        bar.append(_STROKES[part][look.glyphs.ascii] * share, tints[part])
    return bar if bar else Text(_STROKES["rest"][look.glyphs.ascii] * width, palette.line)


def _part(status: str) -> str:
    if failed(status):
        return "failed"
    return {
        "warn": "warned", SKIPPED: "skipped", CANCELLED: "cancelled", UNFINISHED: "cancelled", RUNNING: "running",
        WAITING: "rest", UNBEGUN: "rest",
    }.get(status, "good")  # fmt: skip


def shares(numbers: Sequence[int], width: int) -> list[int]:
    """`width` cells among `numbers`, at least one for each that is not 0 where there is room."""
    total = sum(numbers)
    if not total:
        return [0] * len(numbers)
    cells = [max(number * width // total, 1) if number else 0 for number in numbers]
    while (over := sum(cells) - width) > 0:
        widest = max(range(len(cells)), key=lambda place: cells[place])
        cells[widest] -= min(over, max(cells[widest] - 1, 1))
    largest = max(range(len(numbers)), key=lambda place: numbers[place])
    cells[largest] += width - sum(cells)
    return cells


def _cut(line: Text, width: int, ellipsis: str) -> Text:
    if line.cell_len > width:
        line.truncate(max(width - len(ellipsis), 0))
        line.append(ellipsis[:width])
    return line
