"""How a step stands, in a symbol and a word: the same wherever there are steps. Pure."""

from __future__ import annotations

from gcms_tui.console.theme import Look

Mark = tuple[str, str]
"""And what stands for it where there is ASCII alone."""

OPEN: Mark = ("○", "o")
RUNNING: Mark = ("►", ">")
"""What stands before a step that is being done."""
PASSED: Mark = ("✓", "+")
FAILED: Mark = ("✗", "x")
FALLEN: Mark = ("▲", "!")


def marked(mark: Mark, word: str, look: Look, *, loud: bool) -> str:
    """`✓ passed`; `loud`: the word in capitals."""
    return f"{mark[look.glyphs.ascii]} {word.upper() if loud else word}"
