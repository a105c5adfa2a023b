"""One entry of the journal, or what is in doubt, told in full. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.text import Text

from gcms_tui.console.journal.state import at_text
from gcms_tui.console.journal.words import Told
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.console.widgets.row_list import cell
from gcms_tui.console.writing.plan_page import cell_text, heading, labelled
from gcms_tui.core.writing.journal import FIRST, Entry

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.writing.doubts import Doubt

_TOLD_APART = ("statements", "before", "after")
_DEEPEST = 6
_LABEL = 40
"""Letters of a name at most."""


def entry_page(one: Told, look: Look, width: int) -> list[Text]:
    """What it says first; then who said it, and its place in the chain."""
    palette, glyphs, entry = look.palette, look.glyphs, one.entry
    lines = flow(Text(glyphs.text(f"{entry.kind}  {entry.subject}", 400), f"bold {palette.strong}"), width - 1, " ")
    tint = palette.text if one.verdict is None else look.colour(one.verdict)
    said = one.words if one.verdict is None else f"{glyphs.verdict(one.verdict)}  {one.words}"
    lines += [*flow(Text(glyphs.text(said, 600), tint), width - 1, " "), Text()]
    lines += labelled("at", at_text(entry.at), look, width)
    lines += labelled("by", _who(entry), look, width)
    lines += [Text(), *_payload(one, look, width), *_rows(one.payload, look, width)]
    lines += [*_statements(one.payload, look, width), heading("In the chain", look)]
    lines += labelled("entry", f"number {entry.sequence:,}", look, width)
    before = "none: it is the first" if entry.previous == FIRST else entry.previous
    return [*lines, *labelled("after", before, look, width), *labelled("hash", entry.own, look, width)]


def doubt_page(doubt: Doubt, one: Told, look: Look, width: int) -> list[Text]:
    """What it is about, and what is to be done; then its intent."""
    palette = look.palette
    if doubt.under_way:
        first = Text(" WRITING NOW: its lease is alive", f"bold {palette.accent}")
        step = "Wait for its end. Where whoever holds the lease is gone, it dies by itself in half a minute."
    else:
        first = Text(" ? IN DOUBT: it may have been done, or not", f"bold {palette.fail}")
        step = f"Enter looks at {doubt.told_by}, and says what became of it. s settles it."
    lines = [first, *flow(Text(look.glyphs.text(doubt.words, 400), f"bold {palette.strong}"), width - 1, " "), Text()]
    lines += [heading("What to do", look), *flow(Text(step, palette.text), width - 1, " "), Text()]
    return [*lines, heading("Its intent", look), Text(), *entry_page(one, look, width)]


def entry_text(entry: Entry) -> str:
    """As it is copied: everything, the payload in lines."""
    said = {name: getattr(entry, name) for name in ("sequence", "at", "user", "host", "ssh_client", "kind", "subject")}
    try:
        payload = json.loads(entry.payload)
    except ValueError:
        payload = entry.payload
    said |= {"payload": payload, "previous": entry.previous, "own": entry.own}
    return json.dumps(said, indent=2, ensure_ascii=False)


def _who(entry: Entry) -> str:
    return f"{entry.user}@{entry.host}" + (f" (from {entry.ssh_client})" if entry.ssh_client else "")


def _payload(one: Told, look: Look, width: int) -> list[Text]:
    if not one.payload:
        return [*flow(Text(look.glyphs.text(one.entry.payload, 4_000), look.palette.text), width - 1, " "), Text()]
    told = {name: value for name, value in one.payload.items() if name not in _TOLD_APART and value not in ("", [])}
    said = [(look.glyphs.text(name, _LABEL), look.glyphs.text(value, 2_000)) for name, value in _flat(told)]
    room = min(max((cell_len(name) for name, _ in said), default=0), width // 2)
    lines: list[Text] = []
    for name, value in said:
        label = Text(f" {cell(name, room, look.glyphs.ellipsis)} ", look.palette.faint)
        lines += pair(label, Text(value, look.palette.text), width)
    return [*lines, Text()] if lines else []


def _flat(values: Mapping[str, Any], within: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Nested objects as `session.role`; lists on one line."""
    for name, value in values.items():
        label = f"{within}{name}"
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _flat(value, f"{label}.", depth + 1)
        elif isinstance(value, list):
            yield label, ", ".join(_plain(item) for item in value)
        else:
            yield label, _plain(value)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _rows(payload: Mapping[str, Any], look: Look, width: int) -> list[Text]:
    """Rows before and after, those that differ marked; what changes is found by comparing them."""
    before, after = _row_list(payload.get("before")), _row_list(payload.get("after"))
    lines: list[Text] = []
    for title, rows, others in (("Rows before", before, after), ("Rows after", after, before)):
        if rows:
            lines.append(heading(title, look, len(rows)))
            for row in rows:
                lines += _row(row, bool(others) and row not in others, look, width)
            lines.append(Text())
    return lines


def _row(row: Mapping[str, Any], differs: bool, look: Look, width: int) -> list[Text]:
    palette = look.palette
    told = ", ".join(f"{name} {cell_text(name, value)}" for name, value in row.items())
    mark = Text(" * " if differs else "   ", f"bold {palette.warn}")
    said = Text(look.glyphs.text(told, 1_000), palette.strong if differs else palette.faint)
    first, *rest = flow(said, width - 4)
    return [mark.append_text(first), *(Text("   ").append_text(line) for line in rest)]


def _row_list(value: object) -> list[dict[str, Any]]:
    """Rows as `plan_json.row_document` writes them; whatever is none is left out."""
    rows = []
    for one in value if isinstance(value, list) else []:
        cells = one.get("values") if isinstance(one, dict) else None
        if isinstance(cells, list):
            pairs = [cell for cell in cells if isinstance(cell, list) and len(cell) == 2]
            rows.append({str(name): value if isinstance(value, str | bool) else None for name, value in pairs})
    return rows


def _statements(payload: Mapping[str, Any], look: Look, width: int) -> list[Text]:
    statements = payload.get("statements")
    if not isinstance(statements, list) or not statements:
        return []
    lines = [heading("Statements", look, len(statements))]
    for number, sql in enumerate(statements, 1):
        lines.append(Text(f" {number}", look.palette.muted))
        for line in look.glyphs.lines(str(sql)):
            lines += flow(Text(line, look.palette.text), width - 1, "   ")
    return [*lines, Text()]
