"""What a person types about a payroll: a note, a reason, the log's exceptions."""

from __future__ import annotations

import unicodedata

from gcms_tui.core.text import printable

NOTE_LIMIT = 500
"""Characters of a note or a reason."""
EXCEPTIONS_LIMIT = 2_000

_INVISIBLE = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols by their category, and nothing to be seen."""


def typed(text: str) -> str:
    """As it is kept: on one line, without control characters. Empty where nothing in it can be seen."""
    kept = printable(text).strip()
    return kept if any(map(_visible, kept)) else ""


def _visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character not in _INVISIBLE
