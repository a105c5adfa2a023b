"""The monthly review of one table: how many versions corrected the past, month by month, and a note on their cause."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from gcms_tui.console.scd2.noted import NotedScreen, heading
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part
from gcms_tui.console.widgets.document import flow
from gcms_tui.core.conclusion import counted
from gcms_tui.core.scd2.corrections import TOLERANCE, Month, Review

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.finding import Provenance
    from gcms_tui.operations.scd2.desk import Scd2Desk
    from gcms_tui.operations.scd2.notes import Note

_TOLERANCES = (timedelta(hours=1), TOLERANCE, timedelta(days=7))
_MONTH, _FIGURE = 9, 9
_WIDEST_BAR = 60


class CorrectionsScreen(NotedScreen[Review]):
    """Over a table. It is no verdict; an empty table says nothing at all."""

    TITLE = "Late corrections"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "w", "tolerance", "Tolerance", id="corrections.tolerance", tooltip="Late after an hour, a day or a week"
        ),
    ]

    def __init__(self, services: ConsoleServices, look: Look, desk: Scd2Desk, table_name: str) -> None:
        super().__init__(services, look, desk, table_name)
        self.table_name = table_name
        self.tolerance = TOLERANCE

    def look_it_up(self) -> Review:
        return self.desk.corrections.review(self.table_name, self.tolerance)

    def read_notes(self) -> tuple[Note, ...]:
        return self.desk.corrections.notes(self.table_name)

    def write_note(self, report: Review, text: str) -> None:
        self.desk.corrections.note(self.table_name, text, report)

    def origins(self, report: Review) -> tuple[datetime, tuple[Provenance, ...]]:
        return report.taken_at, report.provenance

    def plain(self, report: Review) -> tuple[str, ...]:
        return report.words, *(f"{month.label}\t{month.corrections}\t{month.keys}" for month in report.months)

    def said(self, report: Review) -> Part:
        palette = self.look.palette
        if not report.known:
            return Part((Text("? UNKNOWN, the table is empty", f"bold {palette.unknown}"),), 0)
        said = f"{counted(report.total, 'correction')}, later than {report.tolerance_text}"
        return Part((Text(said, f"bold {palette.strong}"),), 0)

    def told(self, report: Review, width: int) -> list[Text]:
        palette, glyphs = self.look.palette, self.look.glyphs
        lines = flow(Text(glyphs.text(report.words, 400), palette.strong), width - 1, " ")
        without = "Versions that do not say when they became known, or since when they are valid, are not counted."
        lines += flow(Text(without, palette.muted), width - 1, " ")
        if not report.total:
            return lines
        most = max(month.corrections for month in report.months)
        return [
            *lines,
            Text(),
            heading("By the month they became known in", self.look),
            *self._bars(report, most, width),
        ]

    def _bars(self, report: Review, most: int, width: int) -> list[Text]:
        palette, glyphs = self.look.palette, self.look.glyphs
        room = max(min(width - 1 - _MONTH - 2 * (_FIGURE + 2) - 2, _WIDEST_BAR), 0)
        title = Text(f" {'month':<{_MONTH}}{'versions':>{_FIGURE}}  {'keys':>{_FIGURE}}", palette.muted)
        return [title, *(self._bar(month, most, room, glyphs.sparks[-1]) for month in report.months)]

    def _bar(self, month: Month, most: int, room: int, block: str) -> Text:
        palette = self.look.palette
        line = Text(f" {month.label:<{_MONTH}}", palette.text)
        style = palette.strong if month.corrections else palette.faint
        line.append(f"{month.corrections:>{_FIGURE},}  {month.keys:>{_FIGURE},}  ", style)
        # The least there is can still be seen.
        cells = max(round(month.corrections / most * room), 1) if month.corrections else 0
        return line.append(block * min(cells, room), palette.accent)

    # -- the tolerance ----------------------------------------------------------------------------------------------

    def refusal(self, action: str) -> str | None:
        if action == "tolerance":
            return "it is being read" if self._loader.busy else None
        return super().refusal(action)

    def action_tolerance(self) -> None:
        self.tolerance = _TOLERANCES[(_TOLERANCES.index(self.tolerance) + 1) % len(_TOLERANCES)]
        self.action_refresh()
