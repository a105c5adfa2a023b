"""What a target's name says of it."""

from __future__ import annotations

import re

_PRODUCTION = re.compile(r"(?:^|[^a-z])(?:prod|production|prd|live)(?:[^a-z]|$)", re.IGNORECASE)


def is_production(target: str) -> bool:
    """Whether a target's name says that this is the real thing."""
    return bool(_PRODUCTION.search(target))
