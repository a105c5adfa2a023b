"""The two lines above a payroll run: what it pays, how far it is, and what it is bound to. Pure."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from gcms_tui.console.payroll.wizard_source import Standing
from gcms_tui.console.payroll.words import by_text, passed_of, run_state, short, totals_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part


def first_line(standing: Standing | None, run_id: str, look: Look, *, reading: bool) -> tuple[Part, ...]:
    palette, text = look.palette, look.glyphs.text
    if standing is None:
        said = f"reading {text(run_id, 60)}" if reading else f"{text(run_id, 60)} could not be read"
        return (Part((Text(said, palette.accent),), 0),)
    run = standing.run
    title = (Text(text(f"{run.concert_id}  {run.title}", 80), f"bold {palette.strong}"),)
    date = run.concert_date.isoformat() if run.concert_date else "no date"
    return (
        Part((run_state(run, look),), 0),
        Part((*title, Text(text(run.concert_id, 20), f"bold {palette.strong}")), 1),
        Part((Text(date, palette.text if run.concert_date else palette.warn),), 2),
        Part((Text(passed_of(standing.looks), palette.muted),), 3),
    )


def second_line(standing: Standing | None, now: datetime, look: Look) -> tuple[Part, ...]:
    palette, text = look.palette, look.glyphs.text
    if standing is None:
        return ()
    run, frozen = standing.run, standing.run.frozen
    parts = [Part((Text(text(run.run_id, 60), palette.muted),), 1)]
    if frozen is None:
        parts.append(Part((Text("nothing is frozen yet", palette.faint), Text("not frozen", palette.faint)), 3))
    else:
        totals, digits = totals_text(frozen.totals), short(frozen.fingerprint)
        net = totals.rpartition(", ")[2]
        parts.append(Part((Text(totals, palette.text), Text(net, palette.text)), 0))
        parts.append(Part((Text(f"fingerprint {digits}", palette.muted), Text(digits[:8], palette.muted)), 2))
    by = run.ended if run.ended is not None else run.opened
    word = run.state.value if run.ended is not None else "opened"
    parts.append(Part((Text(text(f"{word} by {by_text(by, now)}", 80), palette.muted),), 4))
    return tuple(parts)
