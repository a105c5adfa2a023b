"""What a person types about a step: it is journalled, and holds no address and no amount of money."""

from __future__ import annotations

from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll.typed import reason_given, typed
from gcms_tui.core.personal import tells_of_somebody

EVIDENCE_LIMIT = 2_000
"""Characters."""


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
    return _impersonal(kept)


def why_given(reason: str) -> str:
    """Why a step is passed over, or it is given up, as it is kept. Raises `Refused`: guards `reason`, `personal`."""
    return _impersonal(reason_given(reason))


def _impersonal(kept: str) -> str:
    if tells_of_somebody(kept):
        raise Refused(
            "Personal data is not journalled",
            "It holds an e-mail address, or what looks like an amount of money.",
            "Say it without: a concert's or a musician's id will do.",
            guard="personal",
        )
    return kept
