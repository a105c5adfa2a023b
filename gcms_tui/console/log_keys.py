"""The keys that only move about in a log."""

from __future__ import annotations

from textual.binding import Binding

MOVES = (
    Binding("down,j", "move(1)", "Down", id="page.down", show=False, tooltip="To the next line"),
    Binding("up,k", "move(-1)", "Up", id="page.up", show=False, tooltip="To the line above; stops following"),
    Binding("left,h", "sideways(-1)", "Left", id="page.left", show=False, tooltip="Scroll to the left"),
    Binding("right", "sideways(1)", "Right", id="page.right", show=False, tooltip="Scroll to the right"),
    Binding("pagedown,space", "page(1)", "Page down", id="page.next", show=False, tooltip="One page down"),
    Binding("pageup,b", "page(-1)", "Page up", id="page.previous", show=False, tooltip="One page up"),
    Binding("home,g", "top", "Top", id="page.top", show=False, tooltip="To the first line"),
    Binding("end,G", "bottom", "End", id="page.bottom", show=False, tooltip="To the last line, and follow"),
)
