"""Who did something to a payroll run, and what it comes to, in words: pure, and the same on each of its screens."""

from __future__ import annotations

from decimal import Decimal

from rich.text import Text

from gcms_tui.console.present import DASH
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import pair
from gcms_tui.console.writing.plan_page import labelled, symbol
from gcms_tui.core.payroll.payment import ControlTotals
from gcms_tui.core.payroll.run import By, PayrollRun
from gcms_tui.core.verdict import Verdict

SHORT = 16
"""Digits of a hash that a person compares at a glance; what is copied has them all."""


def by_text(by: By | None) -> str:
    if by is None:
        return "nobody knows who"
    return f"{by.person.user}@{by.person.host}, {by.at:%Y-%m-%d %H:%M} UTC"


def money(amount: Decimal | None) -> str:
    """Exact, with at least two decimals; a dash where there is none."""
    if amount is None:
        return DASH
    exponent = amount.as_tuple().exponent
    places = max(-exponent, 2) if isinstance(exponent, int) else 2
    return f"{amount:,.{places}f}"


def change_percent(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """By how much it has changed; None where there is nothing to compare with."""
    if now is None or not before:
        return None
    return (now - before) / abs(before) * 100


def percent_text(percent: Decimal | None) -> str:
    if percent is None:
        return DASH
    if not percent:
        return "0.0%"
    return f"{percent:+,.1f}%" if abs(percent) < 100_000 else f"{percent:+.0e}%"


def concert_text(run: PayrollRun) -> str:
    """`33, Mahler 5, 2026-02-20`; still data."""
    dated = run.concert_date.isoformat() if run.concert_date else "no date"
    return f"{run.concert_id}, {run.title}, {dated}"


def totals_lines(totals: ControlTotals, look: Look, width: int) -> list[Text]:
    """The control totals, a line each."""
    lines = labelled("payments", f"{totals.entries:,} of {totals.musicians:,} musicians", look, width)
    lines += labelled("gross", money(totals.gross), look, width)
    lines += labelled("deductions", money(totals.deductions), look, width)
    lines += labelled("net", money(totals.net), look, width, f"bold {look.palette.strong}")
    return [*lines, *labelled("hash total", str(totals.hash_total), look, width)]


def run_lines(run: PayrollRun, look: Look, width: int) -> list[Text]:
    """Which run it is about."""
    return [
        *labelled("concert", concert_text(run), look, width, f"bold {look.palette.strong}"),
        *labelled("run", run.run_id, look, width),
    ]


def said_lines(verdict: Verdict, said: str, look: Look, width: int) -> list[Text]:
    """A verdict's mark, and a sentence beside it."""
    mark = Text(f" {symbol(verdict, look)} ", f"bold {look.colour(verdict)}")
    return pair(mark, Text(look.glyphs.text(said, 1_000), look.palette.text), width)
