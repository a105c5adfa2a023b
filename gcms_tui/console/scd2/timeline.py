"""The versions of a key as bars on one axis of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from gcms_tui.console.scd2.decision import Decision, Role
from gcms_tui.console.scd2.words import Marks, marks
from gcms_tui.console.theme import Look, Palette
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.core.scd2.axis import Axis, Shape, Span, axis
from gcms_tui.core.scd2.version import Convention, Version

_ROLE = 9
"""`● current` is the longest."""
_ID_LEAST = 6
_IDS = 40
"""Letters of an id that are looked at before it is cut to its column."""
_SCROLL = 1
"""A cell is left for a scroll bar, so that the axis above the list stands over its bars."""


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version."""

    key: str
    scd_id: str
    role: Role
    span: Span | None
    """None where there is no room for bars."""
    heading: str = ""


def lines_of(versions: Sequence[Version], decision: Decision, laid: Axis) -> tuple[VersionLine, ...]:
    """In the order of the versions. Rows that share an id are told apart by their number."""
    seen: Counter[str | None] = Counter()
    lines = []
    for place, version in enumerate(versions):
        seen[version.scd_id] += 1
        name = "NULL" if version.scd_id is None else version.scd_id
        span = laid.spans[place] if place < len(laid.spans) else None
        lines.append(VersionLine(f"{seen[version.scd_id]} {name}", name, decision.roles[place], span))
    return tuple(lines)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Versions laid out for a width: the axis above, the label beside."""

    laid: Axis
    label: int
    """Cells before the bars."""
    scd_id: int
    """Cells of an id."""


def lay_out(
    versions: Sequence[Version], decision: Decision, convention: Convention, width: int, look: Look
) -> Timeline:
    longest = max((cell_len(look.glyphs.text(version.scd_id or "NULL", _IDS)) for version in versions), default=0)
    scd_id = min(longest, max(width // 7, _ID_LEAST))
    label = 1 + _ROLE + 1 + scd_id + 1
    ends = {place: closing.after.effective_to or "" for place, closing in decision.closings.items()}
    return Timeline(axis(versions, max(width - label - _SCROLL, 0), convention, ends), label, scd_id)


def head(timeline: Timeline, look: Look) -> list[Text]:
    """Dates, the axis, and where more than one version is valid."""
    palette, glyphs, signs = look.palette, look.glyphs, marks(look.glyphs)
    laid, label = timeline.laid, timeline.label
    dates, ruler = Text(" " * label), [signs.ruler] * laid.columns
    for tick in laid.ticks:
        dates.append(" " * (label + tick.at - dates.cell_len)).append(tick.label, palette.faint)
        ruler[tick.column] = signs.tick
    said = "" if laid.to_scale else "not to scale"
    lines = [dates, Text.assemble((cell(f" {said}", label, glyphs.ellipsis), palette.faint))]
    lines[1].append("".join(ruler), palette.line)
    return [*lines, _overlaps(laid, label, look)]


def _overlaps(laid: Axis, label: int, look: Look) -> Text:
    palette, glyphs, signs = look.palette, look.glyphs, marks(look.glyphs)
    if not laid.overlaps:
        return Text(cell(" no overlap", label, glyphs.ellipsis), palette.faint)
    line = Text.assemble((cell(f" {'!' if glyphs.ascii else '▲'} overlap", label, glyphs.ellipsis), palette.warn))
    for overlap in laid.overlaps:
        line.append(" " * (label + overlap.start - line.cell_len))
        width, said = overlap.end - overlap.start, f" {overlap.versions} valid "
        said = said if width >= len(said) + 2 else ""
        left = (width - len(said)) // 2
        line.append(signs.overlap * left + said + signs.overlap * (width - left - len(said)), palette.warn)
    return line


class VersionList(RowList[VersionLine]):
    """One line a version, newest recorded first."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self.scd_id = _ID_LEAST
        """Cells of an id."""

    def draw(self, row: VersionLine, width: int, *, current: bool) -> Text:
        palette, glyphs = self.look.palette, self.look.glyphs
        signs = marks(glyphs)
        tint = role_colour(row.role, palette)
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        line.append(cell(f"{role_mark(row.role, signs)} {row.role.value}", _ROLE, glyphs.ellipsis), tint).append(" ")
        shown = glyphs.text(row.scd_id, _IDS)
        line.append(cell(shown, self.scd_id, glyphs.ellipsis), palette.text).append(" ")
        if row.span is None:
            return line
        return line.append(" " * row.span.start).append_text(_bar(row.span, tint, signs, palette))


def _bar(span: Span, tint: str, signs: Marks, palette: Palette) -> Text:
    """What stays is a stroke, what would be lost of it a broken one; an open end is an arrow."""
    width = span.end - span.start
    if span.shape is Shape.EMPTY:
        return Text(signs.empty, palette.muted)
    if span.shape is Shape.UNKNOWN:
        return Text("? no beginning", palette.unknown)
    if span.shape is Shape.INVERTED:
        return Text(signs.inverted * width, palette.warn).append(" inverted", palette.warn)
    kept = width if span.cut is None else span.cut - span.start
    bar = Text(signs.fill * kept, tint).append(signs.lost * (width - kept), palette.faint)
    if not span.is_open:
        return bar
    bar.right_crop(1)
    return bar.append(signs.arrow, tint if span.cut is None else palette.faint)


def role_mark(role: Role, signs: Marks) -> str:
    return {
        Role.KEEP: signs.kept,
        Role.CLOSE: signs.closed,
        Role.EMPTY: signs.emptied,
        Role.CURRENT: signs.current,
        Role.PAST: signs.past,
    }.get(role, signs.doubtful)


def role_colour(role: Role, palette: Palette) -> str:
    return {
        Role.KEEP: palette.ok,
        Role.CLOSE: palette.fail,
        Role.EMPTY: palette.fail,
        Role.CURRENT: palette.text,
        Role.PAST: palette.faint,
    }.get(role, palette.warn)
