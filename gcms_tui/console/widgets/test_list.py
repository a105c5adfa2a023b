"""The failing tests of a run, the critical ones first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from gcms_tui.console.failing_page import mark
from gcms_tui.console.widgets.row_list import RowList, cell

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.failing_tests import FailingTest

_MARK = 16


@dataclass(frozen=True, slots=True)
class TestRow:
    """A heading, or a test."""

    key: str
    heading: str = ""
    test: FailingTest | None = None


def test_rows(tests: tuple[FailingTest, ...]) -> tuple[TestRow, ...]:
    rows: list[TestRow] = []
    for heading, critical in (("Critical: payroll waits for these", True), ("Others", False)):
        members = [TestRow(test.unique_id, test=test) for test in tests if test.critical is critical]
        rows += [TestRow(f"§{heading}", heading=heading), *members] if members else []
    return tuple(rows)


class TestList(RowList[TestRow]):
    """Status and number of rows, then the name."""

    def draw(self, row: TestRow, width: int, *, current: bool) -> Text:
        palette, glyphs = self.look.palette, self.look.glyphs
        if row.test is None:
            tint = palette.fail if row.heading.startswith("Critical") else palette.accent
            text = Text.assemble((f" {row.heading} ", f"bold {tint}"))
            return text.append(glyphs.rule * max(width - text.cell_len - 1, 0), palette.line)
        said = mark(row.test, self.look)
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        line.append(cell(said.plain, min(_MARK, width // 3), glyphs.ellipsis), said.style)
        room = max(width - line.cell_len - 2, 0)
        return line.append(" " + cell(glyphs.text(row.test.name, 200), room, glyphs.ellipsis).rstrip(), palette.text)
