"""Text from outside in a Markdown document: data, and never markup."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gcms_tui.core.text import printable

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&:$^{}]")
_BLOCK = re.compile(r"^(?:[#+=-]|\d+[.)])")
"""What makes of the beginning of a line a heading, a list or a rule."""


def escaped(text: str) -> str:
    """On one line, and nothing in it is Markdown: neither markup, nor a column of a table, nor a link. Not for the
    beginning of a line: see `paragraph`.

    The journal holds the SHA-256 of logs that were written with it: what it makes of a text does not change.
    """
    return _SPECIAL.sub(r"\\\g<0>", printable(text).strip()) or "(none)"


def paragraph(text: str) -> str:
    """As `escaped`, also where a line or a list's item begins with it: no heading, no list, no rule, no quotation."""
    return _BLOCK.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", escaped(text))


def table(rows: Sequence[Sequence[str]]) -> str:
    """The first row is its head. What is in the cells was escaped."""
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join((head, f"|{' --- |' * len(rows[0])}", *body))
