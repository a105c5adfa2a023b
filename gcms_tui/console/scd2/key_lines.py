"""The lines around the list of keys, and the focused key beside it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from gcms_tui.console.present import moment_text
from gcms_tui.console.scd2.pages import KeyRow, Pages
from gcms_tui.console.scd2.source import Asked
from gcms_tui.console.scd2.words import DEFECTS, DUPLICATES
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.core.conclusion import counted

_READABLE = 96
_KEY_LETTERS = 4_000
_IDS = 100
"""Ids that are listed; copying gives all of them."""


def headline(
    asked: Asked, classes: Sequence[tuple[str, int | None]], pages: Pages, cursor: str | None, look: Look
) -> tuple[Part, ...]:
    """Which class, in which order, which page. `classes`: those that can be chosen, with what the scan has counted."""
    palette, glyphs = look.palette, look.glyphs
    words = [(name, DEFECTS[name].short + ("" if number is None else f" {number:,}")) for name, number in classes]
    chosen = next((said for name, said in words if name == asked.defect), DEFECTS[asked.defect].short)
    style = f"bold {palette.accent}"
    every = Text("  ").join(
        Text(f"[{said}]" if name == asked.defect else said, style if name == asked.defect else palette.faint)
        for name, said in words
    )
    parts = [Part((every, Text(f"[{chosen}]", style)), 2)]
    number = pages.number_of(cursor)
    if number is not None:
        said = f"page {number}" + (", more follow" if pages.has_more or number < pages.next else ", the last")
        parts.append(Part((Text(said, palette.strong), Text(f"page {number}", palette.strong)), 0))
    if asked.defect == DUPLICATES:
        parts.append(Part((Text(f"by {asked.order.value}", palette.muted),), 3))
    if asked.containing:
        parts.append(Part((Text(f"/{glyphs.text(asked.containing, 30)}", palette.accent),), 1))
    return tuple(parts)


def nothing(asked: Asked, look: Look, *, reading: bool, failed: bool) -> Text:
    """What is said where there is no key."""
    if reading:
        said = "Asking the warehouse."
    elif failed:
        said = "The keys could not be read: e says why, r tries again."
    elif asked.containing:
        said = "No duplicate key holds this. Esc clears the filter."
    else:
        said = f"No key has this defect now: {DEFECTS[asked.defect].meaning}."
    return Text(f" {said}", look.palette.muted)


def brief(row: KeyRow, asked: Asked, look: Look) -> tuple[Text, ...]:
    """Two lines on the focused key: its ids, and what to do."""
    palette, glyphs = look.palette, look.glyphs
    ids = glyphs.text(", ".join(row.scd_ids[:_IDS]), 400) if row.scd_ids else DEFECTS[asked.defect].meaning
    step = f"{glyphs.arrow} Enter shows its versions on a line of time."
    if row.shared:
        step = f"{glyphs.arrow} Rows share an id: Enter, then C plans to keep one of them."
    return Text(ids, palette.muted), Text(step, palette.muted)


def page(row: KeyRow, asked: Asked, read_at: datetime | None, look: Look, width: int) -> list[Text]:
    """The focused key in full."""
    palette, glyphs = look.palette, look.glyphs
    wide = min(width, _READABLE) - 1
    lines = flow(Text(glyphs.text(row.natural_key, _KEY_LETTERS), f"bold {palette.strong}"), wide, " ")
    lines.append(Text())
    words = DEFECTS[asked.defect]
    pairs = [("class", f"{words.short}: {words.meaning}"), ("versions", f"{counted(row.count, 'version')} concerned")]
    pairs += [("newest", moment_text(row.newest))] if row.newest is not None else []
    pairs += [("read", moment_text(read_at))] if read_at is not None else []
    for label, said in pairs:
        lines += pair(Text(f" {label:<9}", palette.faint), Text(said, palette.text), width)
    if row.shared:
        said = "Several of them have the same scd_id: no UPDATE tells them apart. C, on the key, plans to keep one."
        lines += [Text(), *flow(Text(said, palette.warn), wide, " ")]
    if row.scd_ids:
        lines += [Text(), Text(" Ids of the current versions, newest first", f"bold {palette.accent}")]
        lines += [Text(f" {glyphs.text(scd_id, 200)}", palette.text) for scd_id in row.scd_ids[:_IDS]]
        if len(row.scd_ids) > _IDS:
            lines.append(Text(f" {glyphs.ellipsis} and {len(row.scd_ids) - _IDS} more", palette.faint))
    return lines


def keys_text(table: str, asked: Asked, pages: Pages) -> str:
    """The keys in memory, tab-separated."""
    head = f"-- {table}: {DEFECTS[asked.defect].short}, by {asked.order.value}, from page {pages.first + 1}"
    rows = ["\t".join((_plain(row.natural_key), str(row.count), ", ".join(row.scd_ids))) for row in pages.rows]
    return "\n".join([head, "natural_key\tversions\tscd_ids", *rows])


def _plain(value: str) -> str:
    return value.replace("\t", " ").replace("\n", " ")
