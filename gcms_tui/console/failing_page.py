"""A failing test told: what it says, what the runbook knows of it, and its SQL. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from gcms_tui.console.run_words import status_colour
from gcms_tui.console.theme import Look
from gcms_tui.console.troubleshooting import card_text
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.core.procedures.matching import Match
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.failing_tests import FailingRows, FailingTest

_MESSAGE = 1_200
_READABLE = 110


def about(test: FailingTest, card: Match | None, look: Look, width: int) -> list[Text]:
    """Name, status and message, and the runbook's cards: of troubleshooting, and of the critical test."""
    palette, glyphs = look.palette, look.glyphs
    wide = min(width, _READABLE) - 1
    head = Text.assemble(mark(test, look), "  ", (glyphs.text(test.name, 300), f"bold {palette.strong}"))
    lines = flow(head, wide, " ")
    if test.critical:
        lines += flow(Text("CRITICAL: hold the payroll until it passes", f"bold {palette.fail}"), wide, " ")
    for line in glyphs.lines(test.message.strip(), _MESSAGE) if test.message.strip() else ():
        lines += flow(Text(line, palette.muted), wide, " ")
    if card is not None:
        lines += flow(card_text(card, look), wide, " ")
    if test.card is not None:
        lines.append(Text())
        for label, said in (("cause", test.card.cause), ("fix", test.card.fix)):
            named = Text(f" {label:<7}", f"bold {palette.accent}")
            lines += pair(named, Text(glyphs.text(said, 1_000), palette.text), wide + 1)
        lines.append(Text(f"        runbook, {glyphs.text(test.card.section, 60)}", palette.faint))
    return lines


def mark(test: FailingTest, look: Look) -> Text:
    """Symbol, status and number of rows: `✗ fail 3`."""
    glyphs, warned = look.glyphs, test.status == "warn"
    verdict = Verdict.WARN if warned else Verdict.FAIL
    symbol = verdict.ascii_symbol if glyphs.ascii else verdict.symbol
    rows = f" {test.failures:,}" if test.failures is not None else ""
    return Text(f"{symbol} {glyphs.text(test.status, 20)}{rows}", status_colour(test.status, look))


def rows_line(rows: FailingRows, look: Look) -> Text:
    """How many rows, kept when, and what is masked."""
    palette, glyphs = look.palette, look.glyphs
    shown = len(rows.rows.rows)
    number = (
        f"{rows.total:,} row{'' if rows.total == 1 else 's'}"
        if shown == rows.total
        else f"{shown:,} of {rows.total:,} rows"
    )
    text = Text.assemble((number, f"bold {palette.accent}"), (f"  kept {glyphs.text(rows.kept_at, 60)}", palette.muted))
    if rows.personal:
        names = glyphs.text(", ".join(rows.personal), 120)
        said = f"  REVEALED: {names}" if rows.revealed else f"  masked: {names} (u reveals)"
        text.append(said, f"bold {palette.warn}" if rows.revealed else palette.muted)
    return text.append(f"  {glyphs.text(rows.note, 300)}", palette.warn) if rows.note else text


def sql_lines(sql: str, look: Look) -> list[Text]:
    """Numbered lines; longer ones scroll sideways."""
    lines = look.glyphs.lines(sql, 200_000)
    digits = len(str(len(lines)))
    return [
        Text.assemble((f" {number:>{digits}} ", look.palette.faint), (line, look.palette.text))
        for number, line in enumerate(lines, 1)
    ]


def rows_text(test: FailingTest, rows: FailingRows) -> str:
    """Tab-separated, masked as shown, with where it comes from."""
    from gcms_tui.console.present import scalar_text

    head = [f"-- {test.name}: {test.status}", f"-- {test.relation_name or 'no relation'}, kept {rows.kept_at}"]
    lines = ["\t".join(rows.rows.columns)]
    lines += ["\t".join(scalar_text(value).replace("\t", " ") for value in row) for row in rows.rows.rows]
    return "\n".join([*head, *lines, f"-- {len(rows.rows.rows)} of {rows.total} rows"])
