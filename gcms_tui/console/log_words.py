"""The line above a log: where one is in it, what is shown of it, and what is searched."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part
from gcms_tui.core.log_line import Level
from gcms_tui.core.log_view import Count, LogFilter, LogState


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the line tells of."""

    name: str
    state: LogState
    wanted: LogFilter
    rank: int | None
    """Shown lines before the cursor's."""
    share: float | None
    """Of the file before the cursor; None where there is no cursor."""
    following: bool
    searched: str = ""
    on_match: bool = False
    """The cursor is on the match that was gone to last."""
    match: int | None = None
    """Matches before that one; None where they are not counted so far."""
    seeking: bool = False
    note: str = ""
    chosen: int | None = None
    """Lines of the range that has been begun; None where there is none."""


def filter_text(wanted: LogFilter) -> str:
    """The filter in words; empty where everything is shown."""
    level = {None: "", Level.DEBUG: "", Level.ERROR: "errors only"}.get(wanted.level)
    if level is None and wanted.level is not None:
        level = f"{wanted.level.name.lower()} and above"
    said = [level or "", f"invocation {wanted.invocation_id[:8]}" if wanted.invocation_id else ""]
    said.append(f"thread {wanted.thread.removesuffix(' (')}" if wanted.thread else "")
    return ", ".join(part for part in said if part)


def whereabouts(here: Whereabouts, look: Look) -> tuple[Part, ...]:
    """The line's parts; on a narrow terminal the position and what is searched stay longest."""
    palette, glyphs = look.palette, look.glyphs
    parts = [Part((Text(glyphs.text(here.name, 60), f"bold {palette.strong}"),), 5), _position(here, look)]
    if here.wanted:
        said = glyphs.text(filter_text(here.wanted), 80)
        parts.append(Part((Text(said, palette.warn), Text("filtered", palette.warn)), 2))
    if here.searched:
        parts.append(_search(here, look))
    if here.following:
        parts.append(Part((Text("FOLLOWING", f"bold {palette.ok}"), Text("F", f"bold {palette.ok}")), 3))
    note = here.note or here.state.event
    if here.chosen is not None:
        lines = f"{here.chosen:,} line{'' if here.chosen == 1 else 's'}"
        style = f"bold {palette.accent}"
        parts.append(Part((Text(f"range of {lines}: c copies, Esc ends it", style), Text("range: c copies", style)), 1))
    elif note:
        parts.append(Part((Text(glyphs.text(note, 90), palette.warn),), 4))
    return tuple(parts)


def _position(here: Whereabouts, look: Look) -> Part:
    palette = look.palette
    if not here.state.exists and not here.state.size:
        return Part((Text("not written yet", palette.muted),), 0)
    count = here.state.lines
    if here.wanted:
        count = (here.state.shown if here.state.wanted == here.wanted else None) or Count()
    total = number_text(count, here.state)
    if here.rank is not None:
        return Part((Text(f"line {here.rank + 1:,} of {total}", palette.text), Text(f"{here.rank + 1:,}")), 0)
    if here.share is None:
        return Part((Text(f"{total} lines", palette.text),), 0)
    percent = f"{here.share * 100:.0f} %"
    return Part((Text(f"at {percent} of {total} lines", palette.text), Text(percent, palette.text)), 0)


def number_text(count: Count, state: LogState) -> str:
    """`1,204`, or `1,204 (counting, 37 %)` while there may be more."""
    if count.done or not state.size:
        return f"{count.number:,}"
    return f"{count.number:,} (counting, {count.scanned * 100 // state.size} %)"


def _search(here: Whereabouts, look: Look) -> Part:
    palette, count = look.palette, here.state.found
    pattern = look.glyphs.text(f"/{here.searched}", 30)
    if here.state.problem is not None:
        said = "stopped"
    elif count is None or here.state.searched != here.searched:
        said = "looking"
    else:
        number = number_text(count, here.state)
        said = f"{'?' if here.match is None else f'{here.match + 1:,}'} of {number}" if here.on_match else number
        if not count.number and count.done:
            said = "no match"
        elif not here.on_match:
            said += " match" if count.number == 1 and count.done else " matches"
        elif here.seeking:
            said += ", looking"
    style = f"bold {palette.accent}"
    return Part((Text(f"{pattern}  {said}", style), Text(said, style)), 1)
