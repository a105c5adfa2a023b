"""Where nothing may be written: what is refused there, in the same words everywhere."""

from __future__ import annotations

from typing import TypeVar

from gcms_tui.core.errors import Refused

B = TypeVar("B")


def required(bench: B | None, read_only_reason: str, act: str = "written") -> B:
    """What is there only where something may be `act`. Raises `Refused` (guard `read_only`) where it is None."""
    if bench is None:
        raise read_only(read_only_reason, act)
    return bench


def read_only(reason: str, act: str = "written") -> Refused:
    """To be raised. `reason`: who forbids it."""
    return Refused(
        "Read-only",
        f"Nothing may be {act} here: {reason}.",
        "Start where writing is allowed: read_only in gcms.toml, and no --read-only.",
        guard="read_only",
    )
