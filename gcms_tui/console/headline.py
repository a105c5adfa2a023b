"""The lines around the board: the overall verdict above it, the focused finding in brief below it, and banners."""

from __future__ import annotations

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from gcms_tui.console.board_state import Overall
from gcms_tui.console.present import ago
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part, fit_parts
from gcms_tui.console.widgets.document import flow
from gcms_tui.core.finding import Finding
from gcms_tui.core.verdict import Verdict


class Headline(Widget):
    """One line: the verdict of the whole board, how many of each, and how old."""

    line: reactive[tuple[Part, ...]] = reactive(())

    def render(self) -> Text:
        return Text(" ").append_text(fit_parts(self.line, self.size.width - 1, Text("   ")))


def headline(overall: Overall, look: Look, wanted: str, shown: int, total: int) -> tuple[Part, ...]:
    """The headline's parts; `wanted` is the filter, which lets `shown` of `total` findings through."""
    palette, glyphs = look.palette, look.glyphs
    parts = [Part((Text(glyphs.verdict(overall.verdict), f"bold {look.colour(overall.verdict)}"),), 0)]
    if overall.last_known is not None:
        said = glyphs.verdict(overall.last_known)
        parts.append(Part((Text(f"last known: {said}", palette.muted), Text(f"was {said}", palette.muted)), 2))
    if overall.age is not None:
        counts, brief = Text(), Text()
        for verdict in sorted(Verdict, reverse=True):
            number = overall.counts.get(verdict, 0)
            tint = look.colour(verdict) if number and not overall.stale else palette.faint
            counts.append("  " if counts else "").append(f"{number} {verdict.name.lower()}", tint)
            if number:
                brief.append(" " if brief else "").append(f"{number}{verdict.name[0].lower()}", tint)
        parts.append(Part((counts, brief), 3))
        age = ago(overall.age)
        style = f"bold {palette.warn}" if overall.stale else palette.muted
        long = f"STALE, checked {age}" if overall.stale else f"checked {age}"
        parts.append(Part((Text(long, style), Text("STALE" if overall.stale else age, style)), 1))
    else:
        parts.append(Part((Text("never checked", palette.muted),), 1))
    if wanted:
        words = glyphs.text(wanted, 30)
        parts.append(
            Part((Text(f"/{words}  {shown} of {total}", palette.accent), Text(f"/{words}", palette.accent)), 1)
        )
    return tuple(parts)


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
        room = max(self.size.width - 2, 8)
        first = Text(glyphs.text(finding.summary, 400), palette.text)
        second = Text.assemble((f"{glyphs.arrow} {glyphs.text(finding.next_step, 400)}", palette.muted))
        lines = [first, second] if finding.next_step else flow(first, room)[:2]
        for line in lines:
            line.truncate(room, overflow="ellipsis" if not glyphs.ascii else "crop")
        return Text("\n").join(Text(" ").append_text(line) for line in lines)


class Banner(Widget):
    """Something to know before anything else; hidden while there is nothing."""

    said: reactive[Text | None] = reactive(None, layout=True)

    def watch_said(self, said: Text | None) -> None:
        self.display = said is not None

    def render(self) -> Text:
        if self.said is None:
            return Text()
        lines = flow(self.said, max(self.size.width - 2, 8))
        return Text("\n").join(Text(" ").append_text(line) for line in lines)
