"""One run told in full: how it ended, what to do, which nodes failed; then who asked for it, and what was executed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from gcms_tui.console.present import ago, moment_text
from gcms_tui.console.run_words import (
    counts_text,
    end_text,
    run_verdict,
    seconds_text,
    state_text,
    status_colour,
    status_verdict,
    took,
    words_text,
)
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow, opening, pair
from gcms_tui.console.widgets.run_list import progress_text
from gcms_tui.core.dbt_results import NodeResult, RunResults
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.run import RunRecord, RunState
from gcms_tui.core.run_progress import Progress
from gcms_tui.core.run_summary import short_name
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.run_history import Summary

_NODES = 40
"""Failing nodes that are named; the run's own screen has them all."""
_MESSAGE_LINES = 4
_TITLE_LINES = 2
"""Of a command that names many nodes; the argv is told last, and whole."""
_LABEL = 10


@dataclass(frozen=True, slots=True)
class RunPage:
    """Builds the page."""

    summary: Summary
    results: RunResults | GcmsError | None
    """None while they are being read, or the run has not ended."""
    progress: Progress | None
    remaining_s: float | None
    now: datetime
    look: Look

    def page(self, width: int) -> list[Text]:
        blocks = (
            self._title(width),
            self._next_step(width),
            self._nodes(width),
            self._pairs(self._figures(), width),
            self._pairs(self._origin(), width),
        )
        lines: list[Text] = []
        for block in blocks:
            lines += [*block, Text()] if block else []
        return lines

    def _title(self, width: int) -> list[Text]:
        palette, glyphs, record = self.look.palette, self.look.glyphs, self.summary.run.record
        title = state_text(self.summary, self.look)
        title.stylize("bold")
        title.append("  ").append(glyphs.text(f"dbt {words_text(record.command)}", 400), f"bold {palette.strong}")
        lines = opening(title, width, _TITLE_LINES, glyphs.ellipsis, " ")
        if run_verdict(self.summary) is None:
            lines += flow(progress_text(self.progress, self.look), width, " ")
        elif self.summary.counts:
            lines += flow(counts_text(self.summary.counts, self.look), width, " ")
        elif self.summary.run.state is RunState.SUCCEEDED and run_verdict(self.summary) is Verdict.UNKNOWN:
            lines += flow(
                Text("dbt ended with 0, and no node was executed: this says nothing", palette.unknown), width, " "
            )
        return lines

    def _figures(self) -> list[tuple[str, str]]:
        record = self.summary.run.record
        return [
            ("target", record.target or "not known"),
            ("started", f"{moment_text(record.started_at)}, {ago(self.now - record.started_at)}"),
            ("by", "not known" if record.foreign else str(record.person)),
            ("took", self._took(record)),
            ("ended", end_text(self.summary.run)),
            ("cancel", self._cancel()),
            ("retry of", record.retry_of or ""),
        ]

    def _origin(self) -> list[tuple[str, str]]:
        record = self.summary.run.record
        engine = "" if record.foreign else f"({record.engine})"
        return [
            ("run", record.run_id + (" (foreign: not started from a console)" if record.foreign else "")),
            ("dbt", " ".join(part for part in (record.dbt_version, engine) if part)),
            ("git", git_text(record)),
            ("argv", " ".join(record.argv)),
        ]

    def _pairs(self, pairs: Iterable[tuple[str, str]], width: int) -> list[Text]:
        lines: list[Text] = []
        for label, value in pairs:
            if value:
                named = Text(f" {label:<{_LABEL - 1}}", self.look.palette.faint)
                lines += pair(named, Text(self.look.glyphs.text(value, 2_000), self.look.palette.text), width)
        return lines

    def _took(self, record: RunRecord) -> str:
        parts = [seconds_text(took(self.summary, self.now)) or "not known"]
        if run_verdict(self.summary) is None:
            parts = [f"{parts[0]} so far"]
            parts += [f"about {seconds_text(self.remaining_s)} to go"] if self.remaining_s is not None else []
        elif record.expected_s is not None:
            parts.append(f"{seconds_text(record.expected_s)} expected")
        return ", ".join(parts)

    def _cancel(self) -> str:
        asked = self.summary.run.cancel
        return "" if asked is None else f"asked by {asked.person} at {moment_text(asked.at)}"

    def _nodes(self, width: int) -> list[Text]:
        palette, glyphs = self.look.palette, self.look.glyphs
        if isinstance(self.results, GcmsError):
            said = f"{self.results.title}: {self.results.message} {self.results.next_step}"
            return [self._heading("Nodes"), *flow(Text(glyphs.text(said, 600), palette.muted), width - 1, " ")]
        if self.results is None:
            return []
        told = [node for node in self.results.results if status_verdict(node.status) in (Verdict.FAIL, Verdict.WARN)]
        told.sort(key=lambda node: -status_verdict(node.status))
        if not told:
            return []
        lines = [self._heading("Nodes that failed or warned", len(told))]
        for node in told[:_NODES]:
            lines += self._node(node, width)
        if len(told) > _NODES:
            lines.append(Text(f" {glyphs.ellipsis} {len(told) - _NODES} more: Enter shows them all", palette.faint))
        return lines

    def _node(self, node: NodeResult, width: int) -> list[Text]:
        palette, glyphs = self.look.palette, self.look.glyphs
        rows = f" {node.failures:,}" if node.failures else ""
        head = Text.assemble(
            (f"{glyphs.text(node.status, 24)}{rows}", status_colour(node.status, self.look)),
            "  ",
            (glyphs.text(short_name(node.unique_id), 200), palette.strong),
        )
        lines = flow(head, width - 1, " ")
        told = glyphs.lines(node.message.strip(), 1_200) if node.message.strip() else []
        for line in told[:_MESSAGE_LINES]:
            lines += flow(Text(line, palette.muted), width - 1, "   ")
        if len(told) > _MESSAGE_LINES:
            lines.append(Text(f"   {glyphs.ellipsis}", palette.faint))
        return lines

    def _next_step(self, width: int) -> list[Text]:
        steps = next_steps(self.summary)
        if not steps:
            return []
        prose = [line for step in steps for line in flow(Text(step, self.look.palette.text), width - 1, " ")]
        return [self._heading("What to do"), *prose]

    def _heading(self, title: str, number: int | None = None) -> Text:
        text = Text.assemble((f" {title}", f"bold {self.look.palette.accent}"))
        return text if number is None else text.append(f"  {number:,}", self.look.palette.faint)


def next_steps(summary: Summary) -> tuple[str, ...]:
    """What a person would do about it, by the keys of the pane."""
    failing_tests = any(status in ("fail", "warn") for status, _ in summary.counts)
    match summary.run.state:
        case RunState.RUNNING | RunState.CANCELLING:
            return ("Enter watches it live.",)
        case RunState.KILLED | RunState.LOST:
            return (
                "Its statements may still run in the warehouse: Enter says which.",
                "R shows what would be run again.",
            )
        case RunState.CANCELLED:
            return ("R shows what would be run again.",)
        case RunState.FAILED | RunState.ERROR:
            rows = ("f shows the failing tests with their rows.",) if failing_tests else ()
            return (*rows, "L opens its log; R shows what would be run again.")
        case RunState.SUCCEEDED if run_verdict(summary) is Verdict.UNKNOWN:
            return ("Look at the selection: a run that executes nothing proves nothing.",)
        case RunState.UNKNOWN:
            return ("D opens the project's dbt.log, where it left its traces.",)
    return ("f shows the tests that warned.",) if failing_tests else ()


def git_text(record: RunRecord) -> str:
    if record.git is None:
        return ""
    return record.git.sha[:12] + (", with changes that are not committed" if record.git.dirty else "")


def run_text(page: RunPage) -> str:
    """The page as it is copied into a ticket."""
    return "\n".join(line.plain.rstrip() for line in page.page(100)).strip()
