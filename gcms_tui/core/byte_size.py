"""Amounts of bytes as people write them: `500MB`, `2 GB`; a thousand to the step, as disks are sold."""

from __future__ import annotations

import re

_SIZE = re.compile(r"(?P<count>[0-9]{1,6}(?:\.[0-9]{1,3})?)\s*(?P<unit>B|KB|MB|GB|TB)", re.IGNORECASE)
_UNITS = ("B", "KB", "MB", "GB", "TB")


def parse_size(text: str) -> int:
    """Bytes. Raises `ValueError` for anything that is no number with a unit, and for nothing at all (`0MB`)."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is no size: write a number and B, KB, MB, GB or TB, for instance 2GB")
    step: int = 1000 ** _UNITS.index(match["unit"].upper())
    size = round(float(match["count"]) * step)
    if not size:
        raise ValueError(f"{text!r} is no size at all")
    return size


def size_text(size: int) -> str:
    """`1.2 MB`, `999 B`."""
    amount, step = float(size), 0
    while round(amount, 1) >= 1000 and step < len(_UNITS) - 1:
        amount, step = amount / 1000, step + 1
    return f"{size} B" if step == 0 else f"{amount:.1f} {_UNITS[step]}"
