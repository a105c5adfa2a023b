"""The lines around the board: the overall verdict above it, the focused finding in brief below it, and banners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from gcms_tui.console.board_state import Overall
from gcms_tui.console.present import ago
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Bar, Part, fit_parts
from gcms_tui.console.widgets.document import flow
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import Finding
from gcms_tui.core.frozen import frozen
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:  # names only: the first paint does not wait for them
    from gcms_tui.operations.writing.doubts import Doubt


class Headline(Bar):
    """One line: the verdict of the whole board, how many of each, and how old."""

    parts: reactive[tuple[Part, ...]] = reactive((), repaint=False)

    def watch_parts(self, parts: tuple[Part, ...]) -> None:
        self.tell()

    def line(self) -> Text:
        return Text(" ").append_text(fit_parts(self.parts, self.size.width - 1, Text("   ")))


@frozen
class Progress:
    """How far a look under way has got; `of` is 0 before the number of checks is known."""

    answered: int
    of: int


def headline(
    overall: Overall, look: Look, progress: Progress | None, filtered: tuple[str, int, int] | None
) -> tuple[Part, ...]:
    """The headline's parts. `filtered`: the filter's words, and how many findings of how many it lets through."""
    palette, glyphs = look.palette, look.glyphs
    parts = [Part((Text(glyphs.verdict(overall.verdict), f"bold {look.colour(overall.verdict)}"),), 0)]
    if overall.said is not None:
        said = glyphs.verdict(overall.said)
        when = "so far" if overall.partial else "last known"
        parts.append(Part((Text(f"{when}: {said}", palette.muted), Text(said, palette.muted)), 2))
    if overall.age is not None:
        parts.append(_counts(overall, look))
    parts.append(_age(overall, look) if progress is None else _progress(progress, look))
    if filtered is not None:
        words, shown, total = f"/{glyphs.text(filtered[0], 30)}", filtered[1], filtered[2]
        parts.append(Part((Text(f"{words}  {shown} of {total}", palette.accent), Text(words, palette.accent)), 1))
    return tuple(parts)


def _counts(overall: Overall, look: Look) -> Part:
    counts, brief = Text(), Text()
    for verdict in sorted(Verdict, reverse=True):
        number = overall.counts.get(verdict, 0)
        tint = look.colour(verdict) if number and not overall.stale else look.palette.faint
        counts.append("  " if counts else "").append(f"{number} {verdict.name.lower()}", tint)
        if number:
            brief.append(" " if brief else "").append(f"{number}{verdict.name[0].lower()}", tint)
    return Part((counts, brief), 3)


def _age(overall: Overall, look: Look) -> Part:
    if overall.age is None:
        return Part((Text("never checked", look.palette.muted),), 1)
    age = ago(overall.age)
    if overall.stale:
        style = f"bold {look.palette.warn}"
        return Part((Text(f"STALE, checked {age}", style), Text("STALE", style)), 1)
    return Part((Text(f"checked {age}", look.palette.muted), Text(age, look.palette.muted)), 1)


def _progress(progress: Progress, look: Look) -> Part:
    style = look.palette.accent
    if not progress.of:
        return Part((Text("connecting", style),), 1)
    said = f"{progress.answered} of {progress.of}"
    return Part((Text(f"checking {said}", style), Text(said, style)), 1)


class Preview(Widget):
    """Two lines on the finding under the cursor, where there is no room for the whole of it."""

    finding: reactive[Finding | None] = reactive(None)

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._look = look

    def render(self) -> Text:
        finding, palette, glyphs = self.finding, self._look.palette, self._look.glyphs
        if finding is None:
            return Text()
        summary = Text(glyphs.text(finding.summary, 400), palette.text)
        step = Text(f"{glyphs.arrow} {glyphs.text(finding.next_step, 400)}", palette.muted)
        lines = [summary, step] if finding.next_step else flow(summary, self.size.width - 2)[:2]
        return Text("\n").join(cut(line, self.size.width - 1, self._look) for line in lines)


class Banner(Widget):
    """Something to know before anything else; hidden while there is nothing."""

    said: reactive[tuple[Text, ...]] = reactive((), layout=True)
    """Its lines; one that must not wrap is cut to the width."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._look = look

    def watch_said(self, said: tuple[Text, ...]) -> None:
        self.display = bool(said)

    def render(self) -> Text:
        lines: list[Text] = []
        for line in self.said:
            lines += (
                [cut(line, self.size.width - 1, self._look)] if line.no_wrap else flow(line, self.size.width - 1, " ")
            )
        return Text("\n").join(lines)


def failure_lines(error: GcmsError, look: Look, tint: str) -> tuple[Text, ...]:
    """Two lines for a banner: what failed, and what to do."""
    palette, glyphs = look.palette, look.glyphs
    said = Text.assemble((glyphs.text(error.title, 60), f"bold {tint}"), "  ", no_wrap=True)
    said.append(glyphs.text(error.message, 300), palette.text)
    step = Text(f"{glyphs.arrow} {glyphs.text(error.next_step, 300)}", palette.muted, no_wrap=True)
    return (said, step) if error.next_step else (said,)


def doubt_lines(doubts: Sequence[Doubt], look: Look) -> tuple[Text, ...]:
    """Until they are settled: what nobody knows the outcome of comes before everything else."""
    palette = look.palette
    if not doubts:
        return ()
    first, more = doubts[0], f"; and {len(doubts) - 1} more" if len(doubts) > 1 else ""
    said = f"{first.words}, begun by {first.entry.user}@{first.entry.host}{more}"
    line = Text.assemble(("IN DOUBT ", f"bold {palette.fail}"), (look.glyphs.text(said, 200), palette.text))
    step = f"{look.glyphs.arrow} It may have been done, or not. 6, then Enter, looks what became of it."
    line.no_wrap = True
    return (line, Text(step, palette.muted, no_wrap=True))


def cut(line: Text, width: int, look: Look) -> Text:
    """`line` after a space, in at most `width` cells more."""
    room = max(width - 1, 1)
    if line.cell_len > room:
        line = line.copy()
        line.truncate(room - 1)
        line.append(look.glyphs.ellipsis)
    return Text(" ").append_text(line)
