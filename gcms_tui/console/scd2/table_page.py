"""One SCD2 table in full: every class of defect and what it means, how its versions end, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from gcms_tui.console.present import ago, moment_text
from gcms_tui.console.scd2.state import TableRow
from gcms_tui.console.scd2.words import BROWSED, DEFECTS
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.scd2.scan import TableScan

_READABLE = 96
_NUMBER = 20


@dataclass(frozen=True, slots=True)
class TablePage:
    """Builds the page."""

    row: TableRow
    now: datetime
    look: Look

    def page(self, width: int) -> list[Text]:
        wide = min(width, _READABLE) - 1
        blocks = [self._title(wide), self._figures(width), self._next_step(wide), self._defects(wide)]
        blocks += [self._convention(width)]
        lines: list[Text] = []
        for block in blocks:
            lines += [*block, Text()] if block else []
        return lines

    def _title(self, wide: int) -> list[Text]:
        palette, glyphs, row = self.look.palette, self.look.glyphs, self.row
        tint = palette.faint if row.stale else f"bold {self.look.colour(row.verdict)}"
        name = (glyphs.text(row.listed.table, 300), f"bold {palette.strong}")
        title = Text.assemble((glyphs.verdict(row.verdict), tint), "  ", name)
        if row.stale:
            title.append("  STALE", f"bold {palette.warn}")
        lines = flow(title, wide, " ")
        for said, style in (*self._why(), (self._state, palette.text)):
            lines += flow(Text(glyphs.text(said, 600), style), wide, " ") if said else []
        return lines

    def _why(self) -> Sequence[tuple[str, str]]:
        """Why nothing is known, or why what is known is old."""
        palette, known = self.look.palette, self.row.known
        error: GcmsError | None = known.error
        if error is not None:
            step = f"{self.look.glyphs.arrow} {error.next_step}" if error.next_step else ""
            return ((f"{error.title}: {error.message}", palette.unknown), (step, palette.muted))
        return (("Somebody has written to it since: r scans it again.", palette.warn),) if known.written else ()

    @property
    def _state(self) -> str:
        scan = self.row.known.scan
        if self.row.listed.problem:
            return f"It cannot be checked: {self.row.listed.problem}."
        if scan is None:
            return "It is being scanned." if self.row.scanning else "It has not been looked at yet: r scans it."
        if not scan.rows:
            return "It holds no versions at all, and an empty table proves nothing."
        return "" if scan.found else "No defect of any class."

    def _figures(self, width: int) -> list[Text]:
        scan, palette = self.row.known.scan, self.look.palette
        if scan is None:
            return []
        taken = f"{moment_text(scan.taken_at)}, {ago(self.now - scan.taken_at)}, in {scan.elapsed_ms} ms"
        lines: list[Text] = []
        for label, said, style in (
            ("rows", f"{scan.rows:,} versions of {scan.keys:,} keys", palette.text),
            ("scanned", taken, palette.warn if self.row.stale else palette.text),
        ):
            lines += pair(Text(f" {label:<9}", palette.faint), Text(said, style), width)
        return lines

    def _next_step(self, wide: int) -> list[Text]:
        scan = self.row.known.scan
        if scan is None or not any(name in BROWSED for name in scan.found):
            return []
        said = "Enter shows the keys that are concerned; from a key its repair is planned, seen, and only then applied."
        return flow(Text(f"{self.look.glyphs.arrow} {said}", self.look.palette.muted), wide, " ")

    def _defects(self, wide: int) -> list[Text]:
        scan, palette = self.row.known.scan, self.look.palette
        if scan is None or not scan.rows:
            return []
        lines = [Text(" Classes of defects", f"bold {palette.accent}")]
        order = sorted(DEFECTS, key=lambda name: not scan.defects.get(name, 0))
        for name in order:
            lines += self._defect(name, scan, wide)
        return lines

    def _defect(self, name: str, scan: TableScan, wide: int) -> list[Text]:
        palette, glyphs, words = self.look.palette, self.look.glyphs, DEFECTS[name]
        number = scan.defects.get(name, 0)
        verdict = Verdict.FAIL if number else Verdict.OK
        symbol = verdict.ascii_symbol if glyphs.ascii else verdict.symbol
        head = Text.assemble(
            (f" {symbol} ", self.look.colour(verdict) if number else palette.faint),
            (f"{words.short:<{_NUMBER}}", palette.strong if number else palette.faint),
        )
        said = Text.assemble((f"{number:,} {words.counted}" if number else "none", palette.faint))
        if number:
            unit = words.counted.removesuffix("s") if number == 1 else words.counted
            said = Text.assemble((f"{number:,} {unit}", f"bold {palette.fail}"), (f"  {words.meaning}", palette.muted))
        return pair(head, said, wide)

    def _convention(self, width: int) -> list[Text]:
        known, palette, glyphs = self.row.known, self.look.palette, self.look.glyphs
        if known.scan is None or known.in_force is None or not known.scan.rows:
            return []
        closed = known.scan.closed
        seen = f"{closed.day_before:,} end the day before their successor begins, {closed.same_instant:,} where it does"
        lines = [Text(" How closed versions end", f"bold {palette.accent}")]
        lines += pair(Text(f" {'seen':<9}", palette.faint), Text(seen, palette.text), width)
        in_force = f"a repair closes a version {known.in_force.convention.words}"
        lines += pair(Text(f" {'in force':<9}", palette.faint), Text(in_force, palette.text), width)
        if known.in_force.warning:
            symbol = Verdict.WARN.ascii_symbol if glyphs.ascii else Verdict.WARN.symbol
            warning = glyphs.text(f"{symbol} {known.in_force.warning}", 600)
            lines += pair(Text(" " * 10), Text(warning, palette.warn), width)
        return lines


def table_text(row: TableRow, now: datetime, look: Look) -> str:
    """The page as plain text, with the statement that was run."""
    lines = [line.plain.rstrip() for line in TablePage(row, now, look).page(_READABLE)]
    scan = row.known.scan
    origin = [] if scan is None else [f"-- query id {scan.provenance.query_id or 'none'}", scan.provenance.statement]
    return "\n".join([*lines, *origin])
