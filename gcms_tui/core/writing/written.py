"""What a write session tells: who it is, and what a statement did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Written:
    """What one statement did."""

    rows: int
    """Rows inserted, updated or deleted; 0 for DDL."""
    multi_joined: int
    """Rows of an UPDATE that several rows of a join would have set: must be 0."""
    query_id: str | None
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class SessionIdentity:
    """Who is writing, as the warehouse sees it."""

    user: str
    role: str
    session_id: str
