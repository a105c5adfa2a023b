"""What a person types about a step: it is journalled, and holds no address and no amount of money."""

from __future__ import annotations

import re

from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll.typed import typed

EVIDENCE_LIMIT = 2_000
"""Characters."""

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_CURRENCY = r"(?:[€$£]|\b(?:EUR|USD|GBP|CHF)\b)"
_AMOUNT = r"(?<![\d.,:])(?:[1-9]\d{0,2}(?:[.,' ]\d{3})+|[1-9]\d+)[.,]\d{2}(?![\d.,:]|\s*[a-z%])"
_MONEY = re.compile(rf"{_CURRENCY}\s*\d|\d\s*{_CURRENCY}|{_AMOUNT}", re.IGNORECASE)


def evidence_given(text: str) -> str:
    """As it is kept: on one line. Raises `Refused`: guard `evidence` where there is none or too much of it, `personal`
    where it holds an address or what looks like an amount. Names nobody can tell from other words."""
    kept = typed(text)
    if not kept or len(kept) > EVIDENCE_LIMIT:
        raise Refused(
            "The evidence is too long" if kept else "No evidence given",
            f"It has {len(kept):,} characters; {EVIDENCE_LIMIT:,} are kept." if kept else "It wants to be said.",
            "Say in a few words what was seen or done: --evidence TEXT. No names, no amounts: it is journalled.",
            guard="evidence",
        )
    if _ADDRESS.search(kept) or _MONEY.search(kept):
        raise Refused(
            "Personal data is not journalled",
            "It holds an e-mail address, or what looks like an amount of money.",
            "Say it without: a concert's or a musician's id will do.",
            guard="personal",
        )
    return kept
