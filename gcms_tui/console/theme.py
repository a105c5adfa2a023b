"""The look: two palettes and what is drawn with them.

Every colour of `CALM` stands in xterm's 256-colour cube, so that a terminal without true colour (most SSH sessions)
shows exactly the same picture. `SIXTEEN` uses the sixteen standard colours alone. No meaning rests on colour: each
verdict has its symbol and its word.
"""

from __future__ import annotations

from dataclasses import asdict

from textual.theme import Theme

from gcms_tui.console.glyphs import Glyphs
from gcms_tui.core.frozen import frozen
from gcms_tui.core.verdict import Verdict


@frozen
class Palette:
    ground: str
    """Behind everything."""
    raised: str
    """Behind dialogs and bars."""
    cursor: str
    """Behind the row under the cursor."""
    line: str
    """Rules and borders."""
    faint: str
    """Present, but not asking to be read."""
    muted: str
    text: str
    strong: str
    accent: str
    ok: str
    warn: str
    fail: str
    unknown: str
    danger: str
    """Behind the word of a target where mistakes cost money."""
    on_danger: str


CALM = Palette(
    ground="#121212",
    raised="#1c1c1c",
    cursor="#303030",
    line="#444444",
    faint="#767676",
    muted="#9e9e9e",
    text="#d0d0d0",
    strong="#eeeeee",
    accent="#87afd7",
    ok="#87af87",
    warn="#d7af5f",
    fail="#ff8787",
    unknown="#af87d7",
    danger="#af0000",
    on_danger="#ffffff",
)
SIXTEEN = Palette(
    ground="#000000",
    raised="#000000",
    cursor="#0000aa",
    line="#aaaaaa",
    faint="#aaaaaa",
    muted="#aaaaaa",
    text="#aaaaaa",
    strong="#ffffff",
    accent="#55ffff",
    ok="#55ff55",
    warn="#ffff55",
    fail="#ff5555",
    unknown="#ff55ff",
    danger="#aa0000",
    on_danger="#ffffff",
)


@frozen
class Look:
    """Palette and characters together: what a widget needs in order to draw."""

    palette: Palette
    glyphs: Glyphs

    def colour(self, verdict: Verdict) -> str:
        return {
            Verdict.OK: self.palette.ok,
            Verdict.WARN: self.palette.warn,
            Verdict.FAIL: self.palette.fail,
            Verdict.UNKNOWN: self.palette.unknown,
        }[verdict]


def palette_for(color_system: str | None) -> Palette:
    """The palette for what the terminal can show, in Rich's words."""
    return SIXTEEN if color_system == "standard" else CALM


def textual_theme(palette: Palette) -> Theme:
    """`palette` as a Textual theme; each of its colours is a CSS variable of its own name."""
    return Theme(
        name="gcms",
        primary=palette.accent,
        secondary=palette.muted,
        accent=palette.accent,
        warning=palette.warn,
        error=palette.fail,
        success=palette.ok,
        foreground=palette.text,
        background=palette.ground,
        surface=palette.raised,
        panel=palette.raised,
        boost=palette.raised,
        dark=True,
        variables={
            **asdict(palette),
            "text": palette.text,
            "text-muted": palette.muted,
            "text-disabled": palette.faint,
            "border": palette.line,
            "border-blurred": palette.line,
            "scrollbar": palette.line,
            "scrollbar-hover": palette.muted,
            "scrollbar-active": palette.accent,
            "scrollbar-background": palette.ground,
            "scrollbar-background-hover": palette.ground,
            "scrollbar-background-active": palette.ground,
            "scrollbar-corner-color": palette.ground,
            "input-cursor-background": palette.text,
            "input-cursor-foreground": palette.ground,
            "input-selection-background": palette.cursor,
        },
    )
