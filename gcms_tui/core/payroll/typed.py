"""What a person types about a payroll: a note, a reason, the log's exceptions."""

from __future__ import annotations

import unicodedata

from gcms_tui.core.errors import Refused
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


def reason_given(text: str) -> str:
    """As it is kept. Raises `Refused` (guard `reason`) where there is none, or more than is kept."""
    kept = typed(text)
    if kept and len(kept) <= NOTE_LIMIT:
        return kept
    raise Refused(
        "The reason is too long" if kept else "No reason given",
        f"It has {len(kept):,} characters; {NOTE_LIMIT} are kept." if kept else "It wants a reason.",
        "Say in a few words why.",
        guard="reason",
    )


def _visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character not in _INVISIBLE
