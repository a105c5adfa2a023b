"""The lines around the list of concerts. Pure."""

from __future__ import annotations

from rich.text import Text

from gcms_tui.console.payroll.state import ConcertRow, ConcertsState, is_active
from gcms_tui.console.payroll.words import concert_state
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part
from gcms_tui.core.conclusion import counted
from gcms_tui.core.payroll.hold import Hold
from gcms_tui.operations.payroll.concerts import ConcertState

HELD = ("■ PAYROLL HELD", "= PAYROLL HELD")
_TO_PAY = (ConcertState.NEVER_PAID, ConcertState.HELD)


def headline(state: ConcertsState, look: Look, *, reading: bool, filtered: tuple[str, int] | None) -> tuple[Part, ...]:
    """What holds payroll, how many runs are open, how many concerts are to be paid. `filtered`: the filter's words and
    how many it keeps."""
    palette, glyphs, listed = look.palette, look.glyphs, state.listed
    if listed is None:
        said = "reading the concerts" if reading else "the concerts have not been read"
        return (Part((Text(said, palette.accent),), 0),)
    parts = [_hold(state, look)]
    style = f"bold {palette.accent}" if state.open_runs else palette.muted
    parts.append(Part((Text(f"{counted(state.open_runs, 'run')} open", style),), 1))
    unpaid = sum(one.state in _TO_PAY and not is_active(one.run) for one in listed.concerts)
    if unpaid:
        parts.append(Part((Text(f"{unpaid} never paid", palette.text),), 3))
    unknown = sum(one.state is ConcertState.UNKNOWN for one in listed.concerts)
    if unknown:
        parts.append(Part((Text(f"{unknown} of {len(listed.concerts)} not known", palette.unknown),), 2))
    parts.append(Part((Text(counted(len(listed.concerts), "concert"), palette.muted),), 4))
    if reading:
        parts.append(Part((Text("reading", palette.accent),), 5))
    if filtered is not None:
        words, shown = f"/{glyphs.text(filtered[0], 30)}", filtered[1]
        said = f"{words}  {shown} of {len(listed.concerts)}"
        parts.append(Part((Text(said, palette.accent), Text(words, palette.accent)), 1))
    return tuple(parts)


def _hold(state: ConcertsState, look: Look) -> Part:
    palette = look.palette
    if state.unheard:
        return Part((Text("? hold not known", f"bold {palette.unknown}"),), 0)
    if not state.holds:
        return Part((Text("not held", palette.muted),), 2)
    return Part((Text(HELD[look.glyphs.ascii], f"bold {palette.warn}"),), 0)


def hold_lines(holds: tuple[Hold, ...], unheard: str, look: Look) -> tuple[Text, ...]:
    """For a banner: each hold with its reason, who set it and when."""
    palette, text = look.palette, look.glyphs.text
    lines = [
        Text.assemble((f"{HELD[look.glyphs.ascii]}  ", f"bold {palette.warn}"), (text(hold.words, 400), palette.text))
        for hold in holds
    ]
    if unheard:
        said = f"? Whether payroll is held is not known: {text(unheard, 300)}"
        lines.append(Text(said, palette.unknown))
    return tuple(lines)


def brief_hold_lines(holds: tuple[Hold, ...], unheard: str, look: Look) -> tuple[Text, ...]:
    """The first of them, and how many there are, on a line that is cut where it is too long."""
    lines = hold_lines(holds[:1], unheard, look)
    if len(holds) > 1:
        more = f"{HELD[look.glyphs.ascii]} by {len(holds)}: h tells them  "
        lines = (
            Text.assemble((more, f"bold {look.palette.warn}"), (look.glyphs.text(holds[0].words, 400))),
            *lines[1:],
        )
    for line in lines:
        line.no_wrap = True
    return lines


def nothing(state: ConcertsState, look: Look, *, reading: bool, filtered: bool) -> Text:
    """What is said where there is no row."""
    if state.listed is None:
        said = "Reading the concerts." if reading else "The concerts could not be read: e says why, r tries again."
    elif filtered:
        said = "Nothing matches the filter. Esc clears it."
    else:
        said = "The fact has no payments: there is no concert to pay. Look at Health, then run the models."
    return Text(f" {said}", look.palette.muted)


def brief(row: ConcertRow, look: Look, *, read_only: bool) -> tuple[Text, ...]:
    """Two lines on the focused concert: how it stands, and what to do."""
    palette, glyphs = look.palette, look.glyphs
    first = concert_state(row.concert, row.next_step, look)
    if row.concert.words:
        first.append(f"  {glyphs.text(row.concert.words, 300)}", palette.text)
    step = next_words(row, read_only=read_only)
    return (first, Text(f"{glyphs.arrow} {step}", palette.muted)) if step else (first,)


def next_words(row: ConcertRow, *, read_only: bool) -> str:
    """What can be done about a concert."""
    if is_active(row.run):
        return "Enter opens its run."
    again = "Enter looks at its last run. " if row.run is not None else ""
    if read_only:
        return again.strip()
    match row.concert.state:
        case ConcertState.NEVER_PAID | ConcertState.HELD:
            return f"{again}o opens a payroll run for it."
        case ConcertState.PARTLY_PAID:
            return f"{again}Find out why only some of it is paid, before anybody pays the rest."
        case ConcertState.UNKNOWN:
            return f"{again}Nothing is opened before Supabase can be asked: r tries again."
    return again.strip()
