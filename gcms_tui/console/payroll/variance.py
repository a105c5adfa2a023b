"""This payroll beside the last one: a page of its own, and the same lines wherever somebody signs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.cells import cell_len
from rich.text import Text

from gcms_tui.console.dialogs import PageDialog
from gcms_tui.console.payroll.person_words import concert_text, money, percent_text
from gcms_tui.console.present import DASH
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.widgets.row_list import cell
from gcms_tui.console.writing.plan_page import heading
from gcms_tui.core.conclusion import counted
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.variance import Variance, VarianceLine

_HEADS = ("", "now", "last", "difference", "change")
_LABEL_MOST, _LABEL_LEAST = 24, 8


def variance_lines(variance: Variance, look: Look, width: int) -> list[Text]:
    """Each figure of all payments, then of each pay type, and who came and went."""
    palette = look.palette
    beside = look.glyphs.text(variance.before_concert, 300) if variance.before else "none: nothing to compare with"
    lines = flow(Text(f"last: {beside}", palette.muted), width - 1, " ")
    rows = [_cells(line) for line in variance.lines]
    widths = [max(cell_len(row[place]) for row in (_HEADS, *rows)) for place in range(1, len(_HEADS))]
    label = max(width - sum(size + 2 for size in widths) - 2, _LABEL_LEAST)
    widths = [min(max(cell_len(row[0]) for row in rows), label, _LABEL_MOST), *widths]
    lines.append(_row(_HEADS, widths, look, palette.faint))
    for line, row in zip(variance.lines, rows, strict=True):
        net = line.what == "net" and not line.pay_type
        lines.append(_row(row, widths, look, f"bold {palette.strong}" if net else palette.text))
    who = (
        f"{counted(variance.new_payees, 'new payee')}; {variance.joined:,} joined, {variance.dropped:,} dropped since; "
        f"{counted(variance.changed, 'payment')} changed by more than {variance.change_percent:f}%"
    )
    return [*lines, *flow(Text(who, palette.muted), width - 1, " ")]


def net_text(variance: Variance) -> str:
    """`net +1,850.00 (+1,233.3%) against 6, Mahler 5, 2026-01-30`."""
    net = next(line for line in variance.lines if line.what == "net" and not line.pay_type)
    if net.difference is None:
        return "nothing to compare with"
    plus = "+" if net.difference > 0 else ""
    return f"net {plus}{money(net.difference)} ({percent_text(net.percent)}) against {variance.before_concert}"


def _cells(line: VarianceLine) -> tuple[str, ...]:
    def figure(value: Decimal | None) -> str:
        return DASH if value is None else money(value) if line.is_money else f"{value:,}"

    difference = line.difference
    plus = "+" if difference is not None and difference > 0 else ""
    label = f"{line.pay_type}: {line.what}" if line.pay_type else line.what
    return (
        label,
        figure(line.now),
        figure(line.before),
        f"{plus}{figure(difference)}",
        percent_text(line.percent),
    )


def _row(row: Sequence[str], widths: Sequence[int], look: Look, style: str) -> Text:
    cells = [
        cell(look.glyphs.text(said, 80), width, look.glyphs.ellipsis, right=place > 0)
        for place, (said, width) in enumerate(zip(row, widths, strict=True))
    ]
    return Text(f" {'  '.join(cells)}", style)


class VarianceDialog(PageDialog):
    """Sums: a single person's amount only where a pay type has no other."""

    def __init__(self, look: Look, run: PayrollRun, variance: Variance) -> None:
        super().__init__(look, "This payroll beside the last")
        self.run_of = run
        self.variance = variance

    def page(self, width: int) -> Sequence[Text]:
        look, palette = self.look, self.look.palette
        lines = flow(Text(look.glyphs.text(concert_text(self.run_of), 300), f"bold {palette.strong}"), width - 1, " ")
        lines += [Text(), heading("Variance", look), *variance_lines(self.variance, look, width)]
        lines += [Text(), heading("What is looked at by hand", look)] if self.variance.risks else []
        for risk in self.variance.risks:
            lines += flow(Text(f"{look.glyphs.dot} {look.glyphs.text(risk.words, 300)}", palette.text), width - 1, " ")
        return lines

    def as_text(self) -> str:
        return "\n".join(line.plain.rstrip() for line in self.page(100))
