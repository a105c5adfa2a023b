"""The lines around the list of SCD2 tables. Pure."""

from __future__ import annotations

from rich.text import Text

from gcms_tui.console.scd2.state import TableRow, TablesState, overall
from gcms_tui.console.scd2.words import DUPLICATES
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part
from gcms_tui.core.conclusion import counted
from gcms_tui.core.verdict import Verdict


def headline(
    state: TablesState, rows: tuple[TableRow, ...], look: Look, *, reading: bool, filtered: tuple[str, int] | None
) -> tuple[Part, ...]:
    """What all tables say, and how far scanning has got. `rows`: all of them. `filtered`: the filter and its number."""
    palette, glyphs = look.palette, look.glyphs
    if state.listed is None:
        said = "finding the SCD2 tables" if reading else "which SCD2 tables there are is not known"
        return (Part((Text(said, palette.accent),), 0),)
    verdict = overall(rows)
    parts = [Part((Text(glyphs.verdict(verdict), f"bold {look.colour(verdict)}"),), 0)]
    scans = [row.known.scan for row in rows if row.known.scan is not None]
    keys = sum(scan.defects[DUPLICATES] for scan in scans)
    concerned = sum(bool(scan.defects[DUPLICATES]) for scan in scans)
    if keys:
        brief = f"{counted(keys, 'key')} duplicate"
        said, style = f"{brief} in {counted(concerned, 'table')}", f"bold {palette.fail}"
        parts.append(Part((Text(said, style), Text(brief, style)), 1))
    unknown = sum(row.verdict is Verdict.UNKNOWN for row in rows)
    if unknown:
        parts.append(Part((Text(f"{unknown} of {len(rows)} not known", palette.unknown),), 2))
    if state.pending:
        done = len(rows) - len(state.pending)
        long, short = f"scanning, {done} of {len(rows)} done", f"{done}/{len(rows)}"
        parts.append(Part((Text(long, palette.accent), Text(short, palette.accent)), 3))
    else:
        parts.append(Part((Text(counted(len(rows), "table"), palette.muted),), 4))
    if filtered is not None:
        words, shown = f"/{glyphs.text(filtered[0], 30)}", filtered[1]
        said = f"{words}  {shown} of {len(rows)}"
        parts.append(Part((Text(said, palette.accent), Text(words, palette.accent)), 1))
    return tuple(parts)


def nothing(state: TablesState, look: Look, *, reading: bool, filtered: bool) -> Text:
    """What is said where there is no row."""
    if state.listed is None:
        said = "Finding the SCD2 tables." if reading else "They could not be found out: e says why, r tries again."
    elif filtered:
        said = "Nothing matches the filter. Esc clears it."
    else:
        said = "No SCD2 table is known: name them as [[scd2]] in gcms.toml."
    return Text(f" {said}", look.palette.muted)


def brief(row: TableRow, look: Look) -> tuple[Text, ...]:
    """Two lines on the focused table: everything that was found in it, and what to do."""
    palette, glyphs, error = look.palette, look.glyphs, row.known.error
    if error is not None:
        step = error.next_step or "e tells the whole of it; r scans it again."
        first = Text(glyphs.text(f"{error.title}: {error.message}", 400), palette.unknown)
        return first, Text(glyphs.text(f"{glyphs.arrow} {step}", 400), palette.muted)
    found = ", ".join(part for part in (row.duplicates, row.others) if part)
    first = Text(glyphs.text(found or "nothing is known", 400), palette.text)
    if row.verdict is not Verdict.FAIL:
        return (first,)
    return first, Text(f"{glyphs.arrow} Enter shows the keys that are concerned.", palette.muted)
