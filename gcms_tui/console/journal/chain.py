"""Whether the journal's chain is whole, and what it was compared with."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from gcms_tui.console.dialogs import PageDialog
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.plan_page import heading, labelled, symbol
from gcms_tui.core.conclusion import counted
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.journal import ChainReport

_BROKEN = "Write nothing until it is known who changed it. Keep a copy of the store, and tell whoever answers for it."
_NO_ANCHOR = "There is nothing to compare it with: an end that was cut off would not be noticed."


class ChainDialog(PageDialog):
    """What reading the whole chain told."""

    def __init__(self, look: Look, report: ChainReport, unreached: str = "") -> None:
        """`unreached`: why anchors that may be there were not compared."""
        super().__init__(look, "The journal's chain")
        self.report = report
        self.unreached = unreached

    def page(self, width: int) -> Sequence[Text]:
        return chain_page(self.report, self.unreached, self.look, width)

    def as_text(self) -> str:
        return "\n".join(line.plain.rstrip() for line in self.page(100))


def chain_page(report: ChainReport, unreached: str, look: Look, width: int) -> list[Text]:
    palette, glyphs = look.palette, look.glyphs
    if report.whole:
        verdict = Verdict.OK if report.proven else Verdict.UNKNOWN
        number = counted(report.count, "entry", "entries")
        word = "WHOLE" if report.proven else "NOT PROVEN"
        said = f"{symbol(verdict, look)} {word}: {number}, each continues the one before"
        lines = flow(Text(said, f"bold {look.colour(verdict)}"), width - 1, " ")
    else:
        said = f"{symbol(Verdict.FAIL, look)} BROKEN at entry {report.broken_at:,}"
        lines = flow(Text(said, f"bold {palette.fail}"), width - 1, " ")
        lines += flow(Text(glyphs.text(report.problem, 600), palette.text), width - 1, " ")
        lines += [Text(), heading("What to do", look), *flow(Text(_BROKEN, palette.text), width - 1, " ")]
    lines += [Text(), *labelled("read", f"{report.count:,} in order", look, width)]
    lines += labelled("head", report.head, look, width)
    lines += [Text(), heading("Compared with", look, len(report.anchors))]
    for why in (*report.unread, *([unreached] if unreached else [])):
        lines += flow(Text(f"{symbol(Verdict.WARN, look)} {glyphs.text(why, 600)}", palette.warn), width - 1, " ")
    if not report.anchors:
        return [*lines, *flow(Text(_NO_ANCHOR, palette.warn), width - 1, " ")]
    for anchor in report.anchors:
        place = f"{anchor.place or 'an anchor'}: {anchor.count:,} entries, {anchor.at}"
        lines += flow(Text(glyphs.text(place, 300), palette.text), width - 1, " ")
        lines += flow(Text(glyphs.text(anchor.head, 80), palette.faint), width - 1, "   ")
    return lines
