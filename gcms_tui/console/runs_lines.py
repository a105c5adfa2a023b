"""The lines around the list of runs. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from gcms_tui.console.present import ago
from gcms_tui.console.run_page import next_steps
from gcms_tui.console.run_words import run_verdict, state_text, words_text
from gcms_tui.console.runs_state import RunsState
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.run_history import Summary


def headline(
    state: RunsState, now: datetime, look: Look, *, reading: bool, filtered: tuple[str, int] | None
) -> tuple[Part, ...]:
    """What runs, how many there are, how the last one ended. `filtered`: the filter's words and how many it keeps."""
    palette, glyphs = look.palette, look.glyphs
    if state.read_at is None:
        return (Part((Text("reading the runs" if reading else "the runs have not been read", palette.accent),), 0),)
    alive, known = len(state.alive), len(state.summaries)
    number = Text(f"{alive} running", f"bold {palette.accent}") if alive else Text("nothing is running", palette.muted)
    parts = [Part((number,), 0), Part((Text(f"{known:,} run{'' if known == 1 else 's'}", palette.muted),), 3)]
    last = next((one for one in state.summaries if run_verdict(one) is not None), None)
    if last is not None:
        parts.append(_last(last, now, look))
    if filtered is not None:
        words, shown = f"/{glyphs.text(filtered[0], 30)}", filtered[1]
        parts.append(Part((Text(f"{words}  {shown} of {known}", palette.accent), Text(words, palette.accent)), 1))
    return tuple(parts)


def _last(last: Summary, now: datetime, look: Look) -> Part:
    muted, record = look.palette.muted, last.run.record
    brief = Text.assemble(("last ", muted), state_text(last, look))
    when = f" {look.glyphs.text(words_text(record.command), 40)}, {ago(now - record.started_at)}"
    return Part((brief.copy().append(when, muted), brief), 2)


def nothing(state: RunsState, look: Look, *, reading: bool, filtered: bool, read_only: bool) -> Text:
    """What is said where there is no row."""
    if state.read_at is None:
        said = "Reading the runs." if reading else "The runs could not be read. r tries again."
    elif filtered:
        said = "Nothing matches the filter. Esc clears it."
    elif read_only:
        said = "No dbt run is known here yet. Those of cron and other shells appear once they have left a trace."
    else:
        said = "No dbt run is known here yet. s chooses a command; nothing starts before you have seen what it does."
    return Text(f" {said}", look.palette.muted)


def brief(summary: Summary, look: Look) -> tuple[Text, ...]:
    """Two lines on the focused run: the first failing node or the argv, and what to do."""
    palette, glyphs, record = look.palette, look.glyphs, summary.run.record
    first = Text(glyphs.text(" ".join(record.argv) or words_text(record.command), 400), palette.muted)
    if summary.first_failing:
        failing = (glyphs.text(summary.first_failing, 200), palette.text)
        first = Text.assemble(("first failing  ", palette.faint), failing)
    steps = " ".join(next_steps(summary))
    return (first, Text(f"{glyphs.arrow} {steps}", palette.muted)) if steps else (first,)
