"""Outside text made safe to draw: rows, logs and errors may hold anything."""

from __future__ import annotations

import re
import unicodedata

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\x07|\x1b\\|$)|[ -/]*[0-~])", re.DOTALL)
_HIDDEN = {"Cc", "Cf", "Cs", "Co"}
_KEPT = "\u200d\ufe0f"  # joins and styles emoji; harmless, and splitting them would spoil a name


def printable(value: str, limit: int | None = None) -> str:
    """`value` on one line, without escape sequences, control, bidirectional or private characters.

    Line breaks and tabs become one space. Longer than `limit` characters it is cut and ends in `…`.
    """
    text = value if limit is None else value[: limit * 4 + 64]
    if not text.isprintable():  # nearly all text is, and is drawn as it stands
        text = "".join(_drawn(character) for character in _ESCAPE.sub("", text))
    if limit is not None and (len(text) > limit or len(value) > limit * 4 + 64):
        text = text[: max(limit - 1, 0)] + "…"
    return text


def _drawn(character: str) -> str:
    if character in "\n\r\t\v\f\x85\u2028\u2029":
        return " "
    if character in _KEPT or unicodedata.category(character) not in _HIDDEN:
        return character
    return ""
