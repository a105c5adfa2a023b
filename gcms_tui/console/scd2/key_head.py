"""The line above a key's versions. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part
from gcms_tui.core.conclusion import counted
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.scd2.scan import KeyVersions


def headline(
    natural_key: str,
    found: KeyVersions | None,
    look: Look,
    *,
    reading: bool,
    keep: str | None,
    supersede: bool,
) -> tuple[Part, ...]:
    """The key, how many of its versions are current, and what was chosen by hand: `keep` by its scd_id."""
    palette, glyphs = look.palette, look.glyphs
    shown = Text(glyphs.text(natural_key, 60) or "(no letters)", f"bold {palette.strong}")
    named = Part((shown, Text(glyphs.text(natural_key, 24), f"bold {palette.strong}")), 1)
    if found is None:
        said = "reading its versions" if reading else "its versions are not known"
        return (named, Part((Text(said, palette.accent),), 0))
    current = sum(bool(row.version.is_current) for row in found.versions)
    verdict = Verdict.UNKNOWN if not found.versions else Verdict.OK if current == 1 else Verdict.FAIL
    number = f"{current} current of {counted(len(found.versions), 'version')}"
    style = f"bold {look.colour(verdict)}"
    parts = [
        Part((Text(f"{glyphs.verdict(verdict)}  {number}", style), Text(f"{glyphs.verdict(verdict)}", style)), 0),
        named,
    ]
    if keep is not None:
        said = f"chosen by hand: {glyphs.text(keep, 24)}"
        parts.append(Part((Text(said, palette.accent), Text("chosen by hand", palette.accent)), 2))
    if supersede:
        parts.append(Part((Text("SUPERSEDE", f"bold {palette.warn}"),), 2))
    return tuple(parts)
